//! The record under other definitions. What was found in fact is what the leader of the table finds.

use std::collections::BTreeSet;

use domain::code::{AnswerCode, RelocationKind};
use domain::entry::{Entry, Event};
use domain::subject::{Position, Subject};
use proptest::prelude::*;

use super::host::{Host, at, id};
use super::invariants::{acts, play};
use crate::machine::{Flag, Flagged, Trial, Variation};

/// A journal by lines, whose leader lets no deadline pass late.
fn history(lines: &str) -> Host {
    let mut host = Host::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(day) = line.strip_prefix("day ") {
            pass_until(&mut host, day.parse().expect("a day"));
        }
        host.run(line);
    }
    host
}

fn pass_until(host: &mut Host, day: i64) {
    while let Some(due) = host.machine.next_deadline().filter(|due| *due <= at(day)) {
        host.pass(due);
        host.settle();
    }
}

fn tried(entries: &[Entry], variation: Variation) -> Trial {
    let mut trial = Trial::new(variation);
    for entry in entries {
        trial.take(entry).expect("the record is sound");
    }
    trial
}

/// `+ask 3`: on trial only. `-ask 3`: in fact only. `=ask 3`: both. Questions by their arrival.
fn words(flagged: &Flagged) -> String {
    let sign = match (flagged.in_fact, flagged.on_trial) {
        (true, true) => '=',
        (true, false) => '-',
        (false, _) => '+',
    };
    let what = match flagged.flag {
        Flag::Unannounced => "ask",
        Flag::Unsettled => "unsettled",
        Flag::NotArrived => "not arrived",
    };
    format!("{sign}{what} {}", flagged.subject.id.as_bytes()[15])
}

fn check(lines: &str, variation: &Variation, expected: &str) {
    let host = history(lines);
    let said: Vec<String> = tried(&host.entries, variation.clone())
        .flagged()
        .iter()
        .map(words)
        .collect();
    assert_eq!(said.join(", "), expected, "{variation:?}");
}

#[test]
fn shorter_or_longer_grace_asks_about_more_or_fewer_arrivals() {
    let lines = "
        arrive 1 0184>2283 p1 2026-11 =>
        arrive 2 0184>2283 p2 2026-11 =>
        arrive 3 0184>2283 p3 2026-11 =>
        day 10
        register 11 0184>2283 p1 2026-11
        day 20
        register 12 0184>2283 p2 2026-11
        day 100
    ";
    for (days, expected) in [
        (7, "+ask 1, =ask 2, =ask 3, =unsettled 3"),
        (14, "=ask 2, =ask 3, =unsettled 3"),
        (21, "-ask 2, =ask 3, =unsettled 3"),
        // two days short of its end: nobody is asked yet
        (102, "-ask 2, -ask 3, -unsettled 3"),
    ] {
        let grace_days = Some(days);
        let variation = Variation {
            grace_days,
            ..Variation::default()
        };
        check(lines, &variation, expected);
    }
}

#[test]
fn windows_and_kinds_decide_what_covers() {
    let lines = "
        register 1 0184>2283 p1 2026-11
        arrive 2 0184>2283 p1 2027-05
        transfer 3 0184>2283 p2 2026-11
        arrive 4 0184>2283 p2 2026-08
        day 400
    ";
    let late = Variation {
        late_months: Some(5),
        ..Variation::default()
    };
    check(lines, &late, "+ask 2, +not arrived 1");
    let early = Variation {
        early_months: Some(2),
        ..Variation::default()
    };
    check(lines, &early, "+ask 4, +not arrived 3");
    let kinds = BTreeSet::from([RelocationKind::ActiveInvolvement]);
    let kinds = Variation {
        kinds: Some(kinds),
        ..Variation::default()
    };
    check(lines, &kinds, "+ask 4");
}

#[test]
fn a_kind_that_does_not_count_is_not_missed_either() {
    let lines = "
        place 1 0184>2283 p1 2026-11
        day 300
    ";
    check(lines, &Variation::default(), "=not arrived 1");
    let kinds = Variation {
        kinds: Some(BTreeSet::new()),
        ..Variation::default()
    };
    check(lines, &kinds, "-not arrived 1");
    let sooner = Variation {
        not_arrived_months: Some(24),
        ..Variation::default()
    };
    check(lines, &sooner, "-not arrived 1");
}

