//! Events into their stored form. The one match is exhaustive: a new kind does not compile before it is stored.

use domain::code::{AlertKind, RelocationKind};
use domain::definition::Definition;
use domain::entry::Event;
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Pseudonym};
use jiff::civil::Date;
use uuid::Uuid;

use super::Wire;
use crate::generated::journal::v1 as wire;
use crate::record::pseudonym_to_wire;

pub(in crate::record) fn to_wire(event: &Event) -> Wire {
    match event {
        Event::RelocationRegistered {
            sender,
            recipient,
            kind,
            pseudonym,
            planned,
            answer_due_on,
        } => registered(
            *sender,
            *recipient,
            *kind,
            pseudonym,
            *planned,
            *answer_due_on,
        ),
        Event::RelocationAcknowledged => {
            Wire::RelocationAcknowledged(wire::RelocationAcknowledged {})
        }
        Event::RelocationReplied { by, objection } => replied(*by, *objection),
        Event::RelocationSupplemented => {
            Wire::RelocationSupplemented(wire::RelocationSupplemented {})
        }
        Event::RelocationWithdrawn { reason } => withdrawn(reason.number()),
        Event::RelocationArrived { arrival } => arrived_at(*arrival),
        Event::RelocationNotArrived => Wire::RelocationNotArrived(wire::RelocationNotArrived {}),
        Event::ArrivalReported {
            municipality,
            previous,
            pseudonyms,
            arrived,
        } => reported(*municipality, *previous, pseudonyms, *arrived),
        Event::ArrivalMatched { relocation } => matched(*relocation),
        Event::ArrivalWithdrawn => Wire::ArrivalWithdrawn(wire::ArrivalWithdrawn {}),
        Event::AlertRaised {
            kind,
            key,
            arrival,
            asking,
            asked,
            answer_due_on,
            definition,
        } => raised(
            *kind,
            key,
            *arrival,
            (*asking, *asked),
            *answer_due_on,
            *definition,
        ),
        Event::AlertAnswered { answer } => answered(answer.number()),
        Event::AlertDisputed => Wire::AlertDisputed(wire::AlertDisputed {}),
        Event::AlertAcknowledged { operator } => acknowledged(operator),
        Event::AlertAssigned { operator, assignee } => assigned(operator, assignee),
        Event::AlertCommented { operator, text } => commented(operator, text),
        Event::AlertClosed { reason, operator } => closed(reason.number(), operator.as_deref()),
        Event::NoticesConfirmed {
            recipient,
            number,
            agrees,
        } => confirmed(*recipient, *number, *agrees),
        Event::TimePassed { now } => passed(now.as_microsecond()),
        Event::DefinitionSet(definition) => defined(definition),
        Event::RulesVersionSet { version } => switched(*version),
        Event::ClockAdvanced { seconds } => advanced(*seconds),
    }
}

fn registered(
    sender: MunicipalityCode,
    recipient: MunicipalityCode,
    kind: RelocationKind,
    pseudonym: &Pseudonym,
    planned: Month,
    answer_due_on: Date,
) -> Wire {
    Wire::RelocationRegistered(wire::RelocationRegistered {
        sender: sender.to_string(),
        recipient: recipient.to_string(),
        kind: kind.number(),
        pseudonym: Some(pseudonym_to_wire(pseudonym)),
        planned_month: planned.to_string(),
        answer_due_on: answer_due_on.to_string(),
    })
}

fn replied(by: MunicipalityCode, objection: bool) -> Wire {
    Wire::RelocationReplied(wire::RelocationReplied {
        municipality: by.to_string(),
        objection,
    })
}

fn withdrawn(reason: i32) -> Wire {
    Wire::RelocationWithdrawn(wire::RelocationWithdrawn { reason })
}

fn arrived_at(arrival: Uuid) -> Wire {
    Wire::RelocationArrived(wire::RelocationArrived {
        arrival: arrival.as_bytes().to_vec(),
    })
}

fn reported(
    municipality: MunicipalityCode,
    previous: MunicipalityCode,
    pseudonyms: &[Pseudonym],
    arrived: Month,
) -> Wire {
    Wire::ArrivalReported(wire::ArrivalReported {
        municipality: municipality.to_string(),
        previous: previous.to_string(),
        pseudonyms: pseudonyms.iter().map(pseudonym_to_wire).collect(),
        arrived_month: arrived.to_string(),
    })
}

fn matched(relocation: Uuid) -> Wire {
    Wire::ArrivalMatched(wire::ArrivalMatched {
        relocation: relocation.as_bytes().to_vec(),
    })
}

fn raised(
    kind: AlertKind,
    key: &str,
    arrival: Option<Uuid>,
    (asking, asked): (MunicipalityCode, MunicipalityCode),
    answer_due_on: Date,
    definition_version: u32,
) -> Wire {
    Wire::AlertRaised(wire::AlertRaised {
        kind: kind.number(),
        key: key.to_owned(),
        arrival: arrival.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
        asking: asking.to_string(),
        asked: asked.to_string(),
        answer_due_on: answer_due_on.to_string(),
        definition_version,
    })
}

fn answered(answer: i32) -> Wire {
    Wire::AlertAnswered(wire::AlertAnswered { answer })
}

fn acknowledged(operator: &str) -> Wire {
    Wire::AlertAcknowledged(wire::AlertAcknowledged {
        operator: operator.to_owned(),
    })
}

fn assigned(operator: &str, assignee: &str) -> Wire {
    Wire::AlertAssigned(wire::AlertAssigned {
        operator: operator.to_owned(),
        assignee: assignee.to_owned(),
    })
}

fn commented(operator: &str, text: &str) -> Wire {
    Wire::AlertCommented(wire::AlertCommented {
        operator: operator.to_owned(),
        text: text.to_owned(),
    })
}

fn closed(reason: i32, operator: Option<&str>) -> Wire {
    Wire::AlertClosed(wire::AlertClosed {
        reason,
        operator: operator.unwrap_or_default().to_owned(),
    })
}

fn confirmed(recipient: MunicipalityCode, number: NoticeNumber, agrees: bool) -> Wire {
    Wire::NoticesConfirmed(wire::NoticesConfirmed {
        recipient: recipient.to_string(),
        number: i64::try_from(number.0).unwrap_or(i64::MAX),
        agrees,
    })
}

fn defined(definition: &Definition) -> Wire {
    Wire::DefinitionSet(wire::DefinitionSet {
        version: definition.version,
        grace_days: definition.grace_days,
        early_months: definition.early_months,
        late_months: definition.late_months,
        not_arrived_months: definition.not_arrived_months,
        answer_days: definition.answer_days,
    })
}

fn passed(now_micros: i64) -> Wire {
    Wire::TimePassed(wire::TimePassed { now_micros })
}

fn switched(version: u32) -> Wire {
    Wire::RulesVersionSet(wire::RulesVersionSet { version })
}

fn advanced(seconds: i64) -> Wire {
    Wire::ClockAdvanced(wire::ClockAdvanced { seconds })
}
