//! What stands beside a relocation's states, cell by cell as docs/states.md publishes it, in every state.

use domain::entry::Entry;
use domain::subject::{Position, Subject};

use super::*;

const PUBLISHED: &str = include_str!("../../../../../docs/states.md");

/// The cells of the table whose head row begins with a word, the head row first.
fn published(first: &str) -> Vec<Vec<&'static str>> {
    let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect();
    let table: Vec<Vec<_>> = PUBLISHED
        .lines()
        .skip_while(|line| !line.starts_with(&format!("| {first} |")))
        .take_while(|line| line.starts_with('|'))
        .filter(|line| !line.starts_with("|-"))
        .map(cells)
        .collect();
    assert!(table.len() > 1, "no table of {first}");
    table
}

/// Each cell of a table with the names of its row and its column.
fn cells(first: &str) -> Vec<(&'static str, &'static str, &'static str)> {
    let table = published(first);
    let head = &table[0];
    let mut cells = Vec::new();
    for row in &table[1..] {
        assert_eq!(row.len(), head.len(), "{row:?}");
        let named = head.iter().zip(row).skip(1);
        cells.extend(named.map(|(column, cell)| (row[0], *column, *cell)));
    }
    cells
}

/// What came of a command: the fold after it.
fn after(
    fold: &RelocationFold,
    command: RelocationCommand,
    by: &str,
) -> Result<RelocationFold, Reason> {
    let (event, _notices) = relocation(fold, command, code(by))?;
    Ok(applied(fold, event).expect("what is allowed is no contradiction"))
}

fn applied(fold: &RelocationFold, event: Event) -> Result<RelocationFold, crate::Halt> {
    let mut fold = fold.clone();
    fold.apply(&Entry {
        position: Position(9),
        recorded_at: fold.recorded_at,
        subject: Subject::relocation(Uuid::from_u128(9)),
        version: fold.version.next(),
        event,
        notices: Vec::new(),
        sealed: Vec::new(),
    })?;
    Ok(fold)
}

#[test]
fn every_cell_of_the_published_restrictions_is_what_is_decided_in_every_state() {
    for (set, step, expected) in cells("its own") {
        for state in RelocationState::ALL {
            for (by, other) in [(SENDER, RECIPIENT), (RECIPIENT, SENDER)] {
                for restriction in Restriction::ALL {
                    let mut fold = relocation_in(state);
                    if set == "set" {
                        fold.restrictions.insert((code(by), restriction));
                    }
                    // what is set by the other, or of the other kind, is another matter
                    let others = Restriction::ALL.map(|each| (code(other), each));
                    let otherwise = Restriction::ALL.into_iter().filter(|it| *it != restriction);
                    fold.restrictions.extend(others);
                    fold.restrictions.extend(otherwise.map(|it| (code(by), it)));
                    let command = match step {
                        "restrict" => RelocationCommand::Restrict { restriction },
                        "release" => RelocationCommand::Release { restriction },
                        _ => panic!("no such step: {step}"),
                    };
                    let is_set = |fold: RelocationFold| {
                        assert_eq!(fold.state, state, "beside the state");
                        let is_set = fold.restrictions.contains(&(code(by), restriction));
                        if is_set { "set" } else { "not set" }
                    };
                    let seen = after(&fold, command, by).map(is_set);
                    let expected = match expected {
                        "–" => Err(Reason::StateNotAllowed),
                        expected => Ok(expected),
                    };
                    assert_eq!(seen, expected, "{set}, {step} by {by} in {state:?}");
                }
            }
        }
    }
}

#[test]
fn every_cell_of_what_a_restriction_refuses_is_what_is_refused_in_every_state() {
    let on = Date::constant(2026, 12, 8);
    for (_, step, expected) in cells("restricted") {
        let restriction = Restriction::LegalHold;
        let command = match step {
            "supplement" => RelocationCommand::Supplement,
            "withdraw" => RelocationCommand::Withdraw {
                reason: WithdrawalReason::Mistake,
            },
            "recall" => RelocationCommand::Recall,
            "redact" => RelocationCommand::Redact,
            "restrict" => RelocationCommand::Restrict { restriction },
            "release" => RelocationCommand::Release { restriction },
            "acknowledge" => RelocationCommand::Acknowledge,
            "reply" => RelocationCommand::Reply { objection: false },
            "object" => RelocationCommand::Reply { objection: true },
            "refer" => RelocationCommand::Refer { on },
            "decide" => RelocationCommand::Decide { granted: true, on },
            _ => panic!("no such step: {step}"),
        };
        for state in RelocationState::ALL {
            for by in [SENDER, RECIPIENT] {
                let mut fold = relocation_in(state);
                let restrict = |by: &str, kind| (code(by), kind);
                let own = restrict(by, Restriction::Processing);
                // a hold, and what the other restricted, refuse nothing
                let nobodys =
                    [SENDER, RECIPIENT].map(|side| restrict(side, Restriction::LegalHold));
                fold.restrictions.extend(nobodys);
                let theirs = if by == SENDER { RECIPIENT } else { SENDER };
                fold.restrictions
                    .insert(restrict(theirs, Restriction::Processing));
                let refused = Err(Reason::ProcessingRestricted);
                assert_ne!(
                    relocation(&fold, command, code(by)),
                    refused,
                    "{step} by {by}"
                );
                fold.restrictions.insert(own);
                let seen = relocation(&fold, command, code(by)) == refused;
                assert_eq!(seen, expected == "yes", "{step} by {by} in {state:?}");
            }
        }
    }
}

