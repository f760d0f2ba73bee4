//! What time brings: relocations that come to nothing, and definitions that change in between.

use domain::code::NoticeKind;
use domain::subject::Subject;
use jiff::Timestamp;

use super::host::{Host, at, code, id};
use super::{check, notices};

#[test]
fn nobody_arrived_six_months_after_the_planned_month() {
    let mut host = check(
        "
        register 1 0184>2283 p1 2026-12 =>
        acknowledge 1 =>
        day 218 =>
    ",
    );
    let end: Timestamp = "2027-06-30T22:00:00Z".parse().expect("an instant");
    assert_eq!(host.machine.next_deadline(), Some(end));
    host.write("day 219");
    let finding = host.machine.findings().pop().expect("a finding");
    let (sender, recipient, _) = finding.release.expect("a release");
    assert_eq!((sender, recipient), (code("0184"), code("2283")));
    assert_eq!(host.settle(), ["not arrived"]);
    let both = [
        (code("0184"), NoticeKind::RelocationNotArrived),
        (code("2283"), NoticeKind::RelocationNotArrived),
    ];
    assert_eq!(notices(&host, Subject::relocation(id(1))), both);
    assert_eq!(host.machine.next_deadline(), None);
}

#[test]
fn a_late_report_of_an_announced_move_is_no_question() {
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        day 219 => not arrived
        arrive 2 0184>2283 p1 2027-06 => matched 1
        day 400 =>
    ",
    );
}

#[test]
fn a_definition_changes_nothing_for_what_was_recorded_before_it() {
    let mut host = check(
        "
        register 1 0184>2283 p1 2026-12 =>
        arrive 2 0191>2283 p2 2026-11 =>
        define grace=3 ends=12 =>
        arrive 3 0191>2283 p3 2026-11 =>
        day 3 => ask 0191
        day 13 =>
        day 14 => ask 0191
        define ends=1 expiry=0 =>
        acknowledge 1 =>
        day 182 =>
        day 183 => close Expired
        day 194 => close Expired
        day 218 =>
        day 219 => not arrived
    ",
    );
    assert_eq!(host.machine.next_deadline(), None);
    host.run("register 4 0184>2283 p4 2027-07");
    host.run("acknowledge 4");
    let end: Timestamp = "2027-08-31T22:00:00Z".parse().expect("an instant");
    assert_eq!(host.machine.next_deadline(), Some(end));
}

#[test]
fn what_waits_for_nothing_has_no_deadline() {
    let mut host = Host::new();
    assert_eq!(host.machine.next_deadline(), None);
    host.run("arrive 2 0191>2283 p1 2026-11");
    assert_eq!(host.machine.next_deadline(), Some(at(14)));
    host.run("retract 2");
    assert_eq!(host.machine.next_deadline(), None);
    host.run("register 1 0184>2283 p1 2026-12");
    assert!(host.machine.next_deadline().is_some());
    host.run("withdraw 1");
    assert_eq!(host.machine.next_deadline(), None);
}
