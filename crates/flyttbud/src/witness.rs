//! `flyttbud witness`: a process that cosigns the checkpoints of others' logs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use clap::Args;
use daemon::Tasks;
use daemon::reader::Faults;
use daemon::tasks::{End, Signals};
use daemon::tls::{self, Bounds, Tls, TlsError};
use tlog::cosignature;
use witness::{Config, Witness};

use crate::failure::Failure;
use crate::{keys, output, service};

/// How to witness.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The configuration file
    #[arg(long, default_value = "flyttbud-witness.toml")]
    config: PathBuf,
    /// Print the configuration in force, and end
    #[arg(long)]
    print_config: bool,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let config = load(&options.config)?;
    if options.print_config {
        output::say(&config.print());
        return Ok(());
    }
    // all at once: whoever mends the first file should not meet the second one then
    check_files(&config)?;
    service::runtime(config.log_format, &config.log_filter)?.block_on(serve(config))
}

/// `flyttbud config check`: the configuration, and every file that it names. Nothing is changed, and nobody is called.
pub(crate) fn check(file: &Path) -> Result<(), Failure> {
    check_files(&load(file)?)
}

fn load(file: &Path) -> Result<Config, Failure> {
    Config::load(file).map_err(|error| Failure::Usage(error.into()))
}

/// Everything that is wrong with the files, by the key that names each.
fn check_files(config: &Config) -> Result<(), Failure> {
    let signer = keys::read::<cosignature::Witness>(&config.signing_key).map(drop);
    let tls = load_tls(config).map(drop).context("at fault");
    let mut faults = Vec::new();
    for (key, read) in [("tls", tls), ("witness.signing_key", signer)] {
        if let Err(error) = read {
            faults.push(format!("{key}: {error:#}"));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Failure::Usage(Faults { faults }.into()))
    }
}

/// Over HTTP/1.1, as the protocol of witnesses is spoken.
fn load_tls(config: &Config) -> Result<Arc<Tls>, TlsError> {
    Tls::load_for(config.tls.clone(), &["http/1.1"], Bounds::NONE)
}

async fn serve(config: Config) -> Result<(), Failure> {
    let mut signals = Signals::listen().map_err(|error| Failure::Failed(error.into()))?;
    let signer = keys::read(&config.signing_key).map_err(Failure::Usage)?;
    let key = signer.verifier().to_string();
    let tls = load_tls(&config).map_err(|error| Failure::Usage(error.into()))?;
    let logs = config.logs.into_values().collect();
    let witness = Witness::open(&config.folder, signer, logs)
        .map_err(|error| Failure::Failed(error.into()))?;
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
