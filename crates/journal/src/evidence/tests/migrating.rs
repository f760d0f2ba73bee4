//! A record and its log that an earlier version of the program left: all that they held is there, and they go on.

use std::sync::Arc;

use async_trait::async_trait;
use daemon::postgres::testing::Database;
use domain::subject::Position;
use tempfile::TempDir;
use tlog::checkpoint::SignedCheckpoint;
use tlog::tree::{Hash, Place, Size};
use uuid::Uuid;

use super::{House, cosignature, log_key, policy};
use crate::audit::tests::{KEY, fill, rows};
use crate::audit::{PostgresRows, Row, Rows, SqliteRows, Table};
use crate::conformance::given::{
    append, batch, new_relocation, notifying, registered, request, solleftea, try_append,
};
use crate::conformance::whole;
use crate::evidence::{
    Alarm, Evidence, Ground, Lifted, PostgresEvidence, Recount, Standing, fresh_leaves, sqlite,
    verify,
};
use crate::postgres::{Lease, SCHEMA, migrate};
use crate::sqlite::earlier::take_back;
use crate::{AppendError, Batch, Journal, Outcome, PostgresJournal};

/// A place that can be taken back to an earlier version.
#[async_trait]
trait Aged: House {
    /// The versions that brought the log, and the alarms that only an operator lifts; the newest.
    const LOG: usize;
    const WORDS: usize;
    const NEWEST: usize;
    /// Opens both, to lead.
    async fn lead(&self) -> (Arc<dyn Journal>, Arc<dyn Evidence>);
    async fn rows(&self) -> Box<dyn Rows>;
    async fn take_back(&self, version: usize);
    /// Brings it up to date, if that is not done by who opens it.
    async fn migrate(&self);
}

#[async_trait]
impl Aged for TempDir {
    const LOG: usize = 1;
    const WORDS: usize = 2;
    const NEWEST: usize = sqlite::MIGRATIONS.len();

    async fn lead(&self) -> (Arc<dyn Journal>, Arc<dyn Evidence>) {
        self.open().await
    }

    async fn rows(&self) -> Box<dyn Rows> {
        Box::new(SqliteRows::open(&self.path().join("journal.sqlite")).expect("rows"))
    }

    async fn take_back(&self, version: usize) {
        let path = self.path().join("evidence.sqlite");
        let file = take_back(&path, &sqlite::MIGRATIONS, version);
        if version == 1 {
            let seconds = "UPDATE alarm SET raised_at = raised_at / 1000000";
            file.execute_batch(seconds).expect("as it was counted");
        }
    }

    async fn migrate(&self) {}
}

#[async_trait]
impl Aged for Database {
    const LOG: usize = 3;
    const WORDS: usize = 7;
    const NEWEST: usize = SCHEMA.migrations.len();

    async fn lead(&self) -> (Arc<dyn Journal>, Arc<dyn Evidence>) {
        let journal = PostgresJournal::connect(self.settings("ledger")).await;
        let journal = journal.expect("a journal");
        let lease = Lease::of(journal.clone(), Uuid::nil());
        assert!(lease.take().await.expect("asked"));
        (journal, PostgresEvidence::written_under(lease))
    }

    async fn rows(&self) -> Box<dyn Rows> {
        let rows = PostgresRows::open(&self.settings("ledger")).await;
        Box::new(rows.expect("rows"))
    }

    async fn take_back(&self, version: usize) {
        let taken = self.take_back(&SCHEMA, version).await;
        taken.expect("an earlier store");
    }

    async fn migrate(&self) {
        let older = PostgresJournal::connect(self.settings("ledger")).await;
        assert!(older.is_err(), "no service changes a schema");
        migrate(&self.owner()).await.expect("up to date");
    }
}

/// All that stands in a record, row by row.
#[derive(Debug, PartialEq)]
struct Record {
    entries: Vec<(Position, Vec<u8>)>,
    rows: Vec<Vec<Row>>,
    ahead_seconds: i64,
}

async fn record(house: &impl Aged) -> Record {
    let mut store = house.rows().await;
    let mut all = Vec::new();
    for table in Table::ALL {
        all.push(rows(store.as_mut(), table).await);
    }
    Record {
        entries: store.entries(Position(0), 100).await.expect("entries"),
        rows: all,
        ahead_seconds: store.ahead_seconds().await.expect("a clock"),
    }
}

/// All that stands in a log.
#[derive(Debug, PartialEq)]
struct Logged {
    hashes: Vec<Hash>,
    checkpoints: Vec<SignedCheckpoint>,
    witnessed: Option<SignedCheckpoint>,
    standing: Option<Standing>,
    lifted: Vec<Lifted>,
}

async fn logged(evidence: &dyn Evidence) -> Logged {
    let size = evidence.size().await.expect("a size").0;
    let leaves: Vec<Place> = (0..size).map(|index| Place { level: 0, index }).collect();
    let all = evidence.checkpoints(Size(0), Size(u64::MAX), 100).await;
    Logged {
        hashes: evidence.hashes(&leaves).await.expect("hashes"),
        checkpoints: all.expect("checkpoints"),
        witnessed: evidence.newest_witnessed(Size(0)).await.expect("read"),
        standing: evidence.standing().await.expect("read"),
        lifted: evidence.lifted(9).await.expect("read"),
    }
}

