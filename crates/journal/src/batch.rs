//! What is appended together, and what the journal answers.

use domain::entry::Draft;
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::{Position, Pseudonym, Subject};
use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use uuid::Uuid;

use crate::limits::{BATCH_ENTRIES_MAX, ENTRY_BYTES_MAX};

/// In whose name a request id is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// An acting municipality.
    Municipality(MunicipalityCode),
    /// The operators together.
    Operators,
    /// The administrators together.
    Administrators,
}

/// A caller's request id, kept for ever.
#[derive(Clone, Debug)]
pub struct Request {
    /// In whose name.
    pub scope: Scope,
    /// The caller's UUID.
    pub id: Uuid,
    /// Keyed hash of the normalised request.
    pub fingerprint: [u8; 16],
}

/// One open relocation per sender, recipient and person; or one report of an arrival, see [`OpenClaim::arrival`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenKey {
    /// Sending municipality.
    pub sender: MunicipalityCode,
    /// Receiving municipality.
    pub recipient: MunicipalityCode,
    /// The person, in the sender's scope.
    pub pseudonym: Pseudonym,
}

/// A claim to be the one open relocation, or the one report of an arrival. Whoever claims in vain is pointed to the
/// holder, which is of its own kind.
#[derive(Clone, Debug)]
pub struct OpenClaim {
    /// What to claim.
    pub key: OpenKey,
    /// The same person under the epochs before, which would hold the claim too.
    pub also: Vec<Pseudonym>,
}

impl OpenClaim {
    /// Claims to be the one report that a person arrived in a month. `pseudonyms` are the person's in the previous
    /// municipality's scope, the newest epoch first; without any there is no claim. It stands under values made from
    /// pseudonym and month, which no announcement claims.
    pub fn arrival(
        municipality: MunicipalityCode,
        previous: MunicipalityCode,
        pseudonyms: &[Pseudonym],
        arrived: Month,
    ) -> Option<Self> {
        let mut values = pseudonyms.iter().map(|pseudonym| Pseudonym {
            epoch: pseudonym.epoch,
            value: in_month(&pseudonym.value, arrived),
        });
        Some(Self {
            key: OpenKey {
                sender: previous,
                recipient: municipality,
                pseudonym: values.next()?,
            },
            also: values.collect(),
        })
    }
}

fn in_month(pseudonym: &[u8; 16], month: Month) -> [u8; 16] {
    let mut context = Context::new(&SHA256);
    context.update(b"flyttbud arrival claim v1\n");
    context.update(pseudonym);
    context.update(month.to_string().as_bytes());
    let mut value = [0; 16];
    for (byte, of_digest) in value.iter_mut().zip(context.finish().as_ref()) {
        *byte = *of_digest;
    }
    value
}

/// What is appended wholly or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The entries, in order, at least one. The version of an entry about the system is given by the journal.
    pub drafts: Vec<Draft>,
    /// The caller's request id.
    pub request: Option<Request>,
    /// Claims to be the one that stands; when another holds it, that one is the answer.
    pub claim: Option<OpenClaim>,
    /// Releases the claim of what came to its end.
    pub release: Option<OpenKey>,
    /// Happens once for ever, for example an alert's key.
    pub unique_key: Option<String>,
}

impl Batch {
    /// Whether it has entries, not too many, and none too large.
    pub(crate) fn is_within_limits(&self) -> bool {
        let bytes = |draft: &Draft| -> usize {
            draft.sealed.iter().map(|part| part.ciphertext.len()).sum()
        };
        (1..=BATCH_ENTRIES_MAX).contains(&self.drafts.len())
            && self
                .drafts
                .iter()
                .all(|draft| bytes(draft) <= ENTRY_BYTES_MAX)
    }
}

/// What a request id was answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The resource.
    pub subject: Subject,
    /// The position that the answer is valid at.
    pub position: Position,
    /// Whether it pointed to an older one that held the claim.
    pub already_open: bool,
}

/// What was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Position of the first entry.
    pub first: Position,
    /// Position of the last entry.
    pub last: Position,
    /// When.
    pub recorded_at: Timestamp,
}

/// What the journal did with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the journal, durable.
    Appended(Appended),
    /// The same request was answered before: the answer of then.
    Repeated(Answer),
    /// The person is announced, or the arrival reported, already: by which. The request id is kept with that answer.
    AlreadyOpen(Answer),
}
