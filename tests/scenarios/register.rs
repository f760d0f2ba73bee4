//! Register: arrivals and announcements, in whatever order they come.

use api::v1;
use domain::code::CloseReason;
use domain::code::NoticeKind::{
    ArrivalMatched, QuestionAsked, RelocationAcknowledged, RelocationArrived, RelocationNotArrived,
    RelocationRegistered, RelocationReopened,
};
use domain::relocation_state::RelocationState;

use super::request::planned;
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B, C};
use super::steps::{Act, Fact, OPEN, On, P, Scenario, closed};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "scenario_13_an_announcement_within_grace_covers_an_arrival_before_it",
        on: On::Both,
        steps: &[
            Given(B.reports(P, A)),
            Given(Act::Pass(3)),
            When(A.announces(P, B)),
            Then(Fact::Arrival(B, v1::ArrivalState::Matched)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            When(Act::Pass(15)),
            Then(A.is_asked(&[])),
            Then(A.is_told(&[RelocationArrived])),
            Then(B.is_told(&[RelocationRegistered, ArrivalMatched])),
        ],
    },
    Scenario {
        name: "scenario_15_whoever_never_arrives_is_closed_after_six_months_and_both_are_told",
        on: On::Both,
        steps: &[
            Given(A.announces(P, B)),
            Given(Act::Acknowledge(B)),
            When(Act::Pass(150)),
            Then(Fact::Announcement(A, B, RelocationState::Acknowledged)),
            When(Act::Pass(70)),
            Then(Fact::Announcement(A, B, RelocationState::NotArrived)),
            Then(B.is_told(&[RelocationRegistered, RelocationNotArrived])),
            Then(A.is_told(&[RelocationAcknowledged, RelocationNotArrived])),
            Then(A.is_asked(&[])),
        ],
    },
    Scenario {
        name: "scenario_16_two_moves_in_three_weeks_are_two_pairs_and_each_learns_its_own",
        on: On::Both,
        steps: &[
            Given(A.announces(P, B)),
            Given(B.reports(P, A)),
            Given(Act::Pass(10)),
            When(B.announces(P, C)),
            When(Act::Pass(11)),
            When(C.reports(P, B)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            Then(Fact::Announcement(B, C, RelocationState::Arrived)),
            Then(A.is_told(&[RelocationArrived])),
            Then(B.is_told(&[RelocationRegistered, ArrivalMatched, RelocationArrived])),
            Then(C.is_told(&[RelocationRegistered, ArrivalMatched])),
            When(Act::Pass(15)),
            Then(A.is_asked(&[])),
            Then(B.is_asked(&[])),
        ],
    },
    Scenario {
        name: "scenario_14_announced_to_one_and_arrived_in_another_each_learns_its_own",
        on: On::Both,
        steps: &[
            Given(A.announces(P, B)),
            Given(Act::Acknowledge(B)),
            When(C.reports(P, A)),
            When(Act::Pass(15)),
            Then(A.is_asked(&[OPEN])),
            Then(Fact::Announcement(A, B, RelocationState::NotArrived)),
            Then(A.is_told(&[RelocationAcknowledged, QuestionAsked, RelocationNotArrived])),
            Then(B.is_told(&[RelocationRegistered, RelocationNotArrived])),
            Then(C.is_told(&[])),
        ],
    },
    Scenario {
        name: "scenario_17_who_returns_is_marked_for_assessment",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Given(B.reports(P, A)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            When(B.announces(P, A)),
            Then(Fact::Warned(&["RETURNED"])),
            Then(Fact::Announcement(B, A, RelocationState::Registered)),
        ],
    },
    Scenario {
        name: "scenario_18_a_back_dated_move_settles_what_was_asked",
        on: On::Both,
        steps: &[
            Given(B.reports(P, A)),
            Given(Act::Pass(15)),
            Then(A.is_asked(&[OPEN])),
            When(A.announces_with(P, B, |it| planned(it, -2))),
            Then(A.is_asked(&[closed(CloseReason::AnnouncedLate)])),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
        ],
    },
    Scenario {
        name: "scenario_19_a_late_report_of_an_announced_move_asks_nobody",
        on: On::Both,
        steps: &[
            Given(A.announces_with(P, B, |it| planned(it, -3))),
            Given(Act::Acknowledge(B)),
            When(B.reports(P, A)),
            Then(Fact::Arrival(B, v1::ArrivalState::Matched)),
            When(Act::Pass(15)),
            Then(A.is_asked(&[])),
        ],
    },
    Scenario {
        name: "scenario_25_a_reversed_registration_opens_the_match_again",
        on: On::Both,
        steps: &[
            Given(A.announces(P, B)),
            Given(B.reports(P, A)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            When(Act::Retract(B)),
            Then(Fact::Announcement(A, B, RelocationState::Acknowledged)),
            Then(A.is_told(&[RelocationArrived, RelocationReopened])),
            Then(B.is_told(&[RelocationRegistered, ArrivalMatched, RelocationReopened])),
            When(B.reports(P, A)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
        ],
    },
];
