//! `flyttbud witness`: a process that cosigns the checkpoints of others' logs.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use clap::Args;
use daemon::Tasks;
use daemon::tasks::{End, Signals};
use daemon::tls::{self, Tls};
use witness::{Config, Witness};

use crate::failure::Failure;
use crate::{keys, output, service};

/// How to witness.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The configuration file
    #[arg(long, default_value = "flyttbud-witness.toml")]
    config: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let config = Config::load(&options.config).map_err(|error| Failure::Usage(error.into()))?;
    service::runtime(config.log_format, &config.log_filter)?.block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Failure> {
    let mut signals = Signals::listen().map_err(|error| Failure::Failed(error.into()))?;
    let signer = keys::read(&config.signing_key).map_err(Failure::Usage)?;
    let key = signer.verifier().to_string();
    let witness = Witness::open(&config.folder, signer, config.logs)
        .map_err(|error| Failure::Failed(error.into()))?;
    let tls =
        Tls::load_for(config.tls, &["http/1.1"]).map_err(|error| Failure::Usage(error.into()))?;
    let tasks = Tasks::new();
    let drain = tasks.drain();
    let (address, incoming) = tls::listen(config.https, tls.clone(), &tasks)
        .await
        .with_context(|| format!("'{}' cannot be listened on", config.https))?;
    tasks.spawn("certificates", tls.clone().follow_files(drain.clone()));
    tasks.spawn(
        "witness",
        witness::serve(Arc::new(witness), incoming, tasks.clone()),
    );
    tracing::info!(%address, key, "witnessing");
    output::say(&format!("serving on https://{address}"));
    let end = signals.until_end(&drain, || tls.reload()).await;
    service::drain(&tasks).await;
    match end {
        End::Told => Ok(()),
        End::TaskLeft => Err(anyhow!("a task ended unexpectedly; see the log").into()),
    }
}
