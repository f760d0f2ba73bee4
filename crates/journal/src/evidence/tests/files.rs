//! The log in SQLite under the suite, and what a file keeps.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tempfile::TempDir;
use tlog::tree::Size;

use super::{House, conforms, head, publish};
use crate::evidence::sqlite::connect;
use crate::evidence::{Alarm, Evidence, SqliteEvidence};
use crate::{Journal, SqliteJournal};

impl House for TempDir {
    async fn build() -> Self {
        tempfile::tempdir().expect("a folder")
    }

    async fn open(&self) -> (Arc<dyn Journal>, Arc<dyn Evidence>) {
        let journal = SqliteJournal::open(&self.path().join("journal.sqlite"));
        (journal.expect("a journal"), open(self.path()))
    }
}

fn open(folder: &Path) -> Arc<dyn Evidence> {
    SqliteEvidence::open(&folder.join("evidence.sqlite")).expect("a log")
}

conforms!(TempDir);

#[tokio::test]
async fn what_was_published_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let evidence = open(folder.path());
    let checkpoint = publish(evidence.as_ref(), 9).await;
    let alarm = Alarm::EntryDiffers(4);
    evidence.raise(&alarm).await.expect("raised");
    drop(evidence);
    let evidence = open(folder.path());
    assert_eq!(evidence.newest().await.expect("one"), Some(checkpoint));
    assert_eq!(*evidence.published().borrow(), Size(9));
    assert_eq!(evidence.size().await.expect("a size"), head(9).size);
    assert_eq!(
        evidence.alarm().await.expect("one"),
        Some(alarm.to_string())
    );
}

#[tokio::test]
async fn a_checkpoint_is_never_changed_or_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    publish(open(folder.path()).as_ref(), 9).await;
    let stranger = Connection::open(folder.path().join("evidence.sqlite")).expect("a connection");
    for (sql, why) in [
        ("DELETE FROM checkpoints", "never deleted"),
        ("UPDATE checkpoints SET note = 'x'", "never changed"),
        ("UPDATE checkpoints SET size = 10", "never changed"),
    ] {
        let refused = stranger.execute_batch(sql).expect_err(sql);
        assert!(refused.to_string().contains(why), "{sql}: {refused}");
    }
}

#[test]
fn every_commit_is_on_the_disk_before_it_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let connection = connect(&folder.path().join("evidence.sqlite")).expect("a connection");
    let text: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .expect("a mode");
    assert_eq!(text, "wal");
    let level: i64 = connection
        .pragma_query_value(None, "synchronous", |row| row.get(0))
        .expect("a level");
    assert_eq!(level, 2, "FULL");
}
