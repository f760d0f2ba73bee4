//! Mutual TLS over real sockets, and certificates that change while the server runs.

use std::fs;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, IsCa,
    KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::pki_types::ServerName;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_stream::StreamExt as _;

use super::*;
use crate::limits::HANDSHAKES_PER_ADDRESS;

struct House {
    folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl House {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let house = Self {
            folder: tempfile::tempdir().expect("a folder"),
            authority: CertifiedIssuer::self_signed(params, key).expect("an authority"),
        };
        fs::write(house.path("ca.pem"), house.authority.pem()).expect("written");
        house.renew();
        house
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn files(&self) -> Files {
        Files {
            certificate: self.path("server.pem"),
            key: self.path("server.key"),
            client_authorities: Some(self.path("ca.pem")),
            revocations: None,
        }
    }

    fn issue(&self) -> (rcgen::Certificate, KeyPair) {
        self.numbered(None)
    }

    /// Issues a certificate with a number of its own.
    fn numbered(&self, number: Option<u64>) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        params.serial_number = number.map(SerialNumber::from);
        let certificate = params.signed_by(&key, &self.authority).expect("signed");
        (certificate, key)
    }

    /// Writes a new certificate of the server's and returns it.
    fn renew(&self) -> Vec<u8> {
        let (certificate, key) = self.issue();
        fs::write(self.path("server.pem"), certificate.pem()).expect("written");
        fs::write(self.path("server.key"), key.serialize_pem()).expect("written");
        certificate.der().to_vec()
    }

    /// Writes the list of revoked certificates, by their numbers.
    fn revoke(&self, numbers: &[u64]) {
        let revoked = |number: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*number),
            revocation_time: date_time_ymd(2026, 11, 24),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 11, 24),
            next_update: date_time_ymd(2027, 11, 24),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: numbers.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.authority).expect("signed");
        fs::write(self.path("crl.pem"), list.pem().expect("PEM")).expect("written");
    }

    /// A client's side of TLS, with a certificate of this authority or without any.
    fn client(&self, with_certificate: bool) -> TlsConnector {
        self.client_of(with_certificate.then(|| self.issue()))
    }

    fn client_of(&self, identity: Option<(rcgen::Certificate, KeyPair)>) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).expect("a root");
        let builder =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("versions")
                .with_root_certificates(roots);
        let config = if let Some((certificate, key)) = identity {
            let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
            builder
                .with_client_auth_cert(vec![certificate.der().clone()], key)
                .expect("fits")
        } else {
            builder.with_no_client_auth()
        };
        TlsConnector::from(Arc::new(config))
    }
}

/// Connects and returns the certificate that the server shows, after one byte came back.
async fn greet(client: &TlsConnector, address: SocketAddr) -> io::Result<Vec<u8>> {
    greet_over(client, TcpStream::connect(address).await?).await
}

async fn greet_over(client: &TlsConnector, stream: TcpStream) -> io::Result<Vec<u8>> {
    let name = ServerName::try_from("localhost").expect("a name");
    let mut stream = client.connect(name, stream).await?;
    stream.write_all(b"!").await?;
    stream.flush().await?;
    stream.read_u8().await?;
    let (_, session) = stream.get_ref();
    let shown = session.peer_certificates().unwrap_or_default();
    Ok(shown.first().expect("a certificate").to_vec())
}

/// Serves: sends one byte back to each that was let in.
async fn serve(tls: Arc<Tls>, tasks: &Tasks) -> SocketAddr {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (address, mut incoming) = listen(any, tls, tasks).await.expect("a port");
    tasks.spawn("serve", async move {
        while let Some(Ok(mut stream)) = incoming.next().await {
            if let Ok(byte) = stream.read_u8().await {
                stream.write_u8(byte).await.ok();
                stream.flush().await.ok();
            }
        }
    });
    address
}

