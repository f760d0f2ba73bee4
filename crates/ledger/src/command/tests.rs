//! Who may do what, as text tables: one line a command, then its notices or its refusal.

mod alerts;
mod municipality;
mod published;

use std::collections::BTreeSet;

use domain::code::RelocationKind;
use domain::month::Month;
use domain::relocation_state::RelocationState;
use domain::subject::{Pseudonym, Version};
use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::fold::Transfer;

const SENDER: &str = "0184";
const RECIPIENT: &str = "2283";
const STRANGER: &str = "0191";

fn code(text: &str) -> MunicipalityCode {
    MunicipalityCode::parse(text).expect("a code")
}

fn person() -> Pseudonym {
    Pseudonym {
        epoch: 2026,
        value: [1; 16],
    }
}

fn relocation_in(state: RelocationState) -> RelocationFold {
    RelocationFold {
        sender: code(SENDER),
        recipient: code(RECIPIENT),
        kind: RelocationKind::ActiveInvolvement,
        pseudonym: person(),
        planned: Month::parse("2026-12").expect("a month"),
        answer_due_on: Date::constant(2026, 12, 8),
        recorded_at: Timestamp::UNIX_EPOCH,
        state,
        version: Version(1),
        taken_in: matches!(
            state,
            RelocationState::Acknowledged | RelocationState::Replied | RelocationState::Objected
        ),
        arrival: None,
        function: None,
        reminded: None,
        restrictions: BTreeSet::new(),
        redacted_by: BTreeSet::new(),
        transfer: Transfer::Asked,
    }
}

fn shown(decision: &Result<Decision, Reason>) -> String {
    match decision {
        Ok((_, notices)) if notices.is_empty() => "ok".to_owned(),
        Ok((_, notices)) => {
            let told = notices
                .iter()
                .map(|(code, kind)| format!("{kind:?} to {code}"));
            told.collect::<Vec<_>>().join(", ")
        }
        Err(reason) => reason.code().to_owned(),
    }
}

/// Runs a table: "command by whom => outcome".
fn check(table: &str, decide: impl Fn(&str, &str) -> Result<Decision, Reason>) {
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (command, expected) = line.split_once(" => ").expect("command => outcome");
        let (verb, by) = command.trim().split_once(" by ").expect("verb by whom");
        assert_eq!(shown(&decide(verb, by)), expected, "{line}");
    }
}

fn check_relocation(state: RelocationState, table: &str) {
    let fold = relocation_in(state);
    check(table, |verb, by| {
        let command = match verb {
            "supplement" => RelocationCommand::Supplement,
            "withdraw" => RelocationCommand::Withdraw {
                reason: WithdrawalReason::MoveCancelled,
            },
            "revoke" => RelocationCommand::Withdraw {
                reason: WithdrawalReason::ConsentRevoked,
            },
            "undo" => RelocationCommand::Withdraw {
                reason: WithdrawalReason::Mistake,
            },
            "recall" => RelocationCommand::Recall,
            "acknowledge" => RelocationCommand::Acknowledge,
            "reply" => RelocationCommand::Reply { objection: false },
            "object" => RelocationCommand::Reply { objection: true },
            other => panic!("no such command: {other}"),
        };
        relocation(&fold, command, code(by))
    });
}

#[test]
fn each_side_acts_in_its_own_way_and_the_other_is_told() {
    check_relocation(
        RelocationState::Registered,
        "
        supplement by 0184 => RelocationSupplemented to 2283
        withdraw by 0184 => RelocationWithdrawn to 2283
        acknowledge by 0184 => STATE_NOT_ALLOWED
        reply by 0184 => STATE_NOT_ALLOWED
        supplement by 2283 => STATE_NOT_ALLOWED
        withdraw by 2283 => STATE_NOT_ALLOWED
        acknowledge by 2283 => RelocationAcknowledged to 0184
        reply by 2283 => STATE_NOT_ALLOWED
    ",
    );
    check_relocation(
        RelocationState::Acknowledged,
        "
        acknowledge by 2283 => STATE_NOT_ALLOWED
        reply by 2283 => RelocationReplied to 0184
        object by 2283 => RelocationObjected to 0184
        reply by 0184 => RelocationReplied to 2283
        object by 0184 => STATE_NOT_ALLOWED
    ",
    );
}

