//! `flyttbud keys`: the root key's file.

use std::path::PathBuf;

use clap::Subcommand;
use vault::RootKey;

use crate::failure::Failure;
use crate::output;

/// What to do with the root key.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make a new root key; an existing file is never overwritten
    Create {
        /// The file to make
        file: PathBuf,
    },
}

pub(crate) fn run(verb: &Verb) -> Result<(), Failure> {
    let Verb::Create { file } = verb;
    let key = RootKey::create(file).map_err(|error| Failure::Usage(error.into()))?;
    output::say(&format!(
        "made {} with key {}; keep a copy in a safe",
        file.display(),
        key.id()
    ));
    Ok(())
}
