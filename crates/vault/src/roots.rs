//! The root keys that a process has: one, or several while a store moves from one to another. What is wrapped by a
//! root key that is not among them is never passed over, and nothing is made in its place.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use crate::store::StoredRoot;
use crate::{Error, OpenError, RootKey, RootKeyError};

/// Root keys: the newest, and those before it as long as something is wrapped by them.
#[derive(Clone, Debug)]
pub struct RootKeys {
    newest: Arc<RootKey>,
    earlier: Vec<Arc<RootKey>>,
}

impl RootKeys {
    /// Puts them together. No two may have one id.
    pub fn new(newest: RootKey, earlier: Vec<RootKey>) -> Result<Self, RootKeyError> {
        let mut roots = Self::from(newest);
        for root in earlier {
            if roots.get(root.id()).is_some() {
                let id = root.id().to_owned();
                return Err(RootKeyError::Twice { id });
            }
            roots.earlier.push(Arc::new(root));
        }
        Ok(roots)
    }

    /// Reads them from files.
    pub fn read(newest: &Path, earlier: &[PathBuf]) -> Result<Self, RootKeyError> {
        let read = earlier.iter().map(|path| RootKey::read(path));
        Self::new(RootKey::read(newest)?, read.collect::<Result<_, _>>()?)
    }

    /// The one that a new store begins with, and that others are moved to.
    pub fn newest(&self) -> &RootKey {
        &self.newest
    }

    /// Their ids, the newest first.
    pub fn ids(&self) -> String {
        let ids: Vec<&str> = self.all().map(|root| root.id()).collect();
        ids.join(", ")
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<RootKey>> {
        std::iter::once(&self.newest).chain(&self.earlier)
    }

    fn get(&self, id: &str) -> Option<&Arc<RootKey>> {
        self.all().find(|root| root.id() == id)
    }

    /// Whether they open all of a store.
    pub(crate) fn verify(&self, stored: &[StoredRoot]) -> Result<(), OpenError> {
        let wrong = |wanted: &str| OpenError::WrongRoot {
            wanted: wanted.to_owned(),
            given: self.ids(),
        };
        if stored.is_empty() {
            return Err(wrong(""));
        }
        for StoredRoot { id, proof } in stored {
            let root = self.get(id).ok_or_else(|| wrong(id))?;
            root.verify(proof).map_err(OpenError::Root)?;
        }
        Ok(())
    }
}

impl From<RootKey> for RootKeys {
    fn from(root: RootKey) -> Self {
        Self {
            newest: Arc::new(root),
            earlier: Vec::new(),
        }
    }
}

/// Those in use, which change while the process runs. Keys are wrapped and opened by them alone.
#[derive(Debug)]
pub(crate) struct RootsInUse {
    now: RwLock<RootKeys>,
    /// Others that are being looked at: they may open what those in use do not, or be false.
    looked_at: RwLock<Option<RootKeys>>,
}

impl RootsInUse {
    pub(crate) fn new(roots: RootKeys) -> Self {
        Self {
            now: RwLock::new(roots),
            looked_at: RwLock::new(None),
        }
    }

    pub(crate) fn now(&self) -> RootKeys {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        now.clone()
    }

    /// The one with an id.
    pub(crate) fn get(&self, id: &str) -> Result<Arc<RootKey>, Error> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        let found = now.get(id).cloned();
        found.ok_or_else(|| Error::UnknownRoot(id.to_owned()))
    }

    pub(crate) fn replace(&self, roots: RootKeys) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = roots;
    }

    /// A store may be reached by these too, from now on or no longer; nothing is wrapped or opened by them.
    pub(crate) fn look_at(&self, roots: Option<RootKeys>) {
        let mut looked_at = self
            .looked_at
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *looked_at = roots;
    }

    /// Whether those in use open all of a store, or those that are being looked at do.
    pub(crate) fn verify(&self, stored: &[StoredRoot]) -> Result<(), OpenError> {
        let verified = self.now().verify(stored);
        let looked_at = self
            .looked_at
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        match looked_at.as_ref() {
            Some(others) if verified.is_err() => others.verify(stored),
            _ => verified,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_keys_with_one_id_are_refused_and_none_shows_its_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        let made = [&one, &other].map(|path| RootKey::create(path).expect("made"));
        let roots = RootKeys::read(&one, std::slice::from_ref(&other)).expect("read");
        let ids = format!("{}, {}", made[0].id(), made[1].id());
        assert_eq!(roots.ids(), ids);
        for root in &made {
            let shown = format!("{:?}", root.secret().bytes());
            assert!(!format!("{roots:?}").contains(&shown));
        }
        let twice = RootKeys::read(&one, &[other, one.clone()]);
        let error = twice.expect_err("refused").to_string();
        assert_eq!(error, format!("root key '{}' is named twice", made[0].id()));
    }
}
