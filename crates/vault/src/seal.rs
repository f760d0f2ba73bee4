//! Sealing an entry's parts and opening them: the parts go into the journal, the keys to them do not.
//!
//! Only whoever holds a row of a sealing's keys opens its parts. What finds the subject is put together with them, and the
//! rows hold a digest of it: a search row that was changed, moved or lost later is known by them.

use std::collections::BTreeMap;
use std::fmt;

use domain::entry::{Part, SealedPart};
use domain::municipality::MunicipalityCode;
use domain::subject::{Subject, Version};
use zeroize::Zeroizing;

use crate::keys::Purpose;
use crate::limits::{PART_READERS_MAX, PUT_TOKENS_MAX};
use crate::part::{Binding, KeysId, Opened, new_sealing, part_number, push_id, split};
use crate::search::{self, SearchRow};
use crate::secret::{SECRET_BYTES, Secret};
use crate::store::{Change, kind_number};
use crate::{Error, Vault};

/// The keys of one entry's sealed parts, for each authority that may read some of them. To be put before the entry is
/// appended.
#[must_use = "an entry without its keys can never be read"]
pub struct KeyRows {
    id: KeysId,
    /// Of each authority the numbers of parts, and the data key after each.
    held: BTreeMap<MunicipalityCode, Zeroizing<Vec<u8>>>,
}

/// The same, wrapped: a row for each authority.
pub(crate) struct WrappedKeys {
    pub(crate) id: KeysId,
    pub(crate) rows: Vec<KeyRow>,
}

/// Stands among the numbers of parts before the digest of an authority's search rows.
const FOUND_BY: u8 = 255;

/// Data keys, wrapped by one authority's key.
pub(crate) struct KeyRow {
    pub(crate) authority: MunicipalityCode,
    pub(crate) epoch: i16,
    pub(crate) wrapped: Vec<u8>,
}

impl KeyRows {
    /// Which sealing they belong to: what [`Vault::drop_keys`] asks for.
    pub fn id(&self) -> KeysId {
        self.id
    }

    /// As of an earlier program, whose ids did not tell when they were made.
    #[cfg(test)]
    pub(crate) fn of_sealing(mut self, sealing: [u8; 16]) -> Self {
        self.id.sealing = sealing;
        self
    }

    #[cfg(test)]
    pub(crate) fn readers(&self) -> usize {
        self.held.len()
    }
}

impl WrappedKeys {
    /// Keys that open nothing.
    #[cfg(test)]
    pub(crate) fn none(subject: Subject) -> Self {
        let id = KeysId {
            subject,
            version: Version(1),
            sealing: [0; 16],
        };
        let rows = Vec::new();
        Self { id, rows }
    }
}

impl fmt::Debug for KeyRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRows({}, {} rows)", self.id.subject, self.held.len())
    }
}

pub(crate) fn row_data(id: &KeysId, authority: MunicipalityCode, epoch: i16) -> Vec<u8> {
    let mut bytes = b"flyttbud/vault/body-key/v1\0".to_vec();
    push_id(&mut bytes, id);
    bytes.extend_from_slice(&authority.number().to_be_bytes());
    bytes.extend_from_slice(&epoch.to_be_bytes());
    bytes
}

/// What stands under a number among unwrapped bytes, each a number and 32 bytes.
fn under(number: u8, unwrapped: &[u8]) -> Option<&[u8]> {
    let mut numbered = unwrapped
        .chunks_exact(1 + SECRET_BYTES)
        .filter_map(<[u8]>::split_first);
    let found = numbered.find(|(of, _bytes)| **of == number);
    found.map(|(_number, bytes)| bytes)
}

/// The data key of a part, likewise.
fn key_of(part: Part, unwrapped: &[u8]) -> Option<Secret> {
    under(part_number(part), unwrapped).and_then(Secret::from_slice)
}

/// The digest of the search rows that were put with the keys, likewise; none when there were none, or an earlier program
/// put them.
pub(crate) fn found_by(unwrapped: &[u8]) -> Option<&[u8]> {
    under(FOUND_BY, unwrapped)
}

