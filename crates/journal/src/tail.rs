//! The newest entries in memory: whoever follows the edge reads what was just written without asking the store.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::subject::Position;

use crate::Stored;
use crate::limits::{READ_ENTRIES_MAX, TAIL_BYTES_MAX, TAIL_ENTRIES_MAX};

/// The newest entries, without gaps, all of them durable.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    entries: VecDeque<Stored>,
    bytes: usize,
}

impl Tail {
    /// Adds what a group made durable, read back from the bytes as whoever replays will; the oldest make room.
    pub(crate) fn push(&self, group: Vec<Vec<u8>>) {
        let mut held = self.held();
        for bytes in group {
            let Ok(entry) = api::record::decode(&bytes) else {
                // the reader is to find it in the store, and to halt there
                *held = Held::default();
                continue;
            };
            held.bytes += bytes.len();
            held.entries.push_back(Stored { entry, bytes });
        }
        while held.entries.len() > TAIL_ENTRIES_MAX || held.bytes > TAIL_BYTES_MAX {
            let Some(oldest) = held.entries.pop_front() else {
                return;
            };
            held.bytes -= oldest.bytes.len();
        }
    }

    /// The entries after a position, as the store would return them; none when older ones are wanted.
    pub(crate) fn read_after(&self, after: Position, limit: usize) -> Option<Vec<Stored>> {
        let held = self.held();
        let oldest = held.entries.front()?.entry.position;
        let skip = usize::try_from((after.0 + 1).checked_sub(oldest.0)?).ok()?;
        let limit = limit.min(READ_ENTRIES_MAX);
        Some(
            held.entries
                .iter()
                .skip(skip)
                .take(limit)
                .cloned()
                .collect(),
        )
    }

    /// A panic elsewhere leaves it whole: entries and their bytes are counted together.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
