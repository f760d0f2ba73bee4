//! The whole record, row by row as it is stored: for whoever replays it, checks it, or carries it elsewhere. Only
//! reads; beside a running service, it waits for nobody and nobody waits for it.

mod log;
mod postgres;
mod sqlite;
mod verify;

use async_trait::async_trait;
use domain::subject::Position;
use uuid::Uuid;

use crate::ReadError;

pub use log::{Logged, verify_log};
pub use postgres::PostgresRows;
pub(crate) use postgres::person_of;
pub use sqlite::SqliteRows;
pub use verify::{Fault, Verified, verify};

/// Entries or rows read at once: enough that asking costs nothing, few enough that the largest fit in memory.
pub(crate) const PAGE: usize = 256;

/// The record's tables, the entries apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Which entry made which version of a subject.
    Versions,
    /// The notices of each recipient.
    Notices,
    /// The request ids, with what they were answered.
    Requests,
    /// The claims to be the one open relocation, or the one report of an arrival.
    Claims,
    /// What happens once for ever.
    Keys,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Versions,
        Self::Notices,
        Self::Requests,
        Self::Claims,
        Self::Keys,
    ];
    /// Those that do not follow from the entries.
    pub const OWN: [Self; 3] = [Self::Requests, Self::Claims, Self::Keys];

    /// What its rows are called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Versions => "versions",
            Self::Notices => "notices",
            Self::Requests => "requests",
            Self::Claims => "claims",
            Self::Keys => "keys",
        }
    }
}

/// A row of one of them. Rows are in the order of what makes each unique, which stands first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// Of [`Table::Versions`].
    Version {
        /// The subject's id.
        subject: Uuid,
        /// The version.
        version: u32,
        /// The entry that made it.
        position: Position,
    },
    /// Of [`Table::Notices`].
    Notice {
        /// The recipient's municipality code.
        recipient: u16,
        /// The notice's number.
        number: u64,
        /// The entry that gave rise to it.
        position: Position,
        /// The chain value after it.
        chain: [u8; 32],
    },
    /// Of [`Table::Requests`].
    Request {
        /// The caller's id.
        id: Uuid,
        /// In whose name it is unique.
        scope: i32,
        /// Keyed hash of the request.
        fingerprint: [u8; 16],
        /// The kind of the subject that is the answer.
        subject_kind: i32,
        /// Its id.
        subject: Uuid,
        /// The position that the answer is valid at.
        position: Position,
        /// Whether it pointed to an older one that held the claim.
        already_open: bool,
    },
    /// Of [`Table::Claims`].
    Claim {
        /// The sender's municipality code.
        sender: u16,
        /// The recipient's municipality code.
        recipient: u16,
        /// Epoch and pseudonym, or what stands for it.
        person: [u8; 18],
        /// Who holds it: a relocation or an arrival.
        relocation: Uuid,
    },
    /// Of [`Table::Keys`].
    Key(String),
}

impl Row {
    /// The entry that it came with.
    fn position(&self) -> Option<Position> {
        match self {
            Self::Version { position, .. }
            | Self::Notice { position, .. }
            | Self::Request { position, .. } => Some(*position),
            Self::Claim { .. } | Self::Key(_) => None,
        }
    }

    /// The subject that it points to.
    fn subject(&self) -> Option<Uuid> {
        match self {
            Self::Version { subject, .. } | Self::Request { subject, .. } => Some(*subject),
            Self::Claim { relocation, .. } => Some(*relocation),
            Self::Notice { .. } | Self::Key(_) => None,
        }
    }
}

/// A record that is read row by row.
#[async_trait]
pub trait Rows: Send {
    /// The position of the newest entry.
    async fn edge(&mut self) -> Result<Position, ReadError>;
    /// How far the record's clock was moved, in seconds.
    async fn ahead_seconds(&mut self) -> Result<i64, ReadError>;
    /// Entries after a position, in order, at most `limit`.
    async fn entries(
        &mut self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, ReadError>;
    /// The entries at these positions, in their order. None where there is none.
    async fn entries_at(
        &mut self,
        positions: &[Position],
    ) -> Result<Vec<Option<Vec<u8>>>, ReadError>;
    /// Where the first entries of these subjects are, in their order. None where there is none.
    async fn begun_at(&mut self, subjects: &[Uuid]) -> Result<Vec<Option<Position>>, ReadError>;
    /// Rows of a table after one of them, in order, at most `limit`. Of the row only what makes it unique counts.
    async fn rows(
        &mut self,
        table: Table,
        after: Option<&Row>,
        limit: usize,
    ) -> Result<Vec<Row>, ReadError>;
}

/// The store holds what cannot be a row.
#[derive(Debug, thiserror::Error)]
#[error("a row of '{0}' cannot be read")]
struct Unsound(&'static str);

fn unsound(table: Table) -> ReadError {
    ReadError::store(Unsound(table.name()))
}

#[cfg(test)]
pub(crate) mod tests;
