//! The read tables as the host writes them: what is urgent at once, the rest together.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::entry::{Entry, Event};
use domain::subject::Position;
use journal::views::Change;
use journal::{Journal, ReadError, Views};
use ledger::Machine;

use crate::{READ_ENTRIES, VIEWS_PAUSE, rows};

/// What is to be written.
pub(crate) struct Tables {
    views: Arc<dyn Views>,
    unwritten: Vec<(Entry, Vec<Change>)>,
    since: Option<Instant>,
    is_urgent: bool,
}

impl Tables {
    pub(crate) fn new(views: Arc<dyn Views>) -> Self {
        Self {
            views,
            unwritten: Vec::new(),
            since: None,
            is_urgent: false,
        }
    }

    /// Takes what an entry changed in the machine.
    pub(crate) fn take(&mut self, machine: &Machine, entry: Entry) {
        self.is_urgent |= !matches!(entry.event, Event::RelocationRegistered { .. });
        self.since.get_or_insert_with(Instant::now);
        let changes = rows::changes(machine, &entry);
        self.unwritten.push((entry, changes));
    }

    /// How long the writing may wait; none when there is nothing to write.
    pub(crate) fn due_in(&self) -> Option<Duration> {
        let since = self.since?;
        let is_due = self.is_urgent || self.unwritten.len() >= READ_ENTRIES;
        Some(if is_due {
            Duration::ZERO
        } else {
            VIEWS_PAUSE.saturating_sub(since.elapsed())
        })
    }

    /// Writes all that was taken. What fails is taken still.
    pub(crate) async fn write(&mut self) -> Result<(), ReadError> {
        let Some((last, _)) = self.unwritten.last() else {
            return Ok(());
        };
        let valid_at = last.position;
        let changed: Vec<(&Entry, Vec<Change>)> = self
            .unwritten
            .iter()
            .map(|(entry, changes)| (entry, changes.clone()))
            .collect();
        self.views.write(&changed, valid_at).await?;
        self.forget();
        Ok(())
    }

    /// Another ledger writes from now on.
    pub(crate) fn forget(&mut self) {
        self.unwritten.clear();
        self.since = None;
        self.is_urgent = false;
    }

    /// Writes what the tables lack up to where the machine is, from the journal.
    pub(crate) async fn catch_up(
        &mut self,
        journal: &dyn Journal,
        machine: &Machine,
    ) -> Result<(), ReadError> {
        self.forget();
        let mut shown = self.views.valid_at().await?;
        while shown < machine.position() {
            let stored = journal.read_after(shown, READ_ENTRIES).await?;
            for entry in stored.into_iter().map(|stored| stored.entry) {
                if entry.position <= machine.position() {
                    shown = entry.position;
                    self.take(machine, entry);
                }
            }
            self.write().await?;
        }
        Ok(())
    }

    /// The position the tables are valid at.
    pub(crate) async fn valid_at(&self) -> Result<Position, ReadError> {
        self.views.valid_at().await
    }
}
