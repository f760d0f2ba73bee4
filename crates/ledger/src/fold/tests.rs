//! Folds of whole subjects, and of what cannot be one.

use domain::code::{AlertKind, AnswerCode, CloseReason, RelocationKind, WithdrawalReason};
use domain::entry::{Entry, Event};
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::relocation_state::RelocationState;
use domain::subject::{Position, Pseudonym, Subject, Version};
use jiff::Timestamp;
use jiff::civil::Date;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn code(text: &str) -> MunicipalityCode {
    MunicipalityCode::parse(text).expect("a code")
}

fn month() -> Month {
    Month::parse("2026-12").expect("a month")
}

fn person() -> Pseudonym {
    Pseudonym {
        epoch: 2026,
        value: [1; 16],
    }
}

/// Entries of one subject in version order, some positions apart.
fn entries(events: Vec<Event>) -> Vec<Entry> {
    (1..)
        .zip(events)
        .map(|(version, event)| Entry {
            position: Position(u64::from(version) * 3),
            recorded_at: Timestamp::UNIX_EPOCH,
            subject: Subject::relocation(Uuid::from_u128(1)),
            version: Version(version),
            event,
            notices: Vec::new(),
            sealed: Vec::new(),
        })
        .collect()
}

fn registered() -> Event {
    Event::RelocationRegistered {
        sender: code("0184"),
        recipient: code("2283"),
        kind: RelocationKind::ActiveInvolvement,
        pseudonym: person(),
        planned: month(),
        answer_due_on: Date::constant(2026, 12, 8),
        function: None,
    }
}

fn reported() -> Event {
    Event::ArrivalReported {
        municipality: code("2283"),
        previous: code("0184"),
        pseudonyms: vec![person()],
        arrived: month(),
        is_exempt: false,
    }
}

fn raised() -> Event {
    Event::AlertRaised {
        kind: AlertKind::UnannouncedArrival,
        key: "unannounced/1/1".to_owned(),
        arrival: Some(Uuid::from_u128(2)),
        asking: code("2283"),
        asked: code("0184"),
        answer_due_on: Date::constant(2027, 1, 7),
        definition: 1,
    }
}

fn replied(by: &str, objection: bool) -> Event {
    let by = code(by);
    Event::RelocationReplied { by, objection }
}

fn operator() -> String {
    "op1".to_owned()
}

/// Records are older than that an answer is kept: a month could be over for what was answered, arrived and came back.
#[test]
fn the_silence_after_an_answer_is_read_as_it_was_recorded() {
    let transfer = Event::RelocationRegistered {
        sender: code("0184"),
        recipient: code("2283"),
        kind: RelocationKind::Transfer2910,
        pseudonym: person(),
        planned: month(),
        answer_due_on: Date::constant(2026, 12, 24),
        function: None,
    };
    let arrival = Uuid::from_u128(2);
    let events = vec![
        transfer,
        Event::RelocationAcknowledged,
        replied("2283", false),
        Event::RelocationArrived { arrival },
        Event::RelocationReopened,
        Event::TransferSilent,
    ];
    let fold = RelocationFold::fold(&entries(events)).expect("no halt");
    assert_eq!(fold.expect("one").transfer, Transfer::Silent);
}

/// Every event there could be after a first one.
fn later_events() -> Vec<Event> {
    vec![
        registered(),
        reported(),
        raised(),
        Event::RelocationAcknowledged,
        replied("2283", false),
        replied("2283", true),
        replied("0184", false),
        replied("0191", false),
        Event::RelocationSupplemented,
        Event::RelocationWithdrawn {
            reason: WithdrawalReason::Mistake,
        },
        Event::RelocationArrived {
            arrival: Uuid::from_u128(2),
        },
        Event::RelocationNotArrived,
        Event::ArrivalMatched {
            relocation: Uuid::from_u128(1),
        },
        Event::ArrivalWithdrawn,
        Event::AlertAnswered {
            answer: AnswerCode::OtherActor,
        },
        Event::AlertDisputed,
        Event::AlertRedacted,
        Event::AlertAcknowledged {
            operator: operator(),
        },
        Event::AlertAssigned {
            operator: operator(),
            assignee: "op2".to_owned(),
        },
        Event::AlertCommented {
            operator: operator(),
            text: "a word".to_owned(),
        },
        Event::AlertClosed {
            reason: CloseReason::OtherActor,
            operator: Some(operator()),
        },
        Event::TimePassed {
            now: Timestamp::UNIX_EPOCH,
        },
    ]
}

