//! The lead: one at a time, handed over at once by who drains, after the lease by who hangs, fenced against who was
//! stopped and does not know.

use std::sync::Arc;

use daemon::Drain;
use domain::subject::Position;
use uuid::Uuid;

use super::superuser;
use crate::ReadError;
use crate::postgres::testing;
use crate::postgres::{Lease, PostgresJournal};
use crate::views::{PostgresViews, Views as _};

async fn lease(settings: daemon::postgres::Settings, holder: u128) -> Arc<Lease> {
    let journal = PostgresJournal::connect(settings).await.expect("a journal");
    Lease::of(journal, Uuid::from_u128(holder))
}

#[tokio::test]
async fn one_leads_and_the_other_takes_over_when_it_drains() {
    let database = testing::database().await.expect("a database");
    let first = lease(database.settings("ledger"), 1).await;
    let second = lease(database.settings("ledger"), 2).await;
    let (one, two) = (Drain::new(), Drain::new());
    let (mut leads, mut waits) = (first.leads(), second.leads());
    let story = async {
        leads.wait_for(|leads| *leads).await.expect("it leads");
        assert!(!second.take().await.expect("asked"));
        one.cancel();
        waits.wait_for(|leads| *leads).await.expect("it takes over");
        assert!(!*first.leads().borrow());
        two.cancel();
    };
    let following = async {
        // the first one is to be the first
        first
            .leads()
            .wait_for(|leads| *leads)
            .await
            .expect("it leads");
        second.run(two.clone()).await;
    };
    tokio::join!(first.run(one.clone()), following, story);
}

#[tokio::test]
async fn a_leader_that_was_stopped_and_does_not_know_writes_nothing() {
    let database = testing::database().await.expect("a database");
    let stopped = lease(database.settings("ledger"), 1).await;
    let other = lease(database.settings("ledger"), 2).await;
    let views = PostgresViews::written_under(stopped.clone());
    assert!(stopped.take().await.expect("asked"));
    views
        .set_mark("relay", Position(1))
        .await
        .expect("it leads");
    // its lease ends while it is stopped
    let client = superuser(&database).await;
    let ended = "UPDATE flyttbud.lead SET until = clock_timestamp() - interval '1 second'";
    client.batch_execute(ended).await.expect("ended");
    let refused = views.set_mark("relay", Position(2)).await;
    assert!(matches!(refused, Err(ReadError::NotLeading)), "{refused:?}");
    assert!(other.take().await.expect("asked"));
    let refused = views.write(&[], Position(2)).await;
    assert!(matches!(refused, Err(ReadError::NotLeading)), "{refused:?}");
    assert_eq!(views.mark("relay").await.expect("read"), Position(1));
    // and whoever only reads never writes
    let journal = PostgresJournal::connect(database.settings("gateway")).await;
    let reader = PostgresViews::new(journal.expect("a journal"));
    let refused = reader.set_mark("relay", Position(3)).await;
    assert!(matches!(refused, Err(ReadError::NotLeading)), "{refused:?}");
}
