//! Read tables as they stand at one moment, to hold tables against that were made anew.

use std::fmt;
use std::path::Path;

use domain::subject::Position;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags, Row, Rows};
use uuid::Uuid;

use super::sqlite::valid_at;
use crate::ReadError;
use crate::sqlite::OpenError;

/// The tables, each with what makes a row of it unique.
const TABLES: [(&str, &str); 6] = [
    ("relocations", "id"),
    ("arrivals", "id"),
    ("alerts", "id"),
    ("own", "municipality, position"),
    ("connected", "municipality"),
    ("definitions", "version"),
];

/// A moment of a service's tables, while the service goes on.
#[derive(Debug)]
pub struct Snapshot {
    connection: Connection,
    valid_at: Position,
}

/// The first row of a table that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which table.
    pub table: &'static str,
    /// The row in the snapshot, if it is there.
    pub here: Option<String>,
    /// The row in the others, if it is there.
    pub there: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = || "missing".to_owned();
        let (here, there) = (self.here.clone(), self.there.clone());
        let (here, there) = (here.unwrap_or_else(missing), there.unwrap_or_else(missing));
        write!(
            f,
            "{}: a row is {here}, and made anew it is {there}",
            self.table
        )
    }
}

impl Snapshot {
    /// The tables in a file, as they are now. Until it is dropped, what the service writes stays in its log.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = read_only(path)?;
        connection.execute_batch("BEGIN")?;
        let valid_at = valid_at(&connection)?;
        Ok(Self {
            connection,
            valid_at,
        })
    }

    /// The position that they are valid at.
    pub fn valid_at(&self) -> Position {
        self.valid_at
    }

    /// How they differ from the tables in another file: at most one row of each.
    pub fn differences(&self, other: &Path) -> Result<Vec<Difference>, ReadError> {
        let compare = || -> Result<Vec<Difference>, rusqlite::Error> {
            let other = read_only(other)?;
            let mut found = Vec::new();
            for (table, key) in TABLES {
                found.extend(difference(&self.connection, &other, table, key)?);
            }
            Ok(found)
        };
        compare().map_err(ReadError::store)
    }
}

fn read_only(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
}

fn difference(
    one: &Connection,
    other: &Connection,
    table: &'static str,
    key: &str,
) -> Result<Option<Difference>, rusqlite::Error> {
    let sql = format!("SELECT * FROM {table} ORDER BY {key}");
    let (mut one, mut other) = (one.prepare(&sql)?, other.prepare(&sql)?);
    let (mut one, mut other) = (one.query([])?, other.query([])?);
    loop {
        let (here, there) = (values(&mut one)?, values(&mut other)?);
        if here != there {
            return Ok(Some(Difference {
                table,
                here: here.as_deref().map(words),
                there: there.as_deref().map(words),
            }));
        }
        if here.is_none() {
            return Ok(None);
        }
    }
}

fn values(rows: &mut Rows<'_>) -> Result<Option<Vec<Value>>, rusqlite::Error> {
    let values = |row: &Row<'_>| -> Result<Vec<Value>, rusqlite::Error> {
        (0..row.as_ref().column_count())
            .map(|column| row.get(column))
            .collect()
    };
    rows.next()?.map(values).transpose()
}

fn words(values: &[Value]) -> String {
    let word = |value: &Value| match ValueRef::from(value) {
        ValueRef::Null => "none".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => Uuid::from_slice(bytes).map_or_else(
            |_other| format!("{} bytes", bytes.len()),
            |id| id.to_string(),
        ),
    };
    let words: Vec<String> = values.iter().map(word).collect();
    format!("({})", words.join(", "))
}