#[test]
fn a_revoked_consent_and_a_mistake_end_the_receivers_keys_and_nothing_else_ends_any() {
    let withdrawn = |reason| Event::RelocationWithdrawn { reason };
    for (event, expect) in [
        (withdrawn(WithdrawalReason::ConsentRevoked), Some("2283")),
        (withdrawn(WithdrawalReason::Mistake), Some("2283")),
        (withdrawn(WithdrawalReason::MoveCancelled), None),
    ] {
        let before = [registered(), Event::RelocationSupplemented, event];
        let seen = erased(&entries(before.to_vec()));
        assert_eq!(seen, Ok(expect.map(code)), "{before:?}");
    }
    let ending = later_events().into_iter().filter(Event::ends_reading);
    let mistake = withdrawn(WithdrawalReason::Mistake);
    assert_eq!(
        ending.collect::<Vec<_>>(),
        [
            mistake.clone(),
            Event::ArrivalWithdrawn,
            Event::AlertRedacted
        ]
    );
    assert_eq!(erased(&[]), Ok(None));
    erased(&entries(vec![mistake])).expect_err("of nobody knows which relocation");
}

#[test]
fn a_report_that_was_taken_back_ends_the_previous_municipalitys_keys() {
    let matched = Event::ArrivalMatched {
        relocation: Uuid::from_u128(1),
    };
    for before in [vec![reported()], vec![reported(), matched]] {
        let all = entries(before.clone());
        assert_eq!(erased(&all), Ok(None));
        let all = entries(
            before
                .into_iter()
                .chain([Event::ArrivalWithdrawn])
                .collect(),
        );
        assert_eq!(erased(&all), Ok(Some(code("0184"))));
        assert_eq!(erased_replies(&all), Ok(None));
        for (who, may) in [("2283", true), ("0184", false)] {
            assert_eq!(may_read(&all, code(who), Version(1)), Ok(may));
        }
    }
}

#[test]
fn who_ends_it_for_the_other_ends_what_it_told_and_keeps_its_own() {
    let redacted = |by| Event::RelocationRedacted { by: code(by) };
    let before = [
        registered(),
        Event::RelocationAcknowledged,
        Event::RelocationReplied {
            by: code("2283"),
            objection: false,
        },
        Event::RelocationReplied {
            by: code("0184"),
            objection: false,
        },
    ];
    let seen = |by| {
        let all = entries(before.iter().cloned().chain([redacted(by)]).collect());
        (erased(&all), erased_replies(&all))
    };
    let read = |by, who| {
        let all = entries(before.iter().cloned().chain([redacted(by)]).collect());
        let read = |entry: &Entry| may_read(&all, code(who), entry.version) == Ok(true);
        all.iter().map(read).collect::<Vec<_>>()
    };
    assert_eq!(read("0184", "2283"), [false; 5]);
    assert_eq!(read("0184", "0184"), [true; 5]);
    assert_eq!(read("2283", "2283"), [true; 5]);
    assert_eq!(read("2283", "0184"), [true, true, false, true, true]);
    assert_eq!(seen("0184"), (Ok(Some(code("2283"))), Ok(None)));
    let replies = Some((code("0184"), vec![Version(3)]));
    assert_eq!(seen("2283"), (Ok(None), Ok(replies)));
    let twice = [registered(), redacted("0184"), redacted("0184")];
    RelocationFold::fold(&entries(twice.to_vec())).expect_err("once");
    let stranger = [registered(), redacted("0191")];
    RelocationFold::fold(&entries(stranger.to_vec())).expect_err("a stranger");
}

