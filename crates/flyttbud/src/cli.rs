//! The command line: every verb with its help.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::{
    backup, clock, database, definition, demo, explain, journal, keys, nats, pki, service, verbs,
    verify, witness,
};

/// Flyttbud: word of a move, from one municipality to another, before the person arrives.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// Who you are and where the service is: a TOML file with url, authority, certificate, key,
    /// municipality, officer and function
    #[arg(
        long,
        global = true,
        env = "FLYTTBUD_PROFILE",
        default_value = "flyttbud.toml"
    )]
    pub(crate) profile: PathBuf,
    #[command(flatten)]
    pub(crate) acting: Acting,
    /// Answer with JSON, one object a line, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// In what somebody acts, and why: it stands in the access log, and with what is written.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Acting {
    /// The function of your municipality that you act in, by its id, instead of the profile's: who opens what is marked as
    /// secret names the one that it was sent to
    #[arg(long = "acting-in", global = true, value_name = "FUNCTION")]
    pub(crate) function: Option<String>,
    /// What you do it for, instead of what the verb is usually for
    #[arg(long, global = true, value_name = "WORDS")]
    pub(crate) purpose: Option<String>,
    /// The number of your case in which you do it
    #[arg(long = "in-case", global = true, value_name = "NUMBER")]
    pub(crate) case_number: Option<String>,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Play the story of three municipalities on this machine, and stay up
    Demo(demo::Options),
    /// Run gateway and ledger in one process, over SQLite
    Serve(service::Options),
    /// Run a gateway of several, over PostgreSQL
    Gateway(service::Options),
    /// Run a ledger of several, over PostgreSQL
    Ledger(service::Options),
    /// Run a witness: cosign the checkpoints of logs that never forget
    Witness(witness::Options),
    /// Register a relocation from a JSON file
    Register(verbs::Register),
    /// Read, list, supplement, withdraw or recall relocations
    #[command(subcommand)]
    Relocation(verbs::Relocation),
    /// Find relocations by identity number, case number or name
    Find(verbs::Find),
    /// Acknowledge a relocation: a person took it in
    Ack(verbs::Named),
    /// Reply to a relocation, or object to it
    Reply(verbs::Reply),
    /// Read the inbox
    #[command(subcommand)]
    Inbox(verbs::Inbox),
    /// Report, read, list or withdraw arrivals
    #[command(subcommand)]
    Arrival(verbs::Arrival),
    /// Tell what the population register told, as the municipality's feed
    #[command(subcommand)]
    Events(verbs::Events),
    /// Work with alerts, as operator or party
    #[command(subcommand)]
    Alerts(verbs::Alerts),
    /// Get receipts of your entries, for others to verify
    #[command(subcommand)]
    Receipt(verbs::Receipts),
    /// Get checkpoints of the log, and what connects them
    #[command(subcommand)]
    Checkpoint(verbs::Checkpoint),
    /// Verify receipts and checkpoints from files, without asking anybody
    #[command(subcommand)]
    Verify(verify::Verb),
    /// Export, check, replay, step through or copy the record
    #[command(subcommand)]
    Journal(journal::Verb),
    /// Explain the rules in words: legal grounds, kinds of relocation
    #[command(subcommand)]
    Explain(explain::Verb),
    /// List the municipalities
    Municipalities(verbs::Municipalities),
    /// List municipalities' functions, and describe your own
    #[command(subcommand, visible_alias = "functions")]
    Function(verbs::Functions),
    /// Let vendors' systems act for your municipality, and withdraw that
    #[command(subcommand, visible_alias = "vendors")]
    Vendor(verbs::Vendors),
    /// Show a month's drill, and take it in: a person shows that notices reach you and can be opened
    #[command(subcommand, visible_alias = "drills")]
    Drill(verbs::Drills),
    /// Show who your certificate is, for whom it may act, until when
    Whoami,
    /// List the calls that the rules refused; as operator, count them by reason
    Refusals(verbs::Refusals),
    /// Review who opened what, and why, as the municipality's reviewer; extract what is held about a person
    #[command(subcommand)]
    Access(verbs::Access),
    /// Show, set or try the definition of an unannounced move
    #[command(subcommand, visible_alias = "definitions")]
    Definition(definition::Verb),
    /// Move the clock, outside production
    #[command(subcommand)]
    Clock(clock::Verb),
    /// Make a private authority and certificates for demo and tests
    #[command(subcommand)]
    Pki(pki::Verb),
    /// Write the NATS server's configuration and credentials
    #[command(subcommand)]
    Nats(nats::Verb),
    /// Make root keys and keys that sign; move the key store to another place or root key
    #[command(subcommand)]
    Keys(keys::Verb),
    /// Make the PostgreSQL databases, as their owner
    #[command(subcommand)]
    Database(database::Verb),
    /// Copy the files of `serve` while it runs, to be restored from
    Backup(backup::Options),
    /// Check a configuration file
    #[command(subcommand)]
    Config(service::ConfigVerb),
    /// Print a completion script
    Completion {
        /// For which shell
        shell: clap_complete::Shell,
    },
}

/// What writes have in common.
#[derive(Debug, Clone, Args)]
pub(crate) struct Write {
    /// Check everything, store nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// A UUID of yours, to retry a write; made when missing
    #[arg(long)]
    pub(crate) request_id: Option<String>,
}

impl Write {
    pub(crate) fn id(&self) -> String {
        self.request_id.clone().unwrap_or_else(client::request_id)
    }
}

pub(crate) fn complete(shell: clap_complete::Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "flyttbud", &mut script);
    crate::output::say(String::from_utf8_lossy(&script).trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
