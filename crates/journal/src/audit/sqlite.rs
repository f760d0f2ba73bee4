//! The record in SQLite, read row by row.

use std::path::Path;

use async_trait::async_trait;
use domain::subject::Position;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Row as Stored, ToSql, params};
use uuid::Uuid;

use super::{Row, Rows, Table};
use crate::ReadError;
use crate::limits::READ_ENTRIES_MAX;
use crate::sqlite::{FileLock, OpenError, first_row, is_current, keep_plans};

/// A journal's file, opened to be read only.
#[derive(Debug)]
pub struct SqliteRows {
    connection: Connection,
    _lock: Option<FileLock>,
}

impl SqliteRows {
    /// Beside whoever has the journal. Each read is short, so a running service's files do not grow because of it.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        keep_plans(&connection)?;
        is_current(&connection)?;
        Ok(Self::over(connection))
    }

    pub(crate) fn over(connection: Connection) -> Self {
        Self {
            connection,
            _lock: None,
        }
    }

    pub(crate) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// While nobody else has the journal, nor can get it: nothing changes meanwhile.
    pub fn open_alone(path: &Path) -> Result<Self, OpenError> {
        // what is no journal gets no lock beside it
        let rows = Self::open(path)?;
        let lock = FileLock::take(path)?;
        Ok(Self {
            _lock: Some(lock),
            ..rows
        })
    }

    fn all<T>(
        &self,
        sql: &str,
        values: &[&dyn ToSql],
        read: impl FnMut(&Stored<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<Vec<T>, ReadError> {
        let run = || -> Result<Vec<T>, rusqlite::Error> {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_map(values, read)?.collect()
        };
        run().map_err(ReadError::store)
    }
}

#[async_trait]
impl Rows for SqliteRows {
    async fn edge(&mut self) -> Result<Position, ReadError> {
        let sql = "SELECT coalesce(max(position), 0) FROM entries";
        let edge = self.all(sql, &[], |row| position(row, 0))?;
        Ok(edge.first().copied().unwrap_or_default())
    }

    async fn ahead_seconds(&mut self) -> Result<i64, ReadError> {
        let ahead = self.all("SELECT ahead_seconds FROM clock", &[], |row| row.get(0))?;
        Ok(ahead.first().copied().unwrap_or_default())
    }

    async fn entries(
        &mut self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, ReadError> {
        self.all(
            "SELECT position, bytes FROM entries WHERE position > ?1 ORDER BY position LIMIT ?2",
            params![after.0.cast_signed(), capped(limit)],
            |row| Ok((position(row, 0)?, row.get(1)?)),
        )
    }

    async fn entries_at(
        &mut self,
        positions: &[Position],
    ) -> Result<Vec<Option<Vec<u8>>>, ReadError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT bytes FROM entries WHERE position = ?1")
            .map_err(ReadError::store)?;
        positions
            .iter()
            .map(|at| {
                first_row(statement.query_row([at.0.cast_signed()], |row| row.get(0)))
                    .map_err(ReadError::store)
            })
            .collect()
    }

    async fn begun_at(&mut self, subjects: &[Uuid]) -> Result<Vec<Option<Position>>, ReadError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT position FROM versions WHERE subject = ?1 AND version = 1")
            .map_err(ReadError::store)?;
        subjects
            .iter()
            .map(|id| {
                first_row(statement.query_row([id.as_bytes()], |row| position(row, 0)))
                    .map_err(ReadError::store)
            })
            .collect()
    }

    async fn rows(
        &mut self,
        table: Table,
        after: Option<&Row>,
        limit: usize,
    ) -> Result<Vec<Row>, ReadError> {
        let (columns, name, key) = shape(table);
        let mut values = after.map(values).unwrap_or_default();
        let mark = ["?"; 3];
        let after = match values.len() {
            0 => String::new(),
            count => format!(
                "WHERE ({key}) > ({})",
                mark.get(..count).unwrap_or(&mark).join(", ")
            ),
        };
        values.push(Value::Integer(capped(limit)));
        let sql = format!("SELECT {columns} FROM {name} {after} ORDER BY {key} LIMIT ?");
        let values: Vec<&dyn ToSql> = values.iter().map(|value| -> &dyn ToSql { value }).collect();
        self.all(&sql, &values, |row| read(table, row))
    }
}

/// A table's columns, its name, and what makes a row of it unique.
fn shape(table: Table) -> (&'static str, &'static str, &'static str) {
    match table {
        Table::Versions => ("subject, version, position", "versions", "subject, version"),
        Table::Notices => (
            "recipient, number, position, chain",
            "notices",
            "recipient, number",
        ),
        Table::Requests => (
            "id, scope, fingerprint, subject_kind, subject, position, already_open",
            "requests",
            "id, scope",
        ),
        Table::Claims => (
            "sender, recipient, pseudonym, relocation",
            "open_relocations",
            "sender, recipient, pseudonym",
        ),
        Table::Keys => ("key", "unique_keys", "key"),
    }
}

/// What makes a row unique, as it is stored.
fn values(row: &Row) -> Vec<Value> {
    match row {
        Row::Version {
            subject, version, ..
        } => vec![blob(subject), (*version).into()],
        Row::Notice {
            recipient, number, ..
        } => vec![(*recipient).into(), number.cast_signed().into()],
        Row::Request { id, scope, .. } => vec![blob(id), (*scope).into()],
        Row::Claim {
            sender,
            recipient,
            person,
            ..
        } => vec![
            (*sender).into(),
            (*recipient).into(),
            person.to_vec().into(),
        ],
        Row::Key(key) => vec![key.clone().into()],
    }
}

fn read(table: Table, row: &Stored<'_>) -> Result<Row, rusqlite::Error> {
    Ok(match table {
        Table::Versions => Row::Version {
            subject: id(row, 0)?,
            version: row.get(1)?,
            position: position(row, 2)?,
        },
        Table::Notices => Row::Notice {
            recipient: row.get(0)?,
            number: row.get::<_, i64>(1)?.cast_unsigned(),
            position: position(row, 2)?,
            chain: row.get(3)?,
        },
        Table::Requests => Row::Request {
            id: id(row, 0)?,
            scope: row.get(1)?,
            fingerprint: row.get(2)?,
            subject_kind: row.get(3)?,
            subject: id(row, 4)?,
            position: position(row, 5)?,
            already_open: row.get(6)?,
        },
        Table::Claims => Row::Claim {
            sender: row.get(0)?,
            recipient: row.get(1)?,
            person: row.get(2)?,
            relocation: id(row, 3)?,
        },
        Table::Keys => Row::Key(row.get(0)?),
    })
}

fn position(row: &Stored<'_>, column: usize) -> Result<Position, rusqlite::Error> {
    Ok(Position(row.get::<_, i64>(column)?.cast_unsigned()))
}

fn id(row: &Stored<'_>, column: usize) -> Result<Uuid, rusqlite::Error> {
    Ok(Uuid::from_bytes(row.get(column)?))
}

fn blob(id: &Uuid) -> Value {
    id.as_bytes().to_vec().into()
}

fn capped(limit: usize) -> i64 {
    i64::try_from(limit.min(READ_ENTRIES_MAX)).unwrap_or(i64::MAX)
}
