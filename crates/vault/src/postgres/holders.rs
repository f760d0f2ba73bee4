//! Which processes have which root key. Each says so with locks of its writing connection, which the server forgets
//! with it; they shut nobody out. Before a store moves, whoever moves it looks who could not follow.

use daemon::postgres::{ConnectError, Link, LinkError, Settings};
use tokio_postgres::types::ToSql;

use crate::{RootKey, RootKeys};

/// Our locks among others. The number says nothing.
pub(crate) const CLASS: i32 = 7_095_216;
/// What every process that has root keys holds.
const PRESENT: i32 = 0;

/// In place of what was held before, which is let go when all of it is held: there is no instant at which a process is
/// not seen. Counts what somebody keeps from being held.
pub(super) const HOLD: &str = "\
    WITH mine AS MATERIALIZED ( \
        SELECT objid::int8 AS held FROM pg_locks WHERE locktype = 'advisory' \
            AND pid = pg_backend_pid() AND classid = $1::int4::int8::oid AND objsubid = 2 \
    ), taken AS MATERIALIZED ( \
        SELECT count(*) AS number FROM unnest($2::int4[]) AS given \
        WHERE CASE WHEN given IN (SELECT held FROM mine) THEN true \
            ELSE pg_try_advisory_lock_shared($1::int4, given) END \
    ), let_go AS MATERIALIZED ( \
        SELECT count(pg_advisory_unlock_shared($1::int4, held::int4)) FROM mine \
        WHERE held <> ALL ($2::int4[]) \
            AND (SELECT number FROM taken) = cardinality($2::int4[]) \
    ) \
    SELECT cardinality($2::int4[]) - taken.number FROM taken, let_go";

/// The number that stands for a root key: for its bytes, so that whoever has others under its id lacks it.
pub(crate) fn number(root: &RootKey) -> i32 {
    let held_as = root.held_as();
    let first = held_as
        .first_chunk()
        .map_or(0, |four| i32::from_be_bytes(*four));
    // not the number of who is present
    (first & i32::MAX).max(1)
}

/// The values of [`HOLD`].
pub(super) fn held(roots: &RootKeys) -> Vec<Box<dyn ToSql + Send + Sync>> {
    let mut numbers = vec![PRESENT];
    numbers.extend(roots.all().map(|root| number(root)));
    numbers.sort_unstable();
    numbers.dedup();
    vec![Box::new(CLASS), Box::new(numbers)]
}

/// Says on a connection what a process has.
pub(super) async fn hold(link: &mut Link, roots: &RootKeys) -> Result<(), LinkError> {
    let values = held(roots);
    let lent: Vec<&(dyn ToSql + Sync)> = values
        .iter()
        .map(|value| -> &(dyn ToSql + Sync) { value.as_ref() })
        .collect();
    let rows = link.rows(HOLD, &lent).await?;
    let missing: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
    if missing > 0 {
        tracing::error!(missing, "root keys not told: somebody has their locks");
    }
    Ok(())
}

/// Who uses the store and does not have a root key: its login, and the process of the server that it is connected to.
pub async fn without_root(owner: &Settings, root: &RootKey) -> Result<Vec<String>, ConnectError> {
    let mut link = Link::open(owner, &(), |_notification| {}).await?;
    let rows = link
        .rows(
            "WITH held AS ( \
                SELECT pid, objid FROM pg_locks WHERE locktype = 'advisory' AND granted \
                    AND database = ( \
                        SELECT oid FROM pg_database WHERE datname = current_database() \
                    ) AND classid = $1::int8::oid AND objsubid = 2 \
            ) \
            SELECT format('%s (%s)', coalesce(usename, '?'), held.pid) \
            FROM held LEFT JOIN pg_stat_activity USING (pid) \
            WHERE objid = $2::int8::oid AND pid NOT IN ( \
                SELECT pid FROM held WHERE objid = $3::int8::oid \
            ) ORDER BY 1",
            &[
                &i64::from(CLASS),
                &i64::from(PRESENT),
                &i64::from(number(root)),
            ],
        )
        .await?;
    let names = rows.iter().map(|row| row.try_get(0));
    let names = names.collect::<Result<_, _>>();
    Ok(names.map_err(LinkError::from)?)
}
