//! What is found by a term, of those who ask together.

use daemon::postgres::Pool;
use domain::municipality::MunicipalityCode;
use domain::subject::Subject;
use uuid::Uuid;

use super::{bound, subject_in};
use crate::Error;
use crate::limits::FOUND_MAX;

/// An authority's tokens.
pub(super) type Wanted = (MunicipalityCode, Vec<[u8; 16]>);

/// The newest subjects under any of the tokens, newest first, for each who asks; each token finds so many at most.
pub(super) async fn find(pool: &Pool, asked: Vec<Wanted>) -> Result<Vec<Vec<Subject>>, Error> {
    let (mut places, mut authorities, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
    for (place, (authority, wanted)) in (0_i32..).zip(&asked) {
        for token in wanted {
            places.push(place);
            authorities.push(i32::from(authority.number()));
            tokens.push(Uuid::from_bytes(*token));
        }
    }
    let rows = pool
        .rows(
            "SELECT DISTINCT ON (wanted.place, found.subject) found.kind, found.subject, wanted.place \
             FROM unnest($1::int4[], $2::int4[], $3::uuid[]) AS wanted (place, authority, token), LATERAL ( \
                 SELECT kind, subject FROM flyttbud_keys.search \
                 WHERE authority = wanted.authority AND token = wanted.token ORDER BY subject DESC LIMIT $4 \
             ) AS found ORDER BY wanted.place, found.subject DESC",
            &[&places, &authorities, &tokens, &bound(FOUND_MAX)],
        )
        .await?;
    let mut found = vec![Vec::new(); asked.len()];
    for row in &rows {
        let place: i32 = row.try_get(2)?;
        let of = usize::try_from(place)
            .ok()
            .and_then(|place| found.get_mut(place));
        of.ok_or(Error::Unavailable)?.push(subject_in(row)?);
    }
    Ok(found)
}
