//! Copies between stores: everything is carried, and a service goes on where it was.

use std::path::Path;
use std::sync::Arc;

use daemon::postgres::Settings;
use domain::subject::Position;

use super::{CopyError, PostgresTarget, SqliteTarget, copy};
use crate::audit::tests::{filled, rows};
use crate::audit::{PostgresRows, Row, Rows, SqliteRows, Table, Verified};
use crate::conformance::given::{batch, new_relocation, registered, request, try_append};
use crate::postgres::testing;
use crate::sqlite::OpenError;
use crate::{AppendError, Batch, Journal, Outcome, PostgresJournal, SqliteJournal};

/// Everything there is.
async fn contents(store: &mut dyn Rows) -> (Vec<(Position, Vec<u8>)>, Vec<Row>, i64) {
    let entries = store.entries(Position(0), 1000).await.expect("entries");
    let mut beside = Vec::new();
    for table in Table::ALL {
        beside.extend(rows(store, table).await);
    }
    let ahead_seconds = store.ahead_seconds().await.expect("a clock");
    (entries, beside, ahead_seconds)
}

async fn to_file(origin: &mut dyn Rows, path: &Path) -> Result<Verified, CopyError> {
    let target = SqliteTarget::create(path).expect("an empty place");
    copy(origin, Box::new(target), |_count| {}).await
}

async fn to_database(origin: &mut dyn Rows, owner: &Settings) -> Result<Verified, CopyError> {
    let target = PostgresTarget::create(owner)
        .await
        .expect("an empty database");
    copy(origin, Box::new(target), |_count| {}).await
}

/// What was answered before is answered alike, and what is new comes behind.
async fn goes_on(journal: Arc<dyn Journal>) {
    let ask = |id, fingerprint| Batch {
        request: Some(request(id, fingerprint)),
        ..batch(vec![registered(new_relocation())])
    };
    for (id, already_open) in [(1, false), (2, false), (3, true), (4, false)] {
        let fingerprint = u8::try_from(id).expect("small");
        match try_append(&journal, ask(id, fingerprint)).await {
            Ok(Outcome::Repeated(answer)) => assert_eq!(answer.already_open, already_open, "{id}"),
            other => panic!("request {id}: {other:?}"),
        }
        let reused = try_append(&journal, ask(id, 99)).await;
        assert!(
            matches!(reused, Err(AppendError::RequestReused)),
            "request {id}"
        );
    }
    let once = Batch {
        unique_key: Some("once".to_owned()),
        ..ask(5, 5)
    };
    let twice = try_append(&journal, once).await;
    assert!(matches!(twice, Err(AppendError::KeyExists)));
    match try_append(&journal, ask(6, 6)).await {
        Ok(Outcome::Appended(appended)) => assert_eq!(appended.first, Position(8)),
        other => panic!("{other:?}"),
    }
    let ahead = journal
        .now()
        .duration_since(jiff::Timestamp::now())
        .as_secs();
    assert!((62..=63).contains(&ahead), "{ahead} s ahead");
    crate::conformance::whole::check(&journal).await;
}

#[tokio::test]
async fn a_copied_file_holds_everything_and_a_service_goes_on_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut origin = SqliteRows::open_alone(&filled(&folder).await).expect("opens");
    let path = folder.path().join("copy.sqlite");
    let copied = to_file(&mut origin, &path).await.expect("copied");
    assert_eq!((copied.head.size.0, copied.rows), (7, [7, 5, 4, 1, 2]));
    let expected = contents(&mut origin).await;
    let mut copy = SqliteRows::open(&path).expect("opens");
    assert_eq!(contents(&mut copy).await, expected);
    drop(copy);
    goes_on(SqliteJournal::open(&path).expect("a journal")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_a_database_and_back_it_is_the_same_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = testing::database().await.expect("a database");
    let mut origin = SqliteRows::open_alone(&filled(&folder).await).expect("opens");
    let expected = contents(&mut origin).await;
    let there = to_database(&mut origin, &database.owner())
        .await
        .expect("copied");

    let mut there_alone = PostgresRows::open_alone(&database.owner())
        .await
        .expect("opens");
    assert_eq!(contents(&mut there_alone).await, expected);
    let path = folder.path().join("back.sqlite");
    let back = to_file(&mut there_alone, &path).await.expect("copied");
    assert_eq!((back.head, back.rows), (there.head, there.rows));
    assert_eq!(
        contents(&mut SqliteRows::open(&path).expect("opens")).await,
        expected
    );
    drop(there_alone);

    goes_on(SqliteJournal::open(&path).expect("a journal")).await;
    let gateway = PostgresJournal::connect(database.settings("gateway")).await;
    goes_on(gateway.expect("a journal")).await;
    // now there is a record in the database, and none is copied over it
    assert!(PostgresTarget::create(&database.owner()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_database_is_copied_nobody_appends() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = testing::database().await.expect("a database");
    let mut origin = SqliteRows::open_alone(&filled(&folder).await).expect("opens");
    to_database(&mut origin, &database.owner())
        .await
        .expect("copied");
    let alone = PostgresRows::open_alone(&database.owner())
        .await
        .expect("opens");
    let gateway = PostgresJournal::connect(database.settings("gateway")).await;
    let gateway: Arc<dyn Journal> = gateway.expect("a journal");
    let mut waiting = Box::pin(gateway.append(batch(vec![registered(new_relocation())])));
    let mut beside = PostgresRows::open(&database.settings("ledger"))
        .await
        .expect("opens");
    for _ in 0..20 {
        tokio::select! {
            outcome = &mut waiting => panic!("appended: {outcome:?}"),
            edge = beside.edge() => assert_eq!(edge.expect("an edge"), Position(7)),
        }
    }
    drop(alone);
    match waiting.await {
        Ok(Outcome::Appended(appended)) => assert_eq!(appended.first, Position(8)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_is_copied_over_something_or_from_under_a_service() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = filled(&folder).await;
    let taken = SqliteTarget::create(&path).expect_err("there is a file");
    assert!(matches!(taken, OpenError::File { .. }), "{taken}");
    let service = SqliteJournal::open(&path).expect("a journal");
    let busy = SqliteRows::open_alone(&path).expect_err("the service has it");
    assert!(matches!(busy, OpenError::InUse { .. }), "{busy}");
    drop(service);
    // a name that is being copied to is nobody else's
    let new = folder.path().join("new.sqlite");
    let _target = SqliteTarget::create(&new).expect("an empty place");
    assert!(matches!(
        SqliteJournal::open(&new),
        Err(OpenError::InUse { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_record_that_is_not_sound_there_is_no_copy() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = filled(&folder).await;
    let connection = rusqlite::Connection::open(&path).expect("opens");
    connection
        .execute("DELETE FROM notices WHERE number = 2", [])
        .expect("damaged");
    drop(connection);
    let mut origin = SqliteRows::open_alone(&path).expect("opens");
    let new = folder.path().join("new.sqlite");
    let refused = to_file(&mut origin, &new).await.expect_err("not sound");
    assert!(
        matches!(refused, CopyError::Unsound { count: 1, .. }),
        "{refused}"
    );
    assert!(!new.exists());
    let database = testing::database().await.expect("a database");
    to_database(&mut origin, &database.owner())
        .await
        .expect_err("not sound");
    // nothing stayed of either: both places are empty still
    SqliteTarget::create(&new).expect("an empty place");
    PostgresTarget::create(&database.owner())
        .await
        .expect("an empty database");
}
