//! Subjects of municipalities whose code changed: what was announced or reported under one code is looked for under those
//! that go on as it.

use domain::calendar::day_in_sweden;
use domain::municipality::MunicipalityCode;
use domain::subject::Pseudonym;
use jiff::Timestamp;
use uuid::Uuid;

use super::Machine;
use super::index::Persons;
use crate::fold::{ArrivalFold, RelocationFold};

impl Machine {
    /// Subjects of persons, under whatever number, between two municipalities, under whatever code they go.
    pub(super) fn between(
        &self,
        index: &Persons,
        sender: MunicipalityCode,
        recipient: MunicipalityCode,
        persons: &[Pseudonym],
    ) -> Vec<Uuid> {
        let recipients = self.lineage.family(recipient);
        let mut found = Vec::new();
        for sender in self.lineage.family(sender) {
            let persons = self.aliases.all_of(sender, persons);
            for recipient in &recipients {
                found.extend(index.of(sender, *recipient, &persons));
            }
        }
        found
    }

    /// Subjects of persons that a municipality sent, under whatever code it goes: each recipient with its subjects.
    pub(super) fn sent_by(
        &self,
        index: &Persons,
        sender: MunicipalityCode,
        persons: &[Pseudonym],
    ) -> Vec<(MunicipalityCode, Uuid)> {
        let mut found = Vec::new();
        for sender in self.lineage.family(sender) {
            for person in self.aliases.all_of(sender, persons) {
                found.extend(index.of_sender(sender, person));
            }
        }
        found
    }

    /// Whether an announcement is about the municipalities of an arrival.
    pub(super) fn is_of_pair(&self, relocation: &RelocationFold, arrival: &ArrivalFold) -> bool {
        self.is_reached(relocation, relocation.recipient, arrival.municipality)
            && self.is_reached(relocation, relocation.sender, arrival.previous)
    }

    /// Whether a municipality of an announcement is one that something happens at.
    pub(super) fn is_reached(
        &self,
        relocation: &RelocationFold,
        named: MunicipalityCode,
        at: MunicipalityCode,
    ) -> bool {
        // nearly always; a day is looked up for the others alone
        named == at
            || self
                .lineage
                .reaches(named, day_in_sweden(relocation.recorded_at), at)
    }

    /// Whether both municipalities of an arrival are one by now: nobody asks itself.
    pub(super) fn is_one_by(&self, arrival: &ArrivalFold, now: Timestamp) -> bool {
        let day = day_in_sweden(now);
        let is_tied = self
            .lineage
            .family(arrival.previous)
            .contains(&arrival.municipality);
        is_tied
            && self.lineage.current(arrival.previous, day)
                == self.lineage.current(arrival.municipality, day)
    }
}
