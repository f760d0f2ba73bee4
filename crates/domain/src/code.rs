//! Closed lists of codes. Their numbers are those of the wire and of the journal, for ever.

/// The kinds of relocation (slag); each has its own law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RelocationKind {
    /// Active involvement (aktiv medverkan).
    ActiveInvolvement,
    /// A wished move with help (stöd vid frivillig flytt).
    SupportedVoluntaryMove,
    /// Placed by decision, SoL 29:2 (placering).
    Placement,
    /// Application before moving, SoL 29:7.
    Application297,
    /// Transfer of a case, SoL 29:10.
    Transfer2910,
    /// Care in a family home elsewhere, SoL 22:6.
    PrivateHomeCare226,
}

impl RelocationKind {
    /// All, in the order of their numbers from 1.
    pub const ALL: [Self; 6] = [
        Self::ActiveInvolvement,
        Self::SupportedVoluntaryMove,
        Self::Placement,
        Self::Application297,
        Self::Transfer2910,
        Self::PrivateHomeCare226,
    ];

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::ActiveInvolvement => 1,
            Self::SupportedVoluntaryMove => 2,
            Self::Placement => 3,
            Self::Application297 => 4,
            Self::Transfer2910 => 5,
            Self::PrivateHomeCare226 => 6,
        }
    }

    /// The code with a number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// New relocation.
    RelocationRegistered,
    /// Supplement.
    RelocationSupplemented,
    /// Withdrawn.
    RelocationWithdrawn,
    /// Taken in.
    RelocationAcknowledged,
    /// Reply.
    RelocationReplied,
    /// Objection.
    RelocationObjected,
    /// Arrived.
    RelocationArrived,
    /// Not arrived.
    RelocationNotArrived,
    /// A question to the recipient.
    QuestionAsked,
    /// An answer.
    QuestionAnswered,
    /// A dispute.
    QuestionDisputed,
    /// Closed.
    QuestionClosed,
    /// Arrival matched.
    ArrivalMatched,
    /// Chains differ.
    ChainDiffers,
    /// Ten working days of silence.
    RelocationReminded,
    /// Ten more: for the second contact.
    RelocationEscalated,
    /// Open again.
    RelocationReopened,
    /// A month of silence about a transfer.
    TransferSilent,
    /// The inspectorate was asked.
    TransferReferred,
    /// The inspectorate decided.
    TransferDecided,
    /// The inspectorate's time is over.
    TransferDecisionOverdue,
    /// A test.
    Drill,
    /// Called back: it went to the wrong municipality.
    RelocationRecalled,
    /// The sender restricted its processing.
    RelocationRestricted,
    /// The sender lifted that.
    RelocationReleased,
    /// It goes on by the manual route: call. Says nothing more on purpose.
    RelocationManualRoute,
    /// Likewise of a question.
    QuestionManualRoute,
}

impl NoticeKind {
    /// All, in the order of their numbers from 1.
    pub const ALL: [Self; 27] = [
        Self::RelocationRegistered,
        Self::RelocationSupplemented,
        Self::RelocationWithdrawn,
        Self::RelocationAcknowledged,
        Self::RelocationReplied,
        Self::RelocationObjected,
        Self::RelocationArrived,
        Self::RelocationNotArrived,
        Self::QuestionAsked,
        Self::QuestionAnswered,
        Self::QuestionDisputed,
        Self::QuestionClosed,
        Self::ArrivalMatched,
        Self::ChainDiffers,
        Self::RelocationReminded,
        Self::RelocationEscalated,
        Self::RelocationReopened,
        Self::TransferSilent,
        Self::TransferReferred,
        Self::TransferDecided,
        Self::TransferDecisionOverdue,
        Self::Drill,
        Self::RelocationRecalled,
        Self::RelocationRestricted,
        Self::RelocationReleased,
        Self::RelocationManualRoute,
        Self::QuestionManualRoute,
    ];

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::RelocationRegistered => 1,
            Self::RelocationSupplemented => 2,
            Self::RelocationWithdrawn => 3,
            Self::RelocationAcknowledged => 4,
            Self::RelocationReplied => 5,
            Self::RelocationObjected => 6,
            Self::RelocationArrived => 7,
            Self::RelocationNotArrived => 8,
            Self::QuestionAsked => 9,
            Self::QuestionAnswered => 10,
            Self::QuestionDisputed => 11,
            Self::QuestionClosed => 12,
            Self::ArrivalMatched => 13,
            Self::ChainDiffers => 14,
            Self::RelocationReminded => 15,
            Self::RelocationEscalated => 16,
            Self::RelocationReopened => 17,
            Self::TransferSilent => 18,
            Self::TransferReferred => 19,
            Self::TransferDecided => 20,
            Self::TransferDecisionOverdue => 21,
            Self::Drill => 22,
            Self::RelocationRecalled => 23,
            Self::RelocationRestricted => 24,
            Self::RelocationReleased => 25,
            Self::RelocationManualRoute => 26,
            Self::QuestionManualRoute => 27,
        }
    }

    /// The code with a number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }
}

/// Why an announcement is withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WithdrawalReason {
    /// Consent revoked.
    ConsentRevoked,
    /// Move cancelled.
    MoveCancelled,
    /// Registered by mistake.
    Mistake,
    /// It goes on by the manual route; says nothing more on purpose.
    ManualRoute,
    /// Sent to the wrong municipality.
    WrongRecipient,
}

impl WithdrawalReason {
    /// All, in the order of their numbers from 1.
    pub const ALL: [Self; 5] = [
        Self::ConsentRevoked,
        Self::MoveCancelled,
        Self::Mistake,
        Self::ManualRoute,
        Self::WrongRecipient,
    ];

