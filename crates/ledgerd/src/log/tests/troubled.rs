//! A store of the log that stops it between two steps, as a crash would, or fails once.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use journal::evidence::{Alarm, Evidence, EvidenceError, Ground, Lifted, PublishError, Standing};
use tlog::checkpoint::SignedCheckpoint;
use tlog::note::Signature;
use tlog::policy::Policy;
use tlog::tree::{Hash, Head, Place, Size};
use tokio::sync::watch;
use tokio::time::timeout;

use super::PATIENCE;

/// What is done when it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The new entries are read and hashed.
    Hashed,
    /// Their hashes are stored.
    Staged,
    /// The tree is signed.
    Signed,
    /// The checkpoint is stored and shown.
    Published,
}

impl Step {
    pub(super) const ALL: [Self; 4] = [Self::Hashed, Self::Staged, Self::Signed, Self::Published];
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    None,
    /// It never comes back.
    Stop(Step),
    /// The call fails, once; after the even steps although it was done.
    Fail(Step),
    /// No alarm can be stored.
    Unraised,
}

/// All that was ever signed, published or not.
pub(super) type Signed = Arc<Mutex<Vec<Head>>>;

/// Delegates, until there is trouble.
pub(super) struct Troubled {
    inner: Arc<dyn Evidence>,
    trouble: Trouble,
    met: watch::Sender<bool>,
    signed: Signed,
}

impl Troubled {
    pub(super) fn new(inner: Arc<dyn Evidence>, trouble: Trouble, signed: &Signed) -> Arc<Self> {
        Arc::new(Self {
            inner,
            trouble,
            met: watch::Sender::new(false),
            signed: signed.clone(),
        })
    }

    /// Waits until the trouble has come.
    pub(super) async fn met(&self) {
        let mut met = self.met.subscribe();
        let met = timeout(PATIENCE, met.wait_for(|met| *met)).await;
        met.expect("it comes in time").expect("the store is there");
    }

    async fn pass(&self, step: Step) -> Result<(), EvidenceError> {
        if self.trouble == Trouble::Stop(step) {
            self.met.send_replace(true);
            std::future::pending::<()>().await;
        }
        if self.trouble == Trouble::Fail(step) && !self.met.send_replace(true) {
            return Err(EvidenceError::store(std::io::Error::other("on purpose")));
        }
        Ok(())
    }
}

#[async_trait]
impl Evidence for Troubled {
    async fn size(&self) -> Result<Size, EvidenceError> {
        self.inner.size().await
    }

    async fn hashes(&self, places: &[Place]) -> Result<Vec<Hash>, EvidenceError> {
        self.inner.hashes(places).await
    }

    async fn integrate(&self, from: Size, full: &[(Place, Hash)]) -> Result<(), EvidenceError> {
        self.pass(Step::Hashed).await?;
        self.inner.integrate(from, full).await?;
        self.pass(Step::Staged).await
    }

    async fn publish(&self, one: &SignedCheckpoint) -> Result<(), PublishError> {
        let head = one.checkpoint().head;
        self.signed.lock().expect("whole").push(head);
        self.pass(Step::Signed).await?;
        self.inner.publish(one).await?;
        Ok(self.pass(Step::Published).await?)
    }

    async fn cosign(
        &self,
        size: Size,
        cosignature: &Signature,
        policy: &Policy,
    ) -> Result<(), EvidenceError> {
        self.inner.cosign(size, cosignature, policy).await
    }

    async fn newest(&self) -> Result<Option<SignedCheckpoint>, EvidenceError> {
        self.inner.newest().await
    }

    async fn newest_witnessed(
        &self,
        at_least: Size,
    ) -> Result<Option<SignedCheckpoint>, EvidenceError> {
        self.inner.newest_witnessed(at_least).await
    }

    async fn checkpoints(
        &self,
        after: Size,
        until: Size,
        limit: usize,
    ) -> Result<Vec<SignedCheckpoint>, EvidenceError> {
        self.inner.checkpoints(after, until, limit).await
    }

    fn published(&self) -> watch::Receiver<Size> {
        self.inner.published()
    }

    async fn raise(&self, alarm: &Alarm) -> Result<(), EvidenceError> {
        if self.trouble == Trouble::Unraised {
            self.met.send_replace(true);
            return Err(EvidenceError::store(std::io::Error::other("on purpose")));
        }
        self.inner.raise(alarm).await
    }

    async fn lift(&self, read: &Standing, ground: Ground<'_>) -> Result<bool, EvidenceError> {
        self.inner.lift(read, ground).await
    }

    async fn standing(&self) -> Result<Option<Standing>, EvidenceError> {
        self.inner.standing().await
    }

    async fn lifted(&self, limit: usize) -> Result<Vec<Lifted>, EvidenceError> {
        self.inner.lifted(limit).await
    }
}
