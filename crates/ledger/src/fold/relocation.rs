//! A relocation's entries as its present state.

use std::collections::BTreeSet;

use domain::code::{ContactRank, RelocationKind, Restriction, WithdrawalReason};
use domain::entry::{Entry, Event};
use domain::function::FunctionId;
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
    /// Whether a person at the receiver took it in, or replied.
    pub taken_in: bool,
    /// The arrival that was matched.
    pub arrival: Option<Uuid>,
    /// The receiver's function that it is for; none: the municipality's first.
    pub function: Option<FunctionId>,
    /// The contact of the receiver that was reminded last, and when.
    pub reminded: Option<(ContactRank, Timestamp)>,
    /// Who restricted it, and how.
    pub restrictions: BTreeSet<(MunicipalityCode, Restriction)>,
    /// Which parties ended it for the other.
    pub redacted_by: BTreeSet<MunicipalityCode>,
    /// Where the transfer of the case stands; `Asked` for every other kind.
    pub transfer: Transfer,
}

/// Where the transfer of a case stands (överflyttning av ärende, SoL 29:10 and 29:11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// Asked in writing; the receiver answers at once.
    Asked,
    /// The receiver answered in writing. Whether the two agree is theirs to say: no rule reads what was answered.
    Answered,
    /// A month of silence: the sender may ask the inspectorate.
    Silent,
    /// The inspectorate was asked; it decides within three months.
    Referred {
        /// When the application came in.
        on: Date,
    },
    /// The three months are over.
    Overdue {
        /// When the application came in.
        on: Date,
    },
    /// The inspectorate decided.
    Decided {
        /// Whether the case is transferred.
        granted: bool,
        /// When.
        on: Date,
    },
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
            function,
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
            function: function.clone(),
            recorded_at: first.recorded_at,
            state: RelocationState::Registered,
            version: first.version,
            taken_in: false,
            arrival: None,
            reminded: None,
            restrictions: BTreeSet::new(),
            redacted_by: BTreeSet::new(),
            transfer: Transfer::Asked,
        })
    }

    /// Takes the next entry in.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other kind is a contradiction here"
    )]
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Halt> {
        follows(entry, self.version)?;
        if self.apply_beside(entry)? {
            self.version = entry.version;
            return Ok(());
        }
        let (taken, side) = match &entry.event {
            Event::RelocationAcknowledged if self.taken_in => {
                return Err(halt(entry, "taken in twice"));
            }
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
            Event::RelocationWithdrawn {
                reason: WithdrawalReason::WrongRecipient,
            } => (Step::Recall, Side::Sender),
            Event::RelocationWithdrawn { reason } if reason.ends_reading() => {
                (Step::Revoke, Side::Sender)
            }
            Event::RelocationWithdrawn { .. } => (Step::Withdraw, Side::Sender),
            Event::RelocationRedacted { by } => {
                let side = self
                    .side(*by)
                    .filter(|_| self.redacted_by.insert(*by))
                    .ok_or_else(|| halt(entry, "ended by a stranger, or twice"))?;
                (Step::Redact, side)
            }
            Event::RelocationArrived { .. } => (Step::Arrive, Side::Ledger),
            Event::RelocationNotArrived => (Step::NotArrive, Side::Ledger),
            Event::RelocationReopened => (Step::Reopen, Side::Ledger),
            _ => return Err(halt(entry, "not an event of a relocation")),
        };
        self.state = step(self.state, taken, side)
            .ok_or_else(|| halt(entry, "a step that the state does not allow"))?;
        self.arrival = match &entry.event {
            Event::RelocationArrived { arrival } => Some(*arrival),
            Event::RelocationReopened => None,
            _ => self.arrival,
        };
        if side == Side::Recipient {
            self.take_in(taken);
        }
        // a report by the receiver's own had matched it
        self.taken_in |= taken == Step::Reopen;
        self.version = entry.version;
        Ok(())
    }

    /// What a step by the receiver tells beside the state: that a person there has it, and the answer to a transfer.
    fn take_in(&mut self, taken: Step) {
        let is_answer = matches!(taken, Step::Reply | Step::Object);
        self.taken_in |= is_answer || taken == Step::Acknowledge;
        let is_transfer = self.kind == RelocationKind::Transfer2910;
        if is_answer && is_transfer && self.transfer == Transfer::Asked {
            self.transfer = Transfer::Answered;
        }
    }

    /// Takes in what does not change the state; false when it is something else.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other kind changes the state or is a contradiction"
    )]
    fn apply_beside(&mut self, entry: &Entry) -> Result<bool, Halt> {
        let party = |by: &MunicipalityCode| {
            self.side(*by)
                .map(|_side| *by)
                .ok_or_else(|| halt(entry, "a restriction by a stranger"))
        };
        match &entry.event {
            Event::RelocationReminded { contact } => {
                let before = self.reminded.map(|(contact, _)| contact);
                if self.state != RelocationState::Registered || before >= Some(*contact) {
                    return Err(halt(entry, "a reminder that was not due"));
                }
                self.reminded = Some((*contact, entry.recorded_at));
            }
            Event::RelocationRestricted { by, restriction } => {
                if !self.restrictions.insert((party(by)?, *restriction)) {
                    return Err(halt(entry, "a restriction twice"));
                }
            }
            Event::RelocationReleased { by, restriction } => {
                if !self.restrictions.remove(&(party(by)?, *restriction)) {
                    return Err(halt(entry, "a release without a restriction"));
                }
            }
            event => {
                let Some(transfer) = self.transfer.after(event) else {
                    return Ok(false);
                };
                if self.kind != RelocationKind::Transfer2910 {
                    return Err(halt(entry, "a step of a transfer that is none"));
                }
                self.transfer = transfer;
            }
        }
        Ok(true)
    }

    /// Whether a municipality restricted its processing: it opens the body for the exceptions of GDPR article 18.2 alone.
    pub fn is_restricted_by(&self, code: MunicipalityCode) -> bool {
        self.restrictions.contains(&(code, Restriction::Processing))
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

impl Transfer {
    /// Where it stands after an event of a transfer; none when that step cannot be taken.
    pub(crate) fn after(self, event: &Event) -> Option<Self> {
        match (self, event) {
            // nothing makes an answer silent now; records are older than that answers are kept
            (Self::Asked | Self::Answered, Event::TransferSilent) => Some(Self::Silent),
            (Self::Answered | Self::Silent, Event::TransferReferred { on }) => {
                Some(Self::Referred { on: *on })
            }
            (Self::Referred { on }, Event::TransferDecisionOverdue) => Some(Self::Overdue { on }),
            (
                Self::Referred { on: asked } | Self::Overdue { on: asked },
                Event::TransferDecided { granted, on },
            ) if asked <= *on => Some(Self::Decided {
                granted: *granted,
                on: *on,
            }),
            _ => None,
        }
    }
}
