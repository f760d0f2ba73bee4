//! `cargo xtask bench`: registrations through gRPC with mutual TLS against a real `flyttbud serve`, beside
//! the floors under them, in the same interleaved rounds; then replay, receipts and growth, once each. It listens on
//! loopback only and judges nothing: the aims stand beside what was seen. docs/bench.md says what each figure means.
#![expect(clippy::print_stdout, reason = "a command line tool talks")]

mod append;
mod caller;
mod calls;
mod database;
mod echo;
mod figures;
mod growth;
mod inbox;
mod load;
mod plan;
mod receipts;
mod replay;
mod report;
mod requests;
mod rounds;
mod usage;
mod world;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::figures::Figures;
use crate::plan::{Area, Plan, Scale};

// the executable's allocator, so that the floor of the store stands on the same ground
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How to measure.
#[derive(Parser)]
#[command(
    name = "bench",
    about = "Measures registrations, and the floors under them"
)]
struct Arguments {
    /// One short round: shows that it works, not how fast it is
    #[arg(long)]
    quick: bool,
    /// Next to nothing: shows that every figure is written
    #[arg(long, hide = true, conflicts_with = "quick")]
    tiny: bool,
    /// Rounds to take medians of
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=7), conflicts_with_all = ["quick", "tiny"])]
    rounds: u32,
    /// Measure no more than this; figures of the rest are null
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Area>,
    /// Write all figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// The bare server that is the floor of the transport; the benchmark starts it itself
    #[command(hide = true)]
    Echo {
        /// The folder with the certificates
        folder: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match arguments.part {
        Some(Part::Echo { folder }) => runtime.block_on(echo::serve(&folder)),
        None => runtime.block_on(bench(&arguments)),
    }
}

async fn bench(arguments: &Arguments) -> anyhow::Result<()> {
    let scale = match (arguments.quick, arguments.tiny) {
        (_, true) => Scale::Tiny,
        (true, false) => Scale::Quick,
        (false, false) => Scale::Full,
    };
    let plan = Plan::of(scale, arguments.rounds, &arguments.only);
    let (rounds, once) = Box::pin(rounds::run(&plan)).await?;
    let mut medians = Figures::medians(&rounds);
    medians.extend(&once);
    println!("{}", report::table(&medians));
    println!("{}", report::aims(&medians));
    println!("{}", report::record(&plan, &medians));
    if cfg!(debug_assertions) {
        println!("Built without optimisation: these figures say nothing. Run `cargo xtask bench`.");
    }
    if plan.is_quick() {
        println!("One short round: it shows that everything works, and not how fast it is.");
        println!("{}", report::SCALED_DOWN);
    }
    if let Some(file) = &arguments.json {
        let text = report::json(&plan, &medians, &rounds);
        std::fs::write(file, text)
            .with_context(|| format!("'{}' cannot be written", file.display()))?;
    }
    Ok(())
}
