//! Tables, settings, and the forward-only migrations.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::OpenError;
use crate::limits::{BUSY, CHECKPOINT_PAGES, PAGE_BYTES};

/// Each string brings the schema one version further. Add to it; never edit it.
pub(crate) const MIGRATIONS: [&str; 11] = [
    "
CREATE TABLE root (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,
    proof BLOB NOT NULL
) STRICT;
CREATE TABLE authority_keys (
    authority INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    purpose INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    PRIMARY KEY (authority, epoch, purpose)
) STRICT, WITHOUT ROWID;
-- ids made in order of time come first: they keep writes on few pages. A sealing has an id of its own,
-- since two callers may seal the same version, and only the journal decides whose entry stands.
CREATE TABLE body_keys (
    subject BLOB NOT NULL CHECK (length(subject) = 16),
    version INTEGER NOT NULL,
    authority INTEGER NOT NULL,
    sealing BLOB NOT NULL CHECK (length(sealing) = 16),
    kind INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    PRIMARY KEY (subject, version, authority, sealing)
) STRICT, WITHOUT ROWID;
CREATE TABLE search (
    authority INTEGER NOT NULL,
    token BLOB NOT NULL CHECK (length(token) = 16),
    subject BLOB NOT NULL CHECK (length(subject) = 16),
    kind INTEGER NOT NULL,
    PRIMARY KEY (authority, token, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX search_by_subject ON search (subject, authority);
CREATE TABLE accesses (
    id INTEGER PRIMARY KEY,
    at_micros INTEGER NOT NULL,
    authority INTEGER NOT NULL,
    subject BLOB NOT NULL CHECK (length(subject) = 16),
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX accesses_by_subject ON accesses (subject, authority);
",
    "
-- all search rows in the order of subjects, that is of time; those up to the mark also stand in `search`,
-- the others are found in memory
CREATE TABLE search_rows (
    subject BLOB NOT NULL CHECK (length(subject) = 16),
    authority INTEGER NOT NULL,
    token BLOB NOT NULL CHECK (length(token) = 16),
    kind INTEGER NOT NULL,
    PRIMARY KEY (subject, authority, token)
) STRICT, WITHOUT ROWID;
INSERT INTO search_rows SELECT subject, authority, token, kind FROM search ORDER BY subject;
DROP INDEX search_by_subject;
CREATE TABLE search_mark (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    subject BLOB NOT NULL CHECK (length(subject) = 16)
) STRICT;
INSERT INTO search_mark SELECT 1, coalesce(max(subject), zeroblob(16)) FROM search;
-- each time that a year's pseudonym keys were dropped
CREATE TABLE drops (
    id INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL
) STRICT;
",
    "
-- the calls that the rules refused, of each authority the newest; no value of a request stands here
CREATE TABLE refusals (
    id INTEGER PRIMARY KEY,
    at_micros INTEGER NOT NULL,
    authority INTEGER NOT NULL,
    organisation_number TEXT NOT NULL,
    method TEXT NOT NULL,
    reason TEXT NOT NULL,
    fields TEXT NOT NULL,
    call_id BLOB NOT NULL CHECK (length(call_id) = 16)
) STRICT;
CREATE INDEX refusals_by_authority ON refusals (authority, id);
CREATE INDEX refusals_by_reason ON refusals (reason);
",
    "
-- up to which entry of the journal everything is erased that its entries end; the newest row counts
CREATE TABLE erased (
    position INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL CHECK (length(leaf) = 32)
) STRICT;
",
    "
-- what an access was to, 0 in older rows; and a keyed token of the officer, zeros in older rows
ALTER TABLE accesses ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accesses ADD COLUMN officer BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
DROP INDEX accesses_by_subject;
CREATE INDEX accesses_by_subject ON accesses (subject, authority, at_micros);
CREATE INDEX accesses_by_time ON accesses (authority, at_micros);
CREATE INDEX accesses_by_officer ON accesses (authority, officer, at_micros);
",
    "
-- reviews of the access log; who found what is sealed
CREATE TABLE reviews (
    id INTEGER PRIMARY KEY,
    authority INTEGER NOT NULL,
    request_id BLOB NOT NULL CHECK (length(request_id) = 16),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 16),
    at_micros INTEGER NOT NULL,
    from_micros INTEGER NOT NULL,
    until_micros INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (authority, request_id)
) STRICT;
CREATE INDEX reviews_by_authority ON reviews (authority);
",
    "
-- what an authority keeps beside the journal, sealed, found by a keyed token
CREATE TABLE notes (
    authority INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    token BLOB NOT NULL CHECK (length(token) = 16),
    revision INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (authority, kind, token)
) STRICT, WITHOUT ROWID;
",
    "
-- the root keys that wrap what is here, of which the highest number wraps new keys, and which of them wraps each key;
-- while a key refers to a root key, that one cannot be forgotten
CREATE TABLE roots (
    nr INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    proof BLOB NOT NULL
) STRICT;
INSERT INTO roots SELECT 1, id, proof FROM root;
DROP TABLE root;
CREATE TABLE wrapped_keys (
    authority INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    purpose INTEGER NOT NULL,
    root TEXT NOT NULL REFERENCES roots (id),
    wrapped BLOB NOT NULL,
    PRIMARY KEY (authority, epoch, purpose)
) STRICT, WITHOUT ROWID;
INSERT INTO wrapped_keys
    SELECT authority, epoch, purpose, id, wrapped FROM authority_keys, roots ORDER BY 1, 2, 3;
DROP TABLE authority_keys;
ALTER TABLE wrapped_keys RENAME TO authority_keys;
",
    "
-- up to which entry of the journal everything is done that its entries lead to; the newest row counts
CREATE TABLE followed (
    position INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL CHECK (length(leaf) = 32)
) STRICT;
",
    "
-- the names of notes about persons: read at the start, without what the notes say
CREATE INDEX notes_about_persons ON notes (kind, authority, token) WHERE kind NOT IN (1, 3);
",
    "
-- how many notes and reviews each authority has: nothing else tells of one that is gone
CREATE TABLE census (
    table_name TEXT NOT NULL,
    authority INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    PRIMARY KEY (table_name, authority)
) STRICT, WITHOUT ROWID;
INSERT INTO census SELECT 'notes', authority, count(*) FROM notes GROUP BY authority;
INSERT INTO census SELECT 'reviews', authority, count(*) FROM reviews GROUP BY authority;
CREATE TRIGGER note_came AFTER INSERT ON notes BEGIN
    INSERT INTO census VALUES ('notes', NEW.authority, 1)
        ON CONFLICT DO UPDATE SET row_count = row_count + 1;
END;
CREATE TRIGGER note_went AFTER DELETE ON notes BEGIN
    UPDATE census SET row_count = row_count - 1 WHERE table_name = 'notes' AND authority = OLD.authority;
END;
CREATE TRIGGER review_came AFTER INSERT ON reviews BEGIN
    INSERT INTO census VALUES ('reviews', NEW.authority, 1)
        ON CONFLICT DO UPDATE SET row_count = row_count + 1;
END;
",
];

/// Sets the writing connection up for durable writing and real deleting, and brings the schema up to date.
pub(crate) fn prepare(connection: &Connection) -> Result<(), OpenError> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.set_prepared_statement_cache_capacity(32);
    keep_plans(connection)?;
    migrate(connection, &MIGRATIONS)
}

/// Plans do not depend on the values that are bound: otherwise SQLite parses a statement anew for each of them.
fn keep_plans(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Whether it is a key store of this program's version.
pub(crate) fn is_current(connection: &Connection) -> Result<(), OpenError> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match usize::try_from(version) {
        Ok(known) if known == MIGRATIONS.len() => Ok(()),
        Ok(older) if older < MIGRATIONS.len() => Err(OpenError::Older(version)),
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
            "BEGIN IMMEDIATE; {sql} PRAGMA user_version = {}; COMMIT;",
            index + 1
        ))?;
    }
    Ok(())
}

