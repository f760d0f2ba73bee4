//! A stand-in for a journal, for tests: what it does in its own way, and the rest as the journal behind it. It changes
//! nothing by itself.

use std::sync::Arc;

use async_trait::async_trait;
use domain::entry::Entry;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position};
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use crate::batch::{Answer, Batch, OpenClaim, Outcome, Scope};
use crate::{AppendError, InboxHead, Journal, ReadError, Stored};

/// What a test has its hands in.
#[async_trait]
pub trait Double: Send + Sync + 'static {
    /// The journal behind it.
    fn behind(&self) -> &dyn Journal;
    /// As [`Journal::append`].
    async fn append(&self, batch: Batch) -> Result<Outcome, AppendError> {
        self.behind().append(batch).await
    }
    /// As [`Journal::edge`].
    fn edge(&self) -> watch::Receiver<Position> {
        self.behind().edge()
    }
}

/// A journal with a double before it.
#[derive(Debug)]
pub struct Doubled<D>(Arc<D>);

impl<D> Doubled<D> {
    /// The journal, and the double that the test keeps.
    pub fn new(double: D) -> (Arc<Self>, Arc<D>) {
        let double = Arc::new(double);
        (Arc::new(Self(double.clone())), double)
    }
}

#[async_trait]
impl<D: Double> Journal for Doubled<D> {
    async fn append(&self, batch: Batch) -> Result<Outcome, AppendError> {
        self.0.append(batch).await
    }

    async fn read_after(&self, after: Position, limit: usize) -> Result<Vec<Stored>, ReadError> {
        self.0.behind().read_after(after, limit).await
    }

    async fn read_stored(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, Vec<u8>)>, ReadError> {
        self.0.behind().read_stored(after, limit).await
    }

    async fn reaches(&self, position: Position) -> Result<bool, ReadError> {
        self.0.behind().reaches(position).await
    }

    async fn under(&self, id: Uuid, up_to: Position) -> Result<Vec<Entry>, ReadError> {
        self.0.behind().under(id, up_to).await
    }

    async fn notices(
        &self,
        recipient: MunicipalityCode,
        after: NoticeNumber,
        limit: usize,
    ) -> Result<Vec<Entry>, ReadError> {
        self.0.behind().notices(recipient, after, limit).await
    }

    async fn inbox_head(&self, recipient: MunicipalityCode) -> Result<InboxHead, ReadError> {
        self.0.behind().inbox_head(recipient).await
    }

    async fn answer(
        &self,
        scope: Scope,
        id: Uuid,
    ) -> Result<Option<([u8; 16], Answer)>, ReadError> {
        self.0.behind().answer(scope, id).await
    }

    async fn holder(&self, claim: &OpenClaim) -> Result<Option<Uuid>, ReadError> {
        self.0.behind().holder(claim).await
    }

    fn edge(&self) -> watch::Receiver<Position> {
        self.0.edge()
    }

    fn now(&self) -> Timestamp {
        self.0.behind().now()
    }
}
