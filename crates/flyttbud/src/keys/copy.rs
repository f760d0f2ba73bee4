//! Carrying the key store from one place to another, without opening a single key.

use clap::Args;
use vault::copy::{self, CopyError, Place};

use crate::failure::Failure;
use crate::journal::Login;
use crate::output;

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

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let place = |named: &String| match options.login.database(named) {
        Some(owner) => Place::Database(owner),
        None => Place::File(named.into()),
    };
    let (from, to) = (place(&options.from), place(&options.to));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(error.into()))?;
    let copied = runtime.block_on(copy::copy(&from, &to));
    let copied = copied.map_err(|error| match error {
        CopyError::Missing | CopyError::Taken => Failure::Usage(error.into()),
        CopyError::Open(_) | CopyError::Store(_) | CopyError::Differs(_) => {
            Failure::Failed(error.into())
        }
    })?;
    for (table, count) in copied {
        output::say(&format!("{table:<20} {count}"));
    }
    Ok(())
}
