//! Mutual TLS on our own acceptor, so that certificates change without a restart.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;

use crate::limits::{ACCEPT_RETRY, CERTIFICATE_POLL, HANDSHAKE, HANDSHAKES_MAX};
use crate::tasks::{Drain, Tasks, spawn};

/// Where the certificates are.
#[derive(Clone, Debug)]
pub struct Files {
    /// Our certificate with its chain, PEM.
    pub certificate: PathBuf,
    /// Our private key, PEM.
    pub key: PathBuf,
    /// The authorities whose client certificates we accept, PEM.
    pub client_authorities: PathBuf,
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
        source: rustls::pki_types::pem::Error,
    },
    /// The certificate and key do not fit, or the authority is wrong.
    #[error("the certificates do not fit together")]
    Unfit(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The server's side of TLS; the configuration is swapped while connections live.
#[derive(Debug)]
pub struct Tls {
    files: Files,
    config: ArcSwap<ServerConfig>,
}

impl Tls {
    /// Reads the certificates.
    pub fn load(files: Files) -> Result<Arc<Self>, TlsError> {
        let config = read(&files)?;
        Ok(Arc::new(Self {
            files,
            config: ArcSwap::new(Arc::new(config)),
        }))
    }

    /// Reads them again. On a fault the old ones stay in use, and the log says so.
    pub fn reload(&self) {
        match read(&self.files) {
            Ok(config) => {
                self.config.store(Arc::new(config));
                tracing::info!("certificates reloaded");
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

    fn modified(&self) -> [Option<SystemTime>; 3] {
        [
            &self.files.certificate,
            &self.files.key,
            &self.files.client_authorities,
        ]
        .map(|path| path.metadata().and_then(|meta| meta.modified()).ok())
    }
}

fn read(files: &Files) -> Result<ServerConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(&files.client_authorities)? {
        roots
            .add(authority)
            .map_err(|error| TlsError::Unfit(error.into()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
        .build()
        .map_err(|error| TlsError::Unfit(error.into()))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|source| TlsError::Pem {
        path: files.key.clone(),
        source,
    })?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Unfit(error.into()))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates(&files.certificate)?, key)
        .map_err(|error| TlsError::Unfit(error.into()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let fault = |source| TlsError::Pem {
        path: path.to_owned(),
        source,
    };
    let all = CertificateDer::pem_file_iter(path)
        .map_err(fault)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(fault)?;
    if all.is_empty() {
        return Err(fault(rustls::pki_types::pem::Error::NoItemsFound));
    }
    Ok(all)
}

/// Accepted connections, handshake done.
pub type Incoming = ReceiverStream<io::Result<TlsStream<TcpStream>>>;

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
    accepted: mpsc::Sender<io::Result<TlsStream<TcpStream>>>,
    drain: Drain,
) {
    let room = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else {
            return;
        };
        let stream = tokio::select! {
            () = drain.cancelled() => return,
            stream = listener.accept() => match stream {
                Ok((stream, _peer)) => stream,
                Err(error) => {
                    // out of file handles, or a peer that left: the next one may do better
                    tracing::warn!(error = %error, "connection not accepted");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                    continue;
                }
            },
        };
        let acceptor = TlsAcceptor::from(tls.config.load_full());
        let accepted = accepted.clone();
        spawn(async move {
            stream.set_nodelay(true).ok();
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    accepted.send(Ok(stream)).await.ok();
                }
                Ok(Err(error)) => tracing::debug!(error = %error, "handshake failed"),
                Err(_elapsed) => tracing::debug!("handshake took too long"),
            }
            drop(permit);
        });
    }
}

#[cfg(test)]
mod tests;
