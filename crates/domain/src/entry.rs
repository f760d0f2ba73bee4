//! What is recorded: events in their envelopes. Never a person: parts that speak of one are sealed bytes.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::code::{
    AlertKind, AnswerCode, CloseReason, ContactRank, NoticeKind, RelocationKind, Restriction,
    WithdrawalReason,
};
use crate::definition::Definition;
use crate::function::{Function, FunctionId, Grant};
use crate::month::Month;
use crate::municipality::MunicipalityCode;
use crate::subject::{NoticeNumber, Position, Pseudonym, Subject, Version};

/// What happened. A new kind must meet every match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A relocation was registered (registrerad).
    RelocationRegistered {
        /// Sending municipality.
        sender: MunicipalityCode,
        /// Receiving municipality.
        recipient: MunicipalityCode,
        /// Kind.
        kind: RelocationKind,
        /// The person, in the sender's scope.
        pseudonym: Pseudonym,
        /// Planned month.
        planned: Month,
        /// When the receiver should answer.
        answer_due_on: Date,
        /// The receiver's function that it is for; none: the municipality's first.
        function: Option<FunctionId>,
    },
    /// A person at the receiver took it in (kvitterad).
    RelocationAcknowledged,
    /// A party replied (svar, invändning).
    RelocationReplied {
        /// Who.
        by: MunicipalityCode,
        /// Whether it is an objection.
        objection: bool,
    },
    /// The sender supplemented (komplettering).
    RelocationSupplemented,
    /// The sender withdrew (återtagen).
    RelocationWithdrawn {
        /// Why.
        reason: WithdrawalReason,
    },
    /// An arrival was matched with it (ankommen).
    RelocationArrived {
        /// The arrival.
        arrival: Uuid,
    },
    /// Nobody arrived in time (ej ankommen).
    RelocationNotArrived,
    /// An arrival was reported (ankomst).
    ArrivalReported {
        /// Reporting municipality.
        municipality: MunicipalityCode,
        /// Where the person moved from.
        previous: MunicipalityCode,
        /// The person, in the previous municipality's scope, one per live epoch.
        pseudonyms: Vec<Pseudonym>,
        /// Month of arrival.
        arrived: Month,
        /// Whether nobody is ever asked about it.
        is_exempt: bool,
    },
    /// An announcement covers the arrival (matchad).
    ArrivalMatched {
        /// The relocation.
        relocation: Uuid,
    },
    /// The report was withdrawn (återtagen).
    ArrivalWithdrawn,
    /// An alert was raised (avvikelse att utreda).
    AlertRaised {
        /// Kind.
        kind: AlertKind,
        /// Unique: rule, subject, episode.
        key: String,
        /// The arrival it is about, if it is about one.
        arrival: Option<Uuid>,
        /// Who asks.
        asking: MunicipalityCode,
        /// Who is asked.
        asked: MunicipalityCode,
        /// When an answer is wished.
        answer_due_on: Date,
        /// Which definition it follows.
        definition: u32,
    },
    /// The asked municipality answered.
    AlertAnswered {
        /// The answer's code.
        answer: AnswerCode,
    },
    /// The asked municipality disputes.
    AlertDisputed,
    /// An operator is on it.
    AlertAcknowledged {
        /// Operator's id.
        operator: String,
    },
    /// An operator assigned it.
    AlertAssigned {
        /// Operator's id.
        operator: String,
        /// Who takes over.
        assignee: String,
    },
    /// An operator commented.
    AlertCommented {
        /// Operator's id.
        operator: String,
        /// The comment.
        text: String,
    },
    /// It was closed.
    AlertClosed {
        /// Why.
        reason: CloseReason,
        /// Operator's id; none when the ledger closed it.
        operator: Option<String>,
    },
    /// A recipient confirmed its notices.
    NoticesConfirmed {
        /// Who.
        recipient: MunicipalityCode,
        /// Highest contiguous number.
        number: NoticeNumber,
        /// Whether its chain agrees with ours.
        agrees: bool,
    },
    /// A deadline is due.
    TimePassed {
        /// The clock.
        now: Timestamp,
    },
    /// A definition came in force.
    DefinitionSet(Definition),
    /// The rules version switched.
    RulesVersionSet {
        /// The version.
        version: u32,
    },
    /// The clock was moved forward, outside production.
    ClockAdvanced {
        /// By so many seconds.
        seconds: i64,
    },
    /// The receiver was reminded of its silence (påmind).
    RelocationReminded {
        /// Which of its contacts.
        contact: ContactRank,
    },
    /// The registration of the move was reversed: the relocation is open again (återöppnad).
    RelocationReopened,
    /// A party restricted its processing, or holds it for a legal matter (begränsad).
    RelocationRestricted {
        /// Who.
        by: MunicipalityCode,
        /// How.
        restriction: Restriction,
    },
    /// A party lifted that.
    RelocationReleased {
        /// Who.
        by: MunicipalityCode,
        /// What.
        restriction: Restriction,
    },
    /// A party ended it for the other: what it told may be read there no more (avidentifierad). Never says why.
    RelocationRedacted {
        /// Who.
        by: MunicipalityCode,
    },
    /// A month of silence about a transfer: the way to the inspectorate is open (SoL 29:11).
    TransferSilent,
    /// The sender asked the inspectorate to decide (ansökan till IVO).
    TransferReferred {
        /// When its application came in.
        on: Date,
    },
    /// The inspectorate decided (beslut av IVO).
    TransferDecided {
        /// Whether the case is transferred.
        granted: bool,
        /// When.
        on: Date,
    },
    /// The inspectorate's three months are over.
    TransferDecisionOverdue,
    /// A person's identity number was replaced (hänvisning).
    IdentityReferred {
        /// Whose register told it.
        by: MunicipalityCode,
        /// In whose scope the pseudonyms are.
        scope: MunicipalityCode,
        /// Of the number that was replaced, one per live epoch.
        previous: Vec<Pseudonym>,
        /// Of the number that replaces it, one per live epoch.
        current: Vec<Pseudonym>,
    },
    /// A municipality described one of its functions.
    FunctionSet(Function),
    /// A municipality lets a vendor's system act for it.
    VendorGranted(Grant),
    /// A municipality withdrew that.
    VendorWithdrawn {
        /// The vendor's organisation number.
        organisation_number: String,
    },
    /// A municipality's drill is due (övning). Until a gateway wrote its word it is a plan; the notice of those that were
    /// sent before drills were sealed stands in this entry itself.
    DrillSent {
        /// Of which month.
        month: Month,
    },
    /// A person there took it in.
    DrillAcknowledged {
        /// Of which month.
        month: Month,
    },
    /// The asked municipality ended a question: what it told may be read by whoever asked no more (avidentifierad). Never
    /// says why.
    AlertRedacted,
    /// A gateway sealed a drill's word for the municipality, which is told (övning skriven).
    DrillWritten {
        /// Of which month.
        month: Month,
    },
}

