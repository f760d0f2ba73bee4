//! The journal in PostgreSQL: any number of processes over one database, each with one group of appends under
//! way. The database alone decides, in one function and under one lock; here nothing is remembered that it does
//! not say again.

mod clock;
mod columns;
mod follow;
mod group;
mod lease;
mod limits;
mod packed;
mod reached;
mod subject;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use daemon::postgres::{
    ConnectError, Gathered, Link, LinkError, Pool, Schema, Settings, tell_of_standby,
};
use domain::entry::Entry;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Subject};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use tlog::tree::Size;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::batch::{Answer, Batch, OpenClaim, Outcome, Scope};
use crate::limits::{LOOKS_MAX, QUEUE_BATCHES_MAX, READ_ENTRIES_MAX};
use crate::sqlite::{kind_from_number, scope_number};
use crate::{AppendError, InboxHead, Journal, ReadError, Stored};

use clock::Clock;
use follow::{Follower, Known};
use packed::Packed;
use writer::{Waiting, Writer};

pub use lease::Lease;

pub(crate) use follow::{LOG, VIEWS, forward};

pub(crate) const SCHEMA: Schema = Schema {
    name: "flyttbud",
    migrations: &[
        include_str!("postgres/schema/1.sql"),
        include_str!("postgres/schema/2.sql"),
        include_str!("postgres/schema/3.sql"),
        include_str!("postgres/schema/4.sql"),
        include_str!("postgres/schema/5.sql"),
        include_str!("postgres/schema/6.sql"),
        include_str!("postgres/schema/7.sql"),
        include_str!("postgres/schema/8.sql"),
    ],
};

/// Brings the schema up to date, as the owner of the database, who may create roles: `flyttbud_gateway` and
/// `flyttbud_ledger` are made when they are missing, and whoever a service logs in as is granted one of them.
pub async fn migrate(owner: &Settings) -> Result<(), ConnectError> {
    SCHEMA.migrate(owner).await
}

/// Whether the schema is this program's.
pub(crate) async fn is_current(link: &mut Link) -> Result<(), ConnectError> {
    SCHEMA.is_current(link).await
}

/// The journal in PostgreSQL.
#[derive(Debug)]
pub struct PostgresJournal {
    queue: mpsc::Sender<Waiting>,
    pool: Pool,
    /// What every call folds: of many at once, read together.
    subjects: Gathered<subject::Wanted, subject::Found>,
    edge: watch::Receiver<Position>,
    views: watch::Sender<Position>,
    log: watch::Sender<Size>,
    clock: Arc<Clock>,
    random: SystemRandom,
}

