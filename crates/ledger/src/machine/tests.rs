//! The rules as text tables: one line an event, then what the ledger must append because of it.

mod aliases;
mod deadlines;
mod digest;
mod drills;
mod duties;
mod halts;
mod host;
mod invariants;
mod lineage;
mod trial;

use domain::code::{CloseReason, NoticeKind};
use domain::entry::Event;
use domain::lineage::Lineage;
use domain::municipality::MunicipalityCode;
use domain::subject::Subject;

use host::{Host, code, id};

/// Runs a table: each line is "event => findings".
fn check(table: &str) -> Host {
    check_with(Lineage::default(), table)
}

/// The same with another lineage.
fn check_with(lineage: Lineage, table: &str) -> Host {
    let mut host = Host::with(lineage);
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (event, expected) = line.split_once("=>").expect("event => findings");
        assert_eq!(host.run(event.trim()).join(", "), expected.trim(), "{line}");
    }
    // a machine that starts anew and reads the journal knows the same
    assert_eq!(host.replay(), host.machine);
    host
}

/// The notices of the newest entry of a subject.
fn notices(host: &Host, subject: Subject) -> Vec<(MunicipalityCode, NoticeKind)> {
    let newest = host.entries.iter().rfind(|entry| entry.subject == subject);
    newest
        .expect("an entry")
        .notices
        .iter()
        .map(|notice| (notice.recipient, notice.kind))
        .collect()
}

#[test]
fn an_announced_arrival_is_matched_and_never_flagged() {
    let host = check(
        "
        register 1 0184>2283 p1 2026-12 =>
        arrive 2 0184>2283 p1 2026-12 => matched 1, arrived
        day 400 =>
    ",
    );
    assert_eq!(
        notices(&host, Subject::arrival(id(2))),
        [(code("2283"), NoticeKind::ArrivalMatched)]
    );
    assert_eq!(
        notices(&host, Subject::relocation(id(1))),
        [(code("0184"), NoticeKind::RelocationArrived)]
    );
}

#[test]
fn an_announcement_within_grace_is_in_time_even_after_the_arrival() {
    check(
        "
        arrive 2 0184>2283 p1 2026-11 =>
        day 13 =>
        register 1 0184>2283 p1 2026-11 => matched 1, arrived
        day 30 =>
    ",
    );
}

#[test]
fn an_unannounced_arrival_is_asked_about_once_when_grace_is_over() {
    let host = check(
        "
        arrive 2 0191>2283 p1 2026-11 =>
        day 13 =>
        day 14 => ask 0191
        day 15 =>
        day 100 =>
    ",
    );
    let (raised, alert) = host.alert_about(2).expect("an alert");
    assert_eq!(
        notices(&host, alert),
        [(code("0191"), NoticeKind::QuestionAsked)]
    );
    let Event::AlertRaised {
        key,
        asking,
        asked,
        answer_due_on,
        definition,
        ..
    } = &raised.event
    else {
        panic!("not raised")
    };
    assert_eq!(*key, format!("unannounced/{}/1", id(2)));
    assert_eq!((*asking, *asked), (code("2283"), code("0191")));
    // day 14 is 8 December; thirty days to answer
    assert_eq!(answer_due_on.to_string(), "2027-01-07");
    assert_eq!(*definition, 1);
}

#[test]
fn a_question_that_the_asked_ended_is_over_and_is_asked_once() {
    let host = check(
        "
        arrive 2 0191>2283 p1 2026-11 =>
        arrive 3 0191>2283 p2 2026-11 =>
        day 14 => ask 0191, ask 0191
        redact-question 2 =>
        answer 3 =>
        close 3 =>
        redact-question 3 =>
        register 1 0191>2283 p1 2026-11 => matched 1, arrived
        day 400 =>
    ",
    );
    for (arrival, reason) in [
        (2, CloseReason::ManualRoute),
        (3, CloseReason::NotConfirmed),
    ] {
        let (_, alert) = host.alert_about(arrival).expect("an alert");
        let fold = host.machine.alert(alert.id).expect("an alert");
        assert_eq!((fold.redacted, fold.close_reason), (true, Some(reason)));
        assert_eq!(host.machine.deadline(alert), None);
    }
    assert_eq!(host.replay(), host.machine);
}

#[test]
fn a_late_announcement_matches_and_closes_the_question() {
    let host = check(
        "
        arrive 2 0191>2283 p1 2026-11 =>
        day 14 => ask 0191
        register 1 0191>2283 p1 2026-11 => matched 1, arrived, close AnnouncedLate
        day 400 =>
    ",
    );
    let (_, alert) = host.alert_about(2).expect("an alert");
    let both = [
        (code("0191"), NoticeKind::QuestionClosed),
        (code("2283"), NoticeKind::QuestionClosed),
    ];
    assert_eq!(notices(&host, alert), both);
}

