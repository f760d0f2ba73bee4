//! A journal in memory and its leader, driven by lines such as `register 1 0184>2283 p1 2026-12`. It appends
//! as the real one does: a batch whole or not at all, dense versions, a unique key once.

use domain::code::{
    AlertKind, AnswerCode, CloseReason, NoticeKind, RelocationKind, WithdrawalReason,
};
use domain::definition::Definition;
use domain::entry::{Draft, Entry, Event, NoticeRef};
use domain::lineage::Lineage;
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Pseudonym, Subject, Version};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use std::collections::BTreeSet;

use crate::machine::{Finding, Machine};

/// More than any test needs; findings must end long before.
const ROUNDS_MAX: usize = 200;

pub(super) struct Host {
    pub(super) machine: Machine,
    pub(super) entries: Vec<Entry>,
    lineage: Lineage,
    keys: BTreeSet<String>,
    now: Timestamp,
}

pub(super) fn code(text: &str) -> MunicipalityCode {
    MunicipalityCode::parse(text).expect("a code")
}

/// Noon of a day; day 0 is 24 November 2026.
pub(super) fn at(day: i64) -> Timestamp {
    let start: Timestamp = "2026-11-24T12:00:00Z".parse().expect("an instant");
    start + SignedDuration::from_hours(24 * day)
}

/// Ids of version 7, as those that gateways make.
pub(super) fn id(n: u8) -> Uuid {
    Uuid::from_u128((7 << 76) | (2 << 62) | u128::from(n))
}

fn person(n: u8) -> Pseudonym {
    Pseudonym {
        epoch: 2026,
        value: [n; 16],
    }
}

impl Host {
    /// A journal that has its first definition.
    pub(super) fn new() -> Self {
        Self::with(Lineage::default())
    }

    /// The same with another lineage.
    pub(super) fn with(lineage: Lineage) -> Self {
        let mut host = Self {
            lineage,
            machine: Machine::with(lineage),
            entries: Vec::new(),
            keys: BTreeSet::new(),
            now: at(0),
        };
        host.append(
            Subject::SYSTEM,
            Event::DefinitionSet(Definition::FIRST),
            &[],
        );
        host
    }

    fn version(&self, subject: Subject) -> Version {
        let entries = self.entries.iter().filter(|entry| entry.subject == subject);
        Version(u32::try_from(entries.count()).expect("few"))
    }

    fn append(
        &mut self,
        subject: Subject,
        event: Event,
        notices: &[(MunicipalityCode, NoticeKind)],
    ) {
        let notice = |(recipient, kind): &(MunicipalityCode, NoticeKind)| NoticeRef {
            recipient: *recipient,
            number: NoticeNumber(1),
            kind: *kind,
            chain: [0; 32],
        };
        let entry = Entry {
            position: Position(self.machine.position().0 + 1),
            recorded_at: self.now,
            subject,
            version: self.version(subject).next(),
            event,
            notices: notices.iter().map(notice).collect(),
            sealed: Vec::new(),
        };
        self.machine.apply(&entry).expect("applies");
        self.entries.push(entry);
    }

    /// Appends a finding unless somebody was first. Returns what was appended, in words.
    fn lead(&mut self, finding: Finding) -> Vec<String> {
        let taken = |key: &String| self.keys.contains(key);
        let fits = |draft: &Draft| draft.version == self.version(draft.subject).next();
        if finding.unique_key.as_ref().is_some_and(taken) || !finding.drafts.iter().all(fits) {
            return Vec::new();
        }
        self.releases_what_ends(&finding);
        self.keys.extend(finding.unique_key);
        let said = finding
            .drafts
            .iter()
            .map(|draft| words(&draft.event))
            .collect();
        for draft in finding.drafts {
            self.append(draft.subject, draft.event, &draft.notices);
        }
        said
    }

