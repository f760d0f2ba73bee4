//! Short histories, each about something: together they hold every kind of entry, and every step that a relocation
//! can take. What one tells is for ever, since its journal is golden: add one, never edit one.

mod ended;
mod organisation;

use domain::code::{
    AnswerCode, CloseReason, NoticeKind, RelocationKind, Restriction, WithdrawalReason,
};
use domain::definition::Definition;
use domain::entry::Event;
use domain::month::Month;
use domain::relocation_state::Side;
use domain::subject::{NoticeNumber, Subject};
use jiff::{SignedDuration, Span};
use ledger::{AlertCaller, AlertCommand, RelocationCommand};
use uuid::Uuid;

use super::{History, id, municipality, pseudonym};
use ended::{recalled, written};
use organisation::{drills, organisation};

/// Tells a story.
pub type Story = fn(&mut History);

/// Each with its name.
pub const STORIES: [(&str, Story); 13] = [
    ("demo", demo),
    ("steps", steps),
    ("definitions", definitions),
    ("deadlines", deadlines),
    ("chains", chains),
    ("duties", duties),
    ("organisation", organisation),
    ("recalled", recalled),
    ("redacted", redacted),
    ("questions", questions),
    ("revoked", revoked),
    ("drills", drills),
    ("written", written),
];

const SOLNA: &str = "0184";
const SIGTUNA: &str = "0191";
const SOLLEFTEA: &str = "2283";

/// What `cargo xtask demo` plays, with all that operators can do.
fn demo(history: &mut History) {
    history.register(1, SOLNA, 0);
    history.command(1, (RelocationCommand::Acknowledge, Side::Recipient));
    history.command(1, (reply(false), Side::Recipient));
    history.report(1, SOLNA);
    history.report(2, SIGTUNA);
    history.system(Event::ClockAdvanced {
        seconds: days(15).as_secs(),
    });
    history.wait(days(15));
    let alert = *history.alerts.first().expect("nobody announced it");
    let operator = AlertCaller::Operator("operator-1".to_owned());
    let sigtuna = AlertCaller::Party(municipality(SIGTUNA));
    for (command, caller) in [
        (AlertCommand::Acknowledge, &operator),
        (AlertCommand::Answer(AnswerCode::OwnClearWish), &sigtuna),
        (AlertCommand::Dispute, &sigtuna),
        (
            AlertCommand::Assign {
                assignee: "operator-2".to_owned(),
            },
            &operator,
        ),
        (
            AlertCommand::Comment {
                text: String::new(),
            },
            &operator,
        ),
        (
            AlertCommand::Close {
                reason: CloseReason::OwnClearWish,
            },
            &operator,
        ),
    ] {
        history.on_alert(alert, command, caller);
    }
}

/// From each state each step that is allowed, by each side.
fn steps(history: &mut History) {
    let acknowledge = (RelocationCommand::Acknowledge, Side::Recipient);
    let taken_in = [acknowledge];
    let replied = [acknowledge, (reply(false), Side::Recipient)];
    let objected = [acknowledge, (reply(true), Side::Recipient)];
    let withdraw = |reason| (RelocationCommand::Withdraw { reason }, Side::Sender);
    let supplement = (RelocationCommand::Supplement, Side::Sender);
    let answers = [
        (reply(false), Side::Sender),
        (reply(false), Side::Recipient),
        (reply(true), Side::Recipient),
        supplement,
    ];
    let mut person = 0;
    for (path, reason) in [
        (&[][..], WithdrawalReason::Mistake),
        (&taken_in, WithdrawalReason::MoveCancelled),
        (&replied, WithdrawalReason::ConsentRevoked),
        (&objected, WithdrawalReason::Mistake),
    ] {
        let allowed = if path.is_empty() {
            vec![acknowledge, supplement]
        } else {
            answers.to_vec()
        };
        for last in allowed.into_iter().chain([withdraw(reason)]) {
            person += 1;
            history.follow(person, path);
            history.command(person, last);
        }
        // one arrives; the others do not, in the end
        person += 1;
        history.follow(person, path);
        history.report(person, SOLNA);
        person += 1;
        history.follow(person, path);
    }
    history.wait(days(300));
}

/// A definition changes while arrivals wait: each keeps the one that it was reported under.
fn definitions(history: &mut History) {
    history.system(Event::RulesVersionSet { version: 1 });
    history.register(3, SIGTUNA, 3);
    history.register(4, SIGTUNA, 3);
    history.report(1, SIGTUNA);
    history.report(3, SIGTUNA);
    history.system(Event::DefinitionSet(Definition {
        version: 2,
        grace_days: 30,
        early_months: 1,
        late_months: 2,
        not_arrived_months: 3,
        answer_days: 7,
        expiry_days: 0,
        drills: false,
    }));
    history.report(2, SIGTUNA);
    history.report(4, SIGTUNA);
    history.wait(days(20));
    history.system(Event::DefinitionSet(Definition {
        version: 3,
        grace_days: 0,
        ..Definition::FIRST
    }));
    history.report(5, SOLNA);
    history.wait(days(400));
}

