//! The log in SQLite, a file of its own beside the journal. Every commit is on the disk before it counts.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Params, Row, Transaction, TransactionBehavior, params};
use tlog::checkpoint::SignedCheckpoint;
use tlog::note::Signature;
use tlog::policy::Policy;
use tlog::tree::{Hash, Place, Size};
use tokio::sync::watch;

use super::compute::{is_met, parsed};
use super::{Alarm, Evidence, EvidenceError, Ground, Lifted, PublishError, Standing, rows};
use crate::limits::READ_ENTRIES_MAX;
use crate::sqlite::{OpenError, first_row, is_migrated, keep_plans, migrate, reader};

/// Each string brings the schema one version further. Add to it; never edit it.
pub(super) const MIGRATIONS: [&str; 2] = [
    "
CREATE TABLE hashes (
    position INTEGER PRIMARY KEY,
    hashes BLOB NOT NULL
) STRICT;
CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY CHECK (size > 0),
    note TEXT NOT NULL,
    signed_at INTEGER NOT NULL DEFAULT (unixepoch()),
    witnessed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX checkpoints_witnessed ON checkpoints (size) WHERE witnessed;
-- one size has one root, for ever
CREATE TRIGGER checkpoints_stay BEFORE DELETE ON checkpoints
    BEGIN SELECT raise(ABORT, 'a checkpoint is never deleted'); END;
CREATE TRIGGER checkpoints_are_kept BEFORE UPDATE OF size, note ON checkpoints
    BEGIN SELECT raise(ABORT, 'a checkpoint is never changed'); END;
CREATE TABLE cosignatures (
    size INTEGER NOT NULL REFERENCES checkpoints,
    name TEXT NOT NULL,
    key_id BLOB NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (size, name, key_id)
) STRICT, WITHOUT ROWID;
-- checkpoints as they are given out: cosignatures are further lines of the note
CREATE VIEW notes AS SELECT size, witnessed, note || coalesce((
    SELECT group_concat(line, '' ORDER BY name, key_id) FROM cosignatures AS s WHERE s.size = c.size
), '') AS note FROM checkpoints AS c;
CREATE TABLE alarm (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    text TEXT NOT NULL,
    raised_at INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT;
",
    "
-- in microseconds from now on; an alarm that needs a word is lifted by an operator only
ALTER TABLE alarm ADD COLUMN needs_word INTEGER NOT NULL DEFAULT 0;
UPDATE alarm SET raised_at = raised_at * 1000000,
    needs_word = text LIKE 'witnesses have seen another history of the log: %';
CREATE TABLE lifted_alarms (
    lifted_at INTEGER NOT NULL,
    raised_at INTEGER NOT NULL,
    text TEXT NOT NULL,
    -- null: everything agreed again
    reason TEXT
) STRICT;
",
];

/// The log in SQLite.
#[derive(Debug)]
pub struct SqliteEvidence {
    writer: Arc<Mutex<Connection>>,
    reader: Mutex<Connection>,
    published: watch::Sender<Size>,
}

impl SqliteEvidence {
    /// Opens or creates the log. Whoever holds the journal beside it is the only one who does.
    pub fn open(path: &Path) -> Result<Arc<Self>, OpenError> {
        Self::over(connect(path)?, path)
    }

    /// Opens that of a service which may be running: to hold a journal against it, to look at its alarm and to lift it.
    /// Nothing is made or brought up to date.
    pub fn open_beside(path: &Path) -> Result<Arc<Self>, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let writer = Connection::open_with_flags(path, flags)?;
        is_migrated(&writer, &MIGRATIONS)?;
        durable(&writer)?;
        Self::over(writer, path)
    }

    fn over(writer: Connection, path: &Path) -> Result<Arc<Self>, OpenError> {
        let newest = newest(&writer)?;
        Ok(Arc::new(Self {
            writer: Arc::new(Mutex::new(writer)),
            reader: Mutex::new(reader(path)?),
            published: watch::Sender::new(newest),
        }))
    }

    /// Writes in one transaction, on a thread that may wait for the disk.
    async fn write<T, E>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        then: impl FnOnce() + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<EvidenceError> + Send + 'static,
    {
        let writer = Arc::clone(&self.writer);
        let written = tokio::task::spawn_blocking(move || {
            let mut writer = held(&writer);
            let transaction = writer
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(EvidenceError::store)?;
            let result = change(&transaction)?;
            transaction.commit().map_err(EvidenceError::store)?;
            then();
            Ok(result)
        });
        written.await.map_err(EvidenceError::store)?
    }

    /// Reads where it is called: rows of an index, in microseconds.
    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, EvidenceError> {
        query(&held(&self.reader)).map_err(EvidenceError::store)
    }

    fn notes(
        &self,
        sql: &str,
        values: impl Params,
    ) -> Result<Vec<SignedCheckpoint>, EvidenceError> {
        let notes: Vec<(Size, String)> = self.read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map(values, note_in)?.collect()
        })?;
        notes
            .iter()
            .map(|(size, note)| parsed(*size, note))
            .collect()
    }
}