#[test]
fn every_cell_of_the_published_transfer_is_what_is_decided_in_every_state() {
    let on = Date::constant(2026, 12, 8);
    let transfer = |name| match name {
        "asked" => Transfer::Asked,
        "answered" => Transfer::Answered,
        "silent" => Transfer::Silent,
        "referred" => Transfer::Referred { on },
        "overdue" => Transfer::Overdue { on },
        "decided" => Transfer::Decided { granted: true, on },
        _ => panic!("no such place: {name}"),
    };
    for (from, step, expected) in cells("transfer") {
        let (act, by) = step.split_once(" by ").expect("an act by somebody");
        let by = match by {
            "sender" => SENDER,
            "recipient" => RECIPIENT,
            _ => "",
        };
        for state in RelocationState::ALL {
            for kind in [RelocationKind::Transfer2910, RelocationKind::Placement] {
                let fold = RelocationFold {
                    kind,
                    transfer: transfer(from),
                    ..relocation_in(state)
                };
                let seen = match act {
                    // where the state lets nobody reply, there is no answer
                    "reply" => {
                        let reply = RelocationCommand::Reply { objection: false };
                        match after(&fold, reply, by) {
                            Ok(fold) => Some(RelocationFold { state, ..fold }),
                            Err(_reason) => continue,
                        }
                    }
                    "refer" => after(&fold, RelocationCommand::Refer { on }, by).ok(),
                    "decide" => {
                        after(&fold, RelocationCommand::Decide { granted: true, on }, by).ok()
                    }
                    // it is read of an older record, and never due
                    "silence" if fold.transfer == Transfer::Answered => None,
                    "silence" => applied(&fold, Event::TransferSilent).ok(),
                    "delay" => applied(&fold, Event::TransferDecisionOverdue).ok(),
                    _ => panic!("no such act: {act}"),
                };
                let is_transfer = kind == RelocationKind::Transfer2910;
                let expected = match act {
                    // everybody may reply, and of no other kind that answers a request
                    "reply" if !is_transfer => Some(transfer(from)),
                    _ => (expected != "–" && is_transfer).then(|| transfer(expected)),
                };
                let seen = seen.map(|fold| {
                    assert_eq!(fold.state, state, "beside the state");
                    fold.transfer
                });
                assert_eq!(seen, expected, "{from}, {step} in {state:?} of {kind:?}");
            }
        }
    }
}

#[test]
fn nobody_goes_to_the_inspectorate_before_it_asked_and_nothing_is_decided_before_that() {
    let on = Date::constant(2026, 12, 8);
    let fold = RelocationFold {
        kind: RelocationKind::Transfer2910,
        transfer: Transfer::Answered,
        recorded_at: "2026-12-08T12:00:00Z".parse().expect("an instant"),
        ..relocation_in(RelocationState::Objected)
    };
    for (on, expected) in [
        (Date::constant(2026, 12, 7), Err(Reason::StateNotAllowed)),
        (on, Ok(())),
    ] {
        let seen = relocation(&fold, RelocationCommand::Refer { on }, code(SENDER));
        assert_eq!(seen.map(|_decision| ()), expected);
    }
    let fold = RelocationFold {
        kind: RelocationKind::Transfer2910,
        transfer: Transfer::Referred { on },
        ..relocation_in(RelocationState::Acknowledged)
    };
    let on = Date::constant(2026, 12, 7);
    let early = relocation(
        &fold,
        RelocationCommand::Decide { granted: true, on },
        code(SENDER),
    );
    assert_eq!(early, Err(Reason::StateNotAllowed));
}
