//! The witnesses of the log: each published checkpoint is shown to all of them at once, and what they cosign is
//! stored. A slow or dead one delays nobody.
//!
//! What must never happen: that a cosignature is stored unverified, or that the log goes on although enough
//! witnesses for a full receipt have seen another history of it.

mod ask;
mod post;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use daemon::{Drain, ErrorChain};
use domain::reason::Reason;
use futures_util::future::join_all;
use http::Uri;
use journal::evidence::{Alarm, Evidence};
use rustls::ClientConfig;
use tlog::checkpoint::SignedCheckpoint;
use tlog::policy::{Policy, Witness};
use tlog::tree::Size;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::Leadership;
use crate::log::raise;
use ask::{Failed, Said, ask};
use post::{Post, Way, connections, place};

/// How long asking about one checkpoint may take altogether: a witness waits for its disk, not more.
const ASK: Duration = Duration::from_secs(10);
/// How long a checkpoint is waited for that has not enough cosignatures, before all are asked about a newer one.
const ROUND: Duration = Duration::from_secs(2);
/// Between tries with a witness that did not cosign, at first and at most.
const RETRY: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(10);
/// So many witnesses must contradict at least: no single one stops the log.
const CONTRADICTING_MIN: usize = 2;

/// The address of a witness is none.
#[derive(Debug, thiserror::Error)]
#[error("the address of the witness '{witness}' is no https:// address")]
pub struct AddressError {
    /// Its name in the policy.
    pub witness: String,
}

/// Whether all witnesses of a policy that have an address can be asked there, as [`Witnesses::new`] would ask them.
pub fn check_addresses(policy: &Policy) -> Result<(), AddressError> {
    places(policy).map(drop)
}

/// The witnesses that have an address, and where each is asked.
fn places(policy: &Policy) -> Result<Vec<(&Witness, Uri)>, AddressError> {
    let mut places = Vec::new();
    for witness in policy.witnesses() {
        if let Some(address) = &witness.url {
            let place = place(address).ok_or_else(|| AddressError {
                witness: witness.name.clone(),
            })?;
            places.push((witness, place));
        }
    }
    Ok(places)
}

/// Collects cosignatures.
pub struct Witnesses {
    evidence: Arc<dyn Evidence>,
    policy: Policy,
    leadership: Leadership,
    /// Those that have an address.
    asked: Vec<(Witness, Way)>,
    /// Names of those that have seen another history; told anew each time that one says so.
    contradicting: watch::Sender<BTreeSet<String>>,
    stored: watch::Sender<()>,
}

/// What all are asked about now.
type Target = Option<SignedCheckpoint>;

impl Witnesses {
    /// Those of a policy that have an address, which are asked while this ledger leads.
    pub fn new(
        evidence: Arc<dyn Evidence>,
        policy: Policy,
        tls: ClientConfig,
        leadership: Leadership,
    ) -> Result<Self, AddressError> {
        let connections = connections(tls);
        let places = places(&policy)?.into_iter();
        let asked = places.map(|(witness, place)| (witness.clone(), Way::new(&connections, place)));
        let asked = asked.collect();
        Ok(Self {
            evidence,
            policy,
            leadership,
            asked,
            contradicting: watch::Sender::default(),
            stored: watch::Sender::new(()),
        })
    }

    /// Runs until the drain.
    pub async fn run(self, drain: Drain) {
        let target = watch::Sender::new(None);
        let mut all = Vec::new();
        for (witness, way) in &self.asked {
            all.push(self.follow(witness, way, target.subscribe()));
        }
        tokio::select! {
            () = drain.cancelled() => {}
            () = self.rounds(&target) => {}
            () = self.guard() => {}
            _ = join_all(all) => {}
        }
    }

    async fn rounds(&self, target: &watch::Sender<Target>) {
        let mut leadership = self.leadership.clone();
        loop {
            leadership.is_no_longer(false).await;
            tokio::select! {
                () = leadership.is_no_longer(true) => {}
                () = self.lead(target) => {}
            }
            target.send_replace(None);
        }
    }

