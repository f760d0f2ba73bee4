//! The stage of the pure rules: requests are parsed and gated as the gateway does it, entries go into the machine,
//! and the clock stands in the entries.

use api::parse::{self, Context, Faults};
use api::{record, v1};
use domain::code::{NoticeKind, RelocationKind};
use domain::entry::{Entry, Event};
use domain::identity::IdentityNumber;
use domain::lineage::Lineage;
use domain::municipality::{self, Municipality, MunicipalityCode};
use domain::reason::Reason;
use domain::relocation_state::RelocationState;
use domain::subject::{Pseudonym, Subject};
use jiff::SignedDuration;
use jiff::civil::Date;
use ledger::{
    AlertCaller, AlertCommand, AlertState, ArrivalCommand, ArrivalState, Machine,
    MunicipalityCommand, MunicipalityFold, RelocationCommand, RelocationFold,
};
use tests::history::{self, History};

use super::play::{Answer, Refusal, Stage};
use super::request;
use super::steps::{Act, Question, Shown, Who};

/// The stage.
pub(crate) struct Rules {
    history: History,
    entries: Vec<Entry>,
    subjects: u64,
    production: bool,
    lineage: Lineage,
    relocation: Option<Subject>,
    arrival: Option<Subject>,
}

impl Rules {
    /// A journal with nothing in it but the first definition.
    pub(crate) fn new() -> Self {
        Self {
            history: History::new(),
            entries: Vec::new(),
            subjects: 0,
            production: false,
            lineage: Lineage::default(),
            relocation: None,
            arrival: None,
        }
    }

    fn context(&self) -> Context {
        Context {
            today: self.history.today(),
            production: self.production,
            lineage: self.lineage,
        }
    }

    /// The municipalities change as they will have been known to, from the beginning of the journal on.
    fn change(&mut self, change: impl Fn(&mut Municipality)) -> Answer {
        assert_eq!(
            self.subjects, 0,
            "municipalities change before anything else"
        );
        let mut table = municipality::all().to_vec();
        table.iter_mut().for_each(change);
        self.lineage = Lineage::of(table);
        self.history = History::with(self.lineage);
        nothing()
    }

    fn become_one(&mut self, old: &[Who], new: Who, day: &str) -> Answer {
        let first: Date = day.parse().expect("a date");
        let before = first.yesterday().expect("a day before");
        self.change(|row| {
            if old.iter().any(|who| code(*who) == row.code) {
                row.valid_to = Some(before);
                row.successor = Some(code(new));
            } else if row.code == code(new) {
                row.valid_from = Some(first);
            }
        })
    }

    fn split_off(&mut self, whole: Who, part: Who, day: &str) -> Answer {
        self.change(|row| {
            if row.code == code(part) {
                row.valid_from = day.parse().ok();
                row.split_from = Some(code(whole));
            }
        })
    }

    fn next_id(&mut self) -> uuid::Uuid {
        self.subjects += 1;
        history::id(self.subjects)
    }

    /// Somebody acts, the ledger finds what follows, and all of it is read back from the bytes.
    fn append(
        &mut self,
        subject: Subject,
        event: Event,
        notices: &[(MunicipalityCode, NoticeKind)],
    ) -> Answer {
        self.history.act(subject, event, notices);
        self.read();
        Answer {
            name: subject.to_string(),
            warnings: Vec::new(),
        }
    }

    /// Time passes, and what is due meanwhile happens.
    fn wait(&mut self, time: SignedDuration) -> Answer {
        self.history.wait(time);
        self.read();
        nothing()
    }

    fn read(&mut self) {
        let stored = self.history.take();
        let entry = |bytes: &Vec<u8>| record::decode(bytes).expect("what was just written");
        self.entries.extend(stored.iter().map(entry));
    }

    fn machine(&self) -> &Machine {
        &self.history.machine
    }

    fn announce(&mut self, request: &v1::RegisterRelocationRequest) -> Result<Answer, Refusal> {
        let sender = code_of(&request.municipality);
        let today = self.context().today;
        let read = parse::registration(request, sender, self.context()).map_err(told)?;
        let subject = Subject::relocation(self.next_id());
        self.relocation = Some(subject);
        let fold = self.described(read.recipient);
        let routed = fold.route(read.function.as_ref(), read.kind, read.is_marked);
        let routed = routed.map_err(|reason| match reason {
            // the manual route names no field
            Reason::ManualRouteRequired => told(api::status::Refusal::new(reason)),
            reason => told(api::status::Refusal::field("receiving_function", reason)),
        })?;
        let event = Event::RelocationRegistered {
            function: routed.map(|function| function.id.clone()),
            sender,
            recipient: read.recipient,
            kind: read.kind,
            pseudonym: pseudonym(&read.number),
            planned: read.planned,
            answer_due_on: ledger::answer_due_on(read.kind, today),
        };
        let notices = [(read.recipient, NoticeKind::RelocationRegistered)];
        Ok(Answer {
            warnings: codes(&read.warnings),
            ..self.append(subject, event, &notices)
        })
    }

