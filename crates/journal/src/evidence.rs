//! Evidence: the Merkle log over the journal. Its leaves are the entries' bytes as stored, the entry at position
//! 1 first. Here its hashes, checkpoints and cosignatures are kept and read; whoever signs stands above.
//!
//! What must never happen: two roots for one size. Hashes can be made anew from the journal; a checkpoint that was
//! signed is never changed, forgotten or followed by a smaller one.

mod compute;
mod error;
mod leaves;
mod postgres;
mod recount;
mod rows;
mod sqlite;

use async_trait::async_trait;
use domain::subject::Position;
use tlog::checkpoint::SignedCheckpoint;
use tlog::note::Signature;
use tlog::policy::Policy;
use tlog::tree::{Hash, Index, Place, Size};
use tokio::sync::watch;

pub use compute::{consistency, frontier, receipt, root, tile};
pub use error::{Alarm, EvidenceError, Fault, PublishError};
pub use leaves::{fresh_leaves, stored_leaves};
pub use postgres::PostgresEvidence;
pub use recount::{Reach, Recount, reach, verify};
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
    /// Checkpoints that are greater than a size, smallest first, with their cosignatures.
    async fn checkpoints(
        &self,
        after: Size,
        limit: usize,
    ) -> Result<Vec<SignedCheckpoint>, EvidenceError>;
    /// Follows the size of the newest checkpoint; 0 before the first.
    fn published(&self) -> watch::Receiver<Size>;
    /// Raises or lifts the alarm: while it stands, nothing is published. It outlives the process.
    async fn set_alarm(&self, alarm: Option<&Alarm>) -> Result<(), EvidenceError>;
    /// What the alarm says that stands, if one does.
    async fn alarm(&self) -> Result<Option<String>, EvidenceError>;
}

/// Where an entry stands in the log. Positions begin at 1.
#[must_use]
pub fn index_of(position: Position) -> Option<Index> {
    position.0.checked_sub(1).map(Index)
}

#[cfg(test)]
mod tests;
