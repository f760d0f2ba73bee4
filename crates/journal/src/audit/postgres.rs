//! The record in PostgreSQL, read row by row.

use async_trait::async_trait;
use daemon::postgres::{ConnectError, Link, LinkError, Settings};
use domain::subject::Position;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row as Stored};
use uuid::Uuid;

use super::{Row, Rows, Table, unsound};
use crate::ReadError;
use crate::limits::READ_ENTRIES_MAX;
use crate::postgres::is_current;

/// A connection that reads the record.
#[derive(Debug)]
pub struct PostgresRows(Link);

impl PostgresRows {
    /// Beside the services, as any role that may read: a service's, or the owner's.
    pub async fn open(settings: &Settings) -> Result<Self, ConnectError> {
        let mut link = Link::open(settings, &(), |_notification| {}).await?;
        is_current(&mut link).await?;
        Ok(Self(link))
    }

    /// As the owner, while nobody can append: whoever tries waits, and is told that nobody knows. Holds until it
    /// is dropped.
    pub async fn open_alone(owner: &Settings) -> Result<Self, ConnectError> {
        let mut rows = Self::open(owner).await?;
        rows.0.begin().await?;
        rows.0
            .run(
                "SET LOCAL idle_in_transaction_session_timeout = 0; \
                 SELECT FROM flyttbud.edge FOR UPDATE",
            )
            .await?;
        Ok(rows)
    }

    pub(crate) fn link(&mut self) -> &mut Link {
        &mut self.0
    }

    async fn all<T>(
        &mut self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
        read: impl FnMut(&Stored) -> Result<T, Error>,
    ) -> Result<Vec<T>, ReadError> {
        let rows = self.0.rows(sql, values).await.map_err(ReadError::store)?;
        let read: Result<Vec<T>, Error> = rows.iter().map(read).collect();
        read.map_err(ReadError::store)
    }

    async fn at_edge<T>(&mut self, sql: &'static str) -> Result<T, ReadError>
    where
        T: for<'a> tokio_postgres::types::FromSql<'a>,
    {
        let mut found = self.all(sql, &[], |row| row.try_get(0)).await?;
        found
            .pop()
            .ok_or_else(|| ReadError::store(LinkError::Silent))
    }
}

#[async_trait]
impl Rows for PostgresRows {
    async fn edge(&mut self) -> Result<Position, ReadError> {
        let edge: i64 = self.at_edge("SELECT position FROM flyttbud.edge").await?;
        Ok(Position(edge.cast_unsigned()))
    }

    async fn ahead_seconds(&mut self) -> Result<i64, ReadError> {
        self.at_edge("SELECT ahead_seconds FROM flyttbud.edge")
            .await
    }