#[test]
fn nothing_can_be_done_to_what_was_withdrawn_and_nothing_by_strangers() {
    for state in RelocationState::ALL {
        for verb in ["supplement", "withdraw", "acknowledge", "reply", "object"] {
            let line = format!("{verb} by {STRANGER} => NOT_FOUND");
            check_relocation(state, &line);
            let is_over = matches!(verb, "supplement" | "withdraw") && state.is_final();
            if is_over || state == RelocationState::Withdrawn {
                check_relocation(state, &format!("{verb} by {SENDER} => STATE_NOT_ALLOWED"));
                check_relocation(
                    state,
                    &format!("{verb} by {RECIPIENT} => STATE_NOT_ALLOWED"),
                );
            }
        }
    }
}

#[test]
fn what_ended_by_itself_is_taken_in_once_and_written_about() {
    for state in [RelocationState::Arrived, RelocationState::NotArrived] {
        check_relocation(
            state,
            "
            acknowledge by 2283 => RelocationAcknowledged to 0184
            reply by 2283 => RelocationReplied to 0184
            object by 2283 => RelocationObjected to 0184
            reply by 0184 => RelocationReplied to 2283
            acknowledge by 0184 => STATE_NOT_ALLOWED
            object by 0184 => STATE_NOT_ALLOWED
        ",
        );
        let mut fold = relocation_in(state);
        fold.taken_in = true;
        let again = relocation(&fold, RelocationCommand::Acknowledge, fold.recipient);
        assert_eq!(again, Err(Reason::StateNotAllowed));
    }
}

#[test]
fn who_restricted_its_processing_does_nothing_more_and_may_still_end_it() {
    let restricted_by = |code, restriction| RelocationFold {
        restrictions: BTreeSet::from([(code, restriction)]),
        ..relocation_in(RelocationState::Acknowledged)
    };
    let all = [
        RelocationCommand::Supplement,
        RelocationCommand::Reply { objection: false },
        RelocationCommand::Withdraw {
            reason: WithdrawalReason::Mistake,
        },
        RelocationCommand::Recall,
    ];
    let (sender, recipient) = (code(SENDER), code(RECIPIENT));
    let outcomes = |fold: &RelocationFold| {
        all.map(|command| relocation(fold, command, sender).map(|_decision| ()))
    };
    let refused = Err(Reason::ProcessingRestricted);
    let own = restricted_by(sender, Restriction::Processing);
    assert_eq!(outcomes(&own), [refused, refused, Ok(()), Ok(())]);
    // what the other side restricted is its own, and a hold forbids nothing
    for fold in [
        restricted_by(recipient, Restriction::Processing),
        restricted_by(sender, Restriction::LegalHold),
    ] {
        assert_eq!(outcomes(&fold), [Ok(()); 4]);
    }
    assert!(own.is_restricted_by(sender) && !own.is_restricted_by(recipient));
}

#[test]
fn a_restriction_is_made_and_lifted_once_by_each_side_in_every_state() {
    for state in RelocationState::ALL {
        for restriction in Restriction::ALL {
            for by in [SENDER, RECIPIENT] {
                let mut fold = relocation_in(state);
                let restrict = RelocationCommand::Restrict { restriction };
                let release = RelocationCommand::Release { restriction };
                let decide = |fold: &RelocationFold, command| relocation(fold, command, code(by));
                assert_eq!(decide(&fold, release), Err(Reason::StateNotAllowed));
                let told = match (by, restriction) {
                    (SENDER, Restriction::Processing) => "RelocationRestricted to 2283",
                    _ => "ok",
                };
                assert_eq!(shown(&decide(&fold, restrict)), told, "{state:?} {by}");
                fold.restrictions.insert((code(by), restriction));
                assert_eq!(decide(&fold, restrict), Err(Reason::StateNotAllowed));
                assert!(decide(&fold, release).is_ok());
            }
        }
        let fold = relocation_in(state);
        let restriction = Restriction::LegalHold;
        let stranger = RelocationCommand::Restrict { restriction };
        assert_eq!(
            relocation(&fold, stranger, code(STRANGER)),
            Err(Reason::NotFound)
        );
    }
}

