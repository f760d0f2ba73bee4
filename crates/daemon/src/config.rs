//! The one configuration file: TOML, overridden by the environment, every fault reported at once.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use domain::municipality::MunicipalityCode;

use crate::reader::Reader;
use crate::telemetry::Format;
use crate::tls::Files;

pub use crate::reader::Faults;

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

/// What a process needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// `environment`.
    pub environment: Environment,
    /// `listen.grpc`.
    pub grpc: SocketAddr,
    /// `tls.*`.
    pub tls: Files,
    /// `store.folder`: journal, read tables and key store are files in it.
    pub folder: PathBuf,
    /// `store.root_key`: the file with the root key.
    pub root_key: PathBuf,
    /// `nats.url`.
    pub nats_url: String,
    /// `nats.gateway_seed`: the file with the gateway's seed.
    pub gateway_seed: PathBuf,
    /// `nats.ledger_seed`: the file with the ledger's seed.
    pub ledger_seed: PathBuf,
    /// `limits.calls_per_second`: per caller, in the mean.
    pub calls_per_second: u32,
    /// `limits.streams_per_caller`: at once.
    pub streams_per_caller: u32,
    /// `log.format`.
    pub log_format: Format,
    /// `log.filter`.
    pub log_filter: String,
    /// `organisations`: organisation number to municipality, as loaded by the administrator.
    pub organisations: BTreeMap<String, MunicipalityCode>,
}

/// The configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("'{}' cannot be read", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It has faults.
    #[error(transparent)]
    Faults(#[from] Faults),
}

#[derive(Default)]
struct Address(Option<SocketAddr>);

impl FromStr for Address {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(|address| Self(Some(address)))
    }
}

