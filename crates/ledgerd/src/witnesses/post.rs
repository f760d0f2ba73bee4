//! The way to a witness: one HTTPS request and its answer, with bounds on time and bytes.

use std::error::Error;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tlog::limits::NOTE_BYTES_MAX;
use tlog::witness::SIZE_CONTENT_TYPE;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept: shorter than witnesses keep it.
const IDLE: Duration = Duration::from_secs(15);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
pub(super) struct PostError(#[source] Box<dyn Error + Send + Sync>);

impl PostError {
    fn of(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }
}

/// What a witness answered.
#[derive(Debug)]
pub(super) struct Reply {
    /// The status.
    pub(super) status: u16,
    /// Whether the body is said to be the size of a tree.
    pub(super) is_size: bool,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// Takes a request to a witness, and its answer back.
pub(super) trait Post {
    /// One way and back.
    fn post(&self, body: String) -> impl Future<Output = Result<Reply, PostError>> + Send;
}

/// Connections to all witnesses. Cheap to clone.
pub(super) type Connections = Client<HttpsConnector<HttpConnector>, Full<bytes::Bytes>>;

/// None yet.
pub(super) fn connections(tls: ClientConfig) -> Connections {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(CONNECT));
    connector.set_nodelay(true);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_only()
        .enable_http1()
        .wrap_connector(connector);
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(connector)
}

/// The way to one witness.
#[derive(Debug)]
pub(super) struct Way {
    connections: Connections,
    place: Uri,
}

impl Way {
    pub(super) fn new(connections: &Connections, place: Uri) -> Self {
        Self {
            connections: connections.clone(),
            place,
        }
    }
}

/// Where a witness takes checkpoints, under the address of everything that it does; none when that is no https:// address.
pub(super) fn place(address: &str) -> Option<Uri> {
    let place = format!("{}/add-checkpoint", address.trim_end_matches('/'));
    let place: Uri = place.parse().ok()?;
    (place.scheme_str() == Some("https")).then_some(place)
}

impl Post for Way {
    async fn post(&self, body: String) -> Result<Reply, PostError> {
        let request = Request::post(&self.place).body(Full::from(body));
        let request = request.map_err(PostError::of)?;
        let answer = self.connections.request(request).await;
        let (head, body) = answer.map_err(PostError::of)?.into_parts();
        let body = Limited::new(body, NOTE_BYTES_MAX).collect().await;
        let of_size = |kind: &HeaderValue| kind == SIZE_CONTENT_TYPE;
        Ok(Reply {
            status: head.status.as_u16(),
            is_size: head.headers.get(CONTENT_TYPE).is_some_and(of_size),
            body: body.map_err(PostError)?.to_bytes().to_vec(),
        })
    }
}
