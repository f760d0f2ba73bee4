//! Keys of the authorities, per epoch and purpose: random, made when first needed, exactly once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use domain::municipality::MunicipalityCode;
use tokio::time::Instant;

use crate::limits::{ASKED_MAX, PSEUDONYM_KEYS_TRUSTED};
use crate::roots::RootsInUse;
use crate::secret::Secret;
use crate::store::{Change, StoredKey, StoredRoot, WrappedKey};
use crate::{Error, Vault};

/// The epoch of keys that live as long as their authority does.
pub(crate) const NO_EPOCH: i16 = 0;

/// What a key is for. No key serves two purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Replaces identity numbers in the journal.
    Pseudonym,
    /// Finds one's own by number, case number or name, and in the access log what an officer did.
    Search,
    /// Wraps data keys and seals small values.
    Wrap,
    /// Recognises a repeated request.
    Fingerprint,
}

impl Purpose {
    /// The number it is stored as, for ever.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Pseudonym => 1,
            Self::Search => 2,
            Self::Wrap => 3,
            Self::Fingerprint => 4,
        }
    }

    /// What is stored as a number.
    pub(crate) fn from_number(number: i64) -> Option<Self> {
        [Self::Pseudonym, Self::Search, Self::Wrap, Self::Fingerprint]
            .into_iter()
            .find(|purpose| i64::from(purpose.number()) == number)
    }
}

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyName {
    pub(crate) authority: MunicipalityCode,
    pub(crate) epoch: i16,
    pub(crate) purpose: Purpose,
}

/// Where a key stands in a store: numbers as they are stored, which may be damaged and mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    /// Whose it is.
    pub(crate) authority: i64,
    /// Its year, or 0.
    pub(crate) epoch: i64,
    /// What it is for.
    pub(crate) purpose: i64,
}

impl KeyPlace {
    /// Before every key.
    pub(crate) const START: Self = Self {
        authority: i64::MIN,
        epoch: i64::MIN,
        purpose: i64::MIN,
    };

    /// The key that stands there, if the numbers mean one.
    pub(crate) fn name(self) -> Option<KeyName> {
        let code = u16::try_from(self.authority).ok();
        Some(KeyName {
            authority: code.and_then(MunicipalityCode::from_number)?,
            epoch: self.epoch.try_into().ok()?,
            purpose: Purpose::from_number(self.purpose)?,
        })
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            authority,
            epoch,
            purpose,
        } = self;
        write!(f, "{authority:04}'s of epoch {epoch} for purpose {purpose}")
    }
}

impl KeyName {
    /// What a wrap is bound to, whichever root key it is under.
    pub(crate) fn associated_data(self) -> Vec<u8> {
        let mut bytes = b"flyttbud/vault/authority-key/v1\0".to_vec();
        bytes.extend_from_slice(&self.authority.number().to_be_bytes());
        bytes.extend_from_slice(&self.epoch.to_be_bytes());
        bytes.push(self.purpose.number());
        bytes
    }
}

/// The keys that were used since the start, unwrapped. Pseudonym keys are trusted for a while only, since
/// another process may drop them.
pub(crate) struct Keys {
    roots: Arc<RootsInUse>,
    known: RwLock<Known>,
}

struct Known {
    secrets: BTreeMap<KeyName, Arc<Secret>>,
    /// How often pseudonym keys had been dropped when these were read.
    drops: i64,
    /// When the store last said so.
    confirmed_at: Instant,
}

impl Keys {
    pub(crate) fn new(roots: Arc<RootsInUse>) -> Self {
        Self {
            roots,
            known: RwLock::new(Known {
                secrets: BTreeMap::new(),
                drops: 0,
                confirmed_at: Instant::now(),
            }),
        }
    }

    pub(crate) fn roots(&self) -> &RootsInUse {
        &self.roots
    }