/// What is done in time, too late, and never.
fn deadlines(history: &mut History) {
    for person in 1..=6 {
        history.report(person, SIGTUNA);
        history.wait(SignedDuration::from_hours(1));
    }
    history.register(7, SIGTUNA, 0);
    history.withdraw_report(1);
    history.wait(days(10));
    history.register(2, SIGTUNA, 0);
    // four deadlines pass at once, as after a pause
    history.pause(days(10));
    history.register(3, SIGTUNA, 0);
    history.withdraw_report(4);
    history.wait(days(31));
    let operator = AlertCaller::Operator("operator-1".to_owned());
    let [.., fifth, sixth] = *history.alerts else {
        return;
    };
    for (alert, reason) in [
        (fifth, CloseReason::ConfirmedUnannounced),
        (sixth, CloseReason::WrongPerson),
    ] {
        history.on_alert(alert, AlertCommand::Close { reason }, &operator);
    }
    history.wait(days(200));
}

/// A municipality confirms its notices, with another chain than ours: one question at a time.
fn chains(history: &mut History) {
    for person in 1..=3 {
        history.register(person, SOLNA, 1);
    }
    for (number, agrees) in [(1, true), (2, false), (3, false)] {
        history.confirm(number, agrees);
    }
    let alert = *history.alerts.first().expect("the chains differ");
    let operator = AlertCaller::Operator("operator-1".to_owned());
    let reason = CloseReason::Technical;
    history.on_alert(alert, AlertCommand::Close { reason }, &operator);
    history.confirm(2, false);
    history.confirm(3, false);
}

/// Silence, transfers, a reversed registration, restrictions, a replaced number.
fn duties(history: &mut History) {
    // kinds come in turn: the fifth is a transfer
    for person in [1, 4, 10] {
        history.register(person, SOLNA, 0);
    }
    history.report(1, SOLNA);
    history.withdraw_report(1);
    history.report(21, SIGTUNA);
    let by = municipality(SOLNA);
    let relocation = Subject::relocation(id(1));
    for restriction in Restriction::ALL {
        let restricted = Event::RelocationRestricted { by, restriction };
        history.act(relocation, restricted, &[]);
    }
    let restriction = Restriction::Processing;
    let released = Event::RelocationReleased { by, restriction };
    history.act(relocation, released, &[]);
    let referred = Event::IdentityReferred {
        by,
        scope: by,
        previous: vec![pseudonym(1)],
        current: vec![pseudonym(101)],
    };
    history.act(Subject::register_event(id(2000)), referred, &[]);
    history.wait(days(60));
    let on = history.today();
    for person in [4, 10] {
        history.command(person, (RelocationCommand::Refer { on }, Side::Sender));
    }
    let granted = true;
    let decided = RelocationCommand::Decide { granted, on };
    history.command(10, (decided, Side::Recipient));
    history.wait(days(120));
}

/// Ended for the other party by either side, from every state; nothing is asked about it after that.
fn redacted(history: &mut History) {
    let acknowledge = (RelocationCommand::Acknowledge, Side::Recipient);
    let reason = WithdrawalReason::MoveCancelled;
    let withdraw = (RelocationCommand::Withdraw { reason }, Side::Sender);
    for (index, side) in (0..).zip([Side::Sender, Side::Recipient]) {
        let redact = (RelocationCommand::Redact, side);
        let first = index * 10;
        for (person, path) in (first + 1..).zip([
            &[][..],
            &[acknowledge],
            &[acknowledge, (reply(false), Side::Recipient)],
            &[acknowledge, (reply(true), Side::Recipient)],
            &[acknowledge, withdraw],
        ]) {
            history.follow(person, path);
            history.command(person, redact);
        }
        history.report(first + 1, SOLNA);
        history.register(first + 7, SOLNA, 0);
        history.report(first + 7, SOLNA);
        history.command(first + 7, redact);
        history.withdraw_report(first + 7);
        history.register(first + 8, SOLNA, 0);
    }
    history.wait(days(300));
    for (person, side) in [(8, Side::Sender), (18, Side::Recipient)] {
        history.command(person, (RelocationCommand::Redact, side));
    }
    history.wait(days(1));
}

/// Questions that the asked municipality ended: open, on an operator's desk, answered and disputed, and closed.
fn questions(history: &mut History) {
    for person in 1..=5 {
        history.report(person, SIGTUNA);
    }
    history.wait(days(15));
    let operator = AlertCaller::Operator("operator-1".to_owned());
    let sigtuna = AlertCaller::Party(municipality(SIGTUNA));
    let answer = || AlertCommand::Answer(AnswerCode::OtherActor);
    let reason = CloseReason::OtherActor;
    let alerts = history.alerts.clone();
    for (alert, commands) in alerts.into_iter().zip([
        vec![],
        vec![(AlertCommand::Acknowledge, &operator)],
        vec![(answer(), &sigtuna), (AlertCommand::Dispute, &sigtuna)],
        vec![
            (answer(), &sigtuna),
            (AlertCommand::Close { reason }, &operator),
        ],
    ]) {
        for (command, caller) in commands {
            history.on_alert(alert, command, caller);
        }
        history.on_alert(alert, AlertCommand::Redact, &sigtuna);
    }
    // an announcement that comes later covers what was asked, and the rest expires
    history.register(1, SIGTUNA, 0);
    history.wait(days(200));
}

