//! What holds for every journal, tried on random ones.

use std::collections::BTreeSet;

use domain::definition::Definition;
use domain::entry::{Entry, Event};
use domain::municipality::MunicipalityCode;
use domain::relocation_state::RelocationState;
use domain::subject::{Pseudonym, SubjectKind};
use proptest::prelude::*;
use uuid::Uuid;

use super::host::{Host, at, id};
use crate::fold::{AlertFold, ArrivalFold, ArrivalState, RelocationFold};
use crate::machine::finding::Key;

/// A random act: what, who, how much.
pub(super) type Act = (u8, u8, u8);

pub(super) fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec((0u8..13, 1u8..4, 0u8..12), 1..40)
}

fn month(n: u8) -> String {
    format!("2026-{:02}", n + 1)
}

/// Writes acts, those that the present state allows; after each, `then` decides what the leader does.
pub(super) fn play(acts: &[Act], mut then: impl FnMut(&mut Host, Act)) -> Host {
    let mut host = Host::new();
    let (mut next, mut day) = (0u8, 0i64);
    for act in acts {
        let (what, who, much) = *act;
        let about = id(1 + much % next.max(1));
        let reported = |host: &Host| {
            let known = host.machine.arrival(about);
            known.is_some_and(|(fold, _)| fold.state == ArrivalState::Reported)
        };
        let open = |host: &Host| {
            let known = host.machine.relocation(about);
            known.is_some_and(|fold| !fold.state.is_final())
        };
        let line = match what {
            0..=6 => {
                let verb = if what < 3 { "register" } else { "arrive" };
                next += 1;
                let pair = if who == 3 { "0191>2283" } else { "0184>2283" };
                Some(format!("{verb} {next} {pair} p{who} {}", month(much)))
            }
            7 => {
                day += i64::from(much) * 10;
                Some(format!("day {day}"))
            }
            8 if reported(&host) => Some(format!("retract {}", about.as_bytes()[15])),
            9 if open(&host) => Some(format!("withdraw {}", about.as_bytes()[15])),
            10 => Some(format!("differs 2283 {}", much % 3)),
            11 => Some(format!("define grace={} ends={}", much, 1 + much % 3)),
            12 => {
                next += 1;
                Some(format!("replaced {next} 0184 p{who}>p{}", 1 + much % 3))
            }
            _ => None,
        };
        if let Some(line) = line {
            host.write(&line);
        }
        then(&mut host, *act);
    }
    host
}

fn settling(host: &mut Host, _: Act) {
    host.settle();
}

/// Settles only sometimes, so that findings meet each other.
pub(super) fn lazily(host: &mut Host, (what, who, much): Act) {
    if (what + who + much).is_multiple_of(3) {
        host.settle();
    }
}

/// Whether a person is one of some, by what was replaced in a scope: looked for until nobody new is found.
fn is_one_of(
    entries: &[Entry],
    scope: MunicipalityCode,
    persons: &[Pseudonym],
    person: Pseudonym,
) -> bool {
    let mut all: BTreeSet<Pseudonym> = persons.iter().copied().collect();
    loop {
        let before = all.len();
        for entry in entries {
            if let Event::IdentityReferred {
                scope: within,
                previous,
                current,
                ..
            } = &entry.event
            {
                let mut both = previous.iter().chain(current);
                if *within == scope && both.any(|it| all.contains(it)) {
                    all.extend(previous.iter().chain(current));
                }
            }
        }
        if all.len() == before {
            return all.contains(&person);
        }
    }
}

/// Whether an announcement of these entries covers an arrival: the rule written down anew, by looking at all.
fn covered(entries: &[Entry], arrival: &ArrivalFold, definition: &Definition) -> bool {
    let subjects: BTreeSet<_> = entries.iter().map(|entry| entry.subject).collect();
    subjects
        .into_iter()
        .filter(|subject| subject.kind == SubjectKind::Relocation)
        .filter_map(|subject| {
            let own: Vec<Entry> = entries
                .iter()
                .filter(|entry| entry.subject == subject)
                .cloned()
                .collect();
            RelocationFold::fold(&own).expect("folds")
        })
        .any(|fold| {
            let months = i64::from(arrival.arrived.since(fold.planned));
            fold.state != RelocationState::Withdrawn
                && (fold.sender, fold.recipient) == (arrival.previous, arrival.municipality)
                && is_one_of(entries, fold.sender, &arrival.pseudonyms, fold.pseudonym)
                && months >= -i64::from(definition.early_months)
                && months <= i64::from(definition.late_months)
        })
}

/// Arrivals with the definition they were reported under.
fn arrivals(host: &Host) -> Vec<(Uuid, ArrivalFold, Definition)> {
    let mut definition = Definition::FIRST;
    let mut found = Vec::new();
    for entry in &host.entries {
        if let Event::DefinitionSet(newer) = entry.event {
            definition = newer;
        }
        if matches!(entry.event, Event::ArrivalReported { .. }) {
            let (fold, _) = host.machine.arrival(entry.subject.id).expect("known");
            found.push((entry.subject.id, fold.clone(), definition));
        }
    }
    found
}

