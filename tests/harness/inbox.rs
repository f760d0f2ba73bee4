//! An inbox as a reader sees it: a stream of notices, and the chain over them.

use std::time::Duration;

use api::v1::watch_inbox_response::Item;
use api::{chain, v1};
use client::Refused;
use domain::municipality::MunicipalityCode;
use tokio::time::timeout;
use tonic::Streaming;

/// The longest that a notice may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open WatchInbox.
#[derive(Debug)]
pub struct Inbox {
    stream: Streaming<v1::WatchInboxResponse>,
}

impl Inbox {
    pub(crate) fn new(stream: Streaming<v1::WatchInboxResponse>) -> Self {
        Self { stream }
    }

    /// What comes next; none when the stream ended without a reason.
    pub async fn next(&mut self) -> Result<Option<Item>, Refused> {
        let message = timeout(PATIENCE, self.stream.message())
            .await
            .expect("something comes in time");
        match message {
            Ok(message) => Ok(message.and_then(|message| message.item)),
            Err(status) => Err(Refused::from(status)),
        }
    }

    /// The next notice; heartbeats are passed over.
    pub async fn notice(&mut self) -> v1::Notice {
        loop {
            match self.next().await.expect("the stream lives") {
                Some(Item::Notice(notice)) => return notice,
                Some(Item::Heartbeat(_)) => {}
                None => panic!("the stream ended"),
            }
        }
    }

    /// Notices until the first heartbeat: what was there when the stream began.
    pub async fn backlog(&mut self) -> Vec<v1::Notice> {
        let mut found = Vec::new();
        loop {
            match self.next().await.expect("the stream lives") {
                Some(Item::Notice(notice)) => found.push(notice),
                Some(Item::Heartbeat(_)) => return found,
                None => panic!("the stream ended"),
            }
        }
    }

    /// How the stream ends: with a refusal, after whatever still comes.
    pub async fn end(mut self) -> Option<Refused> {
        loop {
            match self.next().await {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(refused) => return Some(refused),
            }
        }
    }
}

/// Checks that an inbox from its first notice on has dense numbers, and that hashes and chain are those that
/// a client computes by itself.
pub fn verify(recipient: &str, notices: &[v1::Notice]) {
    let recipient = MunicipalityCode::parse(recipient).expect("a code");
    let mut before = chain::START;
    for (notice, expected) in notices.iter().zip(1..) {
        assert_eq!(notice.number, expected, "numbers are dense");
        assert_eq!(notice.recipient, recipient.resource_name());
        let hash = chain::hash_of(notice).expect("a notice that there can be");
        assert_eq!(notice.content_hash, hash, "the hash of notice {expected}");
        before = chain::link(&before, &hash);
        assert_eq!(notice.chain, before, "the chain after notice {expected}");
    }
}
