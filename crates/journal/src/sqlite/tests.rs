//! The journal in SQLite under the conformance suite, and what only a file can get wrong.

mod conforms;
mod file;

use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::SqliteJournal;
use crate::Journal;

/// A folder with a journal's file.
struct House {
    folder: TempDir,
}

impl House {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    fn open(&self) -> Arc<dyn Journal> {
        SqliteJournal::open(&self.path()).expect("a journal")
    }
}
