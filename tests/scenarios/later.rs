//! Protection that comes after an announcement, in whatever state what tells of it comes in.

use api::v1;
use domain::code::NoticeKind::{ArrivalMatched, RelocationArrived, RelocationRegistered};
use domain::relocation_state::RelocationState;

use super::request::deregistered;
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B};
use super::steps::{CHILD, COORDINATED, Fact, On, P, Q, Scenario, event};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "scenario_36_protection_is_heeded_in_an_event_that_nobody_understands_or_that_is_refused",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            When(
                A.is_told_by_the_register(&[event("1", 1, P, &[(100, A)]).with(|it| {
                    protected(it);
                    deregistered(it, "XX");
                })]),
            ),
            Then(Fact::Outcomes(&["QUARANTINED VALUE_UNKNOWN"])),
            Then(Fact::Announcement(A, B, RelocationState::Withdrawn)),
            When(A.announces(P, B)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            // what is not understood lifts nothing
            When(A.is_told_by_the_register(&[
                event("2", 2, P, &[(100, A)]).with(|it| deregistered(it, "XX")),
            ])),
            When(A.announces(P, B)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            // in a municipality that is not known here
            Given(A.announces(CHILD, B)),
            When(
                A.is_told_by_the_register(&[event("3", 1, CHILD, &[(100, A), (2, B)]).with(
                    |it| {
                        protected(it);
                        it.registration.as_mut().expect("one").municipality = LONG_AGO.into();
                    },
                )]),
            ),
            Then(Fact::Outcomes(&["QUARANTINED MUNICIPALITY_UNKNOWN"])),
            Then(Fact::Announcement(A, B, RelocationState::Withdrawn)),
            // at a level that is not known here, under the number that took the other's place
            Given(A.announces(Q, B)),
            When(
                A.is_told_by_the_register(&[event("4", 1, COORDINATED, &[(100, A)]).with(|it| {
                    it.protection = 9;
                    it.referred_identity_number = Q.0.into();
                })]),
            ),
            Then(Fact::Outcomes(&["QUARANTINED VALUE_UNKNOWN"])),
            Then(Fact::Announcement(A, B, RelocationState::Withdrawn)),
            When(A.announces(COORDINATED, B)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
            // the next event that is understood, and tells of no protection, lifts it
            When(A.is_told_by_the_register(&[event("5", 2, Q, &[(100, A)])])),
            When(A.announces(Q, B)),
            Then(Fact::Announcement(A, B, RelocationState::Registered)),
            // refused, for a day in its history and for its instant
            When(
                A.is_told_by_the_register(&[event("6", 3, Q, &[(100, A), (2, B)]).with(|it| {
                    protected(it);
                    before(it).registered_on = "för länge sedan".into();
                    it.changed_at = None;
                })]),
            ),
            Then(Fact::Outcomes(&["REFUSED FIELD_REQUIRED"])),
            Then(Fact::Announcement(A, B, RelocationState::Withdrawn)),
            When(A.announces(Q, B)),
            Then(Fact::Refused("MANUAL_ROUTE_REQUIRED", &[])),
        ],
    },
    Scenario {
        name: "scenario_23_a_municipality_of_long_ago_keeps_nothing_else_from_being_understood",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            When(B.is_told_by_the_register(&[
                event("1", 1, P, &[(9999, A), (100, A), (2, B)]).with(long_ago),
                event("1", 1, P, &[(9999, A), (100, A), (2, B)]).with(long_ago),
            ])),
            Then(Fact::Outcomes(&[
                "ACCEPTED MUNICIPALITY_UNKNOWN",
                "REPEATED MUNICIPALITY_UNKNOWN",
            ])),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            Then(A.is_told(&[RelocationArrived])),
            Then(B.is_told(&[RelocationRegistered, ArrivalMatched])),
            // whoever came from there did not come from A
            Given(A.announces(Q, B)),
            When(B.is_told_by_the_register(&[
                event("2", 1, Q, &[(50, A), (100, A), (2, B)]).with(long_ago),
            ])),
            Then(Fact::Announcement(A, B, RelocationState::Registered)),
        ],
    },
];

/// Skövde, until 1997.
const LONG_AGO: &str = "municipalities/1683";

/// Protected registration (skyddad folkbokföring).
fn protected(event: &mut v1::RegisterEvent) {
    event.protection = v1::ProtectionLevel::ProtectedRegistration.into();
}

/// The first one of its history was there.
fn long_ago(event: &mut v1::RegisterEvent) {
    before(event).municipality = LONG_AGO.into();
}

/// Where the person was first, as an event tells.
fn before(event: &mut v1::RegisterEvent) -> &mut v1::Registration {
    event.history.first_mut().expect("one")
}
