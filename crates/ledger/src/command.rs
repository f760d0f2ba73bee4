//! Commands: whether they are allowed, what event they make, whom it concerns.

mod municipality;
#[cfg(test)]
mod tests;

pub use municipality::{MunicipalityCommand, Said, drill_written, municipality};

use domain::calendar::day_in_sweden;
use domain::code::{
    AlertKind, AnswerCode, CloseReason, NoticeKind, RelocationKind, Restriction, WithdrawalReason,
};
use domain::entry::Event;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::relocation_state::{Side, Step, step};
use jiff::civil::Date;

use crate::fold::{AlertFold, AlertState, ArrivalFold, ArrivalState, RelocationFold};
use crate::limits::EVENTS_MAX;

/// An event, and whom to notify of what.
pub type Decision = (Event, Vec<(MunicipalityCode, NoticeKind)>);

/// What a party can do to a relocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelocationCommand {
    /// Add a text.
    Supplement,
    /// Withdraw it. For a reason that ends the reading in every state: whoever may read it no more must not.
    Withdraw {
        /// Why.
        reason: WithdrawalReason,
    },
    /// Call it back: it went to the wrong municipality.
    Recall,
    /// End it for the other party.
    Redact,
    /// Restrict it, at one's own.
    Restrict {
        /// How.
        restriction: Restriction,
    },
    /// Lift that.
    Release {
        /// What.
        restriction: Restriction,
    },
    /// A person took it in.
    Acknowledge,
    /// Reply or object.
    Reply {
        /// Whether it is an objection.
        objection: bool,
    },
    /// The inspectorate was asked to decide a transfer.
    Refer {
        /// When the application came in.
        on: Date,
    },
    /// The inspectorate decided a transfer.
    Decide {
        /// Whether the case is transferred.
        granted: bool,
        /// When.
        on: Date,
    },
}

impl RelocationCommand {
    /// Whether it goes on processing what it is about. What ends or restricts that does not.
    fn processes(self) -> bool {
        match self {
            Self::Withdraw { .. }
            | Self::Recall
            | Self::Redact
            | Self::Restrict { .. }
            | Self::Release { .. } => false,
            Self::Supplement
            | Self::Acknowledge
            | Self::Reply { .. }
            | Self::Refer { .. }
            | Self::Decide { .. } => true,
        }
    }
}

/// Decides a command about a relocation. Each act of one side is told to the other. Who restricted its own processing
/// does nothing more with it (GDPR article 18).
pub fn relocation(
    fold: &RelocationFold,
    command: RelocationCommand,
    by: MunicipalityCode,
) -> Result<Decision, Reason> {
    let side = fold.side(by).ok_or(Reason::NotFound)?;
    let other = match side {
        Side::Sender => fold.recipient,
        Side::Recipient | Side::Ledger => fold.sender,
    };
    let processing = (by, Restriction::Processing);
    if command.processes() && fold.restrictions.contains(&processing) {
        return Err(Reason::ProcessingRestricted);
    }
    let (taken, event, notice) = match command {
        RelocationCommand::Restrict { restriction } => {
            return restricted(fold, (by, restriction), true);
        }
        RelocationCommand::Release { restriction } => {
            return restricted(fold, (by, restriction), false);
        }
        RelocationCommand::Refer { on } if side == Side::Sender && is_asked_by(fold, on) => {
            let event = Event::TransferReferred { on };
            return transfer(fold, event, (other, NoticeKind::TransferReferred));
        }
        RelocationCommand::Redact if may_end(fold, by, side) => {
            // the own side too, whether an officer did it or a register told: who is told says nothing of why
            let notices = [other, by].map(|whom| (whom, NoticeKind::RelocationManualRoute));
            return Ok((Event::RelocationRedacted { by }, notices.to_vec()));
        }
        RelocationCommand::Refer { .. } | RelocationCommand::Redact => {
            return Err(Reason::StateNotAllowed);
        }
        RelocationCommand::Decide { granted, on } => {
            let event = Event::TransferDecided { granted, on };
            return transfer(fold, event, (other, NoticeKind::TransferDecided));
        }
        RelocationCommand::Supplement => (
            Step::Supplement,
            Event::RelocationSupplemented,
            NoticeKind::RelocationSupplemented,
        ),
        RelocationCommand::Withdraw { reason } => (
            withdrawal(reason),
            Event::RelocationWithdrawn { reason },
            NoticeKind::RelocationWithdrawn,
        ),
        RelocationCommand::Recall => (
            Step::Recall,
            Event::RelocationWithdrawn {
                reason: WithdrawalReason::WrongRecipient,
            },
            NoticeKind::RelocationRecalled,
        ),
        RelocationCommand::Acknowledge if fold.taken_in => return Err(Reason::StateNotAllowed),
        RelocationCommand::Acknowledge => (
            Step::Acknowledge,
            Event::RelocationAcknowledged,
            NoticeKind::RelocationAcknowledged,
        ),
        RelocationCommand::Reply { objection } => {
            let event = Event::RelocationReplied { by, objection };
            if objection {
                (Step::Object, event, NoticeKind::RelocationObjected)
            } else {
                (Step::Reply, event, NoticeKind::RelocationReplied)
            }
        }
    };
    let is_text = matches!(taken, Step::Supplement | Step::Reply | Step::Object);
    match step(fold.state, taken, side) {
        Some(_next) if is_text && fold.version.0 >= EVENTS_MAX => Err(Reason::TooManyTexts),
        Some(_next) => Ok((event, vec![(other, notice)])),
        None => Err(Reason::StateNotAllowed),
    }
}

