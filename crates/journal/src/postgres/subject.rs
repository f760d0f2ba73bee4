//! The entries of subjects, of those who ask together.

use daemon::postgres::{LinkError, Pool};
use uuid::Uuid;

use super::stored;
use crate::{ReadError, Stored};

/// A subject's id, and the position up to which it is read.
pub(super) type Wanted = (Uuid, i64);
/// Its entries in version order. One that cannot be decoded is the trouble of whoever asked for it alone.
pub(super) type Found = Result<Vec<Stored>, ReadError>;

/// The entries of each who asks.
pub(super) async fn read(pool: &Pool, asked: Vec<Wanted>) -> Result<Vec<Found>, LinkError> {
    let (ids, up_to): (Vec<_>, Vec<_>) = asked.iter().copied().unzip();
    let rows = pool
        .rows(
            "SELECT found.position, found.bytes, wanted.place \
             FROM unnest($1::uuid[], $2::int8[]) WITH ORDINALITY AS wanted (subject, up_to, place), LATERAL ( \
                 SELECT position, version, bytes FROM flyttbud.entries \
                 WHERE subject = wanted.subject AND position <= wanted.up_to \
             ) AS found ORDER BY wanted.place, found.version",
            &[&ids, &up_to],
        )
        .await?;
    let mut rows = rows.into_iter().peekable();
    let mut found = Vec::with_capacity(asked.len());
    for place in 1..=asked.len() {
        let mut of_one = Vec::new();
        while let Some(row) = rows.peek() {
            let of: i64 = row.try_get(2)?;
            if usize::try_from(of) != Ok(place) {
                break;
            }
            of_one.extend(rows.next());
        }
        found.push(of_one.iter().map(stored).collect());
    }
    Ok(found)
}
