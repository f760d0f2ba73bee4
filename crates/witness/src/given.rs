//! What the tests are given: a log with its history, or with another one, and a witness in a folder of its own.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tlog::checkpoint::SignedCheckpoint;
use tlog::cosignature;
use tlog::key::{Log, Role, Signer};
use tlog::note::Name;
use tlog::proof::consistency;
use tlog::tree::{Frontier, Hash, HashReader, Head, Place, Size};
use tlog::witness::Request;

use crate::{OpenError, Witness};

fn signer<R: Role>(name: &str, byte: u8) -> Signer<R> {
    Signer::new(Name::parse(name).expect("a name"), &[byte; 32])
}

pub(crate) fn log() -> Signer<Log> {
    signer("log.flyttbud.example", 1)
}

pub(crate) fn another_log() -> Signer<Log> {
    signer("another.example/log", 2)
}

pub(crate) fn witness() -> Signer<cosignature::Witness> {
    signer("witness.example/w1", 3)
}

/// A log's entries, which are words and their numbers.
pub(crate) struct History {
    hashes: BTreeMap<Place, Hash>,
    head: Head,
}

impl History {
    /// This many entries, all of one word.
    pub(crate) fn of(word: &str, size: u64) -> Self {
        Self::fork(0, word, size)
    }

    /// The same, but the first entries are those of "a".
    pub(crate) fn fork(at: u64, word: &str, size: u64) -> Self {
        let mut frontier = Frontier::EMPTY;
        let word = |index| if index < at { "a" } else { word };
        let leaves =
            (0..size).map(|index| Hash::leaf(format!("{} {index}", word(index)).as_bytes()));
        Self {
            hashes: frontier.append(leaves).into_iter().collect(),
            head: frontier.head(),
        }
    }

    pub(crate) fn checkpoint(&self) -> SignedCheckpoint {
        SignedCheckpoint::sign(self.head, &log())
    }

    /// The request to go on from a size.
    pub(crate) fn after(&self, old: u64) -> Request {
        let old = Size(old);
        Request {
            old,
            proof: consistency(self, old, self.head.size).expect("a proof"),
            checkpoint: self.checkpoint(),
        }
    }
}

impl HashReader for History {
    type Error = io::Error;

    fn read(&self, places: &[Place]) -> Result<Vec<Hash>, io::Error> {
        let hash = |place| self.hashes.get(place).copied();
        let found: Option<_> = places.iter().map(hash).collect();
        found.ok_or(io::ErrorKind::NotFound.into())
    }
}

/// A folder that a witness begins in again and again.
pub(crate) struct House {
    folder: TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The witness of both logs.
    pub(crate) fn try_open(&self) -> Result<Witness, OpenError> {
        let keys = [log(), another_log()].map(|key| key.verifier().clone());
        Witness::open(self.folder(), witness(), keys.to_vec())
    }

    pub(crate) fn open(&self) -> Witness {
        self.try_open().expect("a witness")
    }

    /// The files with this ending, in the order of their names.
    pub(crate) fn files(&self, folder: &str, ending: &str) -> Vec<PathBuf> {
        let Ok(listed) = std::fs::read_dir(self.folder().join(folder)) else {
            return Vec::new();
        };
        let listed = listed.map(|file| file.expect("a file").path());
        let mut files: Vec<_> = listed
            .filter(|path| path.extension().is_some_and(|found| found == ending))
            .collect();
        files.sort();
        files
    }

    /// Where the one log that was cosigned stands.
    pub(crate) fn state(&self) -> PathBuf {
        let mut files = self.files("", "checkpoint");
        assert_eq!(files.len(), 1, "{files:?}");
        files.pop().expect("one")
    }
}