/// Which step a withdrawal is.
fn withdrawal(reason: WithdrawalReason) -> Step {
    if reason.ends_reading() {
        Step::Revoke
    } else {
        Step::Withdraw
    }
}

/// Each party ends it once, whatever became of it.
fn may_end(fold: &RelocationFold, by: MunicipalityCode, side: Side) -> bool {
    !fold.redacted_by.contains(&by) && step(fold.state, Step::Redact, side).is_some()
}

/// A restriction, or its end: each side's own, in every state. Whom the sender told is told of it too (GDPR article 19);
/// a legal hold is nobody else's matter.
fn restricted(
    fold: &RelocationFold,
    (by, restriction): (MunicipalityCode, Restriction),
    is_to_be: bool,
) -> Result<Decision, Reason> {
    if fold.restrictions.contains(&(by, restriction)) == is_to_be {
        return Err(Reason::StateNotAllowed);
    }
    let (event, notice) = if is_to_be {
        let event = Event::RelocationRestricted { by, restriction };
        (event, NoticeKind::RelocationRestricted)
    } else {
        let event = Event::RelocationReleased { by, restriction };
        (event, NoticeKind::RelocationReleased)
    };
    let is_told = by == fold.sender && restriction == Restriction::Processing;
    let notices = is_told.then_some((fold.recipient, notice));
    Ok((event, notices.into_iter().collect()))
}

/// Nobody goes to the inspectorate before the other municipality was asked.
fn is_asked_by(fold: &RelocationFold, on: Date) -> bool {
    day_in_sweden(fold.recorded_at) <= on
}

/// A step of a transfer: only the sender refers it, when the receiver has answered and the two do not agree, or after a
/// month of silence (SoL 29:11); either party tells the decision.
fn transfer(
    fold: &RelocationFold,
    event: Event,
    notice: (MunicipalityCode, NoticeKind),
) -> Result<Decision, Reason> {
    let is_transfer = fold.kind == RelocationKind::Transfer2910;
    match fold.transfer.after(&event) {
        Some(_next) if is_transfer => Ok((event, vec![notice])),
        _ => Err(Reason::StateNotAllowed),
    }
}

/// What a reporter can do to its arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrivalCommand {
    /// Withdraw the report.
    Withdraw,
}

/// Decides a command about an arrival. Nobody is told: an open question is closed by the ledger, and what had
/// matched is opened again by it.
pub fn arrival(
    fold: &ArrivalFold,
    command: ArrivalCommand,
    by: MunicipalityCode,
) -> Result<Decision, Reason> {
    if by != fold.municipality {
        return Err(Reason::NotFound);
    }
    match (command, fold.state) {
        (ArrivalCommand::Withdraw, ArrivalState::Reported | ArrivalState::Matched { .. }) => {
            Ok((Event::ArrivalWithdrawn, Vec::new()))
        }
        (ArrivalCommand::Withdraw, ArrivalState::Withdrawn) => Err(Reason::StateNotAllowed),
    }
}

/// Who commands an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertCaller {
    /// A party.
    Party(MunicipalityCode),
    /// An operator, by id.
    Operator(String),
}

/// What can be done to an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertCommand {
    /// The asked municipality answers, once.
    Answer(AnswerCode),
    /// The asked municipality disputes, once.
    Dispute,
    /// The asked municipality ends it for whoever asked.
    Redact,
    /// An operator is on it.
    Acknowledge,
    /// An operator assigns it.
    Assign {
        /// Who takes over.
        assignee: String,
    },
    /// An operator comments.
    Comment {
        /// The comment.
        text: String,
    },
    /// An operator closes it.
    Close {
        /// Why.
        reason: CloseReason,
    },
}

