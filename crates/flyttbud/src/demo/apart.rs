//! The services apart: PostgreSQL with two databases, two gateways, two ledgers of which one leads.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use daemon::postgres::testing::{Database, Server};

use super::process::Process;
use super::world::configuration;
use crate::pki::write;

/// How long the lead may take to be taken: a lease, and a little.
const LEAD: Duration = Duration::from_secs(20);
/// Between looks at a ledger's log.
const LOOK: Duration = Duration::from_millis(20);
/// What a ledger logs when it takes the lead.
const LEADS: &str = "this ledger leads";
/// The login of gateways to the key store.
const KEYHOLDER: &str = "keyholder";

/// The processes; PostgreSQL ends after them.
pub(super) struct Apart {
    folder: PathBuf,
    gateways: Vec<Process>,
    ledgers: Vec<Process>,
    _databases: [Database; 2],
}

impl Apart {
    pub(super) async fn start(folder: &Path, nats_url: &str) -> anyhow::Result<Self> {
        let server = Server::start().await.context("PostgreSQL")?;
        let server = Arc::new(server);
        let journal = Database::on(server.clone()).await?;
        journal::postgres::migrate(&journal.owner()).await?;
        for service in ["gateway", "ledger"] {
            let role = format!("flyttbud_{service}");
            journal.admit(service, &role).await?;
        }
        let keys = Database::on(server).await?;
        vault::postgres::migrate(&keys.owner()).await?;
        keys.admit(KEYHOLDER, "flyttbud_keys").await?;
        let start = async |verb: &str, number: u8| {
            let stores = format!(
                "[journal]\nurl = \"{}\"\n\n[keys]\nurl = \"{}\"\n\n[store]",
                journal.settings(verb).url,
                keys.settings(KEYHOLDER).url
            );
            let name = format!("{verb}-{number}");
            let text = configuration(folder, nats_url, &stores);
            // the section of the log comes last
            let memory = folder.join(format!("{name}.checkpoint"));
            let text = format!("{text}memory = \"{}\"\n", memory.display());
            write(&folder.join(format!("{name}.toml")), &text)?;
            Process::start(folder, verb, &name).await
        };
        // the first one leads
        let ledgers = vec![start("ledger", 1).await?, start("ledger", 2).await?];
        let gateways = vec![start("gateway", 1).await?, start("gateway", 2).await?];
        let apart = Self {
            folder: folder.to_owned(),
            gateways,
            ledgers,
            _databases: [journal, keys],
        };
        apart.leads(1).await?;
        Ok(apart)
    }

    /// Where the gateways answer.
    pub(super) fn urls(&self) -> Vec<&str> {
        self.gateways.iter().map(Process::url).collect()
    }

    /// Kills the first ledger, and waits until the second leads.
    pub(super) async fn kill_leader(&mut self) -> anyhow::Result<()> {
        let leader = self.ledgers.first_mut().context("a ledger leads")?;
        leader.kill().await?;
        self.leads(2).await
    }

    async fn leads(&self, number: u8) -> anyhow::Result<()> {
        let log = self.folder.join(format!("ledger-{number}.log"));
        let began = Instant::now();
        while !std::fs::read_to_string(&log)?.contains(LEADS) {
            ensure!(began.elapsed() < LEAD, "ledger {number} does not lead");
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Ends all, gateways first.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        for process in self.gateways.into_iter().chain(self.ledgers) {
            process.stop().await?;
        }
        Ok(())
    }
}
