//! A small journal in memory, written to be read rather than to be fast, and the comparison with a real one.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a conformance suite says what went wrong by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::subject::{Position, Subject};
use uuid::Uuid;

use super::given::{
    batch, municipality, notifying, open_key, registered, request, supplemented, try_append,
};
use super::whole;
use crate::batch::{Answer, Batch, OpenClaim, Outcome};
use crate::{AppendError, Journal};

/// A batch in small numbers, so that random ones meet each other. Each names one of few.
#[derive(Clone, Debug)]
pub struct Step {
    /// Relocation and version, for each draft; the first version registers it.
    pub drafts: Vec<(u8, u32)>,
    /// Recipients of the first draft's notices.
    pub told: Vec<u16>,
    /// Request id and fingerprint.
    pub request: Option<(u8, u8)>,
    /// The person to claim.
    pub claim: Option<u8>,
    /// The person to release.
    pub release: Option<u8>,
    /// The unique key.
    pub key: Option<u8>,
}

/// What an outcome says, without the time, which a model cannot know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Appended(Position, Position),
    Repeated(Answer),
    AlreadyOpen(Answer),
    VersionConflict,
    RequestReused,
    KeyExists,
    TooLarge,
    Unavailable,
}

/// Appends the steps one by one and compares each outcome with the model's, then the whole journal.
pub async fn steps_have_the_outcomes_of_the_model(journal: Arc<dyn Journal>, steps: Vec<Step>) {
    let mut model = Model::default();
    for (index, step) in steps.iter().enumerate() {
        let expected = model.append(step);
        let outcome = told(&try_append(&journal, batch_of(step)).await);
        assert_eq!(outcome, expected, "step {index} of {steps:?}");
    }
    let entries = whole::check(&journal).await;
    let subjects: Vec<Subject> = entries.iter().map(|entry| entry.subject).collect();
    assert_eq!(subjects, model.entries);
    for (recipient, count) in &model.inboxes {
        let head = journal
            .inbox_head(municipality(*recipient))
            .await
            .expect("a head");
        assert_eq!(head.number.0, *count, "inbox of {recipient}");
    }
}

#[derive(Debug, Default)]
struct Model {
    entries: Vec<Subject>,
    versions: BTreeMap<u8, u32>,
    requests: BTreeMap<u8, (u8, Answer)>,
    open: BTreeMap<u8, Subject>,
    keys: BTreeSet<u8>,
    inboxes: BTreeMap<u16, u64>,
}

impl Model {
    fn append(&mut self, step: &Step) -> Told {
        if step.drafts.is_empty() {
            return Told::TooLarge;
        }
        if let Some((id, fingerprint)) = step.request
            && let Some((known, answer)) = self.requests.get(&id)
        {
            return if *known == fingerprint {
                Told::Repeated(*answer)
            } else {
                Told::RequestReused
            };
        }
        if let Some(subject) = step.claim.and_then(|person| self.open.get(&person)) {
            let answer = Answer {
                subject: *subject,
                position: self.edge(),
                already_open: true,
            };
            self.keep(step, answer);
            return Told::AlreadyOpen(answer);
        }
        if step.key.is_some_and(|key| self.keys.contains(&key)) {
            return Told::KeyExists;
        }
        let mut versions = self.versions.clone();
        for (relocation, version) in &step.drafts {
            let before = versions.insert(*relocation, *version).unwrap_or(0);
            if *version != before + 1 {
                return Told::VersionConflict;
            }
        }
        self.versions = versions;
        self.write(step)
    }

    fn write(&mut self, step: &Step) -> Told {
        let first = Position(self.edge().0 + 1);
        let subjects: Vec<Subject> = step.drafts.iter().map(|(id, _)| relocation(*id)).collect();
        self.entries.extend(&subjects);
        let subject = *subjects.first().expect("a draft");
        for recipient in &step.told {
            *self.inboxes.entry(*recipient).or_default() += 1;
        }
        let position = self.edge();
        self.keep(
            step,
            Answer {
                subject,
                position,
                already_open: false,
            },
        );
        if let Some(person) = step.claim {
            self.open.insert(person, subject);
        }
        if let Some(person) = step.release {
            self.open.remove(&person);
        }
        self.keys.extend(step.key);
        Told::Appended(first, position)
    }

    fn keep(&mut self, step: &Step, answer: Answer) {
        if let Some((id, fingerprint)) = step.request {
            self.requests.insert(id, (fingerprint, answer));
        }
    }

    fn edge(&self) -> Position {
        Position(u64::try_from(self.entries.len()).expect("few entries"))
    }
}

fn relocation(id: u8) -> Subject {
    Subject::relocation(Uuid::from_u128(u128::from(id) + 1))
}

fn batch_of(step: &Step) -> Batch {
    let told: Vec<_> = step.told.iter().copied().map(municipality).collect();
    let drafts = step
        .drafts
        .iter()
        .enumerate()
        .map(|(index, (id, version))| {
            let draft = match version {
                1 => registered(relocation(*id)),
                version => supplemented(relocation(*id), *version),
            };
            if index == 0 {
                notifying(draft, &told)
            } else {
                draft
            }
        });
    Batch {
        request: step
            .request
            .map(|(id, fingerprint)| request(u128::from(id), fingerprint)),
        claim: step.claim.map(|person| OpenClaim {
            key: open_key(person),
            also: Vec::new(),
        }),
        release: step.release.map(open_key),
        unique_key: step.key.map(|key| format!("key/{key}")),
        ..batch(drafts.collect())
    }
}

fn told(outcome: &Result<Outcome, AppendError>) -> Told {
    match outcome {
        Ok(Outcome::Appended(appended)) => Told::Appended(appended.first, appended.last),
        Ok(Outcome::Repeated(answer)) => Told::Repeated(*answer),
        Ok(Outcome::AlreadyOpen(answer)) => Told::AlreadyOpen(*answer),
        Err(AppendError::VersionConflict) => Told::VersionConflict,
        Err(AppendError::RequestReused) => Told::RequestReused,
        Err(AppendError::KeyExists) => Told::KeyExists,
        Err(AppendError::TooLarge) => Told::TooLarge,
        Err(AppendError::Damaged | AppendError::Unavailable) => Told::Unavailable,
    }
}
