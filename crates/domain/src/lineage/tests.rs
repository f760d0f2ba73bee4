//! Lineages as tables: what of today changed, and invented changes of every kind.

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;

fn code(text: &str) -> MunicipalityCode {
    MunicipalityCode::parse(text).expect("four digits")
}

/// `code from to successor split_from`, with `-` for nothing.
fn lineage(rows: &[&str]) -> Lineage {
    let row = |text: &&str| {
        let cells: Vec<&str> = text.split_whitespace().collect();
        Municipality {
            code: code(cells[0]),
            name: "",
            county_code: "",
            county: "",
            valid_from: cells[1].parse().ok(),
            valid_to: cells[2].parse().ok(),
            successor: MunicipalityCode::parse(cells[3]),
            split_from: MunicipalityCode::parse(cells[4]),
        }
    };
    Lineage::of(rows.iter().map(row).collect())
}

/// 1000 becomes 1001 and then 1002; 2000 and 3000 merge into 4000; 5001 is split off 5000.
fn every_kind() -> Lineage {
    lineage(&[
        "1000 - 2019-12-31 1001 -",
        "1001 2020-01-01 2026-12-31 1002 -",
        "1002 2027-01-01 - - -",
        "2000 - 2026-12-31 4000 -",
        "3000 - 2026-12-31 4000 -",
        "4000 2027-01-01 - - -",
        "5000 - - - -",
        "5001 2027-01-01 - - 5000",
        "6000 - - - -",
    ])
}

#[test]
fn codes_are_the_same_from_the_day_of_the_change_on_and_a_part_is_never_the_whole() {
    let ours = every_kind();
    for (of, on, expected) in [
        ("1000", BEFORE, "1000 1001"),
        ("1002", BEFORE, "1002"),
        ("1002", AFTER, "1000 1001 1002"),
        ("2000", BEFORE, "2000"),
        ("2000", AFTER, "2000 3000 4000"),
        ("4000", BEFORE, "4000"),
        ("5000", AFTER, "5000"),
        ("5001", AFTER, "5001"),
        ("6000", AFTER, "6000"),
    ] {
        let same = ours.same(code(of), on);
        let same: Vec<_> = same.iter().map(ToString::to_string).collect();
        assert_eq!(same.join(" "), expected, "{of} on {on}");
    }
}

const BEFORE: Date = date(2026, 12, 31);
const AFTER: Date = date(2027, 1, 1);

#[test]
fn heby_goes_on_under_its_new_code_and_knivsta_was_uppsala() {
    let ours = Lineage::default();
    let today = date(2026, 11, 24);
    let (old, new) = (code("1917"), code("0331"));
    assert_eq!(ours.current(old, date(2006, 12, 31)), old);
    assert_eq!(ours.current(old, date(2007, 1, 1)), new);
    assert!(ours.continues(new, old, today) && !ours.continues(old, new, today));
    assert!(ours.is_no_move(old, new, None, today));
    let (uppsala, knivsta) = (code("0380"), code("0330"));
    assert!(ours.is_no_move(uppsala, knivsta, Some(date(2003, 1, 1)), today));
    assert!(!ours.is_no_move(uppsala, knivsta, Some(date(2003, 1, 2)), today));
    assert!(!ours.is_no_move(knivsta, uppsala, Some(date(2003, 1, 1)), today));
    assert!(!ours.continues(knivsta, uppsala, today));
}

#[test]
fn the_embedded_table_names_only_what_is_there() {
    for row in municipality::all() {
        for other in [row.successor, row.split_from].into_iter().flatten() {
            assert!(municipality::find(other).is_some(), "{row:?}");
        }
        assert_eq!(row.successor.is_some(), row.valid_to.is_some(), "{row:?}");
    }
}

#[test]
fn who_goes_on_depends_on_the_day() {
    let cases = [
        ("1000", date(2019, 12, 31), "1000"),
        ("1000", date(2020, 1, 1), "1001"),
        ("1000", BEFORE, "1001"),
        ("1000", AFTER, "1002"),
        ("2000", BEFORE, "2000"),
        ("2000", AFTER, "4000"),
        ("3000", AFTER, "4000"),
        ("5000", AFTER, "5000"),
        ("5001", AFTER, "5001"),
        ("9999", AFTER, "9999"),
    ];
    for (given, on, expect) in cases {
        assert_eq!(
            every_kind().current(code(given), on),
            code(expect),
            "{given} {on}"
        );
    }
}

