//! The claims of the whole, against a real nats-server in a folder of its own.

mod flow;
mod outage;
mod permissions;
mod secured;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::lanes::{Lane, Lanes, Wake};
use crate::testing::{Nats, TestingError};
use crate::{Connection, Notice, PublishError, Publisher, Service, dispatch};

/// Far beyond what anything here takes; a test that hangs ends.
const DEADLINE: Duration = Duration::from_mins(1);

/// A server, a publisher, and lanes that a dispatcher feeds.
struct House {
    nats: Nats,
    publisher: Publisher,
    gateway: Connection,
    lanes: Lanes,
}

impl House {
    async fn start() -> Self {
        let nats = started(Nats::start().await);
        let ledger = nats.connect(Service::Ledger).await.expect("ledger");
        let gateway = nats.connect(Service::Gateway).await.expect("gateway");
        let publisher = Publisher::new(ledger, 1);
        // makes the stream
        publish(&publisher, &[]).await;
        Self {
            nats,
            publisher,
            gateway,
            lanes: Lanes::new(),
        }
    }

    /// Dispatches until the story has been told.
    async fn dispatching<T>(&mut self, story: impl AsyncFnOnce(&mut Self) -> T) -> T {
        let cancel = CancellationToken::new();
        let dispatched = dispatch(self.gateway.clone(), self.lanes.clone(), cancel.clone());
        let told = async {
            let told = tokio::time::timeout(DEADLINE, story(self)).await;
            cancel.cancel();
            told.expect("within the deadline")
        };
        // ends only if the dispatcher heeds the token
        tokio::join!(dispatched, told).1
    }
}

/// Nothing here is skipped: whoever lacks the program is told how to get it.
fn started(nats: Result<Nats, TestingError>) -> Nats {
    nats.unwrap_or_else(|error| panic!("{error}"))
}

/// Publishes as the relay does: the same again until it is acknowledged. Says how often it failed.
async fn publish(publisher: &Publisher, notices: &[Notice]) -> usize {
    let tried = async {
        let mut failures = 0;
        while let Err(error) = publisher.publish(notices).await {
            failures += 1;
            if matches!(error, PublishError::Disconnected) {
                publisher.connection.up().await;
            }
        }
        failures
    };
    let failures = tokio::time::timeout(DEADLINE, tried).await;
    failures.expect("published within the deadline")
}

/// The next notice's number; rechecks are passed over.
async fn number(lane: &mut Lane) -> u64 {
    loop {
        match next(lane).await {
            Wake::Notice(notice) => return notice.number.0,
            Wake::Recheck => {}
        }
    }
}

async fn recheck(lane: &mut Lane) {
    while next(lane).await != Wake::Recheck {}
}

async fn next(lane: &mut Lane) -> Wake {
    let wake = tokio::time::timeout(DEADLINE, lane.next()).await;
    wake.expect("within the deadline").expect("open")
}
