//! Carrying the key store from one place to another, without opening a single key.

use clap::Args;
use serde_json::json;
use vault::copy::{self, CopyError, Place};

use crate::failure::Failure;
use crate::journal::{Login, tell};

/// From where to where.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A keys.sqlite that no service has open, or postgresql://owner@host/database
    from: String,
    /// A keys.sqlite that does not exist yet, or postgresql://owner@host/database without a key store
    to: String,
    #[command(flatten)]
    login: Login,
}

pub(super) async fn run(options: &Options, json: bool) -> Result<(), Failure> {
    let place = |named: &String| match options.login.database(named) {
        Some(owner) => Place::Database(owner),
        None => Place::File(named.into()),
    };
    let (from, to) = (place(&options.from), place(&options.to));
    let copied = copy::copy(&from, &to).await.map_err(|error| match error {
        CopyError::Missing | CopyError::Taken => Failure::Usage(error.into()),
        CopyError::Open(_) | CopyError::Store(_) | CopyError::Differs(_) => {
            Failure::Failed(error.into())
        }
    })?;
    let counts: Vec<_> = copied
        .into_iter()
        .map(|(table, count)| (table, json!(count)))
        .collect();
    tell(json, &counts);
    Ok(())
}
