//! The host of the machine: reads, applies, writes the read tables, appends findings and passing time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use daemon::Drain;
use domain::definition::Definition;
use domain::entry::{Draft, Entry, Event};
use domain::subject::{Position, Subject, Version};
use jiff::Timestamp;
use journal::views::Change;
use journal::{AppendError, Batch, Journal, OpenKey, ReadError, Stored, Views};
use ledger::{Finding, Halt, Machine};
use tokio::sync::watch;

use crate::clock::{Guard, Verdict, is_plausible};
use crate::{POLL, READ_ENTRIES, VIEWS_PAUSE, rows, wait};

/// Why the host ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The record contradicts itself or goes beyond this program. It must not go on.
    #[error("the ledger halted")]
    Halt(#[from] Halt),
    /// The record or the read tables cannot be read.
    #[error("the ledger cannot read")]
    Read(#[from] ReadError),
    /// The journal's writer ended: nothing can be recorded any more.
    #[error("the journal's writer is gone")]
    WriterGone,
    /// The read tables are newer than the journal, which was restored or replaced.
    #[error("the read tables are newer than the journal: remove views.sqlite*, it is rebuilt")]
    ViewsAhead,
}

/// The host.
pub struct Host {
    journal: Arc<dyn Journal>,
    views: Arc<dyn Views>,
    machine: Machine,
    guard: Guard,
    shown: Position,
    unwritten: Vec<(Entry, Vec<Change>)>,
    unwritten_since: Option<Instant>,
    said: Verdict,
}

impl Host {
    /// Over a journal and the read tables it writes.
    pub async fn new(journal: Arc<dyn Journal>, views: Arc<dyn Views>) -> Result<Self, HostError> {
        let shown = views.valid_at().await?;
        let edge = *journal.edge().borrow();
        if shown > edge {
            return Err(HostError::ViewsAhead);
        }
        let guard = Guard::new(journal.now());
        let machine = Machine::new();
        Ok(Self {
            journal,
            views,
            machine,
            guard,
            shown,
            unwritten: Vec::new(),
            unwritten_since: None,
            said: Verdict::Agrees,
        })
    }

    /// Follows the journal until the drain. Says when it has caught up for the first time.
    pub async fn run(
        mut self,
        drain: Drain,
        caught_up: watch::Sender<bool>,
    ) -> Result<(), HostError> {
        let mut edge = self.journal.edge();
        self.catch_up().await?;
        self.write_views().await?;
        self.guard = Guard::new(self.journal.now());
        caught_up.send_replace(true);
        tracing::info!(position = self.machine.position().0, "ledger caught up");
        loop {
            // read before what is applied, so that a clock that an entry moved is never ahead of the guard
            let now = self.journal.now();
            self.catch_up().await?;
            let before = self.machine.position();
            self.lead(now, &drain).await;
            self.catch_up().await?;
            if self.machine.position() == before {
                let at_most = match self.unwritten_since {
                    Some(_) => self.until_deadline().min(VIEWS_PAUSE),
                    None => self.until_deadline(),
                };
                let goes_on = wait(&mut edge, before, at_most, &drain).await;
                if self
                    .unwritten_since
                    .is_some_and(|since| since.elapsed() >= VIEWS_PAUSE)
                    || !goes_on
                {
                    self.write_views().await?;
                }
                if !goes_on {
                    // the edge closes with the journal's writer: nothing can be recorded any more
                    return if drain.is_cancelled() {
                        Ok(())
                    } else {
                        Err(HostError::WriterGone)
                    };
                }
                self.catch_up().await?;
            }
        }
    }

    /// Applies what is in the journal and not yet in the machine.
    async fn catch_up(&mut self) -> Result<(), HostError> {
        loop {
            let stored = self
                .journal
                .read_after(self.machine.position(), READ_ENTRIES)
                .await?;
            if stored.is_empty() {
                return Ok(());
            }
            let mut is_urgent = false;
            for Stored { entry, .. } in stored {
                self.machine.apply(&entry)?;
                self.guard.apply(&entry);
                if entry.position > self.shown {
                    is_urgent |= !matches!(entry.event, Event::RelocationRegistered { .. });
                    let changes = rows::changes(&self.machine, &entry);
                    self.unwritten.push((entry, changes));
                }
            }
            let since = *self.unwritten_since.get_or_insert_with(Instant::now);
            if is_urgent || self.unwritten.len() >= READ_ENTRIES || since.elapsed() >= VIEWS_PAUSE {
                self.write_views().await?;
            }
        }
    }

    /// Writes what the read tables still lack.
    async fn write_views(&mut self) -> Result<(), ReadError> {
        self.unwritten_since = None;
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
        self.shown = valid_at;
        self.unwritten.clear();
        Ok(())
    }

    /// Appends what the machine found, and time that passed. Whatever fails is found again.
    async fn lead(&mut self, now: Timestamp, drain: &Drain) {
        for finding in self.machine.findings() {
            if drain.is_cancelled() {
                return;
            }
            self.append(batch(finding)).await;
        }
        if self.machine.next_deadline().is_some_and(|due| due <= now) {
            let verdict = self.guard.verdict(now);
            if verdict == Verdict::Agrees {
                self.append(system(Event::TimePassed { now }, None)).await;
            } else if self.said != verdict {
                tracing::error!(verdict = ?verdict, "deadlines wait, the clock is not believed");
            }
            self.said = verdict;
        }
    }

    async fn append(&self, batch: Batch) {
        match self.journal.append(batch).await {
            // somebody was first: reading on shows what is left to do
            Ok(_) | Err(AppendError::VersionConflict | AppendError::KeyExists) => {}
            Err(error) => tracing::warn!(error = %error, "finding not appended, will be again"),
        }
    }

    fn until_deadline(&self) -> Duration {
        let now = self.journal.now();
        let due = self
            .machine
            .next_deadline()
            .map(|due| due.duration_since(now));
        due.and_then(|due| Duration::try_from(due).ok())
            .map_or(POLL, |due| {
                // one that is due and not passed waits for the clock to be believed
                if due.is_zero() { POLL } else { due.min(POLL) }
            })
    }
}

/// Whether the record's clock may be believed after the pause since the newest entry.
pub async fn is_clock_plausible(journal: &dyn Journal) -> Result<bool, ReadError> {
    let edge = *journal.edge().borrow();
    let before = Position(edge.0.saturating_sub(1));
    let newest = journal.read_after(before, 1).await?;
    let newest = newest.first().map(|stored| stored.entry.recorded_at);
    Ok(newest.is_none_or(|newest| is_plausible(journal.now(), newest)))
}

/// Writes the first definition, unless there is one. Before anything else: rules without a definition
/// cannot judge an arrival.
pub async fn begin(journal: &dyn Journal) -> Result<(), AppendError> {
    let first = Definition::FIRST;
    let key = format!("definition/{}", first.version);
    match journal
        .append(system(Event::DefinitionSet(first), Some(key)))
        .await
    {
        Ok(_) | Err(AppendError::KeyExists) => Ok(()),
        Err(error) => Err(error),
    }
}

fn system(event: Event, unique_key: Option<String>) -> Batch {
    let draft = Draft {
        subject: Subject::SYSTEM,
        version: Version(1),
        event,
        notices: Vec::new(),
        sealed: Vec::new(),
    };
    Batch {
        drafts: vec![draft],
        unique_key,
        ..Batch::default()
    }
}

fn batch(finding: Finding) -> Batch {
    let release = finding
        .release
        .map(|(sender, recipient, pseudonym)| OpenKey {
            sender,
            recipient,
            pseudonym,
        });
    Batch {
        drafts: finding.drafts,
        unique_key: finding.unique_key,
        release,
        ..Batch::default()
    }
}
