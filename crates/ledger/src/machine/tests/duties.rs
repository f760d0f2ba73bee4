//! Reminders, transfers, questions that expire, and what is open again. Day 0 is Tuesday 24 November 2026.

use domain::code::NoticeKind;
use domain::subject::Subject;

use super::host::{code, id};
use super::{check, notices};
use crate::machine::late_days;

/// Domain 11, scenario 12.
#[test]
fn scenario_12_ten_working_days_of_silence_then_the_second_contact_and_nobody_else() {
    let host = check(
        "
        register 1 0184>2283 p1 2026-12 =>
        day 14 =>
        day 15 => remind first
    ",
    );
    let recipient = code("2283");
    assert_eq!(
        notices(&host, Subject::relocation(id(1))),
        [(recipient, NoticeKind::RelocationReminded)]
    );
    // from 9 December ten working days, without Christmas, are over with 23 December
    let host = check(
        "
        register 1 0184>2283 p1 2026-12 =>
        day 15 => remind first
        day 29 =>
        day 30 => remind second
        day 100 =>
    ",
    );
    assert_eq!(
        notices(&host, Subject::relocation(id(1))),
        [(recipient, NoticeKind::RelocationEscalated)]
    );
}

#[test]
fn whoever_took_it_in_is_not_reminded() {
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        register 2 0184>2283 p2 2026-12 =>
        acknowledge 1 =>
        day 15 => remind first
        acknowledge 2 =>
        day 100 =>
    ",
    );
}

/// A long pause, as after a restore: one reminder, and its own ten working days before the second.
#[test]
fn a_pause_makes_no_two_reminders_at_once() {
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        day 60 => remind first
        day 73 =>
        day 75 => remind second
    ",
    );
}

/// Domain 11, scenario 15.
#[test]
fn scenario_15_never_arrives_is_closed_after_six_months_and_both_are_told() {
    let host = check(
        "
        register 1 0184>2283 p1 2026-12 =>
        acknowledge 1 =>
        day 218 =>
        day 219 => not arrived
    ",
    );
    let both = [
        (code("0184"), NoticeKind::RelocationNotArrived),
        (code("2283"), NoticeKind::RelocationNotArrived),
    ];
    assert_eq!(notices(&host, Subject::relocation(id(1))), both);
}

/// Domain 11, scenario 10: who is announced long after the planned month may still arrive.
#[test]
fn a_late_announcement_has_all_its_months_from_when_it_was_made() {
    check(
        "
        register 1 0184>2283 p1 2025-03 =>
        register 3 0184>2283 p3 2025-03 =>
        acknowledge 1 =>
        acknowledge 3 =>
        day 1 =>
        arrive 2 0184>2283 p1 2025-04 => matched 1, arrived
        day 188 =>
        day 189 => not arrived
    ",
    );
}

/// Domain 11, scenario 14: A has a question, B learns that nobody arrived there, C that nothing was announced to it.
#[test]
fn scenario_14_announced_to_one_and_arrived_in_another() {
    let host = check(
        "
        register 1 0184>2283 p1 2026-12 =>
        acknowledge 1 =>
        arrive 2 0184>0191 p1 2026-12 =>
        day 13 =>
        day 14 => ask 0184, not arrived
    ",
    );
    let (_, alert) = host.alert_about(2).expect("an alert");
    let asked = [(code("0184"), NoticeKind::QuestionAsked)];
    assert_eq!(notices(&host, alert), asked);
}

#[test]
fn whoever_is_announced_after_a_question_elsewhere_may_still_arrive() {
    check(
        "
        arrive 2 0184>0191 p1 2026-12 =>
        day 14 => ask 0184
        register 1 0184>2283 p1 2027-01 =>
        acknowledge 1 =>
        arrive 3 0184>2283 p1 2027-01 => matched 1, arrived
    ",
    );
}

