//! The machine: every entry goes in, what must follow comes out as findings. Whoever leads appends a
//! finding; when its entries come back the finding is gone. So a restart, or a second leader, finds exactly
//! what is still missing, and the journal's constraints make it once.

mod alias;
mod apply;
mod digest;
mod drill;
mod duty;
mod finding;
mod index;
mod lineage;
mod name;
#[cfg(test)]
mod tests;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use domain::definition::Definition;
use domain::lineage::Lineage;
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Pseudonym, Subject, SubjectKind, Version};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::fold::{AlertFold, ArrivalFold, MunicipalityFold, RelocationFold};

use alias::Aliases;
use digest::Members;
pub use digest::StateDigest;
pub use duty::{Duty, answer_due_on, duties};
use finding::Key;
pub(crate) use finding::is_in_time;
pub use finding::{Finding, covers, late_days};
use index::{Deadlines, Persons};
pub(crate) use name::unannounced_id;
pub use trial::{Flag, Flagged, Trial, Variation};

/// An arrival with what it was reported under: later definitions change nothing for it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Arrival {
    fold: ArrivalFold,
    definition: Definition,
    grace_until: Timestamp,
    alert: Option<Uuid>,
}

/// A relocation with where it was recorded and when it counts as not arrived, by the definition of then.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Relocation {
    fold: RelocationFold,
    position: Position,
    /// None: beyond the calendar.
    ends_at: Option<Timestamp>,
}

/// A reference from an identity number to the one that replaces it, within one municipality.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reference {
    by: MunicipalityCode,
    scope: MunicipalityCode,
    previous: Vec<Pseudonym>,
    current: Vec<Pseudonym>,
}

/// The state of the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Which municipality goes on as which: as much a part of the program as the rules.
    lineage: Lineage,
    position: Position,
    recorded_at: Option<Timestamp>,
    /// The newest deadline that passed.
    now: Option<Timestamp>,
    system_version: Version,
    definition: Option<Definition>,
    // ids come in the order of time, which leaves the maps' nodes half empty: boxes keep the emptiness small
    relocations: BTreeMap<Uuid, Box<Relocation>>,
    arrivals: BTreeMap<Uuid, Box<Arrival>>,
    alerts: BTreeMap<Uuid, Box<AlertFold>>,
    municipalities: BTreeMap<MunicipalityCode, MunicipalityFold>,
    references: BTreeMap<Uuid, Reference>,
    aliases: Aliases,
    announced: Persons,
    waiting: Persons,
    asked: Persons,
    /// The arrivals that each relocation covers.
    covers: BTreeMap<Uuid, BTreeSet<Uuid>>,
    grace: Deadlines,
    ends: Deadlines,
    duties: Deadlines,
    expiries: Deadlines,
    /// Confirmations whose chain differs from ours, with their first day.
    differing: BTreeMap<(MunicipalityCode, NoticeNumber), Date>,
    /// Municipalities whose system has confirmed a notice.
    connected: BTreeSet<MunicipalityCode>,
    /// The month whose drills were sent, or in which drills were switched on; none while they are off.
    drilled: Option<Month>,
    /// The keys of all alerts ever.
    raised: BTreeSet<String>,
    pending: BTreeSet<Key>,
    /// The hashes of all relocations, arrivals, alerts and keys of alerts.
    members: Members,
}

impl Machine {
    /// Before the first entry.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with another lineage than that of today's municipalities.
    pub fn with(lineage: Lineage) -> Self {
        Self {
            lineage,
            ..Self::default()
        }
    }

    /// The position of the newest entry applied.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The definition in force.
    pub fn definition(&self) -> Option<Definition> {
        self.definition
    }

    /// A relocation.
    pub fn relocation(&self, id: Uuid) -> Option<&RelocationFold> {
        self.relocations.get(&id).map(|relocation| &relocation.fold)
    }

    /// An arrival, and whether the previous municipality was ever asked about it.
    pub fn arrival(&self, id: Uuid) -> Option<(&ArrivalFold, bool)> {
        self.arrivals
            .get(&id)
            .map(|arrival| (&arrival.fold, arrival.alert.is_some()))
    }

    /// An alert.
    pub fn alert(&self, id: Uuid) -> Option<&AlertFold> {
        self.alerts.get(&id).map(Box::as_ref)
    }

    /// A municipality, if something of it is recorded.
    pub fn municipality(&self, code: MunicipalityCode) -> Option<&MunicipalityFold> {
        self.municipalities.get(&code)
    }

    /// When something is next due about a subject: an arrival's grace, a relocation's duties and end, an alert's
    /// expiry. None when nothing is, or when it has passed.
    pub fn deadline(&self, subject: Subject) -> Option<Timestamp> {
        let id = subject.id;
        match subject.kind {
            SubjectKind::Relocation => {
                let known = self.relocations.get(&id)?;
                let ends_at = known.ends_at.filter(|at| self.ends.contains(*at, id));
                let duties = duty::clocks(&known.fold).map(|(_, at)| at);
                duties
                    .filter(|at| self.duties.contains(*at, id))
                    .chain(ends_at)
                    .min()
            }
            SubjectKind::Arrival => self
                .arrivals
                .get(&id)
                .map(|known| known.grace_until)
                .filter(|at| self.grace.contains(*at, id)),
            SubjectKind::Alert => self
                .expiry_of(id)
                .filter(|at| self.expiries.contains(*at, id)),
            SubjectKind::System | SubjectKind::Municipality | SubjectKind::RegisterEvent => None,
        }
    }

    /// What is due at a time: arrivals, then relocations, then alerts, of each the oldest deadline first.
    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, Subject)> {
        let arrivals = self.grace.until(now);
        let relocations = self.ends.until(now).chain(self.duties.until(now));
        let alerts = self.expiries.until(now);
        arrivals
            .map(|(at, id)| (at, Subject::arrival(id)))
            .chain(relocations.map(|(at, id)| (at, Subject::relocation(id))))
            .chain(alerts.map(|(at, id)| (at, Subject::alert(id))))
    }

    /// When the next `TimePassed` is due; none when nothing waits for time.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let all = [&self.grace, &self.ends, &self.duties, &self.expiries];
        let first = all.into_iter().filter_map(Deadlines::first);
        first.chain(self.next_drill()).min()
    }
}

/// So many days of twenty-four hours later; the end of time at most.
fn later(at: Timestamp, days: u32) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(i64::from(days) * 24))
        .unwrap_or(Timestamp::MAX)
}
