//! The same acts under another definition: what municipalities did is taken from the record, what the ledger did
//! is found anew. Acts are taken as they were: nobody would have announced sooner because the days were fewer.

mod findings;

use std::collections::{BTreeMap, BTreeSet};

use domain::calendar::day_in_sweden;
use domain::code::RelocationKind;
use domain::definition::Definition;
use domain::entry::{Draft, Entry, Event};
use domain::month::Month;
use domain::subject::{Position, Subject, SubjectKind, Version};
use jiff::Timestamp;
use uuid::Uuid;

use super::Machine;
use crate::Halt;
use findings::{Findings, Question};

/// What is varied. What is missing stays as each definition of the record has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variation {
    /// As [`Definition::grace_days`].
    pub grace_days: Option<u32>,
    /// As [`Definition::early_months`].
    pub early_months: Option<u32>,
    /// As [`Definition::late_months`].
    pub late_months: Option<u32>,
    /// As [`Definition::not_arrived_months`].
    pub not_arrived_months: Option<u32>,
    /// As [`Definition::answer_days`].
    pub answer_days: Option<u32>,
    /// Only announcements of these kinds count; the others are as if nobody had registered them.
    pub kinds: Option<BTreeSet<RelocationKind>>,
}

impl Variation {
    /// A definition of the record, varied.
    pub fn of(&self, definition: &Definition) -> Definition {
        Definition {
            version: definition.version,
            grace_days: self.grace_days.unwrap_or(definition.grace_days),
            early_months: self.early_months.unwrap_or(definition.early_months),
            late_months: self.late_months.unwrap_or(definition.late_months),
            not_arrived_months: self
                .not_arrived_months
                .unwrap_or(definition.not_arrived_months),
            answer_days: self.answer_days.unwrap_or(definition.answer_days),
            expiry_days: definition.expiry_days,
            drills: definition.drills,
        }
    }

    fn counts(&self, kind: RelocationKind) -> bool {
        self.kinds
            .as_ref()
            .is_none_or(|kinds| kinds.contains(&kind))
    }
}

/// What can be flagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// The previous municipality was asked about an arrival.
    Unannounced,
    /// Its question was not settled in time. Only where it was asked in fact: otherwise nobody could settle it.
    Unsettled,
    /// A relocation counted as not arrived.
    NotArrived,
}

/// Something that was flagged in fact, on trial, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flagged {
    /// What for.
    pub flag: Flag,
    /// The alert, or the relocation.
    pub subject: Subject,
    /// When the arrival was reported, or for when the relocation was planned.
    pub month: Month,
    /// Whether it was, in the record.
    pub in_fact: bool,
    /// Whether it would have been.
    pub on_trial: bool,
}

/// A trial under way.
#[derive(Clone, Debug)]
pub struct Trial {
    variation: Variation,
    machine: Machine,
    position: Position,
    recorded_at: Timestamp,
    in_fact: Findings,
    instead: Findings,
    /// Relocations of kinds that do not count, and for when they were planned.
    left_out: BTreeMap<Uuid, Month>,
    impossible: u64,
}

impl Trial {
    /// Before the first entry.
    pub fn new(variation: Variation) -> Self {
        Self {
            variation,
            machine: Machine::new(),
            position: Position(0),
            recorded_at: Timestamp::MIN,
            in_fact: Findings::default(),
            instead: Findings::default(),
            left_out: BTreeMap::new(),
            impossible: 0,
        }
    }

    /// Takes the next entry of the record in.
    pub fn take(&mut self, entry: &Entry) -> Result<(), Halt> {
        let halt = |what| Halt {
            position: entry.position,
            what,
        };
        if entry.position.0 != self.position.0.saturating_add(1) {
            return Err(halt("a position is missing or repeated"));
        }
        self.position = entry.position;
        self.in_fact.take(entry);
        // the machine counts its own entries: what is wrong is wrong at the record's
        self.pass_until(entry.recorded_at)
            .and_then(|()| self.act(entry))
            .and_then(|()| self.settle())
            .map_err(|Halt { what, .. }| halt(what))
    }

    /// How many acts of the record the trial has no place for, such as an answer to a relocation that had ended.
    pub fn impossible(&self) -> u64 {
        self.impossible
    }

