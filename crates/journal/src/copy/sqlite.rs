//! A copy in SQLite: written under another name, and renamed when it is whole.

use std::fs::File;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use rusqlite::{Connection, params};

use super::{Carried, Edge, Target};
use crate::ReadError;
use crate::audit::{Row, Rows, SqliteRows};
use crate::sqlite::{FileLock, OpenError, prepare};

/// A file that does not exist yet.
#[derive(Debug)]
pub struct SqliteTarget {
    rows: SqliteRows,
    path: PathBuf,
    copying: PathBuf,
    _lock: FileLock,
}

impl SqliteTarget {
    /// Begins a copy, and locks the file's name to this process. A file that is there already is refused.
    pub fn create(path: &Path) -> Result<Self, OpenError> {
        let file = |source| OpenError::File {
            path: path.to_owned(),
            source,
        };
        let lock = FileLock::take(path)?;
        if path.try_exists().map_err(file)? {
            return Err(file(std::io::ErrorKind::AlreadyExists.into()));
        }
        let mut copying = path.as_os_str().to_owned();
        copying.push(".copying");
        let copying = PathBuf::from(copying);
        if copying.try_exists().map_err(file)? {
            // of a copy that did not come to its end
            std::fs::remove_file(&copying).map_err(file)?;
        }
        let connection = Connection::open(&copying)?;
        prepare(&connection)?;
        // until it is whole, a crash costs no more than the copy
        connection.pragma_update(None, "journal_mode", "OFF")?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        Ok(Self {
            rows: SqliteRows::over(connection),
            path: path.to_owned(),
            copying,
            _lock: lock,
        })
    }

    fn write(
        &mut self,
        rows: impl FnOnce(&Connection) -> Result<(), rusqlite::Error>,
    ) -> Result<(), ReadError> {
        let write = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            rows(&transaction)?;
            transaction.commit()
        };
        write(self.rows.connection()).map_err(ReadError::store)
    }
}

#[async_trait]
impl Target for SqliteTarget {
    async fn put(&mut self, entries: &[Carried]) -> Result<(), ReadError> {
        self.write(|connection| entries.iter().try_for_each(|entry| put(connection, entry)))
    }

    async fn put_rows(&mut self, rows: &[Row]) -> Result<(), ReadError> {
        self.write(|connection| rows.iter().try_for_each(|row| put_row(connection, row)))
    }

    async fn put_edge(&mut self, edge: Edge) -> Result<(), ReadError> {
        self.write(|connection| {
            // a clock that was never moved has no row
            if edge.ahead_seconds != 0 {
                connection.execute(
                    "INSERT INTO clock (one, ahead_seconds) VALUES (1, ?1)",
                    [edge.ahead_seconds],
                )?;
            }
            Ok(())
        })
    }

    fn rows(&mut self) -> &mut dyn Rows {
        &mut self.rows
    }

    async fn publish(self: Box<Self>) -> Result<(), ReadError> {
        let Self {
            mut rows,
            path,
            copying,
            ..
        } = *self;
        let connection = rows.connection();
        connection
            .pragma_update(None, "synchronous", "FULL")
            .and_then(|()| connection.pragma_update(None, "journal_mode", "WAL"))
            .map_err(ReadError::store)?;
        drop(rows);
        let rename = || {
            File::open(&copying)?.sync_all()?;
            std::fs::rename(&copying, &path)?;
            daemon::file::sync_folder(&path)
        };
        rename().map_err(ReadError::store)
    }
}

fn put(connection: &Connection, carried: &Carried) -> Result<(), rusqlite::Error> {
    let Carried { bytes, entry } = carried;
    let position = entry.position.0.cast_signed();
    connection
        .prepare_cached("INSERT INTO entries (position, bytes) VALUES (?1, ?2)")?
        .execute(params![position, bytes])?;
    connection
        .prepare_cached("INSERT INTO versions (subject, version, position) VALUES (?1, ?2, ?3)")?
        .execute(params![
            entry.subject.id.as_bytes(),
            entry.version.0,
            position
        ])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO notices (recipient, number, position, chain) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for notice in &entry.notices {
        insert.execute(params![
            notice.recipient.number(),
            notice.number.0.cast_signed(),
            position,
            notice.chain
        ])?;
    }
    Ok(())
}

fn put_row(connection: &Connection, row: &Row) -> Result<(), rusqlite::Error> {
    match row {
        Row::Request {
            id,
            scope,
            fingerprint,
            subject_kind,
            subject,
            position,
            already_open,
        } => connection
            .prepare_cached("INSERT INTO requests VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute(params![
                id.as_bytes(),
                scope,
                fingerprint,
                subject_kind,
                subject.as_bytes(),
                position.0.cast_signed(),
                already_open
            ])?,
        Row::Claim {
            sender,
            recipient,
            person,
            relocation,
        } => connection
            .prepare_cached("INSERT INTO open_relocations VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                sender,
                recipient,
                person.as_slice(),
                relocation.as_bytes()
            ])?,
        Row::Key(key) => connection
            .prepare_cached("INSERT INTO unique_keys VALUES (?1)")?
            .execute([key])?,
        // they follow from the entries
        Row::Version { .. } | Row::Notice { .. } => 0,
    };
    Ok(())
}