/// Decides a command about an alert. A party answers, disputes and ends a question, once each; an operator does
/// the rest. `today` is the day by which an answer may be overdue.
pub fn alert(
    fold: &AlertFold,
    command: AlertCommand,
    caller: &AlertCaller,
    today: Date,
) -> Result<Decision, Reason> {
    match caller {
        AlertCaller::Party(code) => by_party(fold, &command, *code),
        AlertCaller::Operator(operator) => by_operator(fold, command, operator, today),
    }
}

fn by_party(
    fold: &AlertFold,
    command: &AlertCommand,
    code: MunicipalityCode,
) -> Result<Decision, Reason> {
    if code != fold.asked && code != fold.asking {
        return Err(Reason::NotFound);
    }
    let open = fold.state != AlertState::Closed
        && code == fold.asked
        && fold.kind == AlertKind::UnannouncedArrival;
    match command {
        AlertCommand::Answer(answer) if open && fold.answer.is_none() => Ok((
            Event::AlertAnswered { answer: *answer },
            vec![(fold.asking, NoticeKind::QuestionAnswered)],
        )),
        AlertCommand::Dispute if open && !fold.disputed => Ok((
            Event::AlertDisputed,
            vec![(fold.asking, NoticeKind::QuestionDisputed)],
        )),
        // whatever became of it: what was told is there until then
        AlertCommand::Redact if may_redact(fold, code) => Ok((
            Event::AlertRedacted,
            to_both(fold, NoticeKind::QuestionManualRoute),
        )),
        AlertCommand::Answer(_) | AlertCommand::Dispute | AlertCommand::Redact => {
            Err(Reason::StateNotAllowed)
        }
        AlertCommand::Acknowledge
        | AlertCommand::Assign { .. }
        | AlertCommand::Comment { .. }
        | AlertCommand::Close { .. } => Err(Reason::RoleNotAllowed),
    }
}

fn by_operator(
    fold: &AlertFold,
    command: AlertCommand,
    operator: &str,
    today: Date,
) -> Result<Decision, Reason> {
    if fold.state == AlertState::Closed {
        return Err(Reason::StateNotAllowed);
    }
    let operator = operator.to_owned();
    match command {
        AlertCommand::Acknowledge => Ok((Event::AlertAcknowledged { operator }, Vec::new())),
        AlertCommand::Assign { assignee } => {
            Ok((Event::AlertAssigned { operator, assignee }, Vec::new()))
        }
        AlertCommand::Comment { .. } if fold.version.0 >= EVENTS_MAX => Err(Reason::TooManyTexts),
        AlertCommand::Comment { text } => {
            Ok((Event::AlertCommented { operator, text }, Vec::new()))
        }
        AlertCommand::Close { reason } => {
            let is_early = reason == CloseReason::ConfirmedUnannounced && !may_confirm(fold, today);
            if is_early || !reason.is_operators(fold.kind) {
                return Err(Reason::StateNotAllowed);
            }
            Ok((
                Event::AlertClosed {
                    reason,
                    operator: Some(operator),
                },
                closed(fold),
            ))
        }
        AlertCommand::Answer(_) | AlertCommand::Dispute | AlertCommand::Redact => {
            Err(Reason::RoleNotAllowed)
        }
    }
}

/// Nobody is said to have kept silent who was not asked, not heard, or still has time to answer.
fn may_confirm(fold: &AlertFold, today: Date) -> bool {
    let admitted = fold.answer == Some(AnswerCode::ShouldHaveBeenAnnounced);
    fold.kind == AlertKind::UnannouncedArrival && (admitted || today > fold.answer_due_on)
}

fn may_redact(fold: &AlertFold, code: MunicipalityCode) -> bool {
    code == fold.asked && fold.kind == AlertKind::UnannouncedArrival && !fold.redacted
}

/// Both parties learn that a question was closed.
pub(crate) fn closed(fold: &AlertFold) -> Vec<(MunicipalityCode, NoticeKind)> {
    to_both(fold, NoticeKind::QuestionClosed)
}

fn to_both(fold: &AlertFold, kind: NoticeKind) -> Vec<(MunicipalityCode, NoticeKind)> {
    let mut notices = vec![(fold.asked, kind)];
    if fold.asking != fold.asked {
        notices.push((fold.asking, kind));
    }
    notices
}
