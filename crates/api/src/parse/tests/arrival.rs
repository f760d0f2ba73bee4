//! Arrival reports.

use domain::month::Month;
use domain::reason::Reason::{self, *};
use jiff::civil::date;

use super::{TODAY, actor, assert_manual_route, consent, contact, faults, municipality, no_harm};
use super::{owned, person};
use crate::parse::{ArrivalReport, arrival};
use crate::status::Refusal;
use crate::v1;

type Spoil = fn(&mut v1::ReportArrivalRequest);

pub(super) fn good() -> v1::ReportArrivalRequest {
    v1::ReportArrivalRequest {
        municipality: "municipalities/2283".to_owned(),
        actor: Some(actor()),
        request_id: "0199aaaa-0000-7000-8000-000000000002".to_owned(),
        previous_municipality: "municipalities/0184".to_owned(),
        legal_ground: Some(consent()),
        content: Some(v1::ArrivalContent {
            person: Some(person()),
            arrived_on: "2026-11-20".to_owned(),
            contact: Some(contact()),
            ..v1::ArrivalContent::default()
        }),
        ..v1::ReportArrivalRequest::default()
    }
}

fn parse(request: &v1::ReportArrivalRequest) -> Result<ArrivalReport, Refusal> {
    arrival(request, municipality("2283"), *TODAY)
}

/// A good report, spoiled: exactly these fields are at fault.
fn check(spoil: Spoil, expect: &[(&str, Reason)]) {
    let mut request = good();
    spoil(&mut request);
    assert_eq!(faults(parse(&request)), owned(expect), "{request:?}");
}

fn content(request: &mut v1::ReportArrivalRequest) -> &mut v1::ArrivalContent {
    request.content.as_mut().expect("content")
}

fn who(request: &mut v1::ReportArrivalRequest) -> &mut v1::Person {
    content(request).person.as_mut().expect("a person")
}

#[test]
fn a_good_report_is_read() {
    let read = parse(&good()).expect("good");
    assert_eq!(read.previous, municipality("0184"));
    assert_eq!(read.arrived, Month::of(date(2026, 11, 1)));
    let seen = [
        "content.person",
        "content.arrived_on",
        "content.contact",
        "legal_ground.code",
    ];
    assert_eq!(read.seen, seen);
}

#[test]
fn each_fault_is_named() {
    let cases: [(Spoil, &[(&str, Reason)]); 13] = [
        (
            |r| r.request_id.clear(),
            &[("request_id", RequestIdRequired)],
        ),
        (|r| r.actor = None, &[("actor", ActorRequired)]),
        (
            |r| r.actor.as_mut().expect("one").purpose.clear(),
            &[("actor.purpose", FieldRequired)],
        ),
        (
            |r| r.previous_municipality = "municipalities/2283".into(),
            &[("previous_municipality", RecipientIsSender)],
        ),
        (
            |r| r.previous_municipality.clear(),
            &[("previous_municipality", FieldRequired)],
        ),
        (
            |r| r.legal_ground = None,
            &[("legal_ground", LegalGroundMissing)],
        ),
        (
            |r| r.content = None,
            &[
                ("content", FieldRequired),
                ("content.person", FieldRequired),
                ("content.arrived_on", FieldRequired),
                ("content.contact", FieldRequired),
            ],
        ),
        (
            |r| content(r).arrived_on = "2026-11-25".into(),
            &[("content.arrived_on", DateInFuture)],
        ),
        (
            |r| content(r).arrived_on = "2026-11".into(),
            &[("content.arrived_on", DateInvalid)],
        ),
        (
            |r| content(r).case_number = "x".repeat(65),
            &[("content.case_number", FieldTooLong)],
        ),
        (
            |r| content(r).free_text = "x".repeat(4001),
            &[("content.free_text", FieldTooLong)],
        ),
        (
            |r| who(r).birth_date = "2027-01-01".into(),
            // whoever is not born yet is under 18 too
            &[
                ("content.person.birth_date", DateInFuture),
                (
                    "legal_ground.consent.guardians_consent",
                    GuardiansConsentRequired,
                ),
            ],
        ),
        (
            |r| r.legal_ground = Some(no_harm("")),
            &[("legal_ground.assessment", LegalGroundIncomplete)],
        ),
    ];
    for (spoil, expect) in cases {
        check(spoil, expect);
    }
}

#[test]
fn a_child_needs_its_guardians() {
    check(
        |r| {
            who(r).identity_number = "20110106-2394".to_owned();
            who(r).birth_date = "2011-01-06".to_owned();
        },
        &[(
            "legal_ground.consent.guardians_consent",
            GuardiansConsentRequired,
        )],
    );
}

#[test]
fn all_faults_are_told_at_once() {
    check(
        |r| {
            r.request_id = "7".into();
            r.previous_municipality = "municipalities/9999".into();
            who(r).family_name.clear();
            content(r).arrived_on.clear();
            content(r).contact = None;
        },
        &[
            ("request_id", RequestIdInvalid),
            ("previous_municipality", MunicipalityUnknown),
            ("content.person.family_name", FieldRequired),
            ("content.arrived_on", FieldRequired),
            ("content.contact", FieldRequired),
        ],
    );
}

#[test]
fn a_protected_person_takes_the_manual_route_whatever_else_is_wrong() {
    let worse: [Spoil; 3] = [
        |_| {},
        |r| content(r).arrived_on.clear(),
        |r| who(r).birth_date = "x".into(),
    ];
    for spoil in worse {
        let mut request = good();
        who(&mut request).protection = v1::ProtectionLevel::SecrecyMarking.into();
        spoil(&mut request);
        assert_manual_route(parse(&request));
    }
}
