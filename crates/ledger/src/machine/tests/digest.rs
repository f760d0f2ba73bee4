//! What the digest of the state tells apart, and what it does not depend on.

use domain::code::{AlertKind, CloseReason, RelocationKind};
use domain::definition::Definition;
use domain::entry::{Entry, Event};
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Pseudonym};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::check;
use super::host::{Host, code, id};
use super::invariants::{acts, lazily, play};
use crate::fold::ArrivalState;
use crate::machine::alias::Aliases;
use crate::machine::index::Persons;
use crate::machine::{Machine, StateDigest};

/// Some of everything that the rules do.
fn story() -> Host {
    check(
        "
        register 1 0184>2283 p1 2026-12 =>
        arrive 2 0184>2283 p1+p9 2026-12 => matched 1, arrived
        arrive 3 0191>2283 p2 2026-11 =>
        register 4 0191>2283 p3 2026-11 =>
        place 5 0184>2283 p4 2027-01 =>
        differs 2283 7 => chain 2283
        define grace=20 late=5 ends=1 =>
        day 14 => ask 0191
        register 6 0191>2283 p2 2026-11 => matched 6, arrived, close AnnouncedLate
        arrive 7 0184>0191 p5 2027-01 =>
        withdraw 5 =>
        day 250 => ask 0184, not arrived
        close 7 =>
    ",
    )
}

/// Was computed once. Another value means that ledgers of before and after cannot be compared any more: then the
/// digest has a new version, and docs/audit.md says so.
#[test]
fn digests_never_change() {
    for (digest, expected) in [
        (
            Machine::new().digest(),
            "2acf95867695b760cf3f05007536f9d4369a707cacd3a64a51bfb0fb173d06d2",
        ),
        (
            story().replay().digest(),
            "6880cb70b706fef9172a9f04839b1113c00a90844187b12aad281525d4f1aab6",
        ),
    ] {
        assert_eq!(digest.to_string(), expected);
    }
}

#[test]
fn a_digest_is_read_back_and_nothing_else_is() {
    let digest = story().machine.digest();
    let text = digest.to_string();
    assert_eq!(StateDigest::parse(&text), Some(digest));
    assert_eq!(StateDigest::parse(&text.to_uppercase()), Some(digest));
    for wrong in [
        "",
        "00",
        &text.replacen(|_| true, "", 1),
        &format!("{text}0"),
        &text.replace(|_| true, "å"),
    ] {
        assert_eq!(StateDigest::parse(wrong), None, "{wrong}");
    }
}

/// The event with one value altered, once for each of those named.
macro_rules! altered {
    ($event:expr, $kind:path { $($field:ident: $alter:expr),+ $(,)? }) => {
        vec![$({
            let mut event = $event.clone();
            if let $kind { $field, .. } = &mut event {
                let alter: &dyn Fn(&mut _) = &$alter;
                alter($field);
            }
            event
        }),+]
    };
}