impl Event {
    /// Whether it ends what a party may read of a relocation, a report or an answer, for good: then that party's keys are
    /// erased.
    pub fn ends_reading(&self) -> bool {
        match self {
            Self::RelocationWithdrawn { reason } => reason.ends_reading(),
            Self::RelocationRedacted { .. } | Self::ArrivalWithdrawn | Self::AlertRedacted => true,
            Self::RelocationRegistered { .. }
            | Self::RelocationAcknowledged
            | Self::RelocationReplied { .. }
            | Self::RelocationSupplemented
            | Self::RelocationArrived { .. }
            | Self::RelocationNotArrived
            | Self::ArrivalReported { .. }
            | Self::ArrivalMatched { .. }
            | Self::AlertRaised { .. }
            | Self::AlertAnswered { .. }
            | Self::AlertDisputed
            | Self::AlertAcknowledged { .. }
            | Self::AlertAssigned { .. }
            | Self::AlertCommented { .. }
            | Self::AlertClosed { .. }
            | Self::NoticesConfirmed { .. }
            | Self::TimePassed { .. }
            | Self::DefinitionSet(_)
            | Self::RulesVersionSet { .. }
            | Self::ClockAdvanced { .. }
            | Self::RelocationReminded { .. }
            | Self::RelocationReopened
            | Self::RelocationRestricted { .. }
            | Self::RelocationReleased { .. }
            | Self::TransferSilent
            | Self::TransferReferred { .. }
            | Self::TransferDecided { .. }
            | Self::TransferDecisionOverdue
            | Self::IdentityReferred { .. }
            | Self::FunctionSet(_)
            | Self::VendorGranted(_)
            | Self::VendorWithdrawn { .. }
            | Self::DrillSent { .. }
            | Self::DrillAcknowledged { .. }
            | Self::DrillWritten { .. } => false,
        }
    }

    /// Whether operators did it with an alert, short of closing it: its parties see nothing of that.
    pub fn is_operators_own(&self) -> bool {
        matches!(
            self,
            Self::AlertAcknowledged { .. }
                | Self::AlertAssigned { .. }
                | Self::AlertCommented { .. }
        )
    }
}

/// Who may read a sealed part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Both parties.
    Shared,
    /// The acting municipality alone: who did it, assessments behind the ground.
    Own,
}

/// A sealed part: ciphertext and what binds it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedPart {
    /// Who may read it.
    pub part: Part,
    /// Nonce, ciphertext, tag.
    pub ciphertext: Vec<u8>,
    /// SHA-256 commitment to the salted plaintext.
    pub commitment: [u8; 32],
}

impl std::fmt::Debug for SealedPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "SealedPart({:?}, {} bytes)",
            self.part,
            self.ciphertext.len()
        )
    }
}

/// A notice an entry gives rise to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeRef {
    /// For whom.
    pub recipient: MunicipalityCode,
    /// Its number in the recipient's inbox.
    pub number: NoticeNumber,
    /// What it is about.
    pub kind: NoticeKind,
    /// Chain value after it.
    pub chain: [u8; 32],
}

/// An entry to be: the journal adds position, time, notice numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What it is about.
    pub subject: Subject,
    /// The version it makes; refused when the subject is not at the one before.
    pub version: Version,
    /// What happened.
    pub event: Event,
    /// Whom to notify, of what.
    pub notices: Vec<(MunicipalityCode, NoticeKind)>,
    /// Sealed parts.
    pub sealed: Vec<SealedPart>,
}

/// An entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands.
    pub position: Position,
    /// When it was recorded; never earlier than the entry before.
    pub recorded_at: Timestamp,
    /// What it is about.
    pub subject: Subject,
    /// The version it made.
    pub version: Version,
    /// What happened.
    pub event: Event,
    /// The notices it gave rise to.
    pub notices: Vec<NoticeRef>,
    /// Sealed parts.
    pub sealed: Vec<SealedPart>,
}
