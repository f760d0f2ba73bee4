//! The names of all notes there are. Nearly everybody that is asked about has none: that is known here, without a look
//! at the file.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use rusqlite::Connection;

use crate::note::NoteName;

/// A name as it is stored: authority, kind, token.
type Stored = (u16, u8, [u8; 16]);

/// The names. One may stand here whose note is gone or was never committed; none is missing.
pub(super) struct Noted(RwLock<HashSet<Stored>>);

impl Noted {
    /// The names in a file.
    pub(super) fn load(connection: &Connection) -> Result<Self, rusqlite::Error> {
        let names = connection
            .prepare("SELECT authority, kind, token FROM notes")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        Ok(Self(RwLock::new(names)))
    }

    /// Before it is written.
    pub(super) fn insert(&self, name: NoteName) {
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        names.insert(stored(name));
    }

    /// Whether there may be a note under any of some names.
    pub(super) fn may_have(&self, any: &[NoteName]) -> bool {
        let names = self.0.read().unwrap_or_else(PoisonError::into_inner);
        any.iter().any(|name| names.contains(&stored(*name)))
    }
}

fn stored(name: NoteName) -> Stored {
    (name.authority.number(), name.kind.number(), name.token)
}
