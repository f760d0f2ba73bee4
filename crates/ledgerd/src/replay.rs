//! The ledger made anew from entries as they are stored, and from nothing else: its state, the root, and the read
//! tables. Nothing is appended here, and no clock is looked at.

use std::sync::Arc;

use domain::entry::Entry;
use domain::subject::Position;
use journal::views::Change;
use journal::{ReadError, Views};
use ledger::{Halt, Machine};
use tlog::tree::{Frontier, Hash, Head};
use tokio::sync::{mpsc, oneshot};

use crate::rows;

/// Entries whose changes are written together.
const WRITTEN_ENTRIES: usize = 4096;
/// Such writes that may wait: one under way, one ready.
const WRITES_MAX: usize = 1;

/// Why a replay ends before its end. Nothing after that entry is understood.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The bytes are no entry that this program knows.
    #[error("entry {} cannot be read", position.0)]
    Unreadable {
        /// Which.
        position: Position,
        /// Why.
        #[source]
        source: api::record::Unreadable,
    },
    /// The rules cannot take it in.
    #[error(transparent)]
    Halt(#[from] Halt),
}

/// A replay, as far as it came.
#[derive(Clone, Debug)]
pub struct Replay {
    machine: Machine,
    frontier: Frontier,
}

impl Default for Replay {
    fn default() -> Self {
        Self::new()
    }
}

impl Replay {
    /// Before the first entry.
    pub fn new() -> Self {
        Self {
            machine: Machine::new(),
            frontier: Frontier::EMPTY,
        }
    }

    /// Reads the next entry and takes it in.
    pub fn take(&mut self, position: Position, bytes: &[u8]) -> Result<Entry, ReplayError> {
        let entry = read(position, bytes)?;
        self.apply(&entry, bytes)?;
        Ok(entry)
    }

    /// Takes the next entry in, which was read from these bytes.
    pub fn apply(&mut self, entry: &Entry, bytes: &[u8]) -> Result<(), ReplayError> {
        self.machine.apply(entry)?;
        self.frontier.append([Hash::leaf(bytes)]);
        Ok(())
    }

    /// The state after the newest entry.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// How many entries there were, and the root over their bytes.
    pub fn head(&self) -> Head {
        self.frontier.head()
    }

    /// What the newest entry changes in the read tables.
    pub fn changes(&self, entry: &Entry) -> Vec<Change> {
        rows::changes(&self.machine, entry)
    }
}

/// Reads an entry that stands at a position.
pub fn read(position: Position, bytes: &[u8]) -> Result<Entry, ReplayError> {
    let entry = api::record::decode(bytes)
        .map_err(|source| ReplayError::Unreadable { position, source })?;
    if entry.position != position {
        let what = "it stands in another place than it says";
        return Err(Halt { position, what }.into());
    }
    Ok(entry)
}

type Changed = (Entry, Vec<Change>);

/// Writes the read tables behind a replay, as the host would have.
#[derive(Debug)]
pub struct Rebuild {
    gathered: Vec<Changed>,
    writes: mpsc::Sender<Vec<Changed>>,
    written: oneshot::Receiver<Result<(), ReadError>>,
}

impl Rebuild {
    /// Into empty tables.
    pub fn new(views: Arc<dyn Views>) -> Self {
        let (writes, waiting) = mpsc::channel(WRITES_MAX);
        let (done, written) = oneshot::channel();
        daemon::spawn(async move {
            // whoever gave up does not ask
            done.send(write(views.as_ref(), waiting).await).ok();
        });
        Self {
            gathered: Vec::new(),
            writes,
            written,
        }
    }

    /// Takes what an entry changes; waits when the writing falls behind.
    pub async fn take(&mut self, entry: Entry, changes: Vec<Change>) {
        self.gathered.push((entry, changes));
        if self.gathered.len() >= WRITTEN_ENTRIES {
            self.send().await;
        }
    }

    /// Writes what is left.
    pub async fn finish(mut self) -> Result<(), ReadError> {
        self.send().await;
        drop(self.writes);
        self.written
            .await
            .map_err(|gone| ReadError::Store(Box::new(gone)))?
    }

    async fn send(&mut self) {
        // a writer that failed says so in the end
        self.writes
            .send(std::mem::take(&mut self.gathered))
            .await
            .ok();
    }
}

async fn write(
    views: &dyn Views,
    mut waiting: mpsc::Receiver<Vec<Changed>>,
) -> Result<(), ReadError> {
    while let Some(mut changed) = waiting.recv().await {
        let Some(valid_at) = changed.last().map(|(entry, _)| entry.position) else {
            continue;
        };
        let changed: Vec<(&Entry, Vec<Change>)> = changed
            .iter_mut()
            .map(|(entry, changes)| (&*entry, std::mem::take(changes)))
            .collect();
        views.write(&changed, valid_at).await?;
    }
    Ok(())
}
