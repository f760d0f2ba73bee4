//! Carries a whole record from one store into another, empty one: every entry byte for byte, and the rows beside
//! the entries that do not follow from them. No service may write like this; whoever copies owns both stores.
//!
//! What must never happen: a copy that lacks something, or that a service could have before it was read back.

mod postgres;
mod sqlite;

use api::record;
use async_trait::async_trait;
use domain::entry::Entry;
use domain::subject::{Position, Subject, Version};
use jiff::Timestamp;

use crate::ReadError;
use crate::audit::{Fault, PAGE, Row, Rows, Table, Verified, verify};

pub use postgres::PostgresTarget;
pub use sqlite::SqliteTarget;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A store could not be read or written, or an entry cannot be read.
    #[error(transparent)]
    Store(#[from] ReadError),
    /// The record that is copied is not sound, or its copy is not.
    #[error("{count} faults, the first one is: {first}")]
    Unsound {
        /// How many.
        count: u64,
        /// The first.
        first: Fault,
    },
    /// What was read back is not what was written.
    #[error("the copy differs in its {0}")]
    Differs(&'static str),
}

/// An entry on its way.
#[derive(Clone, Debug)]
pub struct Carried {
    /// As it is stored, and will be.
    pub bytes: Vec<u8>,
    /// What it says, from which the rows beside it follow.
    pub entry: Entry,
}

/// The end of a record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Edge {
    /// The newest entry.
    pub position: Position,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The newest version of the system.
    pub system_version: Version,
    /// How far the clock was moved, in seconds.
    pub ahead_seconds: i64,
}

/// An empty store that takes a record in, wholly or not at all.
#[async_trait]
pub trait Target: Send {
    /// Takes the next entries in, and makes their versions and notices.
    async fn put(&mut self, entries: &[Carried]) -> Result<(), ReadError>;
    /// Takes rows in, of a table that does not follow from the entries.
    async fn put_rows(&mut self, rows: &[Row]) -> Result<(), ReadError>;
    /// Takes the end in.
    async fn put_edge(&mut self, edge: Edge) -> Result<(), ReadError>;
    /// What was taken in so far.
    fn rows(&mut self) -> &mut dyn Rows;
    /// Makes it durable, and lets services have it.
    async fn publish(self: Box<Self>) -> Result<(), ReadError>;
}

/// Copies a record that nobody appends to meanwhile, reads the copy back, and only then lets services have it.
/// `seen` is told how many entries and rows were carried or read back.
pub async fn copy(
    origin: &mut dyn Rows,
    mut target: Box<dyn Target>,
    mut seen: impl FnMut(usize) + Send,
) -> Result<Verified, CopyError> {
    carry(origin, target.as_mut(), &mut seen).await?;
    let original = sound(verify(origin, &mut seen).await?)?;
    let copied = sound(verify(target.rows(), &mut seen).await?)?;
    if copied.head != original.head {
        return Err(CopyError::Differs("entries"));
    }
    for table in Table::ALL {
        if !is_same(origin, target.rows(), table).await? {
            return Err(CopyError::Differs(table.name()));
        }
    }
    target.publish().await?;
    Ok(copied)
}

async fn carry(
    origin: &mut dyn Rows,
    target: &mut dyn Target,
    seen: &mut (impl FnMut(usize) + Send),
) -> Result<(), ReadError> {
    let mut edge = Edge::default();
    loop {
        let page = origin.entries(edge.position, PAGE).await?;
        if page.is_empty() {
            break;
        }
        let page = page
            .into_iter()
            .map(|(position, bytes)| carried(position, bytes));
        let page: Vec<Carried> = page.collect::<Result<_, _>>()?;
        for Carried { entry, .. } in &page {
            edge.position = entry.position;
            edge.recorded_at = entry.recorded_at;
            if entry.subject == Subject::SYSTEM {
                edge.system_version = entry.version;
            }
        }
        target.put(&page).await?;
        seen(page.len());
    }
    for table in Table::OWN {
        let mut after = None;
        loop {
            let page = origin.rows(table, after.as_ref(), PAGE).await?;
            if page.is_empty() {
                break;
            }
            target.put_rows(&page).await?;
            seen(page.len());
            after = page.into_iter().last();
        }
    }
    edge.ahead_seconds = origin.ahead_seconds().await?;
    target.put_edge(edge).await
}

fn carried(position: Position, bytes: Vec<u8>) -> Result<Carried, ReadError> {
    let entry = record::decode(&bytes).map_err(|source| ReadError::Unreadable {
        position: position.0,
        source,
    })?;
    Ok(Carried { bytes, entry })
}

fn sound(verified: Verified) -> Result<Verified, CopyError> {
    match verified.faults.first() {
        Some(first) => Err(CopyError::Unsound {
            count: verified.faults_count,
            first: *first,
        }),
        None => Ok(verified),
    }
}

/// Whether two stores hold the same rows.
async fn is_same(
    one: &mut dyn Rows,
    other: &mut dyn Rows,
    table: Table,
) -> Result<bool, ReadError> {
    let mut after = None;
    loop {
        let page = one.rows(table, after.as_ref(), PAGE).await?;
        if page != other.rows(table, after.as_ref(), PAGE).await? {
            return Ok(false);
        }
        if page.is_empty() {
            return Ok(true);
        }
        after = page.into_iter().last();
    }
}

#[cfg(test)]
mod tests;
