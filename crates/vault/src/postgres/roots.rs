//! The tables of root keys and of what they wrap. A gateway makes keys and deletes them; to name another root key and
//! to wrap anew is its owner's alone.

use std::collections::BTreeMap;

use daemon::postgres::{Link, LinkError};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::group::{Reply, Statement};
use super::{PostgresStore, bound};
use crate::keys::{KeyName, KeyPlace};
use crate::store::{PlacedKey, Rewrapped, StoredKey, StoredRoot, WrappedKey};
use crate::{Error, RootKeys, RootUse};

/// The root key that wraps new keys.
macro_rules! newest {
    () => {
        "(SELECT id FROM flyttbud_keys.roots ORDER BY nr DESC LIMIT 1)"
    };
}

/// By the time that it is stored, another root key may be the newest: then it must be made anew.
const INSERT: &str = concat!(
    "INSERT INTO flyttbud_keys.authority_keys (authority, epoch, purpose, root, wrapped) \
     SELECT * FROM unnest($1::int4[], $2::int2[], $3::int2[], $4::text[], $5::bytea[]) \
         AS made (authority, epoch, purpose, root, wrapped) WHERE root = ",
    newest!(),
    " ON CONFLICT DO NOTHING"
);
pub(super) const DROP: &str = "\
    WITH told AS ( \
        INSERT INTO flyttbud_keys.drops (epoch) VALUES ($1) \
    ), gone AS ( \
        DELETE FROM flyttbud_keys.authority_keys WHERE epoch = $1 AND purpose = $2 RETURNING 1 \
    ) \
    SELECT count(*) FROM gone";
pub(super) const NAME: &str = "\
    INSERT INTO flyttbud_keys.roots (nr, id, proof) \
    SELECT coalesce(max(nr), 0) + 1, $1::text, $2::bytea FROM flyttbud_keys.roots \
    ON CONFLICT (id) DO UPDATE SET nr = excluded.nr";
pub(super) const REWRAP: &str = "\
    WITH changed AS ( \
        UPDATE flyttbud_keys.authority_keys AS keys SET root = $1, wrapped = given.after \
        FROM unnest($2::int4[], $3::int2[], $4::int2[], $5::bytea[], $6::bytea[]) \
            AS given (authority, epoch, purpose, before, after) \
        WHERE keys.authority = given.authority AND keys.epoch = given.epoch \
            AND keys.purpose = given.purpose AND keys.wrapped = given.before \
        RETURNING 1 \
    ) \
    SELECT count(*) FROM changed";
pub(super) const RETIRE: &str = concat!(
    "DELETE FROM flyttbud_keys.roots WHERE id <> $1 AND $1 = ",
    newest!(),
    " AND NOT EXISTS ( \
        SELECT FROM flyttbud_keys.authority_keys AS keys WHERE keys.root = roots.id \
    )"
);

/// Wrapped keys of a group, as one statement of their own: what becomes of them is nobody else's matter.
#[derive(Default)]
pub(super) struct Made {
    /// In one order: processes that make the same keys at the same time wait for each other in one direction.
    keys: BTreeMap<KeyName, (String, Vec<u8>)>,
    replies: Vec<Reply>,
}

impl Made {
    pub(super) fn push(&mut self, key: WrappedKey, reply: Reply) {
        let wrap = (key.root, key.wrapped);
        self.keys.entry(key.name).or_insert(wrap);
        self.replies.push(reply);
    }

    /// None when there are none.
    pub(super) fn statement(self) -> Option<Statement> {
        if self.replies.is_empty() {
            return None;
        }
        let mut values = columns(self.keys.keys());
        let (roots, wraps): (Vec<_>, Vec<_>) = self.keys.into_values().unzip();
        values.push(Box::new(roots));
        values.push(Box::new(wraps));
        Some(Statement {
            sql: INSERT,
            values,
            replies: self.replies,
        })
    }
}

/// The values of [`REWRAP`].
pub(super) fn rewrapped(root: String, keys: Vec<Rewrapped>) -> Vec<Box<dyn ToSql + Send + Sync>> {
    let mut values: Vec<Box<dyn ToSql + Send + Sync>> = vec![Box::new(root)];
    values.append(&mut columns(keys.iter().map(|key| &key.name)));
    let wraps = keys.into_iter().map(|key| (key.before, key.after));
    let (before, after): (Vec<_>, Vec<_>) = wraps.unzip();
    values.push(Box::new(before));
    values.push(Box::new(after));
    values
}

/// Authorities, epochs and purposes.
fn columns<'a>(
    names: impl Iterator<Item = &'a KeyName> + Clone,
) -> Vec<Box<dyn ToSql + Send + Sync>> {
    let authorities = names.clone().map(|name| name.authority.number());
    let authorities: Vec<i32> = authorities.map(i32::from).collect();
    let epochs: Vec<i16> = names.clone().map(|name| name.epoch).collect();
    let purposes = names.map(|name| name.purpose.number());
    let purposes: Vec<i16> = purposes.map(i16::from).collect();
    vec![Box::new(authorities), Box::new(epochs), Box::new(purposes)]
}