    /// Only cosignatures of one checkpoint add up: so all are asked about the same one, and about a newer one when
    /// enough have cosigned it, or will not.
    async fn lead(&self, target: &watch::Sender<Target>) {
        let mut published = self.evidence.published();
        let mut asked = Size(0);
        while published.wait_for(|size| *size > asked).await.is_ok() {
            match self.evidence.newest().await {
                Ok(Some(newest)) if newest.checkpoint().head.size > asked => {
                    asked = newest.checkpoint().head.size;
                    target.send_replace(Some(newest));
                    timeout(ROUND, self.is_witnessed(asked)).await.ok();
                }
                // whoever keeps the log says that it cannot be read
                Ok(_) | Err(_) => sleep(RETRY).await,
            }
        }
    }

    /// Returns once enough have cosigned a checkpoint.
    async fn is_witnessed(&self, size: Size) {
        let mut stored = self.stored.subscribe();
        while !matches!(self.evidence.newest_witnessed(size).await, Ok(Some(_))) {
            if stored.changed().await.is_err() {
                return;
            }
        }
    }

    /// Asks one witness about one target after another. While it is asked about one, only the newest of the others
    /// is kept.
    async fn follow(
        &self,
        witness: &Witness,
        way: &(impl Post + Sync),
        mut target: watch::Receiver<Target>,
    ) {
        let (mut known, mut done) = (Size(0), Size(0));
        let mut failures = 0;
        loop {
            let size = |target: &Target| target.as_ref().map(|one| one.checkpoint().head.size);
            let next = target.wait_for(|target| size(target) > Some(done)).await;
            let Ok(Some(checkpoint)) = next.map(|next| next.clone()) else {
                return;
            };
            let asked = timeout(ASK, self.ask(witness, way, &checkpoint, &mut known));
            let Err(failed) = asked.await.unwrap_or(Err(Failed::Silent)) else {
                done = checkpoint.checkpoint().head.size;
                if failures > 0 {
                    tracing::info!(witness = witness.name, failures, "witness cosigns again");
                }
                failures = 0;
                continue;
            };
            if failures == 0 {
                let error = ErrorChain(&failed);
                tracing::warn!(witness = witness.name, %error, "witness does not cosign, will be asked again");
            }
            sleep(RETRY.saturating_mul(1 << failures.min(16)).min(RETRY_MAX)).await;
            failures += 1;
        }
    }

    async fn ask(
        &self,
        witness: &Witness,
        way: &(impl Post + Sync),
        checkpoint: &SignedCheckpoint,
        known: &mut Size,
    ) -> Result<(), Failed> {
        let said = ask(self.evidence.as_ref(), &witness.key, checkpoint, known, way).await?;
        self.take(&witness.name, checkpoint, said).await
    }

    /// What follows from what a witness said.
    async fn take(
        &self,
        name: &str,
        checkpoint: &SignedCheckpoint,
        said: Said,
    ) -> Result<(), Failed> {
        let (evidence, size) = (self.evidence.as_ref(), checkpoint.checkpoint().head.size);
        match said {
            Said::Cosigned(line) => {
                self.contradicting
                    .send_if_modified(|names| names.remove(name));
                evidence.cosign(size, &line, &self.policy).await?;
                self.stored.send_replace(());
                Ok(())
            }
            Said::Otherwise => {
                self.contradicting.send_modify(|names| {
                    if names.insert(name.to_owned()) {
                        let size = size.0;
                        tracing::error!(
                            witness = name,
                            size,
                            page = Reason::LogNotSigned.page(),
                            "witness has seen another history of the log"
                        );
                    }
                });
                Err(Failed::Contradicts)
            }
        }
    }

    /// Judges whenever a witness contradicts.
    async fn guard(&self) {
        let mut contradicting = self.contradicting.subscribe();
        while contradicting.changed().await.is_ok() {
            self.judge().await;
        }
    }

    /// One witness may lie, whatever the policy is content with. Several, as many as a full receipt needs, do not:
    /// there may be full receipts of that other history, and the log must not go on beside them.
    async fn judge(&self) {
        let evidence = self.evidence.as_ref();
        let contradicting = self.contradicting.borrow().clone();
        let names: BTreeSet<&str> = contradicting.iter().map(String::as_str).collect();
        if names.len() < CONTRADICTING_MIN || !self.policy.is_met(&names) {
            return;
        }
        // one that cannot be read is looked for again when they are asked again; one that a recount could lift does
        // not stand in the way of this one
        let standing = evidence.standing().await;
        if standing.is_ok_and(|alarm| alarm.is_none_or(|alarm| !alarm.needs_word)) {
            let names = contradicting.into_iter().collect();
            raise(evidence, &Alarm::Contradicted(names)).await;
        }
    }
}

#[cfg(test)]
mod tests;
