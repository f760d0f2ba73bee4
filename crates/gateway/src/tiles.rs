//! The log for whoever wants to see all of it: the checkpoint and the tiles of hashes of c2sp.org/tlog-tiles, over
//! plain HTTPS on the port of everything else, for every certificate that says whose it is. Bundles of entries never
//! come from here: only the parties may read entries.

use std::sync::Arc;
use std::task::{Context, Poll};

use api::status::Refusal;
use domain::reason::{Class, Reason};
use futures_util::future::{BoxFuture, Either};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use journal::evidence::{self, EvidenceError};
use tlog::tile::Tile;
use tonic::Extensions;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::core::Core;
use crate::ledger::unproven;

/// Text of the log.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// Hashes.
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
/// The newest checkpoint is another one soon.
const FRESH: HeaderValue = HeaderValue::from_static("no-cache");
/// A tile never changes, a partial one neither. To be kept by its reader alone: it was for a certificate.
const FOR_EVER: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

/// Wraps services in [`Tiles`].
#[derive(Clone)]
pub(crate) struct TilesLayer(pub(crate) Arc<Core>);

impl<S> Layer<S> for TilesLayer {
    type Service = Tiles<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Tiles {
            core: self.0.clone(),
            inner,
        }
    }
}

/// Answers what is read from the log's files; all else goes on.
#[derive(Clone)]
pub(crate) struct Tiles<S> {
    core: Arc<Core>,
    inner: S,
}

impl<S> Service<Request<Body>> for Tiles<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, BoxFuture<'static, Result<Self::Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let path = request.uri().path();
        if path != "/checkpoint" && !path.starts_with("/tile/") {
            return Either::Left(self.inner.call(request));
        }
        let (core, path) = (self.core.clone(), path.to_owned());
        let (request, _body) = request.into_parts();
        Either::Right(Box::pin(async move {
            Ok(answer(&core, &request.method, &path, &request.extensions).await)
        }))
    }
}

/// A file of the log.
struct File {
    kind: HeaderValue,
    keep: HeaderValue,
    bytes: Vec<u8>,
}

async fn answer(
    core: &Core,
    method: &Method,
    path: &str,
    extensions: &Extensions,
) -> Response<Body> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return refuse(
            StatusCode::METHOD_NOT_ALLOWED,
            "only GET and HEAD\n".to_owned(),
        );
    }
    let file = match core.admit(extensions) {
        Ok(_caller) => read(core, path).await,
        Err(refusal) => Err(refusal),
    };
    match file {
        Ok(file) => {
            tracing::debug!(http.path = path, "file of the log answered");
            let bytes = file.bytes.len();
            let mut response = Response::new(if *method == Method::HEAD {
                Body::empty()
            } else {
                Body::new(Full::from(file.bytes))
            });
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, file.kind);
            headers.insert(CACHE_CONTROL, file.keep);
            headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes));
            response
        }
        Err(refusal) => {
            let reason = refusal.reason;
            tracing::info!(reason = reason.code(), "file of the log refused");
            refuse(
                status(reason),
                format!("{}: {}\n", reason.code(), reason.message()),
            )
        }
    }
}

/// Reads a file of the log as far as the newest checkpoint goes.
async fn read(core: &Core, path: &str) -> Result<File, Refusal> {
    let not_there = || Refusal::new(Reason::NotFound);
    let log = core.evidence.as_ref();
    let newest = log.newest().await.map_err(unproven)?;
    let newest = newest.ok_or_else(not_there)?;
    if path == "/checkpoint" {
        return Ok(File {
            kind: TEXT,
            keep: FRESH,
            bytes: newest.to_string().into_bytes(),
        });
    }
    let tile = Tile::parse(path).map_err(|_malformed| not_there())?;
    let size = newest.checkpoint().head.size;
    match evidence::tile(log, tile, size).await {
        Ok(bytes) => Ok(File {
            kind: BYTES,
            keep: FOR_EVER,
            bytes,
        }),
        Err(EvidenceError::Outside) => Err(not_there()),
        Err(error) => Err(unproven(error)),
    }
}

/// A short text; it is gone in a moment.
fn refuse(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::new(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    response.headers_mut().insert(CACHE_CONTROL, FRESH);
    response
}

/// The status of HTTP that a program does the same about.
fn status(reason: Reason) -> StatusCode {
    match reason.class() {
        Class::InvalidArgument => StatusCode::BAD_REQUEST,
        Class::Unauthenticated | Class::PermissionDenied => StatusCode::FORBIDDEN,
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::AlreadyExists | Class::Aborted | Class::FailedPrecondition => StatusCode::CONFLICT,
        Class::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Class::Unavailable | Class::DeadlineExceeded => StatusCode::SERVICE_UNAVAILABLE,
        Class::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
