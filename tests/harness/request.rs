//! Requests that are right in every respect; a test changes what it is about. People have official test
//! numbers, which are never assigned to anybody.

use api::v1;
use domain::identity::IdentityNumber;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::certificate::Organisation;
use super::party::Party;

/// Test persons: number, birth date.
pub const PERSONS: [(&str, &str); 5] = [
    ("19900101-2385", "1990-01-01"),
    ("20110106-2394", "2011-01-06"),
    ("19140168-2396", "1914-01-08"),
    ("19150072-2390", "1915-03-12"),
    ("19171160-2399", "1917-11-05"),
];

/// Today, in UTC as the record counts.
pub(crate) fn date() -> Date {
    Timestamp::now().to_zoned_datetime(TimeZone::UTC).date()
}

/// Today as text.
pub fn today() -> String {
    date().to_string()
}

/// The identity number that begins so, with the one check digit that is right.
pub fn checked(number: &str) -> String {
    let with = |check: u32| format!("{number}{check}");
    let is_right = |number: &String| IdentityNumber::parse(number, date()).is_ok();
    (0..10)
        .map(with)
        .find(is_right)
        .expect("one digit is right")
}

/// A person: the first one is grown up, the second a child.
pub fn person(index: usize) -> v1::Person {
    let (number, birth_date) = PERSONS.get(index).expect("one of the test persons");
    v1::Person {
        identity_number: (*number).to_owned(),
        given_name: "Robin".to_owned(),
        family_name: "Provsson".to_owned(),
        birth_date: (*birth_date).to_owned(),
        protection: v1::ProtectionLevel::None.into(),
        ..v1::Person::default()
    }
}

/// A full consent, given today, the guardians' included.
pub fn consent() -> v1::LegalGround {
    v1::LegalGround {
        code: v1::LegalGroundCode::Consent.into(),
        consent: Some(v1::Consent {
            scopes: vec![v1::ConsentScope::All.into()],
            given_on: today(),
            form: v1::ConsentForm::Written.into(),
            received_by: "handlaggare-7".to_owned(),
            guardians_consent: true,
            minor_alone: String::new(),
        }),
        ..v1::LegalGround::default()
    }
}

/// Somebody to talk to.
pub fn contact() -> v1::Contact {
    v1::Contact {
        name: "Jourtelefonen".to_owned(),
        function: "Mottagningsenheten".to_owned(),
        phone: "08-123 456".to_owned(),
        email: String::new(),
    }
}

/// A function of a municipality's own, which takes some kinds.
pub fn function(of: &Party, id: &str, kinds: &[v1::RelocationKind]) -> v1::Function {
    v1::Function {
        kinds: kinds.iter().map(|kind| (*kind).into()).collect(),
        ..function_of(of.code(), id)
    }
}

/// A function of the municipality with a code, which takes nothing unless it is named.
pub fn function_of(of: &str, id: &str) -> v1::Function {
    v1::Function {
        name: format!("municipalities/{of}/functions/{id}"),
        display_name: format!("Mottagning {id}"),
        first_contact: Some(v1::FunctionContact {
            phone: "08-123 456".to_owned(),
            email: format!("{id}@kommun.example"),
        }),
        second_contact: Some(v1::FunctionContact {
            phone: "08-123 457".to_owned(),
            email: String::new(),
        }),
        sdk_address: format!("0203:{id}"),
        ..v1::Function::default()
    }
}

/// What an organisation's system is granted: everything, for a month.
pub fn granted_to(vendor: Organisation) -> v1::Vendor {
    let until = date().checked_add(jiff::Span::new().days(30));
    v1::Vendor {
        organisation_number: vendor.number.to_owned(),
        until: until.expect("a date").to_string(),
        ..v1::Vendor::default()
    }
}

/// Who sits at the case system of a municipality, and why.
#[expect(clippy::unnecessary_wraps, reason = "as the messages have it")]
pub(crate) fn actor(code: &str) -> Option<v1::Actor> {
    Some(v1::Actor {
        officer_id: format!("handlaggare-{code}"),
        function: "ekonomiskt bistånd".to_owned(),
        case_number: "2026-1042".to_owned(),
        purpose: "handlägga flytt".to_owned(),
    })
}

/// An announcement of a person's move to a municipality.
pub fn announcement(from: &Party, to: &str, index: usize) -> v1::RegisterRelocationRequest {
    announcement_of(from.code(), to, index)
}

/// Likewise, by the sender's code.
pub fn announcement_of(from: &str, to: &str, index: usize) -> v1::RegisterRelocationRequest {
    v1::RegisterRelocationRequest {
        open_child_inquiry: false,
        receiving_function: String::new(),
        withheld_addresses: Vec::new(),
        secrecy_marking_confirmed: false,
        municipality: format!("municipalities/{from}"),
        actor: actor(from),
        request_id: client::request_id(),
        validate_only: false,
        receiving_municipality: format!("municipalities/{to}"),
        kind: v1::RelocationKind::ActiveInvolvement.into(),
        legal_ground: Some(consent()),
        content: Some(v1::RelocationContent {
            person: Some(person(index)),
            expected_on: today(),
            supports: vec![v1::Support {
                kind: v1::SupportKind::FirstRents.into(),
                actor: v1::SupportActor::Municipality.into(),
                paid_until: String::new(),
            }],
            wish: v1::ExpressedWish::NotClear.into(),
            groups: vec![v1::PersonGroup::StructurallyHomeless.into()],
            dwelling: Some(v1::Dwelling {
                tenure: v1::DwellingTenure::SecondHand.into(),
                monthly_rent_sek: 9800,
                remarks: vec![v1::DwellingRemark::ExcessiveRent.into()],
            }),
            household: Some(v1::Household {
                name: String::new(),
                adults: 1,
                children: 0,
            }),
            contact: Some(contact()),
            case_number: "SOL-2026-1042".to_owned(),
            free_text: "Behöver en kontakt första veckan.".to_owned(),
        }),
    }
}

/// The same of a person with a secrecy marking, which the sender confirmed, to a function of the receiver's.
#[must_use]
pub fn marked(
    request: v1::RegisterRelocationRequest,
    function: &str,
) -> v1::RegisterRelocationRequest {
    let mut request = v1::RegisterRelocationRequest {
        receiving_function: format!("{}/functions/{function}", request.receiving_municipality),
        secrecy_marking_confirmed: true,
        ..request
    };
    let person = request.content.as_mut().and_then(|it| it.person.as_mut());
    person.expect("a person").protection = v1::ProtectionLevel::SecrecyMarking.into();
    request
}

/// A report that a person arrived, from a municipality.
pub fn arrival(at: &Party, from: &str, index: usize) -> v1::ReportArrivalRequest {
    arrival_of(at.code(), from, index)
}

/// Likewise, by the reporter's code.
pub fn arrival_of(at: &str, from: &str, index: usize) -> v1::ReportArrivalRequest {
    v1::ReportArrivalRequest {
        alternate_residence: false,
        withheld_addresses: Vec::new(),
        municipality: format!("municipalities/{at}"),
        actor: actor(at),
        request_id: client::request_id(),
        validate_only: false,
        previous_municipality: format!("municipalities/{from}"),
        legal_ground: Some(consent()),
        content: Some(v1::ArrivalContent {
            person: Some(person(index)),
            arrived_on: today(),
            contact: Some(contact()),
            case_number: "SLF-2026-77".to_owned(),
            free_text: "Sökte bistånd samma dag.".to_owned(),
            ..v1::ArrivalContent::default()
        }),
    }
}