    /// A municipality as it describes itself.
    fn described(&self, code: MunicipalityCode) -> MunicipalityFold {
        let known = self.machine().municipality(code).cloned();
        known.unwrap_or_else(|| MunicipalityFold::new(code))
    }

    fn describe(&mut self, by: Who, function: &v1::Function) -> Result<Answer, Refusal> {
        let mut faults = Faults::default();
        let read = parse::function(&mut faults, Some(function), code(by));
        faults.end().map_err(told)?;
        let command = MunicipalityCommand::SetFunction(read.expect("without faults"));
        let event = ledger::municipality(&self.described(code(by)), command)
            .map_err(|reason| told(api::status::Refusal::field("function.kinds", reason)))?;
        Ok(self.append(Subject::municipality(code(by)), event, &[]))
    }

    fn report(&mut self, request: &v1::ReportArrivalRequest) -> Result<Answer, Refusal> {
        let reporter = code_of(&request.municipality);
        let read = parse::arrival(request, reporter, self.context()).map_err(told)?;
        let subject = Subject::arrival(self.next_id());
        self.arrival = Some(subject);
        let event = Event::ArrivalReported {
            is_exempt: request.alternate_residence,
            municipality: reporter,
            previous: read.previous,
            pseudonyms: vec![pseudonym(&read.number)],
            arrived: read.arrived,
        };
        Ok(Answer {
            warnings: codes(&read.warnings),
            ..self.append(subject, event, &[])
        })
    }

    /// The newest announcement from one to another.
    fn newest(&self, from: Who, to: Who) -> &RelocationFold {
        let of_pair = |entry: &&Entry| match &entry.event {
            Event::RelocationRegistered {
                sender, recipient, ..
            } => (*sender, *recipient) == (code(from), code(to)),
            _ => false,
        };
        let newest = self.entries.iter().rfind(of_pair);
        let newest = newest.expect("it was announced");
        let fold = self.machine().relocation(newest.subject.id);
        fold.expect("it is there")
    }

    fn relocation_command(
        &mut self,
        by: Who,
        command: RelocationCommand,
    ) -> Result<Answer, Refusal> {
        let subject = self.relocation.expect("somebody announced");
        let fold = self.machine().relocation(subject.id).expect("it is there");
        let decided = ledger::relocation(fold, command, code(by)).map_err(because)?;
        Ok(self.append(subject, decided.0, &decided.1))
    }

    fn retract(&mut self, by: Who) -> Result<Answer, Refusal> {
        let subject = self.arrival.expect("somebody reported");
        let (fold, _asked) = self.machine().arrival(subject.id).expect("it is there");
        let decided = ledger::arrival(fold, ArrivalCommand::Withdraw, code(by));
        let (event, notices) = decided.map_err(because)?;
        Ok(self.append(subject, event, &notices))
    }

    fn alert_command(
        &mut self,
        asked: Who,
        command: AlertCommand,
        caller: &AlertCaller,
    ) -> Result<Answer, Refusal> {
        let id = self.alerts(asked).last().copied().expect("a question");
        let fold = self.machine().alert(id).expect("it is there");
        let today = self.context().today;
        let decided = ledger::alert(fold, command, caller, today).map_err(because)?;
        Ok(self.append(Subject::alert(id), decided.0, &decided.1))
    }

    /// The questions to somebody, oldest first.
    fn alerts(&self, to: Who) -> Vec<uuid::Uuid> {
        let raised = |entry: &Entry| match &entry.event {
            Event::AlertRaised { asked, .. } if *asked == code(to) => Some(entry.subject.id),
            _ => None,
        };
        self.entries.iter().filter_map(raised).collect()
    }
}