#[test]
fn a_code_is_understood_within_its_time_and_refused_after_it() {
    let at = |text| every_kind().find(code(text)).expect("a row");
    let closed = |text| Err(Misnamed::Closed(vec![at(text)]));
    let cases = [
        ("1001", None, BEFORE, Ok(code("1001"))),
        ("1001", None, AFTER, closed("1002")),
        ("1001", Some(BEFORE), AFTER, Ok(code("1002"))),
        ("1001", Some(AFTER), AFTER, closed("1002")),
        // not yet: those that become it, or that it is a part of
        ("1002", Some(AFTER), BEFORE, closed("1001")),
        ("5001", None, BEFORE, closed("5000")),
        (
            "4000",
            None,
            BEFORE,
            Err(Misnamed::Closed(vec![at("2000"), at("3000")])),
        ),
        ("9999", None, AFTER, Err(Misnamed::Unknown)),
    ];
    for (given, about, today, expect) in cases {
        let found = every_kind().named(code(given), about, today);
        // rows are compared by what they hold: each call makes its table anew
        assert_eq!(found, expect, "{given} {about:?} {today}");
    }
}

#[test]
fn a_merger_makes_moves_between_its_parts_none() {
    let lineage = every_kind();
    for (from, to, today, expect) in [
        ("2000", "3000", BEFORE, false),
        ("2000", "3000", AFTER, true),
        ("2000", "4000", AFTER, true),
        ("2000", "6000", AFTER, false),
        ("5000", "5001", AFTER, true),
        ("5001", "5000", AFTER, false),
    ] {
        let found = lineage.is_no_move(code(from), code(to), Some(AFTER), today);
        assert_eq!(found, expect, "{from}>{to} {today}");
    }
}

#[test]
fn what_was_addressed_before_a_change_reaches_whoever_goes_on() {
    let lineage = every_kind();
    for (addressed, on, at, expect) in [
        ("1001", BEFORE, "1002", true),
        ("1000", BEFORE, "1002", true),
        // what the old one reported, the new one is told of late
        ("1002", AFTER, "1001", true),
        ("2000", BEFORE, "4000", true),
        ("2000", BEFORE, "3000", false),
        // the part was still in the whole
        ("5000", BEFORE, "5001", true),
        ("5000", AFTER, "5001", false),
        ("5001", AFTER, "5000", false),
        ("6000", BEFORE, "4000", false),
    ] {
        let found = lineage.reaches(code(addressed), on, code(at));
        assert_eq!(found, expect, "{addressed} {on} {at}");
    }
    assert_eq!(
        lineage.sources(code("4000")),
        ["2000", "3000", "4000"].map(code)
    );
    assert_eq!(lineage.sources(code("5001")), ["5000", "5001"].map(code));
    assert_eq!(lineage.sources(code("5000")), [code("5000")]);
    assert_eq!(
        lineage.family(code("3000")),
        ["2000", "3000", "4000"].map(code)
    );
    assert_eq!(lineage.family(code("6000")), [code("6000")]);
}

proptest! {
    /// Whatever stands in a table, circles too: every question has an answer, and a municipality is itself.
    #[test]
    fn invariant_every_table_is_answered(
        rows in proptest::collection::btree_map(
            0_u16..6,
            (0_i16..4, 0_i16..4, proptest::option::of(0_u16..6), proptest::option::of(0_u16..6)),
            1..6,
        ),
        asked in 0_u16..6,
        other in 0_u16..6,
        year in 2000_i16..2004,
    ) {
        let number = |it| MunicipalityCode::from_number(it).expect("a code");
        let rows = rows.into_iter().map(|(code, (from, to, successor, split_from))| Municipality {
            code: number(code),
            name: "",
            county_code: "",
            county: "",
            valid_from: Some(date(2000 + from, 1, 1)),
            valid_to: successor.map(|_| date(2000 + to, 12, 31)),
            successor: successor.map(number),
            split_from: split_from.map(number),
        });
        let lineage = Lineage::of(rows.collect());
        let (code, other, on) = (number(asked), number(other), date(year, 6, 1));
        let current = lineage.current(code, on);
        prop_assert!(lineage.family(code).contains(&current));
        prop_assert!(lineage.reaches(code, on, code));
        prop_assert!(lineage.continues(current, code, on));
        prop_assert!(lineage.sources(code).contains(&code));
        if lineage.reaches(other, on, code) {
            prop_assert!(lineage.family(code).contains(&other));
        }
        if let Ok(named) = lineage.named(code, Some(on), on) {
            prop_assert!(lineage.find(named).is_some_and(|row| row.is_open(on)));
        }
    }
}
