//! A world of services apart: PostgreSQL, NATS, two gateways, two ledgers, each a process of its own.

use std::path::Path;
use std::process::ExitStatus;

use daemon::postgres::testing::Database;
use fanout::Server;
use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::sync::SemaphorePermit;

use super::certificate::{self, Organisation};
use super::party::Party;
use super::service::Service;
use super::world::{PLACES, connect, make_log_key, start_nats, started};

/// The services, by the names of their files.
const GATEWAYS: [&str; 2] = ["gateway-1", "gateway-2"];
const LEDGERS: [&str; 2] = ["ledger-1", "ledger-2"];

/// Everything that runs for one test.
#[derive(Debug)]
pub struct Apart {
    gateways: Vec<Service>,
    ledgers: Vec<Service>,
    /// The record, with its server.
    pub journal: Database,
    /// The key store.
    pub keys: Database,
    _nats: Server,
    folder: TempDir,
    _place: SemaphorePermit<'static>,
}

impl Apart {
    /// Starts it all; the first ledger leads.
    pub async fn start() -> Self {
        let place = PLACES.acquire().await.expect("places are never closed");
        let folder = tempfile::tempdir().expect("a folder");
        certificate::begin(folder.path());
        let nats = start_nats(folder.path()).await;
        vault::RootKey::create(&folder.path().join("root.key")).expect("a root key");
        make_log_key(folder.path());
        let journal = journal::postgres::testing::database();
        let journal = journal.await.expect("a database for the record");
        let keys = Database::new().await.expect("a database for keys");
        let made = vault::postgres::migrate(&keys.owner()).await;
        made.expect("the key store's schema");
        let admitted = keys.admit("keyholder", "flyttbud_keys").await;
        admitted.expect("a login");
        for name in [GATEWAYS, LEDGERS].concat() {
            let who = name.split('-').next().unwrap_or_default();
            let urls = [&journal.settings(who).url, &keys.settings("keyholder").url];
            let text = configuration(folder.path(), &nats.url(), urls);
            let file = folder.path().join(format!("{name}.toml"));
            std::fs::write(file, text).expect("a configuration");
        }
        let mut ledgers = Vec::new();
        for name in LEDGERS {
            ledgers.push(started(folder.path(), "ledger", name).await);
        }
        let mut gateways = Vec::new();
        for name in GATEWAYS {
            gateways.push(started(folder.path(), "gateway", name).await);
        }
        Self {
            gateways,
            ledgers,
            journal,
            keys,
            _nats: nats,
            folder,
            _place: place,
        }
    }

    /// Where everything lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// An organisation's case system, connected to one of the gateways: 0 or 1.
    pub async fn party(&self, who: Organisation, gateway: usize) -> Party {
        let gateway = self.gateways.get(gateway).expect("a gateway");
        let client = connect(self.folder(), &gateway.url, who).await;
        Party::new(client.expect("a connection"), who.code)
    }

    /// Which ledger leads, by its log; none while none says so.
    pub fn leader(&self) -> Option<usize> {
        LEDGERS.iter().position(|name| {
            let log = self.log(name);
            let last = |text| log.rfind(text);
            last("this ledger leads") > last("this ledger follows")
                && log.contains("this ledger leads")
                && !log.contains("draining")
        })
    }

    /// What a service logged.
    pub fn log(&self, name: &str) -> String {
        let file = self.folder().join(format!("{name}.log"));
        std::fs::read_to_string(file).expect("a log")
    }

    /// A ledger's process.
    pub fn signal_ledger(&self, ledger: usize, signal: Signal) {
        self.ledgers.get(ledger).expect("a ledger").signal(signal);
    }

    /// Kills a ledger.
    pub async fn kill_ledger(&mut self, ledger: usize) {
        self.ledgers.get_mut(ledger).expect("a ledger").kill().await;
    }

    /// Asks a ledger to end, and waits until it did.
    pub async fn terminate_ledger(&mut self, ledger: usize) -> ExitStatus {
        let ledger = self.ledgers.get_mut(ledger).expect("a ledger");
        ledger.terminate().await
    }

    /// Kills a gateway.
    pub async fn kill_gateway(&mut self, gateway: usize) {
        let gateway = self.gateways.get_mut(gateway).expect("a gateway");
        gateway.kill().await;
    }
}

fn configuration(folder: &Path, nats_url: &str, [journal, keys]: [&String; 2]) -> String {
    let folder = folder.display();
    format!(
        r#"environment = "test"

[listen]
grpc = "127.0.0.1:0"

[tls]
certificate = "{folder}/server.pem"
key = "{folder}/server.key"
client_authorities = "{folder}/authority.pem"

[store]
root_key = "{folder}/root.key"

[journal]
url = "{journal}"

[keys]
url = "{keys}"

[nats]
url = "{nats_url}"
gateway_seed = "{folder}/gateway.seed"
ledger_seed = "{folder}/ledger.seed"

[evidence]
signing_key = "{folder}/log.key"

[limits]
calls_per_second = 2000
"#
    )
}
