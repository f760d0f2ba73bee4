//! Core and transfers: what follows when nobody does anything. Working days depend on the day, so longer times pass
//! here than any ten working days take.

use domain::code::NoticeKind::{
    ArrivalMatched, RelocationAcknowledged, RelocationArrived, RelocationEscalated,
    RelocationRegistered, RelocationReminded, RelocationReplied, TransferDecided,
    TransferDecisionOverdue, TransferReferred, TransferSilent,
};
use domain::relocation_state::RelocationState;

use super::request::transfer;
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B, C};
use super::steps::{Act, Fact, On, P, Scenario, event};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "scenario_12_a_silent_receiver_is_reminded_then_its_second_contact_and_nobody_else",
        on: On::Both,
        steps: &[
            Given(A.announces(P, B)),
            When(Act::Pass(25)),
            Then(B.is_told(&[RelocationRegistered, RelocationReminded])),
            When(Act::Pass(25)),
            Then(B.is_told(&[
                RelocationRegistered,
                RelocationReminded,
                RelocationEscalated,
            ])),
            When(Act::Pass(30)),
            Then(B.is_told(&[
                RelocationRegistered,
                RelocationReminded,
                RelocationEscalated,
            ])),
            Then(A.is_told(&[])),
            Then(C.is_told(&[])),
        ],
    },
    Scenario {
        name: "scenario_12_whoever_took_it_in_is_not_reminded",
        on: On::Both,
        steps: &[
            Given(A.announces(P, B)),
            Given(Act::Acknowledge(B)),
            When(Act::Pass(44)),
            Then(B.is_told(&[RelocationRegistered])),
            Then(Fact::Announcement(A, B, RelocationState::Acknowledged)),
        ],
    },
    Scenario {
        name: "scenario_50_a_month_of_silence_opens_the_way_and_ivo_has_three",
        on: On::Both,
        steps: &[
            Given(A.announces_with(P, B, transfer)),
            Given(Act::Acknowledge(B)),
            When(Act::Refer(A)),
            Then(Fact::Refused("STATE_NOT_ALLOWED", &["name"])),
            When(Act::Pass(40)),
            Then(A.is_told(&[RelocationAcknowledged, TransferSilent])),
            When(Act::Refer(A)),
            Then(B.is_told(&[RelocationRegistered, TransferSilent, TransferReferred])),
            When(Act::Pass(100)),
            Then(A.is_told(&[
                RelocationAcknowledged,
                TransferSilent,
                TransferDecisionOverdue,
            ])),
            When(Act::Decided(A)),
            Then(B.is_told(&[
                RelocationRegistered,
                TransferSilent,
                TransferReferred,
                TransferDecisionOverdue,
                TransferDecided,
            ])),
        ],
    },
    Scenario {
        name: "scenario_50_a_transfer_that_is_answered_is_never_silent",
        on: On::Both,
        steps: &[
            Given(A.announces_with(P, B, transfer)),
            Given(Act::Acknowledge(B)),
            When(Act::Refer(A)),
            Then(Fact::Refused("STATE_NOT_ALLOWED", &["name"])),
            Given(Act::Reply(B, "Vi tar över ärendet.")),
            When(Act::Pass(60)),
            Then(B.is_told(&[RelocationRegistered])),
            Then(A.is_told(&[RelocationAcknowledged, RelocationReplied])),
        ],
    },
    Scenario {
        name: "scenario_50_whoever_is_refused_a_transfer_goes_to_ivo_without_waiting",
        on: On::Rules,
        steps: &[
            Given(A.announces_with(P, B, transfer)),
            Given(Act::Acknowledge(B)),
            Given(Act::Object(B, "Den starkaste anknytningen är till er.")),
            When(Act::Refer(A)),
            Then(B.is_told(&[RelocationRegistered, TransferReferred])),
        ],
    },
    Scenario {
        name: "scenario_50_whoever_has_moved_already_is_asked_about_all_the_same",
        on: On::Services,
        steps: &[
            Given(B.is_told_by_the_register(&[event("nv-1", 0, P, &[(400, A), (5, B)])])),
            When(A.announces_with(P, B, transfer)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            When(Act::Pass(40)),
            Then(A.is_told(&[RelocationArrived, TransferSilent])),
            When(Act::Acknowledge(B)),
            When(Act::Reply(B, "Vi tar över ärendet.")),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            Then(A.is_told(&[
                RelocationArrived,
                TransferSilent,
                RelocationAcknowledged,
                RelocationReplied,
            ])),
            When(Act::Refer(A)),
            Then(B.is_told(&[
                RelocationRegistered,
                ArrivalMatched,
                TransferSilent,
                TransferReferred,
            ])),
        ],
    },
];
