//! The file: locked to one process, durable settings, and a group that the store refuses.

use std::sync::Arc;

use rusqlite::Connection;

use super::House;
use crate::conformance::given::{
    append, append_at_once, batch, new_relocation, notifying, registered, request, solna, system,
    try_append,
};
use crate::conformance::whole;
use crate::limits::{READ_ENTRIES_MAX, TAIL_ENTRIES_MAX};
use crate::sqlite::OpenError;
use crate::{AppendError, Batch, Journal, Outcome, SqliteJournal};
use domain::entry::Event;
use domain::subject::Position;

impl House {
    /// Somebody else's connection to the file, as no other process of ours ever has one.
    fn stranger(&self) -> Connection {
        Connection::open(self.path()).expect("a connection")
    }
}

fn execute(connection: &Connection, sql: &str) {
    connection.execute_batch(sql).expect(sql);
}

/// A batch of three entries that notify, under a request id.
fn three() -> Batch {
    let draft = || notifying(registered(new_relocation()), &[solna()]);
    Batch {
        request: Some(request(1, 1)),
        ..batch(vec![
            draft(),
            system(Event::ClockAdvanced { seconds: 500 }),
            draft(),
        ])
    }
}

#[test]
fn a_second_process_is_refused_until_the_first_ends() {
    let house = House::new();
    let first = house.open();
    let Err(OpenError::InUse { path }) = SqliteJournal::open(&house.path()) else {
        panic!("a second one was let in");
    };
    assert_eq!(path, house.folder.path().join("journal.db.lock"));
    drop(first);
    house.open();
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let house = House::new();
    drop(house.open());
    execute(&house.stranger(), "PRAGMA user_version = 999");
    let refused = SqliteJournal::open(&house.path());
    assert!(matches!(refused, Err(OpenError::Newer(999))), "{refused:?}");
    let version: i64 = house
        .stranger()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("a version");
    assert_eq!(version, 999);
}

#[test]
fn a_commit_is_on_the_disk_before_it_counts() {
    let house = House::new();
    let connection = house.stranger();
    super::super::schema::prepare(&connection).expect("prepared");
    let text: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .expect("a mode");
    assert_eq!(text, "wal");
    let level: i64 = connection
        .pragma_query_value(None, "synchronous", |row| row.get(0))
        .expect("a level");
    assert_eq!(level, 2, "FULL");
}

#[test]
fn a_reader_cannot_write() {
    let house = House::new();
    drop(house.open());
    let reader = super::super::reader(&house.path()).expect("a reader");
    assert!(reader.execute_batch("DELETE FROM entries").is_err());
}

#[tokio::test]
async fn a_file_locked_by_a_stranger_is_unavailable_and_then_goes_on_without_a_gap() {
    let house = House::new();
    let journal = house.open();
    append(&journal, batch(vec![registered(new_relocation())])).await;
    let stranger = house.stranger();
    execute(&stranger, "BEGIN IMMEDIATE");
    let outcome = try_append(&journal, three()).await;
    assert!(
        matches!(outcome, Err(AppendError::Unavailable)),
        "{outcome:?}"
    );
    execute(&stranger, "ROLLBACK");
    let appended = append(&journal, three()).await;
    assert_eq!(appended.first, Position(2));
    whole::check(&journal).await;
}

/// The store refuses the third entry of a batch, whose two first ones are written by then.
async fn check_group_failing(raise: &str) {
    let house = House::new();
    let journal = house.open();
    append(&journal, three_of(9)).await;
    let stranger = house.stranger();
    execute(
        &stranger,
        &format!(
            "CREATE TRIGGER full BEFORE INSERT ON entries WHEN NEW.position = 6 \
             BEGIN SELECT RAISE({raise}, 'disk full'); END"
        ),
    );
    let ahead = ahead_seconds(&journal);
    let outcome = try_append(&journal, three()).await;
    assert!(
        matches!(outcome, Err(AppendError::Unavailable)),
        "{outcome:?}"
    );
    assert_eq!(*journal.edge().borrow(), Position(3), "nobody was told");
    assert_eq!(ahead_seconds(&journal), ahead, "the clock stands");
    assert_eq!(whole::check(&journal).await.len(), 3);
    let head = journal.inbox_head(solna()).await.expect("a head");
    assert_eq!(head.number.0, 2, "no notice number is used up");

    execute(&stranger, "DROP TRIGGER full");
    let appended = append(&journal, three()).await;
    assert_eq!(
        appended.first,
        Position(4),
        "no gap, and the request id is free"
    );
    whole::check(&journal).await;
}

