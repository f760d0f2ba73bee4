//! The key store in PostgreSQL: a database of its own that any number of gateways share. It may delete; it may
//! change nothing but notes.
//!
//! What is deleted is gone for every statement at once, and from the tables' pages when autovacuum has been
//! there. Write-ahead logs and backups keep it as long as they live.

mod accesses;
mod group;
mod notes;
mod refusals;
mod reviews;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use daemon::postgres::{ConnectError, Link, LinkError, Pool, Proof, Schema, Settings};
use domain::municipality::MunicipalityCode;
use domain::subject::{Position, Subject};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::erasure::Mark;
use crate::keys::KeyName;
use crate::limits::{CHANGE, FOUND_MAX, QUEUE_CHANGES_MAX};
use crate::note::{NoteKind, NoteName};
use crate::part::KeysId;
use crate::refusals::Refused;
use crate::review::ReviewRow;
use crate::store::{AccessQuery, Change, KeyStore, StoredAccess, StoredKey, subject};
use crate::{Error, OpenError, RootKey};

use group::Waiting;
use writer::Writer;

pub(crate) const SCHEMA: Schema = Schema {
    name: "flyttbud_keys",
    migrations: &[
        include_str!("postgres/schema/1.sql"),
        include_str!("postgres/schema/2.sql"),
        include_str!("postgres/schema/3.sql"),
        include_str!("postgres/schema/4.sql"),
        include_str!("postgres/schema/5.sql"),
        include_str!("postgres/schema/6.sql"),
    ],
};

/// Brings the schema up to date, as the owner of the database, who may create roles: `flyttbud_keys` is made when
/// it is missing, and whoever a gateway logs in as is granted it.
pub async fn migrate(owner: &Settings) -> Result<(), ConnectError> {
    SCHEMA.migrate(owner).await
}

/// The store. Dropping it lets what waits be written.
pub(crate) struct PostgresStore {
    pool: Pool,
    queue: mpsc::Sender<Waiting>,
}

impl PostgresStore {
    /// Connects. The server must be set safely, the schema be this program's, the root key the right one.
    pub(crate) async fn connect(settings: Settings, root: &RootKey) -> Result<Self, OpenError> {
        let settings = Arc::new(settings);
        let mut link = Link::open(&settings, &(), |_notification| {}).await?;
        SCHEMA.is_current(&mut link).await?;
        let proof = root.proof().map_err(OpenError::Root)?;
        link.rows(
            "INSERT INTO flyttbud_keys.root (one, id, proof) VALUES (true, $1, $2) \
             ON CONFLICT DO NOTHING",
            &[&root.id(), &proof],
        )
        .await?;
        let (id, proof) = first_root(&mut link).await?;
        root.verify(&id, &proof)?;
        let proof = Arc::new(Ours(id));
        let (queue, waiting) = mpsc::channel(QUEUE_CHANGES_MAX);
        daemon::spawn(Writer::new(settings.clone(), proof.clone(), link).run(waiting));
        Ok(Self {
            pool: Pool::new(settings, proof),
            queue,
        })
    }
}

/// The first root key left its id and a proof in the store; every later one must open that.
async fn first_root(link: &mut Link) -> Result<(String, Vec<u8>), LinkError> {
    let rows = link
        .rows("SELECT id, proof FROM flyttbud_keys.root", &[])
        .await?;
    Ok(match rows.first() {
        Some(row) => (row.try_get(0)?, row.try_get(1)?),
        None => Default::default(),
    })
}

/// The store that was proven at the start, by the id of its root key: a connection that is made later must not
/// lead elsewhere.
#[derive(Debug)]
struct Ours(String);

#[async_trait]
impl Proof for Ours {
    async fn prove(&self, link: &mut Link) -> Result<(), ConnectError> {
        let (wanted, _proof) = first_root(link).await?;
        if wanted == self.0 {
            return Ok(());
        }
        let given = self.0.clone();
        let error = OpenError::WrongRoot { wanted, given };
        Err(ConnectError::Unfit(Box::new(error)))
    }
}

