//! Register: arrivals and announcements, in whatever order they come.

use api::v1;
use domain::code::NoticeKind::{
    ArrivalMatched, QuestionAsked, RelocationAcknowledged, RelocationArrived, RelocationNotArrived,
    RelocationRegistered, RelocationReopened,
};
use domain::code::{CloseReason, WithdrawalReason};
use domain::relocation_state::RelocationState;
use tests::eventually;

use super::request::{deregistered, planned};
use super::services::Services;
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B, C};
use super::steps::{
    Act, CHILD, COORDINATED, Event, Fact, MOVED, OPEN, On, P, Q, Scenario, Shown, closed, event,
};

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
        name: "scenario_14_a_client_who_left_unannounced_is_a_question_to_the_sender_alone",
        on: On::Services,
        steps: &[
            // of whom only the register tells, nothing is asked
            Given(A.is_told_by_the_register(&[event("1", 1, P, &[(100, A), (2, B)])])),
            Then(Fact::Outcomes(&["ACCEPTED"])),
            When(A.asks_of_clients(&[event("1", 1, P, &[(100, A), (2, B)])])),
            Then(Fact::Outcomes(&["ACCEPTED LEFT FOR B"])),
            // each time anew, and by what the event tells, which is not taken in
            When(A.asks_of_clients(&[
                event("2", 2, P, &[(100, A), (9, B), (2, C)]),
                event("1", 1, P, &[(100, A), (2, B)]),
                event("3", 3, P, &[(100, A)]),
            ])),
            Then(Fact::Outcomes(&[
                "ACCEPTED LEFT FOR C",
                "ACCEPTED LEFT FOR B",
                "ACCEPTED",
            ])),
            // whom the feed told nothing of
            When(A.asks_of_clients(&[event("1", 1, Q, &[(100, A), (2, B)])])),
            Then(Fact::Outcomes(&["ACCEPTED LEFT FOR B"])),
            When(Act::Pass(15)),
            Then(A.is_asked(&[])),
            Then(A.is_told(&[])),
            Then(B.is_told(&[])),
            Then(C.is_told(&[])),
            Then(Fact::Shown(Shown::That("nothing is recorded", |it| {
                Box::pin(nothing_recorded(it))
            }))),
            When(A.announces(P, B)),
            When(A.asks_of_clients(&[event("4", 4, P, &[(100, A), (17, B)])])),
            Then(Fact::Outcomes(&["ACCEPTED"])),
            When(Act::Withdraw(A, WithdrawalReason::MoveCancelled)),
            When(A.asks_of_clients(&[event("4", 4, P, &[(100, A), (17, B)])])),
            Then(Fact::Outcomes(&["ACCEPTED LEFT FOR B"])),
            When(A.announces(P, C)),
            When(A.asks_of_clients(&[event("4", 4, P, &[(100, A), (17, B)])])),
            Then(Fact::Outcomes(&["ACCEPTED LEFT FOR B"])),
        ],
    },
    Scenario {
        name: "scenario_14_nobody_is_asked_of_who_is_protected_gone_or_told_by_the_feed",
        on: On::Services,
        steps: &[
            Given(
                A.is_told_by_the_register(&[
                    event("1", 9, Q, &[(100, A), (2, B)])
                        .with(|it| it.protection = v1::ProtectionLevel::SecrecyMarking.into()),
                    event("2", 9, CHILD, &[(100, A), (2, B)]).with(|it| {
                        it.protection = v1::ProtectionLevel::ProtectedRegistration.into();
                    }),
                    event("3", 9, P, &[(100, A), (2, B)]).with(|it| it.ongoing_involvement = true),
                ]),
            ),
            Then(Fact::Outcomes(&[
                "ACCEPTED",
                "ACCEPTED",
                "REFUSED FIELD_NOT_FOR_ROLE",
            ])),
            When(
                A.asks_of_clients(&[
                    // as the register told it, and as it was before
                    event("1", 9, Q, &[(100, A), (2, B)])
                        .with(|it| it.protection = v1::ProtectionLevel::SecrecyMarking.into()),
                    event("4", 8, Q, &[(100, A), (2, B)]),
                    event("5", 8, CHILD, &[(100, A), (2, B)]),
                    // an old number of who is protected
                    event("6", 8, P, &[(100, A), (2, B)])
                        .with(|it| it.referred_identity_number = CHILD.0.into()),
                ]),
            ),
            Then(Fact::Outcomes(&[
                "ACCEPTED", "ACCEPTED", "ACCEPTED", "ACCEPTED",
            ])),
            When(A.asks_of_clients(&[
                event("7", 7, COORDINATED, &[(100, A)]),
                event("8", 8, COORDINATED, &[(100, C), (2, B)]),
                event("9", 9, COORDINATED, &[(100, A), (2, B)]).with(|it| deregistered(it, "UV")),
            ])),
            Then(Fact::Outcomes(&["ACCEPTED", "ACCEPTED", "ACCEPTED"])),
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
            Then(Fact::Shown(Shown::That(
                "both read after which move the person returns",
                |it| Box::pin(returns(it)),
            ))),
            // whoever comes from elsewhere does not return
            When(C.announces(Q, A)),
            Then(Fact::Warned(&[])),
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
    Scenario {
        name: "scenario_18_a_move_that_was_registered_for_another_day_stays_settled",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Given(B.is_told_by_the_register(&[event("1", 1, P, &[(100, A), (2, B)])])),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            When(B.is_told_by_the_register(&[event("2", 2, P, &[(100, A), (1, B)])])),
            When(Act::Pass(15)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            Then(A.is_told(&[RelocationArrived, RelocationReopened, RelocationArrived])),
            Then(A.is_asked(&[])),
        ],
    },
    Scenario {
        name: "scenario_19_a_move_that_the_register_told_before_it_was_announced_is_settled",
        on: On::Services,
        steps: &[
            Given(B.is_told_by_the_register(&[event("1", 1, P, &[(100, A), (2, B)])])),
            Then(A.is_told(&[])),
            When(A.announces(P, B)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            Then(A.is_told(&[RelocationArrived])),
            Then(B.is_told(&[RelocationRegistered, ArrivalMatched])),
        ],
    },
    Scenario {
        name: "scenario_20_a_changed_record_without_a_move_is_no_event",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Given(Act::Acknowledge(B)),
            When(B.is_told_by_the_register(&[
                event("1", 1, P, &[(100, B)]),
                event("2", 2, P, &[(200, B), (100, B)]),
                event("3", 3, P, &[(90, B), (2, B)]),
            ])),
            Then(Fact::Outcomes(&["ACCEPTED", "ACCEPTED", "ACCEPTED"])),
            When(Act::Pass(15)),
            Then(Fact::Announcement(A, B, RelocationState::Acknowledged)),
            Then(A.is_told(&[RelocationAcknowledged])),
            Then(B.is_told(&[RelocationRegistered])),
        ],
    },
    Scenario {
        name: "scenario_21_shuffled_and_doubled_events_end_as_those_in_order",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Given(A.announces(Q, B)),
            // what is opened again counts as taken in
            Given(Act::Acknowledge(B)),
            Given(A.announces(CHILD, B)),
            Given(A.announces(P, C)),
            Given(A.announces(Q, C)),
            Given(Act::Acknowledge(C)),
            Given(A.announces(CHILD, C)),
            When(C.is_told_by_the_register(&[
                event("1", 1, P, &[(100, A), (9, C)]),
                event("2", 2, Q, &[(100, A), (8, C)]),
                event("3", 3, CHILD, &[(100, A), (7, C)]),
                event("4", 4, Q, &[(100, A)]),
                event("5", 5, CHILD, &[(7, C), (2, A)]),
            ])),
            When(B.is_told_by_the_register(&SHUFFLED)),
            Then(Fact::Outcomes(&[
                "ACCEPTED", "ACCEPTED", "ACCEPTED", "REPEATED", "ACCEPTED", "REPEATED", "ACCEPTED",
                "REPEATED",
            ])),
            When(Act::Pass(15)),
            Then(Fact::Shown(Shown::That("both ends are the same", |it| {
                Box::pin(same_ends(it))
            }))),
            Then(A.is_asked(&[])),
        ],
    },
    Scenario {
        name: "scenario_22_a_full_resend_brings_nothing_new",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Given(B.is_told_by_the_register(&[
                event("1", 1, P, &[(100, A), (9, B)]),
                event("2", 2, Q, &[(100, A), (8, B)]),
            ])),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            When(B.is_told_by_the_register(&[
                event("1", 1, P, &[(100, A), (9, B)]),
                event("2", 2, Q, &[(100, A), (8, B)]),
            ])),
            Then(Fact::Outcomes(&["REPEATED", "REPEATED"])),
            Then(A.is_told(&[RelocationArrived])),
            Then(B.is_told(&[RelocationRegistered, ArrivalMatched])),
            // the same id for something else is a fault of the feed
            When(B.is_told_by_the_register(&[event("2", 2, Q, &[(100, A), (7, B)])])),
            Then(Fact::Outcomes(&["REFUSED REQUEST_ID_REUSED"])),
        ],
    },
    Scenario {
        name: "scenario_23_a_deregistration_is_no_move_and_an_unknown_code_is_kept",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Given(Act::Acknowledge(B)),
            When(
                B.is_told_by_the_register(&[
                    event("1", 1, P, MOVED).with(|it| deregistered(it, "AV")),
                    event("2", 2, P, MOVED).with(|it| deregistered(it, "UV")),
                    event("3", 3, P, MOVED).with(|it| deregistered(it, "AS")),
                    event("4", 4, P, MOVED).with(|it| deregistered(it, "AN")),
                    event("5", 5, P, MOVED).with(|it| deregistered(it, "OB")),
                    event("6", 6, P, MOVED).with(|it| deregistered(it, "TA")),
                    event("7", 7, P, MOVED).with(|it| deregistered(it, "FI")),
                    event("8", 8, P, &[(100, A), (2, B)]).with(|it| deregistered(it, "XX")),
                    event("9", 9, P, &[(100, A), (2, B)])
                        .with(|it| it.identity_number = "19900101-2386".into()),
                ]),
            ),
            Then(Fact::Outcomes(&[
                "ACCEPTED",
                "ACCEPTED",
                "ACCEPTED",
                "ACCEPTED",
                "ACCEPTED",
                "ACCEPTED",
                "ACCEPTED",
                "QUARANTINED VALUE_UNKNOWN",
                "REFUSED IDENTITY_NUMBER_CHECKSUM",
            ])),
            When(Act::Pass(15)),
            Then(Fact::Announcement(A, B, RelocationState::Acknowledged)),
            Then(A.is_told(&[RelocationAcknowledged])),
            Then(Fact::Shown(Shown::That(
                "the unknown one is listed",
                |it| Box::pin(quarantined(it)),
            ))),
        ],
    },
    Scenario {
        name: "scenario_24_registered_in_the_municipality_without_an_address_is_a_move",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            When(
                B.is_told_by_the_register(&[event("1", 1, P, &[(100, A), (2, B)])
                    .with(|it| it.registration.as_mut().expect("one").without_address = true)]),
            ),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            Then(A.is_told(&[RelocationArrived])),
            Then(Fact::Shown(Shown::That("it is kept", |it| {
                Box::pin(without_address(it))
            }))),
        ],
    },
    Scenario {
        name: "scenario_25_a_registration_that_the_register_reverses_opens_the_match_again",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Given(B.is_told_by_the_register(&[event("1", 1, P, &[(100, A), (2, B)])])),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            When(B.is_told_by_the_register(&[event("2", 2, P, &[(100, A)])])),
            Then(Fact::Announcement(A, B, RelocationState::Acknowledged)),
            Then(A.is_told(&[RelocationArrived, RelocationReopened])),
            When(B.is_told_by_the_register(&[event("3", 3, P, &[(100, A), (1, B)])])),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
        ],
    },
    Scenario {
        name: "scenario_25_whoever_announces_what_is_open_again_is_pointed_to_it",
        on: On::Services,
        steps: &[
            Given(A.announces(P, B)),
            Given(B.reports(P, A)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            Given(Act::Retract(B)),
            Then(Fact::Announcement(A, B, RelocationState::Acknowledged)),
            When(A.announces(P, B)),
            Then(Fact::AnsweredAsTheFirst),
            Then(Fact::Warned(&["ALREADY_ANNOUNCED"])),
            Then(B.is_told(&[RelocationRegistered, ArrivalMatched, RelocationReopened])),
        ],
    },
];