    /// Whoever announces again must not be pointed to a relocation that came to its end, but to one that is open again.
    fn releases_what_ends(&self, finding: &Finding) {
        let ends = finding.drafts.iter().find(|draft| {
            let event = &draft.event;
            matches!(
                event,
                Event::RelocationArrived { .. } | Event::RelocationNotArrived
            )
        });
        let expected = ends
            .and_then(|draft| self.machine.relocation(draft.subject.id))
            .map(|fold| (fold.sender, fold.recipient, fold.pseudonym));
        assert_eq!(finding.release, expected);
        let opens = finding
            .drafts
            .iter()
            .find(|draft| draft.event == Event::RelocationReopened)
            .and_then(|draft| self.machine.relocation(draft.subject.id))
            .map(|fold| (fold.sender, fold.recipient, fold.pseudonym));
        assert_eq!(finding.claim, opens);
    }

    /// Appends findings until there are none, each round those that were there at its start.
    pub(super) fn settle(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let findings = self.machine.findings();
            if findings.is_empty() {
                return said;
            }
            for finding in findings {
                said.extend(self.lead(finding));
            }
        }
        panic!("findings never end")
    }

    pub(super) fn pass(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.append(Subject::SYSTEM, Event::TimePassed { now }, &[]);
    }

    /// Lets each deadline pass when it is due, until none is left.
    pub(super) fn pass_all(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let Some(due) = self.machine.next_deadline() else {
                return said;
            };
            self.pass(due);
            said.extend(self.settle());
        }
        panic!("deadlines never end")
    }

    /// A machine that reads the journal anew, as after a restart.
    pub(super) fn replay(&self) -> Machine {
        let mut again = Machine::with(self.lineage);
        for entry in &self.entries {
            again.apply(entry).expect("replays");
        }
        again
    }

    /// One line and all that follows from it.
    pub(super) fn run(&mut self, line: &str) -> Vec<String> {
        self.write(line);
        self.settle()
    }

    /// One line.
    pub(super) fn write(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |index: usize| words[index].parse::<u8>().expect("a number");
        let (subject, event) = match words[0] {
            "day" => return self.pass(at(words[1].parse().expect("a day"))),
            "register" | "place" | "transfer" => registered(&words),
            "acknowledge" => {
                let event = Event::RelocationAcknowledged;
                (Subject::relocation(id(number(1))), event)
            }
            "reply" => {
                let (by, objection) = (code(words[2]), false);
                let event = Event::RelocationReplied { by, objection };
                (Subject::relocation(id(number(1))), event)
            }
            "answer" | "close" | "redact-question" => {
                let (_, asked) = self.alert_about(number(1)).expect("an alert");
                (asked, of_a_question(words[0]))
            }
            "refer" | "decide" => {
                let on = words[2].parse().expect("a date");
                let event = match words[0] {
                    "refer" => Event::TransferReferred { on },
                    _ => Event::TransferDecided { granted: true, on },
                };
                (Subject::relocation(id(number(1))), event)
            }
            "arrive" | "exempt" => arrived(&words),
            "withdraw" | "cancel" => {
                let reason = match words[0] {
                    "cancel" => WithdrawalReason::MoveCancelled,
                    _ => WithdrawalReason::Mistake,
                };
                let event = Event::RelocationWithdrawn { reason };
                (Subject::relocation(id(number(1))), event)
            }
            "redact" => {
                let event = Event::RelocationRedacted { by: code(words[2]) };
                (Subject::relocation(id(number(1))), event)
            }
            "replaced" => {
                let (previous, current) = words[3].split_once('>').expect("a pair");
                let event = Event::IdentityReferred {
                    by: code(words[2]),
                    scope: code(words[2]),
                    previous: pseudonyms(previous),
                    current: pseudonyms(current),
                };
                (Subject::register_event(id(number(1))), event)
            }
            "retract" => (Subject::arrival(id(number(1))), Event::ArrivalWithdrawn),
            "differs" | "agrees" => {
                let event = Event::NoticesConfirmed {
                    recipient: code(words[1]),
                    number: NoticeNumber(number(2).into()),
                    agrees: words[0] == "agrees",
                };
                (Subject::SYSTEM, event)
            }
            "written" | "taken" => drilled(&words),
            "define" => (Subject::SYSTEM, self.defined(&words)),
            other => panic!("no such line: {other}"),
        };
        self.append(subject, event, &[]);
    }

    /// The alert about an arrival, and what it is called.
    pub(super) fn alert_about(&self, arrival: u8) -> Option<(&Entry, Subject)> {
        let about = |entry: &&Entry| matches!(&entry.event, Event::AlertRaised { arrival: Some(it), .. } if *it == id(arrival));
        let raised = self.entries.iter().find(about)?;
        Some((raised, raised.subject))
    }

    /// `define grace=3 ends=2`: the next definition.
    fn defined(&self, words: &[&str]) -> Event {
        let mut definition = self.machine.definition().expect("a definition");
        definition.version += 1;
        for word in &words[1..] {
            let (name, value) = word.split_once('=').expect("name=value");
            let value = value.parse().expect("a number");
            match name {
                "grace" => definition.grace_days = value,
                "late" => definition.late_months = value,
                "ends" => definition.not_arrived_months = value,
                "expiry" => definition.expiry_days = value,
                "drills" => definition.drills = value == 1,
                other => panic!("no such number: {other}"),
            }
        }
        Event::DefinitionSet(definition)
    }
}

