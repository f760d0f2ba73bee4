//! TLS on our own acceptor, mutual where authorities are named, so that certificates change, and are revoked, without a
//! restart.

mod addresses;
mod connection;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;

use crate::limits::{ACCEPT_RETRY, CERTIFICATE_POLL, HANDSHAKE, HANDSHAKES_MAX};
use crate::tasks::{Drain, Tasks, spawn};

use addresses::Addresses;
pub use connection::Connection;
use connection::Open;
pub use rustls::ClientConfig;

/// Where the certificates are.
#[derive(Clone, Debug)]
pub struct Files {
    /// Our certificate with its chain, PEM.
    pub certificate: PathBuf,
    /// Our private key, PEM.
    pub key: PathBuf,
    /// The authorities whose client certificates we demand, PEM. Without them everybody may connect: only where
    /// what is said proves itself.
    pub client_authorities: Option<PathBuf>,
    /// The lists of revoked certificates that these authorities signed, PEM: one of each authority. None: nothing is
    /// revoked.
    pub revocations: Option<PathBuf>,
}

/// How many connections may be open at once, handshake done. One more is ended at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Altogether.
    pub connections: usize,
    /// With one client certificate. Who shows none counts among all only.
    pub per_certificate: usize,
}

impl Bounds {
    /// For a server that counts by itself.
    pub const NONE: Self = Self {
        connections: usize::MAX,
        per_certificate: usize::MAX,
    };
}

/// Certificates that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read as PEM.
    #[error("'{}' holds no usable PEM", path.display())]
    Pem {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// The certificate and key do not fit, or the authority is wrong.
    #[error("the certificates do not fit together")]
    Unfit(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The server's side of TLS; the configuration is swapped while connections live.
#[derive(Debug)]
pub struct Tls {
    files: Files,
    protocols: &'static [&'static str],
    in_use: ArcSwap<InUse>,
    open: Open,
}

/// What connections are made with now.
#[derive(Debug)]
struct InUse {
    config: Arc<ServerConfig>,
    verifier: Option<Arc<dyn ClientCertVerifier>>,
}

impl Tls {
    /// Reads the certificates, for HTTP/2 and HTTP/1.1.
    pub fn load(files: Files, bounds: Bounds) -> Result<Arc<Self>, TlsError> {
        Self::load_for(files, &["h2", "http/1.1"], bounds)
    }

    /// Reads the certificates, for the protocols of these names (ALPN), the preferred one first.
    pub fn load_for(
        files: Files,
        protocols: &'static [&'static str],
        bounds: Bounds,
    ) -> Result<Arc<Self>, TlsError> {
        let in_use = read(&files, protocols)?;
        Ok(Arc::new(Self {
            files,
            protocols,
            in_use: ArcSwap::new(Arc::new(in_use)),
            open: Open::new(bounds),
        }))
    }

    /// Reads them again, and ends connections whose certificates are revoked. On a fault the old ones stay in use,
    /// and the log says so.
    pub fn reload(&self) {
        match read(&self.files, self.protocols) {
            Ok(in_use) => {
                let verifier = in_use.verifier.clone();
                self.in_use.store(Arc::new(in_use));
                let ended = verifier.map_or(0, |verifier| self.open.sift(verifier.as_ref()));
                tracing::info!(connections.ended = ended, "certificates reloaded");
            }
            Err(error) => tracing::error!(
                error = %crate::ErrorChain(&error),
                "certificates not reloaded, the old ones stay in use"
            ),
        }
    }

    /// Looks once a minute whether a file changed, until the drain.
    pub async fn follow_files(self: Arc<Self>, drain: Drain) {
        let mut seen = self.modified();
        let mut tick = tokio::time::interval(CERTIFICATE_POLL);
        loop {
            tokio::select! {
                () = drain.cancelled() => return,
                _ = tick.tick() => {}
            }
            let now = self.modified();
            if now != seen {
                seen = now;
                self.reload();
            }
        }
    }

    fn modified(&self) -> [Option<SystemTime>; 4] {
        [
            Some(&self.files.certificate),
            Some(&self.files.key),
            self.files.client_authorities.as_ref(),
            self.files.revocations.as_ref(),
        ]
        .map(|path| path?.metadata().and_then(|meta| meta.modified()).ok())
    }
}

