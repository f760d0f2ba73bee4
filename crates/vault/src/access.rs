//! The access log: who opened what, or searched, when and why. What is told of it is sealed for the authority it
//! happened at; in the clear stand an instant, what was opened, and keyed tokens. Nothing here changes or deletes a row.

use std::fmt;

use domain::municipality::MunicipalityCode;
use domain::subject::{Subject, SubjectKind};
use jiff::Timestamp;
use uuid::Uuid;

use crate::keys::{NO_EPOCH, Purpose};
use crate::limits::{ACCESSES_MAX, SMALL_BYTES_MAX};
use crate::secret::Secret;
use crate::store::{AccessQuery, Change, StoredAccess, kind_number, subject};
use crate::{Error, Vault};

/// The number that a search is stored as, beside those of the kinds of subject, for ever.
const SEARCH: u8 = 100;
/// The number of rows from before kinds were kept. Which kind it was shows when they are opened.
const UNKNOWN: u8 = 0;

/// What could be read before kinds were kept.
const READ_BEFORE: [SubjectKind; 4] = [
    SubjectKind::System,
    SubjectKind::Relocation,
    SubjectKind::Arrival,
    SubjectKind::Alert,
];

/// What an access was to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accessed {
    /// A subject's body; the system stands for the access log itself.
    Subject(Subject),
    /// Whatever a search term finds, by the term's token.
    Search([u8; 16]),
}

impl Accessed {
    fn kind(self) -> u8 {
        match self {
            Self::Subject(subject) => kind_number(subject.kind),
            Self::Search(_) => SEARCH,
        }
    }

    pub(crate) fn id(self) -> Uuid {
        match self {
            Self::Subject(subject) => subject.id,
            Self::Search(token) => Uuid::from_bytes(token),
        }
    }

    fn stored(kind: u8, id: Uuid) -> Result<Self, Error> {
        Ok(match kind {
            SEARCH => Self::Search(id.into_bytes()),
            kind => Self::Subject(subject(kind.into(), id)?),
        })
    }
}

/// An access to be recorded.
#[derive(Clone, Copy)]
pub struct NewAccess<'a> {
    /// At whom it happens.
    pub authority: MunicipalityCode,
    /// To what.
    pub what: Accessed,
    /// When, to the microsecond.
    pub at: Timestamp,
    /// The officer's id; a keyed token of it finds what the officer did.
    pub officer: &'a str,
    /// Who and why; it is sealed.
    pub content: &'a [u8],
}

impl fmt::Debug for NewAccess<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewAccess({}, {}, ..)", self.authority, self.at)
    }
}

/// One access.
#[derive(PartialEq, Eq)]
pub struct Access {
    /// Its name at its authority; it tells nothing.
    pub id: Uuid,
    /// Where it stands in the log.
    pub place: AccessPlace,
    /// When, to the microsecond.
    pub at: Timestamp,
    /// To what.
    pub what: Accessed,
    /// Who and why, as recorded; none when the key to it was deleted.
    pub content: Option<Vec<u8>>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Access({}, ..)", self.at)
    }
}

/// A place in the log, by which a list goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessPlace {
    /// Microseconds since 1970.
    pub at_micros: i64,
    /// Which of that instant's.
    pub number: i64,
}

impl AccessPlace {
    /// Behind the newest.
    pub const END: Self = Self {
        at_micros: i64::MAX,
        number: i64::MAX,
    };
}

/// Which accesses to read. The default is all.
#[derive(Clone, Copy, Default)]
pub struct AccessFilter<'a> {
    /// Only this officer's.
    pub officer: Option<&'a str>,
    /// Only to this.
    pub what: Option<Accessed>,
    /// Not before this.
    pub from: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
}

impl fmt::Debug for AccessFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessFilter(..)")
    }
}

/// One access, sealed.
pub(crate) struct AccessRow {
    pub(crate) at_micros: i64,
    pub(crate) authority: MunicipalityCode,
    pub(crate) kind: u8,
    pub(crate) subject: Uuid,
    pub(crate) officer: [u8; 16],
    pub(crate) sealed: Vec<u8>,
}

