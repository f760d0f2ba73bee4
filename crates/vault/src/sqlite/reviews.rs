//! The table of reviews. Rows are only added.

use domain::municipality::MunicipalityCode;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::review::ReviewRow;

/// Inserts one, unless there is one with its request id.
pub(super) fn insert(
    connection: &Connection,
    review: &ReviewRow,
) -> Result<usize, rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO reviews (authority, request_id, fingerprint, at_micros, from_micros, \
             until_micros, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            review.authority.number(),
            review.request_id.as_bytes(),
            review.fingerprint,
            review.at_micros,
            review.from_micros,
            review.until_micros,
            review.sealed,
        ])
}

/// As the store's.
pub(super) fn one(
    connection: &Connection,
    authority: MunicipalityCode,
    request_id: Uuid,
) -> Result<Option<ReviewRow>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT id, request_id, fingerprint, at_micros, from_micros, until_micros, sealed \
             FROM reviews WHERE authority = ?1 AND request_id = ?2",
        )?
        .query_row(params![authority.number(), request_id.as_bytes()], |row| {
            stored(authority, row)
        })
        .optional()
}

/// As the store's.
pub(super) fn page(
    connection: &Connection,
    authority: MunicipalityCode,
    before: i64,
    limit: usize,
) -> Result<Vec<ReviewRow>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT id, request_id, fingerprint, at_micros, from_micros, until_micros, sealed \
             FROM reviews WHERE authority = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
        )?
        .query_map(
            params![authority.number(), before, super::bound(limit)],
            |row| stored(authority, row),
        )?
        .collect()
}

/// As the store's.
pub(super) fn reviewed(
    connection: &Connection,
    authority: MunicipalityCode,
) -> Result<Option<(i64, i64)>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT max(at_micros), max(until_micros) FROM reviews WHERE authority = ?1 \
             HAVING count(*) > 0",
        )?
        .query_row([authority.number()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

fn stored(authority: MunicipalityCode, row: &Row<'_>) -> Result<ReviewRow, rusqlite::Error> {
    Ok(ReviewRow {
        number: row.get(0)?,
        authority,
        request_id: Uuid::from_bytes(row.get(1)?),
        fingerprint: row.get(2)?,
        at_micros: row.get(3)?,
        from_micros: row.get(4)?,
        until_micros: row.get(5)?,
        sealed: row.get(6)?,
    })
}
