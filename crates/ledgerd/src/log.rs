//! The Merkle log over the journal. Who leads integrates what was appended and signs it within a second; who
//! follows computes the same, and holds it against what was signed.
//!
//! The order is stage, sign, remember, store, publish. Every session begins by holding what is stored against the journal,
//! whatever ended the session before: there is no other recovery. What must never happen: that something is signed
//! that was not just seen to agree, or that a registration waits for any of this.

mod memory;
mod scrub;

use std::sync::Arc;
use std::time::Duration;

use daemon::{Drain, ErrorChain};
use domain::reason::Reason;
use domain::subject::Position;
use journal::Journal;
use journal::evidence::{
    self, Alarm, Evidence, EvidenceError, Fault, Ground, PublishError, Reach, Recount,
};
use tlog::checkpoint::SignedCheckpoint;
use tlog::key::{self, Signer};
use tlog::proof::verify_consistency;
use tlog::tree::{Head, Size};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::Leadership;

pub use memory::{Ended, Forgotten, Memory, MemoryError};
pub use scrub::Scrubber;

/// Between two signatures: three a second, so that a receipt exists after one even when a try fails.
const SIGN_EVERY: Duration = Duration::from_millis(300);
/// Entries integrated at once: more than come in between two signatures.
const ROUND_ENTRIES: usize = 2048;
/// Entries hashed without a pause: a few milliseconds, in which a call waits for the processor.
const HASHED_ENTRIES: usize = 256;
/// Entries that are held against the log before the first signature: about a second's work. The scrubber comes to
/// those before them.
const BEGIN_ENTRIES: u64 = 100_000;
/// Between tries when a store is away, and between looks at an alarm.
const RETRY: Duration = Duration::from_secs(1);

/// Keeps the log.
pub struct Log {
    journal: Arc<dyn Journal>,
    evidence: Arc<dyn Evidence>,
    signer: Option<Signer<key::Log>>,
    leadership: Leadership,
    memory: Option<Memory>,
    failures: u64,
    holds: watch::Sender<bool>,
}

impl Log {
    /// Over a journal. Without a signer it is integrated, and nothing is signed.
    pub fn new(
        journal: Arc<dyn Journal>,
        evidence: Arc<dyn Evidence>,
        signer: Option<Signer<key::Log>>,
        leadership: Leadership,
    ) -> Self {
        Self {
            journal,
            evidence,
            signer,
            leadership,
            memory: None,
            failures: 0,
            holds: watch::Sender::new(true),
        }
    }

    /// The same, which signs nothing that contradicts what is remembered.
    #[must_use]
    pub fn remembering(self, memory: Memory) -> Self {
        Self {
            memory: Some(memory),
            ..self
        }
    }

    /// Follows whether the log holds, as far as this process has seen: false while it waits at an alarm.
    pub fn holds(&self) -> watch::Receiver<bool> {
        self.holds.subscribe()
    }

    /// Runs until the drain. At an alarm it waits until that is lifted; whatever else fails is tried again. Only a
    /// record that has forgotten what was signed ends it.
    pub async fn run(mut self, drain: Drain) -> Result<(), Forgotten> {
        if self.signer.is_none() {
            tracing::warn!("no key for the log: it is kept, and nothing is signed");
        }
        loop {
            let ended = tokio::select! {
                // first: a session that begins may go far before it waits
                biased;
                () = drain.cancelled() => return Ok(()),
                ended = self.session() => ended,
            };
            let fault = match ended {
                Ok(()) => continue,
                Err(Ended::Forgotten(forgotten)) => return Err(forgotten),
                Err(Ended::Fault(fault)) => fault,
            };
            match fault {
                Fault::Alarm(alarm) => {
                    if raise(self.evidence.as_ref(), &alarm).await {
                        self.wait_for_calm(&drain).await;
                    } else {
                        // until a session begins that finds everything in order
                        self.holds.send_replace(false);
                        timeout(RETRY, drain.cancelled()).await.ok();
                    }
                }
                Fault::Publish(PublishError::Alarmed) => {
                    let page = Reason::LogNotSigned.page();
                    // raised by whoever found it first, or before a start
                    let alarm = self.evidence.alarm().await.unwrap_or_default();
                    tracing::error!(alarm, page, "an alarm stands, nothing is signed any more");
                    self.wait_for_calm(&drain).await;
                }
                fault @ (Fault::Journal(_) | Fault::Evidence(_) | Fault::Publish(_)) => {
                    if self.failures == 0 {
                        tracing::warn!(error = %ErrorChain(&fault), "log not kept, will be again");
                    }
                    self.failures += 1;
                    timeout(RETRY, drain.cancelled()).await.ok();
                }
            }
        }
    }

