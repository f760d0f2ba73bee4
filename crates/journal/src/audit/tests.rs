//! Records that are sound, and records in which somebody changed one thing.

use std::path::Path;
use std::sync::Arc;

use domain::code::{AlertKind, NoticeKind};
use domain::entry::{Draft, Event};
use domain::month::Month;
use domain::subject::{Position, Subject, Version};
use jiff::civil::date;
use tempfile::TempDir;
use tlog::tree::{Frontier, Hash};
use uuid::Uuid;

use super::{PostgresRows, Row, Rows, SqliteRows, Table, verify};
use crate::batch::{Batch, OpenClaim, OpenKey};
use crate::conformance::given::{
    append, batch, new_relocation, notifying, open_key, pseudonym, registered, reported, request,
    solleftea, solna, supplemented, system, try_append,
};
use crate::postgres::testing;
use crate::{Journal, PostgresJournal, SqliteJournal};

/// The key of the one alert.
pub(crate) const KEY: &str = "unannounced/1";

/// Appends something for each table, a row of each kind at least: seven entries, five notices, four requests, two
/// keys, one open relocation of two, and a clock that was moved.
pub(crate) async fn fill(journal: &Arc<dyn Journal>) {
    let (one, two) = (new_relocation(), new_relocation());
    let claim = |person| OpenClaim {
        key: open_key(person),
        also: vec![pseudonym(2025, person)],
    };
    let draft = |subject, person| {
        let mut draft = notifying(registered(subject), &[solleftea()]);
        if let Event::RelocationRegistered { pseudonym, .. } = &mut draft.event {
            pseudonym.value = [person; 16];
        }
        draft
    };
    let first = Batch {
        request: Some(request(1, 1)),
        claim: Some(claim(1)),
        ..batch(vec![draft(one, 1)])
    };
    append(journal, first).await;
    let second = Batch {
        request: Some(request(2, 2)),
        claim: Some(claim(2)),
        unique_key: Some("once".to_owned()),
        ..batch(vec![draft(two, 2), supplemented(two, 2)])
    };
    append(journal, second).await;
    // the same person again: a request that made no entry
    let again = Batch {
        request: Some(request(3, 3)),
        claim: Some(claim(1)),
        ..batch(vec![draft(new_relocation(), 1)])
    };
    try_append(journal, again).await.expect("answered");
    let release: OpenKey = open_key(2);
    let ended = Batch {
        release: Some(release),
        request: Some(request(4, 4)),
        ..batch(vec![notifying(
            supplemented(two, 3),
            &[solna(), solleftea()],
        )])
    };
    append(journal, ended).await;
    append(
        journal,
        batch(vec![system(Event::ClockAdvanced { seconds: 60 })]),
    )
    .await;
    append(
        journal,
        batch(vec![system(Event::ClockAdvanced { seconds: 3 })]),
    )
    .await;
    let raised = Batch {
        unique_key: Some(KEY.to_owned()),
        ..batch(vec![alert()])
    };
    append(journal, raised).await;
}

fn alert() -> Draft {
    Draft {
        subject: Subject::alert(Uuid::now_v7()),
        version: Version(1),
        event: Event::AlertRaised {
            kind: AlertKind::UnannouncedArrival,
            key: KEY.to_owned(),
            arrival: None,
            asking: solleftea(),
            asked: solna(),
            answer_due_on: date(2026, 12, 31),
            definition: 1,
        },
        notices: vec![(solna(), NoticeKind::QuestionAsked)],
        sealed: Vec::new(),
    }
}

/// A filled journal's file that nobody has open.
pub(crate) async fn filled(folder: &TempDir) -> std::path::PathBuf {
    let path = folder.path().join("journal.sqlite");
    let journal: Arc<dyn Journal> = SqliteJournal::open(&path).expect("a journal");
    fill(&journal).await;
    path
}

fn damage(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).expect("opens");
    connection.execute_batch(sql).expect("damaged");
}

/// Every row of a table.
pub(crate) async fn rows(store: &mut dyn Rows, table: Table) -> Vec<Row> {
    let mut all: Vec<Row> = Vec::new();
    loop {
        let page = store.rows(table, all.last(), 2).await.expect("rows");
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

#[tokio::test]
async fn the_claim_of_an_arrival_is_held_against_its_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let journal: Arc<dyn Journal> = SqliteJournal::open(&path).expect("a journal");
    let persons = [pseudonym(2026, 1), pseudonym(2025, 9)];
    let arrival = Subject::arrival(Uuid::now_v7());
    append(
        &journal,
        reported(arrival, &persons, Month::of(date(2026, 11, 1))),
    )
    .await;
    drop(journal);
    let faults = async || {
        let mut store = SqliteRows::open(&path).expect("opens");
        let verified = verify(&mut store, |_count| {}).await.expect("read");
        assert_eq!(verified.rows, [1, 0, 0, 1, 0]);
        verified.faults_count
    };
    assert_eq!(faults().await, 0);
    damage(&path, "UPDATE open_relocations SET sender = 1");
    assert_eq!(faults().await, 1);
}

#[tokio::test]
async fn a_sound_record_has_no_fault_and_its_root() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = SqliteRows::open(&filled(&folder).await).expect("opens");
    let mut seen = 0;
    let verified = verify(&mut store, |count| seen += count)
        .await
        .expect("read");
    assert_eq!(
        (verified.faults.as_slice(), verified.faults_count),
        (&[][..], 0)
    );
    assert_eq!(verified.rows, [7, 5, 4, 1, 2]);
    assert_eq!(seen, 7 + 7 + 5 + 4 + 1 + 2);
    let mut frontier = Frontier::EMPTY;
    for (_, bytes) in store.entries(Position(0), 100).await.expect("entries") {
        frontier.append([Hash::leaf(&bytes)]);
    }
    assert_eq!(verified.head, frontier.head());
    for (table, count) in Table::ALL.into_iter().zip(verified.rows) {
        let rows = rows(&mut store, table).await;
        assert_eq!(u64::try_from(rows.len()), Ok(count), "{}", table.name());
        assert!(rows.is_sorted(), "{}", table.name());
    }
}

