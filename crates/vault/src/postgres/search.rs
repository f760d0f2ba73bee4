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

/// What is found. A row that cannot be read is the trouble of whoever asked for it alone.
pub(super) type Found = Result<Vec<Subject>, Error>;

/// The newest subjects under any of the tokens, newest first, for each who asks; each token finds so many at most.
pub(super) async fn find(pool: &Pool, asked: Vec<Wanted>) -> Result<Vec<Found>, Error> {
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
    let mut found: Vec<Found> = asked.iter().map(|_| Ok(Vec::new())).collect();
    for row in &rows {
        let place: i32 = row.try_get(2)?;
        let place = usize::try_from(place).map_err(|_negative| Error::Unavailable)?;
        let of = found.get_mut(place).ok_or(Error::Unavailable)?;
        match (of.as_mut(), subject_in(row)) {
            (Ok(subjects), Ok(subject)) => subjects.push(subject),
            (Ok(_), Err(error)) => *of = Err(error),
            (Err(_), _) => {}
        }
    }
    Ok(found)
}
