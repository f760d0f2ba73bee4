//! The database of a key store: one transaction of the owner's, in which nobody else writes.

use std::slice;

use async_trait::async_trait;
use daemon::postgres::{Link, Settings};
use rusqlite::types::Value;
use tokio_postgres::Row as Stored;
use tokio_postgres::types::ToSql;

use super::{COUNTED, Form, Row, Rows, TABLES, Table, lost, miscounted};
use crate::limits::COPIED_ROWS;
use crate::postgres::{SCHEMA, migrate};
use crate::{Error, OpenError};

pub(super) struct PostgresPlace(Link);

type Given = Box<dyn ToSql + Send + Sync>;

impl PostgresPlace {
    /// As the owner, while nobody can change anything; whoever tries waits.
    pub(super) async fn open(owner: &Settings) -> Result<Self, OpenError> {
        let mut link = Link::open(owner, &(), |_notification| {}).await?;
        SCHEMA.is_current(&mut link).await?;
        link.begin().await?;
        let tables = TABLES.map(|table| format!("flyttbud_keys.{}", table.name));
        let tables = tables.join(", ");
        link.run(&format!(
            "SET LOCAL idle_in_transaction_session_timeout = 0; \
             LOCK TABLE {tables} IN EXCLUSIVE MODE"
        ))
        .await?;
        Ok(Self(link))
    }

    /// One moment of a database, beside whoever has it: as a gateway, or as the owner.
    pub(super) async fn beside(login: &Settings) -> Result<Self, OpenError> {
        let mut link = Link::open(login, &(), |_notification| {}).await?;
        SCHEMA.is_current(&mut link).await?;
        link.begin().await?;
        link.run(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; \
             SET LOCAL idle_in_transaction_session_timeout = 0",
        )
        .await?;
        Ok(Self(link))
    }

    /// The same, with the schema brought up to date before.
    pub(super) async fn create(owner: &Settings) -> Result<Self, OpenError> {
        migrate(owner).await?;
        Self::open(owner).await
    }
}

#[async_trait]
impl Rows for PostgresPlace {
    async fn page(&mut self, table: &Table, after: Option<&Row>) -> Result<Vec<Row>, Error> {
        let unique = table.list(table.unique, |_nth, name, _form| name.to_owned());
        let columns = table.list(usize::MAX, |_nth, name, form| form.read(name));
        let place = table.list(table.unique, |nth, _name, form| {
            form.stored(&format!("(${nth}::{}[])[1]", form.carried()))
        });
        let (beyond, values) = match after {
            Some(row) => (
                format!("WHERE ({unique}) > ({place})"),
                given(table, table.unique, slice::from_ref(row)),
            ),
            None => Default::default(),
        };
        let sql = format!(
            "SELECT {columns} FROM flyttbud_keys.{} {beyond} ORDER BY {unique} LIMIT {COPIED_ROWS}",
            table.name,
        );
        let found = self.0.rows_once(&sql, &lent(&values)).await?;
        let row = |found: &Stored| -> Result<Row, tokio_postgres::Error> {
            let columns = table.columns.iter().enumerate();
            let values = columns.map(|(nth, (_name, form))| form.value(found, nth));
            values.collect()
        };
        Ok(found.iter().map(row).collect::<Result<_, _>>()?)
    }

    async fn put(&mut self, table: &Table, rows: &[Row]) -> Result<(), Error> {
        let names = table.list(usize::MAX, |_nth, name, _form| name.to_owned());
        let stored = table.list(usize::MAX, |_nth, name, form| form.stored(name));
        let carried = table.list(usize::MAX, |nth, _name, form| {
            format!("${nth}::{}[]", form.carried())
        });
        let sql = format!(
            "INSERT INTO flyttbud_keys.{} ({names}) OVERRIDING SYSTEM VALUE \
             SELECT {stored} FROM unnest({carried}) AS page ({names})",
            table.name,
        );
        let values = given(table, usize::MAX, rows);
        self.0.rows_once(&sql, &lent(&values)).await?;
        Ok(())
    }

    async fn unsound(&mut self, limit: usize) -> Result<Vec<String>, Error> {
        // the server proves its pages with their checksums, and each row stands once
        let mut unsound = Vec::new();
        for table in COUNTED {
            let sql = miscounted(table, "flyttbud_keys.", "bigint");
            for row in self.0.rows_once(&sql, &[]).await? {
                let authority: i32 = row.try_get(0)?;
                let counted = (authority.into(), row.try_get(1)?, row.try_get(2)?);
                unsound.push(lost(table, counted));
            }
        }
        unsound.truncate(limit);
        Ok(unsound)
    }

    async fn publish(mut self: Box<Self>) -> Result<(), Error> {
        // what comes next is numbered behind what came
        for table in ["drops", "accesses", "reviews"] {
            let table = format!("flyttbud_keys.{table}");
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            );
            self.0.run(&sql).await?;
        }
        Ok(self.0.commit().await?)
    }
}

impl Form {
    /// What it is carried as: as SQLite has it.
    fn carried(self) -> &'static str {
        match self {
            Self::Short | Self::Whole | Self::Long => "int8",
            Self::Id | Self::Bytes => "bytea",
            Self::Text => "text",
        }
    }

    /// A column as it is carried.
    fn read(self, name: &str) -> String {
        match self {
            Self::Short | Self::Whole | Self::Long => format!("{name}::int8"),
            Self::Id => format!("uuid_send({name})"),
            Self::Bytes | Self::Text => name.to_owned(),
        }
    }

    /// What was carried, as it is stored.
    fn stored(self, carried: &str) -> String {
        match self {
            Self::Short => format!("({carried})::int2"),
            Self::Whole => format!("({carried})::int4"),
            Self::Id => format!("encode({carried}, 'hex')::uuid"),
            Self::Long | Self::Bytes | Self::Text => carried.to_owned(),
        }
    }

    fn value(self, row: &Stored, nth: usize) -> Result<Value, tokio_postgres::Error> {
        Ok(match self.carried() {
            "int8" => Value::Integer(row.try_get(nth)?),
            "bytea" => Value::Blob(row.try_get(nth)?),
            _ => Value::Text(row.try_get(nth)?),
        })
    }

    /// A column of rows, for one statement to take in.
    fn column(self, rows: &[Row], nth: usize) -> Given {
        let values = rows.iter().map(|row| row.get(nth));
        match self.carried() {
            "int8" => Box::new(values.map(whole).collect::<Vec<_>>()),
            "bytea" => Box::new(values.map(bytes).collect::<Vec<_>>()),
            _ => Box::new(values.map(text).collect::<Vec<_>>()),
        }
    }
}

// what has another form is none, and no column of ours takes that

fn whole(value: Option<&Value>) -> Option<i64> {
    match value {
        Some(Value::Integer(number)) => Some(*number),
        _ => None,
    }
}

fn bytes(value: Option<&Value>) -> Option<Vec<u8>> {
    match value {
        Some(Value::Blob(bytes)) => Some(bytes.clone()),
        _ => None,
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    match value {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

/// The first columns of rows.
fn given(table: &Table, columns: usize, rows: &[Row]) -> Vec<Given> {
    let columns = table.columns.iter().take(columns).enumerate();
    columns
        .map(|(nth, (_name, form))| form.column(rows, nth))
        .collect()
}

fn lent(values: &[Given]) -> Vec<&(dyn ToSql + Sync)> {
    values
        .iter()
        .map(|value| -> &(dyn ToSql + Sync) { value.as_ref() })
        .collect()
}
