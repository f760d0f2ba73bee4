//! `cargo xtask <verb>`: what a developer and CI do here, each with one command.
//!
//! It only starts other programs, reads the repository and writes below `target`; `codegen` and
//! `scenarios` alone write source.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks"
)]

mod check;
mod codegen;
mod edges;
mod process;
mod scenarios;
mod tidy;
mod tools;
mod verbs;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::tools::Group;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "What a developer and CI do here")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Build the system, start it on free ports, play a story of three municipalities and stay up
    Demo {
        /// What `flyttbud demo` takes, such as --exit
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Run every test
    Test {
        /// Only the tests whose name has this in it
        filter: Option<String>,
    },
    /// Check everything that can be checked without running it
    Check,
    /// Measure registrations and deliveries, built for release
    Bench {
        /// What the load test takes, such as --quick or --json FILE
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Generate the Rust code of the proto packages into crates/api/src/generated
    Codegen {
        /// Write nothing; fail when what is committed is not what would be written
        #[arg(long)]
        check: bool,
    },
    /// Write docs/scenarios.md from the catalogue and the tests that there are
    Scenarios,
    /// Install the programs that are no crates into target/tools
    Tools,
    /// Check the rules of STYLE.md that a program can check
    Tidy,
}

fn main() -> ExitCode {
    match run(Arguments::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the verb says, at the root of the repository.
fn run(verb: Verb) -> Result<()> {
    let root = process::root()?;
    match verb {
        Verb::Demo { arguments } => verbs::demo(&root, &arguments),
        Verb::Test { filter } => verbs::test(&root, filter.as_deref()),
        Verb::Check => check::run(&root),
        Verb::Bench { arguments } => verbs::bench(&root, &arguments),
        Verb::Codegen { check } => codegen::run(&root, check),
        Verb::Scenarios => scenarios::write(&root),
        Verb::Tools => Group::ALL
            .into_iter()
            .try_for_each(|group| tools::ensure(&root, group)),
        Verb::Tidy => tidy::run(&root),
    }
}
