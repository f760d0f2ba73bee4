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
        let ids: Vec<&str> = self.each_id().collect();
        ids.join(", ")
    }

    pub(crate) fn each_id(&self) -> impl Iterator<Item = &str> {
        self.all().map(|root| root.id())
    }

    fn all(&self) -> impl Iterator<Item = &Arc<RootKey>> {
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
        for StoredRoot { id, proof, .. } in stored {
            self.get(id).ok_or_else(|| wrong(id))?.verify(proof)?;
        }
        Ok(())
    }

    /// These, and those of before that are not among them.
    fn with(&self, before: &Self) -> Self {
        let mut both = self.clone();
        let others = before.all().filter(|root| self.get(root.id()).is_none());
        both.earlier.extend(others.cloned());
        both
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

/// Those in use, which change while the process runs.
#[derive(Debug)]
pub(crate) struct RootsInUse(RwLock<RootKeys>);

impl RootsInUse {
    pub(crate) fn new(roots: RootKeys) -> Self {
        Self(RwLock::new(roots))
    }

    pub(crate) fn now(&self) -> RootKeys {
        let now = self.0.read().unwrap_or_else(PoisonError::into_inner);
        now.clone()
    }

    /// The one with an id.
    pub(crate) fn get(&self, id: &str) -> Result<Arc<RootKey>, Error> {
        let now = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = now.get(id).cloned();
        found.ok_or_else(|| Error::UnknownRoot(id.to_owned()))
    }

    pub(crate) fn replace(&self, roots: RootKeys) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = roots;
    }

    /// Others beside those in use: nothing that opens now stops opening. Returns what was in use before.
    pub(crate) fn add(&self, roots: &RootKeys) -> RootKeys {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = now.clone();
        *now = roots.with(&before);
        before
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
