//! `flyttbud verify`: receipts and checkpoints, without asking anybody: files and a policy go in, what is proven
//! comes out in words. Nothing here reaches for the network, and nothing is believed that was not verified.

mod body;
mod consistency;
mod envelope;
mod receipt;
mod words;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use tlog::policy::Policy;

use crate::failure::Failure;
use crate::output;

pub(crate) use body::{PartFile, PartsFile};
pub(crate) use consistency::checkpoint as read_checkpoint;
pub(crate) use receipt::beside;
pub(crate) use words::pick;

/// What to verify.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// That entries are in the log, from their receipts
    Receipt(Receipts),
    /// That one checkpoint continues another, so that nothing before it was changed
    Consistency(Consistency),
}

/// Whom to trust, and how to answer.
#[derive(Debug, Args)]
struct Trust {
    /// The logs and witnesses that you trust: a policy as in c2sp.org/tlog-policy
    #[arg(long, env = "FLYTTBUD_POLICY")]
    policy: PathBuf,
    /// In which language to say it
    #[arg(
        long,
        value_enum,
        env = "FLYTTBUD_LANGUAGE",
        default_value_t = Language::En
    )]
    language: Language,
}

/// Receipts.
#[derive(Debug, Args)]
pub(crate) struct Receipts {
    /// Receipts; each entry's bytes are read from the same name with .entry. Later ones of the same relocation
    /// tell whether a body was erased
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The entry's bytes, when they lie elsewhere
    #[arg(long, conflicts_with = "leaf")]
    entry: Option<PathBuf>,
    /// The leaf hash in base64, instead of the entry's bytes: it is proven, and what it says is not seen
    #[arg(long)]
    leaf: Option<String>,
    /// Opened parts, as `receipt get --with-body` wrote them: whether they are what the entry committed to
    #[arg(long)]
    parts: Option<PathBuf>,
    #[command(flatten)]
    trust: Trust,
}

/// Two checkpoints.
#[derive(Debug, Args)]
pub(crate) struct Consistency {
    /// The older one: a checkpoint, or a receipt that holds one
    old: PathBuf,
    /// The proof with the newer one, as `checkpoint consistency` wrote it
    proof: PathBuf,
    #[command(flatten)]
    trust: Trust,
}

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// English
    En,
    /// Svenska
    Sv,
}

pub(crate) fn run(verb: &Verb, json: bool) -> Result<(), Failure> {
    let is_proven = match verb {
        Verb::Receipt(receipts) => receipt::run(receipts, json)?,
        Verb::Consistency(two) => consistency::run(two, json)?,
    };
    if is_proven {
        Ok(())
    } else {
        Err(Failure::Failed(anyhow!("it is not proven")))
    }
}

/// Tells a verdict: as one object for programs, or in words.
fn tell(verdict: &impl serde::Serialize, words: &str, json: bool) -> Result<(), Failure> {
    if json {
        let text = serde_json::to_string(verdict);
        output::say(&text.map_err(|error| Failure::Failed(error.into()))?);
    } else {
        output::say(words);
    }
    Ok(())
}

impl Trust {
    fn policy(&self) -> Result<Policy, Failure> {
        read_policy(&self.policy)
    }
}

/// The logs and witnesses that a file says are trusted.
pub(crate) fn read_policy(path: &Path) -> Result<Policy, Failure> {
    let bytes = read(path)?;
    Policy::parse(&bytes).map_err(|fault| unusable(path, fault))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .with_context(|| format!("'{}' cannot be read", path.display()))
        .map_err(Failure::Usage)
}

/// Input that nothing can be said about.
fn unusable(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Usage(anyhow!(error).context(format!("'{}' cannot be used", path.display())))
}

#[cfg(test)]
mod tests;