impl Stage for Rules {
    async fn act(&mut self, act: &Act) -> Result<Answer, Refusal> {
        let today = self.context().today;
        match act {
            Act::Announce(by, person, to, how) => {
                let (from, to) = (code_text(*by), code_text(*to));
                self.announce(&request::announcement(&from, &to, *person, today, *how))
            }
            Act::Report(by, person, from, how) => {
                let (at, from) = (code_text(*by), code_text(*from));
                self.report(&request::report(&at, &from, *person, today, *how))
            }
            Act::Acknowledge(by) => self.relocation_command(*by, RelocationCommand::Acknowledge),
            Act::Reply(by, _text) => {
                self.relocation_command(*by, RelocationCommand::Reply { objection: false })
            }
            Act::Object(by, _text) => {
                self.relocation_command(*by, RelocationCommand::Reply { objection: true })
            }
            Act::Withdraw(by, reason) => {
                self.relocation_command(*by, RelocationCommand::Withdraw { reason: *reason })
            }
            Act::Answer(by, answer) => {
                let caller = AlertCaller::Party(code(*by));
                self.alert_command(*by, AlertCommand::Answer(*answer), &caller)
            }
            Act::Dispute(by) => {
                let caller = AlertCaller::Party(code(*by));
                self.alert_command(*by, AlertCommand::Dispute, &caller)
            }
            Act::Close(asked, reason) => {
                let caller = AlertCaller::Operator("operator-9".to_owned());
                self.alert_command(*asked, AlertCommand::Close { reason: *reason }, &caller)
            }
            Act::Retract(by) => self.retract(*by),
            Act::Refer(by) => self.relocation_command(*by, RelocationCommand::Refer { on: today }),
            Act::Decided(by) => {
                let granted = true;
                self.relocation_command(*by, RelocationCommand::Decide { granted, on: today })
            }
            Act::Describe(by, id, kinds, closed) => {
                let function = request::function(&code_text(*by), id, kinds, *closed);
                self.describe(*by, &function)
            }
            Act::Trust(by, id, does) => {
                let function = request::trusted(&code_text(*by), id, *does);
                self.describe(*by, &function)
            }
            Act::Confirm(_) => panic!("delivery is a matter of the services"),
            Act::Pass(days) => Ok(self.wait(SignedDuration::from_hours(days * 24))),
            Act::Until(instant) => {
                let time = self.history.until(instant.parse().expect("an instant"));
                Ok(self.wait(time))
            }
            Act::Jumps(instant) => {
                let time = self.history.until(instant.parse().expect("an instant"));
                self.history.pause(time);
                self.read();
                Ok(nothing())
            }
            Act::Become(old, new, day) => Ok(self.become_one(old, *new, day)),
            Act::SplitsOff(whole, part, day) => Ok(self.split_off(*whole, *part, day)),
            Act::InProduction => {
                self.production = true;
                Ok(nothing())
            }
            Act::Retry(..) | Act::Tell(..) | Act::AskOfClients(..) => {
                panic!("a matter of the services")
            }
        }
    }

    async fn settle(&self) {
        assert_eq!(
            self.machine().findings(),
            [],
            "all that follows has followed"
        );
    }

    async fn notices(&self, who: Who) -> Vec<NoticeKind> {
        let notices = self.entries.iter().flat_map(|entry| &entry.notices);
        let to = notices.filter(|notice| notice.recipient == code(who));
        to.map(|notice| notice.kind).collect()
    }

    async fn questions(&self, asked: Who) -> Vec<Question> {
        let question = |id: &uuid::Uuid| {
            let fold = self.machine().alert(*id).expect("it was raised");
            assert_eq!(
                fold.close_reason.is_some(),
                fold.state == AlertState::Closed
            );
            Question {
                disputed: fold.disputed,
                answer: fold.answer,
                closed: fold.close_reason,
            }
        };
        self.alerts(asked).iter().map(question).collect()
    }

    async fn announcement(&self, from: Who, to: Who) -> (RelocationKind, RelocationState) {
        let fold = self.newest(from, to);
        (fold.kind, fold.state)
    }

    async fn function(&self, from: Who, to: Who) -> String {
        let fold = self.newest(from, to);
        let function = fold.function.as_ref();
        function.map(ToString::to_string).unwrap_or_default()
    }

    async fn arrival(&self, by: Who) -> v1::ArrivalState {
        let of_reporter = |entry: &&Entry| match &entry.event {
            Event::ArrivalReported { municipality, .. } => *municipality == code(by),
            _ => false,
        };
        let newest = self
            .entries
            .iter()
            .rfind(of_reporter)
            .expect("it was reported");
        let (fold, asked) = self
            .machine()
            .arrival(newest.subject.id)
            .expect("it is there");
        match fold.state {
            ArrivalState::Matched { .. } => v1::ArrivalState::Matched,
            ArrivalState::Withdrawn => v1::ArrivalState::Withdrawn,
            ArrivalState::Reported if asked => v1::ArrivalState::Asked,
            ArrivalState::Reported => v1::ArrivalState::Reported,
        }
    }

    async fn show(&self, _what: &Shown) {}
}

/// Any three municipalities.
fn code_text(who: Who) -> String {
    match who {
        Who::A => "0184",
        Who::B => "2283",
        Who::C => "0191",
    }
    .to_owned()
}

fn code(who: Who) -> MunicipalityCode {
    history::municipality(&code_text(who))
}

fn code_of(name: &str) -> MunicipalityCode {
    MunicipalityCode::parse_name(name).expect("a municipality's name")
}

/// Any function of the number that no two test persons share.
fn pseudonym(number: &IdentityNumber) -> Pseudonym {
    history::pseudonym(number.canonical().parse().expect("twelve digits"))
}

fn codes(warnings: &[domain::reason::Notable]) -> Vec<String> {
    warnings.iter().map(|it| it.code().to_owned()).collect()
}

fn nothing() -> Answer {
    Answer {
        name: String::new(),
        warnings: Vec::new(),
    }
}

fn told(refusal: api::status::Refusal) -> Refusal {
    Refusal {
        reason: refusal.reason.code().to_owned(),
        fields: refusal.violations.into_iter().map(|it| it.field).collect(),
        message: refusal.reason.message().to_owned(),
    }
}

fn because(reason: Reason) -> Refusal {
    told(api::status::Refusal::field("name", reason))
}