impl Vault {
    /// Seals the parts of one entry: `shared` for its readers, `own` for one municipality. The rows must
    /// be [put](Self::put) before the entry is appended.
    pub async fn seal(
        &self,
        subject: Subject,
        version: Version,
        parties: (MunicipalityCode, MunicipalityCode),
        shared: Option<(&[u8], &[MunicipalityCode])>,
        own: Option<(&[u8], MunicipalityCode)>,
    ) -> Result<(Vec<SealedPart>, KeyRows), Error> {
        let id = KeysId {
            subject,
            version,
            sealing: new_sealing()?,
        };
        let own = own
            .as_ref()
            .map(|(body, reader)| (*body, std::slice::from_ref(reader)));
        let mut sealed = Vec::with_capacity(2);
        let mut held: BTreeMap<MunicipalityCode, Zeroizing<Vec<u8>>> = BTreeMap::new();
        for (part, given) in [(Part::Shared, shared), (Part::Own, own)] {
            let Some((body, readers)) = given else {
                continue;
            };
            if readers.len() > PART_READERS_MAX {
                return Err(Error::TooLarge("readers of a part"));
            }
            let (part, key) = Binding { id, parties, part }.seal(body)?;
            for reader in readers {
                let keys = held
                    .entry(*reader)
                    // room for all of it at once: a vector that grows would leave copies behind
                    .or_insert_with(|| Zeroizing::new(Vec::with_capacity(3 * (1 + SECRET_BYTES))));
                if key_of(part.part, keys).is_none() {
                    keys.push(part_number(part.part));
                    keys.extend_from_slice(key.bytes());
                }
            }
            sealed.push(part);
        }
        // made here, if need be: whoever puts the keys hands them over without waiting for anything
        let epoch = self.epoch();
        for authority in held.keys() {
            self.key(*authority, epoch, Purpose::Wrap).await?;
        }
        Ok((sealed, KeyRows { id, held }))
    }

    /// Wraps the keys under this year's, with the digest of what finds their subject.
    pub(crate) async fn wrapped(
        &self,
        keys: KeyRows,
        tokens: &[SearchRow],
    ) -> Result<WrappedKeys, Error> {
        let (id, epoch) = (keys.id, self.epoch());
        let mut rows = Vec::with_capacity(keys.held.len());
        for (authority, mut keys) in keys.held {
            if !tokens.is_empty() {
                let mine = tokens.iter().filter(|row| row.authority == authority);
                keys.push(FOUND_BY);
                keys.extend_from_slice(&search::digest(
                    mine.map(|row| (row.token, kind_number(row.subject.kind))),
                ));
            }
            rows.push(self.wrap(&id, authority, epoch, &keys).await?);
        }
        Ok(WrappedKeys { id, rows })
    }

    async fn wrap(
        &self,
        id: &KeysId,
        authority: MunicipalityCode,
        epoch: i16,
        keys: &[u8],
    ) -> Result<KeyRow, Error> {
        let mut wrapped = Vec::new();
        self.key(authority, epoch, Purpose::Wrap).await?.seal(
            &row_data(id, authority, epoch),
            &[keys],
            &mut wrapped,
        )?;
        Ok(KeyRow {
            authority,
            epoch,
            wrapped,
        })
    }

    /// Makes keys, and what finds their subject, durable. An error means that they may be stored or not:
    /// seal again, or append nothing.
    pub async fn put(&self, keys: KeyRows, tokens: Vec<SearchRow>) -> Result<(), Error> {
        if tokens.len() > PUT_TOKENS_MAX {
            return Err(Error::TooLarge("search rows of an entry"));
        }
        let keys = self.wrapped(keys, &tokens).await?;
        self.inner.store.apply(Change::Put(keys, tokens)).await?;
        Ok(())
    }

    /// Drops the keys of an entry that was certainly refused; when nothing is left of its subject, it is no
    /// longer found either. Never call it when the append may have happened: the entry would be lost.
    pub async fn drop_keys(&self, keys: KeysId) -> Result<(), Error> {
        self.inner.store.apply(Change::Drop(keys)).await?;
        Ok(())
    }

    /// Opens a part for an authority. None when it never held the key, or erased it. Whether it may read
    /// now is the caller's to know.
    pub async fn open_part(
        &self,
        authority: MunicipalityCode,
        subject: Subject,
        version: Version,
        parties: (MunicipalityCode, MunicipalityCode),
        sealed: &SealedPart,
    ) -> Result<Option<Opened>, Error> {
        let (sealing, _ciphertext) = split(sealed)?;
        let id = KeysId {
            subject,
            version,
            sealing,
        };
        let Some(keys) = self.unwrap(&id, authority).await? else {
            return Ok(None);
        };
        let Some(key) = key_of(sealed.part, &keys) else {
            return Ok(None);
        };
        let binding = Binding {
            id,
            parties,
            part: sealed.part,
        };
        binding.open(&key, sealed).map(Some)
    }

    async fn unwrap(
        &self,
        id: &KeysId,
        authority: MunicipalityCode,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let Some((epoch, wrapped)) = self.inner.store.body_key(id, authority).await? else {
            return Ok(None);
        };
        let Some(key) = self.old_wrap_key(authority, epoch).await? else {
            return Ok(None);
        };
        key.open(&row_data(id, authority, epoch), &wrapped)
            .map(Some)
    }
}
