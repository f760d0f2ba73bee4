//! Announcements.

use domain::code::RelocationKind;
use domain::month::Month;
use domain::reason::Reason::{self, *};
use jiff::civil::date;

use super::{TODAY, actor, assert_manual_route, consent, contact, faults, municipality, no_harm};
use super::{owned, person};
use crate::parse::{Context, Registration, registration};
use crate::status::Refusal;
use crate::v1;

type Spoil = fn(&mut v1::RegisterRelocationRequest);

pub(super) fn good() -> v1::RegisterRelocationRequest {
    v1::RegisterRelocationRequest {
        secrecy_marking_confirmed: false,
        open_child_inquiry: false,
        receiving_function: String::new(),
        withheld_addresses: Vec::new(),
        municipality: "municipalities/0184".to_owned(),
        actor: Some(actor()),
        request_id: "0199aaaa-0000-7000-8000-000000000001".to_owned(),
        validate_only: false,
        receiving_municipality: "municipalities/2283".to_owned(),
        kind: v1::RelocationKind::ActiveInvolvement.into(),
        legal_ground: Some(consent()),
        content: Some(v1::RelocationContent {
            person: Some(person()),
            expected_on: "2026-12-15".to_owned(),
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

fn parse(request: &v1::RegisterRelocationRequest) -> Result<Registration, Refusal> {
    registration(request, municipality("0184"), *TODAY)
}

/// A good announcement, spoiled: exactly these fields are at fault.
fn check(spoil: Spoil, expect: &[(&str, Reason)]) {
    let mut request = good();
    spoil(&mut request);
    assert_eq!(faults(parse(&request)), owned(expect), "{request:?}");
}

fn content(request: &mut v1::RegisterRelocationRequest) -> &mut v1::RelocationContent {
    request.content.as_mut().expect("content")
}

fn who(request: &mut v1::RegisterRelocationRequest) -> &mut v1::Person {
    content(request).person.as_mut().expect("a person")
}

fn ground(request: &mut v1::RegisterRelocationRequest) -> &mut v1::LegalGround {
    request.legal_ground.as_mut().expect("a ground")
}

#[test]
fn a_good_announcement_is_read() {
    let read = parse(&good()).expect("good");
    assert_eq!(read.recipient, municipality("2283"));
    assert_eq!(read.kind, RelocationKind::ActiveInvolvement);
    assert_eq!(read.planned, Month::of(date(2026, 12, 1)));
    assert_eq!(read.number.canonical(), "199001012385");
    assert_eq!(read.seen.len(), 11, "all parts are filled: {:?}", read.seen);
}

#[test]
fn a_part_that_is_empty_is_not_seen() {
    let mut request = good();
    content(&mut request).free_text.clear();
    content(&mut request).dwelling = None;
    let seen = parse(&request).expect("good").seen;
    for part in ["content.free_text", "content.dwelling"] {
        assert!(!seen.iter().any(|path| path == part), "{seen:?}");
    }
}

#[test]
fn each_fault_of_the_envelope_is_named() {
    let cases: [(Spoil, &[(&str, Reason)]); 11] = [
        (
            |r| r.request_id.clear(),
            &[("request_id", RequestIdRequired)],
        ),
        (
            |r| r.request_id = "7".into(),
            &[("request_id", RequestIdInvalid)],
        ),
        (|r| r.actor = None, &[("actor", ActorRequired)]),
        (|r| r.kind = 0, &[("kind", FieldRequired)]),
        (|r| r.kind = 99, &[("kind", ValueUnknown)]),
        (
            |r| r.receiving_municipality.clear(),
            &[("receiving_municipality", FieldRequired)],
        ),
        (
            |r| r.receiving_municipality = "2283".into(),
            &[("receiving_municipality", MunicipalityCodeInvalid)],
        ),
        (
            |r| r.receiving_municipality = "municipalities/9999".into(),
            &[("receiving_municipality", MunicipalityUnknown)],
        ),
        (
            |r| r.receiving_municipality = "municipalities/0184".into(),
            &[("receiving_municipality", RecipientIsSender)],
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
                ("content.expected_on", FieldRequired),
                ("content.contact", FieldRequired),
                ("content.case_number", FieldRequired),
            ],
        ),
    ];
    for (spoil, expect) in cases {
        check(spoil, expect);
    }
}

#[test]
fn a_closed_municipality_names_its_successor() {
    let mut request = good();
    request.receiving_municipality = "municipalities/1917".to_owned();
    let refusal = parse(&request).expect_err("closed");
    assert_eq!(refusal.reason, MunicipalityClosed);
    assert_eq!(refusal.metadata["nearest"], "0331 Heby");
}

#[test]
fn each_fault_of_the_person_is_named() {
    const NUMBER: &str = "content.person.identity_number";
    let cases: [(Spoil, &[(&str, Reason)]); 12] = [
        (
            |r| content(r).person = None,
            &[("content.person", FieldRequired)],
        ),
        (
            |r| who(r).given_name.clear(),
            &[("content.person.given_name", FieldRequired)],
        ),
        (
            |r| who(r).family_name = "å".repeat(101),
            &[("content.person.family_name", FieldTooLong)],
        ),
        (
            |r| who(r).birth_date = "1990-01-02".into(),
            &[("content.person.birth_date", SecondIdentifierMismatch)],
        ),
        (
            |r| who(r).birth_date = "1990-1-1".into(),
            &[("content.person.birth_date", DateInvalid)],
        ),
        (
            |r| who(r).identity_number.clear(),
            &[(NUMBER, FieldRequired)],
        ),
        (
            |r| who(r).identity_number = "19900101-2386".into(),
            &[(NUMBER, IdentityNumberChecksum)],
        ),
        (
            |r| who(r).identity_number = "19901301-2385".into(),
            &[(NUMBER, IdentityNumberDate)],
        ),
        (
            |r| who(r).identity_number = "19900101-T123".into(),
            &[(NUMBER, IdentityNumberLocal)],
        ),
        (
            |r| who(r).identity_number = "9001012385".into(),
            &[(NUMBER, IdentityNumberAmbiguous)],
        ),
        (
            |r| who(r).protection = 0,
            &[("content.person.protection", FieldRequired)],
        ),
        (
            |r| who(r).protection = 9,
            &[("content.person.protection", ValueUnknown)],
        ),
    ];
    for (spoil, expect) in cases {
        check(spoil, expect);
    }
}

#[test]
fn a_coordination_number_of_another_date_is_confirmed_and_one_that_may_be_dormant_warns() {
    use domain::reason::Notable;
    let coordinated: Spoil = |r| {
        who(r).identity_number = "19140168-2396".into();
        who(r).birth_date = "1914-02-08".into();
    };
    check(
        coordinated,
        &[("content.person.birth_date_confirmed", BirthDateUnconfirmed)],
    );
    for (status, expected) in [
        (
            v1::IdentityNumberStatus::Unspecified,
            &[Notable::CoordinationNumberDormant][..],
        ),
        (
            v1::IdentityNumberStatus::Dormant,
            &[Notable::CoordinationNumberDormant],
        ),
        (v1::IdentityNumberStatus::Current, &[]),
    ] {
        let mut request = good();
        coordinated(&mut request);
        who(&mut request).birth_date_confirmed = true;
        who(&mut request).number_status = status.into();
        assert_eq!(parse(&request).expect("confirmed").warnings, expected);
        // a personal number is never dormant
        let mut request = good();
        who(&mut request).number_status = status.into();
        assert_eq!(parse(&request).expect("good").warnings, []);
    }
    check(
        |r| who(r).number_status = 9,
        &[("content.person.number_status", ValueUnknown)],
    );
}

#[test]
fn a_test_number_is_refused_in_production() {
    let production = Context {
        production: true,
        ..*TODAY
    };
    let parsed = registration(&good(), municipality("0184"), production);
    let expect = [("content.person.identity_number", TestNumberInProduction)];
    assert_eq!(faults(parsed), owned(&expect));
}

#[test]
fn each_fault_of_the_content_is_named() {
    let cases: [(Spoil, &[(&str, Reason)]); 14] = [
        (
            |r| content(r).expected_on = "2028-12".into(),
            &[("content.expected_on", DateTooFar)],
        ),
        (
            |r| content(r).expected_on = "soon".into(),
            &[("content.expected_on", DateInvalid)],
        ),
        (
            |r| content(r).supports = vec![content(r).supports[0].clone(); 11],
            &[("content.supports", FieldTooLong)],
        ),
        (
            |r| content(r).supports[0].kind = 0,
            &[("content.supports[0].kind", ValueUnknown)],
        ),
        (
            |r| content(r).supports[0].paid_until = "x".into(),
            &[("content.supports[0].paid_until", DateInvalid)],
        ),
        (
            |r| content(r).groups = vec![1, 1],
            &[("content.groups", ValueUnknown)],
        ),
        (
            |r| content(r).dwelling.as_mut().expect("one").monthly_rent_sek = -1,
            &[("content.dwelling.monthly_rent_sek", FieldOutOfRange)],
        ),
        (
            |r| content(r).household.as_mut().expect("one").children = 21,
            &[("content.household.children", FieldOutOfRange)],
        ),
        (
            |r| content(r).household.as_mut().expect("one").name = "home".into(),
            &[("content.household.name", NameInvalid)],
        ),
        (
            |r| content(r).contact.as_mut().expect("one").phone.clear(),
            &[("content.contact.phone", FieldRequired)],
        ),
        (
            |r| content(r).contact = None,
            &[("content.contact", FieldRequired)],
        ),
        (
            |r| content(r).case_number.clear(),
            &[("content.case_number", FieldRequired)],
        ),
        (
            |r| content(r).free_text = "Se 19900101-2385.".into(),
            &[("content.free_text", IdentityNumberInText)],
        ),
        (
            |r| content(r).wish = v1::ExpressedWish::Clear.into(),
            &[("content.wish", KindContradictsWish)],
        ),
    ];
    for (spoil, expect) in cases {
        check(spoil, expect);
    }
}

#[test]
fn no_number_stands_in_a_contact() {
    check(
        |r| {
            let contact = content(r).contact.as_mut().expect("one");
            contact.name = "Kim, 1990-01-01-2385".to_owned();
            contact.function = "900101/2385".to_owned();
            contact.email = "9001012385@exempel.se".to_owned();
            // of a telephone nobody can tell
            contact.phone = "0701012387".to_owned();
        },
        &[
            ("content.contact.name", IdentityNumberInText),
            ("content.contact.function", IdentityNumberInText),
            ("content.contact.email", IdentityNumberInText),
        ],
    );
}

#[test]
fn each_fault_of_the_ground_is_named() {
    let cases: [(Spoil, &[(&str, Reason)]); 8] = [
        (
            |r| ground(r).code = 0,
            &[("legal_ground.code", LegalGroundMissing)],
        ),
        (
            |r| ground(r).code = 99,
            &[("legal_ground.code", ValueUnknown)],
        ),
        (
            |r| ground(r).code = v1::LegalGroundCode::GeneralClause1027.into(),
            &[("legal_ground.code", GeneralClauseRefused)],
        ),
        (
            |r| ground(r).consent = None,
            &[("legal_ground.consent", LegalGroundIncomplete)],
        ),
        (
            |r| ground(r).consent.as_mut().expect("one").given_on = "2026-11-25".into(),
            &[("legal_ground.consent.given_on", DateInFuture)],
        ),
        (
            |r| ground(r).consent.as_mut().expect("one").scopes.clear(),
            &[("legal_ground.consent.scopes", LegalGroundIncomplete)],
        ),
        (
            |r| r.legal_ground = Some(no_harm("kort")),
            &[("legal_ground.assessment", FieldTooShort)],
        ),
        (
            |r| ground(r).code = v1::LegalGroundCode::Care269.into(),
            &[("legal_ground.care_limb", LegalGroundIncomplete)],
        ),
    ];
    for (spoil, expect) in cases {
        check(spoil, expect);
    }
}

#[test]
fn a_partial_consent_covers_what_it_names_alone() {
    check(
        |r| {
            let scopes = &mut ground(r).consent.as_mut().expect("one").scopes;
            *scopes = [
                v1::ConsentScope::Support,
                v1::ConsentScope::Household,
                v1::ConsentScope::Wish,
                v1::ConsentScope::Groups,
            ]
            .map(i32::from)
            .to_vec();
        },
        &[
            ("content.dwelling", ConsentTooNarrow),
            ("content.free_text", ConsentTooNarrow),
        ],
    );
}

#[test]
fn all_faults_are_told_at_once() {
    check(
        |r| {
            r.request_id.clear();
            r.kind = 99;
            who(r).given_name.clear();
            content(r).expected_on.clear();
            content(r).case_number.clear();
            ground(r).consent.as_mut().expect("one").given_on = "x".into();
        },
        &[
            ("request_id", RequestIdRequired),
            ("kind", ValueUnknown),
            ("legal_ground.consent.given_on", DateInvalid),
            ("content.person.given_name", FieldRequired),
            ("content.expected_on", FieldRequired),
            ("content.case_number", FieldRequired),
        ],
    );
}

#[test]
fn a_protected_person_takes_the_manual_route_whatever_else_is_wrong() {
    let worse: [Spoil; 4] = [
        |_| {},
        |r| r.request_id.clear(),
        |r| who(r).identity_number = "not a number".into(),
        |r| r.legal_ground = None,
    ];
    for spoil in worse {
        for is_confirmed in [false, true] {
            let mut request = good();
            who(&mut request).protection = v1::ProtectionLevel::ProtectedRegistration.into();
            request.secrecy_marking_confirmed = is_confirmed;
            spoil(&mut request);
            assert_manual_route(parse(&request));
        }
    }
}

#[test]
fn a_secrecy_marking_is_told_with_its_confirmation_and_no_confirmation_without_it() {
    let with = |level: v1::ProtectionLevel, is_confirmed| {
        let mut request = good();
        who(&mut request).protection = level.into();
        request.secrecy_marking_confirmed = is_confirmed;
        parse(&request)
    };
    let (marking, none) = (
        v1::ProtectionLevel::SecrecyMarking,
        v1::ProtectionLevel::None,
    );
    assert!(with(marking, true).expect("confirmed").is_marked);
    assert!(!with(none, false).expect("usual").is_marked);
    let field = "secrecy_marking_confirmed";
    for (level, is_confirmed, reason) in [
        (marking, false, SecrecyConfirmationRequired),
        (none, true, SecrecyNotMarked),
    ] {
        assert_eq!(
            faults(with(level, is_confirmed)),
            owned(&[(field, reason)]),
            "{level:?}"
        );
    }
}

#[test]
fn no_value_of_a_request_is_echoed() {
    const SECRET: &str = "hemlighet-4711";
    let mut request = good();
    request.request_id = SECRET.to_owned();
    request.receiving_municipality = SECRET.to_owned();
    who(&mut request).identity_number = SECRET.to_owned();
    who(&mut request).birth_date = SECRET.to_owned();
    who(&mut request).given_name = SECRET.repeat(20);
    content(&mut request).expected_on = SECRET.to_owned();
    content(&mut request).case_number = SECRET.repeat(20);
    let refusal = parse(&request).expect_err("faults");
    assert_eq!(refusal.violations.len(), 7);
    assert!(!format!("{refusal:?}").contains(SECRET));
    for swedish in [false, true] {
        let status = refusal.to_status("id", swedish);
        assert!(!String::from_utf8_lossy(status.details()).contains(SECRET));
        assert!(!status.message().contains(SECRET));
    }
}
