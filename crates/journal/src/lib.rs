//! The record: one append-only journal in SQL, and the read tables beside it.
//!
//! Invariant: one total order without gaps; whoever is answered is answered after its entries are durable;
//! every "once" is a constraint that the journal checks under its lock.

pub mod audit;
pub mod backup;
pub mod batch;
pub mod clock;
pub mod conformance;
pub mod copy;
pub mod evidence;
pub mod export;
mod limits;
pub mod postgres;
pub mod sqlite;
mod tail;
pub mod views;

use async_trait::async_trait;
use domain::entry::{Entry, NoticeRef};
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Subject};
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

pub use batch::{Answer, Appended, Batch, OpenClaim, OpenKey, Outcome, Request, Scope};
pub use clock::Clock;
pub use evidence::{Evidence, PostgresEvidence, SqliteEvidence};
pub use postgres::PostgresJournal;
pub use sqlite::SqliteJournal;
pub use views::{PostgresViews, SqliteViews, Views};

/// Why a batch was not appended. Nothing of it is in the journal, save where it says so.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A subject is not at the version that the batch expects: read again and decide again.
    #[error("the subject has moved to another version")]
    VersionConflict,
    /// The request id was used for other content.
    #[error("the request id was used for other content")]
    RequestReused,
    /// The unique key exists: what it stands for has happened.
    #[error("the unique key exists")]
    KeyExists,
    /// What the batch would go on from is not what was stored: an operator must look, no retry mends it.
    #[error("the journal's tables do not say what its entries do")]
    Damaged,
    /// The batch breaks a limit: no entries or too many, or an entry too large.
    #[error("the batch is over a limit")]
    TooLarge,
    /// The store could not; whether it is in the journal is unknown until the request id is looked up.
    #[error("the journal is not available")]
    Unavailable,
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store could not be read.
    #[error("the journal could not be read")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another ledger leads: what this one wanted to write was not written.
    #[error("another ledger leads")]
    NotLeading,
    /// An entry cannot be decoded: the reader must halt, unknown is never skipped.
    #[error("entry {position} cannot be read")]
    Unreadable {
        /// Which.
        position: u64,
        /// Why.
        #[source]
        source: api::record::Unreadable,
    },
}

impl ReadError {
    /// A failure of the store, whichever it is.
    pub(crate) fn store(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Store(Box::new(error))
    }
}

/// An entry with its bytes as stored, which are what evidence hashes.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Decoded.
    pub entry: Entry,
    /// As stored.
    pub bytes: Vec<u8>,
}

/// The head of a recipient's inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxHead {
    /// The highest number; 0 when nothing came yet.
    pub number: NoticeNumber,
    /// The chain value at that number.
    pub chain: [u8; 32],
}

impl InboxHead {
    /// Before anything came.
    pub const EMPTY: Self = Self {
        number: NoticeNumber(0),
        chain: api::chain::START,
    };

    /// Whether the entry that gave rise to the newest notice says the same: a table beside can be changed unseen, an
    /// entry's bytes cannot.
    pub fn is_said_by(&self, recipient: MunicipalityCode, entry: &Entry) -> bool {
        let is_said = |notice: &NoticeRef| {
            notice.recipient == recipient
                && notice.number == self.number
                && notice.chain == self.chain
        };
        entry.notices.iter().any(is_said)
    }
}

/// The journal. Implementations pass the one conformance suite in [`conformance`].
#[async_trait]
pub trait Journal: Send + Sync + 'static {
    /// Appends a batch, wholly or not at all, and returns once it is durable.
    async fn append(&self, batch: Batch) -> Result<Outcome, AppendError>;
    /// Entries after a position, in order, at most `limit` (capped).
    async fn read_after(&self, after: Position, limit: usize) -> Result<Vec<Stored>, ReadError>;
    /// The bytes of entries after a position as they stand in the store, in order, at most `limit` (capped).
    /// Never from memory, and not decoded: evidence is about what is stored.
    async fn read_stored(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, ReadError>;
    /// Whether it reaches to a position. The store is asked: the edge may lag behind what another process has written.
    async fn reaches(&self, position: Position) -> Result<bool, ReadError> {
        let Some(before) = position.0.checked_sub(1) else {
            return Ok(true);
        };
        Ok(!self.read_stored(Position(before), 1).await?.is_empty())
    }
    /// The entries that are found under an id up to a position, in version order, whatever they are about.
    async fn under(&self, id: Uuid, up_to: Position) -> Result<Vec<Entry>, ReadError>;
    /// The entries of a subject up to a position, in version order. Ids are unique over kinds: a name of another kind
    /// finds nothing.
    async fn subject(&self, subject: Subject, up_to: Position) -> Result<Vec<Entry>, ReadError> {
        let found = self.under(subject.id, up_to).await?;
        let is_all = found.iter().all(|entry| entry.subject == subject);
        Ok(if is_all { found } else { Vec::new() })
    }
    /// Entries that gave rise to notices for a recipient after a number, in that order. An entry stands once
    /// for each of its notices after that number.
    async fn notices(
        &self,
        recipient: MunicipalityCode,
        after: NoticeNumber,
        limit: usize,
    ) -> Result<Vec<Entry>, ReadError>;
    /// The head of a recipient's inbox.
    async fn inbox_head(&self, recipient: MunicipalityCode) -> Result<InboxHead, ReadError>;
    /// What a request id was answered with, behind the fingerprint of that request.
    async fn answer(&self, scope: Scope, id: Uuid)
    -> Result<Option<([u8; 16], Answer)>, ReadError>;
    /// Who holds a claim now, if anybody does: of several the one that an append would be answered with.
    async fn holder(&self, claim: &OpenClaim) -> Result<Option<Uuid>, ReadError>;
    /// Follows the highest durable position: the hint that wakes whoever tails.
    fn edge(&self) -> watch::Receiver<Position>;
    /// The record's clock.
    fn now(&self) -> Timestamp;
}
