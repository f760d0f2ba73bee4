//! What this ledger has signed, or has seen signed and agreed with, in a small file of its own, which no restore brings
//! back: record and log lie in one database, and are restored to an earlier moment together. Then they agree, and only
//! who remembers what came after knows that those sizes were signed before.
//!
//! What must never happen: that a checkpoint is published before it is remembered here.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use daemon::file;
use journal::Journal;
use journal::evidence::{self, Evidence, Fault};
use tlog::checkpoint::SignedCheckpoint;
use tlog::key::{Log, Verifier};
use tlog::tree::{Head, Size};

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// It cannot be read or written.
    #[error("'{}' cannot be kept", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It holds no checkpoint.
    #[error("'{}' is no checkpoint", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: tlog::Malformed,
    },
}

/// The record does not lead to what was signed: it was restored to an earlier moment, or is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// What was signed.
    signed: Head,
    /// Whether the record has so many entries.
    reaches: bool,
}

impl fmt::Display for Forgotten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.signed.size.0;
        if self.reaches {
            write!(
                f,
                "the first {size} entries of the record are not those that were signed"
            )
        } else {
            write!(f, "{size} entries were signed, and the record has fewer")
        }
    }
}

impl std::error::Error for Forgotten {}

/// Why a log ends, or is tried again.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// It must not be signed any more, by nobody with this key.
    #[error("the log must not go on")]
    Forgotten(#[source] Forgotten),
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The file, and what is in it.
#[derive(Debug)]
pub struct Memory {
    path: PathBuf,
    newest: Option<SignedCheckpoint>,
}

impl Memory {
    /// Reads it, or begins with nothing. No two processes may have one file.
    pub fn open(path: &Path) -> Result<Self, MemoryError> {
        let newest = match fs::read(path) {
            Ok(bytes) => {
                let parsed = SignedCheckpoint::parse(&bytes);
                Some(parsed.map_err(|source| MemoryError::Malformed {
                    path: path.to_owned(),
                    source,
                })?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => {
                return Err(MemoryError::File {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        Ok(Self {
            path: path.to_owned(),
            newest,
        })
    }

    /// Whether the record still leads to what was signed.
    pub async fn check(&self, journal: &dyn Journal, log: &dyn Evidence) -> Result<(), Ended> {
        let Some(newest) = &self.newest else {
            return Ok(());
        };
        let signed = newest.checkpoint().head;
        let mut reaches = false;
        let integrated = log.size().await.map_err(Fault::from)?;
        // hashes that are damaged are no loss: what they should be stands in the journal
        for hashed in [integrated, Size(0)] {
            let found = evidence::tree_of(journal, log, hashed, signed.size).await?;
            if found == Some(signed) {
                return Ok(());
            }
            reaches = found.is_some();
        }
        Err(Ended::Forgotten(Forgotten { signed, reaches }))
    }

    /// Whether a key has signed what is remembered.
    #[must_use]
    pub fn is_by(&self, key: &Verifier<Log>) -> bool {
        let newest = self.newest.as_ref();
        newest.is_some_and(|newest| key.check(newest.note()) != Ok(None))
    }

    /// Remembers a checkpoint that is greater than the one before, and returns once that is on the disk.
    pub(super) async fn keep(&mut self, checkpoint: &SignedCheckpoint) -> Result<(), MemoryError> {
        let size = |one: &SignedCheckpoint| one.checkpoint().head.size;
        if self.newest.as_ref().map(size) >= Some(size(checkpoint)) {
            return Ok(());
        }
        let (path, text) = (self.path.clone(), checkpoint.to_string());
        // it waits for the disk
        let kept = tokio::task::spawn_blocking(move || file::replace(&path, &text)).await;
        let kept = kept.unwrap_or_else(|panicked| Err(io::Error::other(panicked)));
        kept.map_err(|source| self.fault(source))?;
        self.newest = Some(checkpoint.clone());
        Ok(())
    }

    /// Begins anew, for another log: what was remembered stays beside it, under the size that it has.
    pub fn put_aside(&mut self) -> Result<(), MemoryError> {
        if let Some(newest) = self.newest.take() {
            let mut aside = self.path.clone().into_os_string();
            aside.push(format!(".{}", newest.checkpoint().head.size.0));
            fs::rename(&self.path, aside)
                .and_then(|()| file::sync_folder(&self.path))
                .map_err(|source| self.fault(source))?;
        }
        Ok(())
    }

    fn fault(&self, source: io::Error) -> MemoryError {
        MemoryError::File {
            path: self.path.clone(),
            source,
        }
    }
}
