//! The rounds: each measures everything once, in an order that turns around, so that a machine that gets
//! slower or faster meanwhile favours nobody.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::append::Stores;
use crate::caller::Caller;
use crate::calls::{self, began, echo_request, named, register};
use crate::database::Apart;
use crate::echo;
use crate::figures::{Figures, micros};
use crate::growth;
use crate::inbox::Inbox;
use crate::load::{self, Run};
use crate::plan::{Area, Plan, Size};
use crate::receipts;
use crate::replay;
use crate::requests::{Requests, To};
use crate::usage::Meter;
use crate::world::World;

/// Callers under load.
pub(crate) const CALLERS: usize = 256;
/// Rows of a full group: what both writers commit together at most.
const GROUP: u32 = 256;
/// Steps after the rounds.
const ONCE: u64 = 4;
/// The part with one caller is taken in so many turns.
const TURNS: usize = 4;

/// What is measured, in the order of even rounds.
#[derive(Clone, Copy)]
enum Step {
    Echo,
    Append,
    Register,
    GroupCommit,
    OneCaller,
    Postgres,
}

impl Step {
    const ALL: [Self; 6] = [
        Self::Echo,
        Self::Append,
        Self::Register,
        Self::GroupCommit,
        Self::OneCaller,
        Self::Postgres,
    ];

    fn is_of(self, plan: &Plan) -> bool {
        match self {
            // a floor under both stores
            Self::Echo => plan.measures(Area::Sqlite) || plan.measures(Area::Postgres),
            Self::Append | Self::Register | Self::GroupCommit | Self::OneCaller => {
                plan.measures(Area::Sqlite)
            }
            Self::Postgres => plan.measures(Area::Postgres),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo, 256 callers",
            Self::Append => "append, 256 tasks",
            Self::Register => "register, 256 callers",
            Self::GroupCommit => "full groups",
            Self::OneCaller => "one caller",
            Self::Postgres => "PostgreSQL, 256 tasks and callers",
        }
    }
}

/// Measures: the rounds, and what is measured once.
pub(crate) async fn run(plan: &Plan) -> anyhow::Result<(Vec<Figures>, Figures)> {
    let steps = u64::from(plan.rounds + 1) * 6 + ONCE;
    let bar = ProgressBar::new(steps).with_style(ProgressStyle::with_template(
        "{bar:30} {pos}/{len} {elapsed} {msg}",
    )?);
    bar.set_message("starting");
    let mut bench = Bench::start(plan).await?;
    let mut rounds = Vec::new();
    // the first one warms connections and caches, and is not kept
    bench.round(plan.warm_up(), false, &bar).await?;
    for number in 0..plan.rounds {
        let turned = number % 2 == 1;
        rounds.push(bench.round(plan.size, turned, &bar).await?);
    }
    if let Some(apart) = bench.apart.take() {
        apart.stop().await?;
    }
    let once = if plan.measures(Area::Record) {
        record(&bench.world, plan, &bar).await?
    } else {
        Figures::default()
    };
    bar.finish_and_clear();
    bench.world.stop().await?;
    Ok((rounds, once))
}

/// What follows from the record's size: each is measured once, and takes its own medians.
async fn record(world: &World, plan: &Plan, bar: &ProgressBar) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    let sizes = &plan.record;
    bar.set_message("replay");
    replay::measure(world.folder(), &sizes.replayed, &mut figures).await?;
    bar.inc(1);
    bar.set_message("filling stores");
    let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
    let mut grown = growth::start(world, sizes.grown, today).await?;
    bar.inc(1);
    bar.set_message("register, stores of different sizes");
    growth::measure(&mut grown, sizes.registrations, &mut figures).await?;
    bar.inc(1);
    bar.set_message("receipts");
    let largest = grown.last().context("no store was filled")?;
    receipts::measure(world, largest, sizes.receipts, &mut figures).await?;
    bar.inc(1);
    for one in grown {
        one.stop().await?;
    }
    Ok(figures)
}