    /// Nothing is signed until the alarm is lifted: by an operator, or by another ledger that finds everything in
    /// order.
    async fn wait_for_calm(&self, drain: &Drain) {
        self.holds.send_replace(false);
        drain
            .run_until_cancelled(calm(self.evidence.as_ref()))
            .await;
        self.holds.send_replace(true);
        if drain.is_cancelled() {
            return;
        }
        let lifted = self.evidence.lifted(1).await.unwrap_or_default();
        let lifted = lifted.first();
        let alarm = lifted.map_or("", |lifted| &lifted.text);
        let reason = lifted.and_then(|lifted| lifted.reason.as_deref());
        tracing::warn!(alarm, reason, "alarm lifted, log goes on");
    }

    /// Leads or follows until that changes.
    async fn session(&mut self) -> Result<(), Ended> {
        let leads = self.leadership.leads();
        if leads && let Some(memory) = &self.memory {
            let (journal, evidence) = (self.journal.as_ref(), self.evidence.as_ref());
            memory.check(journal, evidence).await?;
        }
        let recount = self.begin(leads).await?;
        self.holds
            .send_if_modified(|holds| !std::mem::replace(holds, true));
        if self.failures > 0 {
            tracing::info!(failures = self.failures, "log goes on");
            self.failures = 0;
        }
        let ended = if leads {
            self.lead(recount).await
        } else {
            self.follow(recount).await
        };
        Ok(ended?)
    }

    /// Holds the newest entries against what is stored of them, and all when an alarm stands or hashes were lost.
    async fn begin(&self, leads: bool) -> Result<Recount, Fault> {
        let evidence = self.evidence.as_ref();
        let Reach { integrated, signed } = evidence::reach(self.journal.as_ref(), evidence).await?;
        // the leader makes lost hashes anew, which a follower waits for
        if !leads && integrated < signed {
            return Err(EvidenceError::OtherSize.into());
        }
        let until = if leads { integrated } else { signed };
        let alarm = evidence.standing().await?;
        if leads && alarm.as_ref().is_some_and(|alarm| alarm.needs_word) {
            return Err(PublishError::Alarmed.into());
        }
        let from = if alarm.is_some() || integrated < signed {
            Size(0)
        } else {
            Size(until.0.saturating_sub(BEGIN_ENTRIES))
        };
        let key = self.signer.as_ref().map(|signer| signer.verifier().clone());
        let mut recount = Recount::from(evidence, from, key).await?;
        self.compare(&mut recount, until).await?;
        if leads {
            evidence::compare_inboxes(self.journal.as_ref()).await?;
        }
        if leads && let Some(alarm) = alarm {
            // not one that was raised meanwhile
            if !evidence.lift(&alarm, Ground::Recount).await? {
                return Err(PublishError::Alarmed.into());
            }
            tracing::warn!(alarm = alarm.text, "alarm lifted, everything agrees again");
        }
        Ok(recount)
    }

    async fn lead(&mut self, mut recount: Recount) -> Result<(), Fault> {
        let mut edge = self.journal.edge();
        loop {
            let next = Instant::now() + SIGN_EVERY;
            let until = Size(edge.borrow_and_update().0);
            self.stage(&mut recount, until).await?;
            self.sign(recount.head()).await?;
            let past = Position(recount.head().size.0);
            tokio::select! {
                () = self.leadership.is_no_longer(true) => return Ok(()),
                moved = edge.wait_for(|edge| *edge > past) => {
                    moved.map_err(EvidenceError::store)?;
                }
                // an alarm is seen although nothing comes
                () = sleep(RETRY) => {}
            }
            sleep_until(next).await;
        }
    }