/// A connection that can only read.
pub(crate) fn reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_prepared_statement_cache_capacity(16);
    keep_plans(&connection)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_of_a_newer_version_is_refused_and_an_older_one_is_brought_forward() {
        let connection = Connection::open_in_memory().expect("a database");
        let steps = ["CREATE TABLE a (x);", "CREATE TABLE b (x);"];
        migrate(&connection, &steps[..1]).expect("the first");
        migrate(&connection, &steps).expect("the second only");
        migrate(&connection, &steps).expect("nothing to do");
        connection
            .execute_batch("SELECT x FROM a; SELECT x FROM b;")
            .expect("both tables");
        assert!(matches!(
            migrate(&connection, &steps[..1]),
            Err(OpenError::Newer(2))
        ));
    }

    #[test]
    fn the_settings_that_durability_and_deleting_rest_on_hold() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = Connection::open(folder.path().join("v.db")).expect("a database");
        prepare(&connection).expect("prepared");
        for (pragma, value) in [
            ("page_size", 8192),
            ("synchronous", 2),
            ("foreign_keys", 1),
            ("secure_delete", 1),
            ("wal_autocheckpoint", 4000),
        ] {
            let found: i64 = connection
                .pragma_query_value(None, pragma, |row| row.get(0))
                .expect("a value");
            assert_eq!(found, value, "{pragma}");
        }
        let mode: String = connection
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .expect("a mode");
        assert_eq!(mode, "wal");
    }
}
