//! TLS to the database: both sides show a certificate, and a server of another authority is refused. The server's
//! end of it is a door of ours before a real server, since not every build of PostgreSQL has TLS.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daemon::postgres::{ConnectError, Settings};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;

use super::connect;
use crate::conformance::given::{append, batch, new_relocation, registered};
use crate::postgres::{PostgresJournal, testing};

/// What a client says first when it wants TLS: the length of the message, and a number that no version has.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("params");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    Authority::self_signed(params, key).expect("an authority")
}

fn issue(authority: &Authority, hosts: &[&str]) -> (rcgen::Certificate, KeyPair) {
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    let params = CertificateParams::new(hosts).expect("params");
    let key = KeyPair::generate().expect("a key");
    (params.signed_by(&key, authority).expect("signed"), key)
}

/// Lets in whoever shows a certificate of the authority.
fn acceptor(authority: &Authority) -> TlsAcceptor {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let (certificate, key) = issue(authority, &["127.0.0.1"]);
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(verifier.build().expect("a verifier"))
        .with_single_cert(vec![certificate.der().clone()], key);
    Arc::new(config.expect("a configuration")).into()
}

/// A door before a server's socket that speaks TLS and nothing else.
async fn door(listener: TcpListener, acceptor: TlsAcceptor, socket: PathBuf) {
    loop {
        let (stream, _from) = listener.accept().await.expect("accepted");
        let (acceptor, socket) = (acceptor.clone(), socket.clone());
        daemon::spawn(async move {
            // whoever is refused sees it
            pass(stream, acceptor, &socket).await.ok();
        });
    }
}

async fn pass(mut stream: TcpStream, acceptor: TlsAcceptor, socket: &Path) -> std::io::Result<()> {
    let mut request = [0; 8];
    stream.read_exact(&mut request).await?;
    if request != SSL_REQUEST {
        return Ok(());
    }
    stream.write_all(b"S").await?;
    let mut stream = acceptor.accept(stream).await?;
    let mut server = UnixStream::connect(socket).await?;
    copy_bidirectional(&mut stream, &mut server).await?;
    Ok(())
}

#[tokio::test]
async fn both_sides_show_a_certificate_and_no_other_authority_is_trusted() {
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let database = testing::database().await.expect("a database");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let socket = database.server.folder().join(".s.PGSQL.5432");
    daemon::spawn(door(listener, acceptor(&ours), socket));

    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, pem: String| {
        let path = folder.path().join(name);
        fs::write(&path, pem).expect("written");
        path
    };
    let (certificate, key) = issue(&ours, &[]);
    let identity = Some((
        write("gateway.crt", certificate.pem()),
        write("gateway.key", key.serialize_pem()),
    ));
    let ours = write("ours.crt", ours.pem());
    let theirs = write("theirs.crt", theirs.pem());
    let settings = |host: &str, authorities: Option<&PathBuf>, identity| {
        let url = format!("postgresql://gateway@{host}:{port}/{}", database.name);
        Settings {
            authorities: authorities.cloned(),
            identity,
            ..Settings::new(url)
        }
    };
    let journal = connect(settings("127.0.0.1", Some(&ours), identity.clone())).await;
    append(&journal, batch(vec![registered(new_relocation())])).await;

    for (settings, reason) in [
        (
            settings("127.0.0.1", Some(&theirs), identity.clone()),
            "UnknownIssuer",
        ),
        (
            settings("localhost", Some(&ours), identity.clone()),
            "NotValidForName",
        ),
        // the door does not say why it closes
        (settings("127.0.0.1", Some(&ours), None), ""),
        (settings("127.0.0.1", None, None), ""),
    ] {
        let refused = PostgresJournal::connect(settings)
            .await
            .expect_err("refused");
        assert!(
            matches!(refused, ConnectError::Unreachable(_)),
            "{refused:?}"
        );
        let why = format!("{refused:?}");
        assert!(why.contains(reason), "{why}");
    }
}
