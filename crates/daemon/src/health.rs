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
/// The log holds: no alarm stands.
const LOG: &str = "log";

/// What a process tells of itself.
#[derive(Clone, Debug)]
pub struct Told {
    /// It can answer.
    pub ready: watch::Receiver<bool>,
    /// No alarm stands, as far as it has seen; none where no log is kept.
    pub log_holds: Option<watch::Receiver<bool>>,
}

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

    /// Says what is told, each until nobody decides it any more; ready until the drain begins at most.
    pub async fn follow(&self, told: Told, drain: &Drain) {
        let log = async {
            if let Some(log_holds) = told.log_holds {
                self.tell(&[LOG], log_holds).await;
            }
        };
        let all = async { tokio::join!(self.tell(&READY, told.ready), log) };
        drain.run_until_cancelled(all).await;
        drain.cancelled().await;
        self.set(&READY, ServingStatus::NotServing).await;
    }

    /// What the receiver says under these names, until nobody decides any more: then the last word stands.
    async fn tell(&self, names: &[&'static str], mut is_well: watch::Receiver<bool>) {
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
