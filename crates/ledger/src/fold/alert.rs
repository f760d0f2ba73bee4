//! An alert's entries as its present state.

use domain::code::{AlertKind, AnswerCode, CloseReason};
use domain::entry::{Entry, Event};
use domain::municipality::MunicipalityCode;
use domain::subject::{Position, Version};
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::{follows, halt, one_subject};
use crate::Halt;

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertState {
    /// Nobody works on it yet.
    Open,
    /// An operator is on it.
    Acknowledged,
    /// The asked municipality answered.
    Answered,
    /// Closed.
    Closed,
}

/// An alert as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertFold {
    /// Kind.
    pub kind: AlertKind,
    /// The arrival it is about.
    pub arrival: Option<Uuid>,
    /// Who asks.
    pub asking: MunicipalityCode,
    /// Who is asked.
    pub asked: MunicipalityCode,
    /// When an answer is wished.
    pub answer_due_on: Date,
    /// Which definition it follows.
    pub definition: u32,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// State.
    pub state: AlertState,
    /// Whether it is disputed: shown wherever it is shown.
    pub disputed: bool,
    /// Whether the asked municipality ended it: whoever asked may read what it told no more.
    pub redacted: bool,
    /// The answer's code.
    pub answer: Option<AnswerCode>,
    /// Why it was closed.
    pub close_reason: Option<CloseReason>,
    /// The operator who works on it.
    pub assignee: Option<String>,
    /// When, who, what.
    pub comments: Vec<(Timestamp, String, String)>,
    /// Version.
    pub version: Version,
    /// Position of its newest entry.
    pub position: Position,
}

impl AlertFold {
    /// Folds an alert's entries, in version order. None without entries.
    pub fn fold(entries: &[Entry]) -> Result<Option<Self>, Halt> {
        let Some((first, rest)) = one_subject(entries)? else {
            return Ok(None);
        };
        let mut fold = Self::begin(first)?;
        for entry in rest {
            fold.apply(entry)?;
        }
        Ok(Some(fold))
    }

    /// What the first entry makes.
    pub(crate) fn begin(first: &Entry) -> Result<Self, Halt> {
        follows(first, Version(0))?;
        let Event::AlertRaised {
            kind,
            key: _,
            arrival,
            asking,
            asked,
            answer_due_on,
            definition,
        } = &first.event
        else {
            return Err(halt(first, "an alert does not begin with being raised"));
        };
        Ok(Self {
            kind: *kind,
            arrival: *arrival,
            asking: *asking,
            asked: *asked,
            answer_due_on: *answer_due_on,
            definition: *definition,
            raised_at: first.recorded_at,
            state: AlertState::Open,
            disputed: false,
            redacted: false,
            answer: None,
            close_reason: None,
            assignee: None,
            comments: Vec::new(),
            version: first.version,
            position: first.position,
        })
    }

    /// Takes the next entry in.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other kind is a contradiction here"
    )]
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Halt> {
        follows(entry, self.version)?;
        // what was told is ended whatever became of the question
        if self.state == AlertState::Closed && entry.event != Event::AlertRedacted {
            return Err(halt(entry, "an event after the alert was closed"));
        }
        match &entry.event {
            Event::AlertRedacted
                if !self.redacted && self.kind == AlertKind::UnannouncedArrival =>
            {
                self.redacted = true;
                if self.state != AlertState::Closed {
                    self.close_reason = Some(CloseReason::ManualRoute);
                    self.state = AlertState::Closed;
                }
            }
            Event::AlertAnswered { answer } if self.answer.is_none() => {
                self.answer = Some(*answer);
                self.state = AlertState::Answered;
            }
            Event::AlertDisputed if !self.disputed => self.disputed = true,
            Event::AlertAcknowledged { operator } => {
                self.assignee = Some(operator.clone());
                if self.state == AlertState::Open {
                    self.state = AlertState::Acknowledged;
                }
            }
            Event::AlertAssigned { assignee, .. } => self.assignee = Some(assignee.clone()),
            Event::AlertCommented { operator, text } => {
                self.comments
                    .push((entry.recorded_at, operator.clone(), text.clone()));
            }
            Event::AlertClosed { reason, .. } => {
                self.close_reason = Some(*reason);
                self.state = AlertState::Closed;
            }
            _ => return Err(halt(entry, "not an event that the alert's state allows")),
        }
        self.version = entry.version;
        self.position = entry.position;
        Ok(())
    }
}