    async fn entries(
        &mut self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, ReadError> {
        self.all(
            "SELECT position, bytes FROM flyttbud.entries WHERE position > $1 \
             ORDER BY position LIMIT $2",
            &[&after.0.cast_signed(), &capped(limit)],
            |row| Ok((position(row, 0)?, row.try_get(1)?)),
        )
        .await
    }

    async fn entries_at(
        &mut self,
        positions: &[Position],
    ) -> Result<Vec<Option<Vec<u8>>>, ReadError> {
        let positions: Vec<i64> = positions.iter().map(|at| at.0.cast_signed()).collect();
        self.all(
            "SELECT e.bytes FROM unnest($1::int8[]) WITH ORDINALITY AS asked (position, nth) \
             LEFT JOIN flyttbud.entries AS e ON e.position = asked.position ORDER BY asked.nth",
            &[&positions],
            |row| row.try_get(0),
        )
        .await
    }

    async fn begun_at(&mut self, subjects: &[Uuid]) -> Result<Vec<Option<Position>>, ReadError> {
        self.all(
            "SELECT e.position FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (subject, nth) \
             LEFT JOIN flyttbud.entries AS e ON e.subject = asked.subject AND e.version = 1 \
             ORDER BY asked.nth",
            &[&subjects],
            |row| {
                let position: Option<i64> = row.try_get(0)?;
                Ok(position.map(|position| Position(position.cast_unsigned())))
            },
        )
        .await
    }

    async fn rows(
        &mut self,
        table: Table,
        after: Option<&Row>,
        limit: usize,
    ) -> Result<Vec<Row>, ReadError> {
        let mut values = values(table, after);
        values.push(Box::new(capped(limit)));
        let values: Vec<&(dyn ToSql + Sync)> = values
            .iter()
            .map(|value| -> &(dyn ToSql + Sync) { value.as_ref() })
            .collect();
        let rows = self.0.rows(page(table), &values).await;
        let read = |row| {
            let read: Result<Option<Row>, Error> = read(table, row);
            read.map_err(ReadError::store)?
                .ok_or_else(|| unsound(table))
        };
        rows.map_err(ReadError::store)?.iter().map(read).collect()
    }
}

/// A page of a table behind what makes a row of it unique.
fn page(table: Table) -> &'static str {
    match table {
        Table::Versions => {
            "SELECT subject, version, position FROM flyttbud.entries \
             WHERE (subject, version) > ($1, $2) ORDER BY subject, version LIMIT $3"
        }
        Table::Notices => {
            "SELECT recipient, number, position, chain FROM flyttbud.notices \
             WHERE (recipient, number) > ($1, $2) ORDER BY recipient, number LIMIT $3"
        }
        Table::Requests => {
            "SELECT id, scope, fingerprint, subject_kind, subject, position, already_open \
             FROM flyttbud.requests WHERE (id, scope) > ($1, $2) ORDER BY id, scope LIMIT $3"
        }
        Table::Claims => {
            "SELECT person, relocation FROM flyttbud.open_relocations \
             WHERE person > $1 ORDER BY person LIMIT $2"
        }
        Table::Keys => "SELECT key FROM flyttbud.unique_keys WHERE key > $1 ORDER BY key LIMIT $2",
    }
}

type Values = Vec<Box<dyn ToSql + Sync + Send>>;

/// What makes a row unique; without one, what comes before every row.
fn values(table: Table, after: Option<&Row>) -> Values {
    match (table, after) {
        (
            Table::Versions,
            Some(Row::Version {
                subject, version, ..
            }),
        ) => vec![Box::new(*subject), Box::new(version.cast_signed())],
        (
            Table::Notices,
            Some(Row::Notice {
                recipient, number, ..
            }),
        ) => vec![
            Box::new(i32::from(*recipient)),
            Box::new(number.cast_signed()),
        ],
        (Table::Requests, Some(Row::Request { id, scope, .. })) => {
            vec![Box::new(*id), Box::new(*scope)]
        }
        (
            Table::Claims,
            Some(Row::Claim {
                sender,
                recipient,
                person,
                ..
            }),
        ) => vec![Box::new(person_of(*sender, *recipient, person))],
        (Table::Keys, Some(Row::Key(key))) => vec![Box::new(key.clone().into_bytes())],
        (Table::Versions | Table::Requests, _) => {
            vec![Box::new(Uuid::nil()), Box::new(i32::MIN)]
        }
        (Table::Notices, _) => vec![Box::new(-1_i32), Box::new(0_i64)],
        (Table::Claims | Table::Keys, _) => vec![Box::new(Vec::<u8>::new())],
    }
}

fn read(table: Table, row: &Stored) -> Result<Option<Row>, Error> {
    Ok(match table {
        Table::Versions => Some(Row::Version {
            subject: row.try_get(0)?,
            version: row.try_get::<_, i32>(1)?.cast_unsigned(),
            position: position(row, 2)?,
        }),
        Table::Notices => {
            let recipient: i32 = row.try_get(0)?;
            let chain: &[u8] = row.try_get(3)?;
            let (number, position) = (row.try_get::<_, i64>(1)?, position(row, 2)?);
            recipient
                .try_into()
                .ok()
                .zip(chain.try_into().ok())
                .map(|(recipient, chain)| Row::Notice {
                    recipient,
                    number: number.cast_unsigned(),
                    position,
                    chain,
                })
        }
        Table::Requests => {
            let fingerprint: &[u8] = row.try_get(2)?;
            let request = |fingerprint| {
                Ok(Row::Request {
                    id: row.try_get(0)?,
                    scope: row.try_get(1)?,
                    fingerprint,
                    subject_kind: row.try_get(3)?,
                    subject: row.try_get(4)?,
                    position: position(row, 5)?,
                    already_open: row.try_get(6)?,
                })
            };
            fingerprint.try_into().ok().map(request).transpose()?
        }
        Table::Claims => {
            let person: &[u8] = row.try_get(0)?;
            let relocation = row.try_get(1)?;
            claim(person, relocation)
        }
        Table::Keys => String::from_utf8(row.try_get(0)?).ok().map(Row::Key),
    })
}

/// Sender and recipient with two bytes each, then epoch and pseudonym.
pub(crate) fn person_of(sender: u16, recipient: u16, person: &[u8]) -> Vec<u8> {
    [&sender.to_be_bytes()[..], &recipient.to_be_bytes(), person].concat()
}

fn claim(person: &[u8], relocation: Uuid) -> Option<Row> {
    let (sender, rest) = person.split_first_chunk()?;
    let (recipient, rest) = rest.split_first_chunk()?;
    Some(Row::Claim {
        sender: u16::from_be_bytes(*sender),
        recipient: u16::from_be_bytes(*recipient),
        person: rest.try_into().ok()?,
        relocation,
    })
}

fn position(row: &Stored, column: usize) -> Result<Position, Error> {
    Ok(Position(row.try_get::<_, i64>(column)?.cast_unsigned()))
}

fn capped(limit: usize) -> i64 {
    i64::try_from(limit.min(READ_ENTRIES_MAX)).unwrap_or(i64::MAX)
}
