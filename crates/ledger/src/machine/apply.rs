//! Taking an entry in: total over what this program knows, a halt for anything else. A halt changes nothing.

use std::collections::BTreeSet;

use domain::calendar::{day_in_sweden, midnight_in_sweden};
use domain::definition::Definition;
use domain::entry::{Entry, Event};
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::{Position, Pseudonym, Subject, SubjectKind, Version};
use jiff::Timestamp;
use uuid::Uuid;

use super::duty::clocks;
use super::finding::Key;
use super::index::Persons;
use super::{Arrival, Machine, Reference, Relocation, later, name};
use crate::Halt;
use crate::fold::{
    AlertFold, AlertState, ArrivalFold, ArrivalState, MunicipalityFold, RelocationFold,
};

/// The newest rules version that this program knows.
const RULES_VERSION: u32 = 1;

fn halt(entry: &Entry, what: &'static str) -> Halt {
    Halt {
        position: entry.position,
        what,
    }
}

impl Machine {
    /// Takes the next entry in.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Halt> {
        if entry.position != Position(self.position.0.saturating_add(1)) {
            return Err(halt(entry, "a position is missing or repeated"));
        }
        if self
            .recorded_at
            .is_some_and(|before| entry.recorded_at < before)
        {
            return Err(halt(entry, "time goes backwards"));
        }
        let before = self.members_of(entry);
        match entry.subject.kind {
            SubjectKind::System => self.apply_system(entry)?,
            SubjectKind::Relocation => self.apply_relocation(entry)?,
            SubjectKind::Arrival => self.apply_arrival(entry)?,
            SubjectKind::Alert => self.apply_alert(entry)?,
            SubjectKind::Municipality => self.apply_municipality(entry)?,
            SubjectKind::RegisterEvent => self.apply_register_event(entry)?,
        }
        self.members ^= before;
        self.members ^= self.members_of(entry);
        self.position = entry.position;
        self.recorded_at = Some(entry.recorded_at);
        Ok(())
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other kind is a contradiction here"
    )]
    fn apply_system(&mut self, entry: &Entry) -> Result<(), Halt> {
        if entry.subject != Subject::SYSTEM || entry.version != self.system_version.next() {
            return Err(halt(
                entry,
                "a version of the system is missing or repeated",
            ));
        }
        match &entry.event {
            Event::TimePassed { now } => self.pass(*now),
            Event::NoticesConfirmed {
                recipient,
                agrees: true,
                ..
            } => {
                self.connected.insert(*recipient);
            }
            Event::ClockAdvanced { .. } => {}
            Event::NoticesConfirmed {
                recipient, number, ..
            } => {
                // a chain that differs once differs at every later number: one question at a time
                if !self.is_chain_in_question(*recipient) {
                    let day = day_in_sweden(entry.recorded_at);
                    self.differing.insert((*recipient, *number), day);
                    self.review(Key::Chain(*recipient, *number));
                }
            }
            Event::DefinitionSet(definition) => {
                let before = self.definition.map_or(0, |present| present.version);
                if Some(definition.version) != before.checked_add(1) || !definition.is_sound() {
                    return Err(halt(entry, "a definition out of order or out of range"));
                }
                self.definition = Some(*definition);
                self.switch_drills(definition.drills, entry.recorded_at);
            }
            Event::RulesVersionSet { version } if *version <= RULES_VERSION => {}
            Event::RulesVersionSet { .. } => {
                return Err(halt(entry, "rules that this program does not know"));
            }
            _ => return Err(halt(entry, "not an event of the system")),
        }
        self.system_version = entry.version;
        Ok(())
    }

    fn pass(&mut self, now: Timestamp) {
        self.now = Some(self.now.map_or(now, |before| before.max(now)));
        for arrival in self.grace.take_until(now) {
            self.review(Key::Ask(arrival));
        }
        for relocation in self.ends.take_until(now) {
            self.review(Key::NotArrived(relocation));
        }
        for relocation in self.duties.take_until(now) {
            self.review(Key::Overdue(relocation));
        }
        for alert in self.expiries.take_until(now) {
            self.review(Key::Close(alert));
        }
        self.pass_drills(now);
    }

    fn apply_relocation(&mut self, entry: &Entry) -> Result<(), Halt> {
        let id = entry.subject.id;
        if let Some(known) = self.relocations.get_mut(&id) {
            let before = known.fold.clone();
            known.fold.apply(entry)?;
            let (fold, ends_at) = (known.fold.clone(), known.ends_at);
            for (_, at) in clocks(&before) {
                self.duties.remove(at, id);
            }
            self.await_duties(id, &fold);
            if let Some(ends_at) = ends_at {
                if fold.state.is_final() {
                    self.ends.remove(ends_at, id);
                } else if self.now.is_none_or(|now| now < ends_at) {
                    self.ends.insert(ends_at, id);
                }
            }
        } else {
            self.begin_relocation(entry)?;
        }
        self.review(Key::NotArrived(id));
        self.review(Key::Overdue(id));
        let fold = self.relocations.get(&id).map(|known| &known.fold);
        for relocation in fold.map_or_else(BTreeSet::new, |fold| self.of_the_same_person(fold)) {
            self.review(Key::Reopen(relocation));
        }
        for arrival in self.waiting_for(id) {
            self.review_arrival(arrival);
        }
        Ok(())
    }

    fn begin_relocation(&mut self, entry: &Entry) -> Result<(), Halt> {
        let id = entry.subject.id;
        let fold = RelocationFold::begin(entry)?;
        // the first definition is what a journal begins with
        let definition = self.definition.unwrap_or(Definition::FIRST);
        let ends_at = end_of(&fold, &definition);
        if let Some(ends_at) = ends_at {
            self.ends.insert(ends_at, id);
        }
        self.announced
            .insert(fold.sender, fold.recipient, fold.pseudonym, id);
        self.await_duties(id, &fold);
        let relocation = Relocation {
            fold,
            position: entry.position,
            ends_at,
        };
        self.relocations.insert(id, Box::new(relocation));
        Ok(())
    }

    /// Waits for what has not passed yet; what has is reviewed at once.
    fn await_duties(&mut self, id: Uuid, fold: &RelocationFold) {
        for (_, at) in clocks(fold) {
            if self.now.is_none_or(|now| now < at) {
                self.duties.insert(at, id);
            }
        }
    }

    /// A relocation, and all others of the same pair and person.
    pub(super) fn of_the_same_person(&self, fold: &RelocationFold) -> BTreeSet<Uuid> {
        let persons = self.aliases.all_of(fold.sender, &[fold.pseudonym]);
        self.announced.of(fold.sender, fold.recipient, &persons)
    }

    /// Arrivals that wait for an announcement of this person by this sender to this recipient.
    fn waiting_for(&self, relocation: Uuid) -> Vec<Uuid> {
        self.relocations
            .get(&relocation)
            .map(|known| {
                let fold = &known.fold;
                let person = [fold.pseudonym];
                self.between(&self.waiting, fold.sender, fold.recipient, &person)
            })
            .unwrap_or_default()
    }

    fn apply_arrival(&mut self, entry: &Entry) -> Result<(), Halt> {
        let id = entry.subject.id;
        let mut matched = None;
        if let Some(known) = self.arrivals.get_mut(&id) {
            if let ArrivalState::Matched { relocation } = known.fold.state {
                matched = Some(relocation);
            }
            known.fold.apply(entry)?;
            if let ArrivalState::Matched { relocation } = known.fold.state {
                self.covers.entry(relocation).or_default().insert(id);
                matched = Some(relocation);
            } else if let Some(covered) = matched.and_then(|it| self.covers.get_mut(&it)) {
                covered.remove(&id);
            }
            if known.fold.state != ArrivalState::Reported {
                let fold = &known.fold;
                for pseudonym in &fold.pseudonyms {
                    self.waiting
                        .remove(fold.previous, fold.municipality, *pseudonym, id);
                }
                self.grace.remove(known.grace_until, id);
            }
        } else {
            self.begin_arrival(entry)?;
        }
        self.review_arrival(id);
        self.review_announced_elsewhere(id);
        if let Some(relocation) = matched {
            self.review(Key::Reopen(relocation));
        }
        Ok(())
    }

    fn begin_arrival(&mut self, entry: &Entry) -> Result<(), Halt> {
        let id = entry.subject.id;
        let fold = ArrivalFold::begin(entry)?;
        let definition = self
            .definition
            .ok_or_else(|| halt(entry, "an arrival before any definition"))?;
        let grace_until = later(fold.recorded_at, definition.grace_days);
        for pseudonym in &fold.pseudonyms {
            self.waiting
                .insert(fold.previous, fold.municipality, *pseudonym, id);
        }
        self.grace.insert(grace_until, id);
        let arrival = Arrival {
            fold,
            definition,
            grace_until,
            alert: None,
        };
        self.arrivals.insert(id, Box::new(arrival));
        Ok(())
    }

    fn apply_alert(&mut self, entry: &Entry) -> Result<(), Halt> {
        let id = entry.subject.id;
        if let Some(known) = self.alerts.get_mut(&id) {
            known.apply(entry)?;
            if known.state == AlertState::Closed
                && let Some(at) = self.expiry_of(id)
            {
                self.expiries.remove(at, id);
            }
        } else {
            self.begin_alert(entry)?;
        }
        self.review(Key::Close(id));
        Ok(())
    }

    fn begin_alert(&mut self, entry: &Entry) -> Result<(), Halt> {
        let id = entry.subject.id;
        let fold = AlertFold::begin(entry)?;
        let Event::AlertRaised { key, .. } = &entry.event else {
            return Err(halt(entry, "an alert does not begin with being raised"));
        };
        if !self.raised.insert(key.clone()) {
            return Err(halt(entry, "an alert's key twice"));
        }
        let about = fold.arrival;
        self.alerts.insert(id, Box::new(fold));
        if let Some((recipient, number)) = name::read_chain_key(key) {
            self.review(Key::Chain(recipient, number));
        }
        if let Some(arrival) = about
            && let Some(known) = self.arrivals.get_mut(&arrival)
        {
            known.alert = Some(id);
            let fold = &known.fold;
            for person in &fold.pseudonyms {
                self.asked
                    .insert(fold.previous, fold.municipality, *person, arrival);
            }
            self.review_arrival(arrival);
            self.review_announced_elsewhere(arrival);
            if let Some(at) = self.expiry_of(id).filter(|at| Some(*at) > self.now) {
                self.expiries.insert(at, id);
            }
        }
        Ok(())
    }

    fn apply_municipality(&mut self, entry: &Entry) -> Result<(), Halt> {
        let code = entry
            .subject
            .municipality_code()
            .ok_or_else(|| halt(entry, "no municipality has such an id"))?;
        let known = self.municipalities.get(&code).cloned();
        let mut fold = known.unwrap_or_else(|| MunicipalityFold::new(code));
        fold.apply(entry)?;
        self.municipalities.insert(code, fold);
        if self.pending.contains(&Key::Drill(code)) {
            self.review(Key::Drill(code));
        }
        Ok(())
    }

    fn apply_register_event(&mut self, entry: &Entry) -> Result<(), Halt> {
        let Event::IdentityReferred {
            by,
            scope,
            previous,
            current,
        } = &entry.event
        else {
            return Err(halt(entry, "not an event of the register"));
        };
        let reference = Reference {
            by: *by,
            scope: *scope,
            previous: previous.clone(),
            current: current.clone(),
        };
        if entry.version != Version(1)
            || self
                .references
                .insert(entry.subject.id, reference)
                .is_some()
        {
            return Err(halt(entry, "an event of the register twice"));
        }
        let both = previous.iter().chain(current).copied();
        let persons = self.aliases.join(*scope, both);
        self.review_persons(*scope, &persons);
        Ok(())
    }

    /// What waited for one pseudonym of a person may be there under another.
    fn review_persons(&mut self, scope: MunicipalityCode, persons: &[Pseudonym]) {
        let of = |index: &Persons| -> Vec<Uuid> {
            let found = self.sent_by(index, scope, persons);
            found.into_iter().map(|(_, id)| id).collect()
        };
        let arrivals = [of(&self.waiting), of(&self.asked)].concat();
        for relocation in of(&self.announced) {
            self.review(Key::NotArrived(relocation));
            self.review(Key::Reopen(relocation));
        }
        for arrival in arrivals {
            self.review_arrival(arrival);
        }
    }

    /// What the same person was announced to elsewhere may have come to nothing.
    fn review_announced_elsewhere(&mut self, arrival: Uuid) {
        let known = self.arrivals.get(&arrival);
        let Some(fold) = known
            .filter(|known| known.alert.is_some())
            .map(|known| &known.fold)
        else {
            return;
        };
        let announced: Vec<Uuid> = self
            .sent_by(&self.announced, fold.previous, &fold.pseudonyms)
            .into_iter()
            .map(|(_, relocation)| relocation)
            .collect();
        for relocation in announced {
            self.review(Key::NotArrived(relocation));
        }
    }

    fn review_arrival(&mut self, id: Uuid) {
        self.review(Key::Match(id));
        self.review(Key::Ask(id));
        if let Some(alert) = self.arrivals.get(&id).and_then(|arrival| arrival.alert) {
            self.review(Key::Close(alert));
        }
    }
}

/// When a relocation counts as not arrived: the first instant, in Sweden, after so many months after the
/// planned one, or after the one in which it was announced when that is later: nobody's time is over before it began.
fn end_of(fold: &RelocationFold, definition: &Definition) -> Option<Timestamp> {
    let months = i32::try_from(definition.not_arrived_months).ok()?;
    let announced = Month::of(day_in_sweden(fold.recorded_at));
    let month_after = fold.planned.max(announced).plus(months.checked_add(1)?);
    midnight_in_sweden(format!("{month_after}-01").parse().ok()?)
}
