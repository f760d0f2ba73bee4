//! `flyttbud journal`: the record as auditors and operators handle it, in a file, a SQLite journal or PostgreSQL.
//! It reads beside a running service and never appends; the one thing that it changes there is an alarm.

mod alarm;
mod copy;
mod export;
mod progress;
mod replay;
mod source;
mod step;
mod verify;

use clap::Subcommand;

use crate::failure::Failure;
use crate::output;

pub(crate) use progress::Progress;
pub(crate) use source::{Login, Place, ended, open_store, unread};

/// What to do with a journal.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Write entries into a file, for others to hold, replay and compare
    Export(export::Options),
    /// Check that such a file is whole: every entry, its place, the root
    ImportCheck(export::Checked),
    /// Make the ledger's state and read tables anew, and compare digest and root
    Replay(replay::Options),
    /// Go through entries, and show what each changed
    Step(step::Options),
    /// Carry a journal that no service has open into an empty place, with the same root
    Copy(copy::Options),
    /// Hold a journal against itself: places, chains, the tables beside the entries; and against its log
    Verify(verify::Options),
    /// Show the alarm that keeps the log from being signed, or lift it
    #[command(subcommand)]
    Alarm(alarm::Verb),
}

pub(crate) fn run(verb: Verb, json: bool) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(error.into()))?;
    runtime.block_on(async {
        match verb {
            Verb::Export(options) => export::run(options, json).await,
            Verb::ImportCheck(checked) => export::check(&checked, json),
            Verb::Replay(options) => Box::pin(replay::run(options, json)).await,
            Verb::Step(options) => step::run(options, json).await,
            Verb::Copy(options) => Box::pin(copy::run(options, json)).await,
            Verb::Verify(options) => verify::run(options, json).await,
            Verb::Alarm(verb) => alarm::run(verb, json).await,
        }
    })
}

/// Tells what came out: as one object for programs, or as rows.
pub(crate) fn tell(json: bool, facts: &[(&str, serde_json::Value)]) {
    if json {
        let object: serde_json::Map<_, _> = facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        return output::say(&serde_json::Value::Object(object).to_string());
    }
    let word = |value: &serde_json::Value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_null()) {
        output::say(&format!("{:<20} {}", name.replace('_', " "), word(value)));
    }
}