impl Vault {
    /// Records an access durably. What is opened may be shown only after it.
    pub async fn record_access(&self, access: NewAccess<'_>) -> Result<(), Error> {
        let NewAccess {
            authority, what, ..
        } = access;
        let at_micros = access.at.as_microsecond();
        let officer = self.officer_token(authority, access.officer).await?;
        let ad = associated_data(what, at_micros, officer);
        self.record(access, &ad, officer).await
    }

    /// As programs did that bound an access to no officer.
    #[cfg(test)]
    pub(crate) async fn record_access_as_before(&self, access: NewAccess<'_>) -> Result<(), Error> {
        let officer = self.officer_token(access.authority, access.officer).await?;
        let ad = associated_data_before(access.what, access.at.as_microsecond());
        self.record(access, &ad, officer).await
    }

    async fn record(
        &self,
        access: NewAccess<'_>,
        ad: &[u8],
        officer: [u8; 16],
    ) -> Result<(), Error> {
        let (authority, what) = (access.authority, access.what);
        let sealed = self
            .seal_small(authority, ad, access.content, SMALL_BYTES_MAX)
            .await?;
        let row = AccessRow {
            at_micros: access.at.as_microsecond(),
            authority,
            kind: what.kind(),
            subject: what.id(),
            officer,
            sealed,
        };
        self.inner.store.apply(Change::Access(row)).await?;
        Ok(())
    }

    /// An authority's accesses before a place, newest first, at most `limit` and a thousand.
    pub async fn accesses(
        &self,
        authority: MunicipalityCode,
        filter: &AccessFilter<'_>,
        before: AccessPlace,
        limit: usize,
    ) -> Result<Vec<Access>, Error> {
        let officer = match filter.officer {
            Some(officer) => Some(self.officer_token(authority, officer).await?),
            None => None,
        };
        let query = AccessQuery {
            officer,
            subject: filter.what.map(Accessed::id),
            from_micros: filter.from.map_or(i64::MIN, Timestamp::as_microsecond),
            until_micros: filter.until.map_or(i64::MAX, Timestamp::as_microsecond),
            before,
            limit: limit.min(ACCESSES_MAX),
        };
        let rows = self.inner.store.accesses(authority, &query).await?;
        let names = self.key(authority, NO_EPOCH, Purpose::Search).await?;
        let mut accesses = Vec::with_capacity(rows.len());
        for row in rows {
            let (what, content) = self.open_access(authority, &row).await?;
            accesses.push(Access {
                id: access_id(&names, row.place),
                place: row.place,
                at: Timestamp::from_microsecond(row.place.at_micros)
                    .map_err(|_range| Error::Tampered)?,
                what,
                content,
            });
        }
        Ok(accesses)
    }