#[tokio::test]
async fn only_who_has_a_certificate_is_let_in() {
    let house = House::new();
    let tasks = Tasks::new();
    let address = serve(
        Tls::load(house.files(), Bounds::NONE).expect("loaded"),
        &tasks,
    )
    .await;
    assert!(greet(&house.client(false), address).await.is_err());
    let stranger = House::new();
    assert!(greet(&stranger.client(true), address).await.is_err());
    greet(&house.client(true), address).await.expect("let in");
    assert!(tasks.end().await, "drained");
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_and_its_open_connections_end() {
    let house = House::new();
    house.revoke(&[]);
    let files = Files {
        revocations: Some(house.path("crl.pem")),
        ..house.files()
    };
    let tls = Tls::load(files, Bounds::NONE).expect("loaded");
    let tasks = Tasks::new();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (address, mut incoming) = listen(any, tls.clone(), &tasks).await.expect("a port");
    let [stolen, other] = [7, 8].map(|number| house.client_of(Some(house.numbered(Some(number)))));
    let mut open = open(&[&stolen, &other], address, &mut incoming).await;
    house.revoke(&[7]);
    // both wait for a byte; the one with the revoked certificate is told at once, although none comes
    let [(_client, revoked), (client, good)] = &mut open[..] else {
        panic!("two connections");
    };
    let (ended, ()) = tokio::join!(revoked.read_u8(), async { tls.reload() });
    assert_eq!(
        ended.expect_err("ended").kind(),
        io::ErrorKind::ConnectionAborted
    );
    client.write_all(b"!").await.expect("written");
    client.flush().await.expect("written");
    assert_eq!(good.read_u8().await.expect("a byte"), b'!');
    drop(open);
    tasks.spawn("serve", async move {
        while let Some(Ok(mut stream)) = incoming.next().await {
            if let Ok(byte) = stream.read_u8().await {
                stream.write_u8(byte).await.ok();
                stream.flush().await.ok();
            }
        }
    });
    assert!(greet(&stolen, address).await.is_err(), "revoked");
    greet(&other, address).await.expect("let in");
    // a list that cannot be read changes nothing
    fs::write(house.path("crl.pem"), "").expect("written");
    tls.reload();
    assert!(greet(&stolen, address).await.is_err(), "still revoked");
    greet(&other, address).await.expect("let in");
    // without a list of the authority nobody knows who is revoked: nobody is let in
    let stranger = House::new();
    stranger.revoke(&[]);
    fs::copy(stranger.path("crl.pem"), house.path("crl.pem")).expect("copied");
    tls.reload();
    assert!(greet(&other, address).await.is_err(), "unknown");
    assert!(tasks.end().await, "drained");
}

/// Connects with each, and waits until both sides have it.
async fn open(
    clients: &[&TlsConnector],
    address: SocketAddr,
    incoming: &mut Incoming,
) -> Vec<(tokio_rustls::client::TlsStream<TcpStream>, Connection)> {
    let mut open = Vec::new();
    for client in clients {
        let stream = TcpStream::connect(address).await.expect("a connection");
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = client.connect(name, stream).await.expect("a handshake");
        let server = incoming.next().await.expect("accepted");
        open.push((stream, server.expect("a connection")));
    }
    open
}

/// Whether a byte of the client's reaches the server.
async fn is_alive((client, server): &mut (impl AsyncWrite + Unpin, Connection)) -> bool {
    client.write_all(b"!").await.expect("written");
    client.flush().await.expect("written");
    match server.read_u8().await {
        Ok(byte) => byte == b'!',
        Err(error) => {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
            false
        }
    }
}

#[tokio::test]
async fn one_connection_too_many_ends_and_leaves_the_others_their_turn() {
    let house = House::new();
    let bounds = Bounds {
        connections: 3,
        per_certificate: 2,
    };
    let tls = Tls::load(house.files(), bounds).expect("loaded");
    let tasks = Tasks::new();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (address, mut incoming) = listen(any, tls, &tasks).await.expect("a port");
    let [greedy, modest, late] = [7, 8, 9].map(|number| {
        let identity = house.numbered(Some(number));
        house.client_of(Some(identity))
    });
    let clients = [&greedy, &greedy, &greedy, &modest, &late];
    let mut all = open(&clients, address, &mut incoming).await;
    let mut alive = Vec::new();
    for connection in &mut all {
        alive.push(is_alive(connection).await);
    }
    assert_eq!(alive, [true, true, false, true, false]);
    // who ends one may open another
    drop(all.remove(0));
    let mut next = open(&[&greedy, &late], address, &mut incoming).await;
    assert!(is_alive(&mut next[0]).await, "its second");
    assert!(!is_alive(&mut next[1]).await, "the fourth of all");
    assert!(tasks.end().await, "drained");
}

#[tokio::test]
async fn who_says_nothing_leaves_other_addresses_their_handshakes() {
    let house = House::new();
    let tasks = Tasks::new();
    let tls = Tls::load(house.files(), Bounds::NONE).expect("loaded");
    let address = serve(tls, &tasks).await;
    let mut silent = Vec::new();
    for _ in 0..=HANDSHAKES_PER_ADDRESS {
        silent.push(TcpStream::connect(address).await.expect("a connection"));
    }
    let last = silent.last_mut().expect("the last");
    assert_eq!(last.read(&mut [0]).await.expect("ended"), 0, "one too many");
    let client = house.client(true);
    assert!(greet(&client, address).await.is_err(), "the same address");
    let socket = TcpSocket::new_v4().expect("a socket");
    let another = SocketAddr::from(([127, 0, 0, 2], 0));
    socket.bind(another).expect("an address");
    let stream = socket.connect(address).await.expect("a connection");
    greet_over(&client, stream).await.expect("let in");
    drop(silent);
    while greet(&client, address).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(tasks.end().await, "drained");
}

#[tokio::test]
async fn without_authorities_everybody_is_let_in_and_the_server_still_has_to_prove_itself() {
    let house = House::new();
    let tasks = Tasks::new();
    let files = Files {
        client_authorities: None,
        ..house.files()
    };
    let address = serve(Tls::load(files, Bounds::NONE).expect("loaded"), &tasks).await;
    for trusted in [&house, &House::new()] {
        let config = client(&trusted.path("ca.pem"), None).expect("a client");
        let greeted = greet(&TlsConnector::from(Arc::new(config)), address).await;
        assert_eq!(greeted.is_ok(), trusted.path("") == house.path(""));
    }
    assert!(tasks.end().await, "drained");
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_and_a_broken_one_is_not() {
    let house = House::new();
    let first = house.renew();
    let tls = Tls::load(house.files(), Bounds::NONE).expect("loaded");
    let tasks = Tasks::new();
    let address = serve(tls.clone(), &tasks).await;
    let client = house.client(true);
    let shown = async || greet(&client, address).await.expect("let in");
    assert_eq!(shown().await, first);

    fs::write(house.path("server.pem"), "no PEM at all").expect("written");
    tls.reload();
    assert_eq!(shown().await, first, "the old one stays in use");

    let second = house.renew();
    assert_eq!(shown().await, first, "not before it is told");
    tls.reload();
    assert_eq!(shown().await, second);
    assert!(tasks.end().await, "drained");
}

#[tokio::test(start_paused = true)]
async fn a_changed_file_is_found_by_itself() {
    let house = House::new();
    let tls = Tls::load(house.files(), Bounds::NONE).expect("loaded");
    let before = tls.in_use.load_full();
    let tasks = Tasks::new();
    tasks.spawn("follow", tls.clone().follow_files(tasks.drain()));
    tokio::task::yield_now().await;
    house.renew();
    for _ in 0..10 {
        tokio::time::advance(CERTIFICATE_POLL).await;
        tokio::task::yield_now().await;
    }
    assert!(!Arc::ptr_eq(&before, &tls.in_use.load_full()), "reloaded");
    assert!(tasks.end().await, "drained");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let house = House::new();
    for name in ["server.pem", "server.key", "ca.pem"] {
        let good = fs::read(house.path(name)).expect("read");
        fs::write(house.path(name), "").expect("written");
        let error = Tls::load(house.files(), Bounds::NONE).expect_err("empty");
        assert!(error.to_string().contains(name), "{error}");
        fs::write(house.path(name), good).expect("written");
    }
    let (_, other_key) = house.issue();
    fs::write(house.path("server.key"), other_key.serialize_pem()).expect("written");
    let error = Tls::load(house.files(), Bounds::NONE).expect_err("another key");
    assert!(matches!(error, TlsError::Unfit(_)), "{error}");
}
