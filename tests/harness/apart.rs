//! A world of services apart: PostgreSQL, NATS, two gateways, two ledgers, each a process of its own.

use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;

use daemon::postgres::testing::{self as server, Database, Pair};
use fanout::Server;
use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::sync::SemaphorePermit;
use tonic::transport::Endpoint;

use super::certificate::{self, Organisation};
use super::party::Party;
use super::service::{self, Service};
use super::witness::Witness;
use super::world::{
    self, ORIGIN, PLACES, World, connect, make_log_key, served, start_nats, start_witnesses,
    started, started_with, witnessing,
};

/// The services, by the names of their files.
const GATEWAYS: [&str; 2] = ["gateway-1", "gateway-2"];
const LEDGERS: [&str; 2] = ["ledger-1", "ledger-2"];
/// The login of gateways to the key store.
const KEYHOLDER: &str = "keyholder";
/// What they log when nothing else is said.
const LOG: &str = "[log]\nfilter = \"info\"";

/// Everything that runs for one test.
#[derive(Debug)]
pub struct Apart {
    gateways: Vec<Service>,
    ledgers: Vec<Service>,
    /// The record, with its server.
    pub journal: Database,
    /// The key store.
    pub keys: Database,
    /// Witnesses of its log.
    pub witnesses: Vec<Witness>,
    _nats: Server,
    folder: TempDir,
    _place: SemaphorePermit<'static>,
}

impl Apart {
    /// Starts it all, over databases that other worlds' lie beside; the first ledger leads.
    pub async fn start() -> Self {
        Self::over(server::Server::shared().await.expect("a server")).await
    }

    /// Likewise, with so many witnesses, of which two make a receipt full.
    pub async fn watched_by(witnesses: usize) -> Self {
        let server = server::Server::shared().await.expect("a server");
        Self::on([server.clone(), server], at_its_url, LOG, witnesses).await
    }

    /// Likewise, with the record and the keys on a server of its own.
    pub async fn over(server: Arc<server::Server>) -> Self {
        Self::logging(server, LOG).await
    }

    /// Likewise, with a log of its own kind: the section `[log]`.
    pub async fn logging(server: Arc<server::Server>, log: &str) -> Self {
        Self::on([server.clone(), server], at_its_url, log, 0).await
    }

    /// Starts it all with the keys on a server of their own.
    pub async fn with_keys_on(keys: Arc<server::Server>) -> Self {
        let record = server::Server::shared().await.expect("a server");
        Self::on_two([record, keys]).await
    }

    /// Starts it all with the record on one server and the keys on another.
    pub async fn on_two(servers: [Arc<server::Server>; 2]) -> Self {
        Self::on(servers, at_its_url, LOG, 0).await
    }

    /// Likewise, where services reach a database by the lines that they have in their configuration: `reached` is
    /// given its name and whose login it is.
    pub async fn reached(
        server: Arc<server::Server>,
        reached: impl Fn(&str, &str) -> String,
    ) -> Self {
        let reached = |database: &Database, user: &str| reached(&database.name, user);
        Self::on([server.clone(), server], reached, LOG, 0).await
    }

    /// Starts it all over two servers, of which one may take over from the other.
    pub async fn on_pair(pair: &Pair) -> Self {
        let both = |database: &Database, user: &str| section(&pair.url(user, &database.name));
        Self::on([pair.primary.clone(), pair.primary.clone()], both, LOG, 0).await
    }

    async fn on(
        [record, keys]: [Arc<server::Server>; 2],
        reached: impl Fn(&Database, &str) -> String,
        log: &str,
        witnesses: usize,
    ) -> Self {
        let place = PLACES.acquire().await.expect("places are never closed");
        let folder = tempfile::tempdir().expect("a folder");
        certificate::begin(folder.path());
        let nats = start_nats(folder.path()).await;
        vault::RootKey::create(&folder.path().join("root.key")).expect("a root key");
        make_log_key(folder.path(), ORIGIN);
        let witnesses = start_witnesses(folder.path(), witnesses).await;
        let journal = journal::postgres::testing::database_on(record);
        let journal = journal.await.expect("a database for the record");
        let keys = Database::on(keys).await.expect("a database for keys");
        let made = vault::postgres::migrate(&keys.owner()).await;
        made.expect("the key store's schema");
        let admitted = keys.admit(KEYHOLDER, "flyttbud_keys").await;
        admitted.expect("a login");
        Self {
            witnesses,
            ..Self::begin((folder, nats, place), [journal, keys], reached, log).await
        }
    }

    /// Starts services apart over databases, in the place of one process that has ended. The logins are
    /// `gateway`, `ledger` and `keyholder`.
    pub async fn in_place_of(world: World, databases: [Database; 2]) -> Self {
        Self::begin(world.leave(), databases, at_its_url, LOG).await
    }

