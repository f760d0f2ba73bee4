//! Events from their stored form. An unknown kind or value is an error, never a guess.

use domain::code::{
    AlertKind, AnswerCode, CloseReason, ContactRank, RelocationKind, Restriction, WithdrawalReason,
};
use domain::definition::Definition;
use domain::entry::Event;
use domain::month::Month;
use domain::subject::{NoticeNumber, Pseudonym};
use jiff::civil::Date;

use super::{Wire, organisation};
use crate::generated::journal::v1 as wire;
use crate::record::{Unreadable, id, instant, municipality, number, pseudonym_from_wire, unknown};

#[expect(clippy::too_many_lines, reason = "a table: one arm for each kind")]
pub(in crate::record) fn from_wire(event: Wire) -> Result<Event, Unreadable> {
    Ok(match event {
        Wire::RelocationRegistered(e) => registered(&e)?,
        Wire::RelocationAcknowledged(_) => Event::RelocationAcknowledged,
        Wire::RelocationReplied(e) => Event::RelocationReplied {
            by: municipality(&e.municipality, "municipality")?,
            objection: e.objection,
        },
        Wire::RelocationSupplemented(_) => Event::RelocationSupplemented,
        Wire::RelocationWithdrawn(e) => Event::RelocationWithdrawn {
            reason: WithdrawalReason::from_number(e.reason).ok_or_else(|| unknown("reason"))?,
        },
        Wire::RelocationArrived(e) => Event::RelocationArrived {
            arrival: id(&e.arrival, "arrival")?,
        },
        Wire::RelocationNotArrived(_) => Event::RelocationNotArrived,
        Wire::ArrivalReported(e) => Event::ArrivalReported {
            municipality: municipality(&e.municipality, "municipality")?,
            previous: municipality(&e.previous, "previous")?,
            pseudonyms: pseudonyms(&e.pseudonyms)?,
            arrived: month(&e.arrived_month)?,
            is_exempt: e.exempt,
        },
        Wire::ArrivalMatched(e) => Event::ArrivalMatched {
            relocation: id(&e.relocation, "relocation")?,
        },
        Wire::ArrivalWithdrawn(_) => Event::ArrivalWithdrawn,
        Wire::AlertRaised(e) => raised(e)?,
        Wire::AlertAnswered(e) => Event::AlertAnswered {
            answer: AnswerCode::from_number(e.answer).ok_or_else(|| unknown("answer"))?,
        },
        Wire::AlertDisputed(_) => Event::AlertDisputed,
        Wire::AlertAcknowledged(e) => Event::AlertAcknowledged {
            operator: e.operator,
        },
        Wire::AlertAssigned(e) => Event::AlertAssigned {
            operator: e.operator,
            assignee: e.assignee,
        },
        Wire::AlertCommented(e) => Event::AlertCommented {
            operator: e.operator,
            text: e.text,
        },
        Wire::AlertClosed(e) => Event::AlertClosed {
            reason: CloseReason::from_number(e.reason).ok_or_else(|| unknown("reason"))?,
            operator: (!e.operator.is_empty()).then_some(e.operator),
        },
        Wire::NoticesConfirmed(e) => Event::NoticesConfirmed {
            recipient: municipality(&e.recipient, "recipient")?,
            number: NoticeNumber(number(e.number, "number")?),
            agrees: e.agrees,
        },
        Wire::TimePassed(e) => Event::TimePassed {
            now: instant(e.now_micros, "now_micros")?,
        },
        Wire::DefinitionSet(e) => Event::DefinitionSet(Definition {
            version: e.version,
            grace_days: e.grace_days,
            early_months: e.early_months,
            late_months: e.late_months,
            not_arrived_months: e.not_arrived_months,
            answer_days: e.answer_days,
            expiry_days: e.expiry_days,
            drills: e.drills,
        }),
        Wire::RulesVersionSet(e) => Event::RulesVersionSet { version: e.version },
        Wire::ClockAdvanced(e) => Event::ClockAdvanced { seconds: e.seconds },
        Wire::RelocationReminded(e) => Event::RelocationReminded {
            contact: ContactRank::from_number(e.contact).ok_or_else(|| unknown("contact"))?,
        },
        Wire::RelocationReopened(_) => Event::RelocationReopened,
        Wire::RelocationRestricted(e) => Event::RelocationRestricted {
            by: municipality(&e.municipality, "municipality")?,
            restriction: Restriction::from_number(e.kind).ok_or_else(|| unknown("kind"))?,
        },
        Wire::RelocationReleased(e) => Event::RelocationReleased {
            by: municipality(&e.municipality, "municipality")?,
            restriction: Restriction::from_number(e.kind).ok_or_else(|| unknown("kind"))?,
        },
        Wire::RelocationRedacted(e) => Event::RelocationRedacted {
            by: municipality(&e.municipality, "municipality")?,
        },
        Wire::TransferSilent(_) => Event::TransferSilent,
        Wire::TransferReferred(e) => Event::TransferReferred { on: date(&e.on)? },
        Wire::TransferDecided(e) => Event::TransferDecided {
            granted: e.granted,
            on: date(&e.on)?,
        },
        Wire::TransferDecisionOverdue(_) => Event::TransferDecisionOverdue,
        Wire::IdentityReferred(e) => Event::IdentityReferred {
            by: match e.by.as_str() {
                "" => municipality(&e.scope, "scope")?,
                by => municipality(by, "by")?,
            },
            scope: municipality(&e.scope, "scope")?,
            previous: pseudonyms(&e.previous)?,
            current: pseudonyms(&e.current)?,
        },
        Wire::FunctionSet(e) => Event::FunctionSet(organisation::function(e)?),
        Wire::VendorGranted(e) => Event::VendorGranted(organisation::grant(e)?),
        Wire::VendorWithdrawn(e) => Event::VendorWithdrawn {
            organisation_number: e.organisation_number,
        },
        Wire::DrillSent(e) => Event::DrillSent {
            month: month(&e.month)?,
        },
        Wire::DrillAcknowledged(e) => Event::DrillAcknowledged {
            month: month(&e.month)?,
        },
        Wire::AlertRedacted(_) => Event::AlertRedacted,
        Wire::DrillWritten(e) => Event::DrillWritten {
            month: month(&e.month)?,
        },
    })
}

