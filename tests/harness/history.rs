//! Journals without a service: entries as they would be stored, with all that a ledger would add. The same acts
//! make the same bytes, on any machine.

mod golden;
mod stories;
mod years;

use std::collections::BTreeMap;

use api::chain;
use api::record::{self, Placed};
use domain::calendar::day_in_sweden;
use domain::code::NoticeKind;
use domain::definition::Definition;
use domain::entry::{Draft, Event, NoticeRef, Part, SealedPart};
use domain::lineage::Lineage;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Pseudonym, Subject, Version};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use ledger::Machine;
use uuid::{Builder, Uuid};

pub use golden::{expected, export, golden_folder};
pub use stories::{STORIES, Story};
pub use years::Years;

/// Bytes of a sealed part: a registration of usual size is then some 600.
const SEALED_BYTES: usize = 180;

/// A journal that grows.
#[derive(Debug)]
pub struct History {
    /// The ledger over it.
    pub machine: Machine,
    /// The alerts that it raised, in order.
    pub alerts: Vec<Uuid>,
    now: Timestamp,
    system: Version,
    inboxes: BTreeMap<MunicipalityCode, (NoticeNumber, [u8; 32])>,
    stored: Vec<Vec<u8>>,
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

impl History {
    /// A journal with its first definition, begun on 24 November 2026.
    pub fn new() -> Self {
        Self::with(Lineage::default())
    }

    /// The same where municipalities change as they do in a lineage.
    pub fn with(lineage: Lineage) -> Self {
        let mut history = Self {
            machine: Machine::with(lineage),
            alerts: Vec::new(),
            now: "2026-11-24T08:00:00Z".parse().expect("an instant"),
            system: Version(0),
            inboxes: BTreeMap::new(),
            stored: Vec::new(),
        };
        history.system(Event::DefinitionSet(Definition::FIRST));
        history
    }

    /// The day it is, in Sweden.
    pub fn today(&self) -> Date {
        day_in_sweden(self.now)
    }

    /// How long it is until an instant.
    pub fn until(&self, instant: Timestamp) -> SignedDuration {
        instant.duration_since(self.now)
    }

    /// The entries since it was last asked, as stored.
    pub fn take(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.stored)
    }

    /// Lets time pass, and the ledger do what is due meanwhile.
    pub fn wait(&mut self, time: SignedDuration) {
        let until = self.now + time;
        while let Some(due) = self.machine.next_deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.system(Event::TimePassed { now: due });
        }
        self.now = until;
    }

    /// Lets time pass while nobody looks: what became due meanwhile is found at its end.
    pub fn pause(&mut self, time: SignedDuration) {
        self.now += time;
        self.system(Event::TimePassed { now: self.now });
    }

    /// Somebody acts, and the ledger finds what follows.
    pub fn act(
        &mut self,
        subject: Subject,
        event: Event,
        notices: &[(MunicipalityCode, NoticeKind)],
    ) {
        let sealed = [Part::Shared, Part::Own].map(|part| SealedPart {
            part,
            ciphertext: vec![0xa5; SEALED_BYTES],
            commitment: [0x5a; 32],
        });
        self.append(&Draft {
            subject,
            version: self.version(subject).next(),
            event,
            notices: notices.to_vec(),
            sealed: sealed.to_vec(),
        });
        self.settle();
    }

    /// Something about the system is recorded.
    pub fn system(&mut self, event: Event) {
        self.append(&Draft {
            subject: Subject::SYSTEM,
            version: self.system.next(),
            event,
            notices: Vec::new(),
            sealed: Vec::new(),
        });
        self.settle();
    }

    fn version(&self, subject: Subject) -> Version {
        let (machine, id) = (&self.machine, subject.id);
        let relocation = machine.relocation(id).map(|fold| fold.version);
        let arrival = machine.arrival(id).map(|(fold, _asked)| fold.version);
        let alert = machine.alert(id).map(|fold| fold.version);
        let municipality = subject
            .municipality_code()
            .and_then(|code| machine.municipality(code))
            .map(|fold| fold.version);
        let known = relocation.or(arrival).or(alert).or(municipality);
        known.unwrap_or_default()
    }

    fn settle(&mut self) {
        while let Some(finding) = self.machine.findings().into_iter().next() {
            for draft in finding.drafts {
                self.append(&draft);
            }
        }
    }

    fn append(&mut self, draft: &Draft) {
        let position = Position(self.machine.position().0 + 1);
        let mut notices = Vec::new();
        for (recipient, kind) in &draft.notices {
            let before = self.inboxes.get(recipient).copied();
            let (NoticeNumber(last), before) = before.unwrap_or((NoticeNumber(0), chain::START));
            let number = NoticeNumber(last + 1);
            let hash =
                chain::content_hash(*recipient, number, *kind, draft.subject, position, self.now);
            let chain = chain::link(&before, &hash);
            self.inboxes.insert(*recipient, (number, chain));
            notices.push(NoticeRef {
                recipient: *recipient,
                number,
                kind: *kind,
                chain,
            });
        }
        if draft.subject == Subject::SYSTEM {
            self.system = draft.version;
        }
        if matches!(draft.event, Event::AlertRaised { .. }) {
            self.alerts.push(draft.subject.id);
        }
        let bytes = record::encode(
            draft,
            Placed {
                position,
                recorded_at: self.now,
                notices: &notices,
                salt: u128::from(position.0).to_be_bytes(),
            },
        );
        let entry = record::decode(&bytes).expect("what was just written");
        self.machine.apply(&entry).expect("a ledger's own entry");
        self.stored.push(bytes);
    }
}

/// A time-ordered id that follows from a number.
pub fn id(number: u64) -> Uuid {
    let milliseconds = 1_795_500_000_000 + number;
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
}

/// Somebody's pseudonym of 2026, which follows from a number.
pub fn pseudonym(person: u64) -> Pseudonym {
    let value = u128::from(person).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    Pseudonym {
        epoch: 2026,
        value: value.to_be_bytes(),
    }
}

/// The municipality with a code.
pub fn municipality(code: &str) -> MunicipalityCode {
    MunicipalityCode::parse(code).expect("four digits")
}
