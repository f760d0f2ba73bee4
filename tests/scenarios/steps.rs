//! The words that scenarios are written in: who does what, and what is so afterwards. Nothing here does anything.

use api::v1;
use domain::code::{AnswerCode, CloseReason, NoticeKind, RelocationKind, WithdrawalReason};
use domain::relocation_state::RelocationState;

use super::services::Services;

/// A scenario: its test's name, where it is played, and what happens.
pub(crate) struct Scenario {
    /// `scenario_NN_…`: the number is the catalogue's.
    pub(crate) name: &'static str,
    /// Where it is played.
    pub(crate) on: On,
    /// Given, When, Then.
    pub(crate) steps: &'static [Step],
}

/// Where a scenario is played.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// Before the running services.
    Services,
    /// Before the pure rules alone: parsing, the gate, the machine, with the clock in the entries.
    Rules,
    /// Before both, in the same words. What only services can show is passed over before the rules.
    Both,
}

/// A step.
pub(crate) enum Step {
    /// What came before.
    Given(Act),
    /// What it is about.
    When(Act),
    /// What is so then.
    Then(Fact),
}

/// Who takes part. The three are municipalities that no other scenario has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The sender.
    A,
    /// The receiver.
    B,
    /// A third one.
    C,
}

/// A test person: number, birth date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Person(pub(crate) &'static str, pub(crate) &'static str);

/// A grown-up.
pub(crate) const P: Person = Person("19900101-2385", "1990-01-01");
/// Another grown-up.
pub(crate) const Q: Person = Person("19620312-2384", "1962-03-12");
/// A child.
pub(crate) const CHILD: Person = Person("20120229-2387", "2012-02-29");
/// Somebody with a coordination number.
pub(crate) const COORDINATED: Person = Person("19140168-2396", "1914-01-08");

/// Registrations of somebody who moved from A to B two days ago.
pub(crate) const MOVED: &[(i64, Who)] = &[(100, Who::A), (2, Who::B)];

/// How an announcement differs from a usual one, which is right in every respect.
pub(crate) type Announced = fn(&mut v1::RegisterRelocationRequest);
/// How a report differs from a usual one.
pub(crate) type Reported = fn(&mut v1::ReportArrivalRequest);

