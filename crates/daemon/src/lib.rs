//! What every service shares: configuration, telemetry, tasks and drain, TLS with reload.
//!
//! Invariant: nothing here knows a relocation; a process that started says what it does until it ends.

pub mod config;
pub mod file;
pub mod health;
mod limits;
pub mod postgres;
pub mod printer;
pub mod reader;
pub mod tasks;
pub mod telemetry;
pub mod tls;

use std::fmt;

pub use config::Config;
pub use tasks::{Drain, Tasks, spawn};

/// Exit codes, documented in docs/operation.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Ok,
    /// Something failed while running.
    Failed,
    /// The call was refused by the service, with its reason.
    Refused,
    /// The service could not be reached.
    Unreachable,
    /// The command line or the configuration is wrong.
    Usage,
    /// The record holds something that this program does not know: it halted.
    Halted,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Refused => 2,
            Self::Unreachable => 3,
            Self::Usage => 64,
            Self::Halted => 70,
        }
    }
}

/// An error with all its causes in one line, for the edge where it is handled.
#[derive(Debug)]
pub struct ErrorChain<'a>(pub &'a (dyn std::error::Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
