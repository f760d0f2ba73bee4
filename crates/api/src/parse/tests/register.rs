//! Events of the register: what is refused, what is kept for later, what is understood.

use super::*;
use crate::parse::{Understood, register_event, told_protected};
use domain::disclosure::Protection;
use domain::identity::IdentityNumber;
use domain::register::Registration;

fn at(municipality: &str, on: &str) -> v1::Registration {
    v1::Registration {
        municipality: format!("municipalities/{municipality}"),
        registered_on: on.to_owned(),
        ..v1::Registration::default()
    }
}

fn event() -> v1::RegisterEvent {
    let changed_at = "2026-11-20T08:00:00Z".parse().expect("an instant");
    v1::RegisterEvent {
        source_id: "navet-1".to_owned(),
        changed_at: Some(crate::time::to_wire(changed_at)),
        identity_number: "19900101-2385".to_owned(),
        protection: v1::ProtectionLevel::None.into(),
        registration: Some(at("2283", "2026-11-16")),
        history: vec![at("0184", "2020-01-01")],
        deregistration: None,
        referred_identity_number: String::new(),
        ongoing_involvement: false,
    }
}

fn read(event: &v1::RegisterEvent) -> Result<Understood, Refusal> {
    register_event(event, *TODAY)
}

#[test]
fn what_is_wrong_is_refused_at_its_field() {
    type Change = fn(&mut v1::RegisterEvent);
    let cases: [(&str, &str, Change); 16] = [
        ("source_id", "FIELD_REQUIRED", |it| it.source_id.clear()),
        ("source_id", "FIELD_TOO_LONG", |it| {
            it.source_id = "x".repeat(65);
        }),
        ("source_id", "IDENTITY_NUMBER_IN_TEXT", |it| {
            it.source_id = "19900101-2385".to_owned();
        }),
        ("changed_at", "FIELD_REQUIRED", |it| it.changed_at = None),
        ("changed_at", "DATE_IN_FUTURE", |it| {
            let later = "2026-11-25T08:00:00Z".parse().expect("an instant");
            it.changed_at = Some(crate::time::to_wire(later));
        }),
        ("identity_number", "IDENTITY_NUMBER_CHECKSUM", |it| {
            it.identity_number = "19900101-2386".to_owned();
        }),
        ("identity_number", "IDENTITY_NUMBER_LOCAL", |it| {
            it.identity_number = "19900101-TF10".to_owned();
        }),
        (
            "referred_identity_number",
            "IDENTITY_NUMBER_CHECKSUM",
            |it| it.referred_identity_number = "19900101-2386".to_owned(),
        ),
        ("referred_identity_number", "REFERENCE_CYCLE", |it| {
            it.referred_identity_number = "199001012385".to_owned();
        }),
        ("protection", "FIELD_REQUIRED", |it| it.protection = 0),
        ("registration.municipality", "FIELD_REQUIRED", |it| {
            it.registration = Some(v1::Registration {
                municipality: String::new(),
                ..at("2283", "2026-11-16")
            });
        }),
        (
            "registration.municipality",
            "MUNICIPALITY_CODE_INVALID",
            |it| {
                it.registration = Some(at("22830", "2026-11-16"));
            },
        ),
        ("registration.registered_on", "DATE_IN_FUTURE", |it| {
            it.registration = Some(at("2283", "2026-11-25"));
        }),
        ("history[0].registered_on", "DATE_INVALID", |it| {
            it.history = vec![at("0184", "20200101")];
        }),
        ("history", "FIELD_TOO_LONG", |it| {
            it.history = vec![at("0184", "2020-01-01"); 51];
        }),
        ("deregistration.code", "FIELD_REQUIRED", |it| {
            it.deregistration = Some(v1::Deregistration::default());
        }),
    ];
    for (field, reason, change) in cases {
        let mut event = event();
        change(&mut event);
        let refusal = read(&event).expect_err(field);
        let found = (refusal.violations[0].field.as_str(), refusal.reason.code());
        assert_eq!(found, (field, reason));
    }
}

#[test]
fn what_is_unknown_is_kept_for_later_and_never_guessed() {
    type Change = fn(&mut v1::RegisterEvent);
    let cases: [(&str, &str, Change); 3] = [
        ("protection", "VALUE_UNKNOWN", |it| it.protection = 9),
        ("deregistration.code", "VALUE_UNKNOWN", |it| {
            it.deregistration = Some(v1::Deregistration {
                code: "ZZ".to_owned(),
                deregistered_on: "2026-11-16".to_owned(),
            });
        }),
        ("registration.municipality", "MUNICIPALITY_UNKNOWN", |it| {
            it.registration = Some(at("9999", "2026-11-16"));
        }),
    ];
    for (field, reason, change) in cases {
        let mut event = event();
        change(&mut event);
        let Ok(Understood::Unknown(violation)) = read(&event) else {
            panic!("{field}")
        };
        assert_eq!(
            (violation.field.as_str(), violation.reason.code()),
            (field, reason)
        );
    }
}

