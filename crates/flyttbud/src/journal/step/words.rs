//! Events, states and findings in the glossary's words. No pseudonym and no sealed part is ever shown.

mod law;

use domain::code::{AlertKind, AnswerCode, CloseReason, NoticeKind, WithdrawalReason};
use domain::entry::Event;
use domain::relocation_state::RelocationState;
use domain::subject::{Subject, SubjectKind};
use ledger::{AlertState, ArrivalState, Finding, Machine};

use crate::definitions::kind_words;
use crate::verify::Language;

/// What happened.
pub(super) fn event(event: &Event) -> String {
    match event {
        Event::RelocationRegistered { .. } => registered(event),
        Event::RelocationAcknowledged => "acknowledged by the receiver".to_owned(),
        Event::RelocationReplied { by, objection } => {
            let what = if *objection { "objection" } else { "reply" };
            format!("{what} by {by}")
        }
        Event::RelocationSupplemented => "supplemented by the sender".to_owned(),
        Event::RelocationWithdrawn { reason } => {
            format!("withdrawn by the sender, {}", withdrawal(*reason))
        }
        Event::RelocationArrived { arrival } => {
            format!("arrived: {}", Subject::arrival(*arrival))
        }
        Event::RelocationNotArrived => "not arrived in time".to_owned(),
        Event::ArrivalReported {
            municipality,
            previous,
            arrived,
            is_exempt,
            pseudonyms: _,
        } => {
            let exempt = if *is_exempt {
                ", never asked about"
            } else {
                ""
            };
            format!("arrival in {municipality} reported, from {previous}, {arrived}{exempt}")
        }
        Event::ArrivalMatched { relocation } => {
            format!("matched with {}", Subject::relocation(*relocation))
        }
        Event::ArrivalWithdrawn => "report withdrawn".to_owned(),
        Event::AlertRaised { .. }
        | Event::AlertAnswered { .. }
        | Event::AlertDisputed
        | Event::AlertAcknowledged { .. }
        | Event::AlertAssigned { .. }
        | Event::AlertCommented { .. }
        | Event::AlertClosed { .. }
        | Event::AlertRedacted => alert(event),
        Event::RelocationReminded { .. }
        | Event::RelocationReopened
        | Event::RelocationRestricted { .. }
        | Event::RelocationReleased { .. }
        | Event::RelocationRedacted { .. }
        | Event::TransferSilent
        | Event::TransferReferred { .. }
        | Event::TransferDecided { .. }
        | Event::TransferDecisionOverdue
        | Event::IdentityReferred { .. }
        | Event::FunctionSet(_)
        | Event::VendorGranted(_)
        | Event::VendorWithdrawn { .. }
        | Event::DrillSent { .. }
        | Event::DrillAcknowledged { .. }
        | Event::DrillWritten { .. } => law::event(event),
        Event::NoticesConfirmed { .. }
        | Event::TimePassed { .. }
        | Event::DefinitionSet(_)
        | Event::RulesVersionSet { .. }
        | Event::ClockAdvanced { .. } => system(event),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "called for alerts only")]
fn alert(event: &Event) -> String {
    match event {
        Event::AlertRaised {
            kind: AlertKind::UnannouncedArrival,
            arrival,
            asking,
            asked,
            answer_due_on,
            definition,
            ..
        } => {
            let about = arrival.map(|arrival| Subject::arrival(arrival).to_string());
            let about = about.unwrap_or_default();
            format!(
                "alert raised by definition {definition}: {asking} asks {asked} about {about}, answer \
                 wished by {answer_due_on}"
            )
        }
        Event::AlertRaised { asked, .. } => format!("alert raised: the chain of {asked} differs"),
        Event::AlertAnswered { answer } => format!("answered: {}", self::answer(*answer)),
        Event::AlertDisputed => "disputed by the asked municipality".to_owned(),
        Event::AlertRedacted => "ended by the asked municipality for who asked".to_owned(),
        Event::AlertAcknowledged { operator } => format!("operator {operator} is on it"),
        Event::AlertAssigned { operator, assignee } => {
            format!("assigned to {assignee} by {operator}")
        }
        Event::AlertCommented { operator, .. } => format!("comment by {operator}"),
        Event::AlertClosed { reason, operator } => {
            let by = operator.as_deref().unwrap_or("the ledger");
            format!("closed by {by}: {}", closing(*reason))
        }
        _ => String::new(),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "called for the system's only"
)]
fn system(event: &Event) -> String {
    match event {
        Event::NoticesConfirmed {
            recipient,
            number,
            agrees,
        } => {
            let chains = if *agrees {
                "the chains agree"
            } else {
                "the chains differ"
            };
            format!(
                "{recipient} confirmed its notices up to {}, {chains}",
                number.0
            )
        }
        Event::TimePassed { now } => format!("time passed until {now}"),
        Event::DefinitionSet(definition) => format!(
            "definition {} in force: {} days of grace, {} months early, {} late, not arrived after {}, \
             {} days to answer, expiry after {}, drills {}",
            definition.version,
            definition.grace_days,
            definition.early_months,
            definition.late_months,
            definition.not_arrived_months,
            definition.answer_days,
            definition.expiry_days,
            if definition.drills { "on" } else { "off" }
        ),
        Event::RulesVersionSet { version } => format!("rules version {version} in force"),
        Event::ClockAdvanced { seconds } => format!("clock moved forward by {seconds} s"),
        _ => String::new(),
    }
}

