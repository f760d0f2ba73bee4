//! Hints between processes: after a commit, one tells the others how far the journal goes. Core NATS, so that
//! a hint may be lost: it only wakes a tail that looks by itself, too. It is never where a position is kept.

use async_nats::PublishError;
use domain::subject::Position;
use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::connect::Connection;
use crate::limits::RETRY;

/// Where hints are told.
const SUBJECT: &str = "hints.journal";

/// A hint could not be told: the tails will see by themselves.
#[derive(Debug, thiserror::Error)]
#[error("the hint could not be told")]
pub struct HintError(#[source] PublishError);

/// Tells that the journal reaches to a position. While the connection is down it tells nothing: an old hint is
/// worth nothing.
pub async fn publish_hint(connection: &Connection, position: Position) -> Result<(), HintError> {
    if !connection.is_up() {
        return Ok(());
    }
    let text = position.0.to_string();
    let published = connection.client.publish(SUBJECT, text.into()).await;
    published.map_err(HintError)
}

/// Hears hints.
#[derive(Debug)]
pub struct Hints {
    connection: Connection,
    edge: watch::Sender<Position>,
}

impl Hints {
    /// Over a service's connection. The receiver shows the furthest position that was heard of.
    pub fn new(connection: Connection) -> (Self, watch::Receiver<Position>) {
        let (edge, heard) = watch::channel(Position(0));
        (Self { connection, edge }, heard)
    }

    /// Hears until the token is cancelled.
    pub async fn run(self, cancel: CancellationToken) {
        cancel.run_until_cancelled(self.hear()).await;
    }

    async fn hear(&self) {
        loop {
            // outlives reconnects
            match self.connection.client.subscribe(SUBJECT).await {
                Ok(mut hints) => {
                    while let Some(hint) = hints.next().await {
                        self.take(&hint.payload);
                    }
                }
                Err(error) => tracing::warn!(error = %error, "hints cannot be heard"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Hints may come in any order, and twice: the edge only goes forward.
    fn take(&self, payload: &[u8]) {
        let Some(position) = read(payload) else {
            tracing::debug!("a hint that is none");
            return;
        };
        self.edge.send_if_modified(|edge| {
            let is_further = position > *edge;
            if is_further {
                *edge = position;
            }
            is_further
        });
    }
}

fn read(payload: &[u8]) -> Option<Position> {
    std::str::from_utf8(payload)
        .ok()?
        .parse()
        .ok()
        .map(Position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_is_a_hint() {
        for (payload, expected) in [
            ("42", Some(Position(42))),
            ("18446744073709551615", Some(Position(u64::MAX))),
            ("18446744073709551616", None),
            ("-1", None),
            ("", None),
            ("4 2", None),
        ] {
            assert_eq!(read(payload.as_bytes()), expected, "{payload}");
        }
        assert_eq!(read(&[0xff, 0xfe]), None);
    }
}
