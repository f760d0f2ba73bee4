//! The configuration in force, as TOML. Holds paths, never what is in the files.

use super::{Config, Environment, Evidence, RootFiles, Service};
use crate::postgres::Settings;
use crate::printer::{Printer, path, quoted};

impl Config {
    /// The configuration in force, as TOML. Holds paths, never what is in the files.
    pub fn print(&self) -> String {
        let mut printer = Printer::default();
        let environment = match self.environment {
            Environment::Test => "test",
            Environment::Production => "production",
        };
        printer.section("", &[("environment", quoted(environment))]);
        printer.section("listen", &[("grpc", quoted(&self.grpc.to_string()))]);
        printer.tls(&self.tls);
        self.stands_on(&mut printer);
        printer.section("evidence", &evidence(&self.evidence));
        printer.section(
            "limits",
            &[
                ("calls_per_second", self.calls_per_second.to_string()),
                ("streams_per_caller", self.streams_per_caller.to_string()),
                ("connections", self.connections.connections.to_string()),
                (
                    "connections_per_certificate",
                    self.connections.per_certificate.to_string(),
                ),
                ("keepalive_seconds", self.keepalive_seconds.to_string()),
                (
                    "keepalive_answer_seconds",
                    self.keepalive_answer_seconds.to_string(),
                ),
            ],
        );
        printer.log(self.log_format, &self.log_filter);
        let organisations: Vec<(String, String)> = self
            .organisations
            .iter()
            .map(|(number, code)| (quoted(number), quoted(&code.to_string())))
            .collect();
        let rows: Vec<(&str, String)> = organisations
            .iter()
            .map(|(number, code)| (number.as_str(), code.clone()))
            .collect();
        printer.section("organisations", &rows);
        printer.end()
    }

    /// The sections of what the service stands on.
    fn stands_on(&self, printer: &mut Printer) {
        let mut nats = vec![("url", quoted(&self.nats.url))];
        let authorities = self.nats.authorities.as_ref();
        nats.extend(authorities.map(|file| ("authorities", path(file))));
        nats.push(("replicas", self.nats.replicas.to_string()));
        match &self.service {
            Service::Serve {
                folder,
                roots,
                gateway_seed,
                ledger_seed,
            } => {
                let mut store = vec![("folder", path(folder))];
                store.append(&mut root_keys(roots));
                printer.section("store", &store);
                nats.push(("gateway_seed", path(gateway_seed)));
                nats.push(("ledger_seed", path(ledger_seed)));
            }
            Service::Gateway {
                journal,
                keys,
                roots,
                gateway_seed,
            } => {
                printer.section("store", &root_keys(roots));
                printer.section("journal", &database(journal));
                printer.section("keys", &database(keys));
                nats.push(("gateway_seed", path(gateway_seed)));
            }
            Service::Ledger {
                journal,
                ledger_seed,
            } => {
                printer.section("journal", &database(journal));
                nats.push(("ledger_seed", path(ledger_seed)));
            }
        }
        printer.section("nats", &nats);
    }
}

fn root_keys(roots: &RootFiles) -> Vec<(&'static str, String)> {
    let mut keys = vec![("root_key", path(&roots.newest))];
    if !roots.earlier.is_empty() {
        let earlier: Vec<String> = roots.earlier.iter().map(|file| path(file)).collect();
        keys.push(("earlier_root_keys", format!("[{}]", earlier.join(", "))));
    }
    keys
}

fn evidence(evidence: &Evidence) -> Vec<(&'static str, String)> {
    let identity = evidence.witness_identity.as_ref();
    let files = [
        ("signing_key", evidence.signing_key.as_ref()),
        ("memory", evidence.memory.as_ref()),
        ("policy", evidence.policy.as_ref()),
        ("witness_authorities", evidence.witness_authorities.as_ref()),
        ("witness_certificate", identity.map(|files| &files.0)),
        ("witness_key", identity.map(|files| &files.1)),
    ];
    files
        .into_iter()
        .filter_map(|(key, file)| Some((key, path(file?))))
        .collect()
}

/// A database's keys. A password that stands in the URL is not shown.
fn database(settings: &Settings) -> Vec<(&'static str, String)> {
    let mut keys = vec![("url", quoted(&without_password(&settings.url)))];
    let files = [
        ("password_file", settings.password_file.as_deref()),
        ("authorities", settings.authorities.as_deref()),
        (
            "certificate",
            settings.identity.as_ref().map(|files| files.0.as_path()),
        ),
        (
            "key",
            settings.identity.as_ref().map(|files| files.1.as_path()),
        ),
    ];
    for (key, file) in files {
        keys.extend(file.map(|file| (key, path(file))));
    }
    keys.push(("connections", settings.connections_max.to_string()));
    keys
}

fn without_password(url: &str) -> String {
    // where a URL has parameters, or is a line of them, a password may be one of them
    if url.to_ascii_lowercase().contains("password") {
        return "(holds a password)".to_owned();
    }
    let shown = || {
        let (scheme, rest) = url.split_once("://")?;
        let (who, place) = rest.split_once('@')?;
        let (user, _password) = who.split_once(':')?;
        Some(format!("{scheme}://{user}@{place}"))
    };
    shown().unwrap_or_else(|| url.to_owned())
}
