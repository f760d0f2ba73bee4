//! What is noted, what is not, and what a flood leaves.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::reason::Reason;

use super::*;
use crate::caller::Caller;

fn call() -> Call {
    let caller = Caller {
        organisation_number: "212000-0142".to_owned(),
        organisation: "Solna kommun".to_owned(),
        roles: BTreeSet::new(),
        municipalities: BTreeSet::new(),
        valid_until: Timestamp::MAX,
    };
    Call::new(
        Arc::new(caller),
        "GetRelocation",
        Uuid::nil().to_string(),
        true,
    )
}

fn noted(refusals: &Refusals, call: &Call, refusal: &Refusal) {
    refusals.note("RegisterRelocation", call, refusal, Timestamp::UNIX_EPOCH);
}

#[test]
fn a_flood_is_cut_at_the_bound_and_what_was_cut_is_counted() {
    let (refusals, call) = (Refusals::default(), call());
    let refusal = Refusal::field("actor", Reason::ActorRequired);
    for _ in 0..REFUSALS_WAITING_MAX {
        noted(&refusals, &call, &refusal);
    }
    let counts = || {
        let waiting = refusals.waiting();
        (waiting.refusals.len(), waiting.dropped)
    };
    assert_eq!(counts(), (REFUSALS_WAITING_MAX, 0));
    for _ in 0..2 {
        noted(&refusals, &call, &refusal);
    }
    assert_eq!(counts(), (REFUSALS_WAITING_MAX, 2));
}

#[test]
fn refusals_by_the_rules_are_noted_for_whom_the_call_was_proven_to_act() {
    let (refusals, call) = (Refusals::default(), call());
    for reason in [
        Reason::RateLimited,
        Reason::JournalUnavailable,
        Reason::DeadlineExceeded,
        Reason::NotFound,
        Reason::Internal,
    ] {
        noted(&refusals, &call, &Refusal::new(reason));
    }
    noted(&refusals, &call, &Refusal::new(Reason::RoleNotAllowed));
    let solna = MunicipalityCode::parse("0184").expect("a code");
    call.acts_for(solna);
    let fields = ["legal_ground", "actor"].map(|field| domain::reason::Violation {
        field: field.to_owned(),
        reason: Reason::LegalGroundMissing,
    });
    noted(&refusals, &call, &Refusal::violations(fields.to_vec()));
    let waiting = refusals.waiting();
    let found: Vec<_> = waiting
        .refusals
        .iter()
        .map(|it| (it.authority, it.reason.as_str(), it.fields.join(" ")))
        .collect();
    assert_eq!(
        found,
        [
            (MunicipalityCode::HOUSE, "ROLE_NOT_ALLOWED", String::new()),
            (
                solna,
                "LEGAL_GROUND_MISSING",
                "legal_ground actor".to_owned()
            ),
        ]
    );
}

#[test]
fn what_tells_of_a_marking_is_noted_as_the_manual_route_and_names_no_field() {
    let (refusals, call) = (Refusals::default(), call());
    let mut among = Refusal::field("content.expected_on", Reason::DateInvalid);
    let about = Refusal::field("secrecy_marking_confirmed", Reason::SecrecyNotMarked);
    among.violations.extend(about.violations.clone());
    let told = Reason::ALL
        .into_iter()
        .filter(|reason| reason.tells_of_marking());
    let told: Vec<_> = told.map(|reason| Refusal::field("actor", reason)).collect();
    assert_eq!(told.len(), 5);
    for refusal in told.iter().chain([&among, &about]) {
        noted(&refusals, &call, refusal);
    }
    noted(
        &refusals,
        &call,
        &Refusal::field("kind", Reason::ValueUnknown),
    );
    let noted: Vec<_> = refusals
        .waiting()
        .refusals
        .iter()
        .map(|one| (one.reason.clone(), one.fields.clone()))
        .collect();
    let mut expected = vec![("MANUAL_ROUTE_REQUIRED".to_owned(), Vec::new()); 7];
    expected.push(("VALUE_UNKNOWN".to_owned(), vec!["kind".to_owned()]));
    assert_eq!(noted, expected);
}
