//! A batch as it is sent: its drafts encoded once, and what it touches, so that no two batches of a group touch
//! the same. What may be appended is decided by the database, under its lock.

use std::hash::{DefaultHasher, Hash, Hasher};

use api::record::{self, Placed};
use domain::entry::{Draft, Event};
use domain::subject::{Position, Subject, Version};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

use super::limits::ADVANCE_SECONDS_MAX;
use crate::AppendError;
use crate::batch::{Batch, OpenClaim, OpenKey, Request};
use crate::sqlite::scope_number;

/// Claims to be the one open relocation.
const CLAIMS: i32 = 0;
/// Is the same person as the one that is claimed.
const IS_ALSO: i32 = 1;
/// Is released.
const RELEASES: i32 = 2;

/// A batch ready to be sent.
#[derive(Debug)]
pub(super) struct Packed {
    /// What its first draft is about.
    pub(super) subject: Subject,
    pub(super) drafts: Vec<PackedDraft>,
    pub(super) request: Option<Request>,
    pub(super) unique_key: Option<String>,
    pub(super) advance_seconds: i64,
    /// Each with its role.
    pub(super) persons: Vec<(Vec<u8>, i32)>,
    /// Hashes of all that it touches. Two that are alike by chance make a batch wait for the next group.
    pub(super) touches: Vec<u64>,
    pub(super) bytes: usize,
}

/// A draft and its entry's bytes, but for what the database adds.
#[derive(Debug)]
pub(super) struct PackedDraft {
    pub(super) draft: Draft,
    pub(super) bytes: Vec<u8>,
}

impl Packed {
    pub(super) fn new(batch: Batch, random: &SystemRandom) -> Result<Self, AppendError> {
        let subject = batch.drafts.first().map(|draft| draft.subject);
        let subject = subject
            .filter(|_subject| batch.is_within_limits())
            .ok_or(AppendError::TooLarge)?;
        let mut persons = Vec::new();
        if let Some(claim) = &batch.claim {
            let roles = std::iter::once(CLAIMS).chain(std::iter::repeat(IS_ALSO));
            persons.extend(claimed(claim).zip(roles));
        }
        persons.extend(batch.release.iter().map(|key| (person(key), RELEASES)));
        let touches = touches(&batch, &persons);
        let drafts = batch
            .drafts
            .into_iter()
            .map(|draft| PackedDraft::new(draft, random))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            subject,
            advance_seconds: drafts.iter().map(PackedDraft::advance_seconds).sum(),
            bytes: drafts.iter().map(|draft| draft.bytes.len()).sum(),
            drafts,
            request: batch.request,
            unique_key: batch.unique_key,
            persons,
            touches,
        })
    }
}

impl PackedDraft {
    /// What is zero or empty takes no byte in protobuf: so these are the bytes without place, time and notices,
    /// and the database writes those behind.
    fn new(mut draft: Draft, random: &SystemRandom) -> Result<Self, AppendError> {
        if draft.subject == Subject::SYSTEM {
            draft.version = Version(0);
        }
        let mut salt = [0; 16];
        random
            .fill(&mut salt)
            .map_err(|_unspecified| AppendError::Unavailable)?;
        let nowhere = Placed {
            position: Position(0),
            recorded_at: Timestamp::UNIX_EPOCH,
            notices: &[],
            salt,
        };
        let bytes = record::encode(&draft, nowhere);
        draft.sealed.clear();
        Ok(Self { draft, bytes })
    }

    fn advance_seconds(&self) -> i64 {
        if let Event::ClockAdvanced { seconds } = self.draft.event {
            seconds.clamp(-ADVANCE_SECONDS_MAX, ADVANCE_SECONDS_MAX)
        } else {
            0
        }
    }
}

/// Whom a claim is about, the key that it is claimed under first.
pub(super) fn claimed(claim: &OpenClaim) -> impl Iterator<Item = Vec<u8>> {
    let also = claim.also.iter().map(|pseudonym| OpenKey {
        pseudonym: *pseudonym,
        ..claim.key.clone()
    });
    std::iter::once(person(&claim.key)).chain(also.map(|key| person(&key)))
}

/// Sender, recipient and epoch, and the pseudonym: one row for each open relocation.
fn person(key: &OpenKey) -> Vec<u8> {
    [
        &key.sender.number().to_be_bytes()[..],
        &key.recipient.number().to_be_bytes(),
        &key.pseudonym.epoch.to_be_bytes(),
        &key.pseudonym.value,
    ]
    .concat()
}

/// What one batch of a group may touch, and no other.
#[derive(Hash)]
enum Touched<'a> {
    Subject(Uuid),
    Request(i64, Uuid),
    Key(&'a str),
    Person(&'a [u8]),
}

/// The versions of the system are given, not expected: any number of batches may be about it.
fn touches(batch: &Batch, persons: &[(Vec<u8>, i32)]) -> Vec<u64> {
    let subjects = batch.drafts.iter().map(|draft| draft.subject);
    let requests = batch.request.iter();
    subjects
        .filter(|subject| *subject != Subject::SYSTEM)
        .map(|subject| Touched::Subject(subject.id))
        .chain(requests.map(|request| Touched::Request(scope_number(request.scope), request.id)))
        .chain(batch.unique_key.iter().map(|key| Touched::Key(key)))
        .chain(
            persons
                .iter()
                .map(|(person, _role)| Touched::Person(person)),
        )
        .map(|touched| {
            let mut hasher = DefaultHasher::new();
            touched.hash(&mut hasher);
            hasher.finish()
        })
        .collect()
}
