//! Carries a whole key store from one place into another, empty one: every row as it stands, still wrapped. No root
//! key is needed for it, and the same ones go on opening the copy. No gateway may write like this; whoever copies owns
//! both places.
//!
//! What must never happen: a copy that lacks a key, or that a gateway could have before it was read back.

mod postgres;
mod sqlite;

use std::path::PathBuf;

use async_trait::async_trait;
use daemon::postgres::Settings;
use rusqlite::types::Value;

use crate::{Error, OpenError};

use postgres::PostgresPlace;
use sqlite::SqlitePlace;

/// Where a key store is, or is to be.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// A database, as its owner.
    Database(Settings),
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A place cannot be opened, or a gateway has it.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A row could not be read or written.
    #[error(transparent)]
    Store(#[from] Error),
    /// There is nothing to copy.
    #[error("there is no key store: no root key was ever used with it")]
    Missing,
    /// There is something where the copy should be.
    #[error("there is a key store already: a copy needs an empty place")]
    Taken,
    /// What was read back is not what was written.
    #[error("the copy differs in '{0}'")]
    Differs(&'static str),
}

/// How a column's values are stored in PostgreSQL. SQLite knows whole numbers, bytes and texts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Short,
    Whole,
    Long,
    Id,
    Bytes,
    Text,
}

/// A table that both kinds of store have.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// Where SQLite has all its rows.
    pub(crate) in_file: &'static str,
    /// How many columns make a row unique; they stand first, and rows are read in their order.
    pub(crate) unique: usize,
    pub(crate) columns: &'static [(&'static str, Form)],
}

pub(crate) type Row = Vec<Value>;

const ROOTS: Table = Table {
    name: "roots",
    in_file: "roots",
    unique: 1,
    columns: &[
        ("nr", Form::Long),
        ("id", Form::Text),
        ("proof", Form::Bytes),
    ],
};

/// What finds the subjects, in their order.
pub(crate) const SEARCH: Table = Table {
    name: "search",
    in_file: "search_rows",
    unique: 3,
    columns: &[
        ("subject", Form::Id),
        ("authority", Form::Whole),
        ("token", Form::Id),
        ("kind", Form::Short),
    ],
};

pub(crate) const TABLES: [Table; 8] = [
    // before the keys that refer to them
    ROOTS,
    Table {
        name: "authority_keys",
        in_file: "authority_keys",
        unique: 3,
        columns: &[
            ("authority", Form::Whole),
            ("epoch", Form::Short),
            ("purpose", Form::Short),
            ("root", Form::Text),
            ("wrapped", Form::Bytes),
        ],
    },
    Table {
        name: "drops",
        in_file: "drops",
        unique: 1,
        columns: &[("id", Form::Long), ("epoch", Form::Short)],
    },
    Table {
        name: "body_keys",
        in_file: "body_keys",
        unique: 4,
        columns: &[
            ("subject", Form::Id),
            ("version", Form::Long),
            ("authority", Form::Whole),
            ("sealing", Form::Id),
            ("kind", Form::Short),
            ("epoch", Form::Short),
            ("wrapped", Form::Bytes),
        ],
    },
    SEARCH,
    Table {
        name: "accesses",
        in_file: "accesses",
        unique: 1,
        columns: &[
            ("id", Form::Long),
            ("at_micros", Form::Long),
            ("authority", Form::Whole),
            ("subject", Form::Id),
            ("sealed", Form::Bytes),
            ("kind", Form::Short),
            ("officer", Form::Id),
        ],
    },
    Table {
        name: "reviews",
        in_file: "reviews",
        unique: 1,
        columns: &[
            ("id", Form::Long),
            ("authority", Form::Whole),
            ("request_id", Form::Id),
            ("fingerprint", Form::Id),
            ("at_micros", Form::Long),
            ("from_micros", Form::Long),
            ("until_micros", Form::Long),
            ("sealed", Form::Bytes),
        ],
    },
    Table {
        name: "notes",
        in_file: "notes",
        unique: 3,
        columns: &[
            ("authority", Form::Whole),
            ("kind", Form::Short),
            ("token", Form::Id),
            ("revision", Form::Long),
            ("sealed", Form::Bytes),
        ],
    },
];