/// The answer to the question about an arrival, some days after it was asked.
fn answer(host: &mut Host, arrival: u8) {
    let (_, alert) = host.alert_about(arrival).expect("an alert");
    let version = host.machine.alert(alert.id).expect("known").version.next();
    let entry = Entry {
        position: Position(host.machine.position().0 + 1),
        recorded_at: host.entries.last().expect("entries").recorded_at,
        subject: alert,
        version,
        event: Event::AlertAnswered {
            answer: AnswerCode::OwnClearWish,
        },
        notices: Vec::new(),
        sealed: Vec::new(),
    };
    host.machine.apply(&entry).expect("applies");
    host.entries.push(entry);
}

#[test]
fn an_answer_takes_as_many_days_whenever_it_is_asked_for() {
    let mut host = history("arrive 2 0191>2283 p1 2026-11\nday 14");
    pass_until(&mut host, 34);
    host.run("day 34");
    answer(&mut host, 2);
    host.run("day 90");
    // asked on day 14, answered on day 34
    for (grace_days, answer_days, expected) in [
        (None, Some(19), "=ask 2, +unsettled 2"),
        (None, Some(20), "=ask 2"),
        (Some(30), Some(20), "=ask 2"),
        (Some(30), Some(19), "=ask 2, +unsettled 2"),
        (Some(0), None, "=ask 2"),
    ] {
        let variation = Variation {
            grace_days,
            answer_days,
            ..Variation::default()
        };
        let said: Vec<String> = tried(&host.entries, variation)
            .flagged()
            .iter()
            .map(words)
            .collect();
        assert_eq!(said.join(", "), expected, "{grace_days:?} {answer_days:?}");
    }
}

#[test]
fn an_act_that_the_trial_has_no_place_for_is_counted() {
    // in fact outside the window: called off while nobody had arrived
    let host = history(
        "
        register 1 0184>2283 p1 2026-11
        arrive 2 0184>2283 p1 2027-09
        cancel 1
        day 20
    ",
    );
    let wide = Variation {
        late_months: Some(12),
        ..Variation::default()
    };
    let trial = tried(&host.entries, wide);
    assert_eq!(trial.impossible(), 1);
    let said: Vec<String> = trial.flagged().iter().map(words).collect();
    assert_eq!(said, ["-ask 2"]);
}

#[test]
fn a_record_with_a_gap_halts_the_trial_where_the_gap_is() {
    let host = history("register 1 0184>2283 p1 2026-11\nday 300");
    let mut trial = Trial::new(Variation::default());
    trial.take(&host.entries[0]).expect("the first");
    let halt = trial.take(&host.entries[2]).expect_err("a gap");
    assert_eq!(halt.position, host.entries[2].position);
    // an act on what nobody registered, at its place in the record
    let mut trial = Trial::new(Variation::default());
    trial.take(&host.entries[0]).expect("the first");
    let stray = Entry {
        position: Position(2),
        subject: Subject::relocation(id(9)),
        event: Event::RelocationSupplemented,
        ..host.entries[1].clone()
    };
    assert_eq!(
        trial.take(&stray).expect_err("unknown").position,
        Position(2)
    );
}

proptest! {
    /// Whatever the record holds: under the definitions of then, the trial finds what was found. (A leader that
    /// lets days pass at once asks later than the trial, so by which day it wants an answer is another matter.)
    #[test]
    fn invariant_what_is_not_varied_is_found_as_it_was(acts in acts()) {
        let mut day = 0;
        let host = play(&acts, |host, (what, _, much)| {
            if what == 7 {
                day += i64::from(much) * 10;
            }
            pass_until(host, day);
            host.settle();
        });
        let trial = tried(&host.entries, Variation::default());
        prop_assert_eq!(trial.impossible(), 0);
        for flagged in trial.flagged() {
            let is_found = flagged.in_fact && flagged.on_trial;
            prop_assert!(is_found || flagged.flag == Flag::Unsettled, "{}", words(&flagged));
        }
    }
}
