//! The table of refusals.

use std::collections::BTreeSet;

use domain::municipality::MunicipalityCode;
use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::limits::REFUSALS_MAX;
use crate::refusals::{Refused, joined, parted};

/// Inserts refusals, and drops what is over the bound.
pub(super) fn insert(
    connection: &Connection,
    refusals: &[Refused],
) -> Result<usize, rusqlite::Error> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO refusals \
         (at_micros, authority, organisation_number, method, reason, fields, call_id) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut authorities = BTreeSet::new();
    for refused in refusals {
        authorities.insert(refused.authority.number());
        insert.execute(params![
            refused.at.as_microsecond(),
            refused.authority.number(),
            refused.organisation_number,
            refused.method,
            refused.reason,
            joined(&refused.fields),
            refused.call_id.as_bytes(),
        ])?;
    }
    let mut drop_oldest = connection.prepare_cached(
        "DELETE FROM refusals WHERE authority = ?1 AND id <= \
         (SELECT id FROM refusals WHERE authority = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )?;
    for authority in authorities {
        drop_oldest.execute(params![authority, super::bound(REFUSALS_MAX)])?;
    }
    Ok(refusals.len())
}

/// As the store's.
pub(super) fn read(
    connection: &Connection,
    authority: MunicipalityCode,
    before: u64,
    limit: usize,
) -> Result<Vec<(u64, Refused)>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT id, at_micros, organisation_number, method, reason, fields, call_id \
             FROM refusals WHERE authority = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
        )?
        .query_map(
            params![
                authority.number(),
                i64::try_from(before).unwrap_or(i64::MAX),
                super::bound(limit)
            ],
            |row| {
                let at = Timestamp::from_microsecond(row.get(1)?).map_err(|error| {
                    rusqlite::Error::FromSqlConversionFailure(1, Type::Integer, Box::new(error))
                })?;
                let refused = Refused {
                    at,
                    authority,
                    organisation_number: row.get(2)?,
                    method: row.get(3)?,
                    reason: row.get(4)?,
                    fields: parted(&row.get::<_, String>(5)?),
                    call_id: Uuid::from_bytes(row.get(6)?),
                };
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), refused))
            },
        )?
        .collect()
}

/// As the store's.
pub(super) fn by_reason(connection: &Connection) -> Result<Vec<(String, u64)>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT reason, count(*) FROM refusals GROUP BY reason ORDER BY reason")?
        .query_map([], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
        })?
        .collect()
}
