//! One consumer for all recipients, made anew whenever it is lost. It never concludes that there is nothing:
//! watchers are told to recheck, and the journal tells.

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use crate::connect::Connection;
use crate::lanes::Lanes;
use crate::limits::{CONSUMER_IDLE, HEARTBEAT, PULL_EXPIRES, PULL_NOTICES, RETRY};
use crate::message::Notice;
use crate::pack;
use crate::stream::NAME;

/// Whatever the client calls an error: they all lead to a new consumer.
type Lost = Box<dyn std::error::Error + Send + Sync>;

/// Dispatches until the token is cancelled.
pub async fn dispatch(connection: Connection, lanes: Lanes, cancel: CancellationToken) {
    cancel
        .run_until_cancelled(dispatch_forever(&connection, &lanes))
        .await;
}

async fn dispatch_forever(connection: &Connection, lanes: &Lanes) -> std::convert::Infallible {
    let context = connection.jetstream();
    loop {
        let life = connection.up().await;
        tokio::select! {
            // a connection that comes back may have missed something
            () = life.ended() => {}
            Err(error) = follow(&context, lanes) => {
                tracing::debug!(error, "no consumer");
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Makes a consumer and dispatches what it brings until it is lost.
async fn follow(context: &Context, lanes: &Lanes) -> Result<std::convert::Infallible, Lost> {
    let mut messages = consume(context).await?;
    lanes.begin();
    // between the last consumer and this one something may have been missed
    lanes.recheck();
    let mut expected = 1;
    while let Some(message) = messages.next().await {
        let message = message?;
        let sequence = message.info()?.consumer_sequence;
        if sequence != expected {
            return Err(format!("message {sequence} came instead of {expected}").into());
        }
        expected += 1;
        let notices = if message.subject.as_str() == pack::SUBJECT {
            pack::read(&message.payload)
        } else {
            Notice::read(&message.payload).map(|notice| vec![notice])
        };
        if let Some(notices) = notices {
            for notice in notices {
                lanes.dispatch(notice);
            }
        } else {
            // a newer ledger's, perhaps: who reads the journal finds out
            tracing::error!(nats.subject = %message.subject, "a message in the stream is no notice");
            lanes.recheck();
        }
    }
    Err("the consumer's messages ended".into())
}

async fn consume(context: &Context) -> Result<pull::Stream, Lost> {
    let stream = context.get_stream_no_info(NAME).await?;
    let consumer = stream
        .create_consumer(pull::Config {
            description: Some("one gateway process, all recipients".to_owned()),
            deliver_policy: DeliverPolicy::New,
            ack_policy: AckPolicy::None,
            inactive_threshold: CONSUMER_IDLE,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        })
        .await?;
    let messages = consumer
        .stream()
        .max_messages_per_batch(PULL_NOTICES)
        .expires(PULL_EXPIRES)
        .heartbeat(HEARTBEAT)
        .messages()
        .await?;
    Ok(messages)
}
