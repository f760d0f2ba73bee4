//! The key store in SQLite: one file, one process, one writing connection, some reading ones.

mod accesses;
mod gathered;
mod group;
mod lock;
pub(crate) mod marks;
mod noted;
mod notes;
mod refusals;
mod reviews;
pub(crate) mod roots;
pub(crate) mod schema;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use async_trait::async_trait;
use domain::municipality::MunicipalityCode;
use domain::subject::Subject;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::coming::Arrivals;
use crate::keys::{KeyName, KeyPlace};
use crate::limits::{FOUND_MAX, NOTED_MAX, QUEUE_CHANGES_MAX, READERS_IDLE_MAX};
use crate::mark::{Mark, Round};
use crate::note::{NoteKind, NoteName};
use crate::part::KeysId;
use crate::refusals::Refused;
use crate::review::ReviewRow;
use crate::store::{
    AccessQuery, Change, KeyStore, PlacedKey, StoredAccess, StoredBodyKeys, StoredKey, StoredRoot,
    subject,
};
use crate::{Error, OpenError, RootKeys, RootUse, held};

use gathered::Gathered;
use noted::Noted;
use writer::{Waiting, Writer};

pub(crate) use lock::{Lock, private_file};
pub(crate) use schema::prepare;

/// The store. Dropping it writes what waits and closes the file.
pub(crate) struct SqliteStore {
    path: PathBuf,
    // dropped before the thread is joined, which ends it
    queue: Option<mpsc::Sender<Waiting>>,
    thread: Option<JoinHandle<()>>,
    readers: Mutex<Vec<Connection>>,
    gathered: Arc<Gathered>,
    noted: Arc<Noted>,
    _lock: Lock,
}

impl SqliteStore {
    pub(crate) fn open(
        path: &Path,
        given: &RootKeys,
        arrivals: Arrivals,
    ) -> Result<Self, OpenError> {
        let lock = Lock::take(path)?;
        // SQLite gives its other files the mode of this one
        drop(private_file(path)?);
        let connection = Connection::open(path)?;
        prepare(&connection)?;
        roots::prove(&connection, given)?;
        let gathered = Arc::new(Gathered::load(&connection)?);
        let (queue, waiting) = mpsc::channel(QUEUE_CHANGES_MAX);
        let noted = Arc::new(Noted::load(&connection, NOTED_MAX)?);
        let known = (Arc::clone(&gathered), Arc::clone(&noted));
        let writer = Writer::new(connection, known, arrivals)?;
        let thread = std::thread::Builder::new()
            .name("vault-writer".into())
            .spawn(move || writer.run(waiting))
            .map_err(OpenError::Thread)?;
        Ok(Self {
            path: path.to_owned(),
            queue: Some(queue),
            thread: Some(thread),
            readers: Mutex::new(Vec::new()),
            gathered,
            noted,
            _lock: lock,
        })
    }

    /// Runs a short read. Reads take microseconds and never wait for the writer, so they run where they
    /// are called.
    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, Error> {
        let idle = held(&self.readers).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::reader(&self.path)?,
        };
        let result = query(&connection);
        let mut readers = held(&self.readers);
        if readers.len() < READERS_IDLE_MAX {
            readers.push(connection);
        }
        Ok(result?)
    }
}

/// Kinds and ids of an authority's newest subjects under a token, in the table.
fn search_one(
    connection: &Connection,
    authority: MunicipalityCode,
    token: [u8; 16],
) -> Result<Vec<(i64, Uuid)>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT kind, subject FROM search WHERE authority = ?1 AND token = ?2 \
             ORDER BY subject DESC LIMIT ?3",
        )?
        .query_map(
            params![authority.number(), token, bound(FOUND_MAX)],
            kind_and_id,
        )?
        .collect()
}

#[async_trait]
impl KeyStore for SqliteStore {
    async fn key(&self, name: KeyName) -> Result<StoredKey, Error> {
        self.read(|connection| roots::key(connection, name))
    }

    async fn roots(&self) -> Result<Vec<StoredRoot>, Error> {
        self.read(roots::stored)
    }

    async fn root_uses(&self) -> Result<Vec<RootUse>, Error> {
        self.read(roots::uses)
    }

    async fn keys_under_others(
        &self,
        root: &str,
        after: KeyPlace,
        limit: usize,
    ) -> Result<Vec<PlacedKey>, Error> {
        self.read(|connection| roots::keys_under_others(connection, root, after, limit))
    }

