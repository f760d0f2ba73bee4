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
        health.set(&READY, ServingStatus::NotServing).await;
        health.set(&[ALIVE], ServingStatus::Serving).await;
        (health, service)
    }

    /// Ready while the receiver says so, until the drain begins.
    pub async fn follow(&self, ready: watch::Receiver<bool>, drain: &Drain) {
        drain.run_until_cancelled(self.told(&READY, ready)).await;
        drain.cancelled().await;
        self.set(&READY, ServingStatus::NotServing).await;
    }

    /// A part is well while the receiver says so, until nobody decides any more.
    pub async fn tell(&self, part: &'static str, is_well: watch::Receiver<bool>) {
        self.told(&[part], is_well).await;
    }

    /// What the receiver says under these names, until nobody decides any more: then the last word stands.
    async fn told(&self, names: &[&'static str], mut is_well: watch::Receiver<bool>) {
        loop {
            let status = if *is_well.borrow_and_update() {
                ServingStatus::Serving
            } else {
                ServingStatus::NotServing
            };
            self.set(names, status).await;
            if is_well.changed().await.is_err() {
                return;
            }
        }
    }

    async fn set(&self, names: &[&'static str], status: ServingStatus) {
        for name in names {
            self.0.set_service_status(name, status).await;
        }
    }
}
