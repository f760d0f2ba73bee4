//! What a ledger answers by itself: its health. Everything else is asked of gateways.

use std::time::Duration;

use daemon::Drain;
use daemon::health::{Health, Told};
use daemon::tls::Incoming;
use tonic::transport::Server;

/// How long a watcher may take to end after the drain began.
const DRAIN: Duration = Duration::from_secs(2);

/// Serves health until the drain: whether the ledger can answer, and whether the log holds.
pub async fn serve(
    incoming: Incoming,
    told: Told,
    drain: Drain,
) -> Result<(), tonic::transport::Error> {
    let (health, service) = Health::new().await;
    let server = Server::builder()
        .add_service(service)
        .serve_with_incoming_shutdown(incoming, drain.clone().cancelled_owned());
    let ended = async {
        health.follow(told, &drain).await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        ended = server => ended,
        () = ended => Ok(()),
    }
}
