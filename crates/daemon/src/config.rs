//! The one configuration file: TOML, overridden by the environment, every fault reported at once. All services
//! may share it: each demands what it needs, and passes over what the others do.

mod print;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use domain::function::is_organisation_number;
use domain::municipality::{self, MunicipalityCode};

use crate::postgres::Settings;
use crate::reader::{ConfigError, Faults, Reader};
use crate::telemetry::{Filter, Format};
use crate::tls::{Bounds, Files};

/// Where the process runs. Outside production only official test numbers are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// Demo, tests, integration.
    #[default]
    Test,
    /// Real people.
    Production,
}

impl FromStr for Environment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "test" => Ok(Self::Test),
            "production" => Ok(Self::Production),
            _ => Err(()),
        }
    }
}

/// The services a process can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Gateway and ledger in one process, over SQLite.
    Serve,
    /// A gateway of several, over PostgreSQL.
    Gateway,
    /// A ledger of several, over PostgreSQL.
    Ledger,
}

/// Where the root keys are.
#[derive(Clone, Debug, Default)]
pub struct RootFiles {
    /// `store.root_key`: the file with the newest one.
    pub newest: PathBuf,
    /// `store.earlier_root_keys`: the files with those before it, while the key store moves.
    pub earlier: Vec<PathBuf>,
}

/// What a service stands on.
#[derive(Clone, Debug)]
pub enum Service {
    /// [`Kind::Serve`].
    Serve {
        /// `store.folder`: journal, read tables and key store are files in it.
        folder: PathBuf,
        /// `store.root_key` and `store.earlier_root_keys`.
        roots: RootFiles,
        /// `nats.gateway_seed`: the file with the gateway's seed.
        gateway_seed: PathBuf,
        /// `nats.ledger_seed`: the file with the ledger's seed.
        ledger_seed: PathBuf,
    },
    /// [`Kind::Gateway`].
    Gateway {
        /// `journal.*`: where the record is, as a gateway's role.
        journal: Settings,
        /// `keys.*`: where the key store is.
        keys: Settings,
        /// `store.root_key` and `store.earlier_root_keys`.
        roots: RootFiles,
        /// `nats.gateway_seed`: the file with the gateway's seed.
        gateway_seed: PathBuf,
    },
    /// [`Kind::Ledger`]: it holds no key to any body.
    Ledger {
        /// `journal.*`: where the record is, as a ledger's role.
        journal: Settings,
        /// `nats.ledger_seed`: the file with the ledger's seed.
        ledger_seed: PathBuf,
    },
}

/// Where `serve` remembers what was signed last, in its folder.
const MEMORY: &str = "signed.checkpoint";

/// Where NATS is.
#[derive(Clone, Debug)]
pub struct Nats {
    /// `nats.url`: of one server, or of several with commas between.
    pub url: String,
    /// `nats.authorities`: the authorities of the servers' certificates, PEM.
    pub authorities: Option<PathBuf>,
    /// `nats.replicas`: on how many servers of a cluster the stream is kept: 1, 3 or 5.
    pub replicas: u8,
}

/// What the Merkle log is signed and judged with.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// `evidence.signing_key`: the file with the log's key. Without it a ledger signs nothing.
    pub signing_key: Option<PathBuf>,
    /// `evidence.memory`: the file in which a ledger that signs remembers what was signed last, its own. For
    /// `serve` it lies in `store.folder` unless this says otherwise.
    pub memory: Option<PathBuf>,
    /// `evidence.policy`: the file that says which witnesses are enough.
    pub policy: Option<PathBuf>,
    /// `evidence.witness_authorities`: the authorities of the witnesses' certificates, PEM.
    pub witness_authorities: Option<PathBuf>,
    /// `evidence.witness_certificate` and `evidence.witness_key`: what is shown to witnesses that ask who we are, PEM.
    pub witness_identity: Option<(PathBuf, PathBuf)>,
}

/// What a process needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Which service, and what it stands on.
    pub service: Service,
    /// `environment`.
    pub environment: Environment,
    /// `listen.grpc`.
    pub grpc: SocketAddr,
    /// `tls.*`.
    pub tls: Files,
    /// `nats.*`.
    pub nats: Nats,
    /// `evidence.*`.
    pub evidence: Evidence,
    /// `limits.calls_per_second`: per caller, in the mean.
    pub calls_per_second: u32,
    /// `limits.streams_per_caller`: at once.
    pub streams_per_caller: u32,
    /// `limits.connections` and `limits.connections_per_certificate`: open at once.
    pub connections: Bounds,
    /// `limits.keepalive_seconds`: of silence on a connection, before it is asked whether its other end lives.
    pub keepalive_seconds: u32,
    /// `limits.keepalive_answer_seconds`: for the answer to that.
    pub keepalive_answer_seconds: u32,
    /// `log.format`.
    pub log_format: Format,
    /// `log.filter`.
    pub log_filter: Filter,
    /// `organisations`: organisation number to municipality, as loaded by the administrator.
    pub organisations: BTreeMap<String, MunicipalityCode>,
}

impl Service {
    /// Where its root keys are, if it has any.
    pub fn roots(&self) -> Option<&RootFiles> {
        match self {
            Self::Serve { roots, .. } | Self::Gateway { roots, .. } => Some(roots),
            Self::Ledger { .. } => None,
        }
    }
}

impl Config {
    /// Reads a file and the process's environment, for one service.
    pub fn load(path: &Path, kind: Kind) -> Result<Self, ConfigError> {
        Ok(Self::read(Reader::load(path)?, kind)?)
    }

    /// Reads text and an environment.
    pub fn parse(
        text: &str,
        environment: impl Iterator<Item = (String, String)>,
        kind: Kind,
    ) -> Result<Self, Faults> {
        Self::read(Reader::new(text, environment), kind)
    }

