//! The root keys of a key store: which there are, and the move of a database to a new one. A file belongs to one
//! service, which moves it by itself.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::Args;
use daemon::postgres::Settings;
use serde_json::json;
use vault::copy::Place;
use vault::postgres::{wipe_wraps, without_root};
use vault::{Error, OpenError, RootKey, RootKeys, RootUse, Vault, root_uses};

use crate::failure::Failure;
use crate::journal::{Login, tell};
use crate::output;

/// Where to look.
#[derive(Debug, Args)]
pub(crate) struct Shown {
    /// A keys.sqlite, or postgresql://user@host/database; a service may have it open
    place: String,
    #[command(flatten)]
    login: Login,
}

/// What to move, and to what.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// postgresql://owner@host/database
    place: String,
    /// The file with the new root key, which every gateway has by now
    #[arg(long)]
    to: PathBuf,
    /// The file with the root key of before; again for each, when keys are under several
    #[arg(long, required = true)]
    from: Vec<PathBuf>,
    #[command(flatten)]
    login: Login,
}

/// Shows which there are.
pub(super) async fn show(shown: &Shown, json: bool) -> Result<(), Failure> {
    let place = match shown.login.database(&shown.place) {
        Some(settings) => Place::Database(settings),
        None => Place::File((&shown.place).into()),
    };
    let uses = root_uses(&place).await;
    let uses = uses.map_err(|error| Failure::Failed(error.into()))?;
    if json {
        for (root, nth) in uses.iter().zip(0..) {
            let facts = [
                ("id", json!(root.id)),
                ("keys", json!(root.keys)),
                ("newest", json!(nth == 0)),
            ];
            tell(json, &facts);
        }
    } else {
        let rows = uses
            .iter()
            .map(|root| vec![root.id.clone(), root.keys.to_string()]);
        output::table(&["root key", "keys"], rows.collect());
    }
    Ok(())
}

/// Moves a database.
pub(super) async fn rotate(options: &Options, json: bool) -> Result<(), Failure> {
    let Some(owner) = options.login.database(&options.place) else {
        return Err(Failure::Usage(anyhow!(
            "'{}' is a file, which its service moves: name the new root key in store.root_key, the one of before in \
             store.earlier_root_keys, and send it SIGHUP",
            options.place
        )));
    };
    let roots = RootKeys::read(&options.to, &options.from);
    let roots = roots.map_err(|error| Failure::Usage(error.into()))?;
    let newest = roots.newest().id().to_owned();
    let unopened = |error: OpenError| {
        let is_of_the_files = matches!(error, OpenError::WrongRoot { .. } | OpenError::Root(_));
        if is_of_the_files {
            return Failure::Usage(error.into());
        }
        Failure::Failed(error.into())
    };
    let place = Place::Database(owner.clone());
    if root_uses(&place).await.map_err(unopened)?.is_empty() {
        return Err(Failure::Usage(anyhow!(
            "there is no key store: no root key was ever used with it"
        )));
    }
    is_everywhere(&owner, roots.newest()).await?;
    // nothing is sealed here, in whatever year
    let vault = Vault::connect(owner.clone(), roots, 0).await;
    let vault = vault.map_err(unopened)?;
    let moved = vault.rotate_root(progress).await;
    let is_damaged = matches!(moved, Err(Error::Damaged { .. }));
    if moved.is_ok() || is_damaged {
        // the old wraps of what was moved must not stay, whatever was not
        let wiped = wipe_wraps(&owner).await;
        let wiped = wiped.context("old wraps may stand in the table's pages; run it again");
        wiped.map_err(Failure::Failed)?;
    }
    let moved = moved.context(if is_damaged {
        "all others are moved, and running it again mends nothing (docs/operation.md, 'Damaged keys')"
    } else {
        "not done; run it again"
    });
    let rewrapped = moved.map_err(Failure::Failed)?.unwrap_or_default();
    let uses = root_uses(&place).await.map_err(unopened)?;
    let others = uses.iter().filter(|root| root.id != newest);
    let left: u64 = others.map(|root| root.keys).sum();
    let facts = [
        ("root_key", json!(newest)),
        ("keys_wrapped_anew", json!(rewrapped)),
        ("keys_left_under_others", json!(left)),
    ];
    tell(json, &facts);
    Ok(())
}

/// Nothing moves to a root key that a gateway lacks.
async fn is_everywhere(owner: &Settings, newest: &RootKey) -> Result<(), Failure> {
    let lacking = without_root(owner, newest).await;
    let lacking = lacking.map_err(|error| Failure::Failed(error.into()))?;
    if lacking.is_empty() {
        return Ok(());
    }
    Err(Failure::Usage(anyhow!(
        "root key '{}' is not at every gateway: these logins (server processes) lack it: {}. Name its file in \
         store.root_key there, the one of before in store.earlier_root_keys, and send SIGHUP",
        newest.id(),
        lacking.join(", ")
    )))
}

/// Tells how far it came.
fn progress(uses: &[RootUse]) {
    let each = uses
        .iter()
        .map(|root| format!("{} under {}", root.keys, root.id));
    output::talk(&format!("keys: {}", each.collect::<Vec<_>>().join(", ")));
}
