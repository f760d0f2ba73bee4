//! `flyttbud config check`, and what a start looks at first: every file that the configuration names, as the service would
//! read them.

use std::path::Path;

use anyhow::Context as _;
use daemon::config::{Config, Evidence, Nats, RootFiles, Service};
use daemon::tls::{self, Tls};
use fanout::{Place, PlaceError};
use ledgerd::Memory;
use tlog::key;
use vault::{RootKey, RootKeyError, RootKeys};

use super::gateway::policy;
use super::ledger;
use crate::keys;

/// Everything that is wrong with the files, one line for each, by the key that names it. Nothing is changed, and
/// nobody is called.
pub(super) fn files(config: &Config) -> Vec<String> {
    let mut faults = Vec::new();
    let mut look = |key: &str, read: anyhow::Result<()>| {
        if let Err(error) = read {
            faults.push(format!("{key}: {error:#}"));
        }
    };
    look(
        "tls",
        Tls::load(config.tls.clone(), config.connections)
            .map(drop)
            .context("at fault"),
    );
    if let Some(roots) = config.service.roots() {
        look("store.root_key", root(&roots.newest));
        for earlier in &roots.earlier {
            look("store.earlier_root_keys", root(earlier));
        }
        look("store.earlier_root_keys", differ(roots));
    }
    let (gateway, ledger) = match &config.service {
        Service::Serve {
            gateway_seed,
            ledger_seed,
            ..
        } => (Some(gateway_seed), Some(ledger_seed)),
        Service::Gateway { gateway_seed, .. } => (Some(gateway_seed), None),
        Service::Ledger { ledger_seed, .. } => (None, Some(ledger_seed)),
    };
    for (key, file) in [("nats.gateway_seed", gateway), ("nats.ledger_seed", ledger)] {
        if let Some(file) = file {
            look(key, seed(file));
        }
    }
    look(
        "nats.url",
        place(&config.nats).map(drop).map_err(Into::into),
    );
    if let Some(authorities) = &config.nats.authorities {
        let read = tls::client(authorities, None).map(drop);
        look("nats.authorities", read.map_err(Into::into));
    }
    let (record, keys) = match &config.service {
        Service::Serve { .. } => (None, None),
        Service::Gateway { journal, keys, .. } => (Some(journal), Some(keys)),
        Service::Ledger { journal, .. } => (Some(journal), None),
    };
    for (key, database) in [("journal", record), ("keys", keys)] {
        if let Some(database) = database {
            look(key, database.check().map_err(Into::into));
        }
    }
    evidence(&config.evidence, ledger.is_some(), &mut look);
    faults
}

fn evidence(evidence: &Evidence, is_ledger: bool, look: &mut impl FnMut(&str, anyhow::Result<()>)) {
    if let Some(key) = &evidence.signing_key {
        look(
            "evidence.signing_key",
            keys::read::<key::Log>(key).map(drop),
        );
    }
    let policy = policy(evidence.policy.as_deref());
    let (policy, read) = match policy {
        Ok(policy) => (policy, Ok(())),
        Err(error) => (None, Err(error)),
    };
    look("evidence.policy", read);
    if !is_ledger {
        return;
    }
    if let Err((key, error)) = ledger::asked(policy, evidence) {
        look(key, Err(error));
    }
    if let Some(memory) = &evidence.memory {
        let read = Memory::open(memory).map(drop);
        look("evidence.memory", read.map_err(Into::into));
    }
}

/// Where NATS is, as its client is told.
pub(super) fn place(nats: &Nats) -> Result<Place, PlaceError> {
    Place::new(&nats.url, nats.authorities.as_deref())
}

fn root(path: &Path) -> anyhow::Result<()> {
    RootKey::read(path)?;
    Ok(())
}

/// What cannot be read is told by itself.
fn differ(roots: &RootFiles) -> anyhow::Result<()> {
    match RootKeys::read(&roots.newest, &roots.earlier) {
        Err(twice @ RootKeyError::Twice { .. }) => Err(twice.into()),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn seed(path: &Path) -> anyhow::Result<()> {
    let named = || format!("'{}'", path.display());
    let text = std::fs::read_to_string(path).with_context(named)?;
    fanout::check_seed(&text).with_context(named)
}
