//! Events into their stored form. The one match is exhaustive: a new kind does not compile before it is stored.

use domain::code::AlertKind;
use domain::definition::Definition;
use domain::entry::Event;
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Pseudonym};
use jiff::civil::Date;
use uuid::Uuid;

use super::{Wire, organisation};
use crate::generated::journal::v1 as wire;
use crate::record::pseudonym_to_wire;

#[expect(clippy::too_many_lines, reason = "a table: one arm for each kind")]
pub(in crate::record) fn to_wire(event: &Event) -> Wire {
    match event {
        Event::RelocationRegistered {
            sender,
            recipient,
            kind,
            pseudonym,
            planned,
            answer_due_on,
            function,
        } => Wire::RelocationRegistered(wire::RelocationRegistered {
            sender: sender.to_string(),
            recipient: recipient.to_string(),
            kind: kind.number(),
            pseudonym: Some(pseudonym_to_wire(pseudonym)),
            planned_month: planned.to_string(),
            answer_due_on: answer_due_on.to_string(),
            function: function
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        }),
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
            is_exempt,
        } => reported((*municipality, *previous), pseudonyms, *arrived, *is_exempt),
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
        Event::RelocationReminded { contact } => {
            Wire::RelocationReminded(wire::RelocationReminded {
                contact: contact.number(),
            })
        }
        Event::RelocationReopened => Wire::RelocationReopened(wire::RelocationReopened {}),
        Event::RelocationRestricted { by, restriction } => {
            Wire::RelocationRestricted(wire::RelocationRestricted {
                municipality: by.to_string(),
                kind: restriction.number(),
            })
        }
        Event::RelocationReleased { by, restriction } => {
            Wire::RelocationReleased(wire::RelocationReleased {
                municipality: by.to_string(),
                kind: restriction.number(),
            })
        }
        Event::RelocationRedacted { by } => Wire::RelocationRedacted(wire::RelocationRedacted {
            municipality: by.to_string(),
        }),
        Event::TransferSilent => Wire::TransferSilent(wire::TransferSilent {}),
        Event::TransferReferred { on } => {
            Wire::TransferReferred(wire::TransferReferred { on: on.to_string() })
        }
        Event::TransferDecided { granted, on } => Wire::TransferDecided(wire::TransferDecided {
            granted: *granted,
            on: on.to_string(),
        }),
        Event::TransferDecisionOverdue => {
            Wire::TransferDecisionOverdue(wire::TransferDecisionOverdue {})
        }
        Event::IdentityReferred {
            by,
            scope,
            previous,
            current,
        } => Wire::IdentityReferred(wire::IdentityReferred {
            by: if by == scope {
                String::new()
            } else {
                by.to_string()
            },
            scope: scope.to_string(),
            previous: previous.iter().map(pseudonym_to_wire).collect(),
            current: current.iter().map(pseudonym_to_wire).collect(),
        }),
        Event::FunctionSet(function) => Wire::FunctionSet(organisation::function_set(function)),
        Event::VendorGranted(grant) => Wire::VendorGranted(organisation::granted(grant)),
        Event::VendorWithdrawn {
            organisation_number,
        } => Wire::VendorWithdrawn(wire::VendorWithdrawn {
            organisation_number: organisation_number.clone(),
        }),
        Event::DrillSent { month } => Wire::DrillSent(wire::DrillSent {
            month: month.to_string(),
        }),
        Event::DrillAcknowledged { month } => Wire::DrillAcknowledged(wire::DrillAcknowledged {
            month: month.to_string(),
        }),
        Event::AlertRedacted => Wire::AlertRedacted(wire::AlertRedacted {}),
        Event::DrillWritten { month } => Wire::DrillWritten(wire::DrillWritten {
            month: month.to_string(),
        }),
    }
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
    (municipality, previous): (MunicipalityCode, MunicipalityCode),
    pseudonyms: &[Pseudonym],
    arrived: Month,
    exempt: bool,
) -> Wire {
    Wire::ArrivalReported(wire::ArrivalReported {
        municipality: municipality.to_string(),
        previous: previous.to_string(),
        pseudonyms: pseudonyms.iter().map(pseudonym_to_wire).collect(),
        arrived_month: arrived.to_string(),
        exempt,
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
        expiry_days: definition.expiry_days,
        drills: definition.drills,
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