    /// Integrates what was appended.
    async fn stage(&self, recount: &mut Recount, until: Size) -> Result<(), Fault> {
        let (journal, evidence) = (self.journal.as_ref(), self.evidence.as_ref());
        while recount.head().size < until {
            let mut reached = recount.head().size;
            let mut leaves = Vec::new();
            while reached < until && leaves.len() < ROUND_ENTRIES {
                let fresh = evidence::fresh_leaves(journal, reached, until, HASHED_ENTRIES).await?;
                reached.0 += u64::try_from(fresh.len()).unwrap_or_default();
                leaves.extend(fresh);
                tokio::task::yield_now().await;
            }
            recount.integrate(evidence, leaves).await?;
        }
        Ok(())
    }

    /// Signs a tree that continues what was signed, and publishes it.
    async fn sign(&mut self, head: Head) -> Result<(), Fault> {
        let evidence = self.evidence.as_ref();
        if evidence.alarm().await?.is_some() {
            return Err(PublishError::Alarmed.into());
        }
        let Some(signer) = &self.signer else {
            return Ok(());
        };
        let signed = self.signed().await?;
        if head.size <= signed.size {
            return Ok(());
        }
        if evidence::root(evidence, head.size).await? != head.root {
            return Err(Alarm::HashesDiffer(head.size).into());
        }
        let proof = evidence::consistency(evidence, signed.size, head.size).await?;
        verify_consistency(&signed, &head, &proof)
            .map_err(|_unproven| Alarm::RootDiffers(signed.size))?;
        let checkpoint = SignedCheckpoint::sign(head, signer);
        // a signature that went wrong could give the key away
        if signer.verifier().check(checkpoint.note()) != Ok(Some(())) {
            return Err(Alarm::CheckpointDamaged(head.size).into());
        }
        if let Some(memory) = &mut self.memory {
            memory
                .keep(&checkpoint)
                .await
                .map_err(EvidenceError::store)?;
        }
        evidence.publish(&checkpoint).await?;
        Ok(())
    }

    /// Computes what the leader signs.
    async fn follow(&mut self, mut recount: Recount) -> Result<(), Fault> {
        let mut published = self.evidence.published();
        loop {
            let signed = *published.borrow_and_update();
            self.compare(&mut recount, signed).await?;
            self.remember(recount.head()).await?;
            tokio::select! {
                () = self.leadership.is_no_longer(false) => return Ok(()),
                changed = published.changed() => changed.map_err(EvidenceError::store)?,
            }
        }
    }

    /// What another ledger has signed, and this one agrees with.
    async fn remember(&mut self, head: Head) -> Result<(), Fault> {
        let Some(memory) = &mut self.memory else {
            return Ok(());
        };
        let newest = self.evidence.newest().await?;
        // a newer one is compared next
        if let Some(newest) = newest.filter(|newest| newest.checkpoint().head == head) {
            memory.keep(&newest).await.map_err(EvidenceError::store)?;
        }
        Ok(())
    }

    async fn compare(&self, recount: &mut Recount, until: Size) -> Result<(), Fault> {
        let (journal, evidence) = (self.journal.as_ref(), self.evidence.as_ref());
        while recount.head().size < until {
            let size = recount.head().size;
            let leaves = evidence::stored_leaves(journal, size, until, HASHED_ENTRIES).await?;
            recount.compare(evidence, leaves).await?;
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// The tree that was signed last.
    async fn signed(&self) -> Result<Head, Fault> {
        let newest = self.evidence.newest().await?;
        Ok(newest.map_or(Head::EMPTY, |newest| newest.checkpoint().head))
    }
}

/// Somebody must act. Nothing is published any more. Says whether the alarm stands; one that could not be stored is found
/// again.
pub(crate) async fn raise(evidence: &dyn Evidence, alarm: &Alarm) -> bool {
    let page = Reason::LogNotSigned.page();
    tracing::error!(%alarm, page, "the evidence does not hold, nothing is signed any more");
    let stored = evidence.raise(alarm).await;
    if let Err(error) = &stored {
        tracing::error!(error = %ErrorChain(error), "alarm not stored");
    }
    stored.is_ok()
}

/// Returns once no alarm stands.
async fn calm(evidence: &dyn Evidence) {
    while !matches!(evidence.alarm().await, Ok(None)) {
        sleep(RETRY).await;
    }
}

#[cfg(test)]
mod tests;
