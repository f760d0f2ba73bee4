//! TLS to the database: both sides show a certificate, and a server of another authority is refused.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daemon::postgres::testing::Server;
use daemon::postgres::{ConnectError, Settings};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use super::{connect, superuser};
use crate::conformance::given::{append, batch, new_relocation, registered};
use crate::postgres::PostgresJournal;
use crate::postgres::testing;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("params");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    Authority::self_signed(params, key).expect("an authority")
}

/// A certificate and its key, PEM.
fn issue(authority: &Authority, name: &str, hosts: &[&str]) -> (String, String) {
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(hosts).expect("params");
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, authority).expect("signed");
    (certificate.pem(), key.serialize_pem())
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("private");
    // whose folder it is, who reads it
    let owner = folder.metadata().expect("a folder");
    chown(&path, Some(owner.uid()), Some(owner.gid())).expect("given");
    path
}

/// A server on a port that lets in only who shows a certificate of the authority.
async fn server(authority: &Authority) -> (Arc<Server>, u16) {
    // nobody else takes a port in the moment until the server does
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let lines = "listen_addresses = '127.0.0.1'\nssl_ca_file = 'root.crt'";
    let server = Server::start_with(port, lines).await.expect("a server");
    let data = server.folder().join("data");
    let (certificate, key) = issue(authority, "server", &["127.0.0.1"]);
    write(&data, "root.crt", &authority.pem());
    write(&data, "server.crt", &certificate);
    write(&data, "server.key", &key);
    write(&data, "postgresql.auto.conf", "ssl = on\n");
    let let_in = "local all all trust\nhostssl all all 127.0.0.1/32 cert\n";
    write(&data, "pg_hba.conf", let_in);
    server.restart().await.expect("restarted");
    (Arc::new(server), port)
}

#[tokio::test]
async fn both_sides_show_a_certificate_and_no_other_authority_is_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let (server, port) = server(&ours).await;
    let database = testing::database_on(server).await.expect("a database");
    let (certificate, key) = issue(&ours, "gateway", &[]);
    let identity = (
        write(folder.path(), "gateway.crt", &certificate),
        write(folder.path(), "gateway.key", &key),
    );
    let ours = write(folder.path(), "ours.crt", &ours.pem());
    let theirs = write(folder.path(), "theirs.crt", &theirs.pem());
    let settings = |host: &str, authorities: &PathBuf, identity| Settings {
        authorities: Some(authorities.clone()),
        identity,
        ..Settings::new(format!(
            "postgresql://gateway@{host}:{port}/{}",
            database.name
        ))
    };
    let shown = || Some(identity.clone());
    let journal = connect(settings("127.0.0.1", &ours, shown())).await;
    append(&journal, batch(vec![registered(new_relocation())])).await;
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
         WHERE usename = 'gateway'";
    let superuser = superuser(&database).await;
    let encrypted: bool = superuser
        .query_one_scalar(encrypted, &[])
        .await
        .expect("told");
    assert!(encrypted);

    for (settings, reason) in [
        (settings("127.0.0.1", &theirs, shown()), "UnknownIssuer"),
        (settings("localhost", &ours, shown()), "NotValidForName"),
        (
            settings("127.0.0.1", &ours, None),
            "requires a valid client certificate",
        ),
    ] {
        let refused = PostgresJournal::connect(settings).await.expect_err(reason);
        assert!(
            matches!(refused, ConnectError::Unreachable(_)),
            "{refused:?}"
        );
        let why = format!("{refused:?}");
        assert!(why.contains(reason), "{why}");
    }
}