    /// A key that was read before. No store is asked.
    fn known(&self, name: KeyName) -> Option<Arc<Secret>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if name.purpose == Purpose::Pseudonym
            && known.confirmed_at.elapsed() > PSEUDONYM_KEYS_TRUSTED
        {
            return None;
        }
        known.secrets.get(&name).map(Arc::clone)
    }

    /// Remembers what was asked for at an instant, and forgets what was dropped before. False when the
    /// answer is older than a drop that is known already.
    fn learn(
        &self,
        name: KeyName,
        secret: Option<&Arc<Secret>>,
        drops: i64,
        asked_at: Instant,
    ) -> bool {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if drops < known.drops {
            return false;
        }
        if drops > known.drops {
            known.drops = drops;
            known
                .secrets
                .retain(|name, _secret| name.purpose != Purpose::Pseudonym);
        }
        known.confirmed_at = known.confirmed_at.max(asked_at);
        if let Some(secret) = secret {
            known.secrets.insert(name, Arc::clone(secret));
        }
        true
    }

    /// A new key, wrapped by a root key of the store: by one of the same id and with other bytes nobody could open it.
    fn make(&self, name: KeyName, stored: StoredRoot) -> Result<WrappedKey, Error> {
        let StoredRoot { id, proof } = stored;
        let root = self.roots.get(&id)?;
        root.verify(&proof)?;
        let mut wrapped = Vec::new();
        root.secret().seal(
            &name.associated_data(),
            &[Secret::random()?.bytes()],
            &mut wrapped,
        )?;
        Ok(WrappedKey {
            name,
            root: id,
            wrapped,
        })
    }

    fn unwrap(&self, name: KeyName, root: &str, wrapped: &[u8]) -> Result<Secret, Error> {
        let root = self.roots.get(root)?;
        let bytes = root.secret().open(&name.associated_data(), wrapped)?;
        Secret::from_slice(&bytes).ok_or(Error::Tampered)
    }
}

/// What the store answered.
struct Asked {
    /// None when the key is not there.
    secret: Option<Arc<Secret>>,
    /// The root key that wraps new keys.
    newest_root: StoredRoot,
}

impl Vault {
    /// Deletes every authority's pseudonym key of a year, for good: what the journal holds of that year
    /// can no longer be linked to anybody. Other processes stop using them within ten seconds. Returns how
    /// many keys there were.
    pub async fn drop_pseudonym_keys(&self, epoch: i16) -> Result<usize, Error> {
        let change = Change::DropPseudonymKeys(epoch);
        let dropped = self.inner.store.apply(change).await?;
        // the answer tells of the drop, and so this process forgets at once
        self.ask(KeyName {
            authority: MunicipalityCode::HOUSE,
            epoch,
            purpose: Purpose::Pseudonym,
        })
        .await?;
        Ok(dropped)
    }

    /// The key with a name, made now if there was none: a commit, once for each authority, purpose and year.
    pub(crate) async fn key(
        &self,
        authority: MunicipalityCode,
        epoch: i16,
        purpose: Purpose,
    ) -> Result<Arc<Secret>, Error> {
        let name = KeyName {
            authority,
            epoch,
            purpose,
        };
        if let Some(secret) = self.inner.keys.known(name) {
            return Ok(secret);
        }
        for _ in 0..ASKED_MAX {
            let asked = self.ask(name).await?;
            if let Some(secret) = asked.secret {
                return Ok(secret);
            }
            let made = self.inner.keys.make(name, asked.newest_root)?;
            // not stored when another root key has become the newest meanwhile: then it is made anew
            self.inner.store.apply(Change::Key(made)).await?;
        }
        // whoever came first made it: what is stored is the key
        self.find(name).await?.ok_or(Error::Unavailable)
    }

    /// The wrapping key of an epoch, if it is still there.
    pub(crate) async fn old_wrap_key(
        &self,
        authority: MunicipalityCode,
        epoch: i16,
    ) -> Result<Option<Arc<Secret>>, Error> {
        self.find(KeyName {
            authority,
            epoch,
            purpose: Purpose::Wrap,
        })
        .await
    }

    async fn find(&self, name: KeyName) -> Result<Option<Arc<Secret>>, Error> {
        match self.inner.keys.known(name) {
            Some(secret) => Ok(Some(secret)),
            None => Ok(self.ask(name).await?.secret),
        }
    }

    /// Asks the store, again if keys were dropped meanwhile. A store that goes on telling of fewer drops than
    /// there were has lost some, and what it holds must not be used.
    async fn ask(&self, name: KeyName) -> Result<Asked, Error> {
        let keys = &self.inner.keys;
        for _ in 0..ASKED_MAX {
            let asked_at = Instant::now();
            let StoredKey {
                wrapped,
                newest_root,
                drops,
            } = self.inner.store.key(name).await?;
            let secret = wrapped
                .map(|(root, wrapped)| keys.unwrap(name, &root, &wrapped).map(Arc::new))
                .transpose()?;
            if keys.learn(name, secret.as_ref(), drops, asked_at) {
                return Ok(Asked {
                    secret,
                    newest_root,
                });
            }
        }
        tracing::error!("the key store has forgotten that pseudonym keys were dropped");
        Err(Error::Unavailable)
    }
}
