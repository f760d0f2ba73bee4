//! The journal in a file: entries as they are stored, one after the other, so that others can hold them, replay
//! them and compare. docs/audit.md has the format byte for byte.
//!
//! What must never happen: that a file which was cut off, mixed up or changed in one bit is read as if it were
//! whole. Each entry has its place and a check of its own, and the end names the root over all.

mod read;
mod text;
mod write;

use domain::subject::Position;
use tlog::tree::Hash;

pub use read::Reader;
pub use write::Writer;

/// What every export begins with.
pub const MAGIC: &str = "flyttbud-journal-export/";
/// The version of the format that is written, and the only one that is read.
const VERSION: &str = "v1";
/// Bytes of a file's head at most: its lines and no more.
const HEAD_BYTES_MAX: usize = 1024;
/// Bytes of an origin's name at most.
const ORIGIN_BYTES_MAX: usize = 255;
/// Bytes of an entry at most: two MiB of sealed parts, and what is around them.
const ENTRY_BYTES_MAX: usize = 2_228_224;
/// Before each entry's bytes: place, length, check.
const FRAME_BYTES: usize = 8 + 4 + CHECK_BYTES;
/// Of the entry's leaf hash, which whoever computes the root needs anyway.
const CHECK_BYTES: usize = 8;

/// What a file says of itself at its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose journal it is, in one line of at most 255 bytes; empty when nobody said.
    pub origin: String,
    /// The first entry.
    pub first: Position,
    /// The last entry; the position before the first when there is none.
    pub last: Position,
}

/// What a file says of its entries at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// How many.
    pub entries: u64,
    /// The root of RFC 6962 over them, which is the journal's when the first one is at position 1.
    pub root: Hash,
    /// The digest of the ledger's state after them, as the ledger writes it, when it was taken.
    pub digest: Option<String>,
}

/// Why a file cannot be written or is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file could not be read or written.
    #[error("the file cannot be used")]
    File(#[from] std::io::Error),
    /// It is something else.
    #[error("not an export of a journal")]
    Foreign,
    /// It is from a newer Flyttbud.
    #[error("an export of another version than {VERSION}: use a newer program")]
    Version,
    /// Its first lines are not as they should be.
    #[error("the head of the export is damaged")]
    Head,
    /// The origin has more than one line, or is too long.
    #[error("an origin is one line of at most {ORIGIN_BYTES_MAX} bytes")]
    Origin,
    /// It ends before its end: the rest is missing.
    #[error("the export is cut off after entry {}", .0.0)]
    CutOff(Position),
    /// An entry is not the one that was written.
    #[error("entry {} is {what}", position.0)]
    Damaged {
        /// Where it should be.
        position: Position,
        /// What is wrong.
        what: &'static str,
    },
    /// The end does not fit what is before it.
    #[error("the end of the export is damaged")]
    End,
    /// There is more after the end.
    #[error("there is something behind the end of the export")]
    Behind,
}

/// The check of an entry.
fn check(leaf: &Hash) -> [u8; CHECK_BYTES] {
    let mut check = [0; CHECK_BYTES];
    for (byte, of_leaf) in check.iter_mut().zip(leaf.as_bytes()) {
        *byte = *of_leaf;
    }
    check
}

#[cfg(test)]
mod tests;
