//! PostgreSQL's own TLS: record and key store are reached over it, by a name that its certificate has, under an authority
//! that is trusted, and with a password that is bound to that very connection. Where no installed PostgreSQL has TLS and
//! whoever runs the tests says that none is to be had, this is said, and the door of `journal/src/postgres/tests/tls.rs`
//! stands in for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use daemon::postgres::Settings;
use daemon::postgres::testing::{Database, Server};
use journal::PostgresJournal;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tempfile::TempDir;
use tests::{Apart, SOLLEFTEA, SOLNA, run};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use vault::{RootKey, Vault};

use crate::access::announced;

/// The variable that says that no PostgreSQL with TLS is to be had.
const WITHOUT_TLS: &str = "FLYTTBUD_WITHOUT_POSTGRES_TLS";
const PASSWORD: &str = "a password of the tests";
/// What a client says first when it wants TLS: the length of the message, and a number that no version has.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A server with TLS, and the files of those who trust it.
struct Encrypted {
    server: Arc<Server>,
    folder: TempDir,
}

impl Encrypted {
    /// None when no PostgreSQL that is installed has TLS, and none is to be had.
    async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        for place in ["ours", "theirs"] {
            let place = path.join(place);
            std::fs::create_dir(&place).expect("a folder");
            run(&place, &["pki", "authority"]);
            run(&place, &["pki", "server", "--host", "127.0.0.1"]);
        }
        std::fs::write(path.join("password"), PASSWORD).expect("a password");
        std::fs::write(path.join("false"), "another").expect("a password");
        let [certificate, key] =
            ["server.pem", "server.key"].map(|file| path.join("ours").join(file));
        let started = Server::start_tls(&certificate, &key).await;
        let Some(server) = started.expect("a server") else {
            say_that_none_has_tls();
            return None;
        };
        let superuser = server
            .client("postgres", "postgres")
            .await
            .expect("a login");
        for user in ["gateway", "ledger", "keyholder"] {
            let role = format!("CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'");
            superuser.batch_execute(&role).await.expect("a role");
        }
        Some(Self {
            server: Arc::new(server),
            folder,
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A way to a database over TCP, as it should be.
    fn settings(&self, host: &str, port: u16, user: &str, database: &str) -> Settings {
        Settings {
            password_file: Some(self.file("password")),
            authorities: Some(self.file("ours/authority.pem")),
            ..Settings::new(format!("postgresql://{user}@{host}:{port}/{database}"))
        }
    }

    /// A record and a key store with their schemas.
    async fn databases(&self) -> [Database; 2] {
        let journal = journal::postgres::testing::database_on(self.server.clone()).await;
        let keys = Database::on(self.server.clone()).await.expect("a database");
        vault::postgres::migrate(&keys.owner()).await.expect("made");
        keys.admit("keyholder", "flyttbud_keys").await.expect("in");
        [journal.expect("a database"), keys]
    }
}

/// Not seen is not passed, unless whoever runs the tests says that there is nothing to see.
#[expect(
    clippy::print_stderr,
    reason = "whoever reads the test's output must know what it did not see"
)]
fn say_that_none_has_tls() {
    let none = "none of the installed PostgreSQL (FLYTTBUD_POSTGRES_BIN, PATH, /usr/lib/postgresql) has TLS built in";
    let is_known = std::env::var_os(WITHOUT_TLS).is_some();
    assert!(
        is_known,
        "{none}: install one (apt-get install postgresql), or say that none is to be had ({WITHOUT_TLS}=1)"
    );
    eprintln!(
        "{none}: `both_sides_show_a_certificate_and_no_other_authority_is_trusted` tests it through a door before \
         the server"
    );
}

/// Why a key store was not reached; none when it was.
async fn keys(settings: Settings, folder: &Path) -> Option<String> {
    let file = folder.join("root.key");
    let root = RootKey::read(&file).or_else(|_missing| RootKey::create(&file));
    let connected = Vault::connect(settings, root.expect("a root key"), 2026).await;
    connected.err().map(|error| format!("{error:?}"))
}