fn registered(e: &wire::RelocationRegistered) -> Result<Event, Unreadable> {
    let pseudonym = e.pseudonym.as_ref().ok_or_else(|| unknown("pseudonym"))?;
    Ok(Event::RelocationRegistered {
        sender: municipality(&e.sender, "sender")?,
        recipient: municipality(&e.recipient, "recipient")?,
        kind: RelocationKind::from_number(e.kind).ok_or_else(|| unknown("kind"))?,
        pseudonym: pseudonym_from_wire(pseudonym)?,
        planned: month(&e.planned_month)?,
        answer_due_on: date(&e.answer_due_on)?,
        function: match e.function.as_str() {
            "" => None,
            text => Some(organisation::function_id(text)?),
        },
    })
}

fn pseudonyms(all: &[wire::Pseudonym]) -> Result<Vec<Pseudonym>, Unreadable> {
    all.iter().map(pseudonym_from_wire).collect()
}

fn raised(e: wire::AlertRaised) -> Result<Event, Unreadable> {
    Ok(Event::AlertRaised {
        kind: AlertKind::from_number(e.kind).ok_or_else(|| unknown("kind"))?,
        key: e.key,
        arrival: if e.arrival.is_empty() {
            None
        } else {
            Some(id(&e.arrival, "arrival")?)
        },
        asking: municipality(&e.asking, "asking")?,
        asked: municipality(&e.asked, "asked")?,
        answer_due_on: date(&e.answer_due_on)?,
        definition: e.definition_version,
    })
}

fn month(text: &str) -> Result<Month, Unreadable> {
    Month::parse(text).ok_or_else(|| unknown("month"))
}

fn date(text: &str) -> Result<Date, Unreadable> {
    text.parse().map_err(|_form| unknown("date"))
}
