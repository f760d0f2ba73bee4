//! What a ledger found, by its entries: the record's, or those of a trial.

use std::collections::{BTreeMap, BTreeSet};

use domain::calendar::day_in_sweden;
use domain::code::AlertKind;
use domain::entry::{Entry, Event};
use jiff::civil::Date;
use uuid::Uuid;

/// What a ledger found.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    /// By alert.
    pub(super) questions: BTreeMap<Uuid, Question>,
    pub(super) not_arrived: BTreeSet<Uuid>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    pub(super) arrival: Uuid,
    pub(super) asked_on: Date,
    pub(super) due_on: Date,
    /// First answered or closed by people.
    pub(super) settled_on: Option<Date>,
    /// Closed by the ledger: its cause was gone.
    pub(super) closed_on: Option<Date>,
}

impl Findings {
    /// Takes in what an entry tells of what the ledger found, and of how it went on.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other kinds are no findings about a person's move"
    )]
    pub(super) fn take(&mut self, entry: &Entry) {
        let (id, on) = (entry.subject.id, day_in_sweden(entry.recorded_at));
        match &entry.event {
            Event::AlertRaised {
                kind: AlertKind::UnannouncedArrival,
                arrival: Some(arrival),
                answer_due_on,
                ..
            } => {
                let question = Question {
                    arrival: *arrival,
                    asked_on: on,
                    due_on: *answer_due_on,
                    settled_on: None,
                    closed_on: None,
                };
                self.questions.insert(id, question);
            }
            Event::AlertClosed { operator: None, .. } => {
                if let Some(question) = self.questions.get_mut(&id) {
                    question.closed_on = Some(on);
                }
            }
            Event::AlertAnswered { .. } | Event::AlertClosed { .. } | Event::AlertRedacted => {
                if let Some(question) = self.questions.get_mut(&id) {
                    question.settled_on.get_or_insert(on);
                }
            }
            Event::RelocationNotArrived => {
                self.not_arrived.insert(id);
            }
            _ => {}
        }
    }
}

impl Question {
    /// Whether it was open still when its day was over.
    pub(super) fn is_unsettled(&self, end: Date) -> bool {
        let settled = self.settled_on.into_iter().chain(self.closed_on).min();
        settled.unwrap_or(end) > self.due_on
    }
}
