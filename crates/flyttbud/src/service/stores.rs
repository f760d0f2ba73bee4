//! What a service stands on: the record, the read tables, the key store, in SQLite or PostgreSQL.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use daemon::config::{RootFiles, Service};
use daemon::postgres::Settings;
use journal::postgres::Lease;
use journal::{
    Evidence, Journal, PostgresEvidence, PostgresJournal, PostgresViews, ReadError, SqliteEvidence,
    SqliteJournal, SqliteViews, Views,
};
use vault::{RootKeys, Vault};

use crate::failure::Failure;

/// The stores of a process.
pub(super) struct Stores {
    pub(super) journal: Arc<dyn Journal>,
    pub(super) views: Arc<dyn Views>,
    pub(super) evidence: Arc<dyn Evidence>,
    /// What the gateway needs, where there is one.
    pub(super) gateway: Option<GatewayStores>,
    /// What the ledger needs, where there is one.
    pub(super) ledger: Option<LedgerStores>,
}

/// A gateway's own.
pub(super) struct GatewayStores {
    pub(super) vault: Vault,
    /// Its seed for NATS.
    pub(super) seed: PathBuf,
}

/// A ledger's own.
pub(super) struct LedgerStores {
    /// Its seed for NATS.
    pub(super) seed: PathBuf,
    /// Its claim to lead, where there are others.
    pub(super) lease: Option<Arc<Lease>>,
}

impl Stores {
    pub(super) async fn open(service: &Service) -> Result<Self, Failure> {
        let opened = match service {
            Service::Serve {
                folder,
                roots,
                gateway_seed,
                ledger_seed,
            } => embedded(folder, roots).map(|(journal, views, evidence, vault)| Self {
                journal,
                views,
                evidence,
                gateway: Some(GatewayStores {
                    vault,
                    seed: gateway_seed.clone(),
                }),
                ledger: Some(LedgerStores {
                    seed: ledger_seed.clone(),
                    lease: None,
                }),
            }),
            Service::Gateway {
                journal,
                keys,
                roots,
                gateway_seed,
            } => gateway(journal, keys, roots)
                .await
                .map(|(journal, vault)| Self {
                    views: PostgresViews::new(journal.clone()),
                    evidence: PostgresEvidence::new(journal.clone()),
                    journal,
                    gateway: Some(GatewayStores {
                        vault,
                        seed: gateway_seed.clone(),
                    }),
                    ledger: None,
                }),
            Service::Ledger {
                journal,
                ledger_seed,
            } => record(journal).await.map(|journal| {
                let lease = Lease::new(journal.clone());
                Self {
                    views: PostgresViews::written_under(lease.clone()),
                    evidence: PostgresEvidence::written_under(lease.clone()),
                    journal,
                    gateway: None,
                    ledger: Some(LedgerStores {
                        seed: ledger_seed.clone(),
                        lease: Some(lease),
                    }),
                }
            }),
        };
        opened.map_err(unopened)
    }
}

/// The newest entry is read at once: one that this program does not know halts it here already.
fn unopened(error: anyhow::Error) -> Failure {
    let is_unknown = |cause: &(dyn std::error::Error + 'static)| {
        let read = cause.downcast_ref::<ReadError>();
        matches!(read, Some(ReadError::Unreadable { .. }))
    };
    if error.chain().any(is_unknown) {
        return Failure::Halted(error);
    }
    Failure::Failed(error)
}

type Embedded = (
    Arc<SqliteJournal>,
    Arc<SqliteViews>,
    Arc<SqliteEvidence>,
    Vault,
);

fn embedded(folder: &Path, roots: &RootFiles) -> anyhow::Result<Embedded> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("'{}' cannot be made", folder.display()))?;
    let journal = SqliteJournal::open(&folder.join("journal.sqlite"))?;
    let views = SqliteViews::open(&folder.join("views.sqlite"))?;
    let evidence = SqliteEvidence::open(&folder.join("evidence.sqlite"))?;
    let roots = RootKeys::read(&roots.newest, &roots.earlier)?;
    let vault = Vault::unlock(
        &folder.join("keys.sqlite"),
        roots,
        gateway::key_epoch(journal.now()),
    )?;
    Ok((journal, views, evidence, vault))
}

async fn record(settings: &Settings) -> anyhow::Result<Arc<PostgresJournal>> {
    PostgresJournal::connect(settings.clone())
        .await
        .context("the record")
}

async fn gateway(
    journal: &Settings,
    keys: &Settings,
    roots: &RootFiles,
) -> anyhow::Result<(Arc<PostgresJournal>, Vault)> {
    let journal = record(journal).await?;
    let roots = RootKeys::read(&roots.newest, &roots.earlier)?;
    let vault = Vault::connect(keys.clone(), roots, gateway::key_epoch(journal.now()))
        .await
        .context("the key store")?;
    Ok((journal, vault))
}
