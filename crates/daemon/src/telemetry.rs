//! Logs through tracing, as text for people or JSON for machines, on standard error.

use std::io::IsTerminal as _;
use std::str::FromStr;

use tracing_subscriber::{EnvFilter, fmt};

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for Format {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

/// Which lines are written, as it was given: "info,gateway=debug".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(String);

impl Filter {
    /// What a filter looks like, for whoever gave none.
    pub const EXPECTED: &'static str = "a filter such as info,gateway=debug";

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for Filter {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        EnvFilter::try_new(text).map_err(drop)?;
        Ok(Self(text.to_owned()))
    }
}

/// A second start.
#[derive(Debug, thiserror::Error)]
#[error("logs are written already")]
pub struct StartError;

/// Starts logging.
pub fn start(format: Format, filter: &Filter) -> Result<(), StartError> {
    let levels = EnvFilter::new(filter.as_str());
    let builder = fmt().with_env_filter(levels).with_writer(std::io::stderr);
    let started = match format {
        Format::Text => {
            // a file is searched, and colours would stand between a field and its value
            let is_terminal = std::io::stderr().is_terminal();
            builder.with_target(false).with_ansi(is_terminal).try_init()
        }
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|_second| StartError)
}
