//! The stream NOTICES, and the proof that permissions are in force. Nothing here deletes anything.

use async_nats::jetstream::Context;
use async_nats::jetstream::context::CreateStreamError;
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType};

use crate::connect::{Connection, MARK};
use crate::limits::{DUPLICATES, NOTICES_AGE, PROOF, STREAM_BYTES};

/// The stream's name.
pub(crate) const NAME: &str = "NOTICES";

/// Creates the stream, or brings an older one to this form.
pub(crate) async fn ensure(context: &Context, replicas: usize) -> Result<(), CreateStreamError> {
    let config = Config {
        name: NAME.to_owned(),
        subjects: vec!["notices.*.*".to_owned()],
        storage: StorageType::File,
        num_replicas: replicas,
        max_age: NOTICES_AGE,
        max_bytes: STREAM_BYTES,
        discard: DiscardPolicy::Old,
        duplicate_window: DUPLICATES,
        ..Config::default()
    };
    context
        .create_or_update_stream(config)
        .await
        .map(|_info| ())
}

/// A service may do what it must not, or it could not be found out.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The publish could not even be sent.
    #[error("the proof could not be sent")]
    NotSent(#[source] async_nats::PublishError),
    /// What is sent after it could not be sent.
    #[error("the proof could not be sent")]
    Unmarked(#[source] async_nats::SubscribeError),
    /// The server did not refuse.
    #[error(
        "nats did not refuse a publish to '{0}': its permissions are not those of `flyttbud nats config`"
    )]
    NotRefused(&'static str),
}

/// Proves that a publish which the service must not make is refused. Waits until NATS is reachable, and begins
/// again when the connection breaks. A server answers in the order it was asked: that it did not refuse is known
/// when it has answered what was sent after. One that says nothing proves nothing, and is waited for. Should it
/// not be refused, it does no harm: to delete a stream, the server demands an empty message, and a notice without
/// content is none.
pub async fn prove(connection: &Connection) -> Result<(), ProofError> {
    let subject = connection.service.forbidden();
    loop {
        let life = connection.up().await;
        let mut refusals = connection.refusals();
        let sent = connection.client.publish(subject, "proof".into()).await;
        sent.map_err(ProofError::NotSent)?;
        // refused in its turn, where permissions are those of any service
        let marked = connection.client.subscribe(MARK).await;
        let _mark = marked.map_err(ProofError::Unmarked)?;
        let is_refused = async {
            loop {
                match refusals.recv().await {
                    Ok(text) if is_refusal(&text, subject) => return true,
                    Ok(text) if is_refusal(&text, MARK) => return false,
                    Ok(_other) => {}
                    Err(_lagged) => tracing::debug!("more refusals than a proof reads"),
                }
            }
        };
        let is_answered = async {
            let is_answered = connection.answers().await;
            // what was read before the answer may still be on its way to us
            tokio::time::sleep(PROOF).await;
            is_answered
        };
        let is_proven = tokio::select! {
            is_refused = is_refused => Some(is_refused),
            is_answered = is_answered => is_answered.then_some(false),
            () = life.ended() => None,
        };
        match is_proven {
            Some(true) => return Ok(()),
            Some(false) => return Err(ProofError::NotRefused(subject)),
            None => {}
        }
    }
}

fn is_refusal(text: &str, subject: &str) -> bool {
    text.to_lowercase().contains("permissions violation") && text.contains(subject)
}
