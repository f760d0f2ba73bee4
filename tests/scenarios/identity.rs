//! Identity: numbers of every kind, and the second identifier.

use api::v1;
use domain::code::CloseReason;
use domain::code::NoticeKind::{ArrivalMatched, RelocationArrived, RelocationRegistered};
use domain::relocation_state::RelocationState;

use super::request::{arrived, deregistered, person};
use super::services::Services;
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B, C};
use super::steps::{
    Act, COORDINATED, Event, Fact, OPEN, On, P, Person, Q, Scenario, Shown, closed, event,
};

/// The field of the number.
const NUMBER: &str = "content.person.identity_number";
/// A child whose coordination number is too young to be dormant when the rules are played, on 24 November 2026.
const YOUNG: Person = Person("20231271-2389", "2023-12-11");

/// The coordination number was replaced by Q's number.
const COORDINATED_TO_Q: Event = event("gs", 1, COORDINATED, &[]).with(|it| {
    deregistered(it, "GS");
    it.referred_identity_number = Q.0.into();
});
/// Q's number was corrected: it is P's now.
const Q_TO_P: Event = event("gn", 2, Q, &[]).with(|it| {
    deregistered(it, "GN");
    it.referred_identity_number = P.0.into();
});
/// A feed that errs: P's number would have been replaced by the first one.
const P_TO_COORDINATED: Event = event("cycle", 3, P, &[]).with(|it| {
    deregistered(it, "GN");
    it.referred_identity_number = COORDINATED.0.into();
});
/// No number of the person in the clear, however it is written.
const NUMBERS: &[&str] = &[
    "19140168-2396",
    "191401682396",
    "19620312-2384",
    "196203122384",
];

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "scenario_26_announced_under_a_coordination_number_and_arrived_under_a_personal_one_is_one_person",
        on: On::Services,
        steps: &[
            Given(A.announces(COORDINATED, B)),
            Given(B.is_told_by_the_register(&[COORDINATED_TO_Q])),
            Then(Fact::Outcomes(&["ACCEPTED"])),
            When(B.reports(Q, A)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            Then(A.is_told(&[RelocationArrived])),
            Then(B.is_told(&[RelocationRegistered, ArrivalMatched])),
            When(B.is_told_by_the_register(&[COORDINATED_TO_Q])),
            Then(Fact::Outcomes(&["REPEATED"])),
            Then(Fact::Shown(Shown::Nowhere(NUMBERS))),
        ],
    },
    Scenario {
        name: "scenario_26_a_replaced_number_that_is_told_after_the_question_settles_it",
        on: On::Services,
        steps: &[
            Given(A.announces(COORDINATED, B)),
            Given(B.reports(Q, A)),
            Given(Act::Pass(15)),
            Then(A.is_asked(&[OPEN])),
            When(B.is_told_by_the_register(&[COORDINATED_TO_Q])),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            Then(A.is_asked(&[closed(CloseReason::AnnouncedLate)])),
        ],
    },
    Scenario {
        name: "scenario_26_a_move_under_the_new_number_settles_what_was_announced_under_the_old",
        on: On::Services,
        steps: &[
            Given(A.announces(COORDINATED, B)),
            // the new number's record names the old one; then the old one's record ends
            When(
                B.is_told_by_the_register(&[
                    event("new", 1, Q, &[(100, A), (2, B)])
                        .with(|it| it.referred_identity_number = COORDINATED.0.into()),
                    event("old", 2, COORDINATED, &[(200, A)]).with(|it| {
                        deregistered(it, "GS");
                        it.referred_identity_number = Q.0.into();
                    }),
                ]),
            ),
            Then(Fact::Outcomes(&["ACCEPTED", "ACCEPTED"])),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            Then(A.is_told(&[RelocationArrived])),
        ],
    },
    Scenario {
        name: "scenario_26_whoever_announces_under_the_new_number_is_pointed_to_the_old_and_either_finds_it",
        on: On::Services,
        steps: &[
            Given(A.announces(COORDINATED, B)),
            Given(A.is_told_by_the_register(&[COORDINATED_TO_Q])),
            When(A.announces(Q, B)),
            Then(Fact::AnsweredAsTheFirst),
            Then(Fact::Warned(&["ALREADY_ANNOUNCED"])),
            Then(B.is_told(&[RelocationRegistered])),
            Then(Fact::Shown(Shown::That(
                "A finds it by either number, B by its own alone",
                |it| Box::pin(found(it)),
            ))),
        ],
    },
    Scenario {
        name: "scenario_26_what_another_municipality_was_told_counts_for_nobody_else",
        on: On::Services,
        steps: &[
            Given(A.announces(COORDINATED, B)),
            Given(C.is_told_by_the_register(&[COORDINATED_TO_Q])),
            When(B.reports(Q, A)),
            When(Act::Pass(15)),
            Then(A.is_asked(&[OPEN])),
            Then(Fact::Announcement(A, B, RelocationState::Registered)),
        ],
    },
    Scenario {
        name: "scenario_27_a_chain_of_numbers_is_one_person_in_whatever_order_it_was_told",
        on: On::Services,
        steps: &[
            Given(A.announces(COORDINATED, B)),
            Given(B.is_told_by_the_register(&[Q_TO_P, COORDINATED_TO_Q])),
            Then(Fact::Outcomes(&["ACCEPTED", "ACCEPTED"])),
            When(B.reports(P, A)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            Then(A.is_told(&[RelocationArrived])),
        ],
    },
    Scenario {
        name: "scenario_27_a_chain_that_was_told_before_the_announcement_settles_it_too",
        on: On::Services,
        steps: &[
            Given(B.is_told_by_the_register(&[COORDINATED_TO_Q])),
            // under the last number, before the chain reaches it
            Given(B.reports(P, A)),
            Given(B.is_told_by_the_register(&[Q_TO_P])),
            When(A.announces(COORDINATED, B)),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
        ],
    },
    Scenario {
        name: "scenario_27_a_cycle_is_refused_and_costs_the_others_nothing",
        on: On::Services,
        steps: &[
            Given(A.announces(COORDINATED, B)),
            When(B.is_told_by_the_register(&[
                COORDINATED_TO_Q,
                Q_TO_P,
                P_TO_COORDINATED,
                event("move", 4, P, &[(100, A), (2, B)]),
            ])),
            Then(Fact::Outcomes(&[
                "ACCEPTED",
                "ACCEPTED",
                "REFUSED REFERENCE_CYCLE",
                "ACCEPTED",
            ])),
            Then(Fact::Announcement(A, B, RelocationState::Arrived)),
            // nothing of it was kept
            When(B.is_told_by_the_register(&[P_TO_COORDINATED, Q_TO_P])),
            Then(Fact::Outcomes(&["REFUSED REFERENCE_CYCLE", "REPEATED"])),
        ],
    },
    Scenario {
        name: "scenario_28_a_coordination_number_that_may_be_dormant_is_accepted_with_a_warning",
        on: On::Both,
        steps: &[
            When(A.announces(COORDINATED, B)),
            Then(Fact::Warned(&["COORDINATION_NUMBER_DORMANT"])),
            Then(B.is_told(&[RelocationRegistered])),
            When(B.reports(COORDINATED, A)),
            Then(Fact::Warned(&["COORDINATION_NUMBER_DORMANT"])),
            // whoever looked it up is not warned
            When(C.reports_with(COORDINATED, A, |it| {
                arrived(it).number_status = v1::IdentityNumberStatus::Current.into();
            })),
            Then(Fact::Warned(&[])),
            When(A.announces(P, B)),
            Then(Fact::Warned(&[])),
        ],
    },
    Scenario {
        name: "scenario_28_a_young_coordination_number_is_dormant_only_when_the_register_says_so",
        on: On::Rules,
        steps: &[
            When(A.announces(YOUNG, B)),
            Then(Fact::Warned(&[])),
            When(A.announces_with(YOUNG, B, |it| {
                person(it).number_status = v1::IdentityNumberStatus::Dormant.into();
            })),
            Then(Fact::Warned(&["COORDINATION_NUMBER_DORMANT"])),
        ],
    },
    Scenario {
        name: "scenario_29_a_reserve_number_crosses_no_border",
        on: On::Both,
        steps: &[
            When(A.announces(Person("19900101-T123", "1990-01-01"), B)),
            Then(Fact::Refused("IDENTITY_NUMBER_LOCAL", &[NUMBER])),
            When(A.announces(Person("19900101-TF10", "1990-01-01"), B)),
            Then(Fact::Refused("IDENTITY_NUMBER_LOCAL", &[NUMBER])),
            When(B.reports(Person("19900101-TF10", "1990-01-01"), A)),
            Then(Fact::Refused("IDENTITY_NUMBER_LOCAL", &[NUMBER])),
            When(Act::Pass(15)),
            Then(A.is_asked(&[])),
            Then(B.is_told(&[])),
        ],
    },
    Scenario {
        name: "scenario_30_a_coordination_number_of_another_date_asks_for_confirmation",
        on: On::Both,
        steps: &[
            When(A.announces(Person(COORDINATED.0, "1914-02-08"), B)),
            Then(Fact::Refused(
                "BIRTH_DATE_UNCONFIRMED",
                &["content.person.birth_date_confirmed"],
            )),
            Then(B.is_told(&[])),
            When(
                A.announces_with(Person(COORDINATED.0, "1914-02-08"), B, |it| {
                    person(it).birth_date_confirmed = true;
                }),
            ),
            Then(B.is_told(&[RelocationRegistered])),
            // a personal number's date is the birth date: there is nothing to confirm
            When(A.announces_with(Person(P.0, "1990-01-02"), B, |it| {
                person(it).birth_date_confirmed = true;
            })),
            Then(Fact::Refused(
                "SECOND_IDENTIFIER_MISMATCH",
                &["content.person.birth_date"],
            )),
        ],
    },
    Scenario {
        name: "scenario_31_ten_and_twelve_digits_are_one_person_and_no_century_is_guessed",
        on: On::Services,
        steps: &[
            Given(A.announces(Person("620312-2384", Q.1), B)),
            When(A.announces(Q, B)),
            Then(Fact::Warned(&["ALREADY_ANNOUNCED"])),
            Then(Fact::AnsweredAsTheFirst),
            When(A.announces(Person("6203122384", Q.1), B)),
            Then(Fact::Refused("IDENTITY_NUMBER_AMBIGUOUS", &[NUMBER])),
            Then(B.is_told(&[RelocationRegistered])),
        ],
    },
    Scenario {
        name: "scenario_31_the_hyphen_becomes_a_plus_in_the_year_of_turning_100",
        on: On::Rules,
        steps: &[
            // it is 2026: whoever was born in 1926 is written with a plus
            When(A.announces(Person("260105+2380", "1926-01-05"), B)),
            Then(B.is_told(&[RelocationRegistered])),
            // a hyphen is somebody who was born this year
            When(A.announces(Person("260105-2380", "1926-01-05"), B)),
            Then(Fact::Refused(
                "SECOND_IDENTIFIER_MISMATCH",
                &["content.person.birth_date"],
            )),
            // later this year nobody was born yet, and a hundred years ago it should be a plus
            When(A.announces(Person("261224-2384", "1926-12-24"), B)),
            Then(Fact::Refused("IDENTITY_NUMBER_AMBIGUOUS", &[NUMBER])),
        ],
    },
    Scenario {
        name: "scenario_32_another_birth_date_stops_the_announcement_and_the_report",
        on: On::Both,
        steps: &[
            When(A.announces(Person(P.0, "1990-01-02"), B)),
            Then(Fact::Refused(
                "SECOND_IDENTIFIER_MISMATCH",
                &["content.person.birth_date"],
            )),
            When(B.reports(Person(P.0, "1991-01-01"), A)),
            Then(Fact::Refused(
                "SECOND_IDENTIFIER_MISMATCH",
                &["content.person.birth_date"],
            )),
            Then(B.is_told(&[])),
        ],
    },
    Scenario {
        name: "scenario_33_a_real_looking_number_is_refused_outside_production",
        on: On::Both,
        steps: &[
            When(A.announces_with(P, B, |it| person(it).identity_number = somebodys())),
            Then(Fact::Refused("REAL_NUMBER_OUTSIDE_PRODUCTION", &[NUMBER])),
            When(B.reports_with(P, A, |it| arrived(it).identity_number = somebodys())),
            Then(Fact::Refused("REAL_NUMBER_OUTSIDE_PRODUCTION", &[NUMBER])),
            Then(B.is_told(&[])),
        ],
    },
    Scenario {
        name: "scenario_33_a_test_number_is_refused_in_production",
        on: On::Rules,
        steps: &[
            Given(Act::InProduction),
            When(A.announces(P, B)),
            Then(Fact::Refused("TEST_NUMBER_IN_PRODUCTION", &[NUMBER])),
            When(A.announces_with(P, B, |it| person(it).identity_number = somebodys())),
            Then(B.is_told(&[RelocationRegistered])),
        ],
    },
];

