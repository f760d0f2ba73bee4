//! Publishes notices, pipelined, and waits for every acknowledgement. What is not acknowledged is unknown: the
//! caller publishes the same again, under the same ids. It never decides by itself that a notice is out.

use std::sync::atomic::{AtomicBool, Ordering};

use async_nats::jetstream::Context;
use async_nats::jetstream::context::{
    CreateStreamError, PublishAckFuture, PublishError as NatsError, PublishErrorKind,
};

use crate::connect::Connection;
use crate::limits::{IN_FLIGHT_MAX, PACK_FROM, PACK_NOTICES};
use crate::message::Notice;
use crate::pack;
use crate::stream;

/// Why a batch is not known to be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Not published, or not acknowledged in time.
    #[error("a notice is not acknowledged")]
    Unknown(#[source] NatsError),
    /// The stream is missing and could not be made.
    #[error("the stream is missing")]
    Stream(#[source] CreateStreamError),
    /// The connection is down, or went down before all were acknowledged.
    #[error("the connection is down")]
    Disconnected,
}

/// A publisher.
#[derive(Debug)]
pub struct Publisher {
    pub(crate) connection: Connection,
    context: Context,
    replicas: usize,
    is_stream_ensured: AtomicBool,
}

impl Publisher {
    /// Over the ledger's connection, to a stream of so many replicas: 1, or an odd number of a cluster's servers.
    pub fn new(connection: Connection, replicas: usize) -> Self {
        Self {
            context: connection.jetstream(),
            connection,
            replicas,
            is_stream_ensured: AtomicBool::new(false),
        }
    }

    /// Publishes all, in order, packed when they are many, and returns when all are acknowledged.
    pub async fn publish(&self, notices: &[Notice]) -> Result<(), PublishError> {
        // what is sent while the connection is down would be buffered and doubled by the next try
        if !self.connection.is_up() {
            return Err(PublishError::Disconnected);
        }
        let life = self.connection.up().await;
        let published = tokio::select! {
            published = self.publish_all(notices) => published,
            // their acknowledgements will not come any more
            () = life.ended() => Err(PublishError::Disconnected),
        };
        if published.is_err() {
            // another server may answer next time
            self.is_stream_ensured.store(false, Ordering::Relaxed);
        }
        published
    }

    async fn publish_all(&self, notices: &[Notice]) -> Result<(), PublishError> {
        if !self.is_stream_ensured.load(Ordering::Relaxed) {
            self.ensure_stream().await?;
        }
        for batch in notices.chunks(IN_FLIGHT_MAX) {
            match self.publish_batch(batch).await {
                // NATS was emptied under us: make the stream, and say all of it again
                Err(error) if error.kind() == PublishErrorKind::StreamNotFound => {
                    self.ensure_stream().await?;
                    self.publish_batch(batch).await
                }
                published => published,
            }
            .map_err(PublishError::Unknown)?;
        }
        Ok(())
    }

    async fn ensure_stream(&self) -> Result<(), PublishError> {
        stream::ensure(&self.context, self.replicas)
            .await
            .map_err(PublishError::Stream)?;
        self.is_stream_ensured.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn publish_batch(&self, batch: &[Notice]) -> Result<(), NatsError> {
        let mut acknowledgements: Vec<PublishAckFuture> = Vec::new();
        let mut publish = async |subject: String, headers, payload: Vec<u8>| {
            self.context
                .publish_with_headers(subject, headers, payload.into())
                .await
                .map(|handed_over| acknowledgements.push(handed_over))
        };
        if batch.len() < PACK_FROM {
            for notice in batch {
                publish(notice.nats_subject(), notice.headers(), notice.payload()).await?;
            }
        } else {
            for notices in batch.chunks(PACK_NOTICES) {
                let (headers, payload) = (pack::headers(notices), pack::payload(notices));
                publish(pack::SUBJECT.to_owned(), headers, payload).await?;
            }
        }
        for acknowledgement in acknowledgements {
            acknowledgement.await?;
        }
        Ok(())
    }
}
