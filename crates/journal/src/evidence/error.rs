//! What can be wrong: with the store of the log, with a checkpoint that is to be published, and with the record
//! itself. An alarm is no error of a call: it says that what is stored is not what was logged.

use domain::municipality::MunicipalityCode;
use tlog::tree::{Place, Size};

use crate::ReadError;

/// The log could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The store could not.
    #[error("the log is not available")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A hash that must be there is not.
    #[error("no hash is stored at level {} index {}", .0.level, .0.index)]
    Missing(Place),
    /// A stored checkpoint is none, or not of the size that it is stored under.
    #[error("the stored checkpoint of size {} cannot be read", size.0)]
    Malformed {
        /// Under which size.
        size: Size,
        /// Why.
        #[source]
        source: tlog::Malformed,
    },
    /// Hashes were to be added after a size that the log is not at, or a checkpoint of that size is not there.
    #[error("the log is at another size")]
    OtherSize,
    /// Another ledger leads.
    #[error("another ledger leads")]
    NotLeading,
    /// The tree does not reach that far.
    #[error("the tree does not reach that far")]
    Outside,
    /// The stored hashes do not belong together.
    #[error("the stored hashes do not belong together")]
    Unsound,
}

impl EvidenceError {
    /// A failure of the store, whichever it is.
    pub fn store(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Store(Box::new(error))
    }
}

/// A checkpoint was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// An alarm stands.
    #[error("an alarm stands")]
    Alarmed,
    /// Another ledger leads.
    #[error("another ledger leads")]
    NotLeading,
    /// A checkpoint of this size or a greater one was published before.
    #[error("a checkpoint of that size or a greater one exists")]
    NotGreater,
    /// The store could not; whether it is published is unknown until it is read.
    #[error("the checkpoint could not be stored")]
    Store(#[from] EvidenceError),
}

/// What is stored is not what was logged. Nothing is signed any more; registrations go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Alarm {
    /// An entry of the journal is gone.
    #[error("entry {0} of the journal is missing")]
    EntryMissing(u64),
    /// An entry of the journal has other bytes than were logged, or the log another hash than it had.
    #[error("entry {0} of the journal does not have the hash that was logged")]
    EntryDiffers(u64),
    /// The journal's store has other bytes than its writer kept in memory.
    #[error("entry {0} is not stored as it was written")]
    NotAsWritten(u64),
    /// What comes next in a municipality's inbox would be chained to something else than its entry says.
    #[error("the newest notice to {0} is not as its entry says")]
    InboxDiffers(MunicipalityCode),
    /// A hash of the log does not follow from those below it.
    #[error("the hash at level {} index {} does not follow from those below", .0.level, .0.index)]
    HashDiffers(Place),
    /// A hash of the log is gone.
    #[error("the hash at level {} index {} is missing", .0.level, .0.index)]
    HashMissing(Place),
    /// The hashes of the log give another root than the entries did.
    #[error("the hashes of the log give another root for size {} than the entries", .0.0)]
    HashesDiffer(Size),
    /// The journal ends before so many entries, which were logged: it was restored or cut.
    #[error("the journal ends before the {} entries that were logged", .0.0)]
    Behind(Size),
    /// A checkpoint has another root than its entries.
    #[error("the checkpoint of size {} has another root than the journal", .0.0)]
    RootDiffers(Size),
    /// A checkpoint cannot be read, or its signature is false.
    #[error("the checkpoint of size {} is damaged", .0.0)]
    CheckpointDamaged(Size),
    /// A checkpoint in the log's name is not by its key.
    #[error("the checkpoint of size {} is not signed by the log's key", .0.0)]
    CheckpointUnsigned(Size),
    /// As many witnesses as a full receipt needs have cosigned a tree that this log does not continue: it was
    /// restored from an older copy, or somebody signs another one with its key. Their names in the policy.
    #[error("witnesses have seen another history of the log: {}", .0.join(", "))]
    Contradicted(Vec<String>),
}

impl Alarm {
    /// Whether only an operator lifts it. What witnesses have seen stands in no store here, and what the journal's writer
    /// kept in memory in none either: that everything in the stores agrees says nothing about it.
    #[must_use]
    pub fn needs_word(&self) -> bool {
        match self {
            Self::Contradicted(_) | Self::NotAsWritten(_) => true,
            Self::EntryMissing(_)
            | Self::EntryDiffers(_)
            | Self::InboxDiffers(_)
            | Self::HashDiffers(_)
            | Self::HashMissing(_)
            | Self::HashesDiffer(_)
            | Self::Behind(_)
            | Self::RootDiffers(_)
            | Self::CheckpointDamaged(_)
            | Self::CheckpointUnsigned(_) => false,
        }
    }
}

/// Why the log does not go on.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Something is not what was logged.
    #[error("the evidence does not hold")]
    Alarm(#[source] Alarm),
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// The log could not be read or written.
    #[error(transparent)]
    Evidence(EvidenceError),
    /// A checkpoint was not published.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl From<Alarm> for Fault {
    fn from(alarm: Alarm) -> Self {
        Self::Alarm(alarm)
    }
}

/// What the store lacks or cannot read back of what it was given is an alarm.
impl From<EvidenceError> for Fault {
    fn from(error: EvidenceError) -> Self {
        match error {
            EvidenceError::Missing(place) => Self::Alarm(Alarm::HashMissing(place)),
            EvidenceError::Malformed { size, .. } => Self::Alarm(Alarm::CheckpointDamaged(size)),
            EvidenceError::Store(_)
            | EvidenceError::OtherSize
            | EvidenceError::NotLeading
            | EvidenceError::Outside
            | EvidenceError::Unsound => Self::Evidence(error),
        }
    }
}
