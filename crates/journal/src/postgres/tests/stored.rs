//! The bytes that the database puts together: they are read as the entry that SQLite stores.

use domain::entry::{Draft, Entry, Event, Part, SealedPart};
use domain::subject::Position;
use jiff::Timestamp;

use super::{connect, superuser};
use crate::conformance::given::{
    append, batch, municipality, new_relocation, notifying, registered, solleftea, solna,
    supplemented, system,
};
use crate::postgres::testing;
use crate::{Batch, Journal, SqliteJournal};

/// Batches that use every field of an entry which is not the event's own.
fn batches() -> Vec<Batch> {
    let (one, two) = (new_relocation(), new_relocation());
    let sealed = |draft| Draft {
        sealed: [Part::Shared, Part::Own]
            .map(|part| SealedPart {
                part,
                ciphertext: vec![200; 400],
                commitment: [3; 32],
            })
            .to_vec(),
        ..draft
    };
    let system = || system(Event::ClockAdvanced { seconds: 1 });
    vec![
        batch(vec![notifying(
            sealed(registered(one)),
            &[solna(), municipality(1), solna()],
        )]),
        batch(vec![
            system(),
            notifying(registered(two), &[solleftea()]),
            system(),
            notifying(supplemented(two, 2), &[solna(), solleftea()]),
        ]),
        batch(vec![sealed(supplemented(one, 2)), system()]),
    ]
}

#[tokio::test]
async fn an_entry_is_read_as_sqlite_would_have_stored_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = testing::database().await.expect("a database");
    let path = folder.path().join("journal.db");
    let journals: [std::sync::Arc<dyn Journal>; 2] = [
        SqliteJournal::open(&path).expect("a journal"),
        connect(database.settings("gateway")).await,
    ];
    let mut stored: Vec<Vec<Entry>> = Vec::new();
    let batches = batches();
    for journal in &journals {
        for batch in &batches {
            append(journal, batch.clone()).await;
        }
        let read = journal.read_after(Position(0), 100).await.expect("entries");
        // time, and what is chained to it, differs from one run to the next
        let timeless = read.into_iter().map(|stored| {
            let mut entry = stored.entry;
            entry.recorded_at = Timestamp::UNIX_EPOCH;
            for notice in &mut entry.notices {
                notice.chain = [0; 32];
            }
            entry
        });
        stored.push(timeless.collect());
    }
    assert_eq!(stored[0].len(), 7);
    assert_eq!(stored[0], stored[1]);
}

#[tokio::test]
async fn numbers_are_written_as_protobuf_writes_them() {
    let database = testing::database().await.expect("a database");
    let superuser = superuser(&database).await;
    for (number, expected) in [
        (0, &[0][..]),
        (1, &[1]),
        (127, &[127]),
        (128, &[128, 1]),
        (300, &[172, 2]),
        (16_383, &[255, 127]),
        (16_384, &[128, 128, 1]),
        (i64::MAX, &[255, 255, 255, 255, 255, 255, 255, 255, 127]),
    ] {
        let row = superuser
            .query_one("SELECT flyttbud.varint($1)", &[&number])
            .await
            .expect("a number");
        assert_eq!(row.get::<_, &[u8]>(0), expected, "{number}");
    }
}
