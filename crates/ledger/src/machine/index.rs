//! The machine's indexes: who waits for whom, and what is due when.

use std::collections::{BTreeMap, BTreeSet};

use domain::municipality::MunicipalityCode;
use domain::subject::Pseudonym;
use jiff::Timestamp;
use uuid::Uuid;

type PersonKey = (MunicipalityCode, MunicipalityCode, Pseudonym);

/// Subjects by sender, recipient and person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Persons(BTreeMap<PersonKey, BTreeSet<Uuid>>);

impl Persons {
    pub(super) fn insert(
        &mut self,
        sender: MunicipalityCode,
        recipient: MunicipalityCode,
        person: Pseudonym,
        id: Uuid,
    ) {
        self.0
            .entry((sender, recipient, person))
            .or_default()
            .insert(id);
    }

    pub(super) fn remove(
        &mut self,
        sender: MunicipalityCode,
        recipient: MunicipalityCode,
        person: Pseudonym,
        id: Uuid,
    ) {
        let key = (sender, recipient, person);
        if let Some(ids) = self.0.get_mut(&key) {
            ids.remove(&id);
            if ids.is_empty() {
                self.0.remove(&key);
            }
        }
    }

    pub(super) fn of(
        &self,
        sender: MunicipalityCode,
        recipient: MunicipalityCode,
        persons: &[Pseudonym],
    ) -> BTreeSet<Uuid> {
        persons
            .iter()
            .filter_map(|person| self.0.get(&(sender, recipient, *person)))
            .flatten()
            .copied()
            .collect()
    }
}

/// Subjects by when something is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Deadlines(BTreeSet<(Timestamp, Uuid)>);

impl Deadlines {
    pub(super) fn insert(&mut self, at: Timestamp, id: Uuid) {
        self.0.insert((at, id));
    }

    pub(super) fn remove(&mut self, at: Timestamp, id: Uuid) {
        self.0.remove(&(at, id));
    }

    pub(super) fn first(&self) -> Option<Timestamp> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes out what is due at a time.
    pub(super) fn take_until(&mut self, now: Timestamp) -> Vec<Uuid> {
        let mut due = Vec::new();
        while self.0.first().is_some_and(|(at, _)| *at <= now) {
            due.extend(self.0.pop_first().map(|(_, id)| id));
        }
        due
    }
}
