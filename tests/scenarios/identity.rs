//! Identity: numbers of every kind, and the second identifier.

use api::v1;
use domain::code::NoticeKind::RelocationRegistered;

use super::request::{arrived, person};
use super::steps::Step::{Given, Then, When};
use super::steps::Who::{A, B, C};
use super::steps::{Act, COORDINATED, Fact, On, P, Person, Q, Scenario};

/// The field of the number.
const NUMBER: &str = "content.person.identity_number";
/// A child whose coordination number is too young to be dormant when the rules are played, on 24 November 2026.
const YOUNG: Person = Person("20231271-2389", "2023-12-11");

pub(crate) const SCENARIOS: &[Scenario] = &[
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
    let digits = |check: u32| format!("19900101-111{check}");
    let today = jiff::civil::date(2026, 11, 24);
    let right = |number: &String| domain::identity::IdentityNumber::parse(number, today).is_ok();
    (0..10).map(digits).find(right).expect("one digit is right")
}
