//! Numbers that were replaced: whoever had one and has another is one person, in that scope.

use super::check;

/// Domain 11, scenario 26: announced under a coordination number, arrived under a personal one.
#[test]
fn scenario_26_a_number_that_was_replaced_is_the_same_person() {
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        replaced 2 0184 p1>p2 =>
        arrive 3 0184>2283 p2 2026-12 => matched 1, arrived
    ",
    );
}

/// Domain 11, scenario 27: a chain, told from its end.
#[test]
fn scenario_27_a_chain_of_numbers_is_one_person_in_whatever_order_it_was_told() {
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        replaced 2 0184 p3>p4 =>
        replaced 3 0184 p2>p3 =>
        arrive 4 0184>2283 p4 2026-12 =>
        replaced 5 0184 p1>p2 => matched 1, arrived
    ",
    );
}

#[test]
fn a_reference_that_comes_after_the_question_settles_it() {
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        acknowledge 1 =>
        arrive 2 0184>2283 p2 2026-12 =>
        day 14 => ask 0184
        replaced 3 0184 p1+p9>p2 => matched 1, arrived, close AnnouncedLate
    ",
    );
}

#[test]
fn a_reference_counts_in_its_own_scope_alone() {
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        acknowledge 1 =>
        replaced 2 0191 p1>p2 =>
        arrive 3 0184>2283 p2 2026-12 =>
        day 14 => ask 0184
    ",
    );
}

#[test]
fn whoever_was_asked_about_elsewhere_under_another_number_has_not_arrived_here() {
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        acknowledge 1 =>
        arrive 2 0184>0191 p2 2026-12 =>
        day 14 => ask 0184
        replaced 3 0184 p1>p2 => not arrived
    ",
    );
}

/// What is to be opened again waits while the same person, under another number, is announced anew.
#[test]
fn a_reference_that_joins_two_announcements_leaves_one_open() {
    let mut host = check(
        "
        register 1 0184>2283 p1 2026-12 =>
        acknowledge 1 =>
        arrive 2 0184>2283 p1 2026-12 => matched 1, arrived
        register 3 0184>2283 p2 2026-12 =>
        acknowledge 3 =>
    ",
    );
    host.write("retract 2");
    host.write("replaced 4 0184 p1>p2");
    assert_eq!(host.settle().join(", "), "");
    assert!(host.machine.pending.is_empty(), "nothing must follow");
}
