//! Families: households, children with two homes, inquiries about children.

use api::v1;
use domain::code::NoticeKind::{
    ArrivalMatched, RelocationArrived, RelocationEscalated, RelocationNotArrived,
    RelocationRegistered, RelocationReminded,
};
use domain::relocation_state::RelocationState;

use super::request::{of_a_household, without_guardians};
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B};
use super::steps::{Act, CHILD, Fact, On, P, Scenario};

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
            When(Act::Pass(22)),
            When(Act::Pass(22)),
            When(Act::Pass(220)),
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
