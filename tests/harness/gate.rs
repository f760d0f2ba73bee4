//! A wire on which a service hears its callers, and they hear it only until it has greeted them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Bytes of one reading.
const CHUNK: usize = 16 * 1024;

/// The wire. Dropped, it breaks, and nobody connects any more.
#[derive(Debug)]
pub struct Gate {
    /// Where callers connect in place of the service.
    pub address: SocketAddr,
    _broken: watch::Sender<()>,
}

impl Gate {
    /// Before a service at an address.
    pub async fn before(service: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (broken, mut seen) = watch::channel(());
        daemon::spawn(async move {
            tokio::select! {
                () = listen(listener, service) => {}
                _ = seen.changed() => {}
            }
        });
        Self {
            address,
            _broken: broken,
        }
    }
}

async fn listen(listener: TcpListener, service: SocketAddr) {
    let mut carried = tokio::task::JoinSet::new();
    while let Ok((caller, _from)) = listener.accept().await {
        let service = TcpStream::connect(service).await.expect("the service");
        carried.spawn(carry(caller, service));
    }
}

async fn carry(caller: TcpStream, service: TcpStream) {
    let (from_caller, to_caller) = caller.into_split();
    let (from_service, to_service) = service.into_split();
    // in TLS 1.3 a caller speaks, is answered, and has shaken hands when it speaks again
    let spoken = AtomicU32::new(0);
    let hear = hand_on(from_caller, to_service, || {
        spoken.fetch_add(1, Ordering::SeqCst);
        true
    });
    let greet = hand_on(from_service, to_caller, || {
        spoken.load(Ordering::SeqCst) < 2
    });
    tokio::join!(hear, greet);
}

/// Hands on what may be, and loses the rest.
async fn hand_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut may: impl FnMut() -> bool) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        if may() {
            to.write_all(chunk.get(..read).unwrap_or_default())
                .await
                .ok();
        }
    }
}
