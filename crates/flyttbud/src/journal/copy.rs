//! Carrying a journal from one store to another. Both are held against themselves before the copy has its name.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use clap::Args;
use journal::audit::{PostgresRows, Rows, SqliteRows};
use journal::copy::{self, CopyError, PostgresTarget, SqliteTarget, Target};

use super::source::{Login, unread};
use super::verify::facts;
use super::{Progress, tell};
use crate::failure::Failure;

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
    tell(json, &facts(&copied));
    Ok(())
}
