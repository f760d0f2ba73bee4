//! Folds as the wire shows them: envelopes. Content is added by `body`, for those who may read it.

use api::time::to_wire;
use api::v1;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::code::{ContactRank, RelocationKind};
use domain::function::{Function, FunctionContact};
use domain::municipality::MunicipalityCode;
use domain::reason::Notable;
use domain::subject::{NoticeNumber, Subject, Version};
use fanout::Notice;
use jiff::civil::Date;
use ledger::{
    AlertFold, AlertState, ArrivalFold, ArrivalState, Duty, MunicipalityFold, RelocationFold,
    Transfer,
};

use crate::permit::Viewer;

pub(crate) fn etag(version: Version) -> String {
    format!("v{}", version.0)
}

/// The envelope of a relocation. Which arrival it was is the receiver's matter.
pub(crate) fn relocation(
    subject: Subject,
    fold: &RelocationFold,
    viewer: MunicipalityCode,
) -> v1::Relocation {
    v1::Relocation {
        name: subject.to_string(),
        sending_municipality: fold.sender.resource_name(),
        receiving_municipality: fold.recipient.resource_name(),
        kind: fold.kind.number(),
        state: fold.state.number(),
        planned_month: fold.planned.to_string(),
        recorded_at: Some(to_wire(fold.recorded_at)),
        answer_due_on: fold.answer_due_on.to_string(),
        etag: etag(fold.version),
        arrival: fold
            .arrival
            .filter(|_| viewer == fold.recipient)
            .map(|id| Subject::arrival(id).to_string())
            .unwrap_or_default(),
        duties: ledger::duties(fold).map(duty).collect(),
        transfer: (fold.kind == RelocationKind::Transfer2910).then(|| transfer(fold.transfer)),
        restrictions: fold
            .restrictions
            .iter()
            .filter(|(by, _)| *by == viewer)
            .map(|(_, restriction)| restriction.number())
            .collect(),
        receiving_function: receiving_function(fold),
        ..v1::Relocation::default()
    }
}

/// The resource name of the function that a relocation is for; empty for none in particular.
pub(crate) fn receiving_function(fold: &RelocationFold) -> String {
    let function = fold.function.as_ref();
    function
        .map(|id| id.resource_name(fold.recipient))
        .unwrap_or_default()
}

/// A function of a municipality, as everybody sees it.
pub(crate) fn function(fold: &MunicipalityFold, known: &Function) -> v1::Function {
    v1::Function {
        name: known.id.resource_name(fold.code),
        display_name: known.name.clone(),
        first_contact: Some(function_contact(&known.first)),
        second_contact: known.second.as_ref().map(function_contact),
        sdk_address: known.sdk_address.clone(),
        handles_secrecy_marked: known.handles_secrecy_marked,
        kinds: known.kinds.iter().map(|kind| kind.number()).collect(),
        closed: known.is_closed,
        etag: etag(fold.version),
    }
}

/// The functions of a municipality that are not closed.
pub(crate) fn open_functions(fold: &MunicipalityFold) -> impl Iterator<Item = v1::Function> {
    fold.open_functions().map(|known| function(fold, known))
}

/// How a function is reached.
pub(crate) fn function_contact(contact: &FunctionContact) -> v1::FunctionContact {
    v1::FunctionContact {
        phone: contact.phone.clone(),
        email: contact.email.clone(),
    }
}

fn duty((duty, due_on): (Duty, Date)) -> v1::Duty {
    let kind = match duty {
        Duty::TakeIn(ContactRank::First) => v1::DutyKind::TakeIn,
        Duty::TakeIn(ContactRank::Second) => v1::DutyKind::TakeInAfterReminder,
        Duty::Answer => v1::DutyKind::Answer,
        Duty::AnswerTransfer => v1::DutyKind::AnswerTransfer,
        Duty::Decide => v1::DutyKind::DecideTransfer,
    };
    v1::Duty {
        kind: kind.into(),
        due_on: due_on.to_string(),
        rule: duty.rule().to_owned(),
    }
}

fn transfer(transfer: Transfer) -> v1::Transfer {
    let (state, referred_on, decided) = match transfer {
        Transfer::Asked => (v1::TransferState::Asked, None, None),
        Transfer::Answered => (v1::TransferState::Answered, None, None),
        Transfer::Silent => (v1::TransferState::Silent, None, None),
        Transfer::Referred { on } => (v1::TransferState::Referred, Some(on), None),
        Transfer::Overdue { on } => (v1::TransferState::Overdue, Some(on), None),
        Transfer::Decided { granted, on } => {
            (v1::TransferState::Decided, None, Some((granted, on)))
        }
    };
    v1::Transfer {
        state: state.into(),
        referred_on: referred_on.map(|on| on.to_string()).unwrap_or_default(),
        granted: decided.is_some_and(|(granted, _)| granted),
        decided_on: decided.map(|(_, on)| on.to_string()).unwrap_or_default(),
    }
}