/// The events that C is told in their order, as B is told them.
const SHUFFLED: [Event; 8] = [
    event("5", 5, CHILD, &[(7, B), (2, A)]),
    event("4", 4, Q, &[(100, A)]),
    event("1", 1, P, &[(100, A), (9, B)]),
    event("5", 5, CHILD, &[(7, B), (2, A)]),
    event("3", 3, CHILD, &[(100, A), (7, B)]),
    event("1", 1, P, &[(100, A), (9, B)]),
    event("2", 2, Q, &[(100, A), (8, B)]),
    event("4", 4, Q, &[(100, A)]),
];

/// In no record that a party sees is an entry of it.
async fn nothing_recorded(services: &Services<'_>) {
    for who in [A, B, C] {
        let party = services.party(who);
        let request = v1::ListEntriesRequest {
            municipality: party.municipality(),
            page_size: 500,
            ..v1::ListEntriesRequest::default()
        };
        let listed = party.list_entries(request).await.expect("a list");
        assert_eq!(listed.entries, [], "{who:?}");
    }
}

/// Each person's announcements stand alike with B and with C.
async fn same_ends(services: &Services<'_>) {
    use RelocationState::{Acknowledged, Arrived};
    for (who, at) in [(B, 0), (C, 3)] {
        for (place, expected) in (at..).zip([Arrived, Acknowledged, Arrived]) {
            let look = || async { services.state(place).await };
            eventually(&format!("{who:?}, {place}"), look, &expected).await;
        }
    }
}