#[async_trait]
impl Evidence for SqliteEvidence {
    async fn size(&self) -> Result<Size, EvidenceError> {
        self.read(integrated)
    }

    async fn hashes(&self, places: &[Place]) -> Result<Vec<Hash>, EvidenceError> {
        let reader = held(&self.reader);
        let mut row = reader
            .prepare_cached("SELECT hashes FROM hashes WHERE position = ?1")
            .map_err(EvidenceError::store)?;
        let hash = |place: &Place| {
            let (position, before) = rows::locate(*place)?;
            let found = first_row(row.query_row([position], |row| {
                Ok(rows::hash(row.get_ref(0)?.as_blob()?, before))
            }));
            let found = found.map_err(EvidenceError::store)?;
            found.flatten().ok_or(EvidenceError::Missing(*place))
        };
        places.iter().map(hash).collect()
    }

    async fn integrate(&self, from: Size, full: &[(Place, Hash)]) -> Result<(), EvidenceError> {
        let rows = rows::rows(from, full)?;
        let insert = move |transaction: &Transaction<'_>| {
            if integrated(transaction).map_err(EvidenceError::store)? != from {
                return Err(EvidenceError::OtherSize);
            }
            let insert = || -> Result<(), rusqlite::Error> {
                let mut statement = transaction
                    .prepare_cached("INSERT INTO hashes (position, hashes) VALUES (?1, ?2)")?;
                for (position, hashes) in rows {
                    statement.execute(params![position, hashes])?;
                }
                Ok(())
            };
            insert().map_err(EvidenceError::store)
        };
        self.write(insert, || {}).await
    }

    async fn publish(&self, checkpoint: &SignedCheckpoint) -> Result<(), PublishError> {
        let size = checkpoint.checkpoint().head.size;
        let note = checkpoint.to_string();
        let insert = move |transaction: &Transaction<'_>| {
            if standing(transaction)
                .map_err(EvidenceError::store)?
                .is_some()
            {
                return Err(PublishError::Alarmed);
            }
            let newest = newest(transaction).map_err(EvidenceError::store)?;
            if size <= newest {
                return Err(PublishError::NotGreater);
            }
            let values = params![size.0.cast_signed(), note];
            let sql = "INSERT INTO checkpoints (size, note) VALUES (?1, ?2)";
            transaction
                .execute(sql, values)
                .map_err(EvidenceError::store)?;
            Ok(())
        };
        let published = self.published.clone();
        let show = move || {
            published.send_replace(size);
        };
        self.write(insert, show).await
    }

    async fn cosign(
        &self,
        size: Size,
        cosignature: &Signature,
        policy: &Policy,
    ) -> Result<(), EvidenceError> {
        let (cosignature, policy) = (cosignature.clone(), policy.clone());
        let insert = move |transaction: &Transaction<'_>| {
            let place = size.0.cast_signed();
            let insert = || -> Result<Option<(Size, String)>, rusqlite::Error> {
                let sql = "INSERT OR REPLACE INTO cosignatures (size, name, key_id, line) \
                           SELECT size, ?2, ?3, ?4 FROM checkpoints WHERE size = ?1";
                let Signature { name, key_id, .. } = &cosignature;
                let line = format!("{cosignature}\n");
                transaction.execute(sql, params![place, name.as_str(), key_id.0, line])?;
                let sql = "SELECT size, note FROM notes WHERE size = ?1";
                first_row(transaction.query_row(sql, [place], note_in))
            };
            let note = insert().map_err(EvidenceError::store)?;
            let (_, note) = note.ok_or(EvidenceError::OtherSize)?;
            if is_met(&policy, &parsed(size, &note)?) {
                let sql = "UPDATE checkpoints SET witnessed = 1 WHERE size = ?1";
                transaction
                    .execute(sql, [place])
                    .map_err(EvidenceError::store)?;
            }
            Ok(())
        };
        self.write(insert, || {}).await
    }

    async fn newest(&self) -> Result<Option<SignedCheckpoint>, EvidenceError> {
        let sql = "SELECT size, note FROM notes ORDER BY size DESC LIMIT 1";
        Ok(self.notes(sql, [])?.pop())
    }

    async fn newest_witnessed(
        &self,
        at_least: Size,
    ) -> Result<Option<SignedCheckpoint>, EvidenceError> {
        let sql = "SELECT size, note FROM notes WHERE witnessed AND size >= ?1 ORDER BY size DESC LIMIT 1";
        Ok(self.notes(sql, [at_least.0.cast_signed()])?.pop())
    }

    async fn checkpoints(
        &self,
        after: Size,
        until: Size,
        limit: usize,
    ) -> Result<Vec<SignedCheckpoint>, EvidenceError> {
        let limit = i64::try_from(limit.min(READ_ENTRIES_MAX)).unwrap_or(i64::MAX);
        let [after, until] = [after, until].map(|size| i64::try_from(size.0).unwrap_or(i64::MAX));
        let sql = "SELECT size, note FROM notes WHERE size > ?1 AND size <= ?2 \
                   ORDER BY size LIMIT ?3";
        self.notes(sql, params![after, until, limit])
    }

    fn published(&self) -> watch::Receiver<Size> {
        self.published.subscribe()
    }

    async fn raise(&self, alarm: &Alarm) -> Result<(), EvidenceError> {
        let (text, needs_word) = (alarm.to_string(), alarm.needs_word());
        let raise = move |transaction: &Transaction<'_>| {
            let sql = "INSERT INTO alarm (one, text, needs_word, raised_at) VALUES (1, ?1, ?2, ?3) \
                       ON CONFLICT (one) DO UPDATE SET text = excluded.text, \
                       needs_word = excluded.needs_word, raised_at = excluded.raised_at \
                       WHERE excluded.needs_word OR NOT alarm.needs_word";
            let raised = transaction.execute(sql, params![text, needs_word, now()]);
            raised.map(|_rows| ()).map_err(EvidenceError::store)
        };
        self.write(raise, || {}).await
    }

    async fn lift(&self, read: &Standing, ground: Ground<'_>) -> Result<bool, EvidenceError> {
        let (read, reason) = (read.clone(), ground.reason().map(str::to_owned));
        let lift = move |transaction: &Transaction<'_>| {
            let lift = || -> Result<bool, rusqlite::Error> {
                let sql = "INSERT INTO lifted_alarms (lifted_at, raised_at, text, reason) \
                           SELECT ?1, raised_at, text, ?2 FROM alarm \
                           WHERE text = ?3 AND raised_at = ?4 AND (?2 IS NOT NULL OR NOT needs_word)";
                let raised_at = read.raised_at.as_microsecond();
                let kept =
                    transaction.execute(sql, params![now(), reason, read.text, raised_at])?;
                if kept > 0 {
                    transaction.execute("DELETE FROM alarm", [])?;
                }
                Ok(kept > 0)
            };
            lift().map_err(EvidenceError::store)
        };
        self.write(lift, || {}).await
    }

    async fn standing(&self) -> Result<Option<Standing>, EvidenceError> {
        self.read(standing)
    }

    async fn lifted(&self, limit: usize) -> Result<Vec<Lifted>, EvidenceError> {
        let limit = i64::try_from(limit.min(READ_ENTRIES_MAX)).unwrap_or(i64::MAX);
        let lifted = |row: &Row<'_>| {
            Ok(Lifted {
                ended_at: moment(row, 0)?,
                raised_at: moment(row, 1)?,
                text: row.get(2)?,
                reason: row.get(3)?,
            })
        };
        self.read(|connection| {
            let sql = "SELECT lifted_at, raised_at, text, reason FROM lifted_alarms \
                       ORDER BY rowid DESC LIMIT ?1";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([limit], lifted)?.collect()
        })
    }
}