fn registered(event: &Event) -> String {
    let Event::RelocationRegistered {
        sender,
        recipient,
        kind,
        planned,
        answer_due_on,
        function,
        pseudonym: _,
    } = event
    else {
        return String::new();
    };
    format!(
        "relocation registered, {sender} to {recipient}{}, {}, planned {planned}, answer wished by \
             {answer_due_on}",
        function
            .as_ref()
            .map(|function| format!(" ({function})"))
            .unwrap_or_default(),
        kind_words(*kind, Language::En)
    )
}

/// What an entry is about. The system has no id.
pub(super) fn subject(subject: Subject) -> String {
    match subject.kind {
        SubjectKind::System => subject.kind.collection().to_owned(),
        SubjectKind::Relocation
        | SubjectKind::Arrival
        | SubjectKind::Alert
        | SubjectKind::Municipality
        | SubjectKind::RegisterEvent => subject.to_string(),
    }
}

/// The state of a subject; none while there is none.
pub(super) fn state(machine: &Machine, subject: Subject) -> Option<String> {
    let id = subject.id;
    let state = match subject.kind {
        SubjectKind::System | SubjectKind::Municipality | SubjectKind::RegisterEvent => {
            return None;
        }
        SubjectKind::Relocation => match machine.relocation(id)?.state {
            RelocationState::Registered => "registered",
            RelocationState::Acknowledged => "acknowledged",
            RelocationState::Replied => "replied",
            RelocationState::Objected => "objected",
            RelocationState::Arrived => "arrived",
            RelocationState::NotArrived => "not arrived",
            RelocationState::Withdrawn => "withdrawn",
        },
        SubjectKind::Arrival => {
            let (fold, asked) = machine.arrival(id)?;
            match fold.state {
                ArrivalState::Reported if asked => "asked",
                ArrivalState::Reported => "reported",
                ArrivalState::Matched { .. } => "matched",
                ArrivalState::Withdrawn => "withdrawn",
            }
        }
        SubjectKind::Alert => {
            let fold = machine.alert(id)?;
            let state = match fold.state {
                AlertState::Open => "open",
                AlertState::Acknowledged => "acknowledged",
                AlertState::Answered => "answered",
                AlertState::Closed => "closed",
            };
            if fold.disputed {
                return Some(format!("{state}, disputed"));
            }
            state
        }
    };
    Some(state.to_owned())
}

/// What must be appended.
pub(super) fn finding(finding: &Finding) -> String {
    let drafts = finding.drafts.iter();
    let words: Vec<String> = drafts
        .map(|draft| format!("{}: {}", draft.subject, event(&draft.event)))
        .collect();
    words.join("; ")
}

pub(super) fn notice(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::RelocationRegistered => "relocation registered",
        NoticeKind::RelocationSupplemented => "relocation supplemented",
        NoticeKind::RelocationWithdrawn => "relocation withdrawn",
        NoticeKind::RelocationAcknowledged => "relocation acknowledged",
        NoticeKind::RelocationReplied => "reply",
        NoticeKind::RelocationObjected => "objection",
        NoticeKind::RelocationArrived => "relocation arrived",
        NoticeKind::RelocationNotArrived => "relocation not arrived",
        NoticeKind::QuestionAsked => "question asked",
        NoticeKind::QuestionAnswered => "question answered",
        NoticeKind::QuestionDisputed => "question disputed",
        NoticeKind::QuestionClosed => "question closed",
        NoticeKind::ArrivalMatched => "arrival matched",
        NoticeKind::ChainDiffers => "chain differs",
        NoticeKind::RelocationReminded => "reminder",
        NoticeKind::RelocationEscalated => "reminder to the second contact",
        NoticeKind::RelocationReopened => "relocation open again",
        NoticeKind::TransferSilent => "a month of silence",
        NoticeKind::TransferReferred => "IVO asked",
        NoticeKind::TransferDecided => "IVO decided",
        NoticeKind::TransferDecisionOverdue => "IVO's time over",
        NoticeKind::Drill => "drill",
        NoticeKind::RelocationRecalled => "relocation recalled",
        NoticeKind::RelocationManualRoute => "manual route",
        NoticeKind::QuestionManualRoute => "manual route of a question",
        NoticeKind::RelocationRestricted => "relocation restricted",
        NoticeKind::RelocationReleased => "relocation released",
    }
}

fn withdrawal(reason: WithdrawalReason) -> &'static str {
    match reason {
        WithdrawalReason::ConsentRevoked => "consent revoked",
        WithdrawalReason::MoveCancelled => "move cancelled",
        WithdrawalReason::Mistake => "a mistake",
        WithdrawalReason::ManualRoute => "manual route",
        WithdrawalReason::WrongRecipient => "wrong recipient",
    }
}

fn answer(answer: AnswerCode) -> &'static str {
    match answer {
        AnswerCode::OwnClearWish => "own clear wish",
        AnswerCode::PlacementDecision => "placement decision",
        AnswerCode::OtherActor => "another actor",
        AnswerCode::NotKnownHere => "not known here",
        AnswerCode::ShouldHaveBeenAnnounced => "should have been announced",
        AnswerCode::Other => "other",
    }
}

fn closing(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::AnnouncedLate => "announced late",
        CloseReason::OwnClearWish => "own clear wish",
        CloseReason::PlacementDecision => "placement decision",
        CloseReason::OtherActor => "another actor",
        CloseReason::ArrivalWithdrawn => "arrival withdrawn",
        CloseReason::WrongPerson => "wrong person",
        CloseReason::ConfirmedUnannounced => "confirmed as unannounced",
        CloseReason::NotConfirmed => "not confirmed",
        CloseReason::Technical => "a technical cause was mended",
        CloseReason::Expired => "expired",
        CloseReason::ManualRoute => "manual route",
    }
}
