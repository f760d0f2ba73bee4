//! A relocation's entries as its present state.

use domain::code::RelocationKind;
use domain::entry::{Entry, Event};
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::relocation_state::{RelocationState, Side, Step, step};
use domain::subject::{Pseudonym, Version};
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::{follows, halt, one_subject};
use crate::Halt;

/// A relocation as it is. Texts and grounds are sealed in its entries; they have no part in any rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelocationFold {
    /// Sending municipality.
    pub sender: MunicipalityCode,
    /// Receiving municipality.
    pub recipient: MunicipalityCode,
    /// Kind.
    pub kind: RelocationKind,
    /// The person, in the sender's scope.
    pub pseudonym: Pseudonym,
    /// Planned month.
    pub planned: Month,
    /// When the receiver should answer.
    pub answer_due_on: Date,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// State.
    pub state: RelocationState,
    /// Version.
    pub version: Version,
    /// The arrival that was matched.
    pub arrival: Option<Uuid>,
}

impl RelocationFold {
    /// Folds a relocation's entries, in version order. None without entries.
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
        let Event::RelocationRegistered {
            sender,
            recipient,
            kind,
            pseudonym,
            planned,
            answer_due_on,
        } = &first.event
        else {
            return Err(halt(
                first,
                "a relocation does not begin with its registration",
            ));
        };
        Ok(Self {
            sender: *sender,
            recipient: *recipient,
            kind: *kind,
            pseudonym: *pseudonym,
            planned: *planned,
            answer_due_on: *answer_due_on,
            recorded_at: first.recorded_at,
            state: RelocationState::Registered,
            version: first.version,
            arrival: None,
        })
    }

    /// Takes the next entry in.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other kind is a contradiction here"
    )]
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Halt> {
        follows(entry, self.version)?;
        let (taken, side) = match &entry.event {
            Event::RelocationAcknowledged => (Step::Acknowledge, Side::Recipient),
            Event::RelocationReplied { by, objection } => {
                let taken = if *objection {
                    Step::Object
                } else {
                    Step::Reply
                };
                (
                    taken,
                    self.side(*by)
                        .ok_or_else(|| halt(entry, "a reply by a stranger"))?,
                )
            }
            Event::RelocationSupplemented => (Step::Supplement, Side::Sender),
            Event::RelocationWithdrawn { .. } => (Step::Withdraw, Side::Sender),
            Event::RelocationArrived { .. } => (Step::Arrive, Side::Ledger),
            Event::RelocationNotArrived => (Step::NotArrive, Side::Ledger),
            _ => return Err(halt(entry, "not an event of a relocation")),
        };
        self.state = step(self.state, taken, side)
            .ok_or_else(|| halt(entry, "a step that the state does not allow"))?;
        if let Event::RelocationArrived { arrival } = &entry.event {
            self.arrival = Some(*arrival);
        }
        self.version = entry.version;
        Ok(())
    }

    /// The side on which a municipality stands; none for a stranger.
    pub(crate) fn side(&self, code: MunicipalityCode) -> Option<Side> {
        if code == self.sender {
            Some(Side::Sender)
        } else if code == self.recipient {
            Some(Side::Recipient)
        } else {
            None
        }
    }
}
