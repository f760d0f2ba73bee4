//! Watches inboxes, and tells how long after its call each notice came.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use api::v1;
use api::v1::watch_inbox_response::Item;
use client::Client;
use domain::municipality::MunicipalityCode;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::Streaming;

/// Notices that came and were not yet asked for: more than a run brings.
const CAME_MAX: usize = 65_536;
/// How long the next notice may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Watched inboxes.
pub(crate) struct Inbox {
    came: mpsc::Receiver<(String, Instant)>,
    _streams: JoinSet<()>,
}

impl Inbox {
    /// Watches, from the live edge on.
    pub(crate) async fn watch(client: &Client, whose: &[MunicipalityCode]) -> anyhow::Result<Self> {
        let (sender, came) = mpsc::channel(CAME_MAX);
        let mut streams = JoinSet::new();
        for code in whose {
            let request = v1::WatchInboxRequest {
                municipality: code.resource_name(),
                function: String::new(),
                resume_token: String::new(),
            };
            let mut stream = client.inbox().watch_inbox(request).await?.into_inner();
            // the first heartbeat says that the live edge is reached
            while !matches!(next(&mut stream).await?, Item::Heartbeat(_)) {}
            streams.spawn(follow(stream, sender.clone()));
        }
        Ok(Self {
            came,
            _streams: streams,
        })
    }

    /// Waits for the notices of these calls, by resource, each with when its call began. One that does not come
    /// is an error, not a figure.
    pub(crate) async fn collect(
        &mut self,
        mut calls: BTreeMap<String, Instant>,
    ) -> anyhow::Result<Vec<Duration>> {
        let mut spans = Vec::with_capacity(calls.len());
        while !calls.is_empty() {
            let missing = calls.len();
            let (resource, at) = timeout(PATIENCE, self.came.recv())
                .await
                .with_context(|| format!("{missing} notices did not come"))?
                .context("all inbox streams ended")?;
            // what comes twice counts once, what was not asked for does not count
            if let Some(began) = calls.remove(&resource) {
                spans.push(at - began);
            }
        }
        Ok(spans)
    }
}

async fn follow(
    mut stream: Streaming<v1::WatchInboxResponse>,
    sender: mpsc::Sender<(String, Instant)>,
) {
    while let Ok(Some(message)) = stream.message().await {
        let at = Instant::now();
        if let Some(Item::Notice(notice)) = message.item
            && sender.send((notice.resource, at)).await.is_err()
        {
            return;
        }
    }
}

async fn next(stream: &mut Streaming<v1::WatchInboxResponse>) -> anyhow::Result<Item> {
    let message = timeout(PATIENCE, stream.message())
        .await
        .context("an inbox stream is silent")??;
    message
        .and_then(|message| message.item)
        .context("an inbox stream ended")
}
