//! Requests held against the contract: a good one, and tables of what differs in one thing. Official test
//! numbers only.

mod arrival;
mod field;
mod function;
mod grant;
mod lineage;
mod register;
mod registration;

use std::sync::LazyLock;

use domain::lineage::Lineage;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use jiff::civil::date;

use super::Context;
use crate::status::Refusal;
use crate::v1;

static TODAY: LazyLock<Context> = LazyLock::new(|| Context {
    today: date(2026, 11, 24),
    production: false,
    lineage: Lineage::default(),
});

fn municipality(text: &str) -> MunicipalityCode {
    MunicipalityCode::parse(text).expect("a code")
}

fn actor() -> v1::Actor {
    v1::Actor {
        officer_id: "handlaggare-7".to_owned(),
        function: "Mottagningsenheten".to_owned(),
        case_number: "2026-1042".to_owned(),
        purpose: "avisera flytt".to_owned(),
    }
}

fn person() -> v1::Person {
    v1::Person {
        identity_number: "19900101-2385".to_owned(),
        given_name: "Kim".to_owned(),
        family_name: "Test".to_owned(),
        birth_date: "1990-01-01".to_owned(),
        protection: v1::ProtectionLevel::None.into(),
        ..v1::Person::default()
    }
}

fn contact() -> v1::Contact {
    v1::Contact {
        name: "Jourtelefonen".to_owned(),
        function: "Mottagningsenheten".to_owned(),
        phone: "08-123 456".to_owned(),
        email: String::new(),
    }
}

fn consent() -> v1::LegalGround {
    v1::LegalGround {
        code: v1::LegalGroundCode::Consent.into(),
        consent: Some(v1::Consent {
            scopes: vec![v1::ConsentScope::All.into()],
            given_on: "2026-11-20".to_owned(),
            form: v1::ConsentForm::Written.into(),
            received_by: "handlaggare-7".to_owned(),
            guardians_consent: false,
            minor_alone: String::new(),
        }),
        ..v1::LegalGround::default()
    }
}

fn no_harm(assessment: &str) -> v1::LegalGround {
    v1::LegalGround {
        code: v1::LegalGroundCode::NoHarm261.into(),
        assessment: assessment.to_owned(),
        ..v1::LegalGround::default()
    }
}

/// The fields at fault with their reasons, as they are told.
fn faults<T: std::fmt::Debug>(parsed: Result<T, Refusal>) -> Vec<(String, Reason)> {
    let refusal = parsed.expect_err("a refusal");
    refusal
        .violations
        .into_iter()
        .map(|violation| (violation.field, violation.reason))
        .collect()
}

fn owned(expect: &[(&str, Reason)]) -> Vec<(String, Reason)> {
    expect
        .iter()
        .map(|(field, reason)| ((*field).to_owned(), *reason))
        .collect()
}

/// A refusal for the manual route says nothing else, and nothing of why.
fn assert_manual_route<T: std::fmt::Debug>(parsed: Result<T, Refusal>) {
    let refusal = parsed.expect_err("a refusal");
    assert_eq!(refusal, Refusal::new(Reason::ManualRouteRequired));
    for swedish in [false, true] {
        let status = refusal.to_status("id", swedish);
        let told = String::from_utf8_lossy(status.details()).into_owned() + status.message();
        assert!(!told.contains("protection"), "{told}");
    }
}
