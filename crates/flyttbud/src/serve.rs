//! `flyttbud serve`: gateway and ledger in one process over SQLite.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use daemon::config::{Config, Environment};
use daemon::tasks::{End, Signals};
use daemon::tls::{self, Tls};
use daemon::{Drain, ErrorChain, Tasks, telemetry};
use domain::subject::{Position, Subject};
use fanout::{Connection, Lanes, Publisher, Service};
use gateway::{Core, Parts, Trust};
use journal::{Journal, SqliteJournal, SqliteViews, Views};
use ledgerd::{Host, HostError, Relay};
use tokio::sync::{mpsc, watch};
use vault::{RootKey, Vault};

use crate::failure::Failure;
use crate::output;

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
}

/// What to do with a configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Read it, and report every fault at once
    Check {
        /// The configuration file
        file: PathBuf,
    },
}

pub(crate) fn config(verb: ConfigVerb) -> Result<(), Failure> {
    let ConfigVerb::Check { file } = verb;
    Config::load(&file).map_err(|error| Failure::Usage(error.into()))?;
    output::say("the configuration is good");
    Ok(())
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let config = Config::load(&options.config).map_err(|error| Failure::Usage(error.into()))?;
    if options.print_config {
        output::say(&config.print());
        return Ok(());
    }
    telemetry::start(config.log_format, &config.log_filter)
        .map_err(|error| Failure::Usage(error.into()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(error.into()))?;
    runtime.block_on(serve(config, options.confirm_clock))
}

/// How long the address is kept back until notices flow.
const NATS_START: std::time::Duration = std::time::Duration::from_millis(500);

/// Why a service ended by itself; the first one ends the process.
type Ended = mpsc::Sender<Failure>;

async fn serve(config: Config, confirm_clock: bool) -> Result<(), Failure> {
    let mut signals = Signals::listen().map_err(|error| Failure::Failed(error.into()))?;
    // files and ports first: whoever starts wrongly ends before it does anything
    let stores = Stores::open(&config)?;
    let plausible = ledgerd::is_clock_plausible(stores.journal.as_ref()).await;
    if !confirm_clock && !plausible.map_err(|error| Failure::Failed(error.into()))? {
        return Err(Failure::Usage(anyhow!(
            "nothing was recorded for more than forty days: check the clock, then start with --confirm-clock"
        )));
    }
    ledgerd::begin(stores.journal.as_ref())
        .await
        .context("the journal cannot be written")?;
    let tls = Tls::load(config.tls.clone()).map_err(|error| Failure::Usage(error.into()))?;
    let tasks = Tasks::new();
    let drain = tasks.drain();
    let (ended, mut failures) = mpsc::channel::<Failure>(8);
    let (address, incoming) = tls::listen(config.grpc, tls.clone(), &tasks)
        .await
        .with_context(|| format!("'{}' cannot be listened on", config.grpc))?;
    let (gateway_nats, ledger_nats) = connect(&config).await?;
    tasks.spawn("certificates", tls.clone().follow_files(drain.clone()));
    tasks.spawn(
        "sweep",
        sweep(stores.vault.clone(), stores.journal.clone(), drain.clone()),
    );
    let ready = start_ledger(&stores, ledger_nats.clone(), &tasks, &ended).await?;
    let lanes = Lanes::new();
    let mut fed = lanes.fed();
    tasks.spawn(
        "dispatch",
        fanout::dispatch(gateway_nats.clone(), lanes.clone(), drain.clone()),
    );
    for connection in [gateway_nats, ledger_nats] {
        tasks.spawn("proof", prove(connection, drain.clone(), ended.clone()));
    }
    let core = Core::new(parts(&config, &stores, lanes, drain.clone()));
    let server_ended = ended.clone();
    let server_ready = ready.clone();
    tasks.spawn("gateway", async move {
        if let Err(error) = gateway::serve(core, incoming, server_ready).await {
            server_ended.send(Failure::Failed(error.into())).await.ok();
        }
    });
    // NATS may be away: then notices come later, and nothing else waits
    let fed = async { fed.wait_for(|fed| *fed).await.is_ok() };
    tokio::time::timeout(NATS_START, fed).await.ok();
    tracing::info!(address = %address, "serving");
    output::say(&format!("serving on https://{address}"));
    let failure = tokio::select! {
        end = signals.until_end(&drain, || tls.reload()) => match end {
            End::Told => None,
            End::TaskLeft => Some(Failure::Failed(anyhow!("a task ended unexpectedly; see the log"))),
        },
        failure = failures.recv() => failure,
    };
    tracing::info!("draining");
    if tasks.end().await {
        tracing::info!("ended");
    } else {
        tracing::warn!("ended before all tasks did");
    }
    failure.map_or(Ok(()), Err)
}

/// Journal, read tables and key store.
struct Stores {
    journal: Arc<dyn Journal>,
    views: Arc<dyn Views>,
    vault: Vault,
}

impl Stores {
    fn open(config: &Config) -> Result<Self, Failure> {
        let open = || -> anyhow::Result<Self> {
            let folder = &config.folder;
            std::fs::create_dir_all(folder)
                .with_context(|| format!("'{}' cannot be made", folder.display()))?;
            let journal = SqliteJournal::open(&folder.join("journal.sqlite"))?;
            let views = SqliteViews::open(&folder.join("views.sqlite"))?;
            let root = RootKey::read(&config.root_key)?;
            let year = journal
                .now()
                .to_zoned_datetime(jiff::tz::TimeZone::UTC)
                .date()
                .year();
            let vault = Vault::unlock(&folder.join("keys.sqlite"), root, year)?;
            Ok(Self {
                journal,
                views,
                vault,
            })
        };
        open().map_err(Failure::Failed)
    }
}

async fn connect(config: &Config) -> Result<(Connection, Connection), Failure> {
    let seed = |path: &Path| {
        std::fs::read_to_string(path)
            .with_context(|| format!("'{}' cannot be read", path.display()))
            .map_err(Failure::Usage)
    };
    let (gateway, ledger) = (seed(&config.gateway_seed)?, seed(&config.ledger_seed)?);
    let connect = |seed: String, service| async move {
        fanout::connect(&config.nats_url, &seed, service)
            .await
            .map_err(|error| Failure::Failed(error.into()))
    };
    Ok((
        connect(gateway, Service::Gateway).await?,
        connect(ledger, Service::Ledger).await?,
    ))
}

/// Proves once NATS is there that its permissions are in force; a process that may too much ends.
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

async fn start_ledger(
    stores: &Stores,
    nats: Connection,
    tasks: &Tasks,
    ended: &Ended,
) -> Result<watch::Receiver<bool>, Failure> {
    let failed = |error: HostError| match error {
        HostError::Halt(_) | HostError::Read(journal::ReadError::Unreadable { .. }) => {
            Failure::Halted(anyhow!(error))
        }
        HostError::Read(_) | HostError::ViewsAhead | HostError::WriterGone => {
            Failure::Failed(anyhow!(error))
        }
    };
    let host = Host::new(stores.journal.clone(), stores.views.clone())
        .await
        .map_err(failed)?;
    let (caught_up, ready) = watch::channel(false);
    let (drain, host_ended) = (tasks.drain(), ended.clone());
    tasks.spawn("ledger", async move {
        if let Err(error) = host.run(drain, caught_up).await {
            host_ended.send(failed(error)).await.ok();
        }
    });
    let relay = Relay::new(
        stores.journal.clone(),
        stores.views.clone(),
        Publisher::new(nats),
    );
    let (drain, relay_ended) = (tasks.drain(), ended.clone());
    tasks.spawn("relay", async move {
        if let Err(error) = relay.run(drain).await {
            relay_ended.send(failed(error.into())).await.ok();
        }
    });
    Ok(ready)
}

fn parts(config: &Config, stores: &Stores, lanes: Lanes, drain: Drain) -> Parts {
    Parts {
        journal: stores.journal.clone(),
        views: stores.views.clone(),
        vault: stores.vault.clone(),
        lanes,
        trust: Trust {
            production: config.environment == Environment::Production,
            organisations: config.organisations.clone(),
        },
        calls_per_second: NonZeroU32::new(config.calls_per_second).unwrap_or(NonZeroU32::MIN),
        streams_per_caller: config.streams_per_caller,
        drain,
    }
}

/// An hour: no append of then can still be under way.
const SWEEP_AGE_MICROS: i64 = 3_600_000_000;
/// Subjects looked at in one go.
const SWEEP_SUBJECTS: usize = 1000;
/// Between two sweeps.
const SWEEP_EVERY: std::time::Duration = std::time::Duration::from_hours(24);

/// Removes keys whose entry never came to be, at the start and once a day; moves the vault to a new year.
async fn sweep(vault: Vault, journal: Arc<dyn Journal>, drain: Drain) {
    loop {
        let now = journal.now();
        vault.enter_epoch(now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date().year());
        if let Err(error) = sweep_once(&vault, &journal).await {
            tracing::warn!(error = %ErrorChain(error.as_ref()), "sweep not finished");
        }
        if tokio::time::timeout(SWEEP_EVERY, drain.cancelled())
            .await
            .is_ok()
        {
            return;
        }
    }
}

async fn sweep_once(vault: &Vault, journal: &Arc<dyn Journal>) -> anyhow::Result<()> {
    // ids carry the system's clock, not the record's, which may have been moved
    let older_than = jiff::Timestamp::now().as_microsecond() - SWEEP_AGE_MICROS;
    let runtime = tokio::runtime::Handle::current();
    let exists = |subject: Subject| {
        let read = journal.subject(subject, Position(u64::MAX >> 1));
        // what cannot be read is kept
        tokio::task::block_in_place(|| runtime.block_on(read))
            .map_or(true, |found| !found.is_empty())
    };
    while !vault.sweep(exists, older_than, SWEEP_SUBJECTS).await?.done {}
    Ok(())
}