#[test]
fn a_question_that_an_operator_closed_is_not_closed_again_nor_asked_again() {
    check(
        "
        arrive 2 0191>2283 p1 2026-11 =>
        day 14 => ask 0191
        close 2 =>
        day 60 =>
        register 1 0191>2283 p1 2026-11 => matched 1, arrived
    ",
    );
}

#[test]
fn a_withdrawn_report_closes_its_question_or_never_asks() {
    check(
        "
        arrive 2 0191>2283 p1 2026-11 =>
        day 14 => ask 0191
        retract 2 => close ArrivalWithdrawn
        register 1 0191>2283 p1 2026-11 =>
        arrive 3 0191>2283 p2 2026-11 =>
        retract 3 =>
        acknowledge 1 =>
        day 60 =>
    ",
    );
}

#[test]
fn another_pair_another_person_or_outside_the_window_does_not_cover() {
    check(
        "
        register 1 0184>2283 p1 2026-11 =>
        arrive 2 0191>2283 p1 2026-11 =>
        arrive 3 0184>2283 p2 2026-11 =>
        arrive 4 0184>2283 p1 2027-06 =>
        arrive 5 0184>2283 p1 2026-07 =>
        arrive 6 0184>0191 p1 2026-11 =>
        acknowledge 1 =>
        day 14 => ask 0191, ask 0184, ask 0184, ask 0184, ask 0184, not arrived
    ",
    );
}

#[test]
fn both_edges_of_the_window_match() {
    check(
        "
        register 1 0184>2283 p1 2026-11 =>
        arrive 2 0184>2283 p1 2027-05 => matched 1, arrived
        register 3 0184>2283 p2 2026-11 =>
        arrive 4 0184>2283 p2 2026-08 => matched 3, arrived
    ",
    );
}

#[test]
fn the_nearest_planned_month_is_matched_and_of_equals_the_older() {
    check(
        "
        register 1 0184>2283 p1 2026-09 =>
        register 3 0184>2283 p1 2026-12 =>
        arrive 4 0184>2283 p1 2026-11 => matched 3, arrived
        register 9 0184>2283 p2 2027-01 =>
        register 5 0184>2283 p2 2026-11 =>
        arrive 6 0184>2283 p2 2026-12 => matched 9, arrived
    ",
    );
}

#[test]
fn an_arrival_under_several_epochs_is_covered_by_either() {
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        arrive 2 0184>2283 p2+p1 2026-12 => matched 1, arrived
        arrive 3 0184>2283 p3+p4 2026-12 =>
        register 4 0184>2283 p4 2026-12 => matched 4, arrived
        day 14 =>
    ",
    );
}

#[test]
fn a_placement_is_never_flagged_and_a_second_report_is_covered_too() {
    check(
        "
        place 1 0184>2283 p1 2026-12 =>
        arrive 2 0184>2283 p1 2026-12 => matched 1, arrived
        arrive 3 0184>2283 p1 2026-12 => matched 1
        day 60 =>
    ",
    );
}

#[test]
fn an_open_announcement_is_matched_before_one_that_arrived() {
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        arrive 2 0184>2283 p1 2026-12 => matched 1, arrived
        register 3 0184>2283 p1 2027-01 =>
        arrive 4 0184>2283 p1 2026-12 => matched 3, arrived
    ",
    );
}

#[test]
fn two_waiting_reports_of_one_move_are_both_covered_by_one_announcement() {
    check(
        "
        arrive 2 0184>2283 p1 2026-12 =>
        arrive 3 0184>2283 p1 2026-12 =>
        register 1 0184>2283 p1 2026-12 => matched 1, arrived, matched 1
        day 60 =>
    ",
    );
}

#[test]
fn a_withdrawn_announcement_no_longer_covers() {
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        withdraw 1 =>
        arrive 2 0184>2283 p1 2026-12 =>
        day 14 => ask 0184
        register 3 0184>2283 p1 2026-12 => matched 3, arrived, close AnnouncedLate
    ",
    );
}

#[test]
fn a_differing_chain_is_one_question_however_often_it_is_confirmed() {
    let host = check(
        "
        agrees 2283 6 =>
        differs 2283 7 => chain 2283
        differs 2283 7 =>
        differs 2283 8 =>
        differs 0184 7 => chain 0184
    ",
    );
    let newest = host.entries.last().expect("an entry");
    assert_eq!(
        notices(&host, newest.subject),
        [(code("0184"), NoticeKind::ChainDiffers)]
    );
}
