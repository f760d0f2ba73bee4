//! The tree of RFC 6962, section 2.1: its hashes, where they are stored, and how it grows. Whoever stores them
//! stands outside.

use std::fmt;
use std::iter;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use crate::text;

#[cfg(test)]
pub(crate) mod memory;
#[cfg(test)]
pub(crate) mod tests;

/// A SHA-256 hash of the tree. Shown in base64, as in the texts of C2SP.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The root of the tree without leaves: SHA-256 of nothing.
    pub const EMPTY: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// The hash of an entry.
    #[must_use]
    pub fn leaf(entry: &[u8]) -> Self {
        Self(
            Sha256::new()
                .chain_update([0])
                .chain_update(entry)
                .finalize()
                .into(),
        )
    }

    /// The hash over two subtrees.
    #[must_use]
    pub fn node(left: &Self, right: &Self) -> Self {
        Self(
            Sha256::new()
                .chain_update([1])
                .chain_update(left.0)
                .chain_update(right.0)
                .finalize()
                .into(),
        )
    }

    /// A hash as it was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A hash as it is shown.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text::hash(text)
    }

    /// The hash as it is stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::to_base64(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Number of leaves of a tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// Where a leaf stands, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Index(pub u64);

/// A tree as others know it: its size and its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number of leaves.
    pub size: Size,
    /// Its root at that size.
    pub root: Hash,
}

impl Head {
    /// The tree without leaves.
    pub const EMPTY: Self = Self {
        size: Size(0),
        root: Hash::EMPTY,
    };
}

/// The place of a full subtree's hash: it never changes once its last leaf is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The subtree has 2^level leaves; from 0 to 63.
    pub level: u32,
    /// How many full subtrees of that level lie before it.
    pub index: u64,
}

/// Stored hashes.
pub trait HashReader {
    /// Why they could not be read.
    type Error: std::error::Error + 'static;

    /// The hashes of these places, in their order. A place without a hash is an error.
    fn read(&self, places: &[Place]) -> Result<Vec<Hash>, Self::Error>;
}

/// Nothing could be computed from the stored hashes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError<E: std::error::Error + 'static> {
    /// The tree does not reach that far.
    #[error("the tree does not reach that far")]
    Outside,
    /// The reader failed.
    #[error("the stored hashes could not be read")]
    Reader(#[source] E),
    /// The reader broke its promise.
    #[error("{got} hashes were read for {asked} places")]
    Count {
        /// Number of places.
        asked: usize,
        /// Number of hashes.
        got: usize,
    },
}

/// The growing edge of a tree: what is needed to append. Memory and time for a leaf grow with the logarithm of
/// the size, and on average there are two hashes a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// The roots of the full subtrees, biggest first: one for each bit of the size.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// Of the tree without leaves.
    pub const EMPTY: Self = Self {
        size: 0,
        peaks: Vec::new(),
    };

    /// Of a stored tree at some size.
    pub fn read<R: HashReader>(reader: &R, size: Size) -> Result<Self, ReadError<R::Error>> {
        let places: Vec<Place> = full_subtrees(0..size.0).collect();
        Ok(Self {
            size: size.0,
            peaks: read(reader, &places)?,
        })
    }

    /// Appends the hashes of entries. Gives the places that are now full and their hashes. Whoever cannot store
    /// them drops this frontier and reads it anew.
    ///
    /// # Panics
    /// When the peaks do not fit the size: the memory cannot be trusted.
    pub fn append(&mut self, leaves: impl IntoIterator<Item = Hash>) -> Vec<(Place, Hash)> {
        let mut full = Vec::new();
        for mut hash in leaves {
            let (mut level, mut index) = (0, self.size);
            full.push((Place { level, index }, hash));
            while index % 2 == 1
                && let Some(left) = self.peaks.pop()
            {
                hash = Hash::node(&left, &hash);
                (level, index) = (level + 1, index / 2);
                full.push((Place { level, index }, hash));
            }
            self.peaks.push(hash);
            self.size += 1;
        }
        assert_eq!(
            u32::try_from(self.peaks.len()),
            Ok(self.size.count_ones()),
            "a tree has one peak for each bit of its size"
        );
        full
    }

    /// The tree as it is now.
    pub fn head(&self) -> Head {
        Head {
            size: Size(self.size),
            root: join(&self.peaks),
        }
    }
}

/// Reads hashes, as many as there are places.
pub(crate) fn read<R: HashReader>(
    reader: &R,
    places: &[Place],
) -> Result<Vec<Hash>, ReadError<R::Error>> {
    let hashes = reader.read(places).map_err(ReadError::Reader)?;
    if hashes.len() != places.len() {
        return Err(ReadError::Count {
            asked: places.len(),
            got: hashes.len(),
        });
    }
    Ok(hashes)
}

/// The full subtrees that a range of leaves is made of, biggest first. The range is all of a tree or a node of
/// it, so that it begins where its biggest subtree can.
pub(crate) fn full_subtrees(range: Range<u64>) -> impl Iterator<Item = Place> {
    let mut start = range.start;
    iter::from_fn(move || {
        let level = (range.end - start).checked_ilog2()?;
        let index = start >> level;
        start += 1 << level;
        Some(Place { level, index })
    })
}

/// The root over full subtrees, biggest first.
pub(crate) fn join(peaks: &[Hash]) -> Hash {
    let smallest_first = peaks.iter().rev().copied();
    smallest_first
        .reduce(|right, left| Hash::node(&left, &right))
        .unwrap_or(Hash::EMPTY)
}
