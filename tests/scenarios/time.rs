//! Time: nights when the clock changes, 29 February, and a clock that is wrong. Days are Swedish days, whatever the
//! processes' own time zone is.

use domain::code::NoticeKind::{
    RelocationAcknowledged, RelocationEscalated, RelocationRegistered, RelocationReminded,
    TransferSilent,
};

use super::request::transfer;
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B};
use super::steps::{Act, On, P, Scenario};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        // a month ends on Good Friday: the first working day is after Easter, whose night of Sunday is an hour short
        name: "scenario_62_a_month_that_ends_after_the_night_of_summer_time_ends_at_swedish_midnight",
        on: On::Rules,
        steps: &[
            Given(Act::Until("2027-02-26T09:00:00Z")),
            Given(A.announces_with(P, B, transfer)),
            Given(Act::Acknowledge(B)),
            When(Act::Until("2027-03-30T21:59:59Z")),
            Then(A.is_told(&[RelocationAcknowledged])),
            When(Act::Until("2027-03-30T22:00:00Z")),
            Then(A.is_told(&[RelocationAcknowledged, TransferSilent])),
        ],
    },
    Scenario {
        // a month ends on a Saturday, and the night of Sunday is an hour long
        name: "scenario_62_a_month_that_ends_after_the_night_of_winter_time_ends_at_swedish_midnight",
        on: On::Rules,
        steps: &[
            Given(Act::Until("2027-09-30T09:00:00Z")),
            Given(A.announces_with(P, B, transfer)),
            Given(Act::Acknowledge(B)),
            When(Act::Until("2027-11-01T22:59:59Z")),
            Then(A.is_told(&[RelocationAcknowledged])),
            When(Act::Until("2027-11-01T23:00:00Z")),
            Then(A.is_told(&[RelocationAcknowledged, TransferSilent])),
        ],
    },
    Scenario {
        name: "scenario_62_a_month_after_31_january_is_29_february_when_there_is_one",
        on: On::Rules,
        steps: &[
            Given(Act::Until("2028-01-31T09:00:00Z")),
            Given(A.announces_with(P, B, transfer)),
            Given(Act::Acknowledge(B)),
            When(Act::Until("2028-02-29T22:59:59Z")),
            Then(A.is_told(&[RelocationAcknowledged])),
            When(Act::Until("2028-02-29T23:00:00Z")),
            Then(A.is_told(&[RelocationAcknowledged, TransferSilent])),
        ],
    },
    Scenario {
        // late on the last evening of a leap year's February, by UTC; in Sweden it is March
        name: "scenario_62_what_is_announced_after_swedish_midnight_counts_from_the_new_day",
        on: On::Rules,
        steps: &[
            Given(Act::Until("2028-02-29T23:30:00Z")),
            Given(A.announces_with(P, B, transfer)),
            Given(Act::Acknowledge(B)),
            When(Act::Until("2028-04-03T21:59:59Z")),
            Then(A.is_told(&[RelocationAcknowledged])),
            When(Act::Until("2028-04-03T22:00:00Z")),
            Then(A.is_told(&[RelocationAcknowledged, TransferSilent])),
        ],
    },
    Scenario {
        name: "scenario_62_a_clock_that_jumps_makes_what_was_due_once_and_each_step_in_its_turn",
        on: On::Rules,
        steps: &[
            Given(A.announces(P, B)),
            When(Act::Jumps("2027-02-01T08:00:00Z")),
            Then(B.is_told(&[RelocationRegistered, RelocationReminded])),
            When(Act::Jumps("2027-02-01T08:00:01Z")),
            Then(B.is_told(&[RelocationRegistered, RelocationReminded])),
            When(Act::Pass(25)),
            Then(B.is_told(&[
                RelocationRegistered,
                RelocationReminded,
                RelocationEscalated,
            ])),
        ],
    },
];
