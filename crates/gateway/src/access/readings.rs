//! Who read what somebody else had told: in which function and when. Which officer it was stays where it was read.

use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use domain::municipality::MunicipalityCode;
use domain::subject::Subject;
use jiff::Timestamp;
use vault::{AccessFilter, AccessPlace, Accessed};

use super::record;
use crate::core::{Core, no_keys};
use crate::limits::ACCESSES_AT_ONCE;
use crate::permit::Party;

impl Core {
    /// The newest readings of a subject at a municipality before an instant, oldest first, for the party that told it
    /// and must know how far it spread. The caller has held the subject against the permit.
    pub(crate) async fn readings(
        &self,
        _told_by: Party,
        read_at: MunicipalityCode,
        subject: Subject,
        before: Timestamp,
    ) -> Result<Vec<v1::Reading>, Refusal> {
        let filter = AccessFilter {
            what: Some(Accessed::Subject(subject)),
            until: Some(before),
            ..AccessFilter::default()
        };
        let end = AccessPlace::END;
        let found = self
            .vault
            .accesses(read_at, &filter, end, ACCESSES_AT_ONCE)
            .await
            .map_err(no_keys)?;
        let reading = |access: &vault::Access| {
            let part = record::told(access).unwrap_or_default();
            // who was refused read nothing
            (!record::is_refused(&part)).then(|| v1::Reading {
                read_at: Some(to_wire(access.at)),
                function: part.function,
                method: part.method,
            })
        };
        Ok(found.iter().rev().filter_map(reading).collect())
    }
}