/// A store that has no root key yet begins with the newest of a process's.
pub(super) async fn begin(link: &mut Link, roots: &RootKeys) -> Result<(), Error> {
    let first = roots.newest();
    link.rows(
        "INSERT INTO flyttbud_keys.roots (id, proof) \
         SELECT $1::text, $2::bytea WHERE NOT EXISTS (SELECT FROM flyttbud_keys.roots) \
         ON CONFLICT DO NOTHING",
        &[&first.id(), &first.proof()?],
    )
    .await?;
    Ok(())
}

const STORED: &str = "SELECT id, proof FROM flyttbud_keys.roots ORDER BY nr DESC";
const USES: &str = "\
    SELECT id, ( \
        SELECT count(*) FROM flyttbud_keys.authority_keys AS keys WHERE keys.root = roots.id \
    ) FROM flyttbud_keys.roots ORDER BY nr DESC";

/// The root keys of a store, the newest first.
pub(crate) async fn stored(link: &mut Link) -> Result<Vec<StoredRoot>, LinkError> {
    let rows = link.rows(STORED, &[]).await?;
    Ok(rows.iter().map(root).collect::<Result<_, _>>()?)
}

fn root(row: &Row) -> Result<StoredRoot, tokio_postgres::Error> {
    Ok(StoredRoot {
        id: row.try_get(0)?,
        proof: row.try_get(1)?,
    })
}

/// The same, each with how many keys it wraps.
pub(crate) async fn uses(link: &mut Link) -> Result<Vec<RootUse>, LinkError> {
    let rows = link.rows(USES, &[]).await?;
    Ok(rows.iter().map(root_use).collect::<Result<_, _>>()?)
}

fn root_use(row: &Row) -> Result<RootUse, tokio_postgres::Error> {
    let keys: i64 = row.try_get(1)?;
    Ok(RootUse {
        id: row.try_get(0)?,
        keys: keys.cast_unsigned(),
    })
}

impl PostgresStore {
    pub(super) async fn read_roots(&self) -> Result<Vec<StoredRoot>, Error> {
        let rows = self.pool.rows(STORED, &[]).await?;
        Ok(rows.iter().map(root).collect::<Result<_, _>>()?)
    }

    pub(super) async fn read_root_uses(&self) -> Result<Vec<RootUse>, Error> {
        let rows = self.pool.rows(USES, &[]).await?;
        Ok(rows.iter().map(root_use).collect::<Result<_, _>>()?)
    }

    pub(super) async fn read_key(&self, name: KeyName) -> Result<StoredKey, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT (SELECT count(*) FROM flyttbud_keys.drops), newest.id, newest.proof, root, wrapped \
                 FROM (SELECT id, proof FROM flyttbud_keys.roots ORDER BY nr DESC LIMIT 1) AS newest \
                 LEFT JOIN flyttbud_keys.authority_keys \
                 ON authority = $1 AND epoch = $2 AND purpose = $3",
                &[
                    &i32::from(name.authority.number()),
                    &name.epoch,
                    &i16::from(name.purpose.number()),
                ],
            )
            .await?;
        // a store whose root keys are gone is none of ours
        let row = rows.first().ok_or(Error::Tampered)?;
        let root: Option<String> = row.try_get(3)?;
        let wrapped: Option<Vec<u8>> = row.try_get(4)?;
        Ok(StoredKey {
            drops: row.try_get(0)?,
            newest_root: StoredRoot {
                id: row.try_get(1)?,
                proof: row.try_get(2)?,
            },
            wrapped: root.zip(wrapped),
        })
    }

    pub(super) async fn read_keys_under_others(
        &self,
        root: &str,
        after: KeyPlace,
        limit: usize,
    ) -> Result<Vec<PlacedKey>, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT authority, epoch, purpose, root, wrapped FROM flyttbud_keys.authority_keys \
                 WHERE root <> $1 AND (authority, epoch, purpose) > ($2::int8, $3::int8, $4::int8) \
                 ORDER BY authority, epoch, purpose LIMIT $5",
                &[
                    &root,
                    &after.authority,
                    &after.epoch,
                    &after.purpose,
                    &bound(limit),
                ],
            )
            .await?;
        Ok(rows.iter().map(placed).collect::<Result<_, _>>()?)
    }
}

fn placed(row: &Row) -> Result<PlacedKey, tokio_postgres::Error> {
    Ok(PlacedKey {
        place: KeyPlace {
            authority: row.try_get::<_, i32>(0)?.into(),
            epoch: row.try_get::<_, i16>(1)?.into(),
            purpose: row.try_get::<_, i16>(2)?.into(),
        },
        root: row.try_get(3)?,
        wrapped: row.try_get(4)?,
    })
}
