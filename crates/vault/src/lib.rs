//! Pseudonyms, sealing, and the key store whose rows can be deleted.
//!
//! Invariant: nothing that is written here shows a person without the root key, and what was deleted
//! cannot be opened again: every key is random, none is derived from another.

mod access;
mod backup;
mod coming;
pub mod copy;
mod erasure;
mod error;
mod keys;
mod limits;
mod mark;
mod note;
mod part;
pub mod postgres;
mod pseudonym;
mod refusals;
mod review;
mod root;
mod roots;
mod rotation;
mod seal;
mod search;
mod secret;
mod sqlite;
mod store;
mod sweep;
#[cfg(test)]
mod tests;
mod verify;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicI16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use daemon::postgres::Settings;
use uuid::Uuid;

pub use access::{Access, AccessFilter, AccessPlace, Accessed, NewAccess};
pub use backup::Backup;
pub use coming::Coming;
pub use error::{Error, OpenError};
pub use keys::KeyPlace;
pub use mark::{Mark, Round};
pub use note::{Note, NoteKind, NoteName};
pub use part::{KeysId, Opened, verify_commitment};
pub use pseudonym::SearchTerm;
pub use refusals::Refused;
pub use review::{NewReview, Review, Reviewed};
pub use root::{RootKey, RootKeyError};
pub use roots::RootKeys;
pub use rotation::{RootUse, root_uses};
pub use seal::KeyRows;
pub use search::SearchRow;
pub use secret::random;
pub use sweep::{Record, Swept};
pub use verify::{HeldKeys, Verified, VerifyError, verify};

use coming::Arrivals;
use keys::Keys;
use postgres::PostgresStore;
use roots::RootsInUse;
use sqlite::SqliteStore;
use store::KeyStore;

/// The key store: a handle, cheap to clone. The last one to be dropped flushes and closes the file.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Inner>,
}

struct Inner {
    keys: Keys,
    store: Box<dyn KeyStore>,
    arrivals: Arrivals,
    epoch: AtomicI16,
    /// How far the sweep has come; it begins anew when the process does.
    swept: Mutex<Uuid>,
}

impl Vault {
    /// Opens or creates the key store and locks it to this process. `epoch` is the year whose keys
    /// wrap what is sealed from now on.
    pub fn unlock(path: &Path, roots: impl Into<RootKeys>, epoch: i16) -> Result<Self, OpenError> {
        let roots = Arc::new(RootsInUse::new(roots.into()));
        let arrivals = Arrivals::default();
        let store = SqliteStore::open(path, &roots.now(), arrivals.clone())?;
        Ok(Self::over(Box::new(store), (roots, arrivals), epoch))
    }

    /// Connects to a key store in PostgreSQL, which other processes may use too. It must have been
    /// [migrated](postgres::migrate).
    pub async fn connect(
        settings: Settings,
        roots: impl Into<RootKeys>,
        epoch: i16,
    ) -> Result<Self, OpenError> {
        let roots = Arc::new(RootsInUse::new(roots.into()));
        let store = PostgresStore::connect(settings, roots.clone()).await?;
        // a database is far: there the groups form by themselves
        let arrivals = Arrivals::default();
        Ok(Self::over(Box::new(store), (roots, arrivals), epoch))
    }

    fn over(
        store: Box<dyn KeyStore>,
        (roots, arrivals): (Arc<RootsInUse>, Arrivals),
        epoch: i16,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                arrivals,
                keys: Keys::new(roots),
                store,
                epoch: AtomicI16::new(epoch),
                swept: Mutex::new(Uuid::nil()),
            }),
        }
    }

    /// Announces that keys will soon be [put](Self::put), so that a group waits for them.
    pub fn comes(&self) -> Coming {
        self.inner.arrivals.one()
    }

    /// A new year has begun: its keys wrap from now on. Years only go forward; an earlier one is ignored.
    pub fn enter_epoch(&self, epoch: i16) {
        self.inner.epoch.fetch_max(epoch, Ordering::Relaxed);
    }

    fn epoch(&self) -> i16 {
        self.inner.epoch.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

/// A panic elsewhere leaves what it guards whole.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
