//! Single fields: both sides of each bound.

use domain::reason::Reason::{self, *};
use domain::subject::{Subject, SubjectKind};
use uuid::Uuid;

use super::{TODAY, actor, owned};
use crate::parse::{Faults, subject};

fn found(faults: Faults) -> Vec<(String, Reason)> {
    match faults.end() {
        Ok(()) => Vec::new(),
        Err(refusal) => super::faults::<()>(Err(refusal)),
    }
}

#[test]
fn a_text_is_measured_in_signs_and_not_in_bytes() {
    let cases: [(String, Option<Reason>); 6] = [
        (String::new(), Some(FieldRequired)),
        ("å".into(), Some(FieldTooShort)),
        ("åä".into(), None),
        ("å".repeat(5), None),
        ("å".repeat(6), Some(FieldTooLong)),
        ("👩‍🚀".into(), None),
    ];
    for (text, expect) in cases {
        let mut faults = Faults::default();
        faults.text("text", &text, 2, 5);
        let expect: Vec<_> = expect.iter().map(|reason| ("text", *reason)).collect();
        assert_eq!(found(faults), owned(&expect), "{text}");
    }
    let mut faults = Faults::default();
    faults.text("text", "", 0, 5);
    assert!(faults.is_empty(), "empty where nothing is demanded");
}

#[test]
fn a_date_has_ten_signs_and_is_in_the_calendar() {
    let cases = [
        ("", Some(FieldRequired)),
        ("2026-12-31", None),
        ("2028-02-29", None),
        ("2026-02-29", Some(DateInvalid)),
        ("20261231", Some(DateInvalid)),
        ("2026-12-31T00:00", Some(DateInvalid)),
        ("31/12/2026", Some(DateInvalid)),
    ];
    for (text, expect) in cases {
        let mut faults = Faults::default();
        let date = faults.date("on", text);
        assert_eq!(date.is_none(), expect.is_some(), "{text}");
        let expect: Vec<_> = expect.iter().map(|reason| ("on", *reason)).collect();
        assert_eq!(found(faults), owned(&expect), "{text}");
    }
}

#[test]
fn a_request_id_is_a_uuid_that_is_not_zero() {
    let cases = [
        ("", Some(RequestIdRequired)),
        ("0199aaaa-0000-7000-8000-000000000001", None),
        (
            "00000000-0000-0000-0000-000000000000",
            Some(RequestIdInvalid),
        ),
        ("1", Some(RequestIdInvalid)),
    ];
    for (text, expect) in cases {
        let mut faults = Faults::default();
        let id = faults.request_id(text);
        assert_eq!(id.is_nil(), expect.is_some(), "{text}");
        let expect: Vec<_> = expect
            .iter()
            .map(|reason| ("request_id", *reason))
            .collect();
        assert_eq!(found(faults), owned(&expect), "{text}");
    }
}

#[test]
fn an_actor_holds_no_identity_number() {
    let mut faults = Faults::default();
    let mut officer = actor();
    officer.officer_id = "19900101-2385".to_owned();
    faults.actor(Some(&officer));
    let expect = [("actor.officer_id", IdentityNumberInText)];
    assert_eq!(found(faults), owned(&expect));
}

#[test]
fn an_unknown_municipality_is_told_the_nearest_ones() {
    let mut faults = Faults::default();
    faults.municipality("municipality", "municipalities/0185", None, *TODAY);
    let refusal = faults.end().expect_err("unknown");
    assert_eq!(refusal.metadata["nearest"].split(", ").count(), 3);
}

#[test]
fn a_name_is_of_the_expected_kind_or_refused() {
    let expect = Subject::alert(Uuid::from_u128(7));
    let name = expect.to_string();
    assert_eq!(subject(SubjectKind::Alert, &name), Ok(expect));
    let cases = [
        (SubjectKind::Relocation, name.as_str(), NameInvalid),
        (SubjectKind::Alert, "alerts/7", NameInvalid),
        (SubjectKind::Alert, "", FieldRequired),
    ];
    for (kind, name, reason) in cases {
        let refusal = subject(kind, name).expect_err("refused");
        assert_eq!(refusal.reason, reason, "{name}");
    }
}
