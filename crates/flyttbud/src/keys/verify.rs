//! Holding a key store against itself, beside the services that use it. Nothing is changed; what is wrong is said.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use serde_json::json;
use vault::copy::Place;
use vault::{RootKeys, VerifyError, verify};

use super::held::{Against, FAULTS_MAX, Record};
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
    #[command(flatten)]
    against: Record,
}

pub(super) async fn run(options: &Options, json: bool) -> Result<(), Failure> {
    let place = match options.login.database(&options.place) {
        Some(login) => Place::Database(login),
        None => Place::File((&options.place).into()),
    };
    let roots = RootKeys::read(&options.root_key, &options.earlier_root_key);
    let roots = roots.map_err(|error| Failure::Usage(error.into()))?;
    let entries = options.against.open(&options.login).await?;
    let seen = verify(&place, &roots).await.map_err(|error| match error {
        VerifyError::Open(_) | VerifyError::Store(_) => Failure::Failed(error.into()),
    })?;
    let rows = seen.rows.iter();
    let mut facts: Vec<_> = rows.map(|(table, count)| (*table, json!(count))).collect();
    facts.push(("search_unproven", json!(seen.unproven)));
    let mut against = Against::default();
    if let Some(mut entries) = entries {
        against = entries.against(&seen.held).await?;
        facts.push(("sealed_entries", json!(against.sealed)));
    }
    let faults_count = seen.faults_count + against.faults_count;
    facts.push(("faults", json!(faults_count)));
    tell(json, &facts);
    let faults = seen.faults.iter().chain(&against.faults);
    for fault in faults.take(FAULTS_MAX) {
        output::talk(fault);
    }
    match faults_count {
        0 => Ok(()),
        count => Err(Failure::Failed(anyhow!("{count} faults"))),
    }
}
