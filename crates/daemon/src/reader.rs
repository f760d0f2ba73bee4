//! Reads a configuration table field by field and collects every fault before it reports the first.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use toml::{Table, Value};

/// A configuration with faults: all of them.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} fault(s):\n{}", faults.len(), faults.join("\n"))]
pub struct Faults {
    /// One line each: the key, and what is wrong.
    pub faults: Vec<String>,
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

/// A table being read.
#[derive(Debug)]
pub struct Reader {
    table: Table,
    known: BTreeSet<String>,
    /// What is wrong so far; whoever judges more than single values adds to it.
    pub faults: Vec<String>,
}

impl Reader {
    /// From a file and the process's environment.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::File {
            path: path.to_owned(),
            source,
        })?;
        // what is not ours may be no text at all; ours that is none is a fault of its value
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            Some((name, value.to_string_lossy().into_owned()))
        });
        Ok(Self::new(&text, environment))
    }

    /// From TOML text and an environment: `FLYTTBUD__LISTEN__GRPC=…` overrides `listen.grpc`.
    pub fn new(text: &str, environment: impl Iterator<Item = (String, String)>) -> Self {
        let mut faults = Vec::new();
        let mut table = text.parse::<Table>().unwrap_or_else(|error| {
            faults.push(format!("the file is not TOML: {}", error.message()));
            Table::new()
        });
        for (name, value) in environment {
            if let Some(path) = name.strip_prefix("FLYTTBUD__") {
                let path = path.to_lowercase();
                let keys: Vec<&str> = path.split("__").collect();
                set(&mut table, &keys, value);
            }
        }
        Self {
            table,
            known: BTreeSet::new(),
            faults,
        }
    }

    fn value(&mut self, path: &str) -> Option<String> {
        self.known.insert(path.to_owned());
        let mut keys = path.split('.');
        let mut value = self.table.get(keys.next()?)?;
        for key in keys {
            value = value.as_table()?.get(key)?;
        }
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Table(_) | Value::Array(_) => {
                self.faults
                    .push(format!("{path}: a single value is expected"));
                None
            }
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
                Some(value.to_string())
            }
        }
    }

    /// A value that must be there; its default stands in when it has a fault.
    pub fn required<T: FromStr + Default>(&mut self, path: &str, what: &str) -> T {
        self.demanded(path, what).unwrap_or_default()
    }

    fn demanded<T: FromStr>(&mut self, path: &str, what: &str) -> Option<T> {
        if let Some(text) = self.value(path) {
            return self.parsed(path, &text, what);
        }
        self.faults
            .push(format!("{path}: missing; {what} is expected"));
        None
    }

    /// Where to listen, which must be there; a free port of this machine stands in when it has a fault.
    pub fn address(&mut self, path: &str) -> SocketAddr {
        self.demanded(path, "an address such as 127.0.0.1:8443")
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// A value that must be there when it is needed; its default stands in when it is not there.
    pub fn needed<T: FromStr + Default>(&mut self, path: &str, what: &str, is_needed: bool) -> T {
        if is_needed {
            self.required(path, what)
        } else {
            self.maybe(path, what).unwrap_or_default()
        }
    }

    /// A value that may be there.
    pub fn maybe<T: FromStr>(&mut self, path: &str, what: &str) -> Option<T> {
        let text = self.value(path)?;
        self.parsed(path, &text, what)
    }

    /// A value with a default, which stands in when it has a fault.
    pub fn optional<T: FromStr>(&mut self, path: &str, what: &str, default: T) -> T {
        self.maybe(path, what).unwrap_or(default)
    }

    /// A number of at least 1 with a default, which stands in when it has a fault.
    pub fn count<T: FromStr + From<u8> + PartialEq>(&mut self, path: &str, default: T) -> T {
        let what = "a number of at least 1";
        let count = self.optional(path, what, default);
        if count == T::from(0) {
            self.faults.push(format!("{path}: {what} is expected"));
        }
        count
    }

    fn parsed<T: FromStr>(&mut self, path: &str, text: &str, what: &str) -> Option<T> {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.faults.push(format!("{path}: {what} is expected"));
        }
        parsed
    }

    /// Paths that may be there: a list; from the environment one value, with colons between them.
    pub fn paths(&mut self, path: &str) -> Vec<PathBuf> {
        self.known.insert(path.to_owned());
        let mut keys = path.split('.');
        let found = keys.next().and_then(|key| self.table.get(key));
        let found = keys.fold(found, |value, key| value?.as_table()?.get(key));
        let texts: Option<Vec<&str>> = match found {
            None => return Vec::new(),
            Some(Value::Array(list)) => list.iter().map(Value::as_str).collect(),
            Some(Value::String(text)) => Some(text.split(':').collect()),
            Some(_) => None,
        };
        let Some(texts) = texts.filter(|texts| texts.iter().all(|text| !text.is_empty())) else {
            let fault = format!("{path}: a list of paths is expected");
            self.faults.push(fault);
            return Vec::new();
        };
        texts.into_iter().map(PathBuf::from).collect()
    }

    /// A table of texts, for example organisation numbers.
    pub fn texts(&mut self, path: &str) -> Vec<(String, String)> {
        self.known.insert(path.to_owned());
        let table = match self.table.get(path) {
            None => return Vec::new(),
            Some(Value::Table(table)) => table,
            Some(_) => {
                self.faults.push(format!("{path}: a table is expected"));
                return Vec::new();
            }
        };
        table
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect()
    }

    /// Ends the reading: keys that nobody asked for are faults too.
    pub fn end<T>(mut self, value: T) -> Result<T, Faults> {
        let mut found = Vec::new();
        paths(&self.table, "", &mut found);
        for path in found {
            let known = self.known.contains(&path)
                || path
                    .split_once('.')
                    .is_some_and(|(section, _)| self.known.contains(section));
            if !known {
                self.faults.push(format!("{path}: no such key"));
            }
        }
        if self.faults.is_empty() {
            Ok(value)
        } else {
            Err(Faults {
                faults: self.faults,
            })
        }
    }
}

fn set(table: &mut Table, keys: &[&str], value: String) {
    match keys {
        [] => {}
        [key] => {
            table.insert((*key).to_owned(), Value::String(value));
        }
        [key, rest @ ..] => {
            let entry = table
                .entry((*key).to_owned())
                .or_insert_with(|| Value::Table(Table::new()));
            if let Some(table) = entry.as_table_mut() {
                set(table, rest, value);
            }
        }
    }
}

fn paths(table: &Table, prefix: &str, found: &mut Vec<String>) {
    for (key, value) in table {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match value.as_table() {
            Some(table) => paths(table, &path, found),
            None => found.push(path),
        }
    }
}
