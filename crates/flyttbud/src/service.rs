//! The services: `flyttbud serve` is gateway and ledger in one process over SQLite, `gateway` and `ledger` are
//! they apart, over PostgreSQL. Here a process starts, waits, and ends.

mod check;
mod gateway;
mod ledger;
mod readiness;
mod roots;
mod stores;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use daemon::config::{Config, Kind};
use daemon::health::Told;
use daemon::reader::Faults;
use daemon::tasks::{End, Signals};
use daemon::telemetry::{Filter, Format};
use daemon::tls::{self, Tls};
use daemon::{Drain, Tasks, telemetry};
use fanout::{Connection, Place};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc};

use crate::failure::Failure;
use crate::{output, witness};
use stores::Stores;

/// How to serve.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The configuration file
    #[arg(long, default_value = "flyttbud-serve.toml")]
    config: PathBuf,
    /// Print the configuration in force, and end
    #[arg(long)]
    print_config: bool,
    /// The clock is right although nothing was recorded for more than forty days
    #[arg(long)]
    confirm_clock: bool,
    /// The record has lost its newest entries for good: go on from where it ends, erase again what it ends, and
    /// begin another log, with another key
    #[arg(long)]
    confirm_loss: bool,
}

/// What to do with a configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Read it and every file that it names, and report all faults at once
    Check {
        /// The configuration file
        file: PathBuf,
        /// For which service
        #[arg(long, value_enum, default_value_t = For::Serve)]
        service: For,
    },
}

/// The services, as they are named on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum For {
    /// Gateway and ledger in one process, over SQLite
    Serve,
    /// A gateway, over PostgreSQL
    Gateway,
    /// A ledger, over PostgreSQL
    Ledger,
    /// A witness
    Witness,
}

pub(crate) fn config(verb: ConfigVerb) -> Result<(), Failure> {
    let ConfigVerb::Check { file, service } = verb;
    match service {
        For::Serve => check(&file, Kind::Serve)?,
        For::Gateway => check(&file, Kind::Gateway)?,
        For::Ledger => check(&file, Kind::Ledger)?,
        For::Witness => witness::check(&file)?,
    }
    output::say("the configuration is good");
    Ok(())
}

fn check(file: &Path, kind: Kind) -> Result<(), Failure> {
    let config = Config::load(file, kind).map_err(|error| Failure::Usage(error.into()))?;
    check_files(&config)
}

/// Everything that is wrong with the files, at once.
fn check_files(config: &Config) -> Result<(), Failure> {
    let faults = check::files(config);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Failure::Usage(Faults { faults }.into()))
    }
}

pub(crate) fn run(options: &Options, kind: Kind) -> Result<(), Failure> {
    let config =
        Config::load(&options.config, kind).map_err(|error| Failure::Usage(error.into()))?;
    if options.confirm_clock && kind == Kind::Gateway {
        return Err(Failure::Usage(anyhow!(
            "--confirm-clock is for who starts a ledger: a gateway passes no deadline"
        )));
    }
    if options.confirm_loss && kind == Kind::Ledger && config.evidence.signing_key.is_none() {
        return Err(Failure::Usage(anyhow!(
            "--confirm-loss is for a ledger that signs: without evidence.signing_key nothing was signed"
        )));
    }
    if options.print_config {
        output::say(&config.print());
        return Ok(());
    }
    // before anything is begun, and all at once: whoever mends the first file should not meet the second one then
    check_files(&config)?;
    runtime(config.log_format, &config.log_filter)?.block_on(serve(config, kind, options))
}

/// Starts logging, and what runs tasks.
pub(crate) fn runtime(format: Format, filter: &Filter) -> Result<Runtime, Failure> {
    telemetry::start(format, filter).map_err(|error| Failure::Usage(error.into()))?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(error.into()))
}

/// Ends all tasks.
pub(crate) async fn drain(tasks: &Tasks) {
    tracing::info!("draining");
    if tasks.end().await {
        tracing::info!("ended");
    } else {
        tracing::warn!("ended before all tasks did");
    }
}