#[tokio::test]
async fn a_record_is_read_beside_the_service_that_writes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let journal: Arc<dyn Journal> = SqliteJournal::open(&path).expect("a journal");
    fill(&journal).await;
    let mut store = SqliteRows::open(&path).expect("nobody is waited for");
    assert_eq!(store.edge().await.expect("an edge"), Position(7));
    append(&journal, batch(vec![registered(new_relocation())])).await;
    assert_eq!(store.edge().await.expect("an edge"), Position(8));
    let verified = verify(&mut store, |_count| {}).await.expect("read");
    assert_eq!((verified.head.size.0, verified.faults_count), (8, 0));
    assert!(SqliteRows::open_alone(&path).is_err(), "the service has it");
    drop(journal);
    let alone = SqliteRows::open_alone(&path).expect("nobody has it");
    assert!(SqliteJournal::open(&path).is_err(), "nobody can get it");
    drop((alone, store));
    SqliteJournal::open(&path).expect("the service starts again");
}

/// What was changed is told.
async fn named(sql: &str, expected: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = filled(&folder).await;
    damage(&path, sql);
    let mut store = SqliteRows::open(&path).expect("opens");
    let verified = verify(&mut store, |_count| {}).await.expect("read");
    let told: Vec<String> = verified.faults.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|told| told == expected), "{sql}: {told:?}");
    assert_eq!(u64::try_from(told.len()), Ok(verified.faults_count));
}

#[tokio::test]
async fn what_a_request_was_answered_with_is_held_against_its_entry() {
    for (sql, expected) in [
        (
            "UPDATE requests SET subject_kind = 3 WHERE fingerprint = x'03030303030303030303030303030303'",
            "requests, entry 3: an answer that had not begun",
        ),
        (
            "UPDATE requests SET subject_kind = 3 WHERE fingerprint = x'01010101010101010101010101010101'",
            "requests, entry 1: an answer that its entry does not tell of",
        ),
        (
            "UPDATE requests SET position = 5 WHERE fingerprint = x'01010101010101010101010101010101'",
            "requests, entry 5: an answer that its entry does not tell of",
        ),
        (
            "UPDATE requests SET already_open = 0 WHERE fingerprint = x'03030303030303030303030303030303'",
            "requests, entry 3: an answer that its entry does not tell of",
        ),
    ] {
        named(sql, expected).await;
    }
}

#[tokio::test]
async fn what_was_changed_is_named() {
    for (sql, expected) in [
        (
            "DELETE FROM entries WHERE position = 3",
            "entry 4: the one before it is missing",
        ),
        (
            "UPDATE entries SET bytes = x'ffff' WHERE position = 2",
            "entry 2: cannot be read",
        ),
        (
            "UPDATE entries SET bytes = (SELECT bytes FROM entries WHERE position = 2) WHERE position = 3",
            "entry 3: stands in another place than it says",
        ),
        (
            "DELETE FROM versions WHERE position = 2",
            "versions, entry 7: more or fewer rows than entries tell of",
        ),
        (
            "UPDATE versions SET version = 9 WHERE position = 4",
            "versions, entry 4: a row that the entry does not tell of",
        ),
        (
            "DELETE FROM notices WHERE recipient = 184 AND number = 2",
            "notices, entry 7: more or fewer rows than entries tell of",
        ),
        (
            "UPDATE notices SET chain = zeroblob(32) WHERE number = 3",
            "notices, entry 4: a row that the entry does not tell of",
        ),
        (
            "UPDATE requests SET subject = zeroblob(16) WHERE fingerprint = x'03030303030303030303030303030303'",
            "requests, entry 3: an answer that had not begun",
        ),
        (
            "UPDATE open_relocations SET recipient = 1",
            "claims, entry 1: a claim that the entry does not tell of",
        ),
        (
            "UPDATE open_relocations SET relocation = x'07070707070707070707070707070707'",
            "claims, entry 0: a claim that the entry does not tell of",
        ),
        (
            "DELETE FROM unique_keys WHERE key LIKE 'unannounced%'",
            "keys, entry 7: the key of an alert is missing",
        ),
        (
            "UPDATE clock SET ahead_seconds = 62",
            "entry 7: the clock is not ahead by what entries moved it",
        ),
    ] {
        named(sql, expected).await;
    }
}

