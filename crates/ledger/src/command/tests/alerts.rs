//! Questions: who answers, disputes, handles and closes them.

use domain::code::{AlertKind, AnswerCode, CloseReason};
use domain::subject::{Position, Version};
use jiff::Timestamp;
use jiff::civil::Date;

use super::{RECIPIENT, SENDER, check, code};
use crate::command::{AlertCaller, AlertCommand, alert};
use crate::fold::{AlertFold, AlertState};

fn alert_of(kind: AlertKind) -> AlertFold {
    AlertFold {
        kind,
        arrival: None,
        asking: code(RECIPIENT),
        asked: code(if kind == AlertKind::ChainDiffers {
            RECIPIENT
        } else {
            SENDER
        }),
        answer_due_on: Date::constant(2027, 1, 7),
        definition: 1,
        raised_at: Timestamp::UNIX_EPOCH,
        state: AlertState::Open,
        disputed: false,
        redacted: false,
        answer: None,
        close_reason: None,
        assignee: None,
        comments: Vec::new(),
        version: Version(1),
        position: Position(1),
    }
}

fn check_alert(fold: &AlertFold, today: &str, table: &str) {
    let today = today.parse().expect("a date");
    check(table, |verb, by| {
        let command = match verb {
            "answer" => AlertCommand::Answer(AnswerCode::OwnClearWish),
            "dispute" => AlertCommand::Dispute,
            "redact" => AlertCommand::Redact,
            "acknowledge" => AlertCommand::Acknowledge,
            "assign" => AlertCommand::Assign {
                assignee: "op2".to_owned(),
            },
            "comment" => AlertCommand::Comment {
                text: "a word".to_owned(),
            },
            "close" => AlertCommand::Close {
                reason: CloseReason::NotConfirmed,
            },
            "confirm" => AlertCommand::Close {
                reason: CloseReason::ConfirmedUnannounced,
            },
            other => panic!("no such command: {other}"),
        };
        let caller = match by {
            "operator" => AlertCaller::Operator("op1".to_owned()),
            by => AlertCaller::Party(code(by)),
        };
        alert(fold, command, &caller, today)
    });
}

#[test]
fn the_asked_answers_and_disputes_and_operators_do_the_rest() {
    check_alert(
        &alert_of(AlertKind::UnannouncedArrival),
        "2026-12-09",
        "
        answer by 0184 => QuestionAnswered to 2283
        dispute by 0184 => QuestionDisputed to 2283
        redact by 0184 => QuestionManualRoute to 0184, QuestionManualRoute to 2283
        answer by 2283 => STATE_NOT_ALLOWED
        dispute by 2283 => STATE_NOT_ALLOWED
        redact by 2283 => STATE_NOT_ALLOWED
        redact by 0191 => NOT_FOUND
        answer by 0191 => NOT_FOUND
        close by 0191 => NOT_FOUND
        close by 0184 => ROLE_NOT_ALLOWED
        comment by 2283 => ROLE_NOT_ALLOWED
        acknowledge by operator => ok
        assign by operator => ok
        comment by operator => ok
        close by operator => QuestionClosed to 0184, QuestionClosed to 2283
        answer by operator => ROLE_NOT_ALLOWED
        dispute by operator => ROLE_NOT_ALLOWED
        redact by operator => ROLE_NOT_ALLOWED
    ",
    );
}

#[test]
fn a_question_is_answered_once_disputed_once_and_never_after_it_was_closed() {
    let answered = AlertFold {
        state: AlertState::Answered,
        answer: Some(AnswerCode::Other),
        ..alert_of(AlertKind::UnannouncedArrival)
    };
    let table = "
        answer by 0184 => STATE_NOT_ALLOWED
        dispute by 0184 => QuestionDisputed to 2283
    ";
    check_alert(&answered, "2026-12-09", table);
    let disputed = AlertFold {
        disputed: true,
        ..alert_of(AlertKind::UnannouncedArrival)
    };
    let table = "
        answer by 0184 => QuestionAnswered to 2283
        dispute by 0184 => STATE_NOT_ALLOWED
    ";
    check_alert(&disputed, "2026-12-09", table);
    let closed = AlertFold {
        state: AlertState::Closed,
        ..alert_of(AlertKind::UnannouncedArrival)
    };
    for verb in [
        "answer by 0184",
        "dispute by 0184",
        "acknowledge by operator",
        "assign by operator",
    ]
    .into_iter()
    .chain(["comment by operator", "close by operator", "redact by 2283"])
    {
        check_alert(
            &closed,
            "2026-12-09",
            &format!("{verb} => STATE_NOT_ALLOWED"),
        );
    }
}

#[test]
fn the_asked_ends_a_question_once_whatever_became_of_it() {
    let open = alert_of(AlertKind::UnannouncedArrival);
    let ended = "redact by 0184 => QuestionManualRoute to 0184, QuestionManualRoute to 2283";
    for state in [
        AlertState::Open,
        AlertState::Acknowledged,
        AlertState::Answered,
        AlertState::Closed,
    ] {
        let fold = AlertFold {
            state,
            ..open.clone()
        };
        check_alert(&fold, "2026-12-09", ended);
        let redacted = AlertFold {
            redacted: true,
            ..fold
        };
        check_alert(
            &redacted,
            "2026-12-09",
            "redact by 0184 => STATE_NOT_ALLOWED",
        );
    }
    // whoever is the other end of both is told once
    let own = AlertFold {
        asking: open.asked,
        ..open
    };
    check_alert(
        &own,
        "2026-12-09",
        "redact by 0184 => QuestionManualRoute to 0184",
    );
    for kind in [AlertKind::ChainDiffers, AlertKind::InboxSilent] {
        let asked = alert_of(kind).asked;
        let table = format!("redact by {asked} => STATE_NOT_ALLOWED");
        check_alert(&alert_of(kind), "2026-12-09", &table);
    }
}

#[test]
fn unannounced_is_confirmed_only_when_admitted_or_after_the_due_date() {
    let open = alert_of(AlertKind::UnannouncedArrival);
    let answered = |answer| AlertFold {
        state: AlertState::Answered,
        answer: Some(answer),
        ..open.clone()
    };
    let refused = "confirm by operator => STATE_NOT_ALLOWED";
    let confirmed = "confirm by operator => QuestionClosed to 0184, QuestionClosed to 2283";
    check_alert(&open, "2027-01-07", refused);
    check_alert(&open, "2027-01-08", confirmed);
    check_alert(&answered(AnswerCode::OwnClearWish), "2027-01-07", refused);
    check_alert(
        &answered(AnswerCode::ShouldHaveBeenAnnounced),
        "2027-01-07",
        confirmed,
    );
}

#[test]
fn a_differing_chain_is_no_question_and_concerns_one() {
    check_alert(
        &alert_of(AlertKind::ChainDiffers),
        "2027-02-01",
        "
        answer by 2283 => STATE_NOT_ALLOWED
        dispute by 2283 => STATE_NOT_ALLOWED
        answer by 0184 => NOT_FOUND
        acknowledge by operator => ok
        close by operator => QuestionClosed to 2283
        confirm by operator => STATE_NOT_ALLOWED
    ",
    );
}
