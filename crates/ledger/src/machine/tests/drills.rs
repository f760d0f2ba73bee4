//! Drills: who gets one when, and what follows when nobody takes it in. Day 0 is 24 November 2026, day 7 the first of
//! December, day 38 New Year's Day.

use domain::subject::Subject;

use super::host::code;
use super::{check, notices};

#[test]
fn each_connected_municipality_gets_one_with_each_month() {
    let host = check(
        "
        define drills=1 =>
        agrees 2283 1 =>
        agrees 0184 1 =>
        day 6 =>
        day 8 => drill 2026-12, drill 2026-12
        agrees 0191 1 =>
        written 2283 2026-12 =>
        taken 2283 2026-12 =>
        written 0184 2026-12 =>
        taken 0184 2026-12 =>
        day 20 =>
        day 39 => drill 2027-01, drill 2027-01, drill 2027-01
    ",
    );
    // whoever writes the word tells it
    assert_eq!(notices(&host, Subject::municipality(code("0191"))), []);
}

#[test]
fn what_nobody_took_in_is_one_question_until_it_is_closed() {
    check(
        "
        define drills=1 =>
        agrees 2283 1 =>
        day 8 => drill 2026-12
        written 2283 2026-12 =>
        day 39 => silent 2283, drill 2027-01
        day 70 => drill 2027-02
        written 2283 2027-02 =>
        taken 2283 2027-02 =>
        day 98 => drill 2027-03
    ",
    );
}

/// No gateway could seal it, and so nobody was told: that is no less silent.
#[test]
fn what_no_gateway_wrote_is_a_silent_inbox_too() {
    check(
        "
        define drills=1 =>
        agrees 2283 1 =>
        agrees 0184 1 =>
        day 8 => drill 2026-12, drill 2026-12
        written 0184 2026-12 =>
        taken 0184 2026-12 =>
        day 39 => drill 2027-01, silent 2283, drill 2027-01
    ",
    );
}

/// Before drills were sealed a person took one in without a word: those journals lead to what they led to.
#[test]
fn what_was_taken_in_before_there_were_words_is_taken_in() {
    check(
        "
        define drills=1 =>
        agrees 2283 1 =>
        day 8 => drill 2026-12
        taken 2283 2026-12 =>
        day 39 => drill 2027-01
    ",
    );
}

#[test]
fn they_are_off_at_first_and_when_they_are_switched_off() {
    check(
        "
        agrees 2283 1 =>
        day 39 =>
        define drills=1 =>
        day 70 => drill 2027-02
        define drills=0 =>
        day 400 =>
        define drills=1 =>
        day 402 =>
    ",
    );
}

/// A month that passed while the ledger stood still asks for nothing any more.
#[test]
fn a_month_that_nobody_looked_at_has_none() {
    check(
        "
        define drills=1 =>
        agrees 2283 1 =>
        day 70 => drill 2027-02
    ",
    );
}

/// What was switched off before it was sent is not sent when drills are switched on again.
#[test]
fn what_was_due_when_drills_were_switched_off_is_never_sent() {
    let mut host = check(
        "
        define drills=1 =>
        agrees 2283 1 =>
    ",
    );
    host.pass("2026-12-02T08:00:00Z".parse().expect("an instant"));
    host.write("define drills=0");
    host.write("define drills=1");
    assert_eq!(host.settle().join(", "), "");
    assert_eq!(host.replay(), host.machine);
}

#[test]
fn the_next_one_is_waited_for() {
    let mut host = check(
        "
        define drills=1 =>
        agrees 2283 1 =>
    ",
    );
    let due = host.machine.next_deadline().expect("a deadline");
    assert_eq!(due.to_string(), "2026-11-30T23:00:00Z");
    host.pass(due);
    assert_eq!(host.settle(), ["drill 2026-12"]);
}
