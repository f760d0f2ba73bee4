//! Logs through tracing, as text for people or JSON for machines, on standard error.

use std::io::IsTerminal as _;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

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

/// A filter that cannot be read, or a second start.
#[derive(Debug, thiserror::Error)]
#[error("the log filter '{filter}' cannot be used")]
pub struct StartError {
    filter: String,
}

/// Starts logging. `filter` is written like "info,gateway=debug".
pub fn start(format: Format, filter: &str) -> Result<(), StartError> {
    let fault = || StartError {
        filter: filter.to_owned(),
    };
    let levels = EnvFilter::try_new(filter).map_err(|_invalid| fault())?;
    let builder = fmt().with_env_filter(levels).with_writer(std::io::stderr);
    let started = match format {
        Format::Text => {
            // a file is searched, and colours would stand between a field and its value
            let is_terminal = std::io::stderr().is_terminal();
            builder.with_target(false).with_ansi(is_terminal).try_init()
        }
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|_second| fault())
}
