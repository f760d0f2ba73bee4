//! What is done about a relocation that came to its end: written about, or called back. What one tells is for ever.

use domain::code::WithdrawalReason;
use domain::relocation_state::Side;
use ledger::RelocationCommand;

use super::{History, SOLNA, days, reply};

/// What is written about those who arrived and those who did not; a transfer whose answer the sender goes on with.
pub(super) fn written(history: &mut History) {
    let acknowledge = (RelocationCommand::Acknowledge, Side::Recipient);
    let answers = [
        acknowledge,
        (reply(false), Side::Recipient),
        (reply(true), Side::Recipient),
        (reply(false), Side::Sender),
    ];
    // kinds come in turn: the fifth is a transfer
    for person in [1, 2, 4, 10] {
        history.register(person, SOLNA, 0);
    }
    for person in [1, 4] {
        history.report(person, SOLNA);
        history.follow_on(person, &answers);
    }
    let on = history.today();
    history.command(4, (RelocationCommand::Refer { on }, Side::Sender));
    history.wait(days(300));
    for person in [2, 10] {
        history.follow_on(person, &answers);
    }
}

/// Announcements that went to the wrong municipality, found out sooner and later.
pub(super) fn recalled(history: &mut History) {
    let acknowledge = (RelocationCommand::Acknowledge, Side::Recipient);
    let reason = WithdrawalReason::MoveCancelled;
    let withdraw = (RelocationCommand::Withdraw { reason }, Side::Sender);
    let recall = (RelocationCommand::Recall, Side::Sender);
    for (person, path) in (1..).zip([
        &[][..],
        &[acknowledge],
        &[acknowledge, (reply(false), Side::Recipient)],
        &[acknowledge, (reply(true), Side::Recipient)],
        &[acknowledge, withdraw],
    ]) {
        history.follow(person, path);
        history.command(person, recall);
    }
    // announced anew after that, it is another one
    history.register(6, SOLNA, 0);
    history.command(6, recall);
    history.register(7, SOLNA, 0);
    history.report(7, SOLNA);
    history.register(8, SOLNA, 0);
    history.wait(days(300));
    for person in [7, 8] {
        history.command(person, recall);
    }
    // that it was called back opens nothing again
    history.withdraw_report(7);
    history.wait(days(1));
}
