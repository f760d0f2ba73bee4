//! Timelines as a text: what was told, in whatever order, and the moves that follow.

use super::*;
use proptest::prelude::*;

fn code(number: u16) -> MunicipalityCode {
    MunicipalityCode::from_number(number).expect("four digits")
}

fn day(number: i8) -> Date {
    Date::constant(2026, 3, 1)
        .checked_add(jiff::Span::new().days(i64::from(number)))
        .expect("a date")
}

/// Told at an hour: since which day where, "4 A".
fn told(hour: i64, registrations: &[(i8, u16)]) -> Told {
    Told {
        changed_at: Timestamp::from_second(hour * 3600).expect("an instant"),
        mark: [0; 16],
        registrations: registrations
            .iter()
            .map(|(since, municipality)| Registration {
                since: day(*since),
                municipality: code(*municipality),
                is_without_address: false,
            })
            .collect(),
    }
}

fn timeline(all: &[Told]) -> Timeline {
    let mut timeline = Timeline::default();
    for told in all {
        timeline.take_in(told.clone());
    }
    timeline
}

fn moves(timeline: &Timeline) -> Vec<(i64, u16, u16)> {
    let days = |on: Date| i64::from((on - day(0)).get_days());
    let shown = |it: Move| (days(it.on), it.from.number(), it.to.number());
    timeline.moves().map(shown).collect()
}

const A: u16 = 184;
const B: u16 = 2283;
const C: u16 = 191;

#[test]
fn a_move_is_the_municipality_now_against_the_one_before() {
    for (what, all, expected) in [
        ("nothing", vec![], vec![]),
        ("no history", vec![told(1, &[(5, B)])], vec![]),
        ("inside one", vec![told(1, &[(0, B), (5, B)])], vec![]),
        ("a move", vec![told(1, &[(0, A), (5, B)])], vec![(5, A, B)]),
        (
            "two in one event",
            vec![told(1, &[(0, A), (5, B), (9, C)])],
            vec![(5, A, B), (9, B, C)],
        ),
        (
            "there and back",
            vec![told(1, &[(0, A), (5, B)]), told(2, &[(5, B), (9, A)])],
            vec![(5, A, B), (9, B, A)],
        ),
        (
            "the later event has no history of its own",
            vec![told(1, &[(0, A), (5, B)]), told(2, &[(9, C)])],
            vec![(5, A, B), (9, B, C)],
        ),
        (
            "reversed",
            vec![told(1, &[(0, A), (5, B)]), told(2, &[(0, A)])],
            vec![],
        ),
        (
            "another day",
            vec![told(1, &[(0, A), (5, B)]), told(2, &[(0, A), (3, B)])],
            vec![(3, A, B)],
        ),
    ] {
        assert_eq!(moves(&timeline(&all)), expected, "{what}");
        let mut late = all.clone();
        late.reverse();
        assert_eq!(
            timeline(&late),
            timeline(&all),
            "{what}, the other way round"
        );
    }
}

#[test]
fn a_move_stands_until_something_later_contradicts_it() {
    let seen = Move {
        on: day(5),
        from: code(A),
        to: code(B),
    };
    for (what, all, stands) in [
        ("nothing told", vec![], true),
        ("itself", vec![told(1, &[(0, A), (5, B)])], true),
        ("an address there", vec![told(1, &[(7, B)])], true),
        ("moved on", vec![told(1, &[(0, A), (5, B), (9, C)])], true),
        ("an earlier day", vec![told(1, &[(0, A), (3, B)])], true),
        ("a later day", vec![told(1, &[(0, A), (8, B)])], false),
        ("never", vec![told(1, &[(0, A)])], false),
        ("from elsewhere", vec![told(1, &[(0, C), (5, B)])], false),
        ("to elsewhere", vec![told(1, &[(0, A), (5, C)])], false),
        ("deregistered", vec![told(1, &[])], true),
    ] {
        assert_eq!(timeline(&all).stands(seen), stands, "{what}");
    }
}