/// Events of the same kind, one for each value that a rule reads.
#[expect(clippy::wildcard_enum_match_arm, reason = "the story has these")]
fn altered_events(event: &Event) -> Vec<Event> {
    let stranger = |it: &mut MunicipalityCode| *it = code("0114");
    let other = |it: &mut Uuid| *it = id(99);
    let month = |it: &mut Month| *it = it.plus(1);
    let date = |it: &mut Date| *it = it.tomorrow().expect("a day");
    match event {
        Event::RelocationRegistered { .. } => altered!(
            event,
            Event::RelocationRegistered {
                sender: stranger,
                recipient: stranger,
                kind: |it| *it = RelocationKind::Transfer2910,
                pseudonym: |it: &mut Pseudonym| it.value[15] ^= 1,
                planned: month,
                answer_due_on: date,
            }
        ),
        Event::ArrivalReported { .. } => altered!(
            event,
            Event::ArrivalReported {
                municipality: stranger,
                previous: stranger,
                pseudonyms: |it: &mut Vec<Pseudonym>| it[0].epoch += 1,
                arrived: month,
            }
        ),
        Event::ArrivalMatched { .. } => {
            altered!(event, Event::ArrivalMatched { relocation: other })
        }
        Event::RelocationArrived { .. } => {
            altered!(event, Event::RelocationArrived { arrival: other })
        }
        Event::AlertRaised { .. } => altered!(
            event,
            Event::AlertRaised {
                kind: |it| *it = match it {
                    AlertKind::ChainDiffers | AlertKind::InboxSilent => {
                        AlertKind::UnannouncedArrival
                    }
                    AlertKind::UnannouncedArrival => AlertKind::ChainDiffers,
                },
                key: |it: &mut String| it.push('x'),
                arrival: |it| *it = Some(id(99)),
                asking: stranger,
                asked: stranger,
                answer_due_on: date,
                definition: |it: &mut u32| *it += 1,
            }
        ),
        Event::AlertClosed { .. } => {
            altered!(
                event,
                Event::AlertClosed {
                    reason: |it| *it = CloseReason::WrongPerson
                }
            )
        }
        Event::RelocationNotArrived | Event::RelocationWithdrawn { .. } => Vec::new(),
        other => altered_system(other),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the story has these")]
fn altered_system(event: &Event) -> Vec<Event> {
    match event {
        Event::NoticesConfirmed { .. } => altered!(
            event,
            Event::NoticesConfirmed {
                recipient: |it| *it = code("0114"),
                number: |it: &mut NoticeNumber| it.0 += 1,
                agrees: |it: &mut bool| *it = !*it,
            }
        ),
        Event::TimePassed { .. } => altered!(
            event,
            Event::TimePassed {
                now: |it: &mut Timestamp| *it += SignedDuration::from_micros(1),
            }
        ),
        Event::DefinitionSet(definition) => altered_definitions(definition),
        other => panic!("not in the story: {other:?}"),
    }
}

fn altered_definitions(definition: &Definition) -> Vec<Event> {
    let altered = [
        Definition {
            grace_days: definition.grace_days + 1,
            ..*definition
        },
        Definition {
            early_months: definition.early_months + 1,
            ..*definition
        },
        Definition {
            late_months: definition.late_months + 1,
            ..*definition
        },
        Definition {
            not_arrived_months: definition.not_arrived_months + 1,
            ..*definition
        },
        Definition {
            answer_days: definition.answer_days + 1,
            ..*definition
        },
    ];
    altered.map(Event::DefinitionSet).to_vec()
}

/// An entry, altered in one value.
fn altered(entry: &Entry) -> Vec<Entry> {
    let entry = || entry.clone();
    let events = altered_events(&entry().event).into_iter();
    let mut altered: Vec<Entry> = events.map(|event| Entry { event, ..entry() }).collect();
    assert!(altered.iter().all(|altered| altered.event != entry().event));
    let mut later = entry();
    later.recorded_at += SignedDuration::from_micros(1);
    let mut newer = entry();
    newer.version = newer.version.next();
    altered.extend([later, newer]);
    altered
}

#[test]
fn whatever_a_rule_reads_changes_the_digest_or_halts() {
    let entries = story().entries;
    let mut machine = Machine::new();
    let mut tried = 0;
    for entry in &entries {
        let before = machine.clone();
        machine.apply(entry).expect("replays");
        for altered in altered(entry) {
            let mut other = before.clone();
            if other.apply(&altered).is_ok() {
                assert_ne!(other.digest(), machine.digest(), "{altered:?}");
                assert!(other.is_whole());
            }
            tried += 1;
        }
    }
    assert!(tried > 80, "{tried}");
}

/// Who is whom, made anew from the members, in another order than that in which it was told.
fn aliases(machine: &Machine) -> Aliases {
    let mut aliases = Aliases::default();
    for known in machine.references.values().rev() {
        let both = known.previous.iter().chain(&known.current).copied();
        aliases.join(known.scope, both);
    }
    aliases
}

/// Who waits for whom, made anew from the members.
fn persons(machine: &Machine) -> (Persons, Persons) {
    let (mut announced, mut waiting) = (Persons::default(), Persons::default());
    for (id, known) in &machine.relocations {
        let fold = &known.fold;
        announced.insert(fold.sender, fold.recipient, fold.pseudonym, *id);
    }
    for (id, known) in &machine.arrivals {
        let fold = &known.fold;
        for pseudonym in &fold.pseudonyms {
            if fold.state == ArrivalState::Reported {
                waiting.insert(fold.previous, fold.municipality, *pseudonym, *id);
            }
        }
    }
    (announced, waiting)
}

proptest! {
    #[test]
    fn invariant_the_digest_is_that_of_the_whole_state(acts in acts()) {
        let host = play(&acts, |host, act| {
            lazily(host, act);
            assert!(host.machine.is_whole());
        });
        prop_assert_eq!(host.replay().digest(), host.machine.digest());
        let (announced, waiting) = persons(&host.machine);
        prop_assert_eq!(&announced, &host.machine.announced);
        prop_assert_eq!(&waiting, &host.machine.waiting);
        prop_assert_eq!(&aliases(&host.machine), &host.machine.aliases);
    }

    #[test]
    fn invariant_a_halt_leaves_the_digest(acts in acts(), at in any::<prop::sample::Index>()) {
        let host = play(&acts, lazily);
        let mut machine = host.machine.clone();
        // whatever was applied once cannot be applied again
        let again = at.get(&host.entries);
        prop_assert!(machine.apply(again).is_err());
        let placed = Entry {
            position: Position(machine.position().0 + 1),
            recorded_at: host.entries.last().expect("entries").recorded_at,
            ..again.clone()
        };
        prop_assert!(machine.apply(&placed).is_err());
        prop_assert_eq!(machine.digest(), host.machine.digest());
        prop_assert!(machine.is_whole());
    }
}