    async fn begin(
        (folder, nats, place): (TempDir, Server, SemaphorePermit<'static>),
        [journal, keys]: [Database; 2],
        reached: impl Fn(&Database, &str) -> String,
        log: &str,
    ) -> Self {
        for name in [GATEWAYS, LEDGERS].concat() {
            let who = name.split('-').next().unwrap_or_default();
            let sections = [reached(&journal, who), reached(&keys, KEYHOLDER)];
            let text = configuration(folder.path(), name, &nats.url(), &sections, log);
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
            witnesses: Vec::new(),
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

    /// Bare endpoints of the first gateway and the first ledger, with an organisation's certificate.
    pub fn endpoints(&self, who: Organisation) -> [Endpoint; 2] {
        let services = [&self.gateways, &self.ledgers];
        services.map(|services| {
            let service = services.first().expect("one");
            world::endpoint(self.folder(), &service.url, Some(who))
        })
    }

    /// The vendor's system, for each municipality it serves, connected to one of the gateways.
    pub async fn served(&self, gateway: usize) -> Vec<Party> {
        let gateway = self.gateways.get(gateway).expect("a gateway");
        served(self.folder(), &gateway.url).await
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

    /// The processes of gateways and ledgers, by the names of their files.
    pub fn processes(&self) -> Vec<(&'static str, u32)> {
        let names = GATEWAYS.into_iter().chain(LEDGERS);
        let services = self.gateways.iter().chain(&self.ledgers);
        names.zip(services.map(Service::process)).collect()
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

    /// A gateway's process.
    pub fn signal_gateway(&self, gateway: usize, signal: Signal) {
        let gateway = self.gateways.get(gateway).expect("a gateway");
        gateway.signal(signal);
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

    /// Asks all services to end, and waits until they did.
    pub async fn terminate(&mut self) {
        for service in self.gateways.iter_mut().chain(&mut self.ledgers) {
            assert!(service.terminate().await.success());
        }
        (self.gateways, self.ledgers) = Default::default();
    }

    /// Has services that are started from now on find the record elsewhere.
    pub fn move_journal(&mut self, journal: Database) {
        for name in [GATEWAYS, LEDGERS].concat() {
            let who = name.split('-').next().unwrap_or_default();
            self.replace(
                name,
                [&self.journal, &journal].map(|one| one.settings(who).url),
            );
        }
        self.journal = journal;
    }

    /// Has gateways that are started from now on find the keys elsewhere.
    pub fn move_keys(&mut self, keys: Database) {
        for name in GATEWAYS {
            self.replace(
                name,
                [&self.keys, &keys].map(|one| one.settings(KEYHOLDER).url),
            );
        }
        self.keys = keys;
    }

    fn replace(&self, name: &str, [from, to]: [String; 2]) {
        let file = self.folder().join(format!("{name}.toml"));
        let text = std::fs::read_to_string(&file).expect("a configuration");
        std::fs::write(&file, text.replace(&from, &to)).expect("a configuration");
    }

    /// Starts a gateway that must end by itself: its exit code, and what it said.
    pub async fn gateway_refused(&self) -> (Option<i32>, String) {
        service::refused(self.folder(), "gateway", GATEWAYS[0], &[]).await
    }

    /// What a ledger remembers of the log: the text of a checkpoint; empty before any.
    pub fn remembered(&self, ledger: usize) -> String {
        let name = LEDGERS.get(ledger).expect("a ledger");
        let file = self.folder().join(format!("{name}.checkpoint"));
        std::fs::read_to_string(file).unwrap_or_default()
    }

    /// Starts a ledger that must end by itself, with more options: its exit code, and what it said.
    pub async fn ledger_refused(&self, ledger: usize, options: &[&str]) -> (Option<i32>, String) {
        let name = LEDGERS.get(ledger).expect("a ledger");
        service::refused(self.folder(), "ledger", name, options).await
    }

    /// Starts a ledger, with more options.
    pub async fn start_ledger(&mut self, ledger: usize, options: &[&str]) {
        let name = LEDGERS.get(ledger).expect("a ledger");
        let ledger = started_with(self.folder.path(), "ledger", name, options);
        self.ledgers.push(ledger.await);
    }

    /// Waits until a ledger ended by itself.
    pub async fn ledger_ended(&mut self, ledger: usize) -> ExitStatus {
        self.ledgers
            .get_mut(ledger)
            .expect("a ledger")
            .ended()
            .await
    }

    /// Starts a gateway, with more options.
    pub async fn start_gateway(&mut self, options: &[&str]) {
        let gateway = started_with(self.folder.path(), "gateway", GATEWAYS[0], options);
        self.gateways.push(gateway.await);
    }

    /// Starts all gateways at once.
    pub async fn start_gateways(&mut self) {
        let folder = self.folder.path();
        let started = GATEWAYS.map(|name| started(folder, "gateway", name));
        let [one, other] = started;
        let (one, other) = tokio::join!(one, other);
        self.gateways.extend([one, other]);
    }

    /// Kills all gateways, so that others can be started.
    pub async fn kill_gateways(&mut self) {
        for gateway in &mut self.gateways {
            gateway.kill().await;
        }
        self.gateways.clear();
    }

    /// Kills a gateway.
    pub async fn kill_gateway(&mut self, gateway: usize) {
        let gateway = self.gateways.get_mut(gateway).expect("a gateway");
        gateway.kill().await;
    }
}

/// Where a database is, when nothing else is to be said.
fn at_its_url(database: &Database, user: &str) -> String {
    section(&database.settings(user).url)
}

fn section(url: &str) -> String {
    format!("url = \"{url}\"")
}

fn configuration(
    folder: &Path,
    name: &str,
    nats_url: &str,
    [journal, keys]: &[String; 2],
    log: &str,
) -> String {
    let witnesses = witnessing(folder);
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
{journal}

[keys]
{keys}

[nats]
url = "{nats_url}"
gateway_seed = "{folder}/gateway.seed"
ledger_seed = "{folder}/ledger.seed"

[evidence]
signing_key = "{folder}/log.key"
memory = "{folder}/{name}.checkpoint"
{witnesses}
[limits]
calls_per_second = 2000

{log}
"#
    )
}
