//! Read tables as they stand at one moment, to hold tables against that were made anew.

use std::fmt;
use std::path::Path;

use daemon::postgres::{Link, LinkError, Settings};
use domain::subject::Position;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags, Row, Rows, params_from_iter};
use tokio_postgres::types::Type;
use tokio_postgres::{Column, Row as Stored};
use uuid::Uuid;

use super::sqlite::{migrate, valid_at};
use crate::ReadError;
use crate::postgres::is_current;
use crate::sqlite::OpenError;

/// A table: its name, what makes a row of it unique, and its columns in the order in which a file has them, as a database
/// gives them in a file's forms.
struct Table {
    name: &'static str,
    key: &'static str,
    columns: &'static str,
}

const TABLES: [Table; 6] = [
    Table {
        name: "relocations",
        key: "id",
        columns: "id, position, sender::int8, recipient::int8, state::int8",
    },
    Table {
        name: "arrivals",
        key: "id",
        columns: "id, position, municipality::int8, state::int8, alert",
    },
    Table {
        name: "alerts",
        key: "id",
        columns: "id, position, changed, asking::int8, asked::int8, state::int8",
    },
    Table {
        name: "own",
        key: "municipality, position",
        columns: "municipality::int8, position",
    },
    Table {
        name: "connected",
        key: "municipality",
        columns: "municipality::int8, number",
    },
    Table {
        name: "definitions",
        key: "version",
        columns: "version, position, grace_days, early_months, late_months, not_arrived_months, answer_days, \
                  expiry_days, drills::int4::int8",
    },
];

/// Rows carried at once from a database: some MiB.
const CARRIED_ROWS: usize = 10_000;

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

    /// The tables in a database as they are at one moment, carried into memory; whoever writes them waits for nothing.
    pub async fn of_database(settings: &Settings) -> Result<Self, ReadError> {
        let store = |error: LinkError| ReadError::store(error);
        let link = Link::open(settings, &(), |_notification| {}).await;
        let mut link = link.map_err(ReadError::store)?;
        is_current(&mut link).await.map_err(ReadError::store)?;
        let connection = in_memory().map_err(ReadError::store)?;
        let moment = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        link.run(moment).await.map_err(store)?;
        for table in &TABLES {
            carry(&mut link, &connection, table).await?;
        }
        let sql = "SELECT position FROM flyttbud.marks WHERE name = 'views'";
        let mark = link.rows_once(sql, &[]).await.map_err(store)?;
        let mark = mark.first().map(|row| row.try_get::<_, i64>(0)).transpose();
        let valid_at = mark.map_err(ReadError::store)?.unwrap_or(0);
        Ok(Self {
            connection,
            valid_at: Position(valid_at.cast_unsigned()),
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
            for table in &TABLES {
                found.extend(difference(&self.connection, &other, table)?);
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

/// Empty tables as a file has them.
fn in_memory() -> Result<Connection, OpenError> {
    let connection = Connection::open_in_memory()?;
    migrate(&connection)?;
    Ok(connection)
}

/// Carries a table, page by page.
async fn carry(link: &mut Link, into: &Connection, table: &Table) -> Result<(), ReadError> {
    let Table { name, columns, .. } = table;
    let cursor =
        format!("DECLARE {name} NO SCROLL CURSOR FOR SELECT {columns} FROM flyttbud.{name}");
    link.run(&cursor).await.map_err(ReadError::store)?;
    let fetch = format!("FETCH {CARRIED_ROWS} FROM {name}");
    loop {
        let rows = link.rows_once(&fetch, &[]).await;
        let rows = rows.map_err(ReadError::store)?;
        if rows.is_empty() {
            return Ok(());
        }
        put(into, name, &rows)?;
    }
}

fn put(into: &Connection, name: &str, rows: &[Stored]) -> Result<(), ReadError> {
    let count = rows.first().map_or(0, Stored::len);
    let places = vec!["?"; count].join(", ");
    let sql = format!("INSERT INTO {name} VALUES ({places})");
    let mut insert = into.prepare_cached(&sql).map_err(ReadError::store)?;
    for row in rows {
        let values: Result<Vec<Value>, _> = (0..count).map(|column| value(row, column)).collect();
        let values = values.map_err(ReadError::store)?;
        let put = insert.execute(params_from_iter(values));
        put.map_err(ReadError::store)?;
    }
    Ok(())
}

/// As a file has it: ids as bytes, all else as a number.
fn value(row: &Stored, column: usize) -> Result<Value, tokio_postgres::Error> {
    let is_id = row.columns().get(column).map(Column::type_) == Some(&Type::UUID);
    if is_id {
        let id: Option<Uuid> = row.try_get(column)?;
        return Ok(id.map_or(Value::Null, |id| Value::Blob(id.as_bytes().to_vec())));
    }
    Ok(Value::Integer(row.try_get(column)?))
}

fn difference(
    one: &Connection,
    other: &Connection,
    table: &Table,
) -> Result<Option<Difference>, rusqlite::Error> {
    let sql = format!("SELECT * FROM {} ORDER BY {}", table.name, table.key);
    let (mut one, mut other) = (one.prepare(&sql)?, other.prepare(&sql)?);
    let (mut one, mut other) = (one.query([])?, other.query([])?);
    loop {
        let (here, there) = (values(&mut one)?, values(&mut other)?);
        if here != there {
            return Ok(Some(Difference {
                table: table.name,
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