/// Everything that takes part.
struct Bench {
    world: World,
    /// What runs over PostgreSQL, when that is measured.
    apart: Option<Apart>,
    steps: Vec<Step>,
    stores: Stores,
    senders: Vec<Caller>,
    echoes: Vec<Caller>,
    inbox: Inbox,
    /// For the service, and for the stores: the same people on both sides.
    requests: [Requests; 2],
}

impl Bench {
    async fn start(plan: &Plan) -> anyhow::Result<Self> {
        let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
        let requests = [Requests::new(today), Requests::new(today)];
        let [service, _stores] = &requests;
        let world = World::start(service.watched()).await?;
        let mut apart = None;
        if plan.measures(Area::Postgres) {
            apart = Some(Apart::start(&world, today).await?);
        }
        let mut steps = Step::ALL.to_vec();
        steps.retain(|step| step.is_of(plan));
        let stores = Stores::open(&world.folder().join("floor"), today)?;
        let watcher = world.client(&world.flyttbud, "watcher").await?;
        let inbox = Inbox::watch(&watcher, service.watched()).await?;
        Ok(Self {
            senders: world.callers(&world.flyttbud, calls::REGISTER).await?,
            echoes: world.callers(&world.echo, echo::METHOD).await?,
            world,
            apart,
            steps,
            stores,
            inbox,
            requests,
        })
    }

    async fn round(
        &mut self,
        size: Size,
        turned: bool,
        bar: &ProgressBar,
    ) -> anyhow::Result<Figures> {
        let mut figures = Figures::default();
        let mut steps = self.steps.clone();
        if turned {
            steps.reverse();
        }
        for step in steps {
            bar.set_message(step.name());
            let figures = &mut figures;
            match step {
                Step::Echo => self.echo(size.echo, figures).await?,
                Step::Append => self.append(size.append, figures).await?,
                Step::Register => self.register(size.register(), figures).await?,
                Step::GroupCommit => self.group_commit(size.group_commit, figures).await?,
                Step::OneCaller => self.one_caller(size.one_caller, figures).await?,
                Step::Postgres => {
                    let apart = self.apart.as_mut().context("no PostgreSQL")?;
                    apart.measure(size.append, figures).await?;
                }
            }
            bar.inc(1);
        }
        compare(&mut figures);
        Ok(figures)
    }

    async fn echo(&mut self, calls: usize, figures: &mut Figures) -> anyhow::Result<()> {
        let work = vec![echo_request()?; calls];
        let meter = Meter::start(&[self.world.echo.pid])?;
        let run = load::run(self.echoes.clone(), work, Caller::call).await?;
        meter.stop(calls, "echo_256", &["server"], figures)?;
        figures.put_run("echo_256", &run);
        Ok(())
    }

    async fn append(&mut self, rows: usize, figures: &mut Figures) -> anyhow::Result<()> {
        let [_, requests] = &mut self.requests;
        let work = self
            .stores
            .prepare(requests.take(rows, To::Everybody)?)
            .await?;
        let tasks = vec![self.stores.clone(); CALLERS];
        let meter = Meter::start(&[])?;
        let run = load::run(tasks, work, Stores::append).await?;
        meter.stop(rows, "append_256", &[], figures)?;
        figures.put_run("append_256", &run);
        Ok(())
    }

    async fn register(&mut self, calls: usize, figures: &mut Figures) -> anyhow::Result<()> {
        let [requests, _] = &mut self.requests;
        let work = calls::framed(requests.take(calls, To::Everybody)?)?;
        let watched: Vec<String> = requests
            .watched()
            .iter()
            .map(|code| code.resource_name())
            .collect();
        let meter = Meter::start(&[self.world.flyttbud.pid, self.world.nats.id()])?;
        let run = load::run(self.senders.clone(), work, register).await?;
        let mut began = began(&run)?;
        began.retain(|(recipient, _name), _began| watched.contains(recipient));
        ensure!(!began.is_empty(), "no watched inbox was sent anything");
        let notified = self.inbox.collect(named(began)).await?;
        meter.stop(calls, "register_256", &["server", "nats"], figures)?;
        figures.put_run("register_256", &run);
        figures.put_spans("notified_256", notified);
        Ok(())
    }

