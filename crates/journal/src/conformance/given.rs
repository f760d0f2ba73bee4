//! What the suite appends, and how: small drafts and batches, one at a time or many at once. No real person,
//! no real rule.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a conformance suite says what went wrong by panicking"
)]

use std::sync::Arc;
use std::time::Duration;

use domain::code::{NoticeKind, RelocationKind};
use domain::entry::{Draft, Event};
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::{Pseudonym, Subject, Version};
use jiff::civil::date;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::batch::{Appended, Batch, OpenClaim, OpenKey, Outcome, Request, Scope};
use crate::{AppendError, Journal};

/// Longer than any machine needs; a journal that hangs is a fault too.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Callers at once, where many are meant: as many as one group takes.
pub const CALLERS: usize = 256;

/// Solna.
pub fn solna() -> MunicipalityCode {
    municipality(184)
}

/// Sollefteå.
pub fn solleftea() -> MunicipalityCode {
    municipality(2283)
}

/// The municipality with a number.
pub fn municipality(number: u16) -> MunicipalityCode {
    MunicipalityCode::parse(&format!("{number:04}")).expect("four digits")
}

/// A person's pseudonym of an epoch.
pub fn pseudonym(epoch: i16, person: u8) -> Pseudonym {
    Pseudonym {
        epoch,
        value: [person; 16],
    }
}

/// From Solna to Sollefteå, a person of the epoch 2026.
pub fn open_key(person: u8) -> OpenKey {
    OpenKey {
        sender: solna(),
        recipient: solleftea(),
        pseudonym: pseudonym(2026, person),
    }
}

/// A relocation that nobody has registered yet.
pub fn new_relocation() -> Subject {
    Subject::relocation(Uuid::now_v7())
}

/// The first entry of a relocation.
pub fn registered(subject: Subject) -> Draft {
    Draft {
        subject,
        version: Version(1),
        event: Event::RelocationRegistered {
            sender: solna(),
            recipient: solleftea(),
            kind: RelocationKind::SupportedVoluntaryMove,
            pseudonym: pseudonym(2026, 1),
            planned: Month::of(date(2026, 12, 1)),
            answer_due_on: date(2026, 12, 31),
            function: None,
        },
        notices: Vec::new(),
        sealed: Vec::new(),
    }
}

/// The report of an arrival from Solna at Sollefteå, with its claim.
pub fn reported(subject: Subject, pseudonyms: &[Pseudonym], arrived: Month) -> Batch {
    let (municipality, previous) = (solleftea(), solna());
    let draft = Draft {
        event: Event::ArrivalReported {
            municipality,
            previous,
            pseudonyms: pseudonyms.to_vec(),
            arrived,
            is_exempt: false,
        },
        ..registered(subject)
    };
    Batch {
        claim: OpenClaim::arrival(municipality, previous, pseudonyms, arrived),
        ..batch(vec![draft])
    }
}

/// A later entry of a relocation.
pub fn supplemented(subject: Subject, version: u32) -> Draft {
    Draft {
        version: Version(version),
        event: Event::RelocationSupplemented,
        ..registered(subject)
    }
}

/// An entry about the system.
pub fn system(event: Event) -> Draft {
    Draft {
        subject: Subject::SYSTEM,
        version: Version(0),
        event,
        notices: Vec::new(),
        sealed: Vec::new(),
    }
}

/// A draft that gives rise to a notice for each of these recipients, in this order.
#[must_use]
pub fn notifying(draft: Draft, recipients: &[MunicipalityCode]) -> Draft {
    let notices = recipients
        .iter()
        .map(|recipient| (*recipient, NoticeKind::RelocationRegistered))
        .collect();
    Draft { notices, ..draft }
}

/// A batch of drafts and nothing else.
pub fn batch(drafts: Vec<Draft>) -> Batch {
    Batch {
        drafts,
        ..Batch::default()
    }
}

/// A request of Solna's.
pub fn request(id: u128, fingerprint: u8) -> Request {
    Request {
        scope: Scope::Municipality(solna()),
        id: Uuid::from_u128(id),
        fingerprint: [fingerprint; 16],
    }
}

/// Appends, and expects that it is appended.
pub async fn append(journal: &Arc<dyn Journal>, batch: Batch) -> Appended {
    appended(try_append(journal, batch).await)
}

/// Appends, within the suite's patience.
pub async fn try_append(journal: &Arc<dyn Journal>, batch: Batch) -> Result<Outcome, AppendError> {
    tokio::time::timeout(PATIENCE, journal.append(batch))
        .await
        .expect("an append is answered")
}

/// What was appended, when it was.
pub fn appended(outcome: Result<Outcome, AppendError>) -> Appended {
    match outcome {
        Ok(Outcome::Appended(appended)) => appended,
        other => panic!("expected an append, got {other:?}"),
    }
}

/// Appends each batch from a task of its own, all at once. The outcomes are in the order of the batches.
pub async fn append_at_once(
    journal: &Arc<dyn Journal>,
    batches: Vec<Batch>,
) -> Vec<Result<Outcome, AppendError>> {
    let mut tasks = JoinSet::new();
    for (index, batch) in batches.into_iter().enumerate() {
        let journal = journal.clone();
        tasks.spawn(async move { (index, journal.append(batch).await) });
    }
    let mut outcomes = tokio::time::timeout(PATIENCE, tasks.join_all())
        .await
        .expect("every append is answered");
    outcomes.sort_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}
