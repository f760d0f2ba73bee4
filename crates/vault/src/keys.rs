//! Keys of the authorities, per epoch and purpose: random, made when first needed, exactly once.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::municipality::MunicipalityCode;
use rusqlite::{Connection, OptionalExtension, params};

use crate::secret::Secret;
use crate::store::Store;
use crate::{Error, RootKey, Vault};

/// The epoch of keys that live as long as their authority does.
pub(crate) const NO_EPOCH: i16 = 0;

/// What a key is for. No key serves two purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Replaces identity numbers in the journal.
    Pseudonym,
    /// Finds one's own by number or case number.
    Search,
    /// Wraps data keys and seals small values.
    Wrap,
    /// Recognises a repeated request.
    Fingerprint,
}

impl Purpose {
    /// The number it is stored as, for ever.
    fn number(self) -> u8 {
        match self {
            Self::Pseudonym => 1,
            Self::Search => 2,
            Self::Wrap => 3,
            Self::Fingerprint => 4,
        }
    }
}

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyName {
    pub(crate) authority: MunicipalityCode,
    pub(crate) epoch: i16,
    pub(crate) purpose: Purpose,
}

impl KeyName {
    fn associated_data(self) -> Vec<u8> {
        let mut bytes = b"flyttbud/vault/authority-key/v1\0".to_vec();
        bytes.extend_from_slice(&self.authority.number().to_be_bytes());
        bytes.extend_from_slice(&self.epoch.to_be_bytes());
        bytes.push(self.purpose.number());
        bytes
    }
}

/// The keys that were used since the start, unwrapped.
pub(crate) struct Keys {
    root: RootKey,
    known: RwLock<BTreeMap<KeyName, Arc<Secret>>>,
}

impl Keys {
    pub(crate) fn new(root: RootKey) -> Self {
        Self {
            root,
            known: RwLock::default(),
        }
    }

    /// The key with a name, made now if there was none. Making one waits for a commit: once for each
    /// authority, purpose and year.
    pub(crate) fn get(&self, store: &Store, name: KeyName) -> Result<Arc<Secret>, Error> {
        if let Some(known) = self.find(store, name)? {
            return Ok(known);
        }
        // held until the key is known, here and in `find`: a key that is dropped meanwhile stays dropped
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let secret = store.write_now(|transaction| {
            let mut wrapped = Vec::new();
            self.root.secret().seal(
                &name.associated_data(),
                &[Secret::random()?.bytes()],
                &mut wrapped,
            )?;
            transaction.execute(
                "INSERT INTO authority_keys (authority, epoch, purpose, wrapped) \
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                params![
                    name.authority.number(),
                    name.epoch,
                    name.purpose.number(),
                    wrapped
                ],
            )?;
            // whoever came first made it: what is stored is the key
            let stored = select(transaction, name)?.ok_or(Error::Unavailable)?;
            self.unwrap(name, &stored)
        })?;
        let secret = Arc::new(secret);
        known.insert(name, Arc::clone(&secret));
        Ok(secret)
    }

    /// The key with a name; none when it was never made, or is deleted.
    pub(crate) fn find(&self, store: &Store, name: KeyName) -> Result<Option<Arc<Secret>>, Error> {
        if let Some(secret) = self
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&name)
        {
            return Ok(Some(Arc::clone(secret)));
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let Some(wrapped) = store.read(|connection| select(connection, name))? else {
            return Ok(None);
        };
        let secret = Arc::new(self.unwrap(name, &wrapped)?);
        known.insert(name, Arc::clone(&secret));
        Ok(Some(secret))
    }

    fn unwrap(&self, name: KeyName, wrapped: &[u8]) -> Result<Secret, Error> {
        let bytes = self.root.secret().open(&name.associated_data(), wrapped)?;
        Secret::from_slice(&bytes).ok_or(Error::Tampered)
    }
}

fn select(connection: &Connection, name: KeyName) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT wrapped FROM authority_keys \
             WHERE authority = ?1 AND epoch = ?2 AND purpose = ?3",
        )?
        .query_row(
            params![name.authority.number(), name.epoch, name.purpose.number()],
            |row| row.get(0),
        )
        .optional()
}

impl Vault {
    /// Deletes every authority's pseudonym key of a year, for good: what the journal holds of that year
    /// can no longer be linked to anybody. Returns how many keys there were.
    pub fn drop_pseudonym_keys(&self, epoch: i16) -> Result<usize, Error> {
        let purpose = Purpose::Pseudonym;
        let mut known = self
            .inner
            .keys
            .known
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        known.retain(|name, _secret| name.purpose != purpose || name.epoch != epoch);
        let dropped = self.inner.store.write_now(|transaction| {
            Ok(transaction.execute(
                "DELETE FROM authority_keys WHERE epoch = ?1 AND purpose = ?2",
                params![epoch, purpose.number()],
            )?)
        })?;
        self.inner.store.wipe()?;
        Ok(dropped)
    }

    pub(crate) fn key(
        &self,
        authority: MunicipalityCode,
        epoch: i16,
        purpose: Purpose,
    ) -> Result<Arc<Secret>, Error> {
        self.inner.keys.get(
            &self.inner.store,
            KeyName {
                authority,
                epoch,
                purpose,
            },
        )
    }

    /// The wrapping key of an epoch, if it is still there.
    pub(crate) fn old_wrap_key(
        &self,
        authority: MunicipalityCode,
        epoch: i16,
    ) -> Result<Option<Arc<Secret>>, Error> {
        self.inner.keys.find(
            &self.inner.store,
            KeyName {
                authority,
                epoch,
                purpose: Purpose::Wrap,
            },
        )
    }
}
