//! The log in PostgreSQL under the suite, and what only several processes can get wrong.

use std::sync::Arc;
use std::time::{Duration, Instant};

use daemon::postgres::testing::Database;
use domain::subject::Position;
use tlog::checkpoint::SignedCheckpoint;
use tlog::tree::{Place, Size};
use tokio::time::timeout;
use uuid::Uuid;

use super::tampering::{ENTRIES, by_another_key, difference, fill, shows_at, with_a_bit_turned};
use super::{House, conforms, head, integrate, log_key, publish};
use crate::audit::{PostgresRows, Rows as _};
use crate::conformance::given::PATIENCE;
use crate::evidence::{
    Alarm, Evidence, EvidenceError, Fault, Ground, PostgresEvidence, PublishError, verify,
};
use crate::postgres::{Lease, testing};
use crate::{Journal, PostgresJournal};

impl House for Database {
    async fn build() -> Self {
        testing::database().await.expect("a database")
    }

    /// As a ledger that leads.
    async fn open(&self) -> (Arc<dyn Journal>, Arc<dyn Evidence>) {
        let journal = connect(self, "ledger").await;
        let lease = Lease::new(journal.clone());
        let mut leads = lease.leads();
        let kept = lease.clone();
        // until the runtime ends
        daemon::spawn(async move { kept.run(daemon::Drain::new()).await });
        let led = timeout(PATIENCE, leads.wait_for(|leads| *leads)).await;
        led.expect("in time").expect("the lease lives");
        (journal, PostgresEvidence::written_under(lease))
    }
}

conforms!(Database);