    async fn group_commit(&mut self, rows: usize, figures: &mut Figures) -> anyhow::Result<()> {
        let [_, requests] = &mut self.requests;
        let work = self
            .stores
            .prepare(requests.take(rows, To::Everybody)?)
            .await?;
        let took = self.stores.group_commit(work, GROUP).await?;
        figures.put("group_commit_256_keys_us", micros(took.keys));
        figures.put("group_commit_256_journal_us", micros(took.journal));
        figures.put("group_commit_256_us", micros(took.keys + took.journal));
        Ok(())
    }

    /// One caller, in turns with its floors: a commit of one, and a bare call.
    async fn one_caller(&mut self, calls: usize, figures: &mut Figures) -> anyhow::Result<()> {
        let (mut echo, mut append, mut registered) = (Whole::new(), Whole::new(), Whole::new());
        let mut notified = Vec::new();
        let sender = self.senders.first().context("nobody sends")?.clone();
        let bare = self.echoes.first().context("nobody echoes")?.clone();
        for _turn in 0..TURNS {
            let [service, stores] = &mut self.requests;
            let calls = calls / TURNS;
            let work = calls::framed(service.take(calls, To::Watched)?)?;
            let rows = self
                .stores
                .prepare(stores.take(calls, To::Watched)?)
                .await?;
            let bare_calls = vec![echo_request()?; calls];
            echo.add(load::run(vec![bare.clone()], bare_calls, Caller::call).await?);
            append.add(load::run(vec![self.stores.clone()], rows, Stores::append).await?);
            let run = load::run(vec![sender.clone()], work, register).await?;
            notified.extend(self.inbox.collect(named(began(&run)?)).await?);
            registered.add(run);
        }
        figures.put_run("echo_1", &echo.0);
        figures.put_run("append_1", &append.0);
        figures.put_run("register_1", &registered.0);
        figures.put_spans("notified_1", notified);
        Ok(())
    }
}

/// Runs of several turns taken together.
struct Whole<T>(Run<T>);

impl<T> Whole<T> {
    fn new() -> Self {
        Self(Run {
            took: Duration::ZERO,
            answers: Vec::new(),
        })
    }

    fn add(&mut self, run: Run<T>) {
        self.0.took += run.took;
        self.0.answers.extend(run.answers);
    }
}

/// The ratios of a round.
fn compare(figures: &mut Figures) {
    let get = |name: &str| figures.get(name);
    let rate = get("register_256_per_second");
    let (append, echo) = (get("append_256_per_second"), get("echo_256_per_second"));
    let postgres = get("append_256_postgres_per_second");
    let over_postgres = get("register_256_postgres_per_second") / postgres.min(echo);
    let ratios = [
        ("register_256_over_floor_sqlite", rate / append.min(echo)),
        ("register_256_over_floor_postgres", over_postgres),
        ("register_256_over_append", rate / append),
        ("register_256_over_echo", rate / echo),
        ("register_256_over_smaller_floor", rate / append.min(echo)),
        (
            "register_1_added_us",
            get("register_1_p50_us") - get("append_1_p50_us"),
        ),
        (
            "notified_over_commit_p50",
            get("notified_1_p50_us") / get("append_1_p50_us"),
        ),
        (
            "notified_256_over_group_commit_p50",
            get("notified_256_p50_us") / get("group_commit_256_us"),
        ),
    ];
    for (name, value) in ratios {
        figures.put(name, value);
    }
}
