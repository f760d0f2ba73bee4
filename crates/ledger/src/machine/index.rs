//! The machine's indexes: who waits for whom, and what is due when.

use std::collections::BTreeSet;

use domain::municipality::MunicipalityCode;
use domain::subject::Pseudonym;
use jiff::Timestamp;
use uuid::Uuid;

use super::digest::{Members, deadline_member};

/// Sender, person, recipient.
type PersonKey = (MunicipalityCode, Pseudonym, MunicipalityCode);

/// Subjects by sender, recipient and person. One set, and not a set for each person: most have one subject, for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Persons(BTreeSet<(PersonKey, Uuid)>);

impl Persons {
    pub(super) fn insert(
        &mut self,
        sender: MunicipalityCode,
        recipient: MunicipalityCode,
        person: Pseudonym,
        id: Uuid,
    ) {
        self.0.insert(((sender, person, recipient), id));
    }

    pub(super) fn remove(
        &mut self,
        sender: MunicipalityCode,
        recipient: MunicipalityCode,
        person: Pseudonym,
        id: Uuid,
    ) {
        self.0.remove(&((sender, person, recipient), id));
    }

    pub(super) fn of(
        &self,
        sender: MunicipalityCode,
        recipient: MunicipalityCode,
        persons: &[Pseudonym],
    ) -> BTreeSet<Uuid> {
        let of_person = |person: &Pseudonym| {
            let key = (sender, *person, recipient);
            self.0.range((key, Uuid::nil())..=(key, Uuid::max()))
        };
        persons
            .iter()
            .flat_map(of_person)
            .map(|(_key, id)| *id)
            .collect()
    }

    /// Of a sender and a person: each recipient with its subjects.
    pub(super) fn of_sender(
        &self,
        sender: MunicipalityCode,
        person: Pseudonym,
    ) -> impl Iterator<Item = (MunicipalityCode, Uuid)> {
        self.0
            .range(((sender, person, MunicipalityCode::HOUSE), Uuid::nil())..)
            .take_while(move |((of, who, _), _)| (*of, *who) == (sender, person))
            .map(|((.., recipient), id)| (*recipient, *id))
    }
}

/// Subjects by when something is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Deadlines {
    due: BTreeSet<(Timestamp, Uuid)>,
    members: Members,
}

impl Deadlines {
    pub(super) fn insert(&mut self, at: Timestamp, id: Uuid) {
        if self.due.insert((at, id)) {
            self.members ^= deadline_member(at, id);
        }
    }

    pub(super) fn remove(&mut self, at: Timestamp, id: Uuid) {
        if self.due.remove(&(at, id)) {
            self.members ^= deadline_member(at, id);
        }
    }

    pub(super) fn contains(&self, at: Timestamp, id: Uuid) -> bool {
        self.due.contains(&(at, id))
    }

    pub(super) fn first(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// What is due at a time, the oldest first.
    pub(super) fn until(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, Uuid)> {
        let due = self.due.iter().copied();
        due.take_while(move |(at, _)| *at <= now)
    }

    /// Takes out what is due at a time.
    pub(super) fn take_until(&mut self, now: Timestamp) -> Vec<Uuid> {
        let due: Vec<(Timestamp, Uuid)> = self.until(now).collect();
        for (at, id) in &due {
            self.remove(*at, *id);
        }
        due.into_iter().map(|(_, id)| id).collect()
    }

    pub(super) fn members(&self) -> Members {
        self.members
    }

    pub(super) fn is_whole(&self) -> bool {
        let all: Members = self
            .due
            .iter()
            .map(|(at, id)| deadline_member(*at, *id))
            .collect();
        all == self.members
    }
}
