//! Growth: services over stores that hold few, more and many relocations, which were filled through the writers and not
//! by calls, and the same registrations to each in turn. What they cost is measured, not what filling costs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use domain::subject::Position;
use fanout::Server;
use jiff::civil::Date;
use journal::SqliteJournal;
use rusqlite::{Connection, OpenFlags};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::append::Stores;
use crate::caller::Caller;
use crate::calls::{self, register};
use crate::figures::{Figures, label};
use crate::load;
use crate::requests::{Requests, To};
use crate::rounds::CALLERS;
use crate::usage::Meter;
use crate::world::{Service, World, configuration, nats};

/// Medians are taken of so many.
const ROUNDS: usize = 3;
/// Relocations that are sealed together while those before them are written.
const CHUNK: usize = 16_384;
/// How long a service may take until it is behind nothing: a million entries are read, told and hashed.
const SETTLE: Duration = Duration::from_mins(10);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// The log's name.
const LOG: &str = "bench.example/log";

/// A service over a store of some size, with all that belongs to it.
pub(crate) struct Grown {
    relocations: u32,
    folder: PathBuf,
    pub(crate) service: Service,
    nats: Server,
    senders: Vec<Caller>,
    requests: Requests,
    /// What verifies its log.
    pub(crate) policy: String,
}

/// Services over stores of each size, the smallest first.
pub(crate) async fn start(world: &World, sizes: &[u32], today: Date) -> anyhow::Result<Vec<Grown>> {
    let mut grown = Vec::new();
    for relocations in sizes {
        let one = Grown::start(world, *relocations, today).await;
        grown.push(one.with_context(|| format!("a store of {relocations} relocations"))?);
    }
    Ok(grown)
}

/// The same registrations to each in turn.
pub(crate) async fn measure(
    grown: &mut [Grown],
    registrations: usize,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let mut rounds = Vec::new();
    // the first one warms connections and caches, and is not kept
    for round in 0..=ROUNDS {
        let mut figures = Figures::default();
        if round % 2 == 1 {
            grown.reverse();
        }
        for one in &mut *grown {
            one.register(registrations, &mut figures).await?;
        }
        grown.sort_by_key(|one| one.relocations);
        let rate =
            |one: Option<&Grown>| one.map_or(f64::NAN, |one| figures.get(&one.named("per_second")));
        let growth = rate(grown.first()) / rate(grown.last());
        figures.put("growth_1m_over_10k", growth);
        rounds.push(figures);
    }
    figures.extend(&Figures::medians(rounds.get(1..).unwrap_or_default()));
    Ok(())
}

impl Grown {
    async fn start(world: &World, relocations: u32, today: Date) -> anyhow::Result<Self> {
        let folder = world.folder().join(format!("grown-{relocations}"));
        let data = folder.join("data");
        std::fs::create_dir_all(&data)?;
        begin(&data).await?;
        let mut requests = Requests::new(today);
        let stores = Stores::beside(&data, &world.folder().join("root.key"), today)?;
        fill(&stores, &mut requests, relocations).await?;
        // the writers end with it, and let the service in
        drop(stores);
        let nats = nats(&folder).await?;
        let policy = log_key(&folder).await?;
        let service = serve(world, &folder, &nats.url()).await?;
        let senders = world.callers(&service, calls::REGISTER).await?;
        let grown = Self {
            relocations,
            folder,
            service,
            nats,
            senders,
            requests,
            policy,
        };
        grown.settle().await?;
        Ok(grown)
    }

    /// Where its journal ends.
    pub(crate) fn last(&self) -> anyhow::Result<Position> {
        let last = self.number("journal.sqlite", "SELECT max(position) FROM entries")?;
        Ok(Position(last.try_into()?))
    }

    /// Ends it as an operator would.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.service.stop().await?;
        self.nats.stop().await?;
        Ok(())
    }

    fn named(&self, what: &str) -> String {
        format!("growth_{}_{what}", label(self.relocations))
    }

    async fn register(&mut self, calls: usize, figures: &mut Figures) -> anyhow::Result<()> {
        let work = calls::framed(self.requests.take(calls, To::Everybody)?)?;
        let name = format!("growth_{}", label(self.relocations));
        let meter = Meter::start(&[self.service.pid])?;
        let run = load::run(self.senders.clone(), work, register).await?;
        meter.stop(calls, &name, &["server"], figures)?;
        // everybody was a new person
        calls::began(&run)?;
        figures.put_run(&name, &run);
        // what follows the answers must not meet the next one's calls
        self.settle().await
    }

    /// Waits until the read tables and the relay are where the journal is.
    async fn settle(&self) -> anyhow::Result<()> {
        let settled = async {
            while !self.is_settled()? {
                sleep(LOOK).await;
            }
            anyhow::Ok(())
        };
        timeout(SETTLE, settled)
            .await
            .context("a service did not come to rest")?
    }

    fn is_settled(&self) -> anyhow::Result<bool> {
        let mark = "SELECT coalesce(min(position), 0) FROM marks WHERE name IN ('views', 'relay') \
                    HAVING count(*) = 2";
        let reached = self.number("views.sqlite", mark).unwrap_or_default();
        Ok(u64::try_from(reached)? == self.last()?.0)
    }

    fn number(&self, file: &str, sql: &str) -> anyhow::Result<i64> {
        let path = self.folder.join("data").join(file);
        let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        store.busy_timeout(LOOK)?;
        Ok(store.query_one(sql, [], |row| row.get(0))?)
    }
}

/// What every journal begins with.
async fn begin(data: &Path) -> anyhow::Result<()> {
    let journal = SqliteJournal::open(&data.join("journal.sqlite"))?;
    ledgerd::begin(journal.as_ref()).await?;
    Ok(())
}

/// Seals the next ones while those before them are written.
async fn fill(stores: &Stores, requests: &mut Requests, relocations: u32) -> anyhow::Result<()> {
    let mut left = usize::try_from(relocations)?;
    let mut ready = Vec::new();
    loop {
        let work = requests.take(left.min(CHUNK), To::Everybody)?;
        left -= work.len();
        let written = load::run(vec![stores.clone(); CALLERS], ready, Stores::append);
        let (_written, sealed) = tokio::try_join!(written, stores.prepare(work))?;
        if sealed.is_empty() {
            return Ok(());
        }
        ready = sealed;
    }
}

/// Makes the log's key; what comes back is the policy that trusts it.
async fn log_key(folder: &Path) -> anyhow::Result<String> {
    let mut command = Command::new(World::program()?);
    command.args(["keys", "log", "--name", LOG, "--out"]);
    let made = command.arg(folder.join("log.key")).output().await?;
    let said = String::from_utf8_lossy(&made.stderr);
    ensure!(made.status.success(), "flyttbud keys log: {said}");
    let key = String::from_utf8(made.stdout)?;
    Ok(format!("log {key}quorum none\n"))
}

async fn serve(world: &World, folder: &Path, nats_url: &str) -> anyhow::Result<Service> {
    let stores = format!("[store]\nfolder = \"{}/data\"", folder.display());
    let usual = configuration(world.folder(), folder, nats_url, &stores);
    let key = folder.join("log.key");
    let text = format!("{usual}\n[evidence]\nsigning_key = \"{}\"\n", key.display());
    Service::run(folder, "serve", &text).await
}