    fn read(mut reader: Reader, kind: Kind) -> Result<Self, Faults> {
        let environment = reader.required("environment", "test or production");
        let service = service(&mut reader, kind);
        let evidence = evidence(&mut reader, &service);
        let config = Self {
            service,
            environment,
            grpc: reader.address("listen.grpc"),
            tls: Files {
                certificate: reader.required("tls.certificate", "a path"),
                key: reader.required("tls.key", "a path"),
                client_authorities: Some(reader.required("tls.client_authorities", "a path")),
                revocations: reader.maybe("tls.revocations", "a path"),
            },
            nats: nats(&mut reader),
            evidence,
            calls_per_second: reader.count("limits.calls_per_second", 200),
            streams_per_caller: reader.count("limits.streams_per_caller", 64),
            connections: Bounds {
                connections: reader.count("limits.connections", 4096),
                per_certificate: reader.count("limits.connections_per_certificate", 128),
            },
            keepalive_seconds: reader.count("limits.keepalive_seconds", 30),
            keepalive_answer_seconds: reader.count("limits.keepalive_answer_seconds", 10),
            log_format: reader.optional("log.format", "text or json", Format::default()),
            log_filter: reader.optional("log.filter", Filter::EXPECTED, Filter::default()),
            organisations: organisations(&mut reader),
        };
        reader.end(config)
    }
}

/// Reads what every service needs, and demands what this one does.
fn service(reader: &mut Reader, kind: Kind) -> Service {
    let is_apart = kind != Kind::Serve;
    let mut path = |key: &str, is_needed| reader.needed(key, "a path", is_needed);
    let folder = path("store.folder", !is_apart);
    let newest = path("store.root_key", kind != Kind::Ledger);
    let gateway_seed = path("nats.gateway_seed", kind != Kind::Ledger);
    let ledger_seed = path("nats.ledger_seed", kind != Kind::Gateway);
    let roots = RootFiles {
        newest,
        earlier: reader.paths("store.earlier_root_keys"),
    };
    let journal = database(reader, "journal", is_apart);
    let keys = database(reader, "keys", kind == Kind::Gateway);
    match kind {
        Kind::Serve => Service::Serve {
            folder,
            roots,
            gateway_seed,
            ledger_seed,
        },
        Kind::Gateway => Service::Gateway {
            journal,
            keys,
            roots,
            gateway_seed,
        },
        Kind::Ledger => Service::Ledger {
            journal,
            ledger_seed,
        },
    }
}

/// Reads where NATS is.
fn nats(reader: &mut Reader) -> Nats {
    let expected = "1, 3 or 5";
    let nats = Nats {
        url: reader.required("nats.url", "a URL such as nats://127.0.0.1:4222"),
        authorities: reader.maybe("nats.authorities", "a path"),
        replicas: reader.optional("nats.replicas", expected, 1),
    };
    if ![1, 3, 5].contains(&nats.replicas) {
        let fault = format!("nats.replicas: {expected} is expected");
        reader.faults.push(fault);
    }
    nats
}

/// Reads where a database is.
fn database(reader: &mut Reader, section: &str, is_needed: bool) -> Settings {
    let key = |name: &str| format!("{section}.{name}");
    let url: String = reader.needed(&key("url"), "a postgresql:// URL", is_needed);
    let mut settings = Settings::new(url);
    let mut file = |name: &str| reader.maybe::<PathBuf>(&key(name), "a path");
    settings.password_file = file("password_file");
    settings.authorities = file("authorities");
    settings.identity = identity(reader, section, &key("certificate"), &key("key"));
    settings.connections_max = reader.count(&key("connections"), settings.connections_max);
    settings
}

/// Reads what the log is signed and judged with.
fn evidence(reader: &mut Reader, service: &Service) -> Evidence {
    let mut file = |key| reader.maybe(key, "a path");
    let mut evidence = Evidence {
        signing_key: file("evidence.signing_key"),
        memory: file("evidence.memory"),
        policy: file("evidence.policy"),
        witness_authorities: file("evidence.witness_authorities"),
        witness_identity: identity(
            reader,
            "evidence",
            "evidence.witness_certificate",
            "evidence.witness_key",
        ),
    };
    if evidence.signing_key.is_some() && evidence.memory.is_none() {
        match service {
            Service::Serve { folder, .. } => evidence.memory = Some(folder.join(MEMORY)),
            Service::Ledger { .. } => reader.faults.push(
                "evidence.memory: a path is expected, since there is a signing key".to_owned(),
            ),
            Service::Gateway { .. } => {}
        }
    }
    evidence
}

/// Reads who we are to somebody.
fn identity(
    reader: &mut Reader,
    section: &str,
    certificate: &str,
    key: &str,
) -> Option<(PathBuf, PathBuf)> {
    let mut file = |key| reader.maybe(key, "a path");
    match (file(certificate), file(key)) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            let fault = format!("{section}: certificate and key come together");
            reader.faults.push(fault);
            None
        }
    }
}

fn organisations(reader: &mut Reader) -> BTreeMap<String, MunicipalityCode> {
    let mut found = BTreeMap::new();
    for (number, code) in reader.texts("organisations") {
        let known = MunicipalityCode::parse(&code).and_then(municipality::find);
        let expected = match known {
            _ if !is_organisation_number(&number) => "an organisation number such as 212000-0183",
            None => "the code of a municipality",
            Some(known) => {
                found.insert(number, known.code);
                continue;
            }
        };
        let fault = format!("organisations.{number}: {expected} is expected");
        reader.faults.push(fault);
    }
    found
}

#[cfg(test)]
mod tests;