/// In microseconds: an alarm that is raised again is another one.
fn now() -> i64 {
    Timestamp::now().as_microsecond()
}

pub(super) fn connect(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    durable(&connection)?;
    migrate(&connection, &MIGRATIONS)?;
    Ok(connection)
}

fn durable(connection: &Connection) -> Result<(), rusqlite::Error> {
    // a checkpoint that was signed is never forgotten
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    keep_plans(connection)
}

fn held<T>(connection: &Mutex<T>) -> MutexGuard<'_, T> {
    // a panic elsewhere leaves no transaction open: it is rolled back when it is dropped
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn integrated(connection: &Connection) -> Result<Size, rusqlite::Error> {
    let sql = "SELECT coalesce(max(position), 0) FROM hashes";
    connection.query_row(sql, [], size_in)
}

fn standing(connection: &Connection) -> Result<Option<Standing>, rusqlite::Error> {
    let sql = "SELECT text, needs_word, raised_at FROM alarm";
    first_row(connection.query_row(sql, [], |row| {
        Ok(Standing {
            text: row.get(0)?,
            needs_word: row.get(1)?,
            raised_at: moment(row, 2)?,
        })
    }))
}

fn moment(row: &Row<'_>, column: usize) -> Result<Timestamp, rusqlite::Error> {
    let micros: i64 = row.get(column)?;
    Timestamp::from_microsecond(micros)
        .map_err(|_far| rusqlite::Error::IntegralValueOutOfRange(column, micros))
}

/// The size of the newest checkpoint.
fn newest(connection: &Connection) -> Result<Size, rusqlite::Error> {
    let sql = "SELECT coalesce(max(size), 0) FROM checkpoints";
    connection.query_row(sql, [], size_in)
}

fn size_in(row: &Row<'_>) -> Result<Size, rusqlite::Error> {
    Ok(Size(row.get::<_, i64>(0)?.cast_unsigned()))
}

fn note_in(row: &Row<'_>) -> Result<(Size, String), rusqlite::Error> {
    Ok((size_in(row)?, row.get(1)?))
}
