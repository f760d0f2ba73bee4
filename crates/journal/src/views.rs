//! The read tables: what lists and streams are answered from. Written by the ledger from the journal,
//! and rebuilt from it when they are missing. They hold ids and filter columns, never a body; whoever
//! reads folds the journal's entries up to the position that the tables are valid at.

mod postgres;
mod snapshot;
mod sqlite;

use async_trait::async_trait;
use domain::definition::Definition;
use domain::entry::Entry;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Subject};
use tokio::sync::watch;

use crate::ReadError;

pub use postgres::PostgresViews;
pub use snapshot::{Difference, Snapshot};
pub use sqlite::SqliteViews;

/// Which relocations to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct RelocationFilter {
    /// Sent by.
    pub sender: Option<MunicipalityCode>,
    /// Received by.
    pub recipient: Option<MunicipalityCode>,
    /// Either.
    pub party: Option<MunicipalityCode>,
    /// With this counterpart.
    pub counterpart: Option<MunicipalityCode>,
    /// In this state, by its number.
    pub state: Option<i32>,
}

/// Which alerts to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlertFilter {
    /// Asked or asking.
    pub party: Option<MunicipalityCode>,
    /// In this state, by its number.
    pub state: Option<i32>,
}

/// What an entry changes in the read tables, decided by the ledger's rules.
#[derive(Clone, Debug)]
pub enum Change {
    /// A relocation's state.
    Relocation {
        /// Its state's number.
        state: i32,
    },
    /// An arrival's state.
    Arrival {
        /// Which arrival; an alert's entry changes its arrival's state too.
        arrival: Subject,
        /// Its state's number.
        state: i32,
    },
    /// An alert's state.
    Alert {
        /// Its state's number.
        state: i32,
    },
    /// The entry is one of a municipality's own; of the operators' under [`MunicipalityCode::HOUSE`].
    Own(MunicipalityCode),
}

/// One page of a list, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// Each with the position of its first entry, which the next page continues below.
    pub rows: Vec<(Subject, Position)>,
    /// The tables are valid at this position.
    pub valid_at: Position,
}

/// Positions of entries, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// Where they stand.
    pub positions: Vec<Position>,
    /// The tables are valid at this position.
    pub valid_at: Position,
}

/// The read tables.
#[async_trait]
pub trait Views: Send + Sync + 'static {
    /// Writes what a run of entries changes, in one transaction.
    async fn write(
        &self,
        entries: &[(&Entry, Vec<Change>)],
        valid_at: Position,
    ) -> Result<(), ReadError>;
    /// The position the tables are valid at.
    async fn valid_at(&self) -> Result<Position, ReadError>;
    /// Follows that position.
    fn changes(&self) -> watch::Receiver<Position>;
    /// Lists relocations whose first entry stands below a position, newest first.
    async fn relocations(
        &self,
        filter: RelocationFilter,
        below: Position,
        limit: usize,
    ) -> Result<Page, ReadError>;
    /// Lists a municipality's arrivals likewise.
    async fn arrivals(
        &self,
        municipality: MunicipalityCode,
        state: Option<i32>,
        below: Position,
        limit: usize,
    ) -> Result<Page, ReadError>;
    /// Lists alerts likewise.
    async fn alerts(
        &self,
        filter: AlertFilter,
        below: Position,
        limit: usize,
    ) -> Result<Page, ReadError>;
    /// Alerts that changed after a position, in the order of their newest change.
    async fn alerts_changed(
        &self,
        party: Option<MunicipalityCode>,
        after: Position,
        limit: usize,
    ) -> Result<Page, ReadError>;
    /// A municipality's own entries after a position, oldest first.
    async fn own(
        &self,
        municipality: MunicipalityCode,
        after: Position,
        limit: usize,
    ) -> Result<Own, ReadError>;
    /// The alert raised about an arrival, if any.
    async fn alert_about(&self, arrival: Subject) -> Result<Option<Subject>, ReadError>;
    /// Up to which notice a municipality's system has confirmed; none when it never did.
    async fn confirmed(
        &self,
        municipality: MunicipalityCode,
    ) -> Result<Option<NoticeNumber>, ReadError>;
    /// Whether a municipality has ever confirmed a notice.
    async fn is_connected(&self, municipality: MunicipalityCode) -> Result<bool, ReadError> {
        Ok(self.confirmed(municipality).await?.is_some())
    }
    /// The definition in force at a position; the first one before any is recorded.
    async fn definition(&self, at: Position) -> Result<Definition, ReadError>;
    /// A named position, for example the relay's; 0 when it was never set.
    async fn mark(&self, name: &str) -> Result<Position, ReadError>;
    /// Sets a named position.
    async fn set_mark(&self, name: &str, position: Position) -> Result<(), ReadError>;
}

#[cfg(test)]
mod tests;
