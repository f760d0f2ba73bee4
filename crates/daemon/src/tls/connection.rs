//! An accepted connection, which ends when its certificate is revoked, or at once when there are too many.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Instant;

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, Error};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

use super::Bounds;
use crate::limits::FULL_TOLD;

/// A connection, handshake done.
#[derive(Debug)]
pub struct Connection {
    stream: TlsStream<TcpStream>,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
    _alive: Arc<()>,
}

/// The connections that are open, with what each has shown.
#[derive(Debug)]
pub(super) struct Open {
    bounds: Bounds,
    known: Mutex<Vec<Known>>,
    /// When it was last said that there were too many.
    told_at: Mutex<Option<Instant>>,
}

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
    pub(super) const fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            known: Mutex::new(Vec::new()),
            told_at: Mutex::new(None),
        }
    }

    /// A connection that ends with its certificate. One whose certificate was revoked during its handshake ends at
    /// once: it is judged where the lists' next change finds it, or has been. One too many ends at once too.
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
        let mut open = self.known();
        open.retain(|known| known.alive.strong_count() > 0);
        let is_full = is_full(&open, &known, self.bounds);
        if is_full || verifier().is_some_and(|verifier| known.is_revoked(verifier.as_ref())) {
            known.end.cancel();
        } else {
            open.push(known);
        }
        drop(open);
        if is_full {
            self.tell();
        }
        Connection {
            stream,
            ended,
            _alive: alive,
        }
    }

    /// Ends those whose certificates are revoked, and says how many.
    pub(super) fn sift(&self, verifier: &dyn ClientCertVerifier) -> usize {
        let mut open = self.known();
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

    fn known(&self) -> MutexGuard<'_, Vec<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that there were too many, seldom: whoever opens too many opens them fast.
    fn tell(&self) {
        let mut told_at = self.told_at.lock().unwrap_or_else(PoisonError::into_inner);
        if told_at.is_none_or(|at| at.elapsed() >= FULL_TOLD) {
            *told_at = Some(Instant::now());
            tracing::warn!(
                "connections ended, there are too many, or too many with one certificate"
            );
        }
    }
}

/// Whether one more is too many.
fn is_full(open: &[Known], more: &Known, bounds: Bounds) -> bool {
    let has_share = |certificate: &CertificateDer<'_>| {
        let same = |known: &&Known| known.shown.first() == Some(certificate);
        open.iter().filter(same).count() >= bounds.per_certificate
    };
    open.len() >= bounds.connections || more.shown.first().is_some_and(has_share)
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
