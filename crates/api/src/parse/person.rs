//! A person from the wire: the number, the birth date as second identifier, the protection. No value is ever told
//! back.

use domain::disclosure::Protection;
use domain::identity::{IdentityNumber, NumberFault, NumberKind};
use domain::reason::{Notable, Reason};
use jiff::civil::Date;

use super::{Context, Faults};
use crate::v1;

/// A person whose number and birth date agree.
pub(super) struct Known {
    pub(super) number: IdentityNumber,
    pub(super) warnings: Vec<Notable>,
    pub(super) minor: bool,
    pub(super) protection: Protection,
}

pub(super) fn person(
    faults: &mut Faults,
    person: Option<&v1::Person>,
    is_announcement: bool,
    context: Context,
) -> Option<Known> {
    let Some(person) = person else {
        faults.add("content.person", Reason::FieldRequired);
        return None;
    };
    faults.text("content.person.given_name", &person.given_name, 1, 100);
    faults.text("content.person.family_name", &person.family_name, 1, 100);
    let birth_date = faults.date("content.person.birth_date", &person.birth_date);
    let number = identity_number(
        faults,
        "content.person.identity_number",
        &person.identity_number,
        context,
    );
    if v1::IdentityNumberStatus::try_from(person.number_status).is_err() {
        faults.add("content.person.number_status", Reason::ValueUnknown);
    }
    let protection = Protection::from_number(person.protection);
    if protection.is_none() && person.protection != 0 {
        faults.add("content.person.protection", Reason::ValueUnknown);
    } else if protection.is_none() {
        faults.add("content.person.protection", Reason::FieldRequired);
    }
    // fail closed: a protected person is for the manual channel, whatever else is wrong
    if protection.is_some_and(|level| level.is_manual(is_announcement)) {
        faults.add("content.person.protection", Reason::ManualRouteRequired);
    }
    let (number, birth_date, protection) = (number?, birth_date?, protection?);
    if birth_date > context.today {
        faults.add("content.person.birth_date", Reason::DateInFuture);
    } else if !number.agrees_with(birth_date) {
        differs(faults, &number, person.birth_date_confirmed);
    }
    Some(Known {
        warnings: warnings(&number, person.number_status, context.today),
        number,
        minor: is_minor(birth_date, context.today),
        protection,
    })
}

/// A birth date that is not the number's. A coordination number's date part may be another one: somebody
/// who made sure of the person says so.
fn differs(faults: &mut Faults, number: &IdentityNumber, is_confirmed: bool) {
    let (field, reason) = match (number.kind(), is_confirmed) {
        (NumberKind::Coordination, true) => return,
        (NumberKind::Coordination, false) => ("birth_date_confirmed", Reason::BirthDateUnconfirmed),
        (NumberKind::Personal | NumberKind::Reserve, _) => {
            ("birth_date", Reason::SecondIdentifierMismatch)
        }
    };
    faults.add(&format!("content.person.{field}"), reason);
}

fn warnings(number: &IdentityNumber, status: i32, today: Date) -> Vec<Notable> {
    let is_known_to_be = |known: v1::IdentityNumberStatus| status == i32::from(known);
    let is_dormant = is_known_to_be(v1::IdentityNumberStatus::Dormant)
        || (!is_known_to_be(v1::IdentityNumberStatus::Current) && number.may_be_dormant(today));
    let warns = number.kind() == NumberKind::Coordination && is_dormant;
    Vec::from_iter(warns.then_some(Notable::CoordinationNumberDormant))
}

/// An identity number of this environment.
pub fn identity_number(
    faults: &mut Faults,
    field: &str,
    text: &str,
    context: Context,
) -> Option<IdentityNumber> {
    if text.is_empty() {
        faults.add(field, Reason::FieldRequired);
        return None;
    }
    match IdentityNumber::parse(text, context.today) {
        Ok(number) if !number.is_assignable() => {
            faults.add(field, Reason::IdentityNumberLocal);
            None
        }
        Ok(number) if number.is_test() == context.production => {
            faults.add(
                field,
                if context.production {
                    Reason::TestNumberInProduction
                } else {
                    Reason::RealNumberOutsideProduction
                },
            );
            None
        }
        Ok(number) => Some(number),
        Err(fault) => {
            faults.add(field, fault_reason(fault));
            None
        }
    }
}

fn fault_reason(fault: NumberFault) -> Reason {
    match fault {
        NumberFault::Format => Reason::IdentityNumberFormat,
        NumberFault::Date => Reason::IdentityNumberDate,
        NumberFault::Checksum => Reason::IdentityNumberChecksum,
        NumberFault::AmbiguousCentury => Reason::IdentityNumberAmbiguous,
        NumberFault::Future => Reason::DateInFuture,
    }
}

/// Whether a person is under 18 on a day.
pub fn is_minor(birth_date: Date, today: Date) -> bool {
    let years = i32::from(today.year()) - i32::from(birth_date.year());
    let had_birthday = (today.month(), today.day()) >= (birth_date.month(), birth_date.day());
    years - i32::from(!had_birthday) < 18
}
