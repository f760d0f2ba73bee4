//! The Rust client: one channel with mutual TLS, all services, errors decoded, retries that never double.
//!
//! Invariant: a retry carries the same request id; nothing is retried that the server decided.

mod log;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::v1::access_service_client::AccessServiceClient;
use api::v1::administration_service_client::AdministrationServiceClient;
use api::v1::alert_service_client::AlertServiceClient;
use api::v1::arrival_service_client::ArrivalServiceClient;
use api::v1::directory_service_client::DirectoryServiceClient;
use api::v1::inbox_service_client::InboxServiceClient;
use api::v1::ledger_service_client::LedgerServiceClient;
use api::v1::relocation_service_client::RelocationServiceClient;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

pub use log::LogError;
pub use tonic;

/// A call without a shorter deadline of its own.
const CALL: Duration = Duration::from_secs(15);
/// Tries of one call when the server is not reachable.
const TRIES_MAX: u32 = 4;
/// Before the second try; doubled each time.
const BACKOFF: Duration = Duration::from_millis(200);
/// A dead server is found after this, on a quiet stream too.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Where the server is, and who we are.
#[derive(Clone, Debug)]
pub struct Target {
    /// For example <https://localhost:8443>.
    pub url: String,
    /// The authority that signed the server's certificate, PEM.
    pub authority: PathBuf,
    /// Our certificate, PEM.
    pub certificate: PathBuf,
    /// Our key, PEM.
    pub key: PathBuf,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A file cannot be read.
    #[error("'{}' cannot be read", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The server cannot be reached, or TLS does not come about.
    #[error("'{url}' cannot be reached")]
    Transport {
        /// Where.
        url: String,
        /// Why.
        #[source]
        source: tonic::transport::Error,
    },
}

/// A client: cheap to clone, one connection for all.
#[derive(Clone, Debug)]
pub struct Client {
    channel: Channel,
}

impl Client {
    /// Connects.
    pub async fn connect(target: &Target) -> Result<Self, ConnectError> {
        let fault = |source| ConnectError::Transport {
            url: target.url.clone(),
            source,
        };
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(read(&target.authority)?))
            .identity(Identity::from_pem(
                read(&target.certificate)?,
                read(&target.key)?,
            ));
        let channel = Endpoint::from_shared(target.url.clone())
            .map_err(fault)?
            .tls_config(tls)
            .map_err(fault)?
            .tcp_nodelay(true)
            .connect_timeout(CALL)
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_while_idle(true)
            .connect()
            .await
            .map_err(fault)?;
        Ok(Self { channel })
    }

    /// RelocationService.
    pub fn relocations(&self) -> RelocationServiceClient<Channel> {
        RelocationServiceClient::new(self.channel.clone())
    }

    /// ArrivalService.
    pub fn arrivals(&self) -> ArrivalServiceClient<Channel> {
        ArrivalServiceClient::new(self.channel.clone())
    }

    /// InboxService.
    pub fn inbox(&self) -> InboxServiceClient<Channel> {
        InboxServiceClient::new(self.channel.clone())
    }

    /// AlertService.
    pub fn alerts(&self) -> AlertServiceClient<Channel> {
        AlertServiceClient::new(self.channel.clone())
    }

    /// LedgerService.
    pub fn ledger(&self) -> LedgerServiceClient<Channel> {
        LedgerServiceClient::new(self.channel.clone())
    }

    /// DirectoryService.
    pub fn directory(&self) -> DirectoryServiceClient<Channel> {
        DirectoryServiceClient::new(self.channel.clone())
    }

    /// AccessService.
    pub fn access(&self) -> AccessServiceClient<Channel> {
        AccessServiceClient::new(self.channel.clone())
    }

    /// AdministrationService.
    pub fn administration(&self) -> AdministrationServiceClient<Channel> {
        AdministrationServiceClient::new(self.channel.clone())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ConnectError> {
    std::fs::read(path).map_err(|source| ConnectError::File {
        path: path.to_owned(),
        source,
    })
}

/// A request id of your own: time-ordered, so that the server's pages stay together.
pub fn request_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Runs a call with a deadline, and again while the server is not reachable. `call` must send the same
/// request, with the same request id, each time.
pub async fn with_retry<T, F>(mut call: impl FnMut() -> F) -> Result<T, Refused>
where
    F: Future<Output = Result<tonic::Response<T>, Status>>,
{
    let mut backoff = BACKOFF;
    let mut tries = 0;
    loop {
        tries += 1;
        let answer = tokio::time::timeout(CALL, call()).await;
        let status = match answer {
            Ok(Ok(response)) => return Ok(response.into_inner()),
            Ok(Err(status)) => status,
            Err(_elapsed) => Status::deadline_exceeded("no answer in time"),
        };
        if !is_undecided(status.code()) || tries >= TRIES_MAX {
            return Err(Refused::from(status));
        }
        tokio::time::sleep(backoff).await;
        backoff *= 2;
    }
}

/// Whether this is no decision of the server's: it was not reached, or its answer was not. The last two are what a
/// connection that breaks leaves.
const fn is_undecided(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable | Code::DeadlineExceeded | Code::Unknown | Code::Cancelled
    )
}

/// A refusal with its details decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// gRPC code.
    pub code: Code,
    /// Stable reason; empty when the answer is not Flyttbud's.
    pub reason: String,
    /// English, what to do.
    pub message: String,
    /// In the language asked for.
    pub localized: String,
    /// Field and what is wrong with it.
    pub violations: Vec<(String, String)>,
    /// Codes and limits.
    pub metadata: Vec<(String, String)>,
    /// The request's id in the server's log.
    pub request_id: String,
    /// The page that explains it.
    pub help: String,
}

impl Refused {
    /// Whether the server was not reached, so that a retry with the same request id tells.
    pub fn is_unreachable(&self) -> bool {
        is_undecided(self.code)
    }
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        let mut metadata: Vec<(String, String)> = info
            .map(|info| {
                info.metadata
                    .iter()
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect()
            })
            .unwrap_or_default();
        metadata.sort();
        Self {
            code: status.code(),
            reason: info.map(|info| info.reason.clone()).unwrap_or_default(),
            message: status.message().to_owned(),
            localized: details
                .localized_message()
                .map(|m| m.message.clone())
                .unwrap_or_default(),
            violations: details
                .bad_request()
                .map(|bad| {
                    let each =
                        |v: &tonic_types::FieldViolation| (v.field.clone(), v.description.clone());
                    bad.field_violations.iter().map(each).collect()
                })
                .unwrap_or_default(),
            metadata,
            request_id: details
                .request_info()
                .map(|i| i.request_id.clone())
                .unwrap_or_default(),
            help: details
                .help()
                .and_then(|help| help.links.first().map(|link| link.url.clone()))
                .unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
