//! The table of accesses. Rows are only added: a gateway's role may do nothing else to them.

use domain::municipality::MunicipalityCode;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{PostgresStore, bound};
use crate::Error;
use crate::access::AccessPlace;
use crate::store::{AccessQuery, StoredAccess};

/// The statement with what is wanted besides.
macro_rules! select {
    ($wanted:literal) => {
        concat!(
            "SELECT at_micros, id, kind, subject, officer, sealed FROM flyttbud_keys.accesses \
             WHERE authority = $1 AND at_micros >= $2 AND at_micros < $3 \
             AND (at_micros, id) < ($4, $5) ",
            $wanted,
            " ORDER BY at_micros DESC, id DESC LIMIT $6"
        )
    };
}

impl PostgresStore {
    /// What is asked for decides which index is read, in its order.
    pub(super) async fn read_accesses(
        &self,
        authority: MunicipalityCode,
        query: &AccessQuery,
    ) -> Result<Vec<StoredAccess>, Error> {
        let authority = i32::from(authority.number());
        let officer = query.officer.map(Uuid::from_bytes);
        let limit = bound(query.limit);
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![
            &authority,
            &query.from_micros,
            &query.until_micros,
            &query.before.at_micros,
            &query.before.number,
            &limit,
        ];
        let sql = match (&query.subject, &officer) {
            (Some(subject), Some(officer)) => {
                values.push(subject);
                values.push(officer);
                select!("AND subject = $7 AND officer = $8")
            }
            (Some(subject), None) => {
                values.push(subject);
                select!("AND subject = $7")
            }
            (None, Some(officer)) => {
                values.push(officer);
                select!("AND officer = $7")
            }
            (None, None) => select!(""),
        };
        let rows = self.pool.rows(sql, &values).await?;
        rows.iter().map(stored).collect()
    }

    pub(super) async fn count_accesses_between(
        &self,
        authority: MunicipalityCode,
        from_micros: i64,
        until_micros: i64,
    ) -> Result<u64, Error> {
        let rows = self
            .pool
            .rows(
                "SELECT count(*) FROM flyttbud_keys.accesses \
                 WHERE authority = $1 AND at_micros >= $2 AND at_micros < $3",
                &[&i32::from(authority.number()), &from_micros, &until_micros],
            )
            .await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
        Ok(count.cast_unsigned())
    }
}

fn stored(row: &Row) -> Result<StoredAccess, Error> {
    Ok(StoredAccess {
        place: AccessPlace {
            at_micros: row.try_get(0)?,
            number: row.try_get(1)?,
        },
        kind: u8::try_from(row.try_get::<_, i16>(2)?).map_err(|_range| Error::Tampered)?,
        subject: row.try_get(3)?,
        officer: row.try_get::<_, Uuid>(4)?.into_bytes(),
        sealed: row.try_get(5)?,
    })
}