/// Tables of which it is known how many rows each authority has.
const COUNTED: [&str; 2] = ["notes", "reviews"];

/// Of which authorities a table has fewer or more rows than are known: how many are known, and how many there are.
fn miscounted(table: &str, schema: &str, whole: &str) -> String {
    format!(
        "SELECT authority, CAST(sum(known) AS {whole}), CAST(sum(there) AS {whole}) FROM ( \
             SELECT authority, row_count AS known, 0 AS there FROM {schema}census \
             WHERE table_name = '{table}' UNION ALL \
             SELECT authority, 0, count(*) FROM {schema}{table} GROUP BY authority \
         ) AS counted GROUP BY authority HAVING sum(known) <> sum(there) ORDER BY authority"
    )
}

/// What is said of one of them.
fn lost(table: &str, (authority, known, there): (i64, i64, i64)) -> String {
    format!("{table}, authority {authority}: {known} rows were kept, and there are {there}")
}

impl Table {
    /// A text for each of the first columns, counted from 1, as SQL lists them.
    fn list(&self, columns: usize, text: impl Fn(usize, &str, Form) -> String) -> String {
        let columns = self.columns.iter().take(columns).zip(1..);
        let texts = columns.map(|((name, form), nth)| text(nth, name, *form));
        texts.collect::<Vec<_>>().join(", ")
    }
}

/// A store that nobody else has meanwhile, or one moment of it.
#[async_trait]
pub(crate) trait Rows: Send {
    /// The next rows after one, or the first ones.
    async fn page(&mut self, table: &Table, after: Option<&Row>) -> Result<Vec<Row>, Error>;
    /// Takes rows in.
    async fn put(&mut self, table: &Table, rows: &[Row]) -> Result<(), Error>;
    /// What is wrong with the store itself, beside its rows, at most so many.
    async fn unsound(&mut self, limit: usize) -> Result<Vec<String>, Error>;
    /// Makes what was taken in durable, and lets gateways have it.
    async fn publish(self: Box<Self>) -> Result<(), Error>;
}

impl Place {
    /// One moment of a store, beside whoever has it.
    pub(crate) async fn beside(&self) -> Result<Box<dyn Rows>, OpenError> {
        Ok(match self {
            Self::File(path) => Box::new(SqlitePlace::beside(path)?),
            Self::Database(login) => Box::new(PostgresPlace::beside(login).await?),
        })
    }

    async fn open(&self) -> Result<Box<dyn Rows>, OpenError> {
        Ok(match self {
            Self::File(path) => Box::new(SqlitePlace::open(path)?),
            Self::Database(owner) => Box::new(PostgresPlace::open(owner).await?),
        })
    }

    async fn create(&self) -> Result<Box<dyn Rows>, OpenError> {
        Ok(match self {
            Self::File(path) => Box::new(SqlitePlace::create(path)?),
            Self::Database(owner) => Box::new(PostgresPlace::create(owner).await?),
        })
    }
}

/// Copies a key store that no gateway has, reads the copy back, and only then lets gateways have it. Returns how
/// many rows of each table there are.
pub async fn copy(from: &Place, to: &Place) -> Result<Vec<(&'static str, usize)>, CopyError> {
    let mut origin = from.open().await?;
    if origin.page(&ROOTS, None).await?.is_empty() {
        return Err(CopyError::Missing);
    }
    let mut target = to.create().await?;
    for table in &TABLES {
        if !target.page(table, None).await?.is_empty() {
            return Err(CopyError::Taken);
        }
    }
    let mut counts = Vec::new();
    for table in &TABLES {
        let mut count = 0;
        let mut after = None;
        loop {
            let page = origin.page(table, after.as_ref()).await?;
            if page.is_empty() {
                break;
            }
            target.put(table, &page).await?;
            count += page.len();
            after = page.into_iter().last();
        }
        counts.push((table.name, count));
    }
    for table in &TABLES {
        let mut after = None;
        loop {
            let page = origin.page(table, after.as_ref()).await?;
            if page != target.page(table, after.as_ref()).await? {
                return Err(CopyError::Differs(table.name));
            }
            if page.is_empty() {
                break;
            }
            after = page.into_iter().last();
        }
    }
    target.publish().await?;
    Ok(counts)
}