#[test]
fn the_asked_ends_what_it_told_and_keeps_its_own_whatever_became_of_the_question() {
    let answered = Event::AlertAnswered {
        answer: AnswerCode::OtherActor,
    };
    let closed = Event::AlertClosed {
        reason: CloseReason::OtherActor,
        operator: None,
    };
    for (before, reason, told) in [
        (vec![raised()], CloseReason::ManualRoute, vec![]),
        (
            vec![raised(), answered.clone(), Event::AlertDisputed],
            CloseReason::ManualRoute,
            vec![Version(2), Version(3)],
        ),
        (
            vec![raised(), Event::AlertDisputed, closed],
            CloseReason::OtherActor,
            vec![Version(2)],
        ),
    ] {
        assert_eq!(erased_replies(&entries(before.clone())), Ok(None));
        let all = entries(before.into_iter().chain([Event::AlertRedacted]).collect());
        let fold = AlertFold::fold(&all).expect("folds").expect("is there");
        assert!(fold.redacted && fold.state == AlertState::Closed);
        assert_eq!(fold.close_reason, Some(reason));
        assert_eq!(erased(&all), Ok(None));
        let asking = erased_replies(&all).expect("no halt");
        assert_eq!(asking, Some((fold.asking, told.clone())));
        for entry in &all {
            let read = |who| may_read(&all, who, entry.version).expect("no halt");
            assert_eq!(read(fold.asking), !told.contains(&entry.version));
            assert!(read(fold.asked));
        }
        let twice: Vec<Event> = all.iter().map(|entry| entry.event.clone()).collect();
        let twice = entries(twice.into_iter().chain([Event::AlertRedacted]).collect());
        AlertFold::fold(&twice).expect_err("once");
    }
}

#[test]
fn no_entries_are_no_subject() {
    assert_eq!(RelocationFold::fold(&[]), Ok(None));
    assert_eq!(ArrivalFold::fold(&[]), Ok(None));
    assert_eq!(AlertFold::fold(&[]), Ok(None));
}

#[test]
fn a_relocation_goes_from_registered_to_arrived() {
    let arrival = Uuid::from_u128(2);
    let steps = entries(vec![
        registered(),
        Event::RelocationSupplemented,
        Event::RelocationAcknowledged,
        replied("2283", true),
        replied("0184", false),
        Event::RelocationArrived { arrival },
    ]);
    let states: Vec<RelocationState> = (1..=steps.len())
        .map(|some| {
            RelocationFold::fold(&steps[..some])
                .expect("folds")
                .expect("is there")
                .state
        })
        .collect();
    let expected = [
        RelocationState::Registered,
        RelocationState::Registered,
        RelocationState::Acknowledged,
        RelocationState::Objected,
        RelocationState::Objected,
        RelocationState::Arrived,
    ];
    assert_eq!(states, expected);
    let fold = RelocationFold::fold(&steps)
        .expect("folds")
        .expect("is there");
    assert_eq!((fold.arrival, fold.version), (Some(arrival), Version(6)));
}

