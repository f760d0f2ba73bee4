//! The table of reviews. Rows are only added: a gateway's role may do nothing else to them.

use domain::municipality::MunicipalityCode;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{PostgresStore, bound};
use crate::Error;
use crate::review::ReviewRow;

/// Inserts one, unless there is one with its request id.
pub(super) const INSERT: &str = "\
    INSERT INTO flyttbud_keys.reviews (authority, request_id, fingerprint, at_micros, from_micros, \
        until_micros, sealed) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";

/// The values of [`INSERT`].
pub(super) fn values(review: ReviewRow) -> Vec<Box<dyn ToSql + Send + Sync>> {
    vec![
        Box::new(i32::from(review.authority.number())),
        Box::new(review.request_id),
        Box::new(Uuid::from_bytes(review.fingerprint)),
        Box::new(review.at_micros),
        Box::new(review.from_micros),
        Box::new(review.until_micros),
        Box::new(review.sealed),
    ]
}

impl PostgresStore {
    pub(super) async fn read_review(
        &self,
        authority: MunicipalityCode,
        request_id: Uuid,
    ) -> Result<Option<ReviewRow>, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT id, request_id, fingerprint, at_micros, from_micros, until_micros, sealed \
                 FROM flyttbud_keys.reviews WHERE authority = $1 AND request_id = $2",
                &[&i32::from(authority.number()), &request_id],
            )
            .await?;
        rows.first().map(|row| stored(authority, row)).transpose()
    }

    pub(super) async fn read_reviews(
        &self,
        authority: MunicipalityCode,
        before: i64,
        limit: usize,
    ) -> Result<Vec<ReviewRow>, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT id, request_id, fingerprint, at_micros, from_micros, until_micros, sealed \
                 FROM flyttbud_keys.reviews WHERE authority = $1 AND id < $2 \
                 ORDER BY id DESC LIMIT $3",
                &[&i32::from(authority.number()), &before, &bound(limit)],
            )
            .await?;
        rows.iter().map(|row| stored(authority, row)).collect()
    }

    pub(super) async fn read_reviewed(
        &self,
        authority: MunicipalityCode,
    ) -> Result<Option<(i64, i64)>, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT max(at_micros), max(until_micros) FROM flyttbud_keys.reviews \
                 WHERE authority = $1 HAVING count(*) > 0",
                &[&i32::from(authority.number())],
            )
            .await?;
        let read = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.first().map(read).transpose()
    }
}

fn stored(authority: MunicipalityCode, row: &Row) -> Result<ReviewRow, Error> {
    Ok(ReviewRow {
        number: row.try_get(0)?,
        authority,
        request_id: row.try_get(1)?,
        fingerprint: row.try_get::<_, Uuid>(2)?.into_bytes(),
        at_micros: row.try_get(3)?,
        from_micros: row.try_get(4)?,
        until_micros: row.try_get(5)?,
        sealed: row.try_get(6)?,
    })
}