    /// Whether a sender says so itself; the others follow from something else.
    pub fn is_callers(self) -> bool {
        matches!(
            self,
            Self::ConsentRevoked | Self::MoveCancelled | Self::Mistake
        )
    }

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::ConsentRevoked => 1,
            Self::MoveCancelled => 2,
            Self::Mistake => 3,
            Self::ManualRoute => 4,
            Self::WrongRecipient => 5,
        }
    }

    /// The code with a number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// Whether the receiver may no longer read what it was told: it should not have been, or may not be any more.
    pub fn ends_reading(self) -> bool {
        match self {
            Self::ConsentRevoked | Self::Mistake | Self::ManualRoute | Self::WrongRecipient => true,
            Self::MoveCancelled => false,
        }
    }
}

/// Kinds of alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertKind {
    /// An arrival that no announcement covers.
    UnannouncedArrival,
    /// A recipient's chain differs from ours.
    ChainDiffers,
    /// Nobody took a test notice in.
    InboxSilent,
}

impl AlertKind {
    /// All, in the order of their numbers from 1.
    pub const ALL: [Self; 3] = [
        Self::UnannouncedArrival,
        Self::ChainDiffers,
        Self::InboxSilent,
    ];

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::UnannouncedArrival => 1,
            Self::ChainDiffers => 2,
            Self::InboxSilent => 3,
        }
    }

    /// The code with a number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }
}

/// What an asked municipality answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AnswerCode {
    /// Own clear wish.
    OwnClearWish,
    /// Placement.
    PlacementDecision,
    /// Another actor.
    OtherActor,
    /// Not known here.
    NotKnownHere,
    /// Should have been announced.
    ShouldHaveBeenAnnounced,
    /// Something else.
    Other,
}

impl AnswerCode {
    /// All, in the order of their numbers from 1.
    pub const ALL: [Self; 6] = [
        Self::OwnClearWish,
        Self::PlacementDecision,
        Self::OtherActor,
        Self::NotKnownHere,
        Self::ShouldHaveBeenAnnounced,
        Self::Other,
    ];

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::OwnClearWish => 1,
            Self::PlacementDecision => 2,
            Self::OtherActor => 3,
            Self::NotKnownHere => 4,
            Self::ShouldHaveBeenAnnounced => 5,
            Self::Other => 6,
        }
    }

    /// The code with a number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }
}

/// Why an alert was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseReason {
    /// Announced late.
    AnnouncedLate,
    /// Own clear wish.
    OwnClearWish,
    /// Placement.
    PlacementDecision,
    /// Another actor.
    OtherActor,
    /// The report was withdrawn.
    ArrivalWithdrawn,
    /// Wrong person.
    WrongPerson,
    /// Confirmed as unannounced.
    ConfirmedUnannounced,
    /// Not confirmed.
    NotConfirmed,
    /// A technical cause was mended.
    Technical,
    /// Nobody could answer it in time.
    Expired,
    /// It goes on by the manual route; says nothing more on purpose.
    ManualRoute,
}

impl CloseReason {
    /// All, in the order of their numbers from 1.
    pub const ALL: [Self; 11] = [
        Self::AnnouncedLate,
        Self::OwnClearWish,
        Self::PlacementDecision,
        Self::OtherActor,
        Self::ArrivalWithdrawn,
        Self::WrongPerson,
        Self::ConfirmedUnannounced,
        Self::NotConfirmed,
        Self::Technical,
        Self::Expired,
        Self::ManualRoute,
    ];

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::AnnouncedLate => 1,
            Self::OwnClearWish => 2,
            Self::PlacementDecision => 3,
            Self::OtherActor => 4,
            Self::ArrivalWithdrawn => 5,
            Self::WrongPerson => 6,
            Self::ConfirmedUnannounced => 7,
            Self::NotConfirmed => 8,
            Self::Technical => 9,
            Self::Expired => 10,
            Self::ManualRoute => 11,
        }
    }

    /// Whether an operator may close an alert of a kind for this reason. The ledger and the asked municipality have one of
    /// their own each, and a chain
    /// that differs or a silent inbox is a technical matter, never one about a person. The published table is in
    /// docs/alerts.md.
    pub fn is_operators(self, kind: AlertKind) -> bool {
        match self {
            Self::Expired | Self::ManualRoute => false,
            Self::Technical => kind != AlertKind::UnannouncedArrival,
            Self::NotConfirmed => true,
            Self::AnnouncedLate
            | Self::OwnClearWish
            | Self::PlacementDecision
            | Self::OtherActor
            | Self::ArrivalWithdrawn
            | Self::WrongPerson
            | Self::ConfirmedUnannounced => kind == AlertKind::UnannouncedArrival,
        }
    }

    /// The code with a number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }
}

/// How a party keeps its hands off a relocation (begränsning).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Restriction {
    /// Processing is restricted (begränsad behandling), GDPR article 18: nobody opens the body.
    Processing,
    /// A legal hold (bevarande): nothing of it is purged.
    LegalHold,
}

impl Restriction {
    /// All, in the order of their numbers from 1.
    pub const ALL: [Self; 2] = [Self::Processing, Self::LegalHold];

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::Processing => 1,
            Self::LegalHold => 2,
        }
    }

    /// The code with a number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }
}

/// Which contact of a function is told (kontakt).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContactRank {
    /// The first.
    First,
    /// The second, when the first is silent.
    Second,
}

impl ContactRank {
    /// All, in the order of their numbers from 1.
    pub const ALL: [Self; 2] = [Self::First, Self::Second];

    /// Its number.
    pub fn number(self) -> i32 {
        match self {
            Self::First => 1,
            Self::Second => 2,
        }
    }

    /// The code with a number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }
}

#[cfg(test)]
mod tests;
