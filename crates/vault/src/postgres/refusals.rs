//! The table of refusals. Several gateways write at once: each keeps to the bound by what it sees.

use domain::municipality::MunicipalityCode;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{PostgresStore, bound};
use crate::Error;
use crate::limits::REFUSALS_MAX;
use crate::refusals::{Refused, joined, parted};

/// Inserts, and drops what is over the bound by then: a statement does not see what it inserts itself.
pub(super) const INSERT: &str = "\
    WITH told AS ( \
        INSERT INTO flyttbud_keys.refusals \
            (at_micros, authority, organisation_number, method, reason, fields, call_id) \
        SELECT * FROM unnest( \
            $1::int8[], $2::int4[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[] \
        ) \
    ) \
    DELETE FROM flyttbud_keys.refusals AS r \
    USING (SELECT a, count(*) FROM unnest($2) AS a GROUP BY a) AS new (authority, count) \
    WHERE r.authority = new.authority AND r.id <= ( \
        SELECT o.id FROM flyttbud_keys.refusals AS o WHERE o.authority = new.authority \
        ORDER BY o.id DESC LIMIT 1 OFFSET greatest($8 - new.count, 0) \
    )";

/// The values of [`INSERT`], as columns.
pub(super) fn values(refusals: Vec<Refused>) -> Vec<Box<dyn ToSql + Send + Sync>> {
    let mut instants: Vec<i64> = Vec::new();
    let mut authorities: Vec<i32> = Vec::new();
    let mut organisations: Vec<String> = Vec::new();
    let mut methods: Vec<String> = Vec::new();
    let mut reasons: Vec<String> = Vec::new();
    let mut fields: Vec<String> = Vec::new();
    let mut calls: Vec<Uuid> = Vec::new();
    for refused in refusals {
        instants.push(refused.at.as_microsecond());
        authorities.push(refused.authority.number().into());
        organisations.push(refused.organisation_number);
        methods.push(refused.method);
        reasons.push(refused.reason);
        fields.push(joined(&refused.fields));
        calls.push(refused.call_id);
    }
    vec![
        Box::new(instants),
        Box::new(authorities),
        Box::new(organisations),
        Box::new(methods),
        Box::new(reasons),
        Box::new(fields),
        Box::new(calls),
        Box::new(bound(REFUSALS_MAX)),
    ]
}

impl PostgresStore {
    pub(super) async fn read_refusals(
        &self,
        authority: MunicipalityCode,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Refused)>, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT id, at_micros, organisation_number, method, reason, fields, call_id \
                 FROM flyttbud_keys.refusals WHERE authority = $1 AND id < $2 \
                 ORDER BY id DESC LIMIT $3",
                &[
                    &i32::from(authority.number()),
                    &i64::try_from(before).unwrap_or(i64::MAX),
                    &bound(limit),
                ],
            )
            .await?;
        rows.iter().map(|row| refused(authority, row)).collect()
    }

    pub(super) async fn count_refusals(&self) -> Result<Vec<(String, u64)>, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT reason, count(*) FROM flyttbud_keys.refusals GROUP BY reason ORDER BY reason",
                &[],
            )
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get::<_, i64>(1)?.cast_unsigned())))
            .collect()
    }
}

fn refused(authority: MunicipalityCode, row: &Row) -> Result<(u64, Refused), Error> {
    let refused = Refused {
        at: Timestamp::from_microsecond(row.try_get(1)?).map_err(|_range| Error::Tampered)?,
        authority,
        organisation_number: row.try_get(2)?,
        method: row.try_get(3)?,
        reason: row.try_get(4)?,
        fields: parted(row.try_get(5)?),
        call_id: row.try_get(6)?,
    };
    Ok((row.try_get::<_, i64>(0)?.cast_unsigned(), refused))
}
