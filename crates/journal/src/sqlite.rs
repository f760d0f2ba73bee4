//! The journal in SQLite: one file, one process, one writer thread, groups committed together.

#[cfg(test)]
pub(crate) mod earlier;
mod lock;
mod rows;
mod schema;
mod write;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use async_trait::async_trait;
use domain::entry::Entry;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, SubjectKind};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::batch::{Answer, Batch, OpenClaim, Outcome, Scope};
use crate::clock::Clock;
use crate::limits::{QUEUE_BATCHES_MAX, READ_ENTRIES_MAX};
use crate::tail::Tail;
use crate::{AppendError, InboxHead, Journal, ReadError, Stored};

pub(crate) use lock::FileLock;
pub(crate) use schema::{is_current, is_migrated, keep_plans, migrate, prepare, reader};

/// Why the journal could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("'{}' is in use by another process; stop that one first", path.display())]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// The lock file could not be made.
    #[error("'{}' cannot be opened", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is from a newer version of Flyttbud.
    #[error("the journal has schema version {0}, which is newer than this program knows")]
    Newer(i64),
    /// The file is from an older version of Flyttbud, or is no journal.
    #[error(
        "no journal of this version: start the service over it first, which brings it up to date"
    )]
    Older(i64),
    /// The store refused.
    #[error("the file cannot be opened")]
    Store(#[from] rusqlite::Error),
    /// Its newest entry cannot be read.
    #[error("the journal cannot be read")]
    Read(#[from] ReadError),
    /// The writer thread could not start.
    #[error("the writer cannot start")]
    Thread(#[source] std::io::Error),
}

pub(crate) type Waiting = (Batch, oneshot::Sender<Result<Outcome, AppendError>>);

/// The journal in SQLite.
#[derive(Debug)]
pub struct SqliteJournal {
    // dropped before the thread is joined, which ends it
    queue: Option<mpsc::Sender<Waiting>>,
    thread: Option<JoinHandle<()>>,
    readers: Mutex<Vec<Connection>>,
    path: PathBuf,
    edge: watch::Receiver<Position>,
    clock: Clock,
    tail: Arc<Tail>,
    _lock: FileLock,
}

impl SqliteJournal {
    /// Opens or creates the journal and locks it to this process.
    pub fn open(path: &Path) -> Result<Arc<Self>, OpenError> {
        let lock = FileLock::take(path)?;
        let connection = Connection::open(path)?;
        prepare(&connection)?;
        let clock = Clock::default();
        let state = write::State::load(&connection, clock.clone())?;
        let (edge_sender, edge) = watch::channel(state.edge());
        let tail = Arc::new(Tail::default());
        let (queue, waiting) = mpsc::channel(QUEUE_BATCHES_MAX);
        let thread = std::thread::Builder::new()
            .name("journal-writer".into())
            .spawn({
                let tail = Arc::clone(&tail);
                move || writer::run(&connection, state, waiting, &edge_sender, &tail)
            })
            .map_err(OpenError::Thread)?;
        Ok(Arc::new(Self {
            queue: Some(queue),
            thread: Some(thread),
            readers: Mutex::new(Vec::new()),
            path: path.to_owned(),
            edge,
            clock,
            tail,
            _lock: lock,
        }))
    }

    /// Runs a short read on a connection of its own. Reads take microseconds and never wait for the
    /// writer, so they run where they are called.
    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, ReadError> {
        let idle = self
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match idle {
            Some(connection) => connection,
            None => reader(&self.path).map_err(ReadError::store)?,
        };
        let result = query(&connection).map_err(ReadError::store);
        self.readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        result
    }

    fn stored_after(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, ReadError> {
        self.read(|connection| {
            stored(
                connection,
                "SELECT position, bytes FROM entries WHERE position > ?1 ORDER BY position LIMIT ?2",
                params![after.0.cast_signed(), capped(limit)],
            )
        })
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        self.queue.take();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("journal writer panicked");
        }
    }
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn append(&self, batch: Batch) -> Result<Outcome, AppendError> {
        let queue = self.queue.as_ref().ok_or(AppendError::Unavailable)?;
        let (reply, answer) = oneshot::channel();
        queue
            .send((batch, reply))
            .await
            .map_err(|_closed| AppendError::Unavailable)?;
        answer.await.map_err(|_closed| AppendError::Unavailable)?
    }

    async fn read_after(&self, after: Position, limit: usize) -> Result<Vec<Stored>, ReadError> {
        if let Some(newest) = self.tail.read_after(after, limit) {
            return Ok(newest);
        }
        self.stored_after(after, limit)?
            .into_iter()
            .map(|(position, bytes)| {
                let entry = decode(position, &bytes)?;
                Ok(Stored { entry, bytes })
            })
            .collect()
    }

    async fn read_stored(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, ReadError> {
        let found = self.stored_after(after, limit)?;
        Ok(found
            .into_iter()
            .map(|(position, bytes)| (Position(position), bytes))
            .collect())
    }

    async fn under(&self, id: Uuid, up_to: Position) -> Result<Vec<Entry>, ReadError> {
        let found = self.read(|connection| {
            stored(
                connection,
                "SELECT e.position, e.bytes FROM versions v JOIN entries e ON e.position = v.position \
                 WHERE v.subject = ?1 AND v.position <= ?2 ORDER BY v.version",
                params![id.as_bytes(), up_to.0.cast_signed()],
            )
        })?;
        decode_all(found)
    }

    async fn notices(
        &self,
        recipient: MunicipalityCode,
        after: NoticeNumber,
        limit: usize,
    ) -> Result<Vec<Entry>, ReadError> {
        let found = self.read(|connection| {
            stored(
                connection,
                "SELECT e.position, e.bytes FROM notices n JOIN entries e ON e.position = n.position \
                 WHERE n.recipient = ?1 AND n.number > ?2 ORDER BY n.number LIMIT ?3",
                params![recipient.number(), after.0.cast_signed(), capped(limit)],
            )
        })?;
        decode_all(found)
    }

    async fn inbox_head(&self, recipient: MunicipalityCode) -> Result<InboxHead, ReadError> {
        self.read(|connection| rows::inbox_head(connection, recipient))
    }

    async fn answer(
        &self,
        scope: Scope,
        id: Uuid,
    ) -> Result<Option<([u8; 16], Answer)>, ReadError> {
        self.read(|connection| rows::request_row(connection, scope, id))
    }

    async fn holder(&self, claim: &OpenClaim) -> Result<Option<Uuid>, ReadError> {
        self.read(|connection| rows::open_relocation(connection, claim))
    }

    fn edge(&self) -> watch::Receiver<Position> {
        self.edge.clone()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn capped(limit: usize) -> i64 {
    i64::try_from(limit.min(READ_ENTRIES_MAX)).unwrap_or(i64::MAX)
}

fn stored(
    connection: &Connection,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Vec<(u64, Vec<u8>)>, rusqlite::Error> {
    connection
        .prepare_cached(sql)?
        .query_map(values, |row: &Row<'_>| {
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?))
        })?
        .collect()
}

fn decode(position: u64, bytes: &[u8]) -> Result<Entry, ReadError> {
    api::record::decode(bytes).map_err(|source| ReadError::Unreadable { position, source })
}

fn decode_all(rows: Vec<(u64, Vec<u8>)>) -> Result<Vec<Entry>, ReadError> {
    rows.into_iter()
        .map(|(position, bytes)| decode(position, &bytes))
        .collect()
}

/// The number a subject kind is stored as.
pub(crate) fn kind_number(kind: SubjectKind) -> i64 {
    match kind {
        SubjectKind::System => 1,
        SubjectKind::Relocation => 2,
        SubjectKind::Arrival => 3,
        SubjectKind::Alert => 4,
        SubjectKind::Municipality => 5,
        SubjectKind::RegisterEvent => 6,
    }
}

pub(crate) fn kind_from_number(number: i64) -> SubjectKind {
    match number {
        2 => SubjectKind::Relocation,
        3 => SubjectKind::Arrival,
        4 => SubjectKind::Alert,
        5 => SubjectKind::Municipality,
        6 => SubjectKind::RegisterEvent,
        _ => SubjectKind::System,
    }
}

pub(crate) fn scope_number(scope: Scope) -> i64 {
    match scope {
        Scope::Municipality(code) => i64::from(code.number()),
        Scope::Operators => -1,
        Scope::Administrators => -2,
    }
}

pub(crate) fn first_row<T>(
    result: Result<T, rusqlite::Error>,
) -> Result<Option<T>, rusqlite::Error> {
    result.optional()
}

#[cfg(test)]
mod tests;