async fn connect(database: &Database, login: &str) -> Arc<PostgresJournal> {
    let journal = PostgresJournal::connect(database.settings(login)).await;
    journal.expect("a journal")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_lead_writes_nothing() {
    let database = Database::build().await;
    let journal = connect(&database, "ledger").await;
    let [former, latter] = [1, 2].map(|id| Lease::of(journal.clone(), Uuid::from_u128(id)));
    let evidence = |lease: &Arc<Lease>| PostgresEvidence::written_under(lease.clone());
    assert!(former.take().await.expect("asked"));
    publish(evidence(&former).as_ref(), 4).await;
    let owner = database.client("owner").await.expect("a connection");
    let lapsed = "UPDATE flyttbud.lead SET until = '-infinity'";
    owner.batch_execute(lapsed).await.expect("lapsed");
    assert!(latter.take().await.expect("asked"));
    let checkpoint = SignedCheckpoint::sign(head(6), &log_key());
    let reading = PostgresEvidence::new(journal.clone());
    for evidence in [evidence(&former), reading] {
        let refused = evidence.publish(&checkpoint).await;
        assert!(
            matches!(refused, Err(PublishError::NotLeading)),
            "{refused:?}"
        );
        let refused = evidence.integrate(Size(4), &[]).await;
        assert!(
            matches!(refused, Err(EvidenceError::NotLeading)),
            "{refused:?}"
        );
    }
    // who was stopped and does not know lifts no alarm either
    let alarm = Alarm::EntryDiffers(3);
    evidence(&former).raise(&alarm).await.expect("raised");
    let standing = evidence(&latter).standing().await.expect("read");
    let standing = standing.expect("one");
    let refused = evidence(&former).lift(&standing, Ground::Recount).await;
    assert!(
        matches!(refused, Err(EvidenceError::NotLeading)),
        "{refused:?}"
    );
    let lifted = evidence(&latter).lift(&standing, Ground::Recount).await;
    assert!(lifted.expect("the leader lifts"));
    integrate(evidence(&latter).as_ref(), 6).await;
    let published = evidence(&latter).publish(&checkpoint).await;
    published.expect("the leader publishes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_sees_what_a_ledger_publishes_and_changes_nothing() {
    let database = Database::build().await;
    let gateway = PostgresEvidence::new(connect(&database, "gateway").await);
    let mut published = gateway.published();
    let (_journal, ledger) = database.open().await;
    let began = Instant::now();
    let mut checkpoint = None;
    for size in 1..=10 {
        checkpoint = Some(publish(ledger.as_ref(), size).await);
        let told = published.wait_for(|published| *published == Size(size));
        let told = timeout(PATIENCE, told).await;
        told.expect("in time").expect("the journal lives");
    }
    // it is told: whoever only looked would look once a second
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    let newest = gateway.newest().await.expect("read");
    assert_eq!(newest, checkpoint);
    for login in ["gateway", "ledger"] {
        let client = database.client(login).await.expect("a connection");
        for sql in [
            "DELETE FROM flyttbud.checkpoints",
            "UPDATE flyttbud.checkpoints SET note = 'x'",
            "UPDATE flyttbud.checkpoints SET size = 6",
            "UPDATE flyttbud.hashes SET hashes = ''",
            "DELETE FROM flyttbud.hashes",
            "DELETE FROM flyttbud.alarm",
        ] {
            let refused = client.batch_execute(sql).await.expect_err(sql);
            let code = refused.code().map(tokio_postgres::error::SqlState::code);
            assert_eq!(code, Some("42501"), "{login}: {sql}: {refused}");
        }
    }
    let alarm = gateway.raise(&Alarm::EntryDiffers(1)).await;
    assert!(alarm.is_err(), "a gateway raises none");
}

/// What somebody with all rights did, and what it is named.
async fn check(database: &Database, sql: &str, expected: Alarm) {
    let owner = database.client("postgres").await.expect("a connection");
    let kept = "DROP TABLE IF EXISTS e, h, c; CREATE TEMP TABLE e AS TABLE flyttbud.entries; \
                CREATE TEMP TABLE h AS TABLE flyttbud.hashes; \
                CREATE TEMP TABLE c AS TABLE flyttbud.checkpoints";
    owner.batch_execute(kept).await.expect("kept");
    owner.batch_execute(sql).await.expect(sql);
    let journal = connect(database, "ledger").await;
    let evidence = PostgresEvidence::new(journal.clone());
    let key = Some(log_key().verifier().clone());
    match verify(journal.as_ref(), evidence.as_ref(), key).await {
        Err(Fault::Alarm(alarm)) => assert_eq!(alarm, expected, "{sql}"),
        verdict => panic!("{sql}: {verdict:?}, expected {expected:?}"),
    }
    // the edge is a row of its own: where the entries end is told by them
    let mut rows = PostgresRows::open(&database.settings("ledger"))
        .await
        .expect("rows");
    let entries = rows.entries(Position(0), 100).await.expect("read");
    let newest = entries.last().map_or(0, |(position, _)| position.0);
    let at = shows_at(&expected, newest);
    let seen = difference(&mut rows, evidence.as_ref()).await;
    assert_eq!(seen, Some((expected, at)), "{sql}");
    let back = "DELETE FROM flyttbud.entries; INSERT INTO flyttbud.entries TABLE e; \
                DELETE FROM flyttbud.hashes; INSERT INTO flyttbud.hashes TABLE h; \
                DELETE FROM flyttbud.checkpoints; INSERT INTO flyttbud.checkpoints TABLE c";
    owner.batch_execute(back).await.expect("put back");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tampered_with_is_found_out() {
    let database = Database::build().await;
    let (journal, evidence) = database.open().await;
    fill(&journal, evidence.as_ref()).await;
    let sound = verify(journal.as_ref(), evidence.as_ref(), None).await;
    assert_eq!(sound.expect("untouched").size, Size(ENTRIES));
    let stored = journal.read_stored(Position(16), 1).await;
    let turned = with_a_bit_turned(&stored.expect("read")[0].1);
    let digits: Vec<String> = turned.iter().map(|byte| format!("{byte:02x}")).collect();
    let turned = digits.concat();
    let swapped = |table: &str, column: &str, one: u64, other: u64| {
        format!(
            "UPDATE flyttbud.{table} AS a SET {column} = b.{column} FROM flyttbud.{table} AS b \
             WHERE b.position = {one} + {other} - a.position AND a.position IN ({one}, {other})"
        )
    };
    let place = |level, index| Place { level, index };
    let another = by_another_key(evidence.as_ref(), 21).await;
    for (sql, expected) in [
        (
            format!("UPDATE flyttbud.entries SET bytes = '\\x{turned}' WHERE position = 17"),
            Alarm::EntryDiffers(17),
        ),
        (swapped("entries", "bytes", 3, 30), Alarm::EntryDiffers(3)),
        (
            "DELETE FROM flyttbud.entries WHERE position = 25".into(),
            Alarm::EntryMissing(25),
        ),
        (
            "DELETE FROM flyttbud.entries WHERE position > 39".into(),
            Alarm::Behind(Size(ENTRIES)),
        ),
        (
            "UPDATE flyttbud.hashes SET hashes = set_bit(hashes, 0, 1 - get_bit(hashes, 0)) \
             WHERE position = 5"
                .into(),
            Alarm::EntryDiffers(5),
        ),
        (
            "UPDATE flyttbud.hashes SET hashes = set_bit(hashes, 300, 1 - get_bit(hashes, 300)) \
             WHERE position = 6"
                .into(),
            Alarm::HashDiffers(place(1, 2)),
        ),
        (swapped("hashes", "hashes", 9, 13), Alarm::EntryDiffers(9)),
        (
            "DELETE FROM flyttbud.hashes WHERE position = 32".into(),
            Alarm::HashMissing(place(0, 31)),
        ),
        (
            format!(
                "UPDATE flyttbud.checkpoints SET note = '{}' WHERE size = 21",
                SignedCheckpoint::sign(head(21), &log_key())
            ),
            Alarm::RootDiffers(Size(21)),
        ),
        (
            format!("UPDATE flyttbud.checkpoints SET note = '{another}' WHERE size = 21"),
            Alarm::CheckpointUnsigned(Size(21)),
        ),
        (
            "UPDATE flyttbud.checkpoints SET note = left(note, 40) WHERE size = 8".into(),
            Alarm::CheckpointDamaged(Size(8)),
        ),
    ] {
        check(&database, &sql, expected).await;
    }
}
