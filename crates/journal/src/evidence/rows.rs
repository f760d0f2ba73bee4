//! How the hashes lie in a table: one row for each entry, in the order in which they come. A row holds all that
//! its entry completed, the hash of its leaf first, then those of the subtrees that end with it, upwards.

use tlog::tree::{Hash, Place, Size};

use super::EvidenceError;

/// Bytes of a hash.
pub(super) const HASH_BYTES: usize = 32;

/// A row: the position of the entry, and the hashes one after another.
pub(super) type Row = (i64, Vec<u8>);

/// Where a hash lies: the position of its row, and how many hashes there are before it.
pub(super) fn locate(place: Place) -> Result<(i64, u32), EvidenceError> {
    let end = place.index.checked_add(1);
    let position = end.and_then(|end| end.checked_mul(1u64.checked_shl(place.level)?));
    let position = position.and_then(|position| i64::try_from(position).ok());
    Ok((position.ok_or(EvidenceError::Outside)?, place.level))
}

/// The rows of the entries after a size.
pub(super) fn rows(from: Size, full: &[(Place, Hash)]) -> Result<Vec<Row>, EvidenceError> {
    let mut rows: Vec<Row> = Vec::new();
    let mut next = i64::try_from(from.0).map_err(EvidenceError::store)?;
    for (place, hash) in full {
        let (position, before) = locate(*place)?;
        if before == 0 {
            next += 1;
            rows.push((next, Vec::with_capacity(2 * HASH_BYTES)));
        }
        match rows.last_mut() {
            Some((row, hashes)) if *row == position => hashes.extend(hash.as_bytes()),
            _ => return Err(EvidenceError::OtherSize),
        }
    }
    Ok(rows)
}

/// A hash as it was stored; none when its row is too short.
pub(super) fn hash(row: &[u8], before: u32) -> Option<Hash> {
    let (hashes, _rest) = row.as_chunks();
    let hash: &[u8; HASH_BYTES] = hashes.get(usize::try_from(before).ok()?)?;
    Some(Hash::from_bytes(*hash))
}