impl PostgresJournal {
    /// Connects as a service. The server must be set safely and its schema be this program's.
    pub async fn connect(settings: Settings) -> Result<Arc<Self>, ConnectError> {
        let settings = Arc::new(settings);
        let known = Known::new();
        let mut follower = Follower::start(settings.clone(), known.clone()).await?;
        tell_of_standby(follower.link(), &settings, "journal").await?;
        let (queue, waiting) = mpsc::channel(QUEUE_BATCHES_MAX);
        let pool = Pool::new(settings.clone(), Arc::new(known.reached()));
        let of_subjects = pool.clone();
        let journal = Self {
            queue,
            pool,
            subjects: Gathered::start(LOOKS_MAX, move |asked| {
                let pool = of_subjects.clone();
                async move { subject::read(&pool, asked).await }
            }),
            edge: known.edge.subscribe(),
            views: known.views.clone(),
            log: known.log.clone(),
            clock: known.clock.clone(),
            random: SystemRandom::new(),
        };
        let writer = Writer::new(settings, known, waiting);
        // one task: the edge is told as long as it can move, and closes with the writer
        daemon::spawn(async move {
            tokio::select! {
                () = writer.run() => {}
                () = follower.run() => {}
            }
        });
        Ok(Arc::new(journal))
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn views(&self) -> &watch::Sender<Position> {
        &self.views
    }

    pub(crate) fn log(&self) -> &watch::Sender<Size> {
        &self.log
    }

    pub(crate) async fn rows(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, ReadError> {
        self.pool.rows(sql, values).await.map_err(ReadError::store)
    }

    /// Waits until a synchronous standby has all that was read: a server that started anew after a crash shows what
    /// it alone has. To append nothing waits for that, too.
    async fn wait_for_standby(&self) -> Result<(), LinkError> {
        let known = *self.edge.borrow();
        let mut link = self.pool.link().await?;
        group::append(&mut link, &[], known).await?;
        Ok(())
    }

    async fn entries(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Stored>, ReadError> {
        self.rows(sql, values).await?.iter().map(stored).collect()
    }
}

#[async_trait]
impl Journal for PostgresJournal {
    async fn append(&self, batch: Batch) -> Result<Outcome, AppendError> {
        let packed = Packed::new(batch, &self.random)?;
        let (reply, answer) = oneshot::channel();
        let settled = async {
            let waiting = Waiting { packed, reply };
            if self.queue.send(waiting).await.is_err() {
                return Err(AppendError::Unavailable);
            }
            answer.await.unwrap_or(Err(AppendError::Unavailable))
        };
        timeout(limits::APPEND, settled)
            .await
            .unwrap_or(Err(AppendError::Unavailable))
    }

    async fn read_after(&self, after: Position, limit: usize) -> Result<Vec<Stored>, ReadError> {
        self.entries(
            "SELECT position, bytes FROM flyttbud.entries WHERE position > $1 \
             ORDER BY position LIMIT $2",
            &[&place(after), &capped(limit)],
        )
        .await
    }

    async fn read_stored(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, ReadError> {
        let rows = self
            .rows(
                "SELECT position, bytes FROM flyttbud.entries WHERE position > $1 \
                 ORDER BY position LIMIT $2",
                &[&place(after), &capped(limit)],
            )
            .await?;
        let bytes = |row: &Row| -> Result<_, tokio_postgres::Error> {
            let position: i64 = row.try_get(0)?;
            Ok((Position(position.cast_unsigned()), row.try_get(1)?))
        };
        let read: Result<_, _> = rows.iter().map(bytes).collect();
        read.map_err(ReadError::store)
    }

    async fn under(&self, id: Uuid, up_to: Position) -> Result<Vec<Entry>, ReadError> {
        let asked = self.subjects.ask((id, place(up_to))).await;
        Ok(alone(asked.map_err(ReadError::store)??))
    }

    async fn notices(
        &self,
        recipient: MunicipalityCode,
        after: NoticeNumber,
        limit: usize,
    ) -> Result<Vec<Entry>, ReadError> {
        let after = i64::try_from(after.0).unwrap_or(i64::MAX);
        let found = self
            .entries(
                "SELECT e.position, e.bytes FROM flyttbud.notices AS n \
                 JOIN flyttbud.entries AS e ON e.position = n.position \
                 WHERE n.recipient = $1 AND n.number > $2 ORDER BY n.number LIMIT $3",
                &[&i32::from(recipient.number()), &after, &capped(limit)],
            )
            .await?;
        Ok(alone(found))
    }

    async fn inbox_head(&self, recipient: MunicipalityCode) -> Result<InboxHead, ReadError> {
        let rows = self
            .rows(
                "SELECT number, chain FROM flyttbud.notices WHERE recipient = $1 \
                 ORDER BY number DESC LIMIT 1",
                &[&i32::from(recipient.number())],
            )
            .await?;
        let Some(row) = rows.first() else {
            return Ok(InboxHead::EMPTY);
        };
        Ok(InboxHead {
            number: NoticeNumber(
                row.try_get::<_, i64>(0)
                    .map_err(ReadError::store)?
                    .cast_unsigned(),
            ),
            chain: array(row, 1)?,
        })
    }

    async fn answer(
        &self,
        scope: Scope,
        id: Uuid,
    ) -> Result<Option<([u8; 16], Answer)>, ReadError> {
        let scope = i32::try_from(scope_number(scope)).map_err(ReadError::store)?;
        let rows = self
            .rows(
                "SELECT fingerprint, subject_kind, subject, position, already_open \
                 FROM flyttbud.requests WHERE id = $1 AND scope = $2",
                &[&id, &scope],
            )
            .await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let answer = answer_in(row)?;
        self.wait_for_standby().await.map_err(ReadError::store)?;
        Ok(Some(answer))
    }

    async fn holder(&self, claim: &OpenClaim) -> Result<Option<Uuid>, ReadError> {
        let persons: Vec<Vec<u8>> = packed::claimed(claim).collect();
        let rows = self
            .rows(
                "SELECT o.relocation FROM unnest($1::bytea[]) WITH ORDINALITY AS p (person, nth) \
                 JOIN flyttbud.open_relocations AS o ON o.person = p.person ORDER BY p.nth LIMIT 1",
                &[&persons],
            )
            .await?;
        let holder = rows.first().map(|row| row.try_get(0));
        holder.transpose().map_err(ReadError::store)
    }

    fn edge(&self) -> watch::Receiver<Position> {
        self.edge.clone()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// A position as the database counts, which ends earlier.
pub(crate) fn place(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

fn capped(limit: usize) -> i64 {
    i64::try_from(limit.min(READ_ENTRIES_MAX)).unwrap_or(i64::MAX)
}

fn alone(found: Vec<Stored>) -> Vec<Entry> {
    found.into_iter().map(|stored| stored.entry).collect()
}

fn stored(row: &Row) -> Result<Stored, ReadError> {
    let position: i64 = row.try_get(0).map_err(ReadError::store)?;
    let bytes: Vec<u8> = row.try_get(1).map_err(ReadError::store)?;
    let entry = api::record::decode(&bytes).map_err(|source| ReadError::Unreadable {
        position: position.cast_unsigned(),
        source,
    })?;
    Ok(Stored { entry, bytes })
}

fn answer_in(row: &Row) -> Result<([u8; 16], Answer), ReadError> {
    let read = || -> Result<Answer, tokio_postgres::Error> {
        Ok(Answer {
            subject: Subject {
                kind: kind_from_number(row.try_get::<_, i32>(1)?.into()),
                id: row.try_get(2)?,
            },
            position: Position(row.try_get::<_, i64>(3)?.cast_unsigned()),
            already_open: row.try_get(4)?,
        })
    };
    Ok((array(row, 0)?, read().map_err(ReadError::store)?))
}

fn array<const N: usize>(row: &Row, column: usize) -> Result<[u8; N], ReadError> {
    let bytes: &[u8] = row.try_get(column).map_err(ReadError::store)?;
    bytes.try_into().map_err(ReadError::store)
}

#[cfg(test)]
mod tests;
