//! Stored hashes in memory, for tests: refuses to overwrite, and counts how often it is read.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::{Frontier, Hash, HashReader, Head, Place};

/// A tree whose leaves are the hashes of the decimals 0, 1, 2 and so on.
pub(crate) struct Memory {
    pub(crate) hashes: BTreeMap<Place, Hash>,
    pub(crate) frontier: Frontier,
    pub(crate) reads: Cell<usize>,
}

/// No hash is stored there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing is stored at {0:?}")]
pub(crate) struct Missing(pub(crate) Place);

/// The hash of a leaf of every such tree.
pub(crate) fn leaf(index: u64) -> Hash {
    Hash::leaf(index.to_string().as_bytes())
}

impl Memory {
    pub(crate) fn empty() -> Self {
        Self {
            hashes: BTreeMap::new(),
            frontier: Frontier::EMPTY,
            reads: Cell::new(0),
        }
    }

    pub(crate) fn of(size: u64) -> Self {
        let mut memory = Self::empty();
        memory.append((0..size).map(leaf));
        memory
    }

    pub(crate) fn append(&mut self, leaves: impl IntoIterator<Item = Hash>) {
        for (place, hash) in self.frontier.append(leaves) {
            assert_eq!(self.hashes.insert(place, hash), None, "{place:?} twice");
        }
    }

    pub(crate) fn head(&self) -> Head {
        self.frontier.head()
    }
}

impl HashReader for Memory {
    type Error = Missing;

    fn read(&self, places: &[Place]) -> Result<Vec<Hash>, Missing> {
        self.reads.set(self.reads.get() + 1);
        let hash = |place| self.hashes.get(place).copied().ok_or(Missing(*place));
        places.iter().map(hash).collect()
    }
}
