//! The lock that gives a file to one process. SQLite's own exclusive mode would shut out our readers.

use std::fs::{File, OpenOptions};
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};

use super::OpenError;

/// Held as long as the journal is open; the system releases it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct FileLock {
    _held: Flock<File>,
}

impl FileLock {
    pub(crate) fn take(database: &Path) -> Result<Self, OpenError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let path = std::path::PathBuf::from(path);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| OpenError::File {
                path: path.clone(),
                source,
            })?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(held) => Ok(Self { _held: held }),
            Err((_file, nix::Error::EWOULDBLOCK)) => Err(OpenError::InUse { path }),
            Err((_file, errno)) => Err(OpenError::File {
                path,
                source: errno.into(),
            }),
        }
    }
}