/// Integrates all entries, and signs them.
async fn sign(journal: &Arc<dyn Journal>, evidence: &dyn Evidence) {
    let size = evidence.size().await.expect("a size");
    let mut recount = Recount::from(evidence, size, None).await.expect("a log");
    let edge = Size(journal.edge().borrow().0);
    let leaves = fresh_leaves(journal.as_ref(), size, edge, 100).await;
    let integrated = recount.integrate(evidence, leaves.expect("leaves")).await;
    integrated.expect("integrated");
    let checkpoint = SignedCheckpoint::sign(recount.head(), &log_key());
    evidence.publish(&checkpoint).await.expect("published");
}

/// Something in every table of the log: seven entries that two checkpoints cover, one of them witnessed, an alarm
/// that was lifted and one that stands.
async fn fill_log(journal: &Arc<dyn Journal>, evidence: &dyn Evidence, alarm: &Alarm) {
    sign(journal, evidence).await;
    let newest = evidence.newest().await.expect("read").expect("one");
    let cosigned = cosignature(&newest, 1, 1_800_000_000);
    let size = newest.checkpoint().head.size;
    let cosigned = evidence.cosign(size, &cosigned, &policy(1)).await;
    cosigned.expect("cosigned");
    append(journal, batch(vec![registered(new_relocation())])).await;
    sign(journal, evidence).await;
    evidence
        .raise(&Alarm::EntryMissing(1))
        .await
        .expect("raised");
    let standing = evidence.standing().await.expect("read").expect("one");
    let lifted = evidence.lift(&standing, Ground::Word("a drill")).await;
    assert!(lifted.expect("lifted"));
    evidence.raise(alarm).await.expect("raised");
}

/// What of a log had a place in a version.
fn in_place<H: Aged>(version: usize, mut logged: Logged) -> Logged {
    if version < H::LOG {
        return Logged {
            hashes: Vec::new(),
            checkpoints: Vec::new(),
            witnessed: None,
            standing: None,
            lifted: Vec::new(),
        };
    }
    if version < H::WORDS {
        logged.lifted.clear();
    }
    logged
}

/// Requests, keys and claims are what they were; entries, notices and checkpoints come behind those that are there.
async fn goes_on(journal: &Arc<dyn Journal>, evidence: &dyn Evidence) {
    let new = || vec![notifying(registered(new_relocation()), &[solleftea()])];
    let asked = |request| Batch {
        request: Some(request),
        ..batch(new())
    };
    let outcome = try_append(journal, asked(request(1, 1))).await;
    assert!(matches!(outcome, Ok(Outcome::Repeated(_))), "{outcome:?}");
    let outcome = try_append(journal, asked(request(1, 2))).await;
    assert!(
        matches!(outcome, Err(AppendError::RequestReused)),
        "{outcome:?}"
    );
    let again = Batch {
        unique_key: Some(KEY.to_owned()),
        ..batch(new())
    };
    let outcome = try_append(journal, again).await;
    assert!(
        matches!(outcome, Err(AppendError::KeyExists)),
        "{outcome:?}"
    );
    append(journal, asked(request(9, 9))).await;
    assert_eq!(whole::check(journal).await.len(), 9);
    if let Some(standing) = evidence.standing().await.expect("read") {
        let recounted = evidence.lift(&standing, Ground::Recount).await;
        assert_eq!(recounted.expect("asked"), !standing.needs_word);
        let lifted = evidence.lift(&standing, Ground::Word("over")).await;
        assert_eq!(lifted.expect("lifted"), standing.needs_word);
    }
    sign(journal, evidence).await;
    let key = Some(log_key().verifier().clone());
    let verified = verify(journal.as_ref(), evidence, key).await;
    assert_eq!(verified.expect("it holds").size, Size(9));
}

async fn every_version<H: Aged>() {
    let seen = Alarm::Contradicted(vec!["w1".to_owned()]);
    for alarm in [Alarm::EntryDiffers(3), seen] {
        for version in (1..=H::NEWEST).rev() {
            let house = H::build().await;
            let (journal, evidence) = house.lead().await;
            fill(&journal).await;
            fill_log(&journal, evidence.as_ref(), &alarm).await;
            let before = record(&house).await;
            let expected = in_place::<H>(version, logged(evidence.as_ref()).await);
            drop((journal, evidence));
            house.take_back(version).await;
            if version < H::NEWEST {
                house.migrate().await;
            }
            let (journal, evidence) = house.lead().await;
            assert_eq!(record(&house).await, before, "{version}");
            assert_eq!(whole::check(&journal).await.len(), 8, "{version}");
            let mut seen = logged(evidence.as_ref()).await;
            // the first version of the file counted in seconds
            let times = [&expected, &seen]
                .map(|log| log.standing.as_ref().map(|it| it.raised_at.as_second()));
            assert_eq!(times[0], times[1], "{version}");
            if let (Some(seen), Some(expected)) = (&mut seen.standing, &expected.standing) {
                seen.raised_at = expected.raised_at;
            }
            assert_eq!(seen, expected, "{version}");
            goes_on(&journal, evidence.as_ref()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_any_earlier_version_tells_all_that_it_held_and_goes_on() {
    every_version::<TempDir>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_any_earlier_version_tells_all_that_it_held_and_goes_on() {
    every_version::<Database>().await;
}
