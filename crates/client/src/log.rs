//! The log as a client sees it: receipts that it waits for, and the tiles that it computes the root from by itself.

use std::time::Duration;

use api::v1;
use http_body_util::{BodyExt as _, Limited};
use tlog::limits::NOTE_BYTES_MAX;
use tlog::tile::Tile;
use tlog::tree::{Frontier, Hash, Head, Size};
use tokio::time::{Instant, sleep, timeout_at};
use tonic::Status;
use tonic::body::Body;
use tower::ServiceExt as _;

use crate::{CALL, Client, Refused};

/// Between two questions for a receipt, which is there about a second after its entry.
const LOOK: Duration = Duration::from_millis(250);
/// The reason that says: not yet.
const NOT_READY: &str = "RECEIPT_NOT_READY";

/// Why a file of the log could not be read, or is none.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The server was not reached.
    #[error("'{path}' cannot be read from the log")]
    Transport {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server answered with something else.
    #[error("'{path}' is not given out, HTTP status {status}: {text}")]
    Refused {
        /// Which file.
        path: String,
        /// The status of HTTP.
        status: u16,
        /// What it said.
        text: String,
    },
    /// The file is not hashes.
    #[error("'{path}' is no tile")]
    Malformed {
        /// Which file.
        path: String,
    },
}

impl Client {
    /// Reads a receipt, and waits for it while the log has not signed the entry yet; with `witnessed` also until
    /// the service's quorum is met. At the end of the patience the receipt comes as it is, if there is one.
    pub async fn wait_for_receipt(
        &self,
        request: &v1::GetReceiptRequest,
        witnessed: bool,
        patience: Duration,
    ) -> Result<v1::Receipt, Refused> {
        let deadline = Instant::now() + patience;
        loop {
            let mut service = self.ledger();
            let call = service.get_receipt(request.clone());
            let answer = match timeout_at(Instant::now() + CALL, call).await {
                Ok(Ok(answer)) => Ok(answer.into_inner().receipt.unwrap_or_default()),
                Ok(Err(status)) => Err(Refused::from(status)),
                Err(_elapsed) => Err(Refused::from(Status::deadline_exceeded(
                    "no answer in time",
                ))),
            };
            let is_final = match &answer {
                Ok(receipt) => {
                    let checkpoint = receipt.checkpoint.as_ref();
                    !witnessed || checkpoint.is_some_and(|checkpoint| checkpoint.quorum_met)
                }
                Err(refused) => refused.reason != NOT_READY && !refused.is_unreachable(),
            };
            if is_final || Instant::now() + LOOK >= deadline {
                return answer;
            }
            sleep(LOOK).await;
        }
    }

    /// Reads a file of the log by its path in c2sp.org/tlog-tiles: `/checkpoint`, `/tile/0/000`.
    pub async fn log_file(&self, path: &str) -> Result<Vec<u8>, LogError> {
        let transport = |source| LogError::Transport {
            path: path.to_owned(),
            source,
        };
        let request = http::Request::get(path).body(Body::empty());
        let request = request.map_err(|error| transport(error.into()))?;
        let answer = self.channel.clone().oneshot(request).await;
        let (head, body) = answer
            .map_err(|error| transport(error.into()))?
            .into_parts();
        let bytes = Limited::new(body, NOTE_BYTES_MAX).collect().await;
        let bytes = bytes.map_err(transport)?.to_bytes();
        if head.status != http::StatusCode::OK {
            return Err(LogError::Refused {
                path: path.to_owned(),
                status: head.status.as_u16(),
                text: String::from_utf8_lossy(&bytes).trim_end().to_owned(),
            });
        }
        Ok(bytes.to_vec())
    }

    /// Computes the tree of a size from the hashes of all its leaves, without believing any root. Tiles of another
    /// width make another tree.
    pub async fn tree_of_tiles(&self, size: Size) -> Result<Head, LogError> {
        let mut tree = Frontier::EMPTY;
        for tile in Tile::of_leaves(size) {
            let path = tile.to_string();
            let bytes = self.log_file(&path).await?;
            let (hashes, rest) = bytes.as_chunks();
            if !rest.is_empty() {
                return Err(LogError::Malformed { path });
            }
            tree.append(hashes.iter().copied().map(Hash::from_bytes));
        }
        Ok(tree.head())
    }
}
