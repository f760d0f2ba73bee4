//! Connections: unlimited reconnects, an inbox prefix of their own, and events in the log. NATS may be down at
//! the start: the connection comes up when it does. A seed is never logged.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::{ConnectOptions, Event, RequestErrorKind};
use nkeys::KeyPair;
use tokio::sync::{broadcast, watch};

use crate::limits::{ABANDONED, PERMITS, RECONNECT, RECONNECT_MAX, REFUSALS, REQUEST};
use crate::place::Place;

/// A subject that no service may listen to.
pub(crate) const MARK: &str = "flyttbud.proof";

/// Which service connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Publishes notices.
    Ledger,
    /// Consumes them.
    Gateway,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Gateway => "gateway",
        }
    }

    /// A subject that the service must not publish to.
    pub(crate) fn forbidden(self) -> &'static str {
        match self {
            Self::Ledger => "$JS.API.STREAM.DELETE.NOTICES",
            Self::Gateway => "notices.0000.proof",
        }
    }
}

/// Why there can be no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The seed is none.
    #[error("the seed is not that of a NATS key")]
    Seed(#[source] nkeys::error::Error),
    /// The address or an option cannot be used.
    #[error("no connection to NATS is possible")]
    Nats(#[source] async_nats::ConnectError),
}

/// A connection that mends itself.
#[derive(Clone)]
pub struct Connection {
    pub(crate) client: async_nats::Client,
    pub(crate) service: Service,
    connected: watch::Receiver<bool>,
    refusals: broadcast::Sender<String>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.service.name())
    }
}

impl Connection {
    /// Follows whether the connection is up.
    pub fn connected(&self) -> watch::Receiver<bool> {
        self.connected.clone()
    }

    /// Whether it is up now.
    pub(crate) fn is_up(&self) -> bool {
        *self.connected.borrow()
    }

    /// Waits until it is up, and returns a watch of this one life of it.
    pub(crate) async fn up(&self) -> Life {
        let mut connected = self.connected.clone();
        if connected.wait_for(|up| *up).await.is_err() {
            never("the nats client ended").await;
        }
        Life(connected)
    }

    /// What the server refuses, as it says it.
    pub(crate) fn refusals(&self) -> broadcast::Receiver<String> {
        self.refusals.subscribe()
    }

    /// Whether the server answers what every service may ask, be it that nobody is there to answer.
    pub(crate) async fn answers(&self) -> bool {
        match self.client.request("$JS.API.INFO", "".into()).await {
            Ok(_information) => true,
            Err(error) => error.kind() == RequestErrorKind::NoResponders,
        }
    }

    /// JetStream over this connection.
    pub(crate) fn jetstream(&self) -> Context {
        ContextBuilder::new()
            .timeout(REQUEST)
            .max_ack_inflight(PERMITS)
            .ack_timeout(ABANDONED)
            .build(self.client.clone())
    }
}

/// One life of a connection, from up to down.
pub(crate) struct Life(watch::Receiver<bool>);

impl Life {
    /// Waits until it has ended, also when the next has begun meanwhile.
    pub(crate) async fn ended(mut self) {
        if self.0.changed().await.is_err() {
            never("the nats client ended").await;
        }
    }
}

/// The client's task lives as long as a connection does, and connections are what asks here.
async fn never(what: &'static str) {
    tracing::error!(what, "unreachable");
    std::future::pending::<()>().await;
}

/// Refuses what is no seed.
pub fn check_seed(seed: &str) -> Result<(), ConnectError> {
    KeyPair::from_seed(seed.trim()).map_err(ConnectError::Seed)?;
    Ok(())
}

/// Connects as a service. Returns at once, also when NATS is away.
pub async fn connect(
    place: &Place,
    seed: &str,
    service: Service,
) -> Result<Connection, ConnectError> {
    let seed = seed.trim();
    // otherwise it would be tried for ever
    check_seed(seed)?;
    let (up, connected) = watch::channel(false);
    let (refusals, _) = broadcast::channel(REFUSALS);
    let ear = Arc::new(Ear {
        service,
        up,
        refusals: refusals.clone(),
        has_complained: AtomicBool::new(false),
    });
    let client = place
        .secured(ConnectOptions::with_nkey(seed.to_owned()))
        .name(format!("flyttbud-{}", service.name()))
        .custom_inbox_prefix(format!("_INBOX_{}", service.name()))
        // a server's word is not enough to speak to another machine
        .ignore_discovered_servers()
        .retry_on_initial_connect()
        .max_reconnects(None)
        .reconnect_delay_callback(backoff)
        .request_timeout(Some(REQUEST))
        .event_callback(move |event| {
            ear.hear(event);
            std::future::ready(())
        })
        .connect(place.addresses())
        .await
        .map_err(ConnectError::Nats)?;
    Ok(Connection {
        client,
        service,
        connected,
        refusals,
    })
}

fn backoff(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or(u32::MAX);
    RECONNECT
        .saturating_mul(2u32.saturating_pow(doublings))
        .min(RECONNECT_MAX)
}

/// Hears what the client tells.
struct Ear {
    service: Service,
    up: watch::Sender<bool>,
    refusals: broadcast::Sender<String>,
    /// A failure to connect is told once, not at every try.
    has_complained: AtomicBool,
}

impl Ear {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what else the client tells is only for debugging"
    )]
    fn hear(&self, event: Event) {
        let service = self.service.name();
        match event {
            Event::Connected => {
                tracing::info!(nats.service = service, "nats connected");
                self.has_complained.store(false, Ordering::Relaxed);
                self.up.send_replace(true);
            }
            Event::Disconnected => {
                tracing::warn!(nats.service = service, "nats disconnected");
                self.up.send_replace(false);
            }
            Event::ServerError(error) => {
                let error = error.to_string();
                if [self.service.forbidden(), MARK]
                    .iter()
                    .any(|subject| error.contains(subject))
                {
                    // a proof provokes it
                    tracing::debug!(nats.service = service, error, "nats refuses as it must");
                } else {
                    tracing::warn!(nats.service = service, error, "nats refuses");
                }
                // nobody listens unless a proof is under way
                self.refusals.send(error).ok();
            }
            Event::ClientError(error) if !self.has_complained.swap(true, Ordering::Relaxed) => {
                tracing::warn!(nats.service = service, error = %error, "nats is not reachable");
            }
            other => tracing::debug!(nats.service = service, event = %other, "nats event"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reconnects_come_soon_and_never_further_apart_than_the_most() {
        for (attempts, expected) in [
            (0, RECONNECT),
            (1, RECONNECT * 2),
            (5, RECONNECT_MAX),
            (usize::MAX, RECONNECT_MAX),
        ] {
            assert_eq!(backoff(attempts), expected, "{attempts}");
        }
    }

    #[tokio::test]
    async fn a_seed_that_is_none_is_refused_at_once_and_not_shown() {
        let place = Place::new("nats://127.0.0.1:1", None).expect("a place");
        let refused = connect(&place, "not-a-seed", Service::Ledger).await;
        let error = refused.expect_err("no seed");
        assert!(matches!(error, ConnectError::Seed(_)));
        assert!(!format!("{error:?}{error}").contains("not-a-seed"));
    }
}
