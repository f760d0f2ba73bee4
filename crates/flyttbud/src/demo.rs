//! `flyttbud demo`: a whole installation on this machine, and a story through its public interface.

mod acts;
mod apart;
mod people;
mod process;
mod story;
mod world;

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::output;
use world::World;

/// How to play.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Play it on PostgreSQL, with two gateways and two ledgers, and kill the leader in the middle
    #[arg(long)]
    apart: bool,
    /// End after the story instead of staying up
    #[arg(long)]
    exit: bool,
    /// Where the demo keeps its files; emptied at each start
    #[arg(long, default_value = "target/demo")]
    folder: PathBuf,
    /// The nats-server to start; `cargo xtask demo` names one
    #[arg(long, env = "FLYTTBUD_NATS_SERVER", default_value = "nats-server")]
    nats_server: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(error.into()))?;
    runtime.block_on(play(options))
}

async fn play(options: &Options) -> Result<(), Failure> {
    let mut signals =
        daemon::tasks::Signals::listen().map_err(|error| Failure::Failed(error.into()))?;
    let mut world = World::start(&options.folder, &options.nats_server, options.apart).await?;
    story::play(&mut world).await?;
    if !options.exit {
        output::say(&world.how_to_call());
        signals.until_end(&daemon::Drain::new(), || {}).await;
        output::say("");
    }
    world.stop().await
}
