//! A caller that costs little: HTTP/2 and gRPC frames by hand, the message encoded beforehand and the answer
//! left as it is. An ordinary client takes more than half of what a call costs on a shared machine, and then
//! its cost is what is measured.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use bytes::{BufMut as _, Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderMap, Method, Request, Uri};
use prost::Message;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Before each message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

/// One connection that many callers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Caller {
    connection: SendRequest<Bytes>,
    request: Request<()>,
}

/// A message as it goes over the wire.
#[derive(Clone)]
pub(crate) struct Framed(Bytes);

impl Framed {
    pub(crate) fn new(message: &impl Message) -> anyhow::Result<Self> {
        let length = message.encoded_len();
        let mut bytes = BytesMut::with_capacity(PREFIX_BYTES + length);
        bytes.put_u8(0);
        bytes.put_u32(u32::try_from(length)?);
        message.encode(&mut bytes)?;
        Ok(Self(bytes.freeze()))
    }
}

impl Caller {
    /// Connects with a certificate to call one method.
    pub(crate) async fn connect(
        folder: &Path,
        who: &str,
        url: &str,
        method: &str,
    ) -> anyhow::Result<Self> {
        let uri: Uri = format!("{url}{method}").parse()?;
        let authority = uri.authority().context("an address has a port")?;
        let host = ServerName::try_from(authority.host().to_owned())?;
        let socket = TcpStream::connect(authority.as_str()).await?;
        socket.set_nodelay(true)?;
        let tls = TlsConnector::from(Arc::new(tls(folder, who)?));
        let socket = tls.connect(host, socket).await?;
        let (connection, driver) = h2::client::handshake(socket).await?;
        // it ends with the last caller
        daemon::spawn(async move { driver.await.unwrap_or_default() });
        let request = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())?;
        Ok(Self {
            connection,
            request,
        })
    }

    /// Calls, and returns the answer's message as it came.
    pub(crate) async fn call(self, message: Framed) -> anyhow::Result<Bytes> {
        let mut connection = self.connection.ready().await?;
        let (answer, mut body) = connection.send_request(self.request, false)?;
        body.send_data(message.0, true)?;
        let answer = answer.await?;
        // a refusal comes without a message
        status(answer.headers())?;
        let mut body = answer.into_body();
        let mut bytes = BytesMut::new();
        while let Some(data) = body.data().await {
            let data = data?;
            body.flow_control().release_capacity(data.len())?;
            bytes.extend_from_slice(&data);
        }
        let trailers = body.trailers().await?.context("an answer has trailers")?;
        status(&trailers)?;
        ensure!(bytes.len() >= PREFIX_BYTES, "an answer has a message");
        Ok(bytes.split_off(PREFIX_BYTES).freeze())
    }
}

fn status(headers: &HeaderMap) -> anyhow::Result<()> {
    let status = headers.get("grpc-status");
    let message = headers.get("grpc-message");
    ensure!(
        status.is_none_or(|status| status == "0"),
        "refused: {status:?} {message:?}"
    );
    Ok(())
}

fn tls(folder: &Path, who: &str) -> anyhow::Result<ClientConfig> {
    let file = |name: String| folder.join(name);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file(
        "authority.pem".to_owned(),
    ))?)?;
    let chain = CertificateDer::pem_file_iter(file(format!("{who}.pem")))?;
    let key = PrivateKeyDer::from_pem_file(file(format!("{who}.key")))?;
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain.collect::<Result<_, _>>()?, key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}
