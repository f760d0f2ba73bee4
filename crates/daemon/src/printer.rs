//! Writes a configuration in force as TOML, section by section. Holds paths, never what is in the files.

use std::fmt::Write as _;
use std::path::Path;

use crate::telemetry::{Filter, Format};
use crate::tls::Files;

/// What is written so far.
#[derive(Debug, Default)]
pub struct Printer(String);

impl Printer {
    /// Adds a section; one without a name comes first.
    pub fn section(&mut self, name: &str, keys: &[(&str, String)]) {
        if !name.is_empty() {
            writeln!(self.0, "\n[{name}]").ok();
        }
        for (key, value) in keys {
            writeln!(self.0, "{key} = {value}").ok();
        }
    }

    /// Adds where the certificates are.
    pub fn tls(&mut self, files: &Files) {
        let mut keys = vec![
            ("certificate", path(&files.certificate)),
            ("key", path(&files.key)),
        ];
        let authorities = files.client_authorities.as_deref();
        keys.extend(authorities.map(|file| ("client_authorities", path(file))));
        let revocations = files.revocations.as_deref();
        keys.extend(revocations.map(|file| ("revocations", path(file))));
        self.section("tls", &keys);
    }

    /// Adds what is logged.
    pub fn log(&mut self, format: Format, filter: &Filter) {
        let format = match format {
            Format::Text => "text",
            Format::Json => "json",
        };
        let keys = [
            ("format", quoted(format)),
            ("filter", quoted(filter.as_str())),
        ];
        self.section("log", &keys);
    }

    /// All of it.
    pub fn end(self) -> String {
        self.0
    }
}

/// A text as TOML.
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A path as TOML.
pub fn path(path: &Path) -> String {
    quoted(&path.display().to_string())
}