/// Domain 11, scenario 16: three weeks, two announcements by two senders, each of its own scope.
#[test]
fn scenario_16_on_to_a_third_municipality_within_three_weeks() {
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        arrive 2 0184>2283 p1 2026-12 => matched 1, arrived
        day 7 =>
        register 3 2283>0191 p7 2026-12 =>
        day 21 =>
        arrive 4 2283>0191 p7 2026-12 => matched 3, arrived
        day 60 =>
    ",
    );
}

/// Domain 11, scenario 18: what was known late changes what was flagged, and no time is negative.
#[test]
fn scenario_18_a_back_dated_move_settles_its_question() {
    check(
        "
        arrive 2 0191>2283 p1 2026-09 =>
        day 14 => ask 0191
        register 1 0191>2283 p1 2026-08 => matched 1, arrived, close AnnouncedLate
    ",
    );
}

/// Domain 11, scenarios 10 and 18: lateness is counted in Swedish days after the grace, and is never negative.
#[test]
fn lateness_begins_after_the_last_day_of_grace_and_is_never_negative() {
    for (reported_at, announced_at, expected) in [
        ("2026-11-24T12:00:00Z", "2026-12-09T12:00:00Z", 1),
        ("2026-11-24T12:00:00Z", "2026-12-08T22:59:59Z", 0),
        // midnight in Sweden
        ("2026-11-24T12:00:00Z", "2026-12-08T23:00:00Z", 1),
        ("2026-11-24T12:00:00Z", "2027-02-08T12:00:00Z", 62),
        // over the hour that is gone in spring
        ("2027-03-20T12:00:00Z", "2027-04-04T12:00:00Z", 1),
        ("2026-11-24T12:00:00Z", "2026-11-20T12:00:00Z", 0),
    ] {
        let at = |text: &str| text.parse().expect("an instant");
        let seen = late_days(at(reported_at), 14, at(announced_at));
        assert_eq!(seen, expected, "{reported_at} {announced_at}");
    }
}

/// Domain 11, scenario 19: the grace is counted from the report, whenever the move was.
#[test]
fn scenario_19_a_late_report_is_no_deviation() {
    check(
        "
        register 1 0184>2283 p1 2026-06 =>
        acknowledge 1 =>
        arrive 2 0184>2283 p1 2026-06 => matched 1, arrived
        arrive 3 0191>2283 p2 2026-03 =>
        day 13 =>
    ",
    );
}

/// One open relocation per pair and person: whoever announced anew meanwhile has the open one.
#[test]
fn what_was_announced_anew_before_the_reversal_stays_the_only_open_one() {
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        arrive 2 0184>2283 p1 2026-12 => matched 1, arrived
        register 3 0184>2283 p1 2027-01 =>
        retract 2 =>
        withdraw 3 => reopen
    ",
    );
}

/// Domain 11, scenario 25.
#[test]
fn scenario_25_a_reversed_registration_opens_the_match_again() {
    let host = check(
        "
        register 1 0184>2283 p1 2026-12 =>
        arrive 2 0184>2283 p1 2026-12 => matched 1, arrived
        retract 2 => reopen
    ",
    );
    let both = [
        (code("0184"), NoticeKind::RelocationReopened),
        (code("2283"), NoticeKind::RelocationReopened),
    ];
    assert_eq!(notices(&host, Subject::relocation(id(1))), both);
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        arrive 2 0184>2283 p1 2026-12 => matched 1, arrived
        arrive 3 0184>2283 p1 2026-12 => matched 1
        retract 2 =>
        retract 3 => reopen
        arrive 4 0184>2283 p1 2027-01 => matched 1, arrived
        retract 4 => reopen
        day 219 => not arrived
    ",
    );
}

/// Domain 11, scenario 43.
#[test]
fn scenario_43_an_alternate_residence_is_never_asked_about() {
    check(
        "
        exempt 2 0191>2283 p1 2026-11 =>
        day 100 =>
        register 1 0191>2283 p1 2026-11 => matched 1, arrived
    ",
    );
}

