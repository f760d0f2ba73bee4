//! Where the database is, and who we are to it. Passwords are never shown, and nothing is sent in the clear to
//! another machine.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::ConnectError;
use crate::limits::{CONNECT, STATEMENT, UNCONFIRMED};
use crate::tls::pem_items;

/// Which database, and how much of it a process takes. Files are read again at each new connection.
#[derive(Clone)]
pub struct Settings {
    /// `postgresql://user:password@host:port,host:port/database`. Of several hosts the one that takes writes
    /// is used. Only user, password, hosts, ports, database and `application_name` count.
    pub url: String,
    /// Holds the password, when it is not in the URL.
    pub password_file: Option<PathBuf>,
    /// The authorities of the servers' certificates, PEM. Without them only this machine is spoken to.
    pub authorities: Option<PathBuf>,
    /// Our certificate with its chain, and our key, PEM, when the server asks for one.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Connections for reads, at most. Two more are kept: one that writes, one that listens.
    pub connections_max: usize,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settings(..)")
    }
}

impl Settings {
    /// A database on this machine, with eight connections for reads.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            password_file: None,
            authorities: None,
            identity: None,
            connections_max: 8,
        }
    }

    /// Whether a connection could be tried: the URL, and every file that is named.
    pub fn check(&self) -> Result<(), ConnectError> {
        self.hosts()?;
        self.tls()?;
        Ok(())
    }

    /// One configuration for each host, in their order.
    pub(super) fn hosts(&self) -> Result<Vec<Config>, ConnectError> {
        let url: Config = self.url.parse().map_err(ConnectError::Url)?;
        let password = match &self.password_file {
            Some(path) => Some(read(path)?.trim_end_matches(['\r', '\n']).to_owned()),
            None => None,
        };
        let mut hosts = Vec::new();
        for (nth, host) in url.get_hosts().iter().enumerate() {
            let ports = url.get_ports();
            let mut config = Config::new();
            match host {
                Host::Tcp(name) => config.host(name),
                Host::Unix(folder) => config.host_path(folder),
            };
            config
                .port(ports.get(nth).or(ports.first()).copied().unwrap_or(5432))
                .ssl_mode(self.tls_to(host)?)
                .target_session_attrs(TargetSessionAttrs::ReadWrite)
                .connect_timeout(CONNECT)
                .tcp_user_timeout(UNCONFIRMED)
                .keepalives_idle(UNCONFIRMED)
                .application_name(url.get_application_name().unwrap_or("flyttbud"))
                .options(options());
            if let Some(user) = url.get_user() {
                config.user(user);
            }
            if let Some(name) = url.get_dbname() {
                config.dbname(name);
            }
            if let Some(password) = password
                .as_deref()
                .map(str::as_bytes)
                .or(url.get_password())
            {
                config.password(password);
            }
            hosts.push(config);
        }
        Ok(hosts)
    }

    fn tls_to(&self, host: &Host) -> Result<SslMode, ConnectError> {
        match host {
            Host::Unix(_) => Ok(SslMode::Disable),
            Host::Tcp(_) if self.authorities.is_some() => Ok(SslMode::Require),
            Host::Tcp(name) if is_this_machine(name) => Ok(SslMode::Disable),
            Host::Tcp(name) => Err(ConnectError::Plaintext { host: name.clone() }),
        }
    }

    /// Trusts the authorities that are named, and nobody when none are.
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect, ConnectError> {
        let mut roots = RootCertStore::empty();
        if let Some(path) = &self.authorities {
            for authority in certificates(path)? {
                roots.add(authority).map_err(ConnectError::Tls)?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let trusting = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(ConnectError::Tls)?
            .with_root_certificates(roots);
        let config = match &self.identity {
            Some((certificate, key)) => {
                let der =
                    PrivateKeyDer::from_pem_file(key).map_err(|source| unusable(key, source))?;
                trusting
                    .with_client_auth_cert(certificates(certificate)?, der)
                    .map_err(ConnectError::Tls)?
            }
            None => trusting.with_no_client_auth(),
        };
        Ok(MakeRustlsConnect::new(config))
    }
}

/// What each session is set to. Every query of ours is answered from an index, one row after the other: a table
/// that has just grown must not tempt the planner, and a plan that was made stays the right one.
fn options() -> String {
    let limit = STATEMENT.as_millis();
    format!(
        "-c statement_timeout={limit} -c idle_in_transaction_session_timeout={limit} \
         -c client_connection_check_interval=1000 -c jit=off -c enable_seqscan=off \
         -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off \
         -c max_parallel_workers_per_gather=0 -c plan_cache_mode=force_generic_plan"
    )
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

fn read(path: &Path) -> Result<String, ConnectError> {
    std::fs::read_to_string(path).map_err(|source| ConnectError::File {
        path: path.to_owned(),
        source,
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    pem_items(path).map_err(|source| unusable(path, source))
}

fn unusable(path: &Path, source: pem::Error) -> ConnectError {
    ConnectError::Pem {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_in_the_clear_to_another_machine() {
        for (url, expected) in [
            ("postgresql://u@localhost/d", Ok(SslMode::Disable)),
            ("postgresql://u@127.0.0.1/d", Ok(SslMode::Disable)),
            ("postgresql://u@[::1]/d", Ok(SslMode::Disable)),
            ("postgresql://u@%2Frun%2Fpostgresql/d", Ok(SslMode::Disable)),
            ("postgresql://u@10.0.0.1/d?sslmode=disable", Err("10.0.0.1")),
            ("postgresql://u@localhost,db.example/d", Err("db.example")),
        ] {
            match (Settings::new(url).hosts(), expected) {
                (Ok(hosts), Ok(mode)) => assert_eq!(hosts[0].get_ssl_mode(), mode, "{url}"),
                (Err(ConnectError::Plaintext { host }), Err(named)) => assert_eq!(host, named),
                (other, _) => panic!("{url}: {other:?}"),
            }
            let authorities = Some(PathBuf::from("ca.pem"));
            let settings = Settings {
                authorities,
                ..Settings::new(url)
            };
            for host in settings.hosts().expect("hosts") {
                let is_socket = matches!(host.get_hosts(), [Host::Unix(_)]);
                assert_eq!(host.get_ssl_mode() == SslMode::Disable, is_socket, "{url}");
            }
        }
    }

    #[test]
    fn each_host_has_its_port_and_must_take_writes() {
        let hosts = Settings::new("postgresql://u:p@localhost:1,127.0.0.1:2/d").hosts();
        let seen: Vec<_> = hosts
            .expect("hosts")
            .iter()
            .map(|host| (host.get_ports().to_vec(), host.get_target_session_attrs()))
            .collect();
        let expected = [1, 2].map(|port| (vec![port], TargetSessionAttrs::ReadWrite));
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_password_is_read_from_its_file_and_never_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("password");
        std::fs::write(&path, "hush-file\n").expect("written");
        let mut settings = Settings::new("postgresql://u:hush-url@localhost/d");
        let password = |settings: &Settings| {
            let hosts = settings.hosts().expect("hosts");
            let shown = format!("{settings:?} {hosts:?}");
            assert!(!shown.contains("hush"), "{shown}");
            hosts[0].get_password().map(<[u8]>::to_vec)
        };
        assert_eq!(password(&settings).as_deref(), Some(&b"hush-url"[..]));
        settings.password_file = Some(path);
        assert_eq!(password(&settings).as_deref(), Some(&b"hush-file"[..]));
    }
}
