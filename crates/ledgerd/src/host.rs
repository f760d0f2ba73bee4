//! The host of the machine: reads, applies, writes the read tables, appends findings and passing time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use daemon::{Drain, ErrorChain};
use domain::definition::Definition;
use domain::entry::{Draft, Event};
use domain::subject::{Position, Subject, Version};
use jiff::Timestamp;
use journal::{AppendError, Batch, Journal, OpenClaim, OpenKey, ReadError, Stored, Views};
use ledger::{Finding, Halt, Machine};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::clock::{Guard, Verdict, is_plausible};
use crate::leadership::Leadership;
use crate::tables::Tables;
use crate::{DIGEST_ENTRIES, GATHER, POLL, READ_ENTRIES, STORE_AWAY, STORE_RETRY, wait};

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
    tables: Tables,
    machine: Machine,
    guard: Guard,
    leadership: Leadership,
    leads: bool,
    has_caught_up: bool,
    said: Verdict,
    /// Where the record last said that time passed; 0 when it never did.
    passed: Position,
}

impl Host {
    /// Over a journal and the read tables it writes when it leads.
    pub async fn new(
        journal: Arc<dyn Journal>,
        views: Arc<dyn Views>,
        leadership: Leadership,
    ) -> Result<Self, HostError> {
        let tables = Tables::new(views);
        let valid_at = tables.valid_at().await?;
        if !journal.reaches(valid_at).await? {
            return Err(HostError::ViewsAhead);
        }
        let guard = Guard::new(journal.now());
        Ok(Self {
            journal,
            tables,
            machine: Machine::new(),
            guard,
            leadership,
            leads: false,
            has_caught_up: false,
            said: Verdict::Agrees,
            passed: Position(0),
        })
    }

    /// Follows the journal until the drain. Says when it has caught up for the first time.
    pub async fn run(
        mut self,
        drain: Drain,
        caught_up: watch::Sender<bool>,
    ) -> Result<(), HostError> {
        let mut edge = self.journal.edge();
        let mut failing_since = None;
        loop {
            match self.step(&mut edge, &drain, &caught_up).await {
                Ok(true) => failing_since = None,
                // the edge closes with the journal's writer: nothing can be recorded any more
                Ok(false) if !drain.is_cancelled() => return Err(HostError::WriterGone),
                Ok(false) => return Ok(()),
                Err(HostError::Read(ReadError::NotLeading)) => {
                    tracing::warn!("another ledger leads");
                    self.follow();
                    // the store knows it before who keeps the lease, unless that one claims anew meanwhile
                    let known = timeout(POLL, self.leadership.is_no_longer(true));
                    drain.run_until_cancelled(known).await;
                }
                // a database that fails over is back within seconds
                Err(HostError::Read(ReadError::Store(error))) if !drain.is_cancelled() => {
                    if failing_since.is_none() {
                        tracing::warn!(error = %ErrorChain(error.as_ref()), "the ledger waits for its store");
                    }
                    let since = *failing_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= STORE_AWAY {
                        return Err(HostError::Read(ReadError::Store(error)));
                    }
                    tokio::time::sleep(STORE_RETRY).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Goes as far as the journal does, then waits for more. False when there is nothing more to wait for.
    async fn step(
        &mut self,
        edge: &mut watch::Receiver<Position>,
        drain: &Drain,
        caught_up: &watch::Sender<bool>,
    ) -> Result<bool, HostError> {
        // read before what is applied, so that a clock that an entry moved is never ahead of the guard
        let now = self.journal.now();
        self.catch_up().await?;
        if self.leadership.leads() != self.leads {
            self.turn().await?;
        }
        if !*caught_up.borrow() {
            self.guard = Guard::new(self.journal.now());
            caught_up.send_replace(true);
            self.has_caught_up = true;
            let (position, digest) = (self.machine.position().0, self.machine.digest());
            tracing::info!(position, digest = %digest, "ledger caught up");
            return Ok(true);
        }
        let before = self.machine.position();
        if self.leads {
            self.lead(now, drain).await;
            self.catch_up().await?;
        }
        if self.machine.position() != before {
            return Ok(true);
        }
        let until_deadline = if self.leads {
            self.until_deadline()
        } else {
            POLL
        };
        let due = self.tables.due_in();
        let at_most = until_deadline.min(due.unwrap_or(POLL));
        let goes_on = tokio::select! {
            goes_on = wait(edge, before, at_most, drain) => goes_on,
            () = self.leadership.is_no_longer(self.leads) => true,
        };
        if !goes_on || self.tables.due_in().is_some_and(|due| due.is_zero()) {
            self.tables.write().await?;
        }
        if goes_on {
            tokio::time::sleep(GATHER).await;
        }
        Ok(goes_on)
    }

    /// Leads from now on, or follows.
    async fn turn(&mut self) -> Result<(), HostError> {
        if self.leads {
            self.follow();
        } else {
            self.tables
                .catch_up(self.journal.as_ref(), &self.machine)
                .await?;
            self.leads = true;
            tracing::info!(position = self.machine.position().0, "this ledger leads");
        }
        Ok(())
    }

    fn follow(&mut self) {
        self.leads = false;
        self.tables.forget();
        tracing::info!(position = self.machine.position().0, "this ledger follows");
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
            for Stored { entry, .. } in stored {
                self.machine.apply(&entry)?;
                self.guard.apply(&entry);
                if matches!(entry.event, Event::TimePassed { .. }) {
                    self.passed = entry.position;
                }
                if self.has_caught_up && entry.position.0.is_multiple_of(DIGEST_ENTRIES) {
                    let (position, digest) = (entry.position.0, self.machine.digest());
                    tracing::info!(position, digest = %digest, "ledger state");
                }
                if self.leads {
                    self.tables.take(&self.machine, entry);
                }
            }
            if self.tables.due_in().is_some_and(|due| due.is_zero()) {
                self.tables.write().await?;
            }
        }
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
                // of two that both believe to lead, the one who has not read of the other's time says nothing
                let key = Some(format!("passed/after/{}", self.passed.0));
                self.append(system(Event::TimePassed { now }, key)).await;
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
    let key = |(sender, recipient, pseudonym)| OpenKey {
        sender,
        recipient,
        pseudonym,
    };
    // what a newer announcement holds under another year's key is not seen here; that is rare
    let claim = finding.claim.map(|claimed| OpenClaim {
        key: key(claimed),
        also: Vec::new(),
    });
    Batch {
        drafts: finding.drafts,
        unique_key: finding.unique_key,
        release: finding.release.map(key),
        claim,
        ..Batch::default()
    }
}

#[cfg(test)]
mod tests;
