//! The writer thread: one group in flight while the next one forms. It never waits for company.

use std::sync::Mutex;

use domain::municipality::MunicipalityCode;
use domain::subject::Subject;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::Error;
use crate::access::AccessRow;
use crate::limits::GROUP_CHANGES_MAX;
use crate::part::KeysId;
use crate::schema::kind_number;
use crate::seal::KeyRows;
use crate::search::SearchRow;
use crate::store::held;

/// What is changed together, wholly or not at all.
pub(crate) enum Change {
    /// Keys of an entry to be, and what finds it.
    Put(KeyRows, Vec<SearchRow>),
    /// The keys of one sealing, whose entry was refused.
    Drop(KeysId),
    /// All that an authority holds of a subject.
    Erase(MunicipalityCode, Subject),
    /// All of subjects that never reached the journal.
    Sweep(Vec<Uuid>),
    /// A read that is to be remembered.
    Access(AccessRow),
}

/// A change and who waits for it.
pub(crate) type Waiting = (Change, oneshot::Sender<Result<usize, Error>>);

/// Runs until the queue is closed and empty.
pub(crate) fn run(writing: &Mutex<Connection>, mut waiting: mpsc::Receiver<Waiting>) {
    let mut group = Vec::with_capacity(GROUP_CHANGES_MAX);
    // a wipe that readers kept from happening is tried again with the next group
    let mut wipe_due = false;
    while waiting.blocking_recv_many(&mut group, GROUP_CHANGES_MAX) > 0 {
        let mut connection = held(writing);
        let result = commit(&mut connection, &group);
        wipe_due |= group
            .iter()
            .any(|(change, _reply)| matches!(change, Change::Erase(..)));
        if wipe_due {
            match wipe(&connection) {
                Ok(()) => wipe_due = false,
                Err(error) => tracing::warn!(error = %error, "vault log not emptied yet"),
            }
        }
        drop(connection);
        // a caller that went away needs no answer
        match result {
            Ok(counts) => {
                for ((_change, reply), count) in group.drain(..).zip(counts) {
                    reply.send(Ok(count)).ok();
                }
            }
            Err(error) => {
                tracing::error!(error = %error, "vault group failed");
                for (_change, reply) in group.drain(..) {
                    reply.send(Err(Error::Unavailable)).ok();
                }
            }
        }
    }
}

fn commit(connection: &mut Connection, group: &[Waiting]) -> Result<Vec<usize>, rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let counts = group
        .iter()
        .map(|(change, _reply)| apply(&transaction, change))
        .collect::<Result<_, _>>()?;
    transaction.commit()?;
    Ok(counts)
}

/// Moves all pages into the file and empties the log, where deleted rows would live on.
pub(crate) fn wipe(connection: &Connection) -> Result<(), rusqlite::Error> {
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
            None,
        ));
    }
    Ok(())
}

/// Returns how many rows of keys (or of the access log) it touched.
fn apply(transaction: &Transaction<'_>, change: &Change) -> Result<usize, rusqlite::Error> {
    match change {
        Change::Put(keys, tokens) => put(transaction, keys, tokens),
        Change::Drop(keys) => drop_keys(transaction, keys),
        Change::Erase(authority, subject) => erase(transaction, *authority, *subject),
        Change::Sweep(subjects) => sweep(transaction, subjects),
        Change::Access(access) => transaction
            .prepare_cached(
                "INSERT INTO accesses (at_micros, authority, subject, sealed) \
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                access.at_micros,
                access.authority.number(),
                access.subject.as_bytes(),
                access.sealed,
            ]),
    }
}

fn put(
    transaction: &Transaction<'_>,
    keys: &KeyRows,
    tokens: &[SearchRow],
) -> Result<usize, rusqlite::Error> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO body_keys (subject, version, authority, sealing, kind, epoch, wrapped) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let id = keys.id();
    for row in keys.rows() {
        insert.execute(params![
            id.subject.id.as_bytes(),
            id.version.0,
            row.authority.number(),
            id.sealing,
            kind_number(id.subject.kind),
            row.epoch,
            row.wrapped,
        ])?;
    }
    let mut insert = transaction.prepare_cached(
        "INSERT INTO search (authority, token, subject, kind) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT DO NOTHING",
    )?;
    for row in tokens {
        insert.execute(params![
            row.authority.number(),
            row.token,
            row.subject.id.as_bytes(),
            kind_number(row.subject.kind),
        ])?;
    }
    Ok(keys.rows().len())
}

fn drop_keys(transaction: &Transaction<'_>, keys: &KeysId) -> Result<usize, rusqlite::Error> {
    let id = keys.subject.id.as_bytes();
    let dropped = transaction
        .prepare_cached(
            "DELETE FROM body_keys WHERE subject = ?1 AND version = ?2 AND sealing = ?3",
        )?
        .execute(params![id, keys.version.0, keys.sealing])?;
    // a subject of which nothing is left must not be found
    transaction
        .prepare_cached(
            "DELETE FROM search WHERE subject = ?1 \
             AND NOT EXISTS (SELECT 1 FROM body_keys WHERE subject = ?1)",
        )?
        .execute(params![id])?;
    Ok(dropped)
}

fn erase(
    transaction: &Transaction<'_>,
    authority: MunicipalityCode,
    subject: Subject,
) -> Result<usize, rusqlite::Error> {
    let erased = transaction
        .prepare_cached("DELETE FROM body_keys WHERE subject = ?1 AND authority = ?2")?
        .execute(params![subject.id.as_bytes(), authority.number()])?;
    transaction
        .prepare_cached("DELETE FROM search WHERE subject = ?1 AND authority = ?2")?
        .execute(params![subject.id.as_bytes(), authority.number()])?;
    Ok(erased)
}

fn sweep(transaction: &Transaction<'_>, subjects: &[Uuid]) -> Result<usize, rusqlite::Error> {
    let mut keys = transaction.prepare_cached("DELETE FROM body_keys WHERE subject = ?1")?;
    let mut search = transaction.prepare_cached("DELETE FROM search WHERE subject = ?1")?;
    let mut swept = 0;
    for subject in subjects {
        swept += keys.execute(params![subject.as_bytes()])?;
        search.execute(params![subject.as_bytes()])?;
    }
    Ok(swept)
}
