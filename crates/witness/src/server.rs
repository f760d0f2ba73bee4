//! The witness over HTTP/1.1: one call, health, bounds, drain. What is answered is decided elsewhere.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use daemon::{Drain, Tasks};
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tlog::limits::DOCUMENT_BYTES_MAX;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_stream::{Stream, StreamExt as _};

use crate::Witness;
use crate::limits::{BODY, CONNECTION, CONNECTIONS_MAX, DRAIN, HEAD};

#[cfg(test)]
mod tests;

/// An answer that is all there.
type Whole = Response<Full<Bytes>>;

/// Serves until the drain; connections are tasks of their own.
pub async fn serve<S>(
    witness: Arc<Witness>,
    mut incoming: impl Stream<Item = io::Result<S>> + Unpin,
    tasks: Tasks,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let drain = tasks.drain();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let next = async {
            let place = room.clone().acquire_owned().await.ok()?;
            Some((incoming.next().await?, place))
        };
        let next = tokio::select! {
            () = drain.cancelled() => return,
            next = next => next,
        };
        match next {
            Some((Ok(stream), place)) => {
                let served = serve_one(witness.clone(), stream, drain.clone(), place);
                tasks.spawn("connection", served);
            }
            Some((Err(error), _place)) => tracing::debug!(%error, "connection lost"),
            None => return,
        }
    }
}

/// One connection, until either side ends it.
async fn serve_one(
    witness: Arc<Witness>,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    drain: Drain,
    _place: OwnedSemaphorePermit,
) {
    let service = service_fn(|request| {
        let witness = witness.clone();
        async move { Ok::<_, Infallible>(respond(witness, request).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async { tokio::select! { () = drain.cancelled() => {}, () = sleep(CONNECTION) => {} } } => {
            connection.as_mut().graceful_shutdown();
            timeout(DRAIN, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

async fn respond<B>(witness: Arc<Witness>, request: Request<B>) -> Whole
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let allowed = match request.uri().path() {
        "/add-checkpoint" => Method::POST,
        "/health" => Method::GET,
        _ => return plain(StatusCode::NOT_FOUND, "no such place\n"),
    };
    if *request.method() != allowed {
        let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "not by this method\n");
        if let Ok(allowed) = HeaderValue::from_str(allowed.as_str()) {
            answer.headers_mut().insert(ALLOW, allowed);
        }
        return answer;
    }
    if allowed == Method::GET {
        return plain(StatusCode::OK, "ok\n");
    }
    let body = Limited::new(request.into_body(), DOCUMENT_BYTES_MAX).collect();
    let body = match timeout(BODY, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(fault)) if fault.is::<LengthLimitError>() => {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "the request is too long\n");
        }
        Ok(Err(_broken)) => return plain(StatusCode::BAD_REQUEST, "the request broke off\n"),
        Err(_elapsed) => return plain(StatusCode::REQUEST_TIMEOUT, "the request took too long\n"),
    };
    // it waits for the disk
    match tokio::task::spawn_blocking(move || witness.add_checkpoint(&body)).await {
        Ok(answer) => {
            let status = StatusCode::from_u16(answer.status);
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            whole(status, answer.content_type, answer.body)
        }
        Err(error) => {
            tracing::error!(%error, "a request was not answered");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed\n")
        }
    }
}

fn plain(status: StatusCode, body: &'static str) -> Whole {
    whole(status, "text/plain; charset=utf-8", body)
}

fn whole(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Whole {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}