/// The municipality's case system sees what its feed could not bring in.
async fn quarantined(services: &Services<'_>) {
    let party = services.party(B);
    let request = |page_token| v1::ListQuarantinedEventsRequest {
        municipality: party.municipality(),
        page_size: 1,
        page_token,
    };
    let page = party.list_quarantined(request(String::new())).await;
    let page = page.expect("a list");
    let [event] = page.events.as_slice() else {
        panic!("{:?}", page.events)
    };
    assert_eq!(
        (
            event.source_id.as_str(),
            event.field.as_str(),
            event.code.as_str()
        ),
        ("8", "deregistration.code", "XX")
    );
    let next = party.list_quarantined(request(page.next_page_token)).await;
    assert_eq!(next.expect("a list").events, []);
}

/// The receiver reads of an arrival that its register told, and nobody was asked.
async fn without_address(services: &Services<'_>) {
    let party = services.party(B);
    let list = v1::ListArrivalsRequest {
        municipality: party.municipality(),
        ..v1::ListArrivalsRequest::default()
    };
    let listed = party.list_arrivals(list).await.expect("a list").arrivals;
    let name = &listed.first().expect("an arrival").name;
    let read = party.read_arrival(name).await.expect("its own");
    let content = read.content.expect("what was told");
    assert!(content.without_address && read.exempt);
    assert_eq!(content.person, None);
}

/// Who reads the newest announcement reads which one the person returns after; responsibility is computed by nobody.
async fn returns(services: &Services<'_>) {
    let before = services.newest_name(A, B);
    for who in [A, B] {
        assert_eq!(services.read(who).await.returns, before, "{who:?}");
    }
    // and the first one returns from nowhere
    let first = services.party(A).read(&before).await.expect("its own");
    assert_eq!(first.returns, "");
}