/// Every key there could be.
fn keys(host: &Host) -> Vec<Key> {
    let machine = &host.machine;
    let arrivals = machine.arrivals.keys();
    let relocations = machine.relocations.keys();
    let alerts = machine.alerts.keys().copied().map(Key::Close);
    let chains = machine.differing.keys();
    arrivals
        .flat_map(|arrival| [Key::Match(*arrival), Key::Ask(*arrival)])
        .chain(
            relocations.flat_map(|id| [Key::NotArrived(*id), Key::Overdue(*id), Key::Reopen(*id)]),
        )
        .chain(alerts)
        .chain(chains.map(|(recipient, number)| Key::Chain(*recipient, *number)))
        .collect()
}

proptest! {
    #[test]
    fn invariant_no_alert_twice_and_findings_end(acts in acts()) {
        let mut host = play(&acts, lazily);
        host.settle();
        host.pass_all();
        let mut raised = Vec::new();
        for entry in &host.entries {
            if let Event::AlertRaised { key, .. } = &entry.event {
                raised.push(key.as_str());
            }
        }
        let distinct: BTreeSet<&str> = raised.iter().copied().collect();
        prop_assert_eq!(raised.len(), distinct.len());
    }

    #[test]
    fn invariant_a_replayed_journal_is_the_same_state(acts in acts()) {
        let host = play(&acts, lazily);
        let again = host.replay();
        prop_assert_eq!(again.findings(), host.machine.findings());
        prop_assert_eq!(again, host.machine);
    }

    #[test]
    fn invariant_nothing_that_must_follow_is_overlooked(acts in acts()) {
        play(&acts, |host, act| {
            let due: BTreeSet<Key> = keys(host)
                .into_iter()
                .filter(|key| host.machine.build(*key).is_some())
                .collect();
            assert_eq!(due, host.machine.pending);
            lazily(host, act);
        });
    }

    #[test]
    fn invariant_asked_only_after_grace_when_nothing_covers(acts in acts()) {
        let host = play(&acts, settling);
        for (asked, entry) in host.entries.iter().enumerate() {
            let Event::AlertRaised { arrival: Some(arrival), .. } = entry.event else { continue };
            let (_, fold, definition) = arrivals(&host)
                .into_iter()
                .find(|(id, ..)| *id == arrival)
                .expect("reported");
            prop_assert!(!covered(&host.entries[..asked], &fold, &definition));
            let hours = entry.recorded_at.duration_since(fold.recorded_at).as_hours();
            prop_assert!(hours >= i64::from(definition.grace_days) * 24);
        }
    }

    #[test]
    fn invariant_in_the_end_each_arrival_is_covered_asked_about_or_withdrawn(acts in acts()) {
        let mut host = play(&acts, settling);
        host.pass_all();
        for (id, fold, definition) in arrivals(&host) {
            let asked = host.machine.arrival(id).is_some_and(|(_, asked)| asked);
            if fold.state == ArrivalState::Reported {
                prop_assert!(asked && !covered(&host.entries, &fold, &definition));
            }
        }
        for relocation in host.machine.relocations.values() {
            prop_assert!(relocation.fold.state.is_final());
        }
    }

    #[test]
    fn invariant_the_machine_knows_what_the_folds_know(acts in acts()) {
        let host = play(&acts, lazily);
        let own = |kind, id| -> Vec<Entry> {
            let entries = host.entries.iter();
            let own = entries.filter(|entry| (entry.subject.kind, entry.subject.id) == (kind, id));
            own.cloned().collect()
        };
        for (id, known) in &host.machine.relocations {
            let fold = RelocationFold::fold(&own(SubjectKind::Relocation, *id)).expect("folds");
            prop_assert_eq!(fold.as_ref(), Some(&known.fold));
        }
        for (id, known) in &host.machine.arrivals {
            let fold = ArrivalFold::fold(&own(SubjectKind::Arrival, *id)).expect("folds");
            prop_assert_eq!(fold.as_ref(), Some(&known.fold));
        }
        for (id, known) in &host.machine.alerts {
            let fold = AlertFold::fold(&own(SubjectKind::Alert, *id)).expect("folds");
            prop_assert_eq!(fold.as_ref(), Some(known.as_ref()));
        }
    }

    #[test]
    fn invariant_order_within_grace_never_flags(announced_first: bool, day in 0i64..14) {
        let (register, arrive) =
            ("register 1 0184>2283 p1 2026-12", "arrive 2 0184>2283 p1 2026-12");
        let mut host = Host::new();
        let lines = if announced_first { [register, arrive] } else { [arrive, register] };
        let mut found = host.run(lines[0]);
        host.pass(at(day));
        found.extend(host.settle());
        found.extend(host.run(lines[1]));
        found.extend(host.pass_all());
        prop_assert_eq!(found, ["matched 1", "arrived"]);
    }
}
