//! A copy of one of a service's SQLite files, made while the service runs: as the file is at one moment, and whole.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::sqlite::reader;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The copy cannot be written.
    #[error("'{}' cannot be made", path.display())]
    File {
        /// Where it was to be.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file cannot be read, or is none of SQLite's.
    #[error("'{}' cannot be copied", path.display())]
    Store {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// Somebody has the file for itself, as no service does.
    #[error("'{}' is locked", .0.display())]
    Locked(PathBuf),
    /// The file is damaged, and so is its copy.
    #[error("'{}' is damaged: {what}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What SQLite says.
        what: String,
    },
}

/// Copies a file to where nothing is yet, for its owner alone. Whoever writes to it does not wait meanwhile.
pub fn copy_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(|source| BackupError::File {
            path: to.to_owned(),
            source,
        })?;
    let copied = || -> Result<(StepResult, String), rusqlite::Error> {
        let origin = reader(from)?;
        let mut copy = Connection::open(to)?;
        // in one step: between two, a change would have it begin again
        let step = Backup::new(&origin, &mut copy)?.step(-1)?;
        // a file by itself, without a log beside it
        copy.pragma_update(None, "journal_mode", "DELETE")?;
        let verdict = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        Ok((step, verdict))
    };
    let path = || from.to_owned();
    match copied() {
        Ok((StepResult::Done, verdict)) if verdict == "ok" => Ok(()),
        Ok((StepResult::Done, what)) => Err(BackupError::Damaged { path: path(), what }),
        Ok(_) => Err(BackupError::Locked(path())),
        Err(source) => Err(BackupError::Store {
            path: path(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_copy_is_one_moment_of_its_file_in_one_file_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let mut writer = Connection::open(path("original")).expect("a file");
        writer
            .execute_batch(
                "PRAGMA journal_mode = WAL; CREATE TABLE t (n); INSERT INTO t VALUES (1)",
            )
            .expect("written");
        // not committed, and so not of this moment
        let open = writer.transaction().expect("a transaction");
        open.execute("INSERT INTO t VALUES (2)", [])
            .expect("written");
        copy_file(&path("original"), &path("copy")).expect("copied");
        open.commit().expect("nobody was kept waiting");
        let found: Vec<String> = fs::read_dir(folder.path())
            .expect("files")
            .map(|file| {
                file.expect("a file")
                    .file_name()
                    .into_string()
                    .expect("a name")
            })
            .filter(|name| name.starts_with("copy"))
            .collect();
        assert_eq!(found, ["copy"]);
        let mode = fs::metadata(path("copy"))
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let copy = Connection::open(path("copy")).expect("a file");
        let sum: i64 = copy
            .query_row("SELECT sum(n) FROM t", [], |row| row.get(0))
            .expect("a sum");
        assert_eq!(sum, 1);
    }

    #[test]
    fn what_is_there_already_is_left_and_what_is_damaged_or_missing_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let refused = |from, to| copy_file(&path(from), &path(to)).expect_err("refused");
        let original = Connection::open(path("original")).expect("a file");
        original
            .execute_batch("CREATE TABLE t (n UNIQUE); INSERT INTO t VALUES (1), (2), (3)")
            .expect("written");
        original.close().expect("closed");
        fs::write(path("there"), "mine").expect("written");
        assert!(matches!(
            refused("original", "there"),
            BackupError::File { .. }
        ));
        assert_eq!(fs::read(path("there")).expect("a file"), b"mine");
        assert!(matches!(
            refused("missing", "one"),
            BackupError::Store { .. }
        ));
        let mut bytes = fs::read(path("original")).expect("bytes");
        // the last page is the index's
        let end = bytes.len();
        bytes[end - 4096..].fill(0xff);
        fs::write(path("original"), bytes).expect("written");
        let error = refused("original", "two");
        assert!(matches!(error, BackupError::Damaged { .. }), "{error:?}");
    }
}