/// What deserves a look, in both languages.
pub(crate) fn warnings(notable: &[Notable]) -> Vec<v1::Warning> {
    let warning = |notable: &Notable| v1::Warning {
        reason: notable.code().to_owned(),
        message: notable.message().to_owned(),
        message_sv: notable.message_sv().to_owned(),
    };
    notable.iter().map(warning).collect()
}

/// The number of an arrival's state on the wire. Asked is what the read tables know: an alert about it.
pub(crate) fn arrival_state(fold: &ArrivalFold, asked: bool) -> v1::ArrivalState {
    match fold.state {
        ArrivalState::Matched { .. } => v1::ArrivalState::Matched,
        ArrivalState::Withdrawn => v1::ArrivalState::Withdrawn,
        ArrivalState::Reported if asked => v1::ArrivalState::Asked,
        ArrivalState::Reported => v1::ArrivalState::Reported,
    }
}

/// The envelope of an arrival, for its reporter.
pub(crate) fn arrival(
    subject: Subject,
    fold: &ArrivalFold,
    asked: bool,
    grace_until: String,
) -> v1::Arrival {
    let relocation = match fold.state {
        ArrivalState::Matched { relocation } => Subject::relocation(relocation).to_string(),
        ArrivalState::Reported | ArrivalState::Withdrawn => String::new(),
    };
    v1::Arrival {
        name: subject.to_string(),
        municipality: fold.municipality.resource_name(),
        previous_municipality: fold.previous.resource_name(),
        state: arrival_state(fold, asked).into(),
        arrived_month: fold.arrived.to_string(),
        recorded_at: Some(to_wire(fold.recorded_at)),
        grace_until,
        relocation,
        etag: etag(fold.version),
        content: None,
        exempt: fold.is_exempt,
    }
}

/// The number of an alert's state on the wire.
pub(crate) fn alert_state(state: AlertState) -> v1::AlertState {
    match state {
        AlertState::Open => v1::AlertState::Open,
        AlertState::Acknowledged => v1::AlertState::Acknowledged,
        AlertState::Answered => v1::AlertState::Answered,
        AlertState::Closed => v1::AlertState::Closed,
    }
}

/// The envelope of an alert. Assignee and comments are the operators' own.
pub(crate) fn alert(subject: Subject, fold: &AlertFold, viewer: Viewer) -> v1::Alert {
    let operator = viewer.party().is_none();
    v1::Alert {
        name: subject.to_string(),
        kind: fold.kind.number(),
        state: alert_state(fold.state).into(),
        asking_municipality: fold.asking.resource_name(),
        asked_municipality: fold.asked.resource_name(),
        raised_at: Some(to_wire(fold.raised_at)),
        answer_due_on: fold.answer_due_on.to_string(),
        disputed: fold.disputed,
        answer: fold.answer.map_or(0, domain::code::AnswerCode::number),
        close_reason: fold
            .close_reason
            .map_or(0, domain::code::CloseReason::number),
        assignee: fold
            .assignee
            .clone()
            .filter(|_| operator)
            .unwrap_or_default(),
        comments: if operator { comments(fold) } else { Vec::new() },
        definition_version: i32::try_from(fold.definition).unwrap_or(i32::MAX),
        etag: etag(fold.version),
        position: i64::try_from(fold.position.0).unwrap_or(i64::MAX),
        ..v1::Alert::default()
    }
}

fn comments(fold: &AlertFold) -> Vec<v1::AlertComment> {
    fold.comments
        .iter()
        .map(|(recorded_at, officer_id, text)| v1::AlertComment {
            recorded_at: Some(to_wire(*recorded_at)),
            officer_id: officer_id.clone(),
            text: text.clone(),
        })
        .collect()
}

/// A notice as it stands in the record.
pub(crate) fn notice(notice: &Notice) -> v1::Notice {
    v1::Notice {
        recipient: notice.recipient.resource_name(),
        number: i64::try_from(notice.number.0).unwrap_or(i64::MAX),
        kind: notice.kind.number(),
        resource: notice.subject.to_string(),
        position: i64::try_from(notice.position.0).unwrap_or(i64::MAX),
        recorded_at: Some(to_wire(notice.recorded_at)),
        content_hash: notice.content_hash.to_vec(),
        chain: notice.chain.to_vec(),
        resume_token: resume_token(notice.recipient, notice.number),
        ..v1::Notice::default()
    }
}

/// A resume token: opaque, bound to the inbox, valid as long as the notice.
pub(crate) fn resume_token(recipient: MunicipalityCode, number: NoticeNumber) -> String {
    URL_SAFE_NO_PAD.encode(format!("n1:{recipient}:{}", number.0))
}

/// Reads a resume token of this inbox; empty is the beginning.
pub(crate) fn read_resume_token(recipient: MunicipalityCode, token: &str) -> Option<NoticeNumber> {
    if token.is_empty() {
        return Some(NoticeNumber(0));
    }
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let number = text.strip_prefix(&format!("n1:{recipient}:"))?;
    number.parse().ok().map(NoticeNumber)
}