/// Why a record was not reached; none when it was.
async fn record(settings: Settings) -> Option<String> {
    let connected = PostgresJournal::connect(settings).await;
    connected.err().map(|error| format!("{error:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn services_apart_reach_record_and_keys_over_the_servers_own_tls() {
    let Some(encrypted) = Encrypted::start().await else {
        return;
    };
    let (port, server) = (encrypted.server.port(), encrypted.server.clone());
    let reached = |database: &str, user: &str| {
        format!(
            "url = \"postgresql://{user}@127.0.0.1:{port}/{database}\"\npassword_file = \"{}\"\nauthorities = \"{}\"",
            encrypted.file("password").display(),
            encrypted.file("ours/authority.pem").display()
        )
    };
    let mut world = Apart::reached(server.clone(), reached).await;
    let (solna, solleftea) = (world.party(SOLNA, 0).await, world.party(SOLLEFTEA, 1).await);
    let name = announced(&solna, 0).await;
    let read = solleftea.read(&name).await.expect("read");
    assert!(read.content.is_some(), "the keys are reached too");
    let superuser = server
        .client("postgres", "postgres")
        .await
        .expect("a login");
    let seen = "SELECT usename::text, bool_and(ssl), min(version)::text FROM pg_stat_ssl \
                JOIN pg_stat_activity USING (pid) WHERE client_addr IS NOT NULL \
                GROUP BY usename ORDER BY usename";
    let seen = superuser.query(seen, &[]).await.expect("rows");
    let seen: Vec<(String, bool, String)> = seen
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    let expected = ["gateway", "keyholder", "ledger"]
        .map(|user| (user.to_owned(), true, "TLSv1.3".to_owned()));
    assert_eq!(seen, expected);
    world.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_authority_or_name_or_in_the_clear_is_refused() {
    let Some(encrypted) = Encrypted::start().await else {
        return;
    };
    let port = encrypted.server.port();
    let [journal, key_store] = encrypted.databases().await;
    let clear = Server::start_in_the_clear().await.expect("a server");
    let cases: [(&str, u16, &str, &str, Option<&str>); 6] = [
        ("127.0.0.1", port, "ours/authority.pem", "password", None),
        (
            "127.0.0.1",
            port,
            "theirs/authority.pem",
            "password",
            Some("InvalidCertificate(BadSignature)"),
        ),
        (
            "127.0.0.2",
            port,
            "ours/authority.pem",
            "password",
            Some("NotValidForName"),
        ),
        (
            "127.0.0.1",
            port,
            "ours/authority.pem",
            "false",
            Some("password authentication failed"),
        ),
        // the server lets nobody in without TLS, and we take none for a server without
        ("127.0.0.1", port, "", "password", Some("no encryption")),
        (
            "127.0.0.1",
            clear.port(),
            "ours/authority.pem",
            "password",
            Some("does not support TLS"),
        ),
    ];
    for (host, port, authority, password, expected) in cases {
        let settings = |user, database: &Database| Settings {
            authorities: Some(authority)
                .filter(|name| !name.is_empty())
                .map(|name| encrypted.file(name)),
            password_file: Some(encrypted.file(password)),
            ..encrypted.settings(host, port, user, &database.name)
        };
        let refused = [
            record(settings("gateway", &journal)).await,
            keys(settings("keyholder", &key_store), encrypted.folder.path()).await,
        ];
        for why in refused {
            let is_as_expected = match (&why, expected) {
                (None, None) => true,
                (Some(why), Some(expected)) => why.contains(expected),
                (Some(_), None) | (None, Some(_)) => false,
            };
            assert!(
                is_as_expected,
                "{host}:{port} {authority} {password}: {why:?}"
            );
        }
    }
}

/// Whoever stands between, with a certificate that is trusted, and hands on every byte.
struct Between {
    accepts: TlsAcceptor,
    connects: TlsConnector,
    port: u16,
}

impl Between {
    fn new(folder: &Path, port: u16) -> anyhow::Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = CertificateDer::pem_file_iter(folder.join("server.pem"))?;
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key"))?;
        let accepts = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain.collect::<Result<_, _>>()?, key)?;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(folder.join("authority.pem"))?)?;
        let connects = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            accepts: Arc::new(accepts).into(),
            connects: Arc::new(connects).into(),
            port,
        })
    }

    async fn stand(self, listener: TcpListener) {
        while let Ok((stream, _from)) = listener.accept().await {
            // whoever is refused sees it
            self.pass(stream).await.ok();
        }
    }

    async fn pass(&self, mut stream: TcpStream) -> anyhow::Result<()> {
        let mut request = [0; 8];
        stream.read_exact(&mut request).await?;
        anyhow::ensure!(request == SSL_REQUEST, "TLS is asked for");
        stream.write_all(b"S").await?;
        let mut client = self.accepts.accept(stream).await?;
        let mut onward = TcpStream::connect(("127.0.0.1", self.port)).await?;
        onward.write_all(&SSL_REQUEST).await?;
        anyhow::ensure!(onward.read_u8().await? == b'S', "the server speaks TLS");
        let name = ServerName::try_from("127.0.0.1").context("a name")?;
        let mut server = self.connects.connect(name, onward).await?;
        copy_bidirectional(&mut client, &mut server).await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stands_between_with_a_trusted_certificate_gets_no_password_that_is_worth_anything() {
    let Some(encrypted) = Encrypted::start().await else {
        return;
    };
    let [journal, key_store] = encrypted.databases().await;
    // another certificate of the same authority, for the same address
    let ours = encrypted.file("ours");
    run(&ours, &["pki", "server", "--host", "127.0.0.1"]);
    let between = Between::new(&ours, encrypted.server.port()).expect("certificates");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    daemon::spawn(between.stand(listener));
    let settings =
        |user, database: &Database| encrypted.settings("127.0.0.1", port, user, &database.name);
    let refused = [
        record(settings("gateway", &journal)).await,
        keys(settings("keyholder", &key_store), encrypted.folder.path()).await,
    ];
    for why in refused {
        let why = why.expect("refused");
        assert!(why.contains("channel binding check failed"), "{why}");
    }
}
