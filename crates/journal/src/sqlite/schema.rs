//! Tables, settings, and the forward-only migrations between schema versions.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::OpenError;
use crate::limits::{CHECKPOINT_PAGES, LOCKED};

/// Each string brings the schema one version further. Add to it; never edit it.
const MIGRATIONS: [&str; 1] = ["
CREATE TABLE entries (
    position INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;
CREATE TABLE versions (
    subject BLOB NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (subject, version)
) STRICT, WITHOUT ROWID;
-- the id first: ids made in order of time keep writes on few pages
CREATE TABLE requests (
    id BLOB NOT NULL,
    scope INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    subject_kind INTEGER NOT NULL,
    subject BLOB NOT NULL,
    position INTEGER NOT NULL,
    already_open INTEGER NOT NULL,
    PRIMARY KEY (id, scope)
) STRICT, WITHOUT ROWID;
CREATE TABLE notices (
    recipient INTEGER NOT NULL,
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    chain BLOB NOT NULL,
    PRIMARY KEY (recipient, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE open_relocations (
    sender INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    pseudonym BLOB NOT NULL,
    relocation BLOB NOT NULL,
    PRIMARY KEY (sender, recipient, pseudonym)
) STRICT, WITHOUT ROWID;
CREATE TABLE unique_keys (
    key TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    ahead_seconds INTEGER NOT NULL
) STRICT;
"];

/// Sets the connection up for durable writing and brings the schema up to date.
pub(crate) fn prepare(connection: &Connection) -> Result<(), OpenError> {
    connection.busy_timeout(LOCKED)?;
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.set_prepared_statement_cache_capacity(64);
    keep_plans(connection)?;
    migrate(connection, &MIGRATIONS)
}

/// Whether it is a journal of this program's version.
pub(crate) fn is_current(connection: &Connection) -> Result<(), OpenError> {
    is_migrated(connection, &MIGRATIONS)
}

/// Whether a file stands where these migrations lead.
pub(crate) fn is_migrated(connection: &Connection, migrations: &[&str]) -> Result<(), OpenError> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match usize::try_from(version) {
        Ok(known) if known == migrations.len() => Ok(()),
        Ok(older) if older < migrations.len() => Err(OpenError::Older(version)),
        _ => Err(OpenError::Newer(version)),
    }
}

pub(crate) fn migrate(connection: &Connection, migrations: &[&str]) -> Result<(), OpenError> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    if done > migrations.len() {
        return Err(OpenError::Newer(version));
    }
    for (index, sql) in migrations.iter().enumerate().skip(done) {
        connection.execute_batch(&format!(
            "BEGIN; {sql} PRAGMA user_version = {}; COMMIT;",
            index + 1
        ))?;
    }
    Ok(())
}

/// A connection that can only read.
pub(crate) fn reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_prepared_statement_cache_capacity(32);
    keep_plans(&connection)?;
    Ok(connection)
}

/// Plans do not depend on the values that are bound: otherwise SQLite parses a statement anew for each of them.
pub(crate) fn keep_plans(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}