fn read(files: &Files, protocols: &[&str]) -> Result<InUse, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Unfit(error.into()))?;
    let verifier = match &files.client_authorities {
        None => None,
        Some(path) => {
            let revoked = files.revocations.as_deref().map(items).transpose()?;
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots(path)?.into(), provider)
                    .with_crls(revoked.unwrap_or_default())
                    .only_check_end_entity_revocation()
                    .build()
                    .map_err(|error| TlsError::Unfit(error.into()))?;
            Some(verifier)
        }
    };
    let builder = match verifier.clone() {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(verifier),
    };
    let mut config = builder
        .with_single_cert(items(&files.certificate)?, key(&files.key)?)
        .map_err(|error| TlsError::Unfit(error.into()))?;
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    Ok(InUse {
        config: Arc::new(config),
        verifier,
    })
}

/// A client's side of TLS: trusts these authorities only, and shows a certificate with its key if there is one.
pub fn client(
    authorities: &Path,
    identity: Option<(&Path, &Path)>,
) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Unfit(error.into()))?
        .with_root_certificates(roots(authorities)?);
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some((certificate, private)) => builder
            .with_client_auth_cert(items(certificate)?, key(private)?)
            .map_err(|error| TlsError::Unfit(error.into())),
    }
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in items(path)? {
        roots
            .add(authority)
            .map_err(|error| TlsError::Unfit(error.into()))?;
    }
    Ok(roots)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|source| TlsError::Pem {
        path: path.to_owned(),
        source,
    })
}

fn items<T: PemObject>(path: &Path) -> Result<Vec<T>, TlsError> {
    pem_items(path).map_err(|source| TlsError::Pem {
        path: path.to_owned(),
        source,
    })
}

/// All of a kind that a file holds. One that holds none says nothing, which is a fault.
pub(crate) fn pem_items<T: PemObject>(path: &Path) -> Result<Vec<T>, pem::Error> {
    let all = T::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>()?;
    if all.is_empty() {
        return Err(pem::Error::NoItemsFound);
    }
    Ok(all)
}

/// Accepted connections, handshake done.
pub type Incoming = ReceiverStream<io::Result<Connection>>;

/// Binds the address and accepts until the drain.
pub async fn listen(
    address: SocketAddr,
    tls: Arc<Tls>,
    tasks: &Tasks,
) -> io::Result<(SocketAddr, Incoming)> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    let (accepted, incoming) = mpsc::channel(HANDSHAKES_MAX);
    tasks.spawn("accept", accept(listener, tls, accepted, tasks.drain()));
    Ok((bound, ReceiverStream::new(incoming)))
}

async fn accept(
    listener: TcpListener,
    tls: Arc<Tls>,
    accepted: mpsc::Sender<io::Result<Connection>>,
    drain: Drain,
) {
    let room = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    let addresses = Addresses::default();
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else {
            return;
        };
        let (stream, peer) = tokio::select! {
            () = drain.cancelled() => return,
            stream = listener.accept() => match stream {
                Ok(accepted) => accepted,
                Err(error) => {
                    // out of file handles, or a peer that left: the next one may do better
                    tracing::warn!(error = %error, "connection not accepted");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                    continue;
                }
            },
        };
        let Some(share) = addresses.enter(peer.ip()) else {
            tracing::debug!("connection ended, its address has too many handshakes");
            continue;
        };
        let acceptor = TlsAcceptor::from(tls.in_use.load().config.clone());
        let tls = tls.clone();
        let accepted = accepted.clone();
        spawn(async move {
            stream.set_nodelay(true).ok();
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    // as it is then: the lists may have changed during the handshake
                    let verifier = || tls.in_use.load().verifier.clone();
                    let connection = tls.open.admit(stream, verifier);
                    accepted.send(Ok(connection)).await.ok();
                }
                Ok(Err(error)) => tracing::debug!(error = %error, "handshake failed"),
                Err(_elapsed) => tracing::debug!("handshake took too long"),
            }
            drop((share, permit));
        });
    }
}

#[cfg(test)]
mod tests;
