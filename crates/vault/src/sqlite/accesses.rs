//! The table of accesses. Rows are only added.

use domain::municipality::MunicipalityCode;
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::access::{AccessPlace, AccessRow};
use crate::store::{AccessQuery, StoredAccess};

/// Inserts one.
pub(super) fn insert(
    connection: &Connection,
    access: &AccessRow,
) -> Result<usize, rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO accesses (at_micros, authority, kind, subject, officer, sealed) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            access.at_micros,
            access.authority.number(),
            access.kind,
            access.subject.as_bytes(),
            access.officer,
            access.sealed,
        ])
}

/// As the store's. What is asked for decides which index is read, in its order.
pub(super) fn read(
    connection: &Connection,
    authority: MunicipalityCode,
    query: &AccessQuery,
) -> Result<Vec<StoredAccess>, rusqlite::Error> {
    let wanted = match (query.subject, query.officer) {
        (Some(_), _) => "AND subject = ?7 AND officer = coalesce(?8, officer)",
        (None, Some(_)) => "AND ?7 IS NULL AND officer = ?8",
        (None, None) => "AND ?7 IS NULL AND ?8 IS NULL",
    };
    connection
        .prepare_cached(&format!(
            "SELECT at_micros, id, kind, subject, officer, sealed FROM accesses \
             WHERE authority = ?1 AND at_micros >= ?2 AND at_micros < ?3 \
             AND (at_micros, id) < (?4, ?5) {wanted} ORDER BY at_micros DESC, id DESC LIMIT ?6",
        ))?
        .query_map(
            params![
                authority.number(),
                query.from_micros,
                query.until_micros,
                query.before.at_micros,
                query.before.number,
                super::bound(query.limit),
                query.subject.as_ref().map(Uuid::as_bytes),
                query.officer,
            ],
            |row| {
                Ok(StoredAccess {
                    place: AccessPlace {
                        at_micros: row.get(0)?,
                        number: row.get(1)?,
                    },
                    kind: row.get(2)?,
                    subject: Uuid::from_bytes(row.get(3)?),
                    officer: row.get(4)?,
                    sealed: row.get(5)?,
                })
            },
        )?
        .collect()
}

/// As the store's.
pub(super) fn count(
    connection: &Connection,
    authority: MunicipalityCode,
    from_micros: i64,
    until_micros: i64,
) -> Result<u64, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM accesses \
             WHERE authority = ?1 AND at_micros >= ?2 AND at_micros < ?3",
        )?
        .query_row(
            params![authority.number(), from_micros, until_micros],
            |row| row.get::<_, i64>(0).map(i64::cast_unsigned),
        )
}