#[test]
fn a_report_more_than_a_week_late_counts_from_its_own_day() {
    for (reported, from) in [(-2, 0), (0, 0), (7, 0), (8, 8), (40, 40)] {
        assert_eq!(counts_from(day(0), day(reported)), day(from), "{reported}");
    }
}

#[test]
fn every_code_of_the_register_is_read_and_no_other() {
    for known in Deregistration::ALL {
        assert_eq!(Deregistration::parse(known.code()), Some(known));
    }
    let all: Vec<_> = Deregistration::ALL.iter().map(|it| it.code()).collect();
    assert_eq!(all, ["AV", "UV", "GN", "GS", "AS", "AN", "OB", "TA", "FI"]);
    for unknown in ["", "av", "XX", "AVV"] {
        assert_eq!(Deregistration::parse(unknown), None, "{unknown}");
    }
}

#[test]
fn a_record_that_was_deregistered_as_replaced_refers_to_the_new_number_and_any_other_to_the_old() {
    let number = |text| {
        let today = Date::constant(2026, 3, 1);
        IdentityNumber::parse(text, today).expect("a test number")
    };
    let (this, other) = (number("19140168-2396"), number("19620312-2384"));
    let told = [None].into_iter().chain(Deregistration::ALL.map(Some));
    for deregistration in told {
        let found = Reference::of(&this, other.clone(), deregistration);
        let code = deregistration.map_or("", Deregistration::code);
        let (replaced, by) = if matches!(code, "GN" | "GS") {
            (&this, &other)
        } else {
            (&other, &this)
        };
        assert_eq!((&found.replaced, &found.by), (replaced, by), "{code}");
    }
}

#[test]
fn no_more_registrations_are_kept_than_the_bound_and_the_newest_stay() {
    let many: Vec<(i8, u16)> = (0..100).map(|day| (day, A)).collect();
    let older: Vec<(i8, u16)> = (-101..0).map(|day| (day, B)).collect();
    let timeline = timeline(&[told(1, &older), told(2, &many)]);
    assert_eq!(timeline.registrations().count(), REGISTRATIONS_MAX);
    assert_eq!(
        timeline.registrations().next().map(|it| it.since),
        Some(day(-100))
    );
}

fn events() -> impl Strategy<Value = Vec<Told>> {
    let registration = (0..20i8, prop_oneof![Just(A), Just(B), Just(C)]);
    let registrations = proptest::collection::btree_map(0..20i8, registration, 0..5);
    let event = registrations.prop_map(|all| {
        let all: Vec<(i8, u16)> = all.into_iter().map(|(day, (_, at))| (day, at)).collect();
        all
    });
    proptest::collection::vec(event, 0..6).prop_map(|all| {
        (1..)
            .zip(all)
            .map(|(hour, registrations)| told(hour, &registrations))
            .collect()
    })
}

proptest! {
    #[test]
    fn invariant_the_order_and_the_repeats_of_events_change_nothing(
        (all, shuffled) in events().prop_flat_map(|all| {
            let doubled = [all.clone(), all.clone()].concat();
            (Just(all), Just(doubled).prop_shuffle())
        })
    ) {
        prop_assert_eq!(timeline(&all), timeline(&shuffled));
    }

    #[test]
    fn invariant_of_each_day_what_was_told_last_counts(all in events(), number in 0..25i8) {
        let newest = all.iter().rfind(|told| {
            told.registrations.first().is_some_and(|first| first.since <= day(number))
        });
        let expected = newest.and_then(|told| {
            told.registrations.iter().rfind(|it| it.since <= day(number)).copied()
        });
        prop_assert_eq!(timeline(&all).at(day(number)), expected);
    }

    #[test]
    fn invariant_every_move_that_follows_stands_and_leads_elsewhere(all in events()) {
        let timeline = timeline(&all);
        for it in timeline.moves() {
            prop_assert!(timeline.stands(it) && it.from != it.to);
        }
    }
}