    async fn body_key(
        &self,
        id: &KeysId,
        authority: MunicipalityCode,
    ) -> Result<Option<(i16, Vec<u8>)>, Error> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT epoch, wrapped FROM body_keys WHERE subject = ?1 AND version = ?2 \
                     AND authority = ?3 AND sealing = ?4",
                )?
                .query_row(
                    params![
                        id.subject.id.as_bytes(),
                        id.version.0,
                        authority.number(),
                        id.sealing
                    ],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()
        })
    }

    async fn search(
        &self,
        authority: MunicipalityCode,
        tokens: &[[u8; 16]],
    ) -> Result<Vec<Subject>, Error> {
        // first what may move from here to there meanwhile
        let mut found: Vec<Vec<_>> = tokens
            .iter()
            .map(|token| self.gathered.search(authority, *token))
            .collect();
        self.read(|connection| {
            for (found, token) in found.iter_mut().zip(tokens) {
                found.extend(search_one(connection, authority, *token)?);
                found.sort_unstable_by(|(_kind, one), (_kind_too, other)| other.cmp(one));
                found.dedup();
                found.truncate(FOUND_MAX);
            }
            Ok(())
        })?;
        let mut found = found.concat();
        found.sort_unstable_by(|(_kind, one), (_kind_too, other)| other.cmp(one));
        found.dedup();
        found
            .into_iter()
            .map(|(kind, id)| subject(kind, id))
            .collect()
    }

    async fn accesses(
        &self,
        authority: MunicipalityCode,
        query: &AccessQuery,
    ) -> Result<Vec<StoredAccess>, Error> {
        self.read(|connection| accesses::read(connection, authority, query))
    }

    async fn count_accesses(
        &self,
        authority: MunicipalityCode,
        from_micros: i64,
        until_micros: i64,
    ) -> Result<u64, Error> {
        self.read(|connection| accesses::count(connection, authority, from_micros, until_micros))
    }

    async fn subjects(&self, after: Uuid, before: Uuid, limit: usize) -> Result<Vec<Uuid>, Error> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT DISTINCT subject FROM body_keys \
                     WHERE subject > ?1 AND subject < ?2 ORDER BY subject LIMIT ?3",
                )?
                .query_map(
                    params![after.as_bytes(), before.as_bytes(), bound(limit)],
                    |row| Ok(Uuid::from_bytes(row.get(0)?)),
                )?
                .collect()
        })
    }

    async fn body_keys(&self, first: Uuid, last: Uuid) -> Result<Vec<StoredBodyKeys>, Error> {
        let row = |row: &Row<'_>| {
            let (kind, subject) = kind_and_id(row)?;
            Ok(StoredBodyKeys {
                subject,
                kind,
                version: row.get(2)?,
                authority: row.get(3)?,
                sealing: row.get(4)?,
                epoch: row.get(5)?,
                wrapped: row.get(6)?,
            })
        };
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT kind, subject, version, authority, sealing, epoch, wrapped FROM body_keys \
                     WHERE subject >= ?1 AND subject <= ?2",
                )?
                .query_map([first.as_bytes(), last.as_bytes()], row)?
                .collect()
        })
    }

    async fn refusals(
        &self,
        authority: MunicipalityCode,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Refused)>, Error> {
        self.read(|connection| refusals::read(connection, authority, before, limit))
    }

    async fn review(
        &self,
        authority: MunicipalityCode,
        request_id: Uuid,
    ) -> Result<Option<ReviewRow>, Error> {
        self.read(|connection| reviews::one(connection, authority, request_id))
    }

    async fn reviews(
        &self,
        authority: MunicipalityCode,
        before: i64,
        limit: usize,
    ) -> Result<Vec<ReviewRow>, Error> {
        self.read(|connection| reviews::page(connection, authority, before, limit))
    }

    async fn reviewed(&self, authority: MunicipalityCode) -> Result<Option<(i64, i64)>, Error> {
        self.read(|connection| reviews::reviewed(connection, authority))
    }

    async fn refusals_by_reason(&self) -> Result<Vec<(String, u64)>, Error> {
        self.read(refusals::by_reason)
    }

    async fn notes(&self, names: &[NoteName]) -> Result<Vec<Option<(i64, Vec<u8>)>>, Error> {
        if self.noted.may_have(names) {
            self.read(|connection| notes::read(connection, names))
        } else {
            Ok(names.iter().map(|_name| None).collect())
        }
    }

    async fn list_notes(
        &self,
        authority: MunicipalityCode,
        kind: NoteKind,
        below: [u8; 16],
        limit: usize,
    ) -> Result<Vec<([u8; 16], i64, Vec<u8>)>, Error> {
        self.read(|connection| notes::list(connection, (authority, kind), below, limit))
    }

    async fn mark(&self, round: Round) -> Result<Option<Mark>, Error> {
        self.read(|connection| marks::mark(connection, round))
    }

    async fn apply(&self, change: Change) -> Result<usize, Error> {
        let queue = self.queue.as_ref().ok_or(Error::Unavailable)?;
        let (reply, answer) = oneshot::channel();
        queue
            .send((change, reply))
            .await
            .map_err(|_closed| Error::Unavailable)?;
        answer.await.map_err(|_closed| Error::Unavailable)?
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.queue.take();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("vault writer panicked");
        }
    }
}

fn kind_and_id(row: &Row<'_>) -> Result<(i64, Uuid), rusqlite::Error> {
    Ok((row.get(0)?, Uuid::from_bytes(row.get(1)?)))
}

fn bound(rows_max: usize) -> i64 {
    i64::try_from(rows_max).unwrap_or(0)
}
