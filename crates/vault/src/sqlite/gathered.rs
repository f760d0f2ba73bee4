//! Search rows of new subjects, until they are moved into the table that finds them by token.
//!
//! Tokens are random: each row of that table lies on a page of its own, so that rows written there one by
//! one would dirty more pages than everything else of a registration. Here they stand in the order of time,
//! in the table `search_rows` and in memory, and are moved by the ten thousands in the order of tokens, when
//! many rows share a page.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

use domain::municipality::MunicipalityCode;
use rusqlite::Connection;
use uuid::Uuid;

use crate::limits::{FOUND_MAX, GATHERED_ROWS};

/// A row's place in the table `search`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) authority: u16,
    pub(super) token: [u8; 16],
    pub(super) subject: Uuid,
}

/// What became of a row in a committed group.
pub(super) enum Fate {
    /// It is to be moved later; the number is its subject's kind.
    Came(Key, u8),
    /// It is deleted.
    Went(Key),
}

/// The rows that are still to be moved: all in `search_rows` whose subject is newer than the mark in
/// `search_mark`. The writer alone changes them, after its commit.
pub(super) struct Gathered {
    rows: RwLock<BTreeMap<Key, u8>>,
}

impl Gathered {
    /// What an earlier process had not moved yet.
    pub(super) fn load(connection: &Connection) -> Result<Self, rusqlite::Error> {
        let rows = connection
            .prepare("SELECT authority, token, subject, kind FROM search_rows WHERE subject > ?1")?
            .query_map([mark(connection)?.as_bytes()], |row| {
                let key = Key {
                    authority: row.get(0)?,
                    token: row.get(1)?,
                    subject: Uuid::from_bytes(row.get(2)?),
                };
                Ok((key, row.get(3)?))
            })?
            .collect::<Result<_, _>>()?;
        Ok(Self {
            rows: RwLock::new(rows),
        })
    }

    /// Kinds and ids of an authority's subjects under a token, newest first.
    pub(super) fn search(&self, authority: MunicipalityCode, token: [u8; 16]) -> Vec<(i64, Uuid)> {
        let at = |subject| Key {
            authority: authority.number(),
            token,
            subject,
        };
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.range(at(Uuid::nil())..=at(Uuid::max()))
            .rev()
            .take(FOUND_MAX)
            .map(|(key, kind)| (i64::from(*kind), key.subject))
            .collect()
    }

    pub(super) fn settle(&self, fates: impl IntoIterator<Item = Fate>) {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        for fate in fates {
            match fate {
                Fate::Came(key, kind) => rows.insert(key, kind),
                Fate::Went(key) => rows.remove(&key),
            };
        }
    }

    /// The subject up to which the next run moves, once enough have gathered. The newest sixteenth stays:
    /// others of the same moment may be on their way, and an id from a clock that was wrong must not draw
    /// the mark into the future.
    pub(super) fn next_mark(&self) -> Option<Uuid> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        if rows.len() < GATHERED_ROWS {
            return None;
        }
        let mut subjects: Vec<_> = rows.keys().map(|key| key.subject).collect();
        let nth = subjects.len() - subjects.len() / 16 - 1;
        let (_older, mark, _newer) = subjects.select_nth_unstable(nth);
        Some(*mark)
    }

    /// The next rows in the order of tokens, whose subjects are not newer than a mark.
    pub(super) fn next(&self, after: Bound<Key>, mark: Uuid, rows_max: usize) -> Vec<(Key, u8)> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.range((after, Bound::Unbounded))
            .filter(|(key, _kind)| key.subject <= mark)
            .take(rows_max)
            .map(|(key, kind)| (*key, *kind))
            .collect()
    }
}

/// The newest subject whose rows have all been moved.
pub(super) fn mark(connection: &Connection) -> Result<Uuid, rusqlite::Error> {
    connection.query_row("SELECT subject FROM search_mark", [], |row| {
        row.get(0).map(Uuid::from_bytes)
    })
}
