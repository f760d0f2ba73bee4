//! Requests of scenarios: usual ones, right in every respect, and ways in which a scenario's own may differ.

use api::v1;
use domain::code::RelocationKind;
use jiff::ToSpan as _;
use jiff::civil::Date;
use tests::{announcement_of, arrival_of, checked, function_of};

use super::steps::{Announced, Event, Person, Reported, Who};

/// An announcement of a person's move, on a day.
pub(crate) fn announcement(
    from: &str,
    to: &str,
    person: Person,
    today: Date,
    how: Announced,
) -> v1::RegisterRelocationRequest {
    let mut request = announcement_of(from, to, 0);
    request.legal_ground = Some(consent(today));
    content(&mut request).expected_on = today.to_string();
    named(&mut content(&mut request).person, person);
    how(&mut request);
    request
}

/// A report of a person's arrival, on a day.
pub(crate) fn report(
    at: &str,
    from: &str,
    person: Person,
    today: Date,
    how: Reported,
) -> v1::ReportArrivalRequest {
    let mut request = arrival_of(at, from, 0);
    request.legal_ground = Some(consent(today));
    reported(&mut request).arrived_on = today.to_string();
    named(&mut reported(&mut request).person, person);
    how(&mut request);
    request
}

/// An event of the population register, told on a day.
pub(crate) fn event(event: &Event, today: Date, code: impl Fn(Who) -> String) -> v1::RegisterEvent {
    let registration = |(days, at): &(i64, Who)| v1::Registration {
        municipality: code(*at),
        registered_on: today.checked_sub(days.days()).expect("a date").to_string(),
        ..v1::Registration::default()
    };
    let mut registrations: Vec<_> = event.registrations.iter().map(registration).collect();
    let changed_at = jiff::Timestamp::from_second(1_767_225_600 + event.hour * 3600);
    let mut told = v1::RegisterEvent {
        source_id: event.id.to_owned(),
        changed_at: Some(api::time::to_wire(changed_at.expect("an instant"))),
        identity_number: event.person.0.to_owned(),
        protection: v1::ProtectionLevel::None.into(),
        registration: registrations.pop(),
        history: registrations,
        deregistration: None,
        referred_identity_number: String::new(),
        ongoing_involvement: false,
    };
    (event.how)(&mut told);
    told
}

/// That the person was deregistered.
pub(crate) fn deregistered(event: &mut v1::RegisterEvent, code: &str) {
    event.deregistration = Some(v1::Deregistration {
        code: code.into(),
        deregistered_on: String::new(),
    });
}

/// A full consent of that day.
pub(crate) fn consent(today: Date) -> v1::LegalGround {
    let mut ground = tests::consent();
    ground.consent.as_mut().expect("a consent").given_on = today.to_string();
    ground
}

fn named(person: &mut Option<v1::Person>, Person(number, birth_date): Person) {
    let person = person.as_mut().expect("a person");
    person.identity_number = number.into();
    person.birth_date = birth_date.into();
}

/// What is announced.
pub(crate) fn content(request: &mut v1::RegisterRelocationRequest) -> &mut v1::RelocationContent {
    request.content.as_mut().expect("content")
}

/// Who is announced.
pub(crate) fn person(request: &mut v1::RegisterRelocationRequest) -> &mut v1::Person {
    content(request).person.as_mut().expect("a person")
}

/// What is reported.
pub(crate) fn reported(request: &mut v1::ReportArrivalRequest) -> &mut v1::ArrivalContent {
    request.content.as_mut().expect("content")
}

/// Who is reported.
pub(crate) fn arrived(request: &mut v1::ReportArrivalRequest) -> &mut v1::Person {
    reported(request).person.as_mut().expect("a person")
}

/// A ground of a rule that has nothing filled in.
pub(crate) fn bare(code: v1::LegalGroundCode) -> v1::LegalGround {
    v1::LegalGround {
        code: code.into(),
        ..v1::LegalGround::default()
    }
}

/// Another person's wish and another kind: she wishes to move and is helped.
pub(crate) fn wished(request: &mut v1::RegisterRelocationRequest) {
    request.kind = v1::RelocationKind::SupportedVoluntaryMove.into();
    content(request).wish = v1::ExpressedWish::Clear.into();
}

/// The consent covers these parts alone.
pub(crate) fn covers(request: &mut v1::RegisterRelocationRequest, scopes: &[v1::ConsentScope]) {
    let ground = request.legal_ground.as_mut().expect("a ground");
    let consent = ground.consent.as_mut().expect("a consent");
    consent.scopes = scopes.iter().copied().map(i32::from).collect();
}

/// Planned for so many months after today.
pub(crate) fn planned(request: &mut v1::RegisterRelocationRequest, months: i32) {
    let today: Date = content(request).expected_on.parse().expect("a date");
    let planned = today.checked_add(months.months()).expect("a date");
    content(request).expected_on = planned.to_string();
}

/// One of a household whose members are announced each by itself.
pub(crate) fn of_a_household(request: &mut v1::RegisterRelocationRequest) {
    content(request).household = Some(v1::Household {
        name: "households/0199b2d0-0000-7000-8000-000000000001".to_owned(),
        adults: 1,
        children: 1,
    });
}

/// Not consented to by the guardians.
pub(crate) fn without_guardians(request: &mut v1::RegisterRelocationRequest) {
    let ground = request.legal_ground.as_mut().expect("a ground");
    let consent = ground.consent.as_mut().expect("a consent");
    consent.guardians_consent = false;
}

/// The transfer of a case.
pub(crate) fn transfer(request: &mut v1::RegisterRelocationRequest) {
    request.kind = v1::RelocationKind::Transfer2910.into();
}

/// A function of a municipality's own.
pub(crate) fn function(of: &str, id: &str, kinds: &[RelocationKind], closed: bool) -> v1::Function {
    v1::Function {
        kinds: kinds.iter().map(|kind| kind.number()).collect(),
        closed,
        ..function_of(of, id)
    }
}

/// One that takes nothing unless it is named, and handles secrecy markings or does not.
pub(crate) fn trusted(of: &str, id: &str, does: bool) -> v1::Function {
    v1::Function {
        handles_secrecy_marked: does,
        ..function_of(of, id)
    }
}

/// Of a person with a secrecy marking, which the sender confirmed.
pub(crate) fn confirmed(request: &mut v1::RegisterRelocationRequest) {
    person(request).protection = v1::ProtectionLevel::SecrecyMarking.into();
    request.secrecy_marking_confirmed = true;
}

/// For a function of the receiver's.
pub(crate) fn to_function(request: &mut v1::RegisterRelocationRequest, id: &str) {
    request.receiving_function = format!("{}/functions/{id}", request.receiving_municipality);
}

/// An official test number, another one for each count, and its birth date.
pub(crate) fn somebody(count: i64) -> (String, String) {
    let born = Date::constant(1950, 1, 1);
    let born = born.checked_add(count.days()).expect("a date");
    let number = checked(&format!("{}-980", born.strftime("%Y%m%d")));
    (number, born.to_string())
}
