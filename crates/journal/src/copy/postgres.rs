//! A copy in PostgreSQL: one transaction of the owner's, read back before it is committed.

use async_trait::async_trait;
use daemon::postgres::{ConnectError, Link, LinkError, Settings};
use uuid::Uuid;

use super::{Carried, Edge, Target};
use crate::ReadError;
use crate::audit::{PostgresRows, Row, Rows, person_of};
use crate::postgres::migrate;

/// A database whose journal is empty.
#[derive(Debug)]
pub struct PostgresTarget(PostgresRows);

/// The database has a journal.
#[derive(Debug, thiserror::Error)]
#[error("the database has a journal already: a copy needs an empty one")]
struct InUse;

impl PostgresTarget {
    /// As the owner: brings the schema up to date, and keeps everybody from appending until the copy is there.
    pub async fn create(owner: &Settings) -> Result<Self, ConnectError> {
        migrate(owner).await?;
        let mut rows = PostgresRows::open_alone(owner).await?;
        let taken = rows
            .link()
            .rows(
                "SELECT FROM flyttbud.edge WHERE position > 0 \
                 UNION ALL (SELECT FROM flyttbud.entries LIMIT 1) \
                 UNION ALL (SELECT FROM flyttbud.requests LIMIT 1) \
                 UNION ALL (SELECT FROM flyttbud.unique_keys LIMIT 1)",
                &[],
            )
            .await?;
        if !taken.is_empty() {
            return Err(ConnectError::Unfit(Box::new(InUse)));
        }
        Ok(Self(rows))
    }

    fn link(&mut self) -> &mut Link {
        self.0.link()
    }
}

#[async_trait]
impl Target for PostgresTarget {
    async fn put(&mut self, entries: &[Carried]) -> Result<(), ReadError> {
        let mut positions: Vec<i64> = Vec::new();
        let mut subjects: Vec<Uuid> = Vec::new();
        let mut versions: Vec<i32> = Vec::new();
        let mut bytes: Vec<&[u8]> = Vec::new();
        let mut told = Notices::default();
        for carried in entries {
            let position = carried.entry.position.0.cast_signed();
            positions.push(position);
            subjects.push(carried.entry.subject.id);
            versions.push(carried.entry.version.0.cast_signed());
            bytes.push(&carried.bytes);
            for notice in &carried.entry.notices {
                told.positions.push(position);
                told.numbers.push(notice.number.0.cast_signed());
                told.recipients.push(notice.recipient.number().into());
                told.chains.push(&notice.chain);
            }
        }
        let link = self.link();
        let insert = async {
            link.rows(
                "INSERT INTO flyttbud.entries (position, subject, version, bytes) \
                 SELECT * FROM unnest($1::int8[], $2::uuid[], $3::int4[], $4::bytea[])",
                &[&positions, &subjects, &versions, &bytes],
            )
            .await?;
            link.rows(
                "INSERT INTO flyttbud.notices (position, number, recipient, chain) \
                 SELECT * FROM unnest($1::int8[], $2::int8[], $3::int4[], $4::bytea[])",
                &[
                    &told.positions,
                    &told.numbers,
                    &told.recipients,
                    &told.chains,
                ],
            )
            .await
        };
        done(insert.await)
    }

    async fn put_rows(&mut self, rows: &[Row]) -> Result<(), ReadError> {
        let mut own = Own::default();
        for row in rows {
            own.push(row);
        }
        own.insert(self.link()).await
    }

    async fn put_edge(&mut self, edge: Edge) -> Result<(), ReadError> {
        let link = self.link();
        done(
            link.rows(
                "UPDATE flyttbud.edge SET position = $1, recorded_at = $2, system_version = $3, \
                 ahead_seconds = $4",
                &[
                    &edge.position.0.cast_signed(),
                    &edge.recorded_at.as_microsecond(),
                    &edge.system_version.0.cast_signed(),
                    &edge.ahead_seconds,
                ],
            )
            .await,
        )
    }

    fn rows(&mut self) -> &mut dyn Rows {
        &mut self.0
    }

    async fn publish(mut self: Box<Self>) -> Result<(), ReadError> {
        self.link().commit().await.map_err(ReadError::store)
    }
}

#[derive(Default)]
struct Notices<'a> {
    positions: Vec<i64>,
    numbers: Vec<i64>,
    recipients: Vec<i32>,
    chains: Vec<&'a [u8]>,
}

/// Rows as columns.
#[derive(Default)]
struct Own<'a> {
    ids: Vec<Uuid>,
    scopes: Vec<i32>,
    fingerprints: Vec<&'a [u8]>,
    subject_kinds: Vec<i32>,
    subjects: Vec<Uuid>,
    positions: Vec<i64>,
    already_open: Vec<bool>,
    persons: Vec<Vec<u8>>,
    relocations: Vec<Uuid>,
    keys: Vec<&'a [u8]>,
}

impl<'a> Own<'a> {
    fn push(&mut self, row: &'a Row) {
        match row {
            Row::Request {
                id,
                scope,
                fingerprint,
                subject_kind,
                subject,
                position,
                already_open,
            } => {
                self.ids.push(*id);
                self.scopes.push(*scope);
                self.fingerprints.push(fingerprint);
                self.subject_kinds.push(*subject_kind);
                self.subjects.push(*subject);
                self.positions.push(position.0.cast_signed());
                self.already_open.push(*already_open);
            }
            Row::Claim {
                sender,
                recipient,
                person,
                relocation,
            } => {
                self.persons.push(person_of(*sender, *recipient, person));
                self.relocations.push(*relocation);
            }
            Row::Key(key) => self.keys.push(key.as_bytes()),
            // they follow from the entries
            Row::Version { .. } | Row::Notice { .. } => {}
        }
    }

    async fn insert(&self, link: &mut Link) -> Result<(), ReadError> {
        done(
            link.rows(
                "INSERT INTO flyttbud.requests \
                 (id, scope, fingerprint, subject_kind, subject, position, already_open) \
                 SELECT * FROM unnest($1::uuid[], $2::int4[], $3::bytea[], $4::int4[], $5::uuid[], \
                 $6::int8[], $7::bool[])",
                &[
                    &self.ids,
                    &self.scopes,
                    &self.fingerprints,
                    &self.subject_kinds,
                    &self.subjects,
                    &self.positions,
                    &self.already_open,
                ],
            )
            .await,
        )?;
        done(
            link.rows(
                "INSERT INTO flyttbud.open_relocations (person, relocation) \
                 SELECT * FROM unnest($1::bytea[], $2::uuid[])",
                &[&self.persons, &self.relocations],
            )
            .await,
        )?;
        done(
            link.rows(
                "INSERT INTO flyttbud.unique_keys (key) SELECT * FROM unnest($1::bytea[])",
                &[&self.keys],
            )
            .await,
        )
    }
}

fn done<T>(result: Result<T, LinkError>) -> Result<(), ReadError> {
    result.map(|_none| ()).map_err(ReadError::store)
}
