//! A long history: what a country does in a year.

use domain::code::{NoticeKind, RelocationKind};
use domain::entry::Event;
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::relocation_state::RelocationState;
use domain::subject::{NoticeNumber, Subject};
use jiff::SignedDuration;

use super::{History, id, pseudonym};

/// Between two acts of a long history: a year for a million.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// What is acted upon is so many acts old, a week; a multiple of forty.
const OLD_ACTS: u64 = 20_000;
/// Persons with such numbers were never announced.
const UNANNOUNCED: u64 = 1 << 40;

/// A long history, run by run: a year of a country that announces nine moves of ten. Half of what is done is a
/// registration; most of them are acknowledged a week later, some are replied to, reported, matched; some receivers are
/// silent and reminded, some arrivals asked about. Time passes between, and ends what nobody arrived for.
#[derive(Debug)]
pub struct Years {
    history: History,
    codes: Vec<MunicipalityCode>,
    acts: u64,
}

impl Default for Years {
    fn default() -> Self {
        Self::new()
    }
}

impl Years {
    /// Before its first day.
    pub fn new() -> Self {
        let history = History::new();
        let today = history.today();
        let open = domain::municipality::all().iter();
        Self {
            codes: open
                .filter(|one| one.is_open(today))
                .map(|one| one.code)
                .collect(),
            history,
            acts: 0,
        }
    }

    /// The next entries, as stored; at least one.
    pub fn next_run(&mut self) -> Vec<Vec<u8>> {
        self.history.wait(PAUSE);
        let act = self.acts;
        self.acts += 1;
        // of every twenty acts: nine registrations or so, the rest about those of a week ago
        match act % 20 {
            2 | 4 | 6 | 8 | 10 | 12 | 14 => self.acknowledge(act, 1),
            16 => self.reply(act, 3),
            17 | 18 => self.report(act, act.saturating_sub(OLD_ACTS + 6)),
            19 if act % 40 == 19 => self.report(act, act + UNANNOUNCED),
            0 => self.history.system(Event::NoticesConfirmed {
                recipient: self.pair(act).1,
                number: NoticeNumber(1),
                agrees: true,
            }),
            _ => self.register(act),
        }
        self.history.take()
    }

    fn pair(&self, act: u64) -> (MunicipalityCode, MunicipalityCode) {
        let count = u64::try_from(self.codes.len()).expect("few");
        let of = |number: u64| {
            let index = usize::try_from(number % count).expect("few");
            *self.codes.get(index).expect("within the count")
        };
        // 7 and 290 have no common factor: every pair comes in its turn, and none is one municipality
        (of(act * 7), of(act * 7 + 1 + act / count % (count - 1)))
    }

    /// What was registered a week and so many acts ago.
    fn registered(act: u64, before: u64) -> Subject {
        Subject::relocation(id(act.saturating_sub(OLD_ACTS + before)))
    }

    fn register(&mut self, act: u64) {
        let (sender, recipient) = self.pair(act);
        let event = Event::RelocationRegistered {
            sender,
            recipient,
            kind: kind(act),
            pseudonym: pseudonym(act),
            planned: Month::of(self.history.today()).plus(1),
            answer_due_on: self
                .history
                .today()
                .saturating_add(jiff::Span::new().days(14)),
            function: None,
        };
        let notice = [(recipient, NoticeKind::RelocationRegistered)];
        self.history
            .act(Subject::relocation(id(act)), event, &notice);
    }

    fn acknowledge(&mut self, act: u64, before: u64) {
        let about = Self::registered(act, before);
        let known = self.history.machine.relocation(about.id);
        let Some(sender) = known
            .filter(|fold| fold.state == RelocationState::Registered)
            .map(|fold| fold.sender)
        else {
            return self.register(act);
        };
        let notice = [(sender, NoticeKind::RelocationAcknowledged)];
        self.history
            .act(about, Event::RelocationAcknowledged, &notice);
    }

    fn reply(&mut self, act: u64, before: u64) {
        let about = Self::registered(act, before);
        let known = self.history.machine.relocation(about.id);
        let taken = known.filter(|fold| fold.state == RelocationState::Acknowledged);
        let Some((sender, by)) = taken.map(|fold| (fold.sender, fold.recipient)) else {
            return self.register(act);
        };
        let event = Event::RelocationReplied {
            by,
            objection: false,
        };
        self.history
            .act(about, event, &[(sender, NoticeKind::RelocationReplied)]);
    }

    fn report(&mut self, act: u64, person: u64) {
        let (previous, municipality) = self.pair(person);
        let event = Event::ArrivalReported {
            municipality,
            previous,
            pseudonyms: vec![pseudonym(person)],
            arrived: Month::of(self.history.today()),
            is_exempt: false,
        };
        self.history.act(Subject::arrival(id(act)), event, &[]);
    }
}

/// Each kind in its turn.
fn kind(act: u64) -> RelocationKind {
    let mut kinds = RelocationKind::ALL.into_iter().cycle();
    kinds
        .nth(usize::try_from(act % 6).expect("small"))
        .expect("an endless cycle")
}
