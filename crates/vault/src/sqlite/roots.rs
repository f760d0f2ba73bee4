//! The tables of root keys and of what they wrap. Nothing is committed here.

use rusqlite::{Connection, Row, params};

use super::bound;
use crate::keys::{KeyName, KeyPlace, Purpose};
use crate::store::{PlacedKey, Rewrapped, StoredKey, StoredRoot, WrappedKey};
use crate::{OpenError, RootKeys, RootUse};

/// A store that has no root key yet begins with the newest of a process's. All that it has must be among them.
pub(super) fn prove(connection: &Connection, roots: &RootKeys) -> Result<(), OpenError> {
    let first = roots.newest();
    connection.execute(
        "INSERT INTO roots (nr, id, proof) \
         SELECT 1, ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM roots)",
        params![first.id(), first.proof().map_err(OpenError::Root)?],
    )?;
    verify(connection, roots)
}

/// Whether a process's root keys open all of the store.
pub(crate) fn verify(connection: &Connection, roots: &RootKeys) -> Result<(), OpenError> {
    roots.verify(&stored(connection)?)
}

/// The root keys of a store, the newest first.
pub(crate) fn stored(connection: &Connection) -> Result<Vec<StoredRoot>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT id, proof FROM roots ORDER BY nr DESC")?
        .query_map([], |row| {
            Ok(StoredRoot {
                id: row.get(0)?,
                proof: row.get(1)?,
            })
        })?
        .collect()
}

/// The same, each with how many keys it wraps.
pub(crate) fn uses(connection: &Connection) -> Result<Vec<RootUse>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT id, (SELECT count(*) FROM authority_keys WHERE root = roots.id) \
             FROM roots ORDER BY nr DESC",
        )?
        .query_map([], |row| {
            Ok(RootUse {
                id: row.get(0)?,
                keys: row.get::<_, i64>(1)?.cast_unsigned(),
            })
        })?
        .collect()
}

/// An authority's key.
pub(super) fn key(connection: &Connection, name: KeyName) -> Result<StoredKey, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM drops), newest.id, newest.proof, root, wrapped \
             FROM (SELECT id, proof FROM roots ORDER BY nr DESC LIMIT 1) AS newest \
             LEFT JOIN authority_keys ON authority = ?1 AND epoch = ?2 AND purpose = ?3",
        )?
        .query_row(
            params![name.authority.number(), name.epoch, name.purpose.number()],
            |row| {
                let root: Option<String> = row.get(3)?;
                Ok(StoredKey {
                    drops: row.get(0)?,
                    newest_root: StoredRoot {
                        id: row.get(1)?,
                        proof: row.get(2)?,
                    },
                    wrapped: root.zip(row.get(4)?),
                })
            },
        )
}

/// Keys behind a place that another root key wraps.
pub(super) fn keys_under_others(
    connection: &Connection,
    root: &str,
    after: KeyPlace,
    limit: usize,
) -> Result<Vec<PlacedKey>, rusqlite::Error> {
    let read = |row: &Row<'_>| {
        Ok(PlacedKey {
            place: KeyPlace {
                authority: row.get(0)?,
                epoch: row.get(1)?,
                purpose: row.get(2)?,
            },
            root: row.get(3)?,
            wrapped: row.get(4)?,
        })
    };
    connection
        .prepare_cached(
            "SELECT authority, epoch, purpose, root, wrapped FROM authority_keys \
             WHERE root <> ?1 AND (authority, epoch, purpose) > (?2, ?3, ?4) \
             ORDER BY authority, epoch, purpose LIMIT ?5",
        )?
        .query_map(
            params![
                root,
                after.authority,
                after.epoch,
                after.purpose,
                bound(limit)
            ],
            read,
        )?
        .collect()
}

/// Stores a key. By the time that it is, another root key may be the newest: then it must be made anew.
pub(super) fn make(connection: &Connection, key: &WrappedKey) -> Result<usize, rusqlite::Error> {
    let KeyName {
        authority,
        epoch,
        purpose,
    } = key.name;
    connection.execute(
        "INSERT INTO authority_keys (authority, epoch, purpose, root, wrapped) \
         SELECT ?1, ?2, ?3, ?4, ?5 \
         WHERE ?4 = (SELECT id FROM roots ORDER BY nr DESC LIMIT 1) ON CONFLICT DO NOTHING",
        params![
            authority.number(),
            epoch,
            purpose.number(),
            key.root,
            key.wrapped
        ],
    )
}

/// Deletes the pseudonym keys of an epoch.
pub(super) fn drop_pseudonym_keys(
    connection: &Connection,
    epoch: i16,
) -> Result<usize, rusqlite::Error> {
    connection.execute("INSERT INTO drops (epoch) VALUES (?1)", [epoch])?;
    connection.execute(
        "DELETE FROM authority_keys WHERE epoch = ?1 AND purpose = ?2",
        params![epoch, Purpose::Pseudonym.number()],
    )
}

/// Makes a root key the newest.
pub(super) fn name(
    connection: &Connection,
    id: &str,
    proof: &[u8],
) -> Result<usize, rusqlite::Error> {
    connection.execute(
        "INSERT INTO roots (nr, id, proof) SELECT coalesce(max(nr), 0) + 1, ?1, ?2 FROM roots \
         WHERE true ON CONFLICT (id) DO UPDATE SET nr = excluded.nr",
        params![id, proof],
    )
}

/// Puts keys that were wrapped anew in the place of what they were. Returns how many.
pub(super) fn rewrap(
    connection: &Connection,
    root: &str,
    keys: &[Rewrapped],
) -> Result<usize, rusqlite::Error> {
    let mut update = connection.prepare_cached(
        "UPDATE authority_keys SET root = ?1, wrapped = ?6 \
         WHERE authority = ?2 AND epoch = ?3 AND purpose = ?4 AND wrapped = ?5",
    )?;
    let each = keys.iter().map(|key| {
        update.execute(params![
            root,
            key.name.authority.number(),
            key.name.epoch,
            key.name.purpose.number(),
            key.before,
            key.after
        ])
    });
    each.sum()
}

/// Forgets root keys that wrap nothing, if this one is still the newest.
pub(super) fn retire(connection: &Connection, newest: &str) -> Result<usize, rusqlite::Error> {
    connection.execute(
        "DELETE FROM roots WHERE id <> ?1 \
         AND ?1 = (SELECT id FROM roots ORDER BY nr DESC LIMIT 1) \
         AND NOT EXISTS (SELECT 1 FROM authority_keys WHERE root = roots.id)",
        [newest],
    )
}
