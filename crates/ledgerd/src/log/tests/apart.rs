//! The log in PostgreSQL, kept by ledgers of which one leads.

use std::sync::Arc;

use daemon::Drain;
use daemon::postgres::testing::Database;
use journal::evidence::{Alarm, Ground};
use journal::postgres::{Lease, testing};
use journal::{PostgresEvidence, PostgresJournal};
use tlog::tree::Size;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{PATIENCE, Running, Stores};
use crate::Leadership;
use crate::log::raise;

/// A ledger, as far as it keeps the log.
struct Ledger {
    stores: Stores,
    lease: Arc<Lease>,
    drain: Drain,
    claim: JoinSet<()>,
    running: Running,
}

impl Ledger {
    async fn start(database: &Database) -> Self {
        let journal = PostgresJournal::connect(database.settings("ledger")).await;
        let journal = journal.expect("a journal");
        let lease = Lease::new(journal.clone());
        let stores = Stores {
            evidence: PostgresEvidence::written_under(lease.clone()),
            journal,
        };
        let (drain, mut claim) = (Drain::new(), JoinSet::new());
        let (claimed, until) = (lease.clone(), drain.clone());
        claim.spawn(async move { claimed.run(until).await });
        let running = Running::start(stores.log(Leadership::decided_by(lease.leads())));
        Self {
            stores,
            lease,
            drain,
            claim,
            running,
        }
    }

    async fn leads(&self) {
        let mut leads = self.lease.leads();
        let led = timeout(PATIENCE, leads.wait_for(|leads| *leads)).await;
        led.expect("in time").expect("the lease lives");
    }

    /// Gives the lead back.
    async fn end(self) {
        self.running.end().await;
        self.drain.cancel();
        self.claim.join_all().await;
    }
}

/// Whoever comes next finds a record that agrees with itself, which says nothing about what witnesses have seen.
#[tokio::test(flavor = "multi_thread")]
async fn what_witnesses_saw_outlives_a_change_of_lead() {
    let database = testing::database().await.expect("a database");
    let mut first = Ledger::start(&database).await;
    first.leads().await;
    first.stores.append(3).await;
    first.stores.published(3).await;
    let contradicted = Alarm::Contradicted(vec!["w1".into(), "w2".into()]);
    raise(first.stores.evidence.as_ref(), &contradicted).await;
    first.stores.append(1).await;
    first.running.alarmed().await;
    let mut second = Ledger::start(&database).await;
    first.end().await;
    second.leads().await;
    second.running.alarmed().await;
    let evidence = second.stores.evidence.clone();
    assert_eq!(*evidence.published().borrow(), Size(3));
    let standing = evidence.standing().await.expect("read").expect("one");
    assert_eq!(standing.text, contradicted.to_string());
    let word = Ground::Word("the witnesses were restored from an old copy");
    assert!(evidence.lift(&standing, word).await.expect("lifted"));
    second.stores.published(4).await;
    second.stores.check().await;
    second.end().await;
}
