//! Holding a key store against itself, beside the services that use it. Nothing is changed; what is wrong is said.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use serde_json::json;
use vault::copy::Place;
use vault::{RootKeys, VerifyError, verify};

use crate::failure::Failure;
use crate::journal::{Login, tell};
use crate::output;

/// What to verify, and what opens it.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A keys.sqlite, or postgresql://user@host/database; services may have it open
    place: String,
    /// The file with the root key
    #[arg(long)]
    root_key: PathBuf,
    /// The file with a root key of before; again for each, while keys are under several
    #[arg(long)]
    earlier_root_key: Vec<PathBuf>,
    #[command(flatten)]
    login: Login,
}

pub(super) async fn run(options: &Options, json: bool) -> Result<(), Failure> {
    let place = match options.login.database(&options.place) {
        Some(login) => Place::Database(login),
        None => Place::File((&options.place).into()),
    };
    let roots = RootKeys::read(&options.root_key, &options.earlier_root_key);
    let roots = roots.map_err(|error| Failure::Usage(error.into()))?;
    let seen = verify(&place, &roots).await.map_err(|error| match error {
        VerifyError::Open(_) | VerifyError::Store(_) => Failure::Failed(error.into()),
    })?;
    let rows = seen.rows.iter();
    let mut facts: Vec<_> = rows.map(|(table, count)| (*table, json!(count))).collect();
    facts.push(("search_unproven", json!(seen.unproven)));
    facts.push(("faults", json!(seen.faults_count)));
    tell(json, &facts);
    for fault in &seen.faults {
        output::talk(fault);
    }
    match seen.faults_count {
        0 => Ok(()),
        count => Err(Failure::Failed(anyhow!("{count} faults"))),
    }
}