/// The same of a database; its tables are other ones.
#[tokio::test]
async fn what_was_changed_in_a_database_is_named() {
    for (sql, expected) in [
        (
            "DELETE FROM entries WHERE position = 3",
            "entry 4: the one before it is missing",
        ),
        (
            "UPDATE entries SET bytes = '\\xffff' WHERE position = 2",
            "entry 2: cannot be read",
        ),
        (
            "UPDATE entries SET version = 9 WHERE position = 4",
            "versions, entry 4: a row that the entry does not tell of",
        ),
        (
            "DELETE FROM notices WHERE recipient = 184 AND number = 2",
            "notices, entry 7: more or fewer rows than entries tell of",
        ),
        (
            "UPDATE notices SET chain = decode(repeat('00', 32), 'hex') WHERE number = 3",
            "notices, entry 4: a row that the entry does not tell of",
        ),
        (
            "UPDATE requests SET subject = gen_random_uuid() WHERE already_open",
            "requests, entry 3: an answer that had not begun",
        ),
        (
            "UPDATE requests SET subject_kind = 3 WHERE position = 1",
            "requests, entry 1: an answer that its entry does not tell of",
        ),
        (
            "UPDATE requests SET position = 5 WHERE position = 1",
            "requests, entry 5: an answer that its entry does not tell of",
        ),
        (
            "UPDATE open_relocations SET person = set_byte(person, 3, 1)",
            "claims, entry 1: a claim that the entry does not tell of",
        ),
        (
            "DELETE FROM unique_keys WHERE key LIKE 'unannounced%'",
            "keys, entry 7: the key of an alert is missing",
        ),
        (
            "UPDATE edge SET ahead_seconds = 62",
            "entry 7: the clock is not ahead by what entries moved it",
        ),
    ] {
        let database = testing::database().await.expect("a database");
        let journal = PostgresJournal::connect(database.settings("gateway")).await;
        let journal: Arc<dyn Journal> = journal.expect("a journal");
        fill(&journal).await;
        let owner = database.client("owner").await.expect("a connection");
        let sql = format!("SET search_path = flyttbud; {sql}");
        owner.batch_execute(&sql).await.expect(&sql);
        let mut store = PostgresRows::open(&database.owner()).await.expect("opens");
        let verified = verify(&mut store, |_count| {}).await.expect("read");
        let told: Vec<String> = verified.faults.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|told| told == expected), "{sql}: {told:?}");
    }
}

/// The chain is computed anew: rows and entries that agree with each other are not enough.
#[tokio::test]
async fn an_entry_whose_notice_breaks_the_chain_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = filled(&folder).await;
    let mut store = SqliteRows::open(&path).expect("opens");
    let entries = store.entries_at(&[Position(1)]).await.expect("an entry");
    let bytes = entries[0].clone().expect("there");
    let entry = api::record::decode(&bytes).expect("readable");
    let chain = entry.notices[0].chain;
    let at = bytes
        .windows(32)
        .position(|bytes| bytes == chain)
        .expect("its chain");
    let mut broken = bytes.clone();
    broken[at] ^= 1;
    let connection = rusqlite::Connection::open(&path).expect("opens");
    connection
        .execute(
            "UPDATE entries SET bytes = ?1 WHERE position = 1",
            [&broken],
        )
        .expect("damaged");
    connection
        .execute(
            "UPDATE notices SET chain = ?1 WHERE position = 1",
            [&broken[at..at + 32]],
        )
        .expect("damaged");
    let verified = verify(&mut store, |_count| {}).await.expect("read");
    let told: Vec<String> = verified.faults.iter().map(ToString::to_string).collect();
    let broken = "a notice that does not follow the one before it";
    assert_eq!(
        told,
        [format!("entry 1: {broken}"), format!("entry 2: {broken}")]
    );
}

#[tokio::test]
async fn no_more_faults_are_told_than_somebody_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = filled(&folder).await;
    let journal: Arc<dyn Journal> = SqliteJournal::open(&path).expect("a journal");
    for _ in 0..30 {
        append(&journal, batch(vec![registered(new_relocation())])).await;
    }
    drop(journal);
    // every entry's row, and whatever points to a subject's first version
    damage(&path, "UPDATE versions SET version = version + 100");
    let mut store = SqliteRows::open(&path).expect("opens");
    let verified = verify(&mut store, |_count| {}).await.expect("read");
    assert_eq!(
        (verified.faults.len(), verified.faults_count),
        (20, 37 + 1 + 1)
    );
}

#[test]
fn what_is_no_journal_of_this_version_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    assert!(SqliteRows::open(&path).is_err(), "nothing is made");
    for version in [0, 99] {
        damage(&path, &format!("PRAGMA user_version = {version}"));
        assert!(SqliteRows::open(&path).is_err(), "version {version}");
    }
}