/// One report is taken back and another one comes at the same moment, as when a registration is moved to another day: the
/// leader finds both that it must be opened and that it is matched.
#[test]
fn what_is_opened_while_another_report_is_matched_with_it_has_arrived() {
    let mut host = check(
        "
        register 1 0184>2283 p1 2026-12 =>
        acknowledge 1 =>
        arrive 2 0184>2283 p1 2026-12 => matched 1, arrived
    ",
    );
    host.write("retract 2");
    host.write("arrive 3 0184>2283 p1 2026-12");
    assert_eq!(host.settle().join(", "), "matched 1, reopen, arrived");
    let fold = host.machine.relocation(id(1)).expect("it is there");
    assert_eq!(fold.arrival, Some(id(3)));
    assert_eq!(host.replay(), host.machine);
}

/// Domain 3: placed by decision, however long ago.
#[test]
fn a_placement_covers_outside_every_window() {
    check(
        "
        place 1 0184>2283 p1 2025-01 =>
        acknowledge 1 =>
        day 188 =>
        day 189 => not arrived
        arrive 2 0184>2283 p1 2026-12 => matched 1
        day 260 =>
    ",
    );
}

/// Domain 11, scenario 50: a month, which ends on Christmas Eve and so on 28 December; then three months.
#[test]
fn scenario_50_the_clocks_of_a_transfer() {
    let host = check(
        "
        transfer 1 0184>2283 p1 2026-12 =>
        acknowledge 1 =>
        day 14 =>
        day 15 => silent
        refer 1 2026-12-10 =>
        day 105 =>
        day 106 =>
        day 107 => undecided
        decide 1 2027-03-20 =>
        day 120 =>
    ",
    );
    let both = |kind| [(code("0184"), kind), (code("2283"), kind)];
    let told: Vec<_> = host
        .entries
        .iter()
        .flat_map(|entry| &entry.notices)
        .collect();
    for kind in [
        NoticeKind::TransferSilent,
        NoticeKind::TransferDecisionOverdue,
    ] {
        let of: Vec<_> = told.iter().filter(|notice| notice.kind == kind).collect();
        let of: Vec<_> = of
            .iter()
            .map(|notice| (notice.recipient, notice.kind))
            .collect();
        assert_eq!(of, both(kind));
    }
}

#[test]
fn an_answered_transfer_is_never_silent() {
    check(
        "
        transfer 1 0184>2283 p1 2026-12 =>
        acknowledge 1 =>
        reply 1 2283 =>
        day 60 =>
    ",
    );
}

/// SoL 29:10 is about the case: a person who has moved already, as most have, is still asked about.
#[test]
fn an_arrival_answers_no_transfer_and_takes_no_answer_away() {
    check(
        "
        transfer 1 0184>2283 p1 2026-12 =>
        arrive 2 0184>2283 p1 2026-12 => matched 1, arrived
        transfer 3 0184>2283 p3 2026-12 =>
        arrive 4 0184>2283 p3 2026-12 => matched 3, arrived
        reply 3 2283 =>
        reply 3 0184 =>
        transfer 5 0184>2283 p5 2026-12 =>
        withdraw 5 =>
        day 14 =>
        day 15 => silent
        acknowledge 1 =>
        reply 1 2283 =>
        refer 1 2026-12-10 =>
        refer 3 2026-12-24 =>
        day 107 => undecided
        day 121 => undecided
        day 160 =>
    ",
    );
}

#[test]
fn a_question_expires_and_says_what_was_answered() {
    check(
        "
        define expiry=40 =>
        arrive 2 0191>2283 p1 2026-11 =>
        arrive 3 0191>2283 p2 2026-11 =>
        day 14 => ask 0191, ask 0191
        answer 3 =>
        day 53 =>
        day 54 => close Expired, close OwnClearWish
        day 400 =>
    ",
    );
}