fn three_of(id: u128) -> Batch {
    Batch {
        request: Some(request(id, 1)),
        ..three()
    }
}

fn ahead_seconds(journal: &Arc<dyn Journal>) -> i64 {
    let ahead = journal.now().duration_since(jiff::Timestamp::now());
    // rounded to ten seconds
    (ahead.as_secs() + 5).div_euclid(10) * 10
}

#[tokio::test]
async fn a_group_that_the_store_refuses_leaves_nothing_behind() {
    check_group_failing("ABORT").await;
}

#[tokio::test]
async fn a_group_that_the_store_rolls_back_itself_leaves_nothing_behind() {
    check_group_failing("ROLLBACK").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_group_is_answered_to_everybody_in_it() {
    let house = House::new();
    let journal = house.open();
    let stranger = house.stranger();
    execute(
        &stranger,
        "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    );
    let batches = (0..100u128).map(|id| three_of(id + 1));
    for outcome in append_at_once(&journal, batches.clone().collect()).await {
        assert!(
            matches!(outcome, Err(AppendError::Unavailable)),
            "{outcome:?}"
        );
    }
    execute(&stranger, "DROP TRIGGER full");
    for outcome in append_at_once(&journal, batches.collect()).await {
        assert!(matches!(outcome, Ok(Outcome::Appended(_))), "{outcome:?}");
    }
    assert_eq!(whole::check(&journal).await.len(), 300);
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_an_error_and_never_skipped() {
    let house = House::new();
    let journal = house.open();
    for _ in 0..3 {
        append(&journal, batch(vec![registered(new_relocation())])).await;
    }
    execute(
        &house.stranger(),
        "UPDATE entries SET bytes = x'FFFF' WHERE position = 2",
    );
    drop(journal);
    let journal = house.open();
    let read = journal.read_after(Position(0), 10).await;
    assert!(
        matches!(read, Err(crate::ReadError::Unreadable { position: 2, .. })),
        "{read:?}"
    );
    let behind = journal.read_after(Position(2), 10).await.expect("entries");
    assert_eq!(behind.len(), 1);
}

#[tokio::test]
async fn the_newest_entries_are_read_from_memory_as_the_file_has_them() {
    let house = House::new();
    let journal = house.open();
    let more = TAIL_ENTRIES_MAX / 64 + 1;
    let drafts = || (0..64).map(|_| registered(new_relocation())).collect();
    let batches = (0..more).map(|_| batch(drafts())).collect();
    append_at_once(&journal, batches).await;
    // older than what is kept, then all of that, then nothing
    let mut reads = Vec::new();
    for after in [0, 63, 64, 65, 4000, more * 64 - 1, more * 64] {
        let after = Position(u64::try_from(after).expect("few"));
        reads.push((after, journal.read_after(after, 70).await.expect("entries")));
    }
    drop(journal);
    let file = house.open();
    for (after, newest) in reads {
        let stored = file.read_after(after, 70).await.expect("entries");
        assert_eq!(newest.len(), stored.len(), "after {}", after.0);
        for (newest, stored) in newest.iter().zip(&stored) {
            assert_eq!(newest.entry, stored.entry);
            assert_eq!(newest.bytes, stored.bytes);
        }
    }
}

#[tokio::test]
async fn a_read_is_capped_whatever_is_asked_for() {
    let house = House::new();
    let journal = house.open();
    let drafts = || (0..64).map(|_| registered(new_relocation())).collect();
    let batches = (0..=READ_ENTRIES_MAX / 64)
        .map(|_| batch(drafts()))
        .collect();
    append_at_once(&journal, batches).await;
    let read = journal.read_after(Position(0), usize::MAX).await;
    assert_eq!(read.expect("entries").len(), READ_ENTRIES_MAX);
}

#[tokio::test]
async fn what_was_sent_before_the_end_is_written_before_the_end() {
    let house = House::new();
    let journal = house.open();
    let batches = (0..100).map(|_| batch(vec![registered(new_relocation())]));
    append_at_once(&journal, batches.collect()).await;
    drop(journal);
    assert_eq!(whole::check(&house.open()).await.len(), 100);
}
