//! The configuration file of a witness: TOML, overridden by the environment, every fault reported at once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use daemon::printer::{Printer, path, quoted};
use daemon::reader::{ConfigError, Faults, Reader};
use daemon::telemetry::{Filter, Format};
use daemon::tls::Files;
use tlog::key::{Log, Verifier};

/// Where the logs stand that are known.
const LOGS: &str = "known_logs";

/// What a witness needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// `listen.https`.
    pub https: SocketAddr,
    /// `tls.*`. Without `tls.client_authorities` anybody may ask: each request is signed by its log.
    pub tls: Files,
    /// `witness.folder`: what was cosigned last, and contradictions.
    pub folder: PathBuf,
    /// `witness.signing_key`: the file with its key.
    pub signing_key: PathBuf,
    /// `known_logs`: a name for each key, and the key. Several keys may be of one log.
    pub logs: BTreeMap<String, Verifier<Log>>,
    /// `log.format`.
    pub log_format: Format,
    /// `log.filter`.
    pub log_filter: Filter,
}

impl Config {
    /// Reads a file and the process's environment.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Ok(Self::read(Reader::load(path)?)?)
    }

    /// The configuration in force, as TOML. Holds paths, never what is in the files; the keys of logs are public.
    pub fn print(&self) -> String {
        let mut printer = Printer::default();
        printer.section("listen", &[("https", quoted(&self.https.to_string()))]);
        printer.tls(&self.tls);
        printer.section(
            "witness",
            &[
                ("folder", path(&self.folder)),
                ("signing_key", path(&self.signing_key)),
            ],
        );
        let logs = self.logs.iter();
        let logs: Vec<(String, String)> = logs
            .map(|(name, key)| (quoted(name), quoted(&key.to_string())))
            .collect();
        let logs: Vec<(&str, String)> = logs
            .iter()
            .map(|(name, key)| (name.as_str(), key.clone()))
            .collect();
        printer.section(LOGS, &logs);
        printer.log(self.log_format, &self.log_filter);
        printer.end()
    }

    fn read(mut reader: Reader) -> Result<Self, Faults> {
        let config = Self {
            https: reader.address("listen.https"),
            tls: Files {
                certificate: reader.required("tls.certificate", "a path"),
                key: reader.required("tls.key", "a path"),
                client_authorities: reader.maybe("tls.client_authorities", "a path"),
                revocations: reader.maybe("tls.revocations", "a path"),
            },
            folder: reader.required("witness.folder", "a path"),
            signing_key: reader.required("witness.signing_key", "a path"),
            logs: logs(&mut reader),
            log_format: reader.optional("log.format", "text or json", Format::default()),
            log_filter: reader.optional("log.filter", Filter::EXPECTED, Filter::default()),
        };
        if config.tls.revocations.is_some() && config.tls.client_authorities.is_none() {
            reader.faults.push(
                "tls.revocations: nobody is asked for a certificate without tls.client_authorities"
                    .to_owned(),
            );
        }
        reader.end(config)
    }
}

fn logs(reader: &mut Reader) -> BTreeMap<String, Verifier<Log>> {
    let mut found = BTreeMap::new();
    for (name, key) in reader.texts(LOGS) {
        match Verifier::parse(&key) {
            Ok(key) => {
                found.insert(name, key);
            }
            Err(fault) => reader.faults.push(format!("{LOGS}.{name}: {fault}")),
        }
    }
    if found.is_empty() && reader.faults.is_empty() {
        let missing = format!("{LOGS}: missing; a key for each log is expected");
        reader.faults.push(missing);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[listen]
https = "127.0.0.1:8444"
[tls]
certificate = "a.pem"
key = "a.key"
[witness]
folder = "witness"
signing_key = "witness.key"
[known_logs]
old = "KEY"
"#;

    /// The good file with one text in the place of another: these keys are at fault.
    fn check(from: &str, to: &str, expect: &[&str]) {
        assert!(GOOD.contains(from), "{from}");
        let key = crate::given::log().verifier().to_string();
        let text = GOOD.replace(from, to).replace("KEY", &key);
        let read = Config::read(Reader::new(&text, std::iter::empty()));
        let faults = read.map_or_else(|faults| faults.faults, |_good| Vec::new());
        let keys: Vec<&str> = faults
            .iter()
            .filter_map(|one| one.split(':').next())
            .collect();
        assert_eq!(keys, expect, "{faults:?}");
    }

    #[test]
    fn what_is_printed_reads_as_the_same() {
        let key = crate::given::log().verifier().to_string();
        let more = "[tls]\nclient_authorities = \"ca.pem\"\nrevocations = \"crl \\\"1\\\".pem\"\n";
        for text in [GOOD.to_owned(), GOOD.replace("[tls]\n", more)] {
            let text = text
                .replace("KEY", &key)
                .replace("old =", "\"the old one\" =");
            let read = |text: &str| Config::read(Reader::new(text, std::iter::empty()));
            let config = read(&text).expect("good");
            let printed = config.print();
            let again = read(&printed).expect("good");
            assert_eq!(format!("{again:?}"), format!("{config:?}"), "{printed}");
        }
    }

    #[test]
    fn each_fault_is_named_by_its_key() {
        check("a.pem", "a.pem", &[]);
        check("[tls]\n", "[tls]\nclient_authorities = \"ca.pem\"\n", &[]);
        check("127.0.0.1:8444", "localhost", &["listen.https"]);
        check(
            "signing_key",
            "signin_key",
            &["witness.signing_key", "witness.signin_key"],
        );
        check("KEY", "another+KEY", &["known_logs.old"]);
        check("old =", "# old =", &["known_logs"]);
    }
}