    /// How many accesses of an authority there are from an instant on and before another.
    pub async fn count_accesses(
        &self,
        authority: MunicipalityCode,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<u64, Error> {
        let (from, until) = (from.as_microsecond(), until.as_microsecond());
        self.inner
            .store
            .count_accesses(authority, from, until)
            .await
    }

    /// What a row was about, and what was told of it.
    async fn open_access(
        &self,
        authority: MunicipalityCode,
        row: &StoredAccess,
    ) -> Result<(Accessed, Option<Vec<u8>>), Error> {
        for (what, ad) in bound(row)? {
            match self.open_small(authority, &ad, &row.sealed).await {
                Err(Error::Tampered) => {}
                opened => return Ok((what, opened?)),
            }
        }
        Err(Error::Tampered)
    }

    async fn officer_token(
        &self,
        authority: MunicipalityCode,
        officer: &str,
    ) -> Result<[u8; 16], Error> {
        let key = self.key(authority, NO_EPOCH, Purpose::Search).await?;
        Ok(key.mac(&[b"flyttbud/officer/v1\0", officer.as_bytes()]))
    }

    /// Seals a short value for an authority: the epoch of its wrapping key, nonce, ciphertext, tag.
    pub(crate) async fn seal_small(
        &self,
        authority: MunicipalityCode,
        ad: &[u8],
        bytes: &[u8],
        bytes_max: usize,
    ) -> Result<Vec<u8>, Error> {
        if bytes.len() > bytes_max {
            return Err(Error::TooLarge("bytes of a small value"));
        }
        let epoch = self.epoch();
        let mut sealed = epoch.to_be_bytes().to_vec();
        self.key(authority, epoch, Purpose::Wrap).await?.seal(
            &small_data(authority, epoch, ad),
            &[bytes],
            &mut sealed,
        )?;
        Ok(sealed)
    }

    /// Likewise, of a value that was bound in one of some ways.
    pub(crate) async fn open_small_as(
        &self,
        authority: MunicipalityCode,
        bound: &[Vec<u8>],
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        for ad in bound {
            match self.open_small(authority, ad, sealed).await {
                Err(Error::Tampered) => {}
                opened => return opened,
            }
        }
        Err(Error::Tampered)
    }

    /// Opens a short value. None when its key was deleted.
    pub(crate) async fn open_small(
        &self,
        authority: MunicipalityCode,
        ad: &[u8],
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        let (epoch, sealed) = sealed.split_first_chunk().ok_or(Error::Tampered)?;
        let epoch = i16::from_be_bytes(*epoch);
        let Some(key) = self.old_wrap_key(authority, epoch).await? else {
            return Ok(None);
        };
        let bytes = key.open(&small_data(authority, epoch, ad), sealed)?;
        Ok(Some(bytes.to_vec()))
    }
}

/// A name that no other authority can tell from any other: the store's own numbers would tell how many read where.
fn access_id(key: &Secret, place: AccessPlace) -> Uuid {
    Uuid::from_bytes(key.mac(&[
        b"flyttbud/access/v1\0",
        &place.at_micros.to_be_bytes(),
        &place.number.to_be_bytes(),
    ]))
}

/// What an access may be to, and be bound to: all that stands in the clear beside it, or as earlier programs did it.
pub(crate) fn bound(row: &StoredAccess) -> Result<Vec<(Accessed, Vec<u8>)>, Error> {
    let at_micros = row.place.at_micros;
    let before = |what| (what, associated_data_before(what, at_micros));
    if row.kind != UNKNOWN {
        let what = Accessed::stored(row.kind, row.subject)?;
        let now = (what, associated_data(what, at_micros, row.officer));
        return Ok(vec![now, before(what)]);
    }
    let what = |kind| Accessed::stored(kind_number(kind), row.subject);
    let each = READ_BEFORE.into_iter().map(|kind| what(kind).map(before));
    each.collect()
}

fn associated_data(what: Accessed, at_micros: i64, officer: [u8; 16]) -> Vec<u8> {
    let mut bytes = b"access/v2\0".to_vec();
    bytes.push(what.kind());
    bytes.extend_from_slice(what.id().as_bytes());
    bytes.extend_from_slice(&at_micros.to_be_bytes());
    bytes.extend_from_slice(&officer);
    bytes
}

fn associated_data_before(what: Accessed, at_micros: i64) -> Vec<u8> {
    let mut bytes = b"access\0".to_vec();
    bytes.push(what.kind());
    bytes.extend_from_slice(what.id().as_bytes());
    bytes.extend_from_slice(&at_micros.to_be_bytes());
    bytes
}

pub(crate) fn small_data(authority: MunicipalityCode, epoch: i16, ad: &[u8]) -> Vec<u8> {
    let mut bytes = b"flyttbud/vault/small/v1\0".to_vec();
    bytes.extend_from_slice(&authority.number().to_be_bytes());
    bytes.extend_from_slice(&epoch.to_be_bytes());
    bytes.extend_from_slice(ad);
    bytes
}
