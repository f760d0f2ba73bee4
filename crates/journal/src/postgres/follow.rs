//! What this process knows of the journal's end, and how it hears of what other processes append: a notification
//! lets it look at once, and it looks once a second, because a notification may be lost.
//!
//! What must never happen: that what a notification says is believed. Every login may send one.

use std::sync::Arc;

use daemon::postgres::{ConnectError, Link, LinkError, Settings};
use domain::subject::Position;
use tlog::tree::Size;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::SCHEMA;
use super::clock::Clock;
use super::limits::{LOOKS_APART, POLL};
use super::reached::Reached;

/// Told by `flyttbud.append`: the edge moved.
const JOURNAL: &str = "flyttbud_journal";
/// Told by whoever writes the read tables: they are valid at another position.
pub(crate) const VIEWS: &str = "flyttbud_views";
/// Told by whoever publishes a checkpoint: there is one more.
pub(crate) const LOG: &str = "flyttbud_log";

/// The furthest that was heard of. It only goes forward.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) edge: watch::Sender<Position>,
    pub(super) views: watch::Sender<Position>,
    pub(super) log: watch::Sender<Size>,
    pub(super) clock: Arc<Clock>,
}

impl Known {
    pub(super) fn new() -> Self {
        Self {
            edge: watch::Sender::new(Position(0)),
            views: watch::Sender::new(Position(0)),
            log: watch::Sender::new(Size(0)),
            clock: Arc::new(Clock::new()),
        }
    }

    /// To be asked of each server.
    pub(super) fn reached(&self) -> Reached {
        Reached(self.edge.subscribe())
    }

    /// The journal reaches to a position, with its clock that far ahead: an entry moved it, so both go together,
    /// and what is heard late says nothing.
    pub(super) fn reach(&self, position: Position, ahead_seconds: i64) {
        self.edge.send_if_modified(|edge| {
            if position >= *edge {
                self.clock.set_ahead(ahead_seconds);
            }
            forward(edge, position)
        });
    }
}

/// Moves a position or a size forward, and says whether it moved.
pub(crate) fn forward<T: PartialOrd>(known: &mut T, reached: T) -> bool {
    let is_further = reached > *known;
    if is_further {
        *known = reached;
    }
    is_further
}

/// Follows the database.
#[derive(Debug)]
pub(super) struct Follower {
    settings: Arc<Settings>,
    known: Known,
    link: Link,
    /// Something was told since the last look; however much it was, one look sees all of it.
    told: Arc<Notify>,
}

impl Follower {
    /// Connects, listens, and takes a first look, if the schema is this program's.
    pub(super) async fn start(settings: Arc<Settings>, known: Known) -> Result<Self, ConnectError> {
        let told = Arc::new(Notify::new());
        let mut link = listen(&settings, &known, &told).await?;
        SCHEMA.is_current(&mut link).await?;
        let mut follower = Self {
            settings,
            known,
            link,
            told,
        };
        follower.look().await?;
        Ok(follower)
    }

    pub(super) fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Follows for ever.
    pub(super) async fn run(mut self) {
        let mut is_lost = false;
        loop {
            if is_lost {
                sleep(POLL).await;
            } else {
                timeout(POLL, self.told.notified()).await.ok();
            }
            match self.follow().await {
                Ok(()) if is_lost => {
                    is_lost = false;
                    tracing::info!("database reached again");
                }
                Ok(()) => {}
                Err(error) => {
                    if !is_lost {
                        tracing::warn!(error = %daemon::ErrorChain(&error), "database lost");
                    }
                    is_lost = true;
                }
            }
            sleep(LOOKS_APART).await;
        }
    }

    async fn follow(&mut self) -> Result<(), ConnectError> {
        if !self.link.is_usable() {
            self.link = listen(&self.settings, &self.known, &self.told).await?;
        }
        Ok(self.look().await?)
    }

    async fn look(&mut self) -> Result<(), LinkError> {
        let asked = self.known.clock.elapsed();
        let rows = self
            .link
            .rows(
                "SELECT position, ahead_seconds, (extract(epoch FROM clock_timestamp()) * 1000000)::int8, \
                 (SELECT position FROM flyttbud.marks WHERE name = 'views'), \
                 (SELECT max(size) FROM flyttbud.checkpoints) FROM flyttbud.edge",
                &[],
            )
            .await?;
        for row in &rows {
            let valid_at: Option<i64> = row.try_get(3)?;
            self.known.clock.set(row.try_get(2)?, asked);
            let position: i64 = row.try_get(0)?;
            self.known
                .reach(Position(position.cast_unsigned()), row.try_get(1)?);
            let valid_at = Position(valid_at.unwrap_or_default().cast_unsigned());
            self.known
                .views
                .send_if_modified(|known| forward(known, valid_at));
            let size: Option<i64> = row.try_get(4)?;
            let size = Size(size.unwrap_or_default().cast_unsigned());
            self.known
                .log
                .send_if_modified(|known| forward(known, size));
        }
        Ok(())
    }
}

async fn listen(
    settings: &Settings,
    known: &Known,
    told: &Arc<Notify>,
) -> Result<Link, ConnectError> {
    let told = told.clone();
    let heard = move |_what: &_| told.notify_one();
    let mut link = Link::open(settings, &known.reached(), heard).await?;
    link.run(&format!("LISTEN {JOURNAL}; LISTEN {VIEWS}; LISTEN {LOG}"))
        .await?;
    Ok(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_goes_with_the_furthest_position() {
        let known = Known::new();
        known.clock.set(0, known.clock.elapsed());
        let hours_ahead = |position, seconds| {
            known.reach(Position(position), seconds);
            known.clock.now().as_second() / 3_600
        };
        assert_eq!(hours_ahead(7, 3_600), 1);
        assert_eq!(hours_ahead(6, 0), 1, "heard late");
        assert_eq!(hours_ahead(7, 3_600), 1);
        assert_eq!(hours_ahead(8, 0), 0);
    }
}