/// Why a service ended by itself; the first one ends the process.
type Ended = mpsc::Sender<Failure>;

/// What every part of a process runs with.
struct Process {
    config: Config,
    /// Where NATS is.
    place: Place,
    stores: Stores,
    tasks: Tasks,
    ended: Ended,
}

async fn serve(config: Config, kind: Kind, options: &Options) -> Result<(), Failure> {
    let mut signals = Signals::listen().map_err(|error| Failure::Failed(error.into()))?;
    // files and ports first: whoever starts wrongly ends before it does anything
    let place = check::place(&config.nats).map_err(|fault| Failure::Usage(fault.into()))?;
    let stores = Stores::open(&config.service).await?;
    if let Some(own) = &stores.gateway {
        gateway::erase_ended(&stores, own, options.confirm_loss).await?;
    }
    let mut signing = None;
    if stores.ledger.is_some() {
        signing = ledger::signing(&stores, &config.evidence, options.confirm_loss).await?;
        ledger::check_clock(&stores, options.confirm_clock).await?;
    }
    let tls = Tls::load(config.tls.clone(), config.connections)
        .map_err(|error| Failure::Usage(error.into()))?;
    let tasks = Tasks::new();
    let drain = tasks.drain();
    let (ended, mut failures) = mpsc::channel::<Failure>(8);
    let (address, incoming) = tls::listen(config.grpc, tls.clone(), &tasks)
        .await
        .with_context(|| format!("'{}' cannot be listened on", config.grpc))?;
    tasks.spawn("certificates", tls.clone().follow_files(drain.clone()));
    let process = Process {
        config,
        place,
        stores,
        tasks,
        ended,
    };
    let reread = Arc::new(Notify::new());
    if let Some(own) = &process.stores.gateway {
        let place = (options.config.clone(), kind);
        let following = roots::follow(own.vault.clone(), place, reread.clone(), drain.clone());
        process.tasks.spawn("root keys", following);
    }
    let told = ledger::start(&process, signing).await?;
    let told = Told {
        ready: readiness::follow(&process, told.ready),
        ..told
    };
    match &process.stores.gateway {
        Some(own) => gateway::start(&process, own, incoming, told).await?,
        None => ledger::serve(&process, incoming, told),
    }
    tracing::info!(address = %address, "serving");
    output::say(&format!("serving on https://{address}"));
    let failure = tokio::select! {
        end = signals.until_end(&drain, || {
            tls.reload();
            reread.notify_one();
        }) => match end {
            End::Told => None,
            End::TaskLeft => Some(Failure::Failed(anyhow!("a task ended unexpectedly; see the log"))),
        },
        failure = failures.recv() => failure,
    };
    self::drain(&process.tasks).await;
    failure.map_or(Ok(()), Err)
}

impl Process {
    /// Connects to NATS as a service, and proves once NATS is there that its permissions are in force.
    async fn connect(&self, seed: &Path, service: fanout::Service) -> Result<Connection, Failure> {
        let seed = std::fs::read_to_string(seed)
            .with_context(|| format!("'{}' cannot be read", seed.display()))
            .map_err(Failure::Usage)?;
        let connection = fanout::connect(&self.place, &seed, service)
            .await
            .map_err(|error| Failure::Failed(error.into()))?;
        let proof = prove(connection.clone(), self.tasks.drain(), self.ended.clone());
        self.tasks.spawn("proof", proof);
        Ok(connection)
    }
}

/// A process that may too much ends.
async fn prove(connection: Connection, drain: Drain, ended: Ended) {
    let proof = tokio::select! {
        () = drain.cancelled() => return,
        proof = fanout::prove(&connection) => proof,
    };
    match proof {
        Ok(()) => tracing::info!("nats permissions proven"),
        Err(error) => {
            ended.send(Failure::Failed(error.into())).await.ok();
        }
    }
}
