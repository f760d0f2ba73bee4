//! Evidence: the Merkle log over the journal. Its leaves are the entries' bytes as stored, the entry at position
//! 1 first. Here its hashes, checkpoints and cosignatures are kept and read; whoever signs stands above.
//!
//! What must never happen: two roots for one size. Hashes can be made anew from the journal; a checkpoint that was
//! signed is never changed, forgotten or followed by a smaller one.

mod compute;
mod error;
mod inboxes;
mod leaves;
mod postgres;
mod recount;
mod rows;
mod sqlite;

use async_trait::async_trait;
use domain::subject::Position;
use jiff::Timestamp;
use tlog::checkpoint::SignedCheckpoint;
use tlog::note::Signature;
use tlog::policy::Policy;
use tlog::tree::{Hash, Index, Place, Size};
use tokio::sync::watch;

pub use compute::{consistency, frontier, receipt, root, tile};
pub use error::{Alarm, EvidenceError, Fault, PublishError};
pub use inboxes::compare_inboxes;
pub use leaves::{fresh_leaves, stored_leaves};
pub use postgres::PostgresEvidence;
pub use recount::{Reach, Recount, reach, tree_of, verify};
pub use sqlite::SqliteEvidence;

/// The log in SQL. Implementations pass one suite of tests.
#[async_trait]
pub trait Evidence: Send + Sync + 'static {
    /// How many entries are integrated: their hashes are stored.
    async fn size(&self) -> Result<Size, EvidenceError>;
    /// The stored hashes of these places, in their order. A place without a hash is an error.
    async fn hashes(&self, places: &[Place]) -> Result<Vec<Hash>, EvidenceError>;
    /// Stores the hashes that entries after a size complete, in the order in which
    /// [`Frontier::append`](tlog::tree::Frontier::append) gave them. All or nothing; refused when the size is
    /// another. They need not be durable before the next checkpoint is.
    async fn integrate(&self, from: Size, full: &[(Place, Hash)]) -> Result<(), EvidenceError>;
    /// Stores a signed checkpoint and shows it once it is durable. The store itself refuses who does not lead,
    /// whatever is not greater than every checkpoint before, and anything while an alarm stands.
    async fn publish(&self, checkpoint: &SignedCheckpoint) -> Result<(), PublishError>;
    /// Adds a cosignature that was verified to a stored checkpoint, in the place of an earlier one by the same
    /// key. With enough of them for the policy it counts as witnessed.
    async fn cosign(
        &self,
        size: Size,
        cosignature: &Signature,
        policy: &Policy,
    ) -> Result<(), EvidenceError>;
    /// The newest checkpoint, with its cosignatures.
    async fn newest(&self) -> Result<Option<SignedCheckpoint>, EvidenceError>;
    /// The newest checkpoint of at least this size that counts as witnessed, with its cosignatures.
    async fn newest_witnessed(
        &self,
        at_least: Size,
    ) -> Result<Option<SignedCheckpoint>, EvidenceError>;
    /// Checkpoints that are greater than one size and not greater than another, smallest first, with their
    /// cosignatures.
    async fn checkpoints(
        &self,
        after: Size,
        until: Size,
        limit: usize,
    ) -> Result<Vec<SignedCheckpoint>, EvidenceError>;
    /// Follows the size of the newest checkpoint; 0 before the first.
    fn published(&self) -> watch::Receiver<Size>;
    /// Raises an alarm: while it stands, nothing is published. It outlives the process, and stands in the place of
    /// one before, unless that one [needs a word](Alarm::needs_word) and it does not.
    async fn raise(&self, alarm: &Alarm) -> Result<(), EvidenceError>;
    /// Lifts the alarm that was read, if it still stands as it was read and the ground is enough for it; false
    /// otherwise. What was lifted is kept. After a recount only who leads lifts.
    async fn lift(&self, read: &Standing, ground: Ground<'_>) -> Result<bool, EvidenceError>;
    /// The alarm that stands, if one does.
    async fn standing(&self) -> Result<Option<Standing>, EvidenceError>;
    /// Alarms that were lifted, the newest first, at most `limit` (capped).
    async fn lifted(&self, limit: usize) -> Result<Vec<Lifted>, EvidenceError>;
    /// What the alarm says that stands, if one does.
    async fn alarm(&self) -> Result<Option<String>, EvidenceError> {
        Ok(self.standing().await?.map(|standing| standing.text))
    }
}

/// An alarm that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it says.
    pub text: String,
    /// Whether only an operator lifts it.
    pub needs_word: bool,
    /// When it was raised, by the store's clock.
    pub raised_at: Timestamp,
}

/// Why an alarm is lifted.
#[derive(Clone, Copy, Debug)]
pub enum Ground<'a> {
    /// All of the log was held against the journal, and agrees again.
    Recount,
    /// An operator says so, and why.
    Word(&'a str),
}

impl<'a> Ground<'a> {
    /// What an operator gave.
    fn reason(self) -> Option<&'a str> {
        match self {
            Self::Recount => None,
            Self::Word(reason) => Some(reason),
        }
    }
}

/// An alarm that was lifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifted {
    /// What it said.
    pub text: String,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When it stood no more.
    pub ended_at: Timestamp,
    /// What an operator gave as a reason; none when everything agreed again.
    pub reason: Option<String>,
}

/// Where an entry stands in the log. Positions begin at 1.
#[must_use]
pub fn index_of(position: Position) -> Option<Index> {
    position.0.checked_sub(1).map(Index)
}

#[cfg(test)]
mod tests;