/// What somebody does. Commands are about the newest announcement, report or question.
pub(crate) enum Act {
    Announce(Who, Person, Who, Announced),
    Report(Who, Person, Who, Reported),
    /// The newest announcement once more under the same request id, as it was or changed.
    Retry(Who, Announced),
    Acknowledge(Who),
    Reply(Who, &'static str),
    Object(Who, &'static str),
    Withdraw(Who, WithdrawalReason),
    Answer(Who, AnswerCode),
    Dispute(Who),
    /// An operator closes the newest question to somebody.
    Close(Who, CloseReason),
    /// A municipality withdraws its newest report: the registration was reversed.
    Retract(Who),
    /// The population register tells a municipality, in one stream.
    Tell(Who, &'static [Event]),
    /// A municipality's case system asks with such events of its own clients, who have an ongoing involvement.
    AskOfClients(Who, &'static [Event]),
    /// Asks IVO to decide the transfer, today.
    Refer(Who),
    /// Tells that IVO transferred the case, today.
    Decided(Who),
    /// Describes a function of its own by its id: the kinds that it takes, and whether it is closed.
    Describe(Who, &'static str, &'static [RelocationKind], bool),
    /// Describes a function of its own by its id, which takes no kind: whether it handles secrecy markings.
    Trust(Who, &'static str, bool),
    /// A municipality's system confirms all its notices: it is connected from then on.
    Confirm(Who),
    /// Days pass.
    Pass(i64),
    /// It becomes an instant, and what is due until then happens when it is due. Before the rules alone.
    Until(&'static str),
    /// The clock shows an instant of later without anything between: it was wrong, or the ledger stood still. Before the
    /// rules alone.
    Jumps(&'static str),
    /// Municipalities become one from a day on, under its code: a change of code, or a merger. Before anything else, before
    /// the rules alone.
    Become(&'static [Who], Who, &'static str),
    /// Of a municipality another is split off from a day on. Likewise.
    SplitsOff(Who, Who, &'static str),
    /// From now on real people are meant. Before the rules alone.
    InProduction,
}

/// An event of the population register.
pub(crate) struct Event {
    /// The feed's own id.
    pub(crate) id: &'static str,
    /// When the register was changed: hours after something.
    pub(crate) hour: i64,
    pub(crate) person: Person,
    /// Registrations, the present one last: so many days ago, where.
    pub(crate) registrations: &'static [(i64, Who)],
    /// How it differs from a usual one.
    pub(crate) how: fn(&mut v1::RegisterEvent),
}

/// A usual event.
pub(crate) const fn event(
    id: &'static str,
    hour: i64,
    person: Person,
    registrations: &'static [(i64, Who)],
) -> Event {
    Event {
        id,
        hour,
        person,
        registrations,
        how: |_usual| {},
    }
}

impl Event {
    /// The same, with something that differs.
    pub(crate) const fn with(self, how: fn(&mut v1::RegisterEvent)) -> Self {
        Self { how, ..self }
    }
}

impl Who {
    /// Its register tells it this.
    pub(crate) const fn is_told_by_the_register(self, events: &'static [Event]) -> Act {
        Act::Tell(self, events)
    }

    /// Its case system asks with these events of its own clients.
    pub(crate) const fn asks_of_clients(self, events: &'static [Event]) -> Act {
        Act::AskOfClients(self, events)
    }

    /// Announces that a person moves to another municipality.
    pub(crate) const fn announces(self, person: Person, to: Self) -> Act {
        self.announces_with(person, to, |_usual| {})
    }

    /// Announces, with something that differs from a usual announcement.
    pub(crate) const fn announces_with(self, person: Person, to: Self, how: Announced) -> Act {
        Act::Announce(self, person, to, how)
    }

    /// Reports that a person arrived from another municipality.
    pub(crate) const fn reports(self, person: Person, from: Self) -> Act {
        self.reports_with(person, from, |_usual| {})
    }

    /// Reports, with something that differs from a usual report.
    pub(crate) const fn reports_with(self, person: Person, from: Self, how: Reported) -> Act {
        Act::Report(self, person, from, how)
    }

    /// Its inbox holds these notices and no other, oldest first.
    pub(crate) const fn is_told(self, notices: &'static [NoticeKind]) -> Fact {
        Fact::Told(self, notices)
    }

    /// It was asked these questions and no other, oldest first.
    pub(crate) const fn is_asked(self, questions: &'static [Question]) -> Fact {
        Fact::Asked(self, questions)
    }
}

/// Where a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) disputed: bool,
    pub(crate) answer: Option<AnswerCode>,
    pub(crate) closed: Option<CloseReason>,
}

/// A question that nobody answered, disputed or closed.
pub(crate) const OPEN: Question = Question {
    disputed: false,
    answer: None,
    closed: None,
};

/// A question that was closed.
pub(crate) const fn closed(reason: CloseReason) -> Question {
    Question {
        closed: Some(reason),
        ..OPEN
    }
}

/// What is so.
pub(crate) enum Fact {
    /// The last act was refused: for this reason, at these fields and no other.
    Refused(&'static str, &'static [&'static str]),
    /// The refusal's text has this in it.
    Says(&'static str),
    /// The last act succeeded with these warnings.
    Warned(&'static [&'static str]),
    /// The last announcement was answered with the name of the first one.
    AnsweredAsTheFirst,
    /// What became of the events that were told last, and why; behind it `LEFT FOR` and where, of an unannounced move.
    Outcomes(&'static [&'static str]),
    Told(Who, &'static [NoticeKind]),
    Asked(Who, &'static [Question]),
    /// The newest announcement from one to another stands so.
    Announcement(Who, Who, RelocationState),
    /// The newest announcement counts as involvement, or does not.
    CountsAsInvolvement(bool),
    /// The newest announcement goes to this function of the receiver's; none: to none in particular.
    GoesTo(Option<&'static str>),
    /// The newest report of a municipality stands so.
    Arrival(Who, v1::ArrivalState),
    /// What only the services can show.
    Shown(Shown),
}

/// What only the services can show.
pub(crate) enum Shown {
    /// The newest announcement's content is there for somebody, as it was announced.
    Readable(Who),
    /// The newest announcement is there for somebody, and its content is not.
    Unreadable(Who),
    /// The replies to the newest announcement, as somebody reads them: whether an objection, and the text.
    Replies(Who, &'static [(bool, &'static str)]),
    /// Whoever was asked reads the newest question, with this in it.
    QuestionReads(Who, &'static str),
    /// A stream of the inbox from its beginning has these notices.
    Streamed(Who, &'static [NoticeKind]),
    /// Whoever reads for a function of somebody's sees these notices, in a list and in a stream.
    ToldAt(Who, &'static str, &'static [NoticeKind]),
    /// So many announcements from A wait for somebody, as A and the operators count them.
    Waits(Who, i64),
    /// The telephone that each of somebody's notices tells to call; empty for none.
    Contacts(Who, &'static [&'static str]),
    /// The last refusal names these functions as open.
    OpenFunctions(&'static str),
    /// Something for somebody is in the store of NATS.
    OnNats(Who),
    /// Nothing for somebody is in the store of NATS.
    NothingOnNats(Who),
    /// Somebody has a receipt of the newest announcement.
    Receipt(Who),
    /// The last refusal stands in the log, with its reason and its call's id.
    Logged,
    /// A text or an identity number stands in no file below the services' folder, and in no notice.
    Nowhere(&'static [&'static str]),
    /// Something else, in words and as a check.
    That(&'static str, Check),
}

/// A check of the running services.
pub(crate) type Check =
    for<'a> fn(&'a Services<'a>) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
