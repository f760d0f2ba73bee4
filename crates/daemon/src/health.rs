//! Health over gRPC (`grpc.health.v1`): alive is whoever runs at all, ready is who can answer from what is recorded.

use tokio::sync::watch;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health as Protocol, HealthServer};
use tonic_health::server::{HealthReporter, health_reporter};

use crate::Drain;

/// The process lives.
const ALIVE: &str = "alive";
/// It takes work; so the empty name says, which is asked for by default.
const READY: [&str; 2] = ["ready", ""];

/// What is told about this process.
pub struct Health(HealthReporter);

impl Health {
    /// Alive, not ready yet; and the service that tells it.
    pub async fn new() -> (Self, HealthServer<impl Protocol>) {
        let (reporter, service) = health_reporter();
        let health = Self(reporter);
        health.ready(ServingStatus::NotServing).await;
        health
            .0
            .set_service_status(ALIVE, ServingStatus::Serving)
            .await;
        (health, service)
    }

    /// Ready once the receiver says so, until the drain begins.
    pub async fn follow(&self, mut ready: watch::Receiver<bool>, drain: &Drain) {
        tokio::select! {
            () = drain.cancelled() => {}
            true = async { ready.wait_for(|ready| *ready).await.is_ok() } => {
                self.ready(ServingStatus::Serving).await;
            }
        }
        drain.cancelled().await;
        self.ready(ServingStatus::NotServing).await;
    }

    /// A part is well while the receiver says so, until nobody decides any more.
    pub async fn tell(&self, part: &'static str, mut is_well: watch::Receiver<bool>) {
        loop {
            let status = if *is_well.borrow_and_update() {
                ServingStatus::Serving
            } else {
                ServingStatus::NotServing
            };
            self.0.set_service_status(part, status).await;
            if is_well.changed().await.is_err() {
                return;
            }
        }
    }

    async fn ready(&self, status: ServingStatus) {
        for name in READY {
            self.0.set_service_status(name, status).await;
        }
    }
}
