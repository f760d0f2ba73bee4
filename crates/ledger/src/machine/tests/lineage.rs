//! Municipalities whose code changes while something is under way. Day 0 is 24 November 2026, day 38 New Year's Day.

use domain::code::NoticeKind;
use domain::lineage::Lineage;
use domain::municipality::{self, Municipality};
use domain::subject::Subject;
use jiff::civil::date;

use super::host::{code, id};
use super::{check_with, notices};

/// Today's municipalities, of which some change with the year 2027.
fn lineage(change: impl Fn(&mut Municipality)) -> Lineage {
    let mut table = municipality::all().to_vec();
    table.iter_mut().for_each(change);
    Lineage::of(table)
}

/// Codes that become another.
fn becoming(old: &'static [&'static str], new: &'static str) -> Lineage {
    lineage(move |row| {
        if old.iter().any(|it| code(it) == row.code) {
            row.valid_to = Some(date(2026, 12, 31));
            row.successor = Some(code(new));
        } else if row.code == code(new) {
            row.valid_from = Some(date(2027, 1, 1));
        }
    })
}

/// 2284 is split off 2283.
fn split() -> Lineage {
    lineage(|row| {
        if row.code == code("2284") {
            row.valid_from = Some(date(2027, 1, 1));
            row.split_from = Some(code("2283"));
        }
    })
}

#[test]
fn what_the_old_code_was_told_covers_an_arrival_at_the_new_one() {
    let host = check_with(
        becoming(&["2283"], "2284"),
        "
        register 1 0184>2283 p1 2027-01 =>
        day 30 => remind first
        day 38 =>
        arrive 2 0184>2284 p1 2027-01 => matched 1, arrived
        day 400 =>
    ",
    );
    assert_eq!(
        notices(&host, Subject::arrival(id(2))),
        [(code("2284"), NoticeKind::ArrivalMatched)]
    );
}

#[test]
fn what_the_old_code_reported_is_covered_by_a_word_to_the_new_one() {
    check_with(
        becoming(&["2283"], "2284"),
        "
        arrive 2 0184>2283 p1 2026-12 =>
        day 14 => ask 0184
        day 38 =>
        register 1 0184>2284 p1 2026-12 => matched 1, arrived, close AnnouncedLate
        day 400 =>
    ",
    );
}

#[test]
fn what_the_old_code_announced_is_an_announcement_of_the_new_one() {
    check_with(
        becoming(&["0184"], "0186"),
        "
        register 1 0184>2283 p1 2027-01 =>
        acknowledge 1 =>
        day 38 =>
        arrive 2 0186>2283 p2+p1 2027-01 => matched 1, arrived
        day 400 =>
    ",
    );
}

#[test]
fn a_person_whose_code_changed_is_not_elsewhere() {
    // outside the window, so a question is asked; the announcement did not go elsewhere for that
    check_with(
        becoming(&["2283"], "2284"),
        "
        define late=0 ends=12 =>
        register 1 0184>2283 p1 2026-12 =>
        acknowledge 1 =>
        arrive 2 0184>2284 p1 2027-02 =>
        day 14 => ask 0184
        day 60 =>
    ",
    );
}

#[test]
fn municipalities_that_merged_ask_each_other_nothing() {
    let merged = becoming(&["0184", "0191"], "0186");
    check_with(
        merged,
        "
        day 30 =>
        arrive 2 0184>0191 p1 2026-12 =>
        arrive 3 0184>2283 p2 2026-12 =>
        day 44 => ask 0184
        day 400 => close Expired
    ",
    );
    // while they are two, they ask
    check_with(
        merged,
        "
        arrive 2 0184>0191 p1 2026-11 =>
        day 14 => ask 0184
    ",
    );
}

#[test]
fn a_split_flags_nobody_who_was_announced_to_the_whole() {
    check_with(
        split(),
        "
        register 1 0184>2283 p1 2027-01 =>
        acknowledge 1 =>
        day 38 =>
        arrive 2 0184>2284 p1 2027-01 => matched 1, arrived
        day 400 =>
    ",
    );
    // what is announced to the rest after the split is not announced to the part
    check_with(
        split(),
        "
        day 38 =>
        register 1 0184>2283 p1 2027-01 =>
        acknowledge 1 =>
        arrive 2 0184>2284 p1 2027-01 =>
        day 52 => ask 0184, not arrived
    ",
    );
}

/// What protection ended for the other party is asked about under no code that it ever had.
#[test]
fn nothing_is_asked_about_what_was_ended_before_a_change_of_code() {
    check_with(
        becoming(&["2283"], "2284"),
        "
        register 1 0184>2283 p1 2026-12 =>
        redact 1 0184 =>
        day 38 =>
        arrive 2 0184>2284 p1 2027-01 =>
        day 100 =>
    ",
    );
}
