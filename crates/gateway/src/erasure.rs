//! What entries end is erased: at once by whoever appends such an entry, and in any case by whoever goes over the
//! journal after it. A gateway does so before it serves, and goes on; so no crash keeps keys, and no copy of a key
//! store brings them back.

use std::sync::Arc;

use daemon::{Drain, ErrorChain};
use domain::subject::{Position, Subject};
use futures_util::future::try_join_all;
use journal::{Journal, ReadError};
use ledger::Halt;
use tlog::tree::Hash;
use tokio::time::timeout;
use vault::{Mark, Round, Vault};

use crate::limits::{ERASER_ENTRIES, ERASER_EVERY};

/// Why it is not certain that everything is erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The journal ends before an entry that it once had.
    #[error(
        "the record has lost entry {}, which the key store knows; it ends at entry {}",
        known.0,
        edge.0
    )]
    Lost {
        /// That entry.
        known: Position,
        /// Where the journal ends now.
        edge: Position,
    },
    /// The journal cannot be read.
    #[error("the journal cannot be gone over")]
    Journal(#[from] ReadError),
    /// The journal contradicts itself.
    #[error("the journal cannot be followed")]
    Halt(#[from] Halt),
    /// The key store failed.
    #[error("the key store cannot erase")]
    Keys(#[from] vault::Error),
}

/// Goes over the entries that were not gone over yet, and erases what they end. Returns how many rows of keys that
/// were.
pub async fn erase_ended(journal: &dyn Journal, vault: &Vault) -> Result<usize, EraseError> {
    let before = known(journal, vault, Round::Erasing).await?;
    let (mut erased, mut newest) = (0, before);
    loop {
        let after = newest.map_or(Position(0), |mark| mark.position);
        let page = journal.read_after(after, ERASER_ENTRIES).await?;
        let Some(last) = page.last() else {
            break;
        };
        newest = Some(Mark {
            position: last.entry.position,
            leaf: *Hash::leaf(&last.bytes).as_bytes(),
        });
        let ending = page
            .iter()
            .filter(|stored| stored.entry.event.ends_reading());
        let erasing = ending.map(|stored| erase(journal, vault, stored.entry.subject));
        erased += try_join_all(erasing).await?.into_iter().sum::<usize>();
        tokio::task::yield_now().await;
    }
    // only now: whatever ends this before begins it again where it began
    if let Some(mark) = newest.filter(|_| newest != before) {
        vault.set_mark(Round::Erasing, mark).await?;
    }
    Ok(erased)
}

/// Erases what the entries of a subject have ended. Returns how many rows of keys there still were.
pub(crate) async fn erase(
    journal: &dyn Journal,
    vault: &Vault,
    subject: Subject,
) -> Result<usize, EraseError> {
    let entries = journal.subject(subject, Position(u64::MAX >> 1)).await?;
    let mut rows = match ledger::erased(&entries)? {
        Some(authority) => vault.erase(authority, subject).await?,
        None => 0,
    };
    if let Some((authority, versions)) = ledger::erased_replies(&entries)? {
        for version in versions {
            rows += vault.erase_version(authority, subject, version).await?;
        }
    }
    Ok(rows)
}

/// A round's mark, when the journal still has its entry. A journal that ends before it is refused. Another entry in its
/// place is of another history, or damaged, which the evidence tells and stops no registration: all is gone over again.
pub(crate) async fn known(
    journal: &dyn Journal,
    vault: &Vault,
    round: Round,
) -> Result<Option<Mark>, EraseError> {
    let Some(mark) = vault.mark(round).await? else {
        return Ok(None);
    };
    let before = Position(mark.position.0.saturating_sub(1));
    let found = journal.read_stored(before, 1).await?;
    let Some((position, bytes)) = found.first() else {
        return Err(EraseError::Lost {
            known: mark.position,
            edge: *journal.edge().borrow(),
        });
    };
    if *position == mark.position && *Hash::leaf(bytes).as_bytes() == mark.leaf {
        return Ok(Some(mark));
    }
    tracing::error!(
        entry.position = mark.position.0,
        "not the entry that the key store knows, all are gone over again"
    );
    vault.forget_mark(round).await?;
    Ok(None)
}

/// Goes over what is appended, until the drain and once more then. Another gateway may have died before it erased
/// what its own entry ended, or the key store may have been restored meanwhile.
pub async fn keep_erasing(journal: Arc<dyn Journal>, vault: Vault, drain: Drain) {
    while !drain.is_cancelled() {
        timeout(ERASER_EVERY, drain.cancelled()).await.ok();
        match erase_ended(journal.as_ref(), &vault).await {
            Ok(0) => {}
            Ok(erased) => tracing::info!(keys = erased, "keys erased that were left over"),
            Err(error) => tracing::error!(error = %ErrorChain(&error), "keys not erased yet"),
        }
    }
}

#[cfg(test)]
mod tests;
