//! Throws texts and messages at what reads them first, for as long as one likes: `cargo run -p tests --bin fuzz --
//! identity --seconds 60`. A run is its seed: the same one does the same again. What breaks a claim is printed as bytes,
//! and the process fails.
//!
//! Inputs are made of good ones, by mistakes as people and programs make them, so that most of them get far. There is no
//! coverage to guide them: that needs an unstable compiler, and these readers are small.

#![expect(clippy::print_stdout, reason = "a tool for people")]

mod dice;
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};

use dice::Dice;

/// Throws what is nearly right at what reads it.
#[derive(Debug, Parser)]
struct Options {
    /// What to throw at
    target: Target,
    /// For so long
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// To do the same again; made from the clock when missing
    #[arg(long)]
    seed: Option<u64>,
}

/// What reads.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Target {
    /// Identity numbers
    Identity,
    /// Free texts, looked through for identity numbers and addresses
    Text,
    /// Events of the population register
    RegisterEvent,
}

/// Inputs between two looks at the clock.
const ROUND: u32 = 1024;

fn main() {
    let options = Options::parse();
    let seed = options.seed.unwrap_or_else(seed_of_now);
    let (claim, corpus): (fn(&[u8]), _) = match options.target {
        Target::Identity => (targets::identity, targets::numbers()),
        Target::Text => (targets::text, targets::texts()),
        Target::RegisterEvent => (targets::register_event, targets::register_events()),
    };
    println!("{:?}, seed {seed}", options.target);
    let mut dice = Dice::new(seed);
    let (begun, mut done) = (Instant::now(), 0u64);
    while begun.elapsed() < Duration::from_secs(options.seconds) {
        for _ in 0..ROUND {
            let input = dice.spoil(&corpus);
            let held = catch_unwind(AssertUnwindSafe(|| claim(&input)));
            assert!(held.is_ok(), "after {done}, seed {seed}: {input:?}");
            done += 1;
        }
    }
    let seconds = begun.elapsed().as_secs().max(1);
    println!(
        "{done} inputs, {} a second, no claim broken",
        done / seconds
    );
}

/// Another one for each run.
fn seed_of_now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |since| since.as_secs() ^ u64::from(since.subsec_nanos()))
}