#[test]
fn an_alert_shows_who_works_on_it_what_was_answered_and_why_it_was_closed() {
    let steps = entries(vec![
        raised(),
        Event::AlertAcknowledged {
            operator: operator(),
        },
        Event::AlertCommented {
            operator: operator(),
            text: "called them".to_owned(),
        },
        Event::AlertAnswered {
            answer: AnswerCode::OtherActor,
        },
        Event::AlertDisputed,
        Event::AlertAssigned {
            operator: operator(),
            assignee: "op2".to_owned(),
        },
        Event::AlertClosed {
            reason: CloseReason::OtherActor,
            operator: Some("op2".to_owned()),
        },
    ]);
    let states: Vec<AlertState> = (1..=steps.len())
        .map(|some| {
            AlertFold::fold(&steps[..some])
                .expect("folds")
                .expect("is there")
                .state
        })
        .collect();
    let expected = [
        AlertState::Open,
        AlertState::Acknowledged,
        AlertState::Acknowledged,
        AlertState::Answered,
        AlertState::Answered,
        AlertState::Answered,
        AlertState::Closed,
    ];
    assert_eq!(states, expected);
    let fold = AlertFold::fold(&steps).expect("folds").expect("is there");
    assert_eq!(fold.assignee.as_deref(), Some("op2"));
    assert_eq!(
        fold.comments,
        [(Timestamp::UNIX_EPOCH, operator(), "called them".to_owned())]
    );
    assert_eq!(fold.answer, Some(AnswerCode::OtherActor));
    assert_eq!(fold.close_reason, Some(CloseReason::OtherActor));
    assert!(fold.disputed);
    assert_eq!((fold.version, fold.position), (Version(7), Position(21)));
}

#[test]
fn a_gap_another_subject_and_a_wrong_beginning_halt() {
    let whole = entries(vec![
        registered(),
        Event::RelocationAcknowledged,
        replied("2283", false),
    ]);
    let halts = |entries: &[Entry], position, expected| {
        let halt = RelocationFold::fold(entries).expect_err("halts");
        assert_eq!((halt.position, halt.what), (Position(position), expected));
    };
    let gap = [whole[0].clone(), whole[2].clone()];
    halts(&gap, 9, "a version is missing or repeated");
    halts(&whole[1..], 6, "a version is missing or repeated");
    let mut mixed = whole.clone();
    mixed[1].subject = Subject::relocation(Uuid::from_u128(2));
    halts(&mixed, 6, "an entry of another subject");
    let mut turned = whole.clone();
    turned[2].position = Position(6);
    halts(&turned, 6, "positions do not grow");
    let wrong = entries(vec![reported()]);
    halts(
        &wrong,
        3,
        "a relocation does not begin with its registration",
    );
}

#[test]
fn a_second_answer_and_a_second_dispute_halt() {
    let answered = Event::AlertAnswered {
        answer: AnswerCode::OtherActor,
    };
    for event in [answered, Event::AlertDisputed] {
        let twice = entries(vec![raised(), event.clone(), event]);
        assert!(AlertFold::fold(&twice[..2]).is_ok());
        let halt = AlertFold::fold(&twice).expect_err("halts");
        assert_eq!(halt.position, Position(9));
    }
}

proptest! {
    #[test]
    fn invariant_no_entries_panic_and_the_end_is_the_end(
        first in 0usize..3,
        rest in prop::collection::vec(0usize..22, 0..12),
    ) {
        let all = later_events();
        let mut events = vec![all[first].clone()];
        events.extend(rest.into_iter().map(|index| all[index].clone()));
        let whole = entries(events);
        for some in 1..=whole.len() {
            let (before, newest) = (&whole[..some - 1], &whole[..some]);
            if let Ok(Some(fold)) = RelocationFold::fold(before)
                && fold.state.is_final()
                && let Ok(Some(after)) = RelocationFold::fold(newest)
            {
                // what the receiver may read no more is told whatever became of it
                let is_ended = newest[some - 1].event.ends_reading();
                let kept = if is_ended { RelocationState::Withdrawn } else { fold.state };
                prop_assert_eq!(after.state, kept);
                prop_assert!(is_ended || fold.state != RelocationState::Withdrawn);
            }
            if let Ok(Some(fold)) = ArrivalFold::fold(before) {
                let ended = fold.state == ArrivalState::Withdrawn;
                prop_assert!(!(ended && ArrivalFold::fold(newest).is_ok()));
            }
            if let Ok(Some(fold)) = AlertFold::fold(before) {
                let is_last = whole[some - 1].event != Event::AlertRedacted || fold.redacted;
                let ended = fold.state == AlertState::Closed && is_last;
                prop_assert!(!(ended && AlertFold::fold(newest).is_ok()));
            }
        }
    }
}