    /// What was flagged in fact, on trial, or both.
    pub fn flagged(&self) -> Vec<Flagged> {
        let end = day_in_sweden(self.recorded_at);
        let is_unsettled = |question: Option<Question>| {
            question.is_some_and(|question| question.is_unsettled(end))
        };
        let alerts = self.in_fact.questions.keys();
        let alerts: BTreeSet<&Uuid> = alerts.chain(self.instead.questions.keys()).collect();
        let mut flagged = Vec::new();
        for alert in alerts {
            let (in_fact, on_trial) = self.questions(*alert);
            let Some(month) = in_fact
                .or(on_trial)
                .and_then(|asked| self.reported(asked.arrival))
            else {
                continue;
            };
            let of = |flag, in_fact, on_trial| Flagged {
                flag,
                subject: Subject::alert(*alert),
                month,
                in_fact,
                on_trial,
            };
            flagged.push(of(Flag::Unannounced, in_fact.is_some(), on_trial.is_some()));
            let on_trial = on_trial.filter(|_asked| in_fact.is_some());
            flagged.push(of(
                Flag::Unsettled,
                is_unsettled(in_fact),
                is_unsettled(on_trial),
            ));
        }
        flagged.extend(self.not_arrived());
        flagged.retain(|flagged| flagged.in_fact || flagged.on_trial);
        flagged
    }

    /// When an arrival was reported.
    fn reported(&self, arrival: Uuid) -> Option<Month> {
        let known = self.machine.arrivals.get(&arrival)?;
        Some(Month::of(day_in_sweden(known.fold.recorded_at)))
    }

    fn not_arrived(&self) -> impl Iterator<Item = Flagged> {
        let (in_fact, on_trial) = (&self.in_fact.not_arrived, &self.instead.not_arrived);
        in_fact.union(on_trial).filter_map(|id| {
            let known = self
                .machine
                .relocations
                .get(id)
                .map(|known| known.fold.planned);
            Some(Flagged {
                flag: Flag::NotArrived,
                subject: Subject::relocation(*id),
                month: known.or_else(|| self.left_out.get(id).copied())?,
                in_fact: in_fact.contains(id),
                on_trial: on_trial.contains(id),
            })
        })
    }

    /// A question in fact and on trial. Who settled it in fact would have taken as many days.
    fn questions(&self, alert: Uuid) -> (Option<Question>, Option<Question>) {
        let in_fact = self.in_fact.questions.get(&alert).copied();
        let on_trial = self.instead.questions.get(&alert).map(|question| {
            let settled_on = in_fact.and_then(|in_fact| {
                let taken = in_fact.settled_on?.since(in_fact.asked_on).ok()?;
                question.asked_on.checked_add(taken).ok()
            });
            Question {
                settled_on,
                ..*question
            }
        });
        (in_fact, on_trial)
    }

    /// Lets each deadline pass when it is due.
    fn pass_until(&mut self, now: Timestamp) -> Result<(), Halt> {
        while let Some(due) = self.machine.next_deadline().filter(|due| *due <= now) {
            self.recorded_at = self.recorded_at.max(due);
            let version = self.machine.system_version.next();
            self.enter(Subject::SYSTEM, version, Event::TimePassed { now: due })?;
            self.settle()?;
        }
        self.recorded_at = self.recorded_at.max(now);
        Ok(())
    }

