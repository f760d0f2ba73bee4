//! An accepted connection, which ends when its certificate is revoked.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, Error};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

/// A connection, handshake done.
#[derive(Debug)]
pub struct Connection {
    stream: TlsStream<TcpStream>,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
    _alive: Arc<()>,
}

/// The connections that are open, with what each has shown.
#[derive(Debug, Default)]
pub(super) struct Open(Mutex<Vec<Known>>);

#[derive(Debug)]
struct Known {
    shown: Vec<CertificateDer<'static>>,
    end: CancellationToken,
    alive: Weak<()>,
}

impl Known {
    /// Whether what it has shown is revoked. One whose authority is trusted no more stays: it was let in.
    fn is_revoked(&self, verifier: &dyn ClientCertVerifier) -> bool {
        self.shown
            .split_first()
            .is_some_and(|(certificate, chain)| {
                let verified = verifier.verify_client_cert(certificate, chain, UnixTime::now());
                let revoked = Error::InvalidCertificate(CertificateError::Revoked);
                verified.is_err_and(|error| error == revoked)
            })
    }
}

impl Open {
    /// A connection that ends with its certificate. One whose certificate was revoked during its handshake ends at
    /// once: it is judged where the lists' next change finds it, or has been.
    pub(super) fn admit(
        &self,
        stream: TlsStream<TcpStream>,
        verifier: impl FnOnce() -> Option<Arc<dyn ClientCertVerifier>>,
    ) -> Connection {
        let (_, session) = stream.get_ref();
        let shown = session.peer_certificates().unwrap_or_default().iter();
        let alive = Arc::new(());
        let known = Known {
            shown: shown.map(|shown| shown.clone().into_owned()).collect(),
            end: CancellationToken::new(),
            alive: Arc::downgrade(&alive),
        };
        let ended = Box::pin(known.end.clone().cancelled_owned());
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if verifier().is_some_and(|verifier| known.is_revoked(verifier.as_ref())) {
            known.end.cancel();
        }
        open.retain(|known| known.alive.strong_count() > 0);
        open.push(known);
        Connection {
            stream,
            ended,
            _alive: alive,
        }
    }

    /// Ends those whose certificates are revoked, and says how many.
    pub(super) fn sift(&self, verifier: &dyn ClientCertVerifier) -> usize {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = open.len();
        open.retain(|known| {
            let is_revoked = known.is_revoked(verifier);
            if is_revoked {
                known.end.cancel();
            }
            !is_revoked
        });
        before - open.len()
    }
}

impl Connection {
    /// An error once it has ended.
    fn poll_end(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.ended.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_end(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_end(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_end(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Connected for Connection {
    type ConnectInfo = <TlsStream<TcpStream> as Connected>::ConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.stream.connect_info()
    }
}
