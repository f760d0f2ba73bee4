//! The relay: every notice of the journal goes to NATS, from a stored position on. A notice may be published
//! twice after a restart; its id and its number make that nothing.

use std::sync::Arc;
use std::time::Instant;

use daemon::{Drain, ErrorChain};
use domain::entry::Entry;
use domain::subject::Position;
use fanout::{Notice, Publisher};
use journal::{Journal, ReadError, Views};

use crate::leadership::Leadership;
use crate::{POLL, RELAY_ENTRIES, RELAY_MARK, RELAY_RETRY, RELAY_START, STORE_RETRY, wait};

/// The relay.
pub struct Relay {
    journal: Arc<dyn Journal>,
    views: Arc<dyn Views>,
    publisher: Publisher,
    leadership: Leadership,
}

impl Relay {
    /// From a journal to NATS, while this ledger leads; the position is kept among the read tables.
    pub fn new(
        journal: Arc<dyn Journal>,
        views: Arc<dyn Views>,
        publisher: Publisher,
        leadership: Leadership,
    ) -> Self {
        Self {
            journal,
            views,
            publisher,
            leadership,
        }
    }

    /// Relays until the drain.
    pub async fn run(mut self, drain: Drain) -> Result<(), ReadError> {
        while !drain.is_cancelled() {
            tokio::select! {
                () = drain.cancelled() => {}
                () = self.leadership.is_no_longer(false) => match self.lead(&drain).await {
                    // a database that fails over is back within seconds, and the ledger beside decides for how long
                    Err(ReadError::Store(error)) if !drain.is_cancelled() => {
                        tracing::warn!(error = %ErrorChain(error.as_ref()), "the relay waits for its store");
                        tokio::time::sleep(STORE_RETRY).await;
                    }
                    Ok(true) | Err(ReadError::NotLeading) => {}
                    Ok(false) => return Ok(()),
                    Err(error) => return Err(error),
                },
            }
        }
        Ok(())
    }

    /// Relays from the stored position while this ledger leads. False when there is nothing more to wait for.
    async fn lead(&mut self, drain: &Drain) -> Result<bool, ReadError> {
        let mut edge = self.journal.edge();
        // without the stream no gateway can consume: it should be there before the first notice
        tokio::time::timeout(POLL, self.ensure_stream()).await.ok();
        let mut position = self.views.mark(RELAY_MARK).await?;
        let mut marked = (position, Instant::now());
        while self.leadership.leads() {
            let stored = self.journal.read_after(position, RELAY_ENTRIES).await?;
            let Some(last) = stored.last().map(|stored| stored.entry.position) else {
                if wait(&mut edge, position, POLL, drain).await {
                    self.mark(&mut marked, position).await?;
                    continue;
                }
                self.views.set_mark(RELAY_MARK, position).await?;
                return Ok(false);
            };
            let notices: Vec<Notice> = stored.iter().flat_map(|s| notices(&s.entry)).collect();
            if !self.publish(&notices, drain).await {
                return Ok(false);
            }
            position = last;
            self.mark(&mut marked, position).await?;
        }
        Ok(true)
    }

    /// Keeps the position, at most once a second: after a crash a second's notices are published again, and
    /// their ids and numbers make that nothing.
    async fn mark(
        &self,
        marked: &mut (Position, Instant),
        position: Position,
    ) -> Result<(), ReadError> {
        if marked.0 != position && marked.1.elapsed() >= POLL {
            self.views.set_mark(RELAY_MARK, position).await?;
            *marked = (position, Instant::now());
        }
        Ok(())
    }

    /// Tries until the stream is there.
    async fn ensure_stream(&self) {
        while self.publisher.publish(&[]).await.is_err() {
            tokio::time::sleep(RELAY_START).await;
        }
    }

    /// Publishes until it succeeded; false when the drain began first.
    async fn publish(&self, notices: &[Notice], drain: &Drain) -> bool {
        let mut failures = 0u64;
        while !notices.is_empty() {
            let published = tokio::select! {
                () = drain.cancelled() => return false,
                published = self.publisher.publish(notices) => published,
            };
            let Err(error) = published else {
                if failures > 0 {
                    tracing::info!(failures, "relay goes on");
                }
                break;
            };
            if failures == 0 {
                tracing::warn!(error = %ErrorChain(&error), "notices wait for NATS");
            }
            failures += 1;
            if tokio::time::timeout(RELAY_RETRY, drain.cancelled())
                .await
                .is_ok()
            {
                return false;
            }
        }
        true
    }
}

fn notices(entry: &Entry) -> impl Iterator<Item = Notice> + '_ {
    entry.notices.iter().map(|notice| Notice {
        recipient: notice.recipient,
        number: notice.number,
        kind: notice.kind,
        subject: entry.subject,
        position: entry.position,
        recorded_at: entry.recorded_at,
        content_hash: api::chain::content_hash(
            notice.recipient,
            notice.number,
            notice.kind,
            entry.subject,
            entry.position,
            entry.recorded_at,
        ),
        chain: notice.chain,
    })
}
