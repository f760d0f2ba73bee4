//! The key store in PostgreSQL: a database of its own that any number of gateways share. They may delete; they may
//! change nothing but notes. To move it to another root key is its owner's.
//!
//! What is deleted is gone for every statement at once, and from the tables' pages when autovacuum has been
//! there. Write-ahead logs and backups keep it as long as they live.

mod accesses;
mod group;
pub(crate) mod holders;
mod marks;
mod notes;
mod refusals;
mod reviews;
pub(crate) mod roots;
mod search;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use daemon::postgres::{
    ConnectError, Gathered, Link, Pool, Proof, Schema, Settings, tell_of_standby,
};
use domain::municipality::MunicipalityCode;
use domain::subject::{Position, Subject};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::keys::{KeyName, KeyPlace};
use crate::limits::{CHANGE, LOOKS_MAX, QUEUE_CHANGES_MAX};
use crate::mark::{Mark, Round};
use crate::note::{NoteKind, NoteName};
use crate::part::KeysId;
use crate::refusals::Refused;
use crate::review::ReviewRow;
use crate::roots::RootsInUse;
use crate::store::{
    AccessQuery, Change, KeyStore, PlacedKey, StoredAccess, StoredBodyKeys, StoredKey, StoredRoot,
    subject,
};
use crate::{Error, OpenError, RootUse};

use group::Waiting;
pub use holders::without_root;
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
        include_str!("postgres/schema/7.sql"),
        include_str!("postgres/schema/8.sql"),
        include_str!("postgres/schema/9.sql"),
        include_str!("postgres/schema/10.sql"),
    ],
};

/// Brings the schema up to date, as the owner of the database, who may create roles: `flyttbud_keys` is made when
/// it is missing, and whoever a gateway logs in as is granted it.
pub async fn migrate(owner: &Settings) -> Result<(), ConnectError> {
    SCHEMA.migrate(owner).await
}

/// Writes the table of authorities' keys anew, as the owner: what was wrapped anew stands in none of its pages then.
/// Whoever reads it waits for some milliseconds.
pub async fn wipe_wraps(owner: &Settings) -> Result<(), ConnectError> {
    let mut link = Link::open(owner, &(), |_notification| {}).await?;
    Ok(link.run("VACUUM FULL flyttbud_keys.authority_keys").await?)
}

/// The store. Dropping it lets what waits be written.
pub(crate) struct PostgresStore {
    pool: Pool,
    queue: mpsc::Sender<Waiting>,
    /// What every registration looks at: of many at once, together.
    notes: Gathered<Vec<NoteName>, Vec<notes::Stored>>,
    found: Gathered<search::Wanted, search::Found>,
}

impl PostgresStore {
    /// Connects. The server must be set safely, the schema be this program's, the root keys those of the store.
    pub(crate) async fn connect(
        settings: Settings,
        in_use: Arc<RootsInUse>,
    ) -> Result<Self, OpenError> {
        let settings = Arc::new(settings);
        let mut link = Link::open(&settings, &(), |_notification| {}).await?;
        SCHEMA.is_current(&mut link).await?;
        let given = in_use.now();
        let begun = roots::begin(&mut link, &given).await;
        begun.map_err(|error| OpenError::Store(Box::new(error)))?;
        given.verify(&roots::stored(&mut link).await?)?;
        holders::hold(&mut link, &given).await?;
        tell_of_standby(&mut link, &settings, "keys").await?;
        let proof = Arc::new(Ours(in_use.clone()));
        let (queue, waiting) = mpsc::channel(QUEUE_CHANGES_MAX);
        daemon::spawn(Writer::new(settings.clone(), in_use, proof.clone(), link).run(waiting));
        let pool = Pool::new(settings, proof);
        let (of_notes, of_search) = (pool.clone(), pool.clone());
        Ok(Self {
            pool,
            queue,
            notes: Gathered::start(LOOKS_MAX, move |asked| {
                let pool = of_notes.clone();
                async move { notes::read(&pool, asked).await }
            }),
            found: Gathered::start(LOOKS_MAX, move |asked| {
                let pool = of_search.clone();
                async move { search::find(&pool, asked).await }
            }),
        })
    }
}

/// The store that was proven at the start, by its root keys: a connection that is made later must not lead elsewhere,
/// nor to what has moved to a root key that this process does not have.
#[derive(Debug)]
struct Ours(Arc<RootsInUse>);

#[async_trait]
impl Proof for Ours {
    async fn prove(&self, link: &mut Link) -> Result<(), ConnectError> {
        let stored = roots::stored(link).await?;
        let verified = self.0.verify(&stored);
        verified.map_err(|error| ConnectError::Unfit(Box::new(error)))
    }
}

#[async_trait]
impl KeyStore for PostgresStore {
    async fn key(&self, name: KeyName) -> Result<StoredKey, Error> {
        self.read_key(name).await
    }

    async fn roots(&self) -> Result<Vec<StoredRoot>, Error> {
        self.read_roots().await
    }

    async fn root_uses(&self) -> Result<Vec<RootUse>, Error> {
        self.read_root_uses().await
    }

    async fn keys_under_others(
        &self,
        root: &str,
        after: KeyPlace,
        limit: usize,
    ) -> Result<Vec<PlacedKey>, Error> {
        self.read_keys_under_others(root, after, limit).await
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
        self.found.ask((authority, tokens.to_vec())).await?
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

    async fn subjects(&self, after: Uuid, before: Uuid, limit: usize) -> Result<Vec<Uuid>, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT DISTINCT subject FROM flyttbud_keys.body_keys \
                 WHERE subject > $1 AND subject < $2 ORDER BY subject LIMIT $3",
                &[&after, &before, &bound(limit)],
            )
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    async fn body_keys(&self, first: Uuid, last: Uuid) -> Result<Vec<StoredBodyKeys>, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT kind, subject, version, authority, sealing, epoch, wrapped \
                 FROM flyttbud_keys.body_keys WHERE subject >= $1 AND subject <= $2",
                &[&first, &last],
            )
            .await?;
        let row = |row: &Row| -> Result<StoredBodyKeys, Error> {
            Ok(StoredBodyKeys {
                kind: row.try_get::<_, i16>(0)?.into(),
                subject: row.try_get(1)?,
                version: row.try_get(2)?,
                authority: row.try_get::<_, i32>(3)?.into(),
                sealing: row.try_get::<_, Uuid>(4)?.into_bytes(),
                epoch: row.try_get::<_, i16>(5)?.into(),
                wrapped: row.try_get(6)?,
            })
        };
        rows.iter().map(row).collect()
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
        Ok(self.notes.ask(names.to_vec()).await?)
    }

    async fn list_notes(
        &self,
        authority: MunicipalityCode,
        kind: NoteKind,
        below: [u8; 16],
        limit: usize,
    ) -> Result<Vec<([u8; 16], i64, Vec<u8>)>, Error> {
        self.read_list((authority, kind), below, limit).await
    }

    async fn mark(&self, round: Round) -> Result<Option<Mark>, Error> {
        let rows = self.pool.rows(marks::newest(round), &[]).await?;
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
