//! What the vault asks of a store. A store sees no plaintext and no unwrapped key.

use async_trait::async_trait;
use domain::municipality::MunicipalityCode;
use domain::subject::{Subject, SubjectKind, Version};
use uuid::Uuid;

use crate::access::{AccessPlace, AccessRow};
use crate::keys::{KeyName, KeyPlace};
use crate::mark::{Mark, Round};
use crate::note::{NoteKind, NoteName, NoteRow};
use crate::part::KeysId;
use crate::refusals::Refused;
use crate::review::ReviewRow;
use crate::rotation::RootUse;
use crate::seal::WrappedKeys;
use crate::search::SearchRow;
use crate::{Error, RootKeys};

/// Keys, search rows and accesses, durable and deletable.
#[async_trait]
pub(crate) trait KeyStore: Send + Sync {
    /// An authority's wrapped key.
    async fn key(&self, name: KeyName) -> Result<StoredKey, Error>;

    /// The root keys that wrap its keys, the newest first: the one that wraps new ones.
    async fn roots(&self) -> Result<Vec<StoredRoot>, Error>;

    /// The same, each with how many keys it wraps.
    async fn root_uses(&self) -> Result<Vec<RootUse>, Error>;

    /// The first `limit` keys behind a place that another root key than this one wraps, in the order of places.
    async fn keys_under_others(
        &self,
        root: &str,
        after: KeyPlace,
        limit: usize,
    ) -> Result<Vec<PlacedKey>, Error>;

    /// The epoch and the wrapped data keys of an authority's row of a sealing.
    async fn body_key(
        &self,
        id: &KeysId,
        authority: MunicipalityCode,
    ) -> Result<Option<(i16, Vec<u8>)>, Error>;

    /// An authority's subjects under any of some tokens, newest first, as many of each as a search finds.
    async fn search(
        &self,
        authority: MunicipalityCode,
        tokens: &[[u8; 16]],
    ) -> Result<Vec<Subject>, Error>;

    /// An authority's accesses that fit, newest first.
    async fn accesses(
        &self,
        authority: MunicipalityCode,
        query: &AccessQuery,
    ) -> Result<Vec<StoredAccess>, Error>;

    /// How many accesses an authority has from an instant on and before another, in microseconds since 1970.
    async fn count_accesses(
        &self,
        authority: MunicipalityCode,
        from_micros: i64,
        until_micros: i64,
    ) -> Result<u64, Error>;

    /// The ids of the first `limit` subjects that have keys, in order, between two ids.
    async fn subjects(&self, after: Uuid, before: Uuid, limit: usize) -> Result<Vec<Uuid>, Error>;

    /// The rows of keys to the subjects between two ids and with them.
    async fn body_keys(&self, first: Uuid, last: Uuid) -> Result<Vec<StoredBodyKeys>, Error>;

    /// An authority's refusals whose number is lower, newest first, at most `limit`.
    async fn refusals(
        &self,
        authority: MunicipalityCode,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Refused)>, Error>;

    /// An authority's review with a request id.
    async fn review(
        &self,
        authority: MunicipalityCode,
        request_id: Uuid,
    ) -> Result<Option<ReviewRow>, Error>;

    /// An authority's reviews whose number is lower, newest first, at most `limit`.
    async fn reviews(
        &self,
        authority: MunicipalityCode,
        before: i64,
        limit: usize,
    ) -> Result<Vec<ReviewRow>, Error>;

    /// When an authority's last review was recorded, and the latest end of a period that was reviewed, in
    /// microseconds since 1970.
    async fn reviewed(&self, authority: MunicipalityCode) -> Result<Option<(i64, i64)>, Error>;

    /// The number of refusals kept, by reason.
    async fn refusals_by_reason(&self) -> Result<Vec<(String, u64)>, Error>;

    /// The revisions of notes and their sealed texts, in the order of the names.
    async fn notes(&self, names: &[NoteName]) -> Result<Vec<Option<(i64, Vec<u8>)>>, Error>;

    /// Tokens, revisions and sealed texts of an authority's notes of a kind below a token, the highest first, at most
    /// `limit`.
    async fn list_notes(
        &self,
        authority: MunicipalityCode,
        kind: NoteKind,
        below: [u8; 16],
        limit: usize,
    ) -> Result<Vec<([u8; 16], i64, Vec<u8>)>, Error>;

    /// The newest mark of a round.
    async fn mark(&self, round: Round) -> Result<Option<Mark>, Error>;

    /// Makes a change durable, together with those that others wait for. Returns how many rows of keys an
    /// erasure, a sweep or a drop of pseudonym keys deleted, how many notes were written, how many keys wrapped anew, and
    /// how many root keys could not be told. Whoever drops the future does not stop the change; an error leaves open whether it was made.
    async fn apply(&self, change: Change) -> Result<usize, Error>;
}

/// Which accesses to read.
pub(crate) struct AccessQuery {
    pub(crate) officer: Option<[u8; 16]>,
    pub(crate) subject: Option<Uuid>,
    pub(crate) from_micros: i64,
    pub(crate) until_micros: i64,
    pub(crate) before: AccessPlace,
    pub(crate) limit: usize,
}

/// An access as it is stored.
pub(crate) struct StoredAccess {
    pub(crate) place: AccessPlace,
    pub(crate) kind: u8,
    pub(crate) subject: Uuid,
    pub(crate) officer: [u8; 16],
    pub(crate) sealed: Vec<u8>,
}