#[test]
fn the_sender_alone_calls_back_whatever_became_of_it() {
    for state in RelocationState::ALL {
        check_relocation(
            state,
            "
            recall by 0184 => RelocationRecalled to 2283
            recall by 2283 => STATE_NOT_ALLOWED
            recall by 0191 => NOT_FOUND
        ",
        );
    }
}

#[test]
fn a_revoked_consent_and_a_mistake_are_told_by_the_sender_whatever_became_of_it() {
    for state in RelocationState::ALL {
        for verb in ["revoke", "undo"] {
            check_relocation(
                state,
                &format!(
                    "
                    {verb} by 0184 => RelocationWithdrawn to 2283
                    {verb} by 2283 => STATE_NOT_ALLOWED
                    {verb} by 0191 => NOT_FOUND
                    "
                ),
            );
        }
    }
}

#[test]
fn either_party_ends_it_for_the_other_once_whatever_became_of_it() {
    for state in RelocationState::ALL {
        let mut fold = relocation_in(state);
        for (by, other) in [(fold.sender, fold.recipient), (fold.recipient, fold.sender)] {
            let redact = |fold: &RelocationFold| relocation(fold, RelocationCommand::Redact, by);
            let notices = [other, by].map(|whom| (whom, NoticeKind::RelocationManualRoute));
            let event = Event::RelocationRedacted { by };
            assert_eq!(redact(&fold), Ok((event, notices.to_vec())), "{state:?}");
            fold.redacted_by.insert(by);
            assert_eq!(redact(&fold), Err(Reason::StateNotAllowed));
        }
        let stranger = relocation(&fold, RelocationCommand::Redact, code(STRANGER));
        assert_eq!(stranger, Err(Reason::NotFound));
    }
}

#[test]
fn after_so_many_events_no_more_texts_are_taken_and_all_else_goes_on() {
    let mut fold = relocation_in(RelocationState::Registered);
    let supplement = |fold: &RelocationFold| {
        relocation(fold, RelocationCommand::Supplement, fold.sender).map(|_decision| ())
    };
    fold.version = Version(EVENTS_MAX - 1);
    assert_eq!(supplement(&fold), Ok(()));
    fold.version = Version(EVENTS_MAX);
    assert_eq!(supplement(&fold), Err(Reason::TooManyTexts));
    let acknowledged = relocation(&fold, RelocationCommand::Acknowledge, fold.recipient);
    assert!(acknowledged.is_ok());
}

#[test]
fn only_its_reporter_withdraws_an_arrival_and_only_once() {
    let arrival_in = |state| ArrivalFold {
        municipality: code(RECIPIENT),
        previous: code(SENDER),
        pseudonyms: vec![person()],
        arrived: Month::parse("2026-12").expect("a month"),
        is_exempt: false,
        recorded_at: Timestamp::UNIX_EPOCH,
        state,
        version: Version(1),
    };
    let relocation = Uuid::nil();
    for (state, by, expected) in [
        (ArrivalState::Reported, RECIPIENT, "ok"),
        (ArrivalState::Reported, SENDER, "NOT_FOUND"),
        (ArrivalState::Reported, STRANGER, "NOT_FOUND"),
        (ArrivalState::Matched { relocation }, RECIPIENT, "ok"),
        (ArrivalState::Withdrawn, RECIPIENT, "STATE_NOT_ALLOWED"),
    ] {
        let decision = arrival(&arrival_in(state), ArrivalCommand::Withdraw, code(by));
        assert_eq!(shown(&decision), expected, "{state:?} by {by}");
    }
}
