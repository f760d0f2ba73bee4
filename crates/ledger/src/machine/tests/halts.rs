//! What cannot be in a journal stops the machine, and changes nothing in it.

use domain::definition::Definition;
use domain::entry::{Entry, Event};
use domain::subject::{Position, Subject, Version};

use super::host::{Host, at, code, id};
use crate::machine::Machine;

/// An entry after those of a host.
fn next(host: &Host, subject: Subject, version: u32, event: Event) -> Entry {
    Entry {
        position: Position(host.machine.position().0 + 1),
        recorded_at: at(100),
        subject,
        version: Version(version),
        event,
        notices: Vec::new(),
        sealed: Vec::new(),
    }
}

fn check(machine: &Machine, wrong: &Entry, expected: &str) {
    let mut tried = machine.clone();
    let halt = tried.apply(wrong).expect_err("halts");
    assert_eq!(halt.what, expected);
    assert_eq!(halt.position, wrong.position);
    assert_eq!(tried, *machine, "{expected}");
}

#[test]
fn what_does_not_follow_the_entry_before_halts() {
    let host = Host::new();
    let passed = || Event::TimePassed { now: at(100) };
    let right = next(&host, Subject::SYSTEM, 2, passed());
    host.machine.clone().apply(&right).expect("the right one");
    for position in [0, 1, 3] {
        let position = Position(position);
        let wrong = Entry {
            position,
            ..right.clone()
        };
        check(&host.machine, &wrong, "a position is missing or repeated");
    }
    let wrong = Entry {
        recorded_at: at(-1),
        ..right
    };
    check(&host.machine, &wrong, "time goes backwards");
    for version in [0, 1, 3] {
        let wrong = next(&host, Subject::SYSTEM, version, passed());
        let expected = "a version of the system is missing or repeated";
        check(&host.machine, &wrong, expected);
    }
}

#[test]
fn unknown_rules_and_unsound_definitions_halt() {
    let host = Host::new();
    let system = |event| next(&host, Subject::SYSTEM, 2, event);
    let rules = system(Event::RulesVersionSet { version: 2 });
    check(
        &host.machine,
        &rules,
        "rules that this program does not know",
    );
    let second = Definition {
        version: 2,
        ..Definition::FIRST
    };
    for wrong in [
        Definition::FIRST,
        Definition {
            version: 3,
            ..second
        },
        Definition {
            grace_days: 366,
            ..second
        },
    ] {
        let wrong = system(Event::DefinitionSet(wrong));
        let expected = "a definition out of order or out of range";
        check(&host.machine, &wrong, expected);
    }
    for known in [
        Event::RulesVersionSet { version: 1 },
        Event::ClockAdvanced { seconds: 60 },
        Event::DefinitionSet(second),
    ] {
        host.machine.clone().apply(&system(known)).expect("known");
    }
}

#[test]
fn an_arrival_before_any_definition_halts() {
    let mut host = Host::new();
    host.write("arrive 2 0191>2283 p1 2026-11");
    let arrival = Entry {
        position: Position(1),
        ..host.entries[1].clone()
    };
    check(
        &Machine::new(),
        &arrival,
        "an arrival before any definition",
    );
}

#[test]
fn an_event_of_another_kind_of_subject_halts() {
    let mut host = Host::new();
    host.run("register 1 0184>2283 p1 2026-12");
    let subjects = [
        (Subject::SYSTEM, 2, "not an event of the system"),
        (
            Subject::relocation(id(1)),
            2,
            "not an event of a relocation",
        ),
        (
            Subject::arrival(id(2)),
            1,
            "an arrival does not begin with its report",
        ),
        (
            Subject::alert(id(2)),
            1,
            "an alert does not begin with being raised",
        ),
    ];
    for (subject, version, expected) in subjects {
        let wrong = next(&host, subject, version, Event::AlertDisputed);
        check(&host.machine, &wrong, expected);
    }
}

#[test]
fn a_step_after_the_end_and_an_alert_raised_twice_halt() {
    let mut host = Host::new();
    host.run("register 1 0184>2283 p1 2026-12");
    host.run("withdraw 1");
    let event = Event::RelocationArrived { arrival: id(2) };
    let wrong = next(&host, Subject::relocation(id(1)), 3, event);
    check(
        &host.machine,
        &wrong,
        "a step that the state does not allow",
    );
    host.run("differs 2283 7");
    let raised = host.entries.last().expect("raised").event.clone();
    let wrong = next(&host, Subject::alert(id(9)), 1, raised);
    check(&host.machine, &wrong, "an alert's key twice");
    let stranger = Event::RelocationReplied {
        by: code("0191"),
        objection: false,
    };
    host.run("register 3 0184>2283 p1 2026-12");
    let wrong = next(&host, Subject::relocation(id(3)), 2, stranger);
    check(&host.machine, &wrong, "a reply by a stranger");
}
