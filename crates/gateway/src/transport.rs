//! A request that is too large or no message at all is refused by the transport, before any handler sees it, without
//! saying why. This layer gives that refusal its reason, as every other one has it. It never changes one of ours.

use std::pin::Pin;
use std::task::{Context, Poll};

use api::status::Refusal;
use domain::reason::Reason;
use http::header::{ACCEPT_LANGUAGE, HeaderMap};
use http::{Request, Response};
use tonic::Code;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::call::{self, REQUEST_ID};
use crate::limits::MESSAGE_BYTES_MAX;

/// Where our refusals carry their details. What the transport refuses has none.
const DETAILS: &str = "grpc-status-details-bin";

/// Wraps services in [`Precise`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct PreciseLayer;

impl<S> Layer<S> for PreciseLayer {
    type Service = Precise<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Precise { inner }
    }
}

/// Says precisely why the transport refused a request.
#[derive(Clone, Debug)]
pub(crate) struct Precise<S> {
    inner: S,
}

type Answer<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

impl<S> Service<Request<Body>> for Precise<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // all that a refusal needs of the request, and nothing for most
        let mut kept = HeaderMap::new();
        for name in [REQUEST_ID, ACCEPT_LANGUAGE] {
            if let Some(value) = request.headers().get(&name) {
                kept.insert(name, value.clone());
            }
        }
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            Ok(match bare(answer.headers()) {
                Some(refusal) => told(&refusal, &kept),
                None => answer,
            })
        })
    }
}

/// What a refusal without details means: the transport gives none, and ours always have some.
fn bare(headers: &HeaderMap) -> Option<Refusal> {
    let status = headers.get(tonic::Status::GRPC_STATUS)?;
    if headers.contains_key(DETAILS) {
        return None;
    }
    meant(Code::from_bytes(status.as_bytes()))
}

/// What the transport means by the code with which it refuses a message; none when it is not about that.
pub(crate) fn meant(code: Code) -> Option<Refusal> {
    // too long, or too long when it was unpacked
    if matches!(code, Code::OutOfRange | Code::ResourceExhausted) {
        let refusal = Refusal::new(Reason::BodyTooLarge);
        return Some(refusal.with("bytes_max", MESSAGE_BYTES_MAX.to_string()));
    }
    // bytes that are no message, or text that is no UTF-8
    (code == Code::Internal).then(|| Refusal::new(Reason::RequestMalformed))
}

fn told(refusal: &Refusal, kept: &HeaderMap) -> Response<Body> {
    let (request_id, swedish) = call::manner(kept);
    refusal.to_status(&request_id, swedish).into_http()
}