/// Consent that is revoked, and mistakes that are found out, from every state; moves that are called off while it is open.
fn revoked(history: &mut History) {
    let acknowledge = (RelocationCommand::Acknowledge, Side::Recipient);
    let withdraw = |reason| (RelocationCommand::Withdraw { reason }, Side::Sender);
    let revoke = withdraw(WithdrawalReason::ConsentRevoked);
    let undo = withdraw(WithdrawalReason::Mistake);
    let called_off = withdraw(WithdrawalReason::MoveCancelled);
    let replied = (reply(false), Side::Recipient);
    let objected = (reply(true), Side::Recipient);
    let paths: [&[_]; 4] = [
        &[],
        &[acknowledge],
        &[acknowledge, replied],
        &[acknowledge, objected],
    ];
    for (person, path) in (1..).step_by(10).zip(paths) {
        // called off, and revoked after that; found out to be a mistake
        history.follow(person, path);
        history.command(person, called_off);
        history.command(person, revoke);
        history.follow(person + 1, path);
        history.command(person + 1, undo);
        // told when the person had arrived; the arrival is reversed after that, which opens nothing again
        history.follow(person + 2, path);
        history.report(person + 2, SOLNA);
        history.command(person + 2, revoke);
        history.withdraw_report(person + 2);
        history.follow(person + 3, path);
    }
    history.wait(days(300));
    for (person, _path) in (1..).step_by(10).zip(paths) {
        history.command(person + 3, undo);
    }
    history.wait(days(1));
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn reply(objection: bool) -> RelocationCommand {
    RelocationCommand::Reply { objection }
}

/// The report that a person arrived.
fn report_of(person: u64) -> Uuid {
    id(1000 + person)
}

impl History {
    /// Somebody's move to Sollefteå is announced, for so many months ahead.
    fn register(&mut self, person: u64, from: &str, months: i32) {
        let today = self.today();
        let recipient = municipality(SOLLEFTEA);
        let kinds = RelocationKind::ALL.into_iter().cycle();
        let event = Event::RelocationRegistered {
            sender: municipality(from),
            recipient,
            kind: kinds.zip(0..=person).last().expect("a kind").0,
            pseudonym: pseudonym(person),
            planned: Month::of(today).plus(months),
            answer_due_on: today.saturating_add(Span::new().days(14)),
            function: None,
        };
        let notices = [(recipient, NoticeKind::RelocationRegistered)];
        self.act(Subject::relocation(id(person)), event, &notices);
    }

    /// A party does something about a person's move.
    fn command(&mut self, person: u64, (command, side): (RelocationCommand, Side)) {
        let fold = self.machine.relocation(id(person)).expect("announced");
        let by = match side {
            Side::Sender => fold.sender,
            Side::Recipient | Side::Ledger => fold.recipient,
        };
        let (event, notices) = ledger::relocation(fold, command, by).expect("allowed");
        self.act(Subject::relocation(id(person)), event, &notices);
    }

    /// Solna announces a move, and parties act on it.
    fn follow(&mut self, person: u64, path: &[(RelocationCommand, Side)]) {
        self.register(person, SOLNA, 0);
        self.follow_on(person, path);
    }

    /// Parties act on a move that was announced.
    fn follow_on(&mut self, person: u64, path: &[(RelocationCommand, Side)]) {
        for step in path {
            self.command(person, *step);
        }
    }

    /// Sollefteå reports that somebody arrived.
    fn report(&mut self, person: u64, from: &str) {
        let event = Event::ArrivalReported {
            municipality: municipality(SOLLEFTEA),
            previous: municipality(from),
            pseudonyms: vec![pseudonym(person)],
            arrived: Month::of(self.today()),
            is_exempt: person > 20,
        };
        self.act(Subject::arrival(report_of(person)), event, &[]);
    }

    fn withdraw_report(&mut self, person: u64) {
        self.act(
            Subject::arrival(report_of(person)),
            Event::ArrivalWithdrawn,
            &[],
        );
    }

    /// Sollefteå confirms its notices up to a number.
    fn confirm(&mut self, number: u64, agrees: bool) {
        self.system(Event::NoticesConfirmed {
            recipient: municipality(SOLLEFTEA),
            number: NoticeNumber(number),
            agrees,
        });
    }

    fn on_alert(&mut self, alert: Uuid, command: AlertCommand, caller: &AlertCaller) {
        let fold = self.machine.alert(alert).expect("raised");
        let decided = ledger::alert(fold, command, caller, self.today());
        let (event, notices) = decided.expect("allowed");
        self.act(Subject::alert(alert), event, &notices);
    }
}
