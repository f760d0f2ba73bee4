//! Carrying a journal from one store to another, and holding one against itself.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use clap::Args;
use journal::audit::{self, PostgresRows, Rows, SqliteRows, Table};
use journal::copy::{self, CopyError, PostgresTarget, SqliteTarget, Target};
use serde_json::json;

use super::source::{Login, open_store, unread};
use super::{Progress, tell};
use crate::failure::Failure;
use crate::output;

/// From where to where.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A journal.sqlite that no service has open, or postgresql://owner@host/database
    from: String,
    /// A journal.sqlite that does not exist yet, or postgresql://owner@host/database without a journal
    to: String,
    #[command(flatten)]
    login: Login,
}

/// What to verify.
#[derive(Debug, Args)]
pub(crate) struct Verified {
    /// A journal.sqlite, or postgresql://user@host/database
    source: String,
    #[command(flatten)]
    login: Login,
}

pub(super) async fn run(options: Options, json: bool) -> Result<(), Failure> {
    let Options { from, to, login } = options;
    let mut origin: Box<dyn Rows> = match login.database(&from) {
        Some(owner) => Box::new(
            PostgresRows::open_alone(&owner)
                .await
                .map_err(|error| Failure::Failed(error.into()))?,
        ),
        None => Box::new(
            SqliteRows::open_alone(Path::new(&from))
                .with_context(|| format!("'{from}' cannot be copied"))
                .map_err(Failure::Usage)?,
        ),
    };
    let target: Box<dyn Target> = match login.database(&to) {
        Some(owner) => Box::new(
            PostgresTarget::create(&owner)
                .await
                .map_err(|error| Failure::Failed(error.into()))?,
        ),
        None if Path::new(&to).exists() => {
            return Err(Failure::Usage(anyhow!("'{to}' exists")));
        }
        None => Box::new(
            SqliteTarget::create(Path::new(&to)).map_err(|error| Failure::Usage(error.into()))?,
        ),
    };
    let edge = origin.edge().await.map_err(unread)?;
    // carried, then read back on both sides
    let mut progress = Progress::new("copying", edge.0 * 3);
    let copied = copy::copy(origin.as_mut(), target, |count| progress.add(count)).await;
    drop(progress);
    let copied = copied.map_err(|error| match error {
        CopyError::Store(error) => unread(error),
        CopyError::Unsound { .. } | CopyError::Differs(_) => Failure::Failed(error.into()),
    })?;
    say(json, &copied);
    Ok(())
}

pub(super) async fn verify(verified: &Verified, json: bool) -> Result<(), Failure> {
    let mut rows = open_store(&verified.source, &verified.login).await?;
    let edge = rows.edge().await.map_err(unread)?;
    let mut progress = Progress::new("verifying", edge.0);
    let seen = audit::verify(rows.as_mut(), |count| progress.add(count)).await;
    drop(progress);
    let seen = seen.map_err(unread)?;
    say(json, &seen);
    if seen.faults_count == 0 {
        return Ok(());
    }
    for fault in &seen.faults {
        output::talk(&fault.to_string());
    }
    Err(Failure::Failed(anyhow!("{} faults", seen.faults_count)))
}

fn say(json: bool, seen: &audit::Verified) {
    let rows = Table::ALL.into_iter().zip(seen.rows);
    let rows = rows.map(|(table, count)| (table.name(), json!(count)));
    let mut facts = vec![("entries", json!(seen.head.size.0))];
    facts.extend(rows);
    facts.push(("root", json!(seen.head.root.to_string())));
    facts.push(("faults", json!(seen.faults_count)));
    tell(json, &facts);
}
