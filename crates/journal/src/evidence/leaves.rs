//! The leaves of the log, from the journal's bytes as they are stored.

use domain::subject::Position;
use tlog::tree::{Hash, Size};

use super::{Alarm, Fault};
use crate::{Journal, ReadError};

/// The leaves after a size and up to another, at most `limit` (capped), as they are stored. Each must be there.
pub async fn stored_leaves(
    journal: &dyn Journal,
    after: Size,
    until: Size,
    limit: usize,
) -> Result<Vec<Hash>, Fault> {
    let count = usize::try_from(until.0.saturating_sub(after.0)).unwrap_or(usize::MAX);
    let stored = journal
        .read_stored(Position(after.0), count.min(limit))
        .await?;
    let mut leaves = Vec::with_capacity(stored.len());
    let mut last = after.0;
    for (position, bytes) in stored {
        last += 1;
        if position != Position(last) {
            return Err(Alarm::EntryMissing(last).into());
        }
        leaves.push(Hash::leaf(&bytes));
    }
    if leaves.is_empty() && count > 0 {
        return Err(Alarm::EntryMissing(last + 1).into());
    }
    Ok(leaves)
}

/// The same leaves, if a second source agrees: what the journal's writer keeps in memory, or the store again. What
/// is signed was hashed twice, so that no bit that flips on the way is signed.
pub async fn fresh_leaves(
    journal: &dyn Journal,
    after: Size,
    until: Size,
    limit: usize,
) -> Result<Vec<Hash>, Fault> {
    let leaves = stored_leaves(journal, after, until, limit).await?;
    let again = match journal.read_after(Position(after.0), leaves.len()).await {
        Ok(written) => written
            .iter()
            .map(|written| Hash::leaf(&written.bytes))
            .collect(),
        // the ledger halts at it; the log is about its bytes
        Err(ReadError::Unreadable { .. }) => {
            stored_leaves(journal, after, until, leaves.len()).await?
        }
        Err(error) => return Err(error.into()),
    };
    let agreeing = leaves
        .iter()
        .zip(&again)
        .take_while(|(one, other)| one == other);
    let agreeing = agreeing.count();
    if agreeing < leaves.len() {
        let position = after.0 + 1 + u64::try_from(agreeing).unwrap_or(u64::MAX);
        return Err(Alarm::NotAsWritten(position).into());
    }
    Ok(leaves)
}