/// What becomes of a question.
fn of_a_question(verb: &str) -> Event {
    match verb {
        "answer" => Event::AlertAnswered {
            answer: AnswerCode::OwnClearWish,
        },
        "close" => Event::AlertClosed {
            reason: CloseReason::NotConfirmed,
            operator: Some("op".to_owned()),
        },
        _ => Event::AlertRedacted,
    }
}

fn drilled(words: &[&str]) -> (Subject, Event) {
    let month = Month::parse(words[2]).expect("a month");
    let subject = Subject::municipality(code(words[1]));
    let event = match words[0] {
        "written" => Event::DrillWritten { month },
        _ => Event::DrillAcknowledged { month },
    };
    (subject, event)
}

fn pair(word: &str) -> (MunicipalityCode, MunicipalityCode) {
    let (from, to) = word.split_once('>').expect("a pair");
    (code(from), code(to))
}

/// `p1+p2`: one person, a pseudonym for each epoch.
fn pseudonyms(word: &str) -> Vec<Pseudonym> {
    word.split('+')
        .map(|word| person(word.trim_start_matches('p').parse().expect("a number")))
        .collect()
}

fn registered(words: &[&str]) -> (Subject, Event) {
    let (sender, recipient) = pair(words[2]);
    let event = Event::RelocationRegistered {
        sender,
        recipient,
        kind: match words[0] {
            "place" => RelocationKind::Placement,
            "transfer" => RelocationKind::Transfer2910,
            _ => RelocationKind::ActiveInvolvement,
        },
        pseudonym: pseudonyms(words[3])[0],
        planned: Month::parse(words[4]).expect("a month"),
        answer_due_on: Date::constant(2026, 12, 8),
        function: None,
    };
    let n = words[1].parse().expect("a number");
    (Subject::relocation(id(n)), event)
}

fn arrived(words: &[&str]) -> (Subject, Event) {
    let (previous, municipality) = pair(words[2]);
    let event = Event::ArrivalReported {
        municipality,
        previous,
        pseudonyms: pseudonyms(words[3]),
        arrived: Month::parse(words[4]).expect("a month"),
        is_exempt: words[0] == "exempt",
    };
    let n = words[1].parse().expect("a number");
    (Subject::arrival(id(n)), event)
}

/// A finding's entry, in words: `matched 1` names the relocation.
#[expect(clippy::wildcard_enum_match_arm, reason = "findings are these")]
fn words(event: &Event) -> String {
    match event {
        Event::ArrivalMatched { relocation } => format!("matched {}", relocation.as_bytes()[15]),
        Event::RelocationArrived { .. } => "arrived".into(),
        Event::RelocationNotArrived => "not arrived".into(),
        Event::AlertRaised { kind, asked, .. } => match kind {
            AlertKind::UnannouncedArrival => format!("ask {asked}"),
            AlertKind::InboxSilent => format!("silent {asked}"),
            AlertKind::ChainDiffers => format!("chain {asked}"),
        },
        Event::AlertClosed { reason, .. } => format!("close {reason:?}"),
        Event::RelocationReminded { contact } => format!("remind {contact:?}").to_lowercase(),
        Event::DrillSent { month } => format!("drill {month}"),
        Event::RelocationReopened => "reopen".into(),
        Event::TransferSilent => "silent".into(),
        Event::TransferDecisionOverdue => "undecided".into(),
        other => format!("{other:?}"),
    }
}
