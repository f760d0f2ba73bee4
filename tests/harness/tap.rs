//! A tap on the wire to NATS: whoever has it sees every subject, header and payload that anybody there sees.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Bytes handed on at once.
const CHUNK: usize = 16 * 1024;

/// The tap.
#[derive(Clone, Debug)]
pub struct Tap {
    /// Where services connect in place of the server.
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Tap {
    /// Before a server at an address.
    pub async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let tap = Self {
            address: listener.local_addr().expect("an address"),
            seen: Arc::default(),
        };
        daemon::spawn(tap.clone().listen(listener, server));
        tap
    }

    /// All that went through so far, in both directions.
    pub fn seen(&self) -> Vec<u8> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone()
    }

    async fn listen(self, listener: TcpListener, server: SocketAddr) {
        while let Ok((client, _from)) = listener.accept().await {
            // without a server there is nobody to talk to
            let Ok(server) = TcpStream::connect(server).await else {
                continue;
            };
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            daemon::spawn(self.clone().carry(from_client, to_server));
            daemon::spawn(self.clone().carry(from_server, to_client));
        }
    }

    fn keep(&self, bytes: &[u8]) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend_from_slice(bytes);
    }

    async fn carry(
        self,
        mut from: impl AsyncRead + Unpin + Send + 'static,
        mut to: impl AsyncWrite + Unpin + Send + 'static,
    ) {
        let mut chunk = vec![0; CHUNK];
        while let Ok(count @ 1..) = from.read(&mut chunk).await {
            let bytes = chunk.get(..count).unwrap_or_default();
            self.keep(bytes);
            if to.write_all(bytes).await.is_err() {
                return;
            }
        }
    }
}