impl Config {
    /// Reads a file and the process's environment.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::File {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::parse(&text, std::env::vars())?)
    }

    /// Reads text and an environment.
    pub fn parse(
        text: &str,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Faults> {
        let mut reader = Reader::new(text, environment);
        let grpc: Address = reader.required("listen.grpc", "an address such as 127.0.0.1:8443");
        let format: String = reader.optional("log.format", "text or json", "text".to_owned());
        if !matches!(format.as_str(), "text" | "json") {
            reader
                .faults
                .push("log.format: text or json is expected".to_owned());
        }
        let environment = reader.required("environment", "test or production");
        let config = Self {
            environment,
            grpc: grpc
                .0
                .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))),
            tls: Files {
                certificate: reader.required("tls.certificate", "a path"),
                key: reader.required("tls.key", "a path"),
                client_authorities: reader.required("tls.client_authorities", "a path"),
            },
            folder: reader.required("store.folder", "a path"),
            root_key: reader.required("store.root_key", "a path"),
            nats_url: reader.required("nats.url", "a URL such as nats://127.0.0.1:4222"),
            gateway_seed: reader.required("nats.gateway_seed", "a path"),
            ledger_seed: reader.required("nats.ledger_seed", "a path"),
            calls_per_second: reader.optional("limits.calls_per_second", "a number", 200),
            streams_per_caller: reader.optional("limits.streams_per_caller", "a number", 64),
            log_format: if format == "json" {
                Format::Json
            } else {
                Format::Text
            },
            log_filter: reader.optional("log.filter", "a filter", "info".to_owned()),
            organisations: organisations(&mut reader),
        };
        if config.calls_per_second == 0 {
            reader
                .faults
                .push("limits.calls_per_second: at least 1 is expected".to_owned());
        }
        reader.end(config)
    }

    /// The configuration in force, as TOML. Holds paths, never what is in the files.
    pub fn print(&self) -> String {
        let mut text = String::new();
        let environment = match self.environment {
            Environment::Test => "test",
            Environment::Production => "production",
        };
        let format = match self.log_format {
            Format::Text => "text",
            Format::Json => "json",
        };
        let mut section = |name: &str, keys: &[(&str, String)]| {
            if !name.is_empty() {
                writeln!(text, "\n[{name}]").ok();
            }
            for (key, value) in keys {
                writeln!(text, "{key} = {value}").ok();
            }
        };
        let path = |path: &Path| quoted(&path.display().to_string());
        section("", &[("environment", quoted(environment))]);
        section("listen", &[("grpc", quoted(&self.grpc.to_string()))]);
        section(
            "tls",
            &[
                ("certificate", path(&self.tls.certificate)),
                ("key", path(&self.tls.key)),
                ("client_authorities", path(&self.tls.client_authorities)),
            ],
        );
        section(
            "store",
            &[
                ("folder", path(&self.folder)),
                ("root_key", path(&self.root_key)),
            ],
        );
        section(
            "nats",
            &[
                ("url", quoted(&self.nats_url)),
                ("gateway_seed", path(&self.gateway_seed)),
                ("ledger_seed", path(&self.ledger_seed)),
            ],
        );
        section(
            "limits",
            &[
                ("calls_per_second", self.calls_per_second.to_string()),
                ("streams_per_caller", self.streams_per_caller.to_string()),
            ],
        );
        section(
            "log",
            &[
                ("format", quoted(format)),
                ("filter", quoted(&self.log_filter)),
            ],
        );
        let organisations: Vec<(String, String)> = self
            .organisations
            .iter()
            .map(|(number, code)| (quoted(number), quoted(&code.to_string())))
            .collect();
        let rows: Vec<(&str, String)> = organisations
            .iter()
            .map(|(number, code)| (number.as_str(), code.clone()))
            .collect();
        section("organisations", &rows);
        text
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn organisations(reader: &mut Reader) -> BTreeMap<String, MunicipalityCode> {
    let mut found = BTreeMap::new();
    for (number, code) in reader.texts("organisations") {
        match MunicipalityCode::parse(&code) {
            Some(code) => {
                found.insert(number, code);
            }
            None => reader.faults.push(format!(
                "organisations.{number}: a municipality code is expected"
            )),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
environment = "test"
[listen]
grpc = "127.0.0.1:8443"
[tls]
certificate = "a.pem"
key = "a.key"
client_authorities = "ca.pem"
[store]
folder = "data"
root_key = "root.key"
[nats]
url = "nats://127.0.0.1:4222"
gateway_seed = "g"
ledger_seed = "l"
"#;

    fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Config, Faults> {
        let environment = environment
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Config::parse(text, environment)
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let Err(Faults { faults }) = parse("envronment = \"test\"\n[listen]\ngrpc = \"x\"\n", &[])
        else {
            panic!("faults are expected")
        };
        for key in [
            "envronment",
            "environment",
            "listen.grpc",
            "tls.key",
            "nats.url",
        ] {
            assert!(
                faults.iter().any(|fault| fault.starts_with(key)),
                "{key} in {faults:?}"
            );
        }
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let config = parse(GOOD, &[("FLYTTBUD__LISTEN__GRPC", "127.0.0.1:9000")]).expect("good");
        assert_eq!(config.grpc.port(), 9000);
    }

    #[test]
    fn the_shipped_example_is_good() {
        let example = include_str!("../../../deploy/flyttbud.example.toml");
        let config = parse(example, &[]).expect("the example");
        assert_eq!(config.organisations.len(), 1);
    }

    /// A good file with one line changed: exactly these keys are at fault.
    fn check(from: &str, to: &str, expect: &[&str]) {
        assert!(GOOD.contains(from), "{from}");
        let Err(Faults { faults }) = parse(&GOOD.replace(from, to), &[]) else {
            panic!("'{to}' is let through")
        };
        let keys: Vec<&str> = faults
            .iter()
            .filter_map(|fault| fault.split(':').next())
            .collect();
        assert_eq!(keys, expect, "{faults:?}");
    }

    #[test]
    fn each_fault_is_named_by_its_key() {
        let limits = |line: &str| format!("[limits]\n{line}\n[tls]");
        check("\"test\"", "\"demo\"", &["environment"]);
        check("127.0.0.1:8443", "localhost", &["listen.grpc"]);
        check("url = \"nats://127.0.0.1:4222\"\n", "", &["nats.url"]);
        check("root_key", "rot_key", &["store.root_key", "store.rot_key"]);
        check(
            "[nats]",
            "[nats.more]",
            &[
                "nats.url",
                "nats.gateway_seed",
                "nats.ledger_seed",
                "nats.more.gateway_seed",
                "nats.more.ledger_seed",
                "nats.more.url",
            ],
        );
        check("\"data\"", "[\"data\"]", &["store.folder", "store.folder"]);
        for (line, key) in [
            ("calls_per_second = -1", "limits.calls_per_second"),
            ("calls_per_second = 0", "limits.calls_per_second"),
            ("streams_per_caller = 1.5", "limits.streams_per_caller"),
        ] {
            check("[tls]", &limits(line), &[key]);
        }
        let more = |text: &str| format!("{text}\n[tls]");
        check("[tls]", &more("[log]\nformat = \"xml\""), &["log.format"]);
        let organisations = "[organisations]\n\"212000-0183\" = \"184\"";
        check(
            "[tls]",
            &more(organisations),
            &["organisations.212000-0183"],
        );
    }

    #[test]
    fn a_file_that_is_not_toml_says_so_first() {
        let Err(Faults { faults }) = parse("[listen", &[]) else {
            panic!("faults are expected")
        };
        assert!(faults[0].starts_with("the file is not TOML"), "{faults:?}");
    }

    #[test]
    fn no_value_of_the_file_is_echoed_in_a_fault() {
        let text = GOOD.replace("127.0.0.1:8443", "hemligt");
        let faults = parse(&text, &[]).expect_err("a fault");
        assert!(!faults.to_string().contains("hemligt"), "{faults}");
    }

    #[test]
    fn what_is_printed_is_read_back_the_same() {
        let config = parse(GOOD, &[]).expect("good");
        let again = parse(&config.print(), &[]).expect("printed");
        assert_eq!(again.print(), config.print());
    }
}
