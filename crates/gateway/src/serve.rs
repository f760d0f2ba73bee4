//! The server: all services on one port, gRPC and gRPC-Web, the log's tiles, health, reflection, drain.

use std::sync::Arc;
use std::time::Duration;

use api::v1::access_service_server::AccessServiceServer;
use api::v1::administration_service_server::AdministrationServiceServer;
use api::v1::alert_service_server::AlertServiceServer;
use api::v1::arrival_service_server::ArrivalServiceServer;
use api::v1::directory_service_server::DirectoryServiceServer;
use api::v1::inbox_service_server::InboxServiceServer;
use api::v1::ledger_service_server::LedgerServiceServer;
use api::v1::relocation_service_server::RelocationServiceServer;
use daemon::health::{Health, Told};
use daemon::tls::Incoming;
use tonic::transport::Server;
use tonic_web::GrpcWebLayer;

use crate::access::Accesses;
use crate::administration::Administration;
use crate::alert::{Alerts, alarm};
use crate::arrival::Arrivals;
use crate::core::Core;
use crate::directory::Directory;
use crate::inbox::Inbox;
use crate::ledger::Ledger;
use crate::limits::{CALL, CONNECTION_CALLS_MAX, CONNECTION_STREAMS_MAX, MESSAGE_BYTES_MAX};
use crate::relocation::Relocations;
use crate::tiles::TilesLayer;
use crate::transport::PreciseLayer;

/// How long connections may take to end after the drain began; streams are ended by then.
const DRAIN: Duration = Duration::from_secs(20);
/// Our own deadline comes first, with its reason; this is the transport's.
const MARGIN: Duration = Duration::from_secs(1);

macro_rules! service {
    ($server:ident, $service:expr) => {
        $server::new($service)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX * 8)
            .accept_compressed(tonic::codec::CompressionEncoding::Gzip)
    };
}

/// Why the server ended badly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The transport failed.
    #[error("the gRPC server failed")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors do not load.
    #[error("reflection does not start")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves until the drain, then ends streams and connections. Health says what is told of the process.
pub async fn serve(core: Arc<Core>, incoming: Incoming, told: Told) -> Result<(), ServeError> {
    let (health, health_service) = Health::new().await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(api::generated::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let drain = core.drain.clone();
    let server = Server::builder()
        .accept_http1(true)
        .timeout(CALL + MARGIN)
        .http2_keepalive_interval(Some(core.keepalive.every))
        .http2_keepalive_timeout(Some(core.keepalive.answer))
        .max_concurrent_streams(CONNECTION_STREAMS_MAX)
        .concurrency_limit_per_connection(CONNECTION_CALLS_MAX)
        // before gRPC-Web, which lets nothing else through over HTTP/1.1
        .layer(TilesLayer(core.clone()))
        .layer(GrpcWebLayer::new())
        .layer(PreciseLayer)
        .add_service(health_service)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?)
        .add_service(service!(RelocationServiceServer, Relocations(core.clone())))
        .add_service(service!(ArrivalServiceServer, Arrivals(core.clone())))
        .add_service(service!(InboxServiceServer, Inbox(core.clone())))
        .add_service(service!(AlertServiceServer, Alerts(core.clone())))
        .add_service(service!(LedgerServiceServer, Ledger(core.clone())))
        .add_service(service!(AccessServiceServer, Accesses(core.clone())))
        .add_service(service!(DirectoryServiceServer, Directory(core.clone())))
        .add_service(service!(
            AdministrationServiceServer,
            Administration(core.clone())
        ))
        .serve_with_incoming_shutdown(incoming, drain.clone().cancelled_owned());
    let deadline = async {
        health.follow(told, &drain).await;
        tokio::time::sleep(DRAIN).await;
    };
    let ended = tokio::select! {
        ended = server => ended,
        () = deadline => {
            tracing::warn!("connections were cut at the end of the drain");
            Ok(())
        }
        () = core.refusals.record(&core.vault) => Ok(()),
        () = alarm::watch(&core) => Ok(()),
    };
    core.refusals.write(&core.vault).await;
    Ok(ended?)
}
