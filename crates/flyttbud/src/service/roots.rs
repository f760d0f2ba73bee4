//! The root keys while a service runs: read anew at each SIGHUP, and never let go while something is under them. A
//! process that has its key store for itself also moves it to the newest one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use daemon::config::{Config, Kind};
use daemon::{Drain, ErrorChain};
use tokio::sync::Notify;
use vault::{Error, RootKeys, RootUse, Vault};

/// From the start until the drain; `asked` says that they are to be read anew, from the configuration at a place.
pub(super) async fn follow(
    vault: Vault,
    (file, kind): (PathBuf, Kind),
    asked: Arc<Notify>,
    drain: Drain,
) {
    loop {
        // nobody else has the file, so nobody else can lack the newest one
        if kind == Kind::Serve {
            change(&vault).await;
        }
        tokio::select! {
            () = drain.cancelled() => return,
            () = asked.notified() => read_anew(&vault, &file, kind).await,
        }
    }
}

async fn read_anew(vault: &Vault, file: &Path, kind: Kind) {
    let read = async {
        let config = Config::load(file, kind)?;
        let files = config.service.roots().context("no root key is named")?;
        let roots = RootKeys::read(&files.newest, &files.earlier)?;
        let given = roots.ids();
        anyhow::Ok((given, vault.use_roots(roots).await?))
    };
    match read.await {
        Ok((given, uses)) => tracing::info!(
            root.given = given,
            root.newest = uses.first().map(|root| root.id.as_str()),
            "root keys read"
        ),
        Err(error) => tracing::error!(
            error = format!("{error:#}"),
            "root keys not read, those in use stay"
        ),
    }
}

/// Moves the store to the newest root key, when it is under another.
async fn change(vault: &Vault) {
    let told = |uses: &[RootUse]| {
        for root in uses {
            tracing::info!(root.id = root.id, root.keys = root.keys, "root key changes");
        }
    };
    match vault.rotate_root(told).await {
        Ok(None) => {}
        Ok(Some(count)) => tracing::info!(keys = count, "root key changed"),
        Err(error @ Error::Damaged { .. }) => tracing::error!(
            error = %ErrorChain(&error),
            "root key changed but for damaged keys, see docs/operation.md"
        ),
        Err(error) => tracing::error!(
            error = %ErrorChain(&error),
            "root key not changed, goes on at the next start or SIGHUP"
        ),
    }
}
