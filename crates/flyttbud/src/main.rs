//! The one executable: services, client verbs, the demo. Thin: every piece of work lives in a room below.

mod backup;
mod cli;
mod clock;
mod database;
mod definition;
mod definitions;
mod demo;
mod explain;
mod failure;
mod journal;
mod keys;
mod nats;
mod output;
mod pki;
mod profile;
mod service;
mod verbs;
mod verify;
mod witness;

use std::process::ExitCode;

use clap::Parser as _;
use cli::{Cli, Command};
use daemon::Exit;
use daemon::config::Kind;
use failure::Failure;

// measured: 12 % more registrations a second than the system's allocator
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // help and version are asked for; anything else is a wrong command line
            let wrong = error.use_stderr();
            error.print().ok();
            let exit = if wrong { Exit::Usage } else { Exit::Ok };
            return ExitCode::from(exit.code());
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::failure(&failure);
            ExitCode::from(failure.exit().code())
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let json = cli.json;
    match cli.command {
        Command::Completion { shell } => {
            cli::complete(shell);
            Ok(())
        }
        // one that is named is asked for
        Command::Explain(explain::Verb::Exposure(explain::exposure::Options {
            relocation: Some(_),
            ..
        })) => verbs::run(&cli.profile, cli.acting, json, cli.command),
        Command::Explain(verb) => {
            explain::run(&verb, json);
            Ok(())
        }
        Command::Pki(verb) => pki::run(verb),
        Command::Nats(verb) => nats::run(verb),
        Command::Database(verb) => database::run(verb),
        Command::Backup(options) => backup::run(&options, json),
        Command::Keys(verb) => keys::run(&verb, json),
        Command::Config(verb) => service::config(verb),
        Command::Serve(options) => service::run(&options, Kind::Serve),
        Command::Gateway(options) => service::run(&options, Kind::Gateway),
        Command::Ledger(options) => service::run(&options, Kind::Ledger),
        Command::Witness(options) => witness::run(&options),
        Command::Demo(options) => demo::run(&options),
        Command::Verify(verb) => verify::run(&verb, json),
        Command::Journal(verb) => journal::run(verb, json),
        Command::Definition(definition::Verb::Try(options)) => definitions::run(&options, json),
        Command::Register(_)
        | Command::Relocation(_)
        | Command::Find(_)
        | Command::Ack(_)
        | Command::Reply(_)
        | Command::Inbox(_)
        | Command::Arrival(_)
        | Command::Events(_)
        | Command::Alerts(_)
        | Command::Receipt(_)
        | Command::Checkpoint(_)
        | Command::Municipalities(_)
        | Command::Function(_)
        | Command::Vendor(_)
        | Command::Drill(_)
        | Command::Whoami
        | Command::Refusals(_)
        | Command::Access(_)
        | Command::Definition(_)
        | Command::Clock(_) => verbs::run(&cli.profile, cli.acting, json, cli.command),
    }
}
