//! Families: households, children with two homes, inquiries about children.

use api::v1;
use domain::code::NoticeKind::{
    ArrivalMatched, RelocationArrived, RelocationEscalated, RelocationManualRoute,
    RelocationNotArrived, RelocationRegistered, RelocationReminded,
};
use domain::relocation_state::RelocationState;

use super::request::{of_a_household, without_guardians};
use super::services::Services;
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B, C};
use super::steps::{Act, CHILD, Fact, On, P, Q, Scenario, Shown, event};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "scenario_42_of_a_household_one_arrives_and_one_child_stays",
        on: On::Both,
        steps: &[
            Given(A.announces_with(CHILD, B, of_a_household)),
            Given(A.announces_with(P, B, of_a_household)),
            When(B.reports(P, A)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            Then(A.is_told(&[RelocationArrived])),
            Then(Fact::Shown(Shown::That(
                "both see that of the household one has arrived",
                |it| Box::pin(one_of_two(it, v1::RelocationState::Registered)),
            ))),
            When(Act::Pass(25)),
            When(Act::Pass(25)),
            When(Act::Pass(220)),
            Then(Fact::Shown(Shown::That(
                "both see that the other one never did",
                |it| Box::pin(one_of_two(it, v1::RelocationState::NotArrived)),
            ))),
            Then(A.is_told(&[RelocationArrived, RelocationNotArrived])),
            Then(B.is_told(&[
                RelocationRegistered,
                RelocationRegistered,
                ArrivalMatched,
                RelocationReminded,
                RelocationEscalated,
                RelocationNotArrived,
            ])),
        ],
    },
    Scenario {
        name: "scenario_42_each_member_needs_a_ground_of_its_own",
        on: On::Both,
        steps: &[
            Given(A.announces_with(P, B, of_a_household)),
            When(A.announces_with(CHILD, B, |it| {
                of_a_household(it);
                without_guardians(it);
            })),
            Then(Fact::Refused(
                "GUARDIANS_CONSENT_REQUIRED",
                &["legal_ground.consent.guardians_consent"],
            )),
        ],
    },
    Scenario {
        name: "scenario_36_protection_of_one_ends_what_was_told_of_the_household",
        on: On::Services,
        steps: &[
            Given(A.announces_with(CHILD, B, of_a_household)),
            Given(A.announces_with(P, B, of_a_household)),
            // alone, and elsewhere in a household of its own
            Given(A.announces(Q, B)),
            When(A.is_told_by_the_register(&[event("1", 1, P, &[(100, A)]).with(protected)])),
            Then(A.is_told(&[RelocationManualRoute, RelocationManualRoute])),
            Then(B.is_told(&[
                RelocationRegistered,
                RelocationRegistered,
                RelocationRegistered,
                RelocationManualRoute,
                RelocationManualRoute,
            ])),
            Then(Fact::Shown(Shown::That(
                "of the household nothing is read there, of others all",
                |it| Box::pin(only_the_last_is_read(it)),
            ))),
            // whether it is named or not, to whomever it is
            When(A.announces_with(CHILD, B, of_a_household)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            When(A.announces(CHILD, C)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            When(A.reports(CHILD, C)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            When(A.announces(Q, C)),
            Then(Fact::Announcement(A, C, RelocationState::Registered)),
            // what comes of it elsewhere asks nobody
            When(B.reports(CHILD, A)),
            When(Act::Pass(15)),
            Then(A.is_asked(&[])),
            // it was lifted
            When(A.is_told_by_the_register(&[event("2", 2, P, &[(100, A)])])),
            When(A.announces_with(CHILD, C, of_a_household)),
            Then(Fact::Announcement(A, C, RelocationState::Registered)),
        ],
    },
    Scenario {
        name: "scenario_36_a_household_that_somebody_protected_is_named_in_goes_the_manual_route",
        on: On::Services,
        steps: &[
            Given(A.announces_with(CHILD, B, of_a_household)),
            Given(A.is_told_by_the_register(&[event("1", 1, P, &[(100, A)]).with(protected)])),
            Then(Fact::Announcement(A, B, RelocationState::Registered)),
            // only now it is known whose household it is
            When(A.announces_with(P, B, of_a_household)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            Then(Fact::Announcement(A, B, RelocationState::Withdrawn)),
            When(A.announces_with(Q, B, of_a_household)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            When(A.announces(Q, B)),
            Then(Fact::Announcement(A, B, RelocationState::Registered)),
        ],
    },
    Scenario {
        name: "scenario_36_protection_at_the_receiver_ends_the_household_there_and_nowhere_else",
        on: On::Services,
        steps: &[
            Given(A.announces_with(P, B, of_a_household)),
            Given(A.announces_with(CHILD, C, of_a_household)),
            Given(A.announces_with(CHILD, B, of_a_household)),
            When(B.is_told_by_the_register(&[event("1", 1, P, &[(100, A)]).with(protected)])),
            Then(Fact::Announcement(A, B, RelocationState::Withdrawn)),
            Then(Fact::Announcement(A, C, RelocationState::Registered)),
            Then(A.is_told(&[RelocationManualRoute, RelocationManualRoute])),
            Then(C.is_told(&[RelocationRegistered])),
            When(B.announces(CHILD, C)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            // the sender learns nothing by trying
            When(A.announces_with(CHILD, B, of_a_household)),
            Then(Fact::Announcement(A, B, RelocationState::Registered)),
        ],
    },
    Scenario {
        name: "scenario_43_a_child_who_lives_alternately_is_never_asked_about",
        on: On::Both,
        steps: &[
            Given(B.reports_with(CHILD, A, |it| {
                it.alternate_residence = true;
            })),
            When(Act::Pass(60)),
            Then(A.is_asked(&[])),
            Then(A.is_told(&[])),
            Then(Fact::Arrival(B, v1::ArrivalState::Reported)),
        ],
    },
    Scenario {
        name: "scenario_45_an_open_inquiry_must_be_finished_where_it_began",
        on: On::Services,
        steps: &[
            When(A.announces_with(CHILD, B, |it| {
                it.open_child_inquiry = true;
            })),
            Then(Fact::Warned(&["INQUIRY_MUST_FINISH"])),
            Then(B.is_told(&[RelocationRegistered])),
        ],
    },
];

/// Protected registration (skyddad folkbokföring).
fn protected(event: &mut v1::RegisterEvent) {
    event.protection = v1::ProtectionLevel::ProtectedRegistration.into();
}

/// The members of the one household from A to B, as either party lists and reads them: by person, where each stands.
async fn one_of_two(services: &Services<'_>, other: v1::RelocationState) {
    for who in [A, B] {
        let party = services.party(who);
        let listed = party.list_relocations(v1::ListRelocationsRequest {
            municipality: party.municipality(),
            ..v1::ListRelocationsRequest::default()
        });
        let mut members = Vec::new();
        for listed in listed.await.expect("a list").relocations {
            let read = party.read(&listed.name).await.expect("a party");
            let content = read.content.as_ref().expect("its content");
            let household = content.household.as_ref().expect("a household");
            assert_eq!(listed.state, read.state);
            let number = content.person.clone().expect("a person").identity_number;
            members.push((household.name.clone(), number, read.state()));
        }
        members.sort();
        let name = members.first().expect("a member").0.clone();
        let expected = [(P, v1::RelocationState::Arrived), (CHILD, other)];
        let expected = expected.map(|(it, state)| (name.clone(), it.0.to_owned(), state));
        assert_eq!(members, expected, "{who:?}");
    }
}

/// Of what A announced to B nothing but the last is read there.
async fn only_the_last_is_read(services: &Services<'_>) {
    let there = services.party(B);
    let listed = there.list_relocations(v1::ListRelocationsRequest {
        municipality: there.municipality(),
        ..v1::ListRelocationsRequest::default()
    });
    let last = services.relocation();
    let listed = listed.await.expect("a list").relocations;
    assert_eq!(listed.len(), 3);
    for relocation in listed {
        let read = there
            .read(&relocation.name)
            .await
            .expect("the envelope stays");
        assert_eq!(
            read.content.is_some(),
            relocation.name == last,
            "{relocation:?}"
        );
    }
}