/// What a store knows of an authority's key, read at one instant.
pub(crate) struct StoredKey {
    /// Which root key wraps it, and the wrap. None when it was never made, or is deleted.
    pub(crate) wrapped: Option<(String, Vec<u8>)>,
    /// The root key that wraps new keys.
    pub(crate) newest_root: StoredRoot,
    /// How often a year's pseudonym keys were dropped before.
    pub(crate) drops: i64,
}

/// A row of keys as it is stored, damaged or not.
pub(crate) struct StoredBodyKeys {
    pub(crate) subject: Uuid,
    pub(crate) kind: i64,
    pub(crate) version: i64,
    pub(crate) authority: i64,
    pub(crate) sealing: [u8; 16],
    pub(crate) epoch: i64,
    pub(crate) wrapped: Vec<u8>,
}

impl StoredBodyKeys {
    /// The sealing that it is of, when its numbers mean something.
    pub(crate) fn id(&self) -> Option<KeysId> {
        Some(KeysId {
            subject: subject(self.kind, self.subject).ok()?,
            version: Version(u32::try_from(self.version).ok()?),
            sealing: self.sealing,
        })
    }

    /// Whose key wraps it, of which year, likewise.
    pub(crate) fn wrapped_for(&self) -> Option<(MunicipalityCode, i16)> {
        let authority = u16::try_from(self.authority).ok()?;
        let authority = MunicipalityCode::from_number(authority)?;
        Some((authority, i16::try_from(self.epoch).ok()?))
    }
}

/// A root key, as a store knows it.
#[derive(Debug)]
pub(crate) struct StoredRoot {
    pub(crate) id: String,
    /// What only whoever has its bytes could leave there.
    pub(crate) proof: Vec<u8>,
}

/// An authority's key, wrapped by a root key.
pub(crate) struct WrappedKey {
    pub(crate) name: KeyName,
    pub(crate) root: String,
    pub(crate) wrapped: Vec<u8>,
}

/// A wrapped key as it is stored, damaged or not.
pub(crate) struct PlacedKey {
    pub(crate) place: KeyPlace,
    pub(crate) root: String,
    pub(crate) wrapped: Vec<u8>,
}

/// A key wrapped anew.
pub(crate) struct Rewrapped {
    pub(crate) name: KeyName,
    /// What must still be stored.
    pub(crate) before: Vec<u8>,
    pub(crate) after: Vec<u8>,
}

/// What is changed together, wholly or not at all.
pub(crate) enum Change {
    /// A wrapped key of an authority, unless there is one, and unless another root key is the newest by now.
    Key(WrappedKey),
    /// Another root key is the newest, with its proof.
    Root(String, Vec<u8>),
    /// Keys wrapped anew by a root key; one that is no longer what it was is left as it is.
    Rewrap(String, Vec<Rewrapped>),
    /// Root keys that wrap nothing any more are forgotten, if this one is still the newest.
    RetireRoots(String),
    /// This process has these root keys from now on: for others to see.
    Hold(RootKeys),
    /// All pseudonym keys of an epoch, for good.
    DropPseudonymKeys(i16),
    /// Keys of an entry to be, and what finds it.
    Put(WrappedKeys, Vec<SearchRow>),
    /// The keys of one sealing, whose entry was refused.
    Drop(KeysId),
    /// All that an authority holds of a subject, for good.
    Erase(MunicipalityCode, Subject),
    /// An authority's keys to one version of a subject, for good.
    EraseVersion(MunicipalityCode, Subject, Version),
    /// All of subjects that never reached the journal, and of others the keys of sealings that never did.
    Sweep(Vec<Uuid>, Vec<KeysId>),
    /// Everything up to a mark is gone over.
    Mark(Round, Mark),
    /// Nobody knows up to where everything is gone over.
    ForgetMark(Round),
    /// A read that is to be remembered.
    Access(AccessRow),
    /// A review of the access log, unless there is one with its request id.
    Review(ReviewRow),
    /// A note, if the one before is still the one that it follows.
    Note(NoteRow),
    /// A note, for good.
    RemoveNote(NoteName),
    /// Calls that were refused; the oldest beyond the bound go.
    Refusals(Vec<Refused>),
}

/// The number a kind of subject is stored as, for ever.
pub(crate) fn kind_number(kind: SubjectKind) -> u8 {
    match kind {
        SubjectKind::System => 1,
        SubjectKind::Relocation => 2,
        SubjectKind::Arrival => 3,
        SubjectKind::Alert => 4,
        SubjectKind::Municipality => 5,
        SubjectKind::RegisterEvent => 6,
    }
}

/// The subject whose kind and id are stored so.
pub(crate) fn subject(kind: i64, id: Uuid) -> Result<Subject, Error> {
    let kind = match kind {
        1 => SubjectKind::System,
        2 => SubjectKind::Relocation,
        3 => SubjectKind::Arrival,
        4 => SubjectKind::Alert,
        5 => SubjectKind::Municipality,
        6 => SubjectKind::RegisterEvent,
        _ => return Err(Error::Tampered),
    };
    Ok(Subject { kind, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_back_as_written_and_unknown_ones_are_no_subject() {
        for kind in [
            SubjectKind::System,
            SubjectKind::Relocation,
            SubjectKind::Arrival,
            SubjectKind::Alert,
            SubjectKind::Municipality,
            SubjectKind::RegisterEvent,
        ] {
            let found = subject(kind_number(kind).into(), Uuid::nil()).expect("a subject");
            assert_eq!(found.kind, kind);
        }
        for unknown in [-1, 0, 7] {
            assert!(matches!(
                subject(unknown, Uuid::nil()),
                Err(Error::Tampered)
            ));
        }
    }
}
