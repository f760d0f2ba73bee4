//! The task that writes: one group under way while the next one forms. It never waits for company.

use std::sync::Arc;

use daemon::ErrorChain;
use daemon::postgres::{ConnectError, Link, LinkError, Proof, Settings};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use super::group::{Reply, Statement, Waiting, statements};
use super::holders;
use crate::Error;
use crate::limits::{GROUP_CHANGES_MAX, REACHED};
use crate::roots::RootsInUse;

/// Owns the connection that writes.
pub(super) struct Writer {
    settings: Arc<Settings>,
    in_use: Arc<RootsInUse>,
    proof: Arc<dyn Proof>,
    link: Link,
}

impl Writer {
    pub(super) fn new(
        settings: Arc<Settings>,
        in_use: Arc<RootsInUse>,
        proof: Arc<dyn Proof>,
        link: Link,
    ) -> Self {
        Self {
            settings,
            in_use,
            proof,
            link,
        }
    }

    /// Runs until the queue is closed and empty.
    pub(super) async fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
        let mut group = Vec::with_capacity(GROUP_CHANGES_MAX);
        loop {
            let received = waiting.recv_many(&mut group, GROUP_CHANGES_MAX);
            match timeout(REACHED, received).await {
                Ok(0) => return,
                Ok(_) => {}
                // whoever changes the root key must see a process that has nothing to write too
                Err(_elapsed) => {
                    if let Err(error) = self.reach().await {
                        tracing::debug!(error = %ErrorChain(&error), "vault not connected yet");
                    }
                }
            }
            for statement in statements(group.drain(..)) {
                let result = match self.reach().await {
                    Ok(()) => self.count(&statement).await,
                    Err(error) => Err(error.into()),
                };
                answer(statement.replies, result);
            }
        }
    }

    /// Connects again, when the connection was lost. Nothing is written on one that does not tell which root keys this
    /// process has.
    async fn reach(&mut self) -> Result<(), ConnectError> {
        if !self.link.is_usable() {
            let opened = Link::open(&self.settings, self.proof.as_ref(), |_notification| {});
            let mut link = opened.await?;
            holders::hold(&mut link, &self.in_use.now()).await?;
            self.link = link;
        }
        Ok(())
    }

    /// Runs a statement; what it counts, if it does.
    async fn count(&mut self, statement: &Statement) -> Result<usize, Error> {
        let values: Vec<&(dyn ToSql + Sync)> = statement
            .values
            .iter()
            .map(|value| -> &(dyn ToSql + Sync) { value.as_ref() })
            .collect();
        let rows = match self.link.rows(statement.sql, &values).await {
            // a root key that is forgotten meanwhile, or needed again: nothing was changed, and who asked looks again
            Err(LinkError::Store(error))
                if error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION) =>
            {
                return Ok(0);
            }
            rows => rows?,
        };
        let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }
}

/// Tells everybody; a caller that went away needs no answer.
fn answer(replies: Vec<Reply>, result: Result<usize, Error>) {
    if let Err(error) = &result {
        tracing::error!(error = %ErrorChain(error), "vault group failed");
    }
    let count = result.ok();
    for reply in replies {
        reply.send(count.ok_or(Error::Unavailable)).ok();
    }
}
