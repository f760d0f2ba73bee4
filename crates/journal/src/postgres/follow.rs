//! What this process knows of the journal's end, and how it hears of what other processes append: by
//! notifications, and by a look once a second, because a notification may be lost.

use std::sync::Arc;

use daemon::postgres::{ConnectError, Link, LinkError, Settings};
use domain::subject::Position;
use tlog::tree::Size;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_postgres::Notification;

use super::SCHEMA;
use super::clock::Clock;
use super::limits::POLL;
use super::reached::Reached;

/// Told by `flyttbud.append`: the edge and how far the clock is ahead, in seconds.
const JOURNAL: &str = "flyttbud_journal";
/// Told by whoever writes the read tables: the position they are valid at.
pub(crate) const VIEWS: &str = "flyttbud_views";
/// Told by whoever publishes a checkpoint: its size.
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

    fn hear(&self, channel: &str, payload: &str) {
        let mut numbers = payload.split(' ').map(str::parse::<i64>);
        match (channel, numbers.next(), numbers.next()) {
            (JOURNAL, Some(Ok(position)), Some(Ok(ahead_seconds))) => {
                self.reach(Position(position.cast_unsigned()), ahead_seconds);
            }
            (VIEWS, Some(Ok(position)), None) => {
                let position = Position(position.cast_unsigned());
                self.views
                    .send_if_modified(|valid_at| forward(valid_at, position));
            }
            (LOG, Some(Ok(size)), None) => {
                let size = Size(size.cast_unsigned());
                self.log.send_if_modified(|known| forward(known, size));
            }
            _ => tracing::debug!(channel, "a notification that is none"),
        }
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
}

impl Follower {
    /// Connects, listens, and takes a first look, if the schema is this program's.
    pub(super) async fn start(settings: Arc<Settings>, known: Known) -> Result<Self, ConnectError> {
        let mut link = listen(&settings, &known).await?;
        SCHEMA.is_current(&mut link).await?;
        let mut follower = Self {
            settings,
            known,
            link,
        };
        follower.look().await?;
        Ok(follower)
    }

    pub(super) fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Follows for ever.
    pub(super) async fn run(mut self) {
        let mut tick = interval(POLL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_lost = false;
        loop {
            tick.tick().await;
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
        }
    }

    async fn follow(&mut self) -> Result<(), ConnectError> {
        if !self.link.is_usable() {
            self.link = listen(&self.settings, &self.known).await?;
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

async fn listen(settings: &Settings, known: &Known) -> Result<Link, ConnectError> {
    let hearing = known.clone();
    let mut link = Link::open(
        settings,
        &known.reached(),
        move |notification: &Notification| {
            hearing.hear(notification.channel(), notification.payload());
        },
    )
    .await?;
    link.run(&format!("LISTEN {JOURNAL}; LISTEN {VIEWS}; LISTEN {LOG}"))
        .await?;
    Ok(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heard_late_or_is_no_notification_changes_nothing() {
        let known = Known::new();
        let heard = |channel, payload| {
            known.hear(channel, payload);
            let (edge, views) = (known.edge.borrow().0, known.views.borrow().0);
            (edge, views, known.log.borrow().0)
        };
        for (channel, payload, expected) in [
            (JOURNAL, "7 3600", (7, 0, 0)),
            (JOURNAL, "5 0", (7, 0, 0)),
            (JOURNAL, "8", (7, 0, 0)),
            (JOURNAL, "", (7, 0, 0)),
            (JOURNAL, "x 1", (7, 0, 0)),
            (VIEWS, "6", (7, 6, 0)),
            (VIEWS, "4", (7, 6, 0)),
            (VIEWS, "9 9", (7, 6, 0)),
            ("other", "99 0", (7, 6, 0)),
            (LOG, "5", (7, 6, 5)),
            (LOG, "4", (7, 6, 5)),
            (LOG, "8 8", (7, 6, 5)),
            (JOURNAL, "9 7200", (9, 6, 5)),
        ] {
            assert_eq!(heard(channel, payload), expected, "{channel} {payload}");
        }
    }

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