#[test]
fn where_somebody_was_before_is_kept_as_it_was_told() {
    let mut event = event();
    event.history = vec![at("0184", "2020-01-01"), at("1683", "1990-05-01")];
    let Ok(Understood::Known(known)) = read(&event) else {
        panic!("understood")
    };
    let codes = known.registrations.iter().map(|it| it.municipality);
    let codes: Vec<_> = codes.map(|code| code.to_string()).collect();
    assert_eq!(codes, ["1683", "0184", "2283"]);
    let unknown = known.unknown_before.expect("one of them");
    assert_eq!(
        (unknown.field.as_str(), unknown.reason.code()),
        ("history[1].municipality", "MUNICIPALITY_UNKNOWN")
    );
}

#[test]
fn protection_is_read_whatever_else_is_wrong_with_an_event() {
    const BOTH: [&str; 2] = ["199001012385", "191401682396"];
    type Change = fn(&mut v1::RegisterEvent);
    // the level, how many numbers, whether the instant is known
    type Read = Option<(Protection, usize, bool)>;
    let (marking, protected) = (
        Protection::SecrecyMarking,
        Protection::ProtectedRegistration,
    );
    let cases: [(Read, Change); 9] = [
        (None, |it| it.protection = 1),
        (None, |it| it.protection = 0),
        (Some((marking, 2, true)), |it| it.protection = 2),
        (Some((protected, 2, true)), |it| it.protection = 3),
        // a level of tomorrow
        (Some((protected, 2, true)), |it| it.protection = 4),
        (Some((protected, 1, true)), |it| {
            it.referred_identity_number.clear();
            it.source_id.clear();
            it.history = vec![at("x", "y")];
        }),
        (Some((protected, 1, true)), |it| {
            it.referred_identity_number.clone_from(&it.identity_number);
        }),
        (Some((protected, 2, false)), |it| {
            let later = "2026-11-25T08:00:00Z".parse().expect("an instant");
            it.changed_at = Some(crate::time::to_wire(later));
        }),
        // nobody can be made out
        (None, |it| {
            it.identity_number = "19900101-2386".to_owned();
            it.referred_identity_number.clear();
        }),
    ];
    for (number, (expected, change)) in cases.into_iter().enumerate() {
        let mut event = event();
        event.protection = v1::ProtectionLevel::ProtectedRegistration.into();
        event.referred_identity_number = "19140168-2396".to_owned();
        change(&mut event);
        let told = told_protected(&event, *TODAY);
        if let Some(told) = &told {
            let numbers = told.numbers.iter().map(IdentityNumber::canonical);
            assert!(numbers.eq(BOTH.into_iter().take(told.numbers.len())));
            assert!(!format!("{told:?}").contains("1990"));
        }
        let told = told.map(|it| (it.protection, it.numbers.len(), it.changed_at.is_some()));
        assert_eq!(told, expected, "case {number}");
    }
}

#[test]
fn what_is_known_has_its_registrations_in_order_under_the_codes_of_today() {
    let mut event = event();
    event.history = vec![at("0184", "2020-01-01"), at("1917", "1999-05-01")];
    let late = event.registration.as_mut().expect("one");
    late.registered_on = "2026-11-01".to_owned();
    late.reported_on = "2026-11-20".to_owned();
    late.without_address = true;
    let Ok(Understood::Known(known)) = read(&event) else {
        panic!("understood")
    };
    let shown: Vec<_> = known
        .registrations
        .iter()
        .map(|it: &Registration| {
            let at = (it.since.to_string(), it.municipality.to_string());
            (at.0, at.1, it.is_without_address)
        })
        .collect();
    let expected = [
        // Heby was 1917 before it was 0331
        ("1999-05-01", "0331", false),
        ("2020-01-01", "0184", false),
        // reported more than a week late
        ("2026-11-20", "2283", true),
    ];
    let expected = expected.map(|(on, at, without)| (on.to_owned(), at.to_owned(), without));
    assert_eq!(shown, expected);
    assert!(!format!("{known:?}").contains("1990"));
}