/// A number that the state could have given to somebody born on P's day. Put together here, so that it stands nowhere.
fn somebodys() -> String {
    tests::checked("19900101-111")
}

/// The newest announcement is found under both numbers by whoever was told of them, in a search and in an extract.
async fn found(services: &Services<'_>) {
    for (who, number, expected) in [
        (A, COORDINATED, true),
        (A, Q, true),
        (B, COORDINATED, true),
        (B, Q, false),
    ] {
        let party = services.party(who);
        let request = v1::FindRelocationsRequest {
            municipality: party.municipality(),
            actor: party.actor(),
            term: Some(v1::find_relocations_request::Term::IdentityNumber(
                number.0.into(),
            )),
        };
        let found = party.find(request).await.expect("a search").relocations;
        let is_it = found.iter().any(|it| it.name == services.relocation());
        assert_eq!(
            (is_it, found.len()),
            (expected, usize::from(expected)),
            "{who:?}"
        );
        let items = party.extract(number.0).await.expect("an extract");
        let is_held = items.iter().any(|it| {
            use v1::produce_person_extract_response::Item;
            matches!(it, Item::Relocation(held)
                if held.relocation.as_ref().is_some_and(|it| it.name == services.relocation()))
        });
        assert_eq!(is_held, expected, "{who:?} in the extract");
    }
}
