//! What a ledger answers by itself: its health. Everything else is asked of gateways.

use std::time::Duration;

use daemon::Drain;
use daemon::health::Health;
use daemon::tls::Incoming;
use tokio::sync::watch;
use tonic::transport::Server;

/// How long a watcher may take to end after the drain began.
const DRAIN: Duration = Duration::from_secs(2);

/// The log holds: no alarm stands.
const LOG: &str = "log";

/// Serves health until the drain: whether the ledger has caught up, and whether the log holds.
pub async fn serve(
    incoming: Incoming,
    ready: watch::Receiver<bool>,
    log_holds: watch::Receiver<bool>,
    drain: Drain,
) -> Result<(), tonic::transport::Error> {
    let (health, service) = Health::new().await;
    let server = Server::builder()
        .add_service(service)
        .serve_with_incoming_shutdown(incoming, drain.clone().cancelled_owned());
    let ended = async {
        health.follow(ready, &drain).await;
        tokio::time::sleep(DRAIN).await;
    };
    let log = async {
        health.tell(LOG, log_holds).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = server => ended,
        () = log => Ok(()),
        () = ended => Ok(()),
    }
}
