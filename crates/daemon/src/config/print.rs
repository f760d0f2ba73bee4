//! The configuration in force, as TOML. Holds paths, never what is in the files.

use std::fmt::Write as _;
use std::path::Path;

use super::{Config, Environment, Evidence, RootFiles, Service};
use crate::postgres::Settings;
use crate::telemetry::Format;

impl Config {
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
        section("", &[("environment", quoted(environment))]);
        section("listen", &[("grpc", quoted(&self.grpc.to_string()))]);
        let authorities = self.tls.client_authorities.as_deref();
        let mut tls = vec![
            ("certificate", path(&self.tls.certificate)),
            ("key", path(&self.tls.key)),
        ];
        tls.extend(authorities.map(|file| ("client_authorities", path(file))));
        let revocations = self.tls.revocations.as_deref();
        tls.extend(revocations.map(|file| ("revocations", path(file))));
        section("tls", &tls);
        self.stands_on(&mut section);
        section("evidence", &evidence(&self.evidence));
        section(
            "limits",
            &[
                ("calls_per_second", self.calls_per_second.to_string()),
                ("streams_per_caller", self.streams_per_caller.to_string()),
                ("keepalive_seconds", self.keepalive_seconds.to_string()),
                (
                    "keepalive_answer_seconds",
                    self.keepalive_answer_seconds.to_string(),
                ),
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

    /// The sections of what the service stands on.
    fn stands_on(&self, section: &mut impl FnMut(&str, &[(&str, String)])) {
        let url = ("url", quoted(&self.nats_url));
        match &self.service {
            Service::Serve {
                folder,
                roots,
                gateway_seed,
                ledger_seed,
            } => {
                let mut store = vec![("folder", path(folder))];
                store.append(&mut root_keys(roots));
                section("store", &store);
                let gateway_seed = ("gateway_seed", path(gateway_seed));
                let ledger_seed = ("ledger_seed", path(ledger_seed));
                section("nats", &[url, gateway_seed, ledger_seed]);
            }
            Service::Gateway {
                journal,
                keys,
                roots,
                gateway_seed,
            } => {
                section("store", &root_keys(roots));
                section("journal", &database(journal));
                section("keys", &database(keys));
                section("nats", &[url, ("gateway_seed", path(gateway_seed))]);
            }
            Service::Ledger {
                journal,
                ledger_seed,
            } => {
                section("journal", &database(journal));
                section("nats", &[url, ("ledger_seed", path(ledger_seed))]);
            }
        }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn path(path: &Path) -> String {
    quoted(&path.display().to_string())
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
