//! Duties and their clocks: who must have done what by when, and what follows when the time is over. Days are
//! Swedish days; a time that ends on a day when offices rest ends on the next working day (lag 1930:173, 2 §).

use domain::calendar::{
    add_working_days, day_in_sweden, midnight_in_sweden, months_after, next_working_day,
};
use domain::code::{ContactRank, NoticeKind, RelocationKind};
use domain::entry::{Draft, Event};
use domain::relocation_state::RelocationState;
use domain::subject::Subject;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::{Finding, Machine};
use crate::fold::{RelocationFold, Transfer};
use crate::limits::{
    ANSWER_WORKING_DAYS, DECISION_MONTHS, REMINDER_WORKING_DAYS, TRANSFER_ANSWER_MONTHS,
};

/// A duty that can be overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// The receiver takes the announcement in.
    TakeIn(ContactRank),
    /// The receiver replies to an announcement. Nothing follows when it does not.
    Answer,
    /// The receiver answers the request of a transfer (SoL 29:11).
    AnswerTransfer,
    /// The inspectorate decides a transfer (SoL 29:11).
    Decide,
}

impl Duty {
    /// The rule it comes from.
    pub fn rule(self) -> &'static str {
        match self {
            Self::TakeIn(_) | Self::Answer => "agreement: ten working days",
            Self::AnswerTransfer => "SoL 29:11: one month",
            Self::Decide => "SoL 29:11: three months",
        }
    }
}

/// What a relocation's parties have yet to do, each with its last day.
pub fn duties(fold: &RelocationFold) -> impl Iterator<Item = (Duty, Date)> {
    let all = [
        take_in(fold),
        answer(fold),
        answer_transfer(fold),
        decide(fold),
    ];
    all.into_iter().flatten()
}

/// The same with the instants when their time is over.
pub(super) fn clocks(fold: &RelocationFold) -> impl Iterator<Item = (Duty, Timestamp)> {
    let followed = duties(fold).filter(|(duty, _)| *duty != Duty::Answer);
    followed.filter_map(|(duty, last_day)| Some((duty, end_of(last_day)?)))
}

/// Ten working days of silence, and ten more after the reminder.
fn take_in(fold: &RelocationFold) -> Option<(Duty, Date)> {
    let (contact, since) = match fold.reminded {
        None => (ContactRank::First, fold.recorded_at),
        Some((ContactRank::First, at)) => (ContactRank::Second, at),
        Some((ContactRank::Second, _)) => return None,
    };
    let last_day = add_working_days(day_in_sweden(since), REMINDER_WORKING_DAYS);
    (fold.state == RelocationState::Registered).then_some((Duty::TakeIn(contact), last_day))
}

/// Ten working days from the announcement, as the two agreed: until the receiver says something of it, or the person is
/// there or never came.
fn answer(fold: &RelocationFold) -> Option<(Duty, Date)> {
    let is_unanswered = matches!(
        fold.state,
        RelocationState::Registered | RelocationState::Acknowledged
    );
    let is_asked = fold.kind != RelocationKind::Transfer2910;
    (is_asked && is_unanswered).then_some((Duty::Answer, fold.answer_due_on))
}

/// A month from the day on which the request came in (FL 22 §), whether the person has arrived or not: the request is
/// about the case.
fn answer_transfer(fold: &RelocationFold) -> Option<(Duty, Date)> {
    let is_asked = fold.kind == RelocationKind::Transfer2910 && fold.transfer == Transfer::Asked;
    let is_there = fold.state != RelocationState::Withdrawn;
    (is_asked && is_there).then_some((Duty::AnswerTransfer, fold.answer_due_on))
}

/// Three months from the day on which the inspectorate was asked.
fn decide(fold: &RelocationFold) -> Option<(Duty, Date)> {
    let Transfer::Referred { on } = fold.transfer else {
        return None;
    };
    let last_day = next_working_day(months_after(on, DECISION_MONTHS));
    (fold.state != RelocationState::Withdrawn).then_some((Duty::Decide, last_day))
}

/// By when the receiver should answer what is announced on a day. A request counts from the day on which it
/// reaches the authority (FL 22 §), and this one reaches it at once.
pub fn answer_due_on(kind: RelocationKind, on: Date) -> Date {
    if kind == RelocationKind::Transfer2910 {
        next_working_day(months_after(on, TRANSFER_ANSWER_MONTHS))
    } else {
        add_working_days(on, ANSWER_WORKING_DAYS)
    }
}

/// The first instant after a day.
fn end_of(day: Date) -> Option<Timestamp> {
    midnight_in_sweden(day.tomorrow().ok()?)
}

impl Machine {
    /// What follows from a duty whose time is over.
    pub(super) fn build_overdue(&self, id: Uuid) -> Option<Finding> {
        let fold = &self.relocations.get(&id)?.fold;
        let now = self.now?;
        let (duty, _) = clocks(fold).find(|(_, at)| *at <= now)?;
        let (event, notices) = match duty {
            Duty::TakeIn(contact) => {
                let notice = match contact {
                    ContactRank::First => NoticeKind::RelocationReminded,
                    ContactRank::Second => NoticeKind::RelocationEscalated,
                };
                let event = Event::RelocationReminded { contact };
                // never another municipality, whoever is silent
                (event, vec![(fold.recipient, notice)])
            }
            Duty::Answer => return None,
            Duty::AnswerTransfer => (
                Event::TransferSilent,
                vec![
                    (fold.sender, NoticeKind::TransferSilent),
                    (fold.recipient, NoticeKind::TransferSilent),
                ],
            ),
            Duty::Decide => (
                Event::TransferDecisionOverdue,
                vec![
                    (fold.sender, NoticeKind::TransferDecisionOverdue),
                    (fold.recipient, NoticeKind::TransferDecisionOverdue),
                ],
            ),
        };
        Some(Finding::of(Draft {
            subject: Subject::relocation(id),
            version: fold.version.next(),
            event,
            notices,
            sealed: Vec::new(),
        }))
    }
}