#[async_trait]
impl KeyStore for PostgresStore {
    async fn key(&self, name: KeyName) -> Result<StoredKey, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT (SELECT count(*) FROM flyttbud_keys.drops), \
                 (SELECT wrapped FROM flyttbud_keys.authority_keys \
                 WHERE authority = $1 AND epoch = $2 AND purpose = $3)",
                &[
                    &i32::from(name.authority.number()),
                    &name.epoch,
                    &i16::from(name.purpose.number()),
                ],
            )
            .await?;
        let row = rows.first().ok_or(Error::Unavailable)?;
        Ok(StoredKey {
            drops: row.try_get(0)?,
            wrapped: row.try_get(1)?,
        })
    }

    async fn body_key(
        &self,
        id: &KeysId,
        authority: MunicipalityCode,
    ) -> Result<Option<(i16, Vec<u8>)>, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT epoch, wrapped FROM flyttbud_keys.body_keys WHERE subject = $1 \
                 AND version = $2 AND authority = $3 AND sealing = $4",
                &[
                    &id.subject.id,
                    &i64::from(id.version.0),
                    &i32::from(authority.number()),
                    &Uuid::from_bytes(id.sealing),
                ],
            )
            .await?;
        rows.first().map(pair).transpose()
    }

    async fn search(
        &self,
        authority: MunicipalityCode,
        tokens: &[[u8; 16]],
    ) -> Result<Vec<Subject>, Error> {
        let tokens: Vec<_> = tokens.iter().copied().map(Uuid::from_bytes).collect();
        let rows = self
            .pool
            .rows(
                "SELECT DISTINCT ON (found.subject) found.kind, found.subject \
                 FROM unnest($2::uuid[]) AS wanted (token), LATERAL ( \
                     SELECT kind, subject FROM flyttbud_keys.search \
                     WHERE authority = $1 AND token = wanted.token ORDER BY subject DESC LIMIT $3 \
                 ) AS found ORDER BY found.subject DESC",
                &[&i32::from(authority.number()), &tokens, &bound(FOUND_MAX)],
            )
            .await?;
        rows.iter().map(subject_in).collect()
    }

    async fn accesses(
        &self,
        authority: MunicipalityCode,
        query: &AccessQuery,
    ) -> Result<Vec<StoredAccess>, Error> {
        self.read_accesses(authority, query).await
    }

    async fn count_accesses(
        &self,
        authority: MunicipalityCode,
        from_micros: i64,
        until_micros: i64,
    ) -> Result<u64, Error> {
        self.count_accesses_between(authority, from_micros, until_micros)
            .await
    }

    async fn subjects(
        &self,
        after: Uuid,
        before: Uuid,
        limit: usize,
    ) -> Result<Vec<Subject>, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT DISTINCT ON (subject) kind, subject FROM flyttbud_keys.body_keys \
                 WHERE subject > $1 AND subject < $2 ORDER BY subject LIMIT $3",
                &[&after, &before, &bound(limit)],
            )
            .await?;
        rows.iter().map(subject_in).collect()
    }

    async fn refusals(
        &self,
        authority: MunicipalityCode,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Refused)>, Error> {
        self.read_refusals(authority, before, limit).await
    }

    async fn review(
        &self,
        authority: MunicipalityCode,
        request_id: Uuid,
    ) -> Result<Option<ReviewRow>, Error> {
        self.read_review(authority, request_id).await
    }

    async fn reviews(
        &self,
        authority: MunicipalityCode,
        before: i64,
        limit: usize,
    ) -> Result<Vec<ReviewRow>, Error> {
        self.read_reviews(authority, before, limit).await
    }

    async fn reviewed(&self, authority: MunicipalityCode) -> Result<Option<(i64, i64)>, Error> {
        self.read_reviewed(authority).await
    }

    async fn refusals_by_reason(&self) -> Result<Vec<(String, u64)>, Error> {
        self.count_refusals().await
    }

    async fn notes(&self, names: &[NoteName]) -> Result<Vec<Option<(i64, Vec<u8>)>>, Error> {
        self.read_notes(names).await
    }

    async fn list_notes(
        &self,
        authority: MunicipalityCode,
        kind: NoteKind,
        below: [u8; 16],
        limit: usize,
    ) -> Result<Vec<([u8; 16], Vec<u8>)>, Error> {
        self.read_list((authority, kind), below, limit).await
    }

    async fn mark(&self) -> Result<Option<Mark>, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT position, leaf FROM flyttbud_keys.erased ORDER BY position DESC LIMIT 1",
                &[],
            )
            .await?;
        let read = |row: &Row| {
            let (position, leaf): (i64, Vec<u8>) = pair(row)?;
            Ok(Mark {
                position: Position(position.cast_unsigned()),
                leaf: leaf.try_into().map_err(|_short| Error::Tampered)?,
            })
        };
        rows.first().map(read).transpose()
    }

    async fn apply(&self, change: Change) -> Result<usize, Error> {
        let (reply, answer) = oneshot::channel();
        let applied = async {
            let waiting = (change, reply);
            self.queue
                .send(waiting)
                .await
                .map_err(|_closed| Error::Unavailable)?;
            answer.await.map_err(|_closed| Error::Unavailable)?
        };
        timeout(CHANGE, applied)
            .await
            .unwrap_or(Err(Error::Unavailable))
    }
}

fn bound(rows_max: usize) -> i64 {
    i64::try_from(rows_max).unwrap_or(i64::MAX)
}

fn pair<T>(row: &Row) -> Result<(T, Vec<u8>), Error>
where
    T: for<'a> tokio_postgres::types::FromSql<'a>,
{
    Ok((row.try_get(0)?, row.try_get(1)?))
}

fn subject_in(row: &Row) -> Result<Subject, Error> {
    subject(row.try_get::<_, i16>(0)?.into(), row.try_get(1)?)
}
