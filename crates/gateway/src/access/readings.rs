//! What was opened, of all that the log tells: who was refused opened nothing. Told to the person, and to whoever had
//! told it: in which function and when. Which officer it was stays where it was read.

use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use domain::municipality::MunicipalityCode;
use domain::subject::Subject;
use jiff::Timestamp;
use vault::{Access, AccessFilter, AccessPlace, Accessed, Vault};

use super::record;
use crate::core::{Core, no_keys};
use crate::limits::{ACCESSES_AT_ONCE, OPENINGS_SOUGHT_MAX, READINGS_MAX};
use crate::permit::Party;

impl Core {
    /// The newest readings of a subject at a municipality before an instant, oldest first, and whether there were more,
    /// for the party that told it and must know how far it spread. The caller has held the subject against the permit.
    pub(crate) async fn readings(
        &self,
        _told_by: Party,
        read_at: MunicipalityCode,
        subject: Subject,
        before: Timestamp,
    ) -> Result<(Vec<v1::Reading>, bool), Refusal> {
        let what = Accessed::Subject(subject);
        let sought = (READINGS_MAX, OPENINGS_SOUGHT_MAX);
        let found = openings(&self.vault, read_at, (what, before), sought).await;
        let (found, more) = found.map_err(no_keys)?;
        let reading = |access: &Access| {
            let part = record::told(access).unwrap_or_default();
            v1::Reading {
                read_at: Some(to_wire(access.at)),
                function: part.function,
                method: part.method,
            }
        };
        Ok((found.iter().rev().map(reading).collect(), more))
    }
}

/// At most so many openings of one thing at a municipality before an instant, newest first, among so many accesses, and
/// whether there may be more of them.
pub(super) async fn openings(
    vault: &Vault,
    at: MunicipalityCode,
    (what, before): (Accessed, Timestamp),
    (openings_max, sought_max): (usize, usize),
) -> Result<(Vec<Access>, bool), vault::Error> {
    let filter = AccessFilter {
        what: Some(what),
        until: Some(before),
        ..AccessFilter::default()
    };
    let (mut found, mut sought) = (Vec::new(), 0);
    let mut place = AccessPlace::END;
    loop {
        let page = vault.accesses(at, &filter, place, ACCESSES_AT_ONCE).await?;
        let Some(last) = page.last() else {
            return Ok((found, false));
        };
        place = last.place;
        for access in page {
            if sought == sought_max {
                return Ok((found, true));
            }
            sought += 1;
            // an access whose key was erased counts: it may have been one
            let is_refused = record::told(&access).is_some_and(|part| record::is_refused(&part));
            if is_refused {
                continue;
            }
            if found.len() == openings_max {
                return Ok((found, true));
            }
            found.push(access);
        }
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests;
