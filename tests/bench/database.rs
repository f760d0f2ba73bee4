//! The same registrations over PostgreSQL: a gateway and a ledger apart, beside the rows alone through the same
//! writers into databases of their own on the same server.

use std::sync::Arc;

use anyhow::Context as _;
use daemon::postgres::testing::{Database, Server};
use fanout::Server as Nats;
use jiff::civil::Date;

use crate::append::Stores;
use crate::caller::Caller;
use crate::calls::{self, register};
use crate::figures::Figures;
use crate::load;
use crate::requests::{Requests, To};
use crate::rounds::CALLERS;
use crate::usage::Meter;
use crate::world::{Service, World, configuration, nats};

/// Everything that takes part.
pub(crate) struct Apart {
    stores: Stores,
    senders: Vec<Caller>,
    requests: [Requests; 2],
    gateway: Service,
    ledger: Service,
    nats: Nats,
    _databases: Vec<Database>,
}

impl Apart {
    /// Beside a world whose certificates and root key it uses.
    pub(crate) async fn start(world: &World, today: Date) -> anyhow::Result<Self> {
        let folder = world.folder();
        let own = folder.join("apart");
        std::fs::create_dir_all(&own)?;
        let nats = nats(&own).await?;
        let server = Arc::new(Server::start().await.context("PostgreSQL")?);
        let [journal, keys] = databases(&server).await?;
        let [floor_journal, floor_keys] = databases(&server).await?;
        let url = nats.url();
        let start = async |verb: &str| {
            let stores = format!(
                "[journal]\nurl = \"{}\"\n\n[keys]\nurl = \"{}\"\n\n[store]",
                journal.settings(verb).url,
                keys.settings("keyholder").url
            );
            let text = configuration(folder, &own, &url, &stores);
            Service::run(&own, verb, &text).await
        };
        let ledger = start("ledger").await?;
        let gateway = start("gateway").await?;
        let senders = world.callers(&gateway, calls::REGISTER).await?;
        let settings = floor_keys.settings("keyholder");
        let stores = Stores::connect(floor_journal.settings("gateway"), settings, folder, today);
        Ok(Self {
            stores: stores.await?,
            senders,
            requests: [Requests::new(today), Requests::new(today)],
            gateway,
            ledger,
            nats,
            _databases: vec![journal, keys, floor_journal, floor_keys],
        })
    }

    /// The rows alone, and the same number of registrations.
    pub(crate) async fn measure(
        &mut self,
        rows: usize,
        figures: &mut Figures,
    ) -> anyhow::Result<()> {
        let [service, stores] = &mut self.requests;
        let work = stores.take(rows, To::Everybody)?;
        let work = self.stores.prepare(work).await?;
        let tasks = vec![self.stores.clone(); CALLERS];
        let meter = Meter::start(&[])?;
        let run = load::run(tasks, work, Stores::append).await?;
        meter.stop(rows, "append_256_postgres", &[], figures)?;
        figures.put_run("append_256_postgres", &run);
        let work = calls::framed(service.take(rows, To::Everybody)?)?;
        let meter = Meter::start(&[self.gateway.pid, self.nats.id()])?;
        let run = load::run(self.senders.clone(), work, register).await?;
        meter.stop(rows, "register_256_postgres", &["server", "nats"], figures)?;
        figures.put_run("register_256_postgres", &run);
        Ok(())
    }

    /// Ends everything as an operator would.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.gateway.stop().await?;
        self.ledger.stop().await?;
        self.nats.stop().await?;
        Ok(())
    }
}

/// A record and a key store, with the logins that services use.
async fn databases(server: &Arc<Server>) -> anyhow::Result<[Database; 2]> {
    let journal = Database::on(server.clone()).await?;
    journal::postgres::migrate(&journal.owner()).await?;
    for service in ["gateway", "ledger"] {
        let role = format!("flyttbud_{service}");
        journal.admit(service, &role).await?;
    }
    let keys = Database::on(server.clone()).await?;
    vault::postgres::migrate(&keys.owner()).await?;
    keys.admit("keyholder", "flyttbud_keys").await?;
    Ok([journal, keys])
}