    /// Does what somebody did. What the ledger did is no act.
    fn act(&mut self, entry: &Entry) -> Result<(), Halt> {
        let id = entry.subject.id;
        let event = entry.event.clone();
        match event {
            Event::DefinitionSet(definition) => {
                let event = Event::DefinitionSet(self.variation.of(&definition));
                self.enter(Subject::SYSTEM, self.machine.system_version.next(), event)
            }
            Event::RulesVersionSet { .. } => {
                self.enter(Subject::SYSTEM, self.machine.system_version.next(), event)
            }
            Event::RelocationRegistered { kind, planned, .. } if !self.variation.counts(kind) => {
                self.left_out.insert(id, planned);
                Ok(())
            }
            Event::RelocationRegistered { .. } | Event::ArrivalReported { .. } => {
                self.enter(entry.subject, entry.version, event)
            }
            Event::RelocationAcknowledged
            | Event::RelocationReplied { .. }
            | Event::RelocationSupplemented
            | Event::RelocationWithdrawn { .. }
            | Event::RelocationRedacted { .. }
            | Event::RelocationRestricted { .. }
            | Event::RelocationReleased { .. }
            | Event::TransferReferred { .. }
            | Event::TransferDecided { .. } => self.act_on_relocation(entry),
            Event::ArrivalWithdrawn => {
                let known = self.machine.arrivals.get(&id);
                let version = known.map_or(entry.version, |known| known.fold.version.next());
                self.enter(entry.subject, version, event)
            }
            Event::RelocationArrived { .. }
            | Event::RelocationNotArrived
            | Event::ArrivalMatched { .. }
            | Event::AlertRaised { .. }
            | Event::AlertAnswered { .. }
            | Event::AlertDisputed
            | Event::AlertAcknowledged { .. }
            | Event::AlertAssigned { .. }
            | Event::AlertCommented { .. }
            | Event::AlertClosed { .. }
            | Event::AlertRedacted
            | Event::NoticesConfirmed { .. }
            | Event::TimePassed { .. }
            | Event::ClockAdvanced { .. }
            | Event::RelocationReminded { .. }
            | Event::RelocationReopened
            | Event::TransferSilent
            | Event::TransferDecisionOverdue
            | Event::DrillSent { .. }
            | Event::DrillAcknowledged { .. }
            | Event::DrillWritten { .. } => Ok(()),
            Event::IdentityReferred { .. }
            | Event::FunctionSet(_)
            | Event::VendorGranted(_)
            | Event::VendorWithdrawn { .. } => {
                let known = entry
                    .subject
                    .municipality_code()
                    .and_then(|code| self.machine.municipality(code));
                let version = known.map_or(Version(1), |known| known.version.next());
                self.enter(entry.subject, version, event)
            }
        }
    }

    fn act_on_relocation(&mut self, entry: &Entry) -> Result<(), Halt> {
        let id = entry.subject.id;
        if self.left_out.contains_key(&id) {
            return Ok(());
        }
        let known = self.machine.relocations.get(&id);
        let Some(mut fold) = known.map(|known| known.fold.clone()) else {
            return self.enter(entry.subject, entry.version, entry.event.clone());
        };
        let version = fold.version.next();
        let moved = Entry {
            version,
            ..entry.clone()
        };
        if fold.apply(&moved).is_err() {
            self.impossible += 1;
            return Ok(());
        }
        self.enter(entry.subject, version, moved.event)
    }

    /// Does what the rules say must follow.
    fn settle(&mut self) -> Result<(), Halt> {
        loop {
            let findings = self.machine.findings();
            if findings.is_empty() {
                return Ok(());
            }
            for finding in findings {
                // one before it may have moved its subject; then it is found anew
                if finding.drafts.iter().all(|draft| self.is_next(draft)) {
                    for draft in finding.drafts {
                        self.enter(draft.subject, draft.version, draft.event)?;
                    }
                }
            }
        }
    }

    fn is_next(&self, draft: &Draft) -> bool {
        let (machine, id) = (&self.machine, draft.subject.id);
        let version = match draft.subject.kind {
            SubjectKind::System => Some(machine.system_version),
            SubjectKind::Relocation => machine.relocation(id).map(|fold| fold.version),
            SubjectKind::Arrival => machine.arrival(id).map(|(fold, _asked)| fold.version),
            SubjectKind::Alert => machine.alert(id).map(|fold| fold.version),
            SubjectKind::Municipality => draft
                .subject
                .municipality_code()
                .and_then(|code| machine.municipality(code))
                .map(|fold| fold.version),
            SubjectKind::RegisterEvent => None,
        };
        draft.version == version.unwrap_or_default().next()
    }

    fn enter(&mut self, subject: Subject, version: Version, event: Event) -> Result<(), Halt> {
        let entry = Entry {
            position: Position(self.machine.position.0.saturating_add(1)),
            recorded_at: self.recorded_at,
            subject,
            version,
            event,
            notices: Vec::new(),
            sealed: Vec::new(),
        };
        self.machine.apply(&entry)?;
        self.instead.take(&entry);
        Ok(())
    }
}
