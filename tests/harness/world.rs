//! A world of its own for each test: folder, certificates, NATS, one `flyttbud serve`.

use std::fmt::Write as _;
use std::future::Future;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use client::{Client, Target};
use fanout::{Listen, NatsPlan, Server, new_nkey};
use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use super::certificate::{self, Organisation, SOLNA};
use super::party::Party;
use super::program::run;
use super::service::{self, Service};
use super::tap::Tap;
use super::witness::Witness;

/// The longest that a condition may take to come about.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);
/// The log's name.
pub(crate) const ORIGIN: &str = "flyttbud.example/log";
/// Worlds at once: a small machine runs no more without slowing what is measured.
pub(crate) static PLACES: Semaphore = Semaphore::const_new(2);

/// How a world is to be.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Whether NATS runs when the service starts.
    pub nats: bool,
    /// What the service logs.
    pub log: &'static str,
    /// As what: text or json.
    pub log_format: &'static str,
    /// Whether the wire to NATS is listened to.
    pub tap: bool,
    /// Streams at once and caller.
    pub streams: u32,
    /// Connections at once and certificate.
    pub connections: u32,
    /// Calls a second and caller.
    pub calls: u32,
    /// Seconds of silence before a peer is asked whether it lives, and as many for its answer.
    pub keepalive: u32,
    /// Witnesses of the log. Any two of several are enough.
    pub witnesses: usize,
    /// Whether real people are meant; Solna alone is in the directory then.
    pub production: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            nats: true,
            log: "info",
            log_format: "text",
            tap: false,
            streams: 64,
            connections: 128,
            calls: 2000,
            keepalive: 30,
            witnesses: 0,
            production: false,
        }
    }
}

/// Everything that runs for one test.
#[derive(Debug)]
pub struct World {
    service: Service,
    /// NATS, to be killed and restarted.
    pub nats: Server,
    /// The log's witnesses, w1 first.
    pub witnesses: Vec<Witness>,
    /// The wire to NATS, when it is listened to.
    pub tap: Option<Tap>,
    folder: TempDir,
    place: SemaphorePermit<'static>,
}

impl World {
    /// The usual one.
    pub async fn start() -> Self {
        Self::with(Plan::default()).await
    }

    /// One of its own kind.
    pub async fn with(plan: Plan) -> Self {
        let place = PLACES.acquire().await.expect("places are never closed");
        let folder = tempfile::tempdir().expect("a folder");
        certificate::begin(folder.path());
        let mut nats = start_nats(folder.path()).await;
        if !plan.nats {
            nats.kill().expect("NATS is ours");
        }
        vault::RootKey::create(&folder.path().join("root.key")).expect("a root key");
        make_log_key(folder.path(), ORIGIN);
        let witnesses = start_witnesses(folder.path(), plan.witnesses).await;
        let tap = tap(&nats, plan).await;
        let nats_url = tap
            .as_ref()
            .map_or_else(|| nats.url(), |tap| format!("nats://{}", tap.address));
        let text = configuration(folder.path(), &nats_url, plan);
        std::fs::write(folder.path().join("serve.toml"), text).expect("a configuration");
        let service = started(folder.path(), "serve", "serve").await;
        Self {
            service,
            nats,
            witnesses,
            tap,
            folder,
            place,
        }
    }

    /// Where everything lies: `data`, `nats`, `serve.log`, certificates.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the service answers.
    pub fn url(&self) -> &str {
        &self.service.url
    }

    /// The service's process.
    pub fn process(&self) -> u32 {
        self.service.process()
    }

    /// What the service logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder().join("serve.log")).expect("a log")
    }

    /// An organisation's case system, connected.
    pub async fn party(&self, who: Organisation) -> Party {
        let client = self.connect(who).await.expect("a connection");
        Party::new(client, who.code)
    }

    /// The vendor's system, acting for one of the municipalities it serves after another.
    pub async fn served(&self) -> Vec<Party> {
        served(self.folder(), self.url()).await
    }

    /// What is left when the service has ended: for services apart to go on with.
    pub(crate) fn leave(self) -> (TempDir, Server, SemaphorePermit<'static>) {
        (self.folder, self.nats, self.place)
    }

    /// Connects with an organisation's certificate.
    pub async fn connect(&self, who: Organisation) -> Result<Client, client::ConnectError> {
        connect(self.folder(), self.url(), who).await
    }

    /// A bare endpoint: with an organisation's certificate, or with none.
    pub fn endpoint(&self, who: Option<Organisation>) -> Endpoint {
        endpoint(self.folder(), self.url(), who)
    }

    /// Starts a second service over the same files, which must end by itself: its exit code, and what it said.
    pub async fn start_second(&self, options: &[&str]) -> (Option<i32>, String) {
        service::refused(self.folder(), "serve", "serve", options).await
    }

    /// Asks the service to end, and waits until it did.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.service.terminate().await
    }

    /// Asks the service to read its certificates again.
    pub fn ask_to_reload(&self) {
        self.service.signal(Signal::SIGHUP);
    }

    /// Revokes an organisation's certificate, and asks the service to read that.
    pub fn revoke(&self, who: Organisation) {
        run(self.folder(), &["pki", "revoke", "--name", who.file]);
        self.ask_to_reload();
    }

    /// Makes another authority and a server's certificate of it, in place of those there were.
    pub fn change_authority(&self) {
        // a secret is never overwritten
        let old = self.folder().join("authority.key");
        std::fs::remove_file(old).expect("the old authority's key");
        certificate::begin(self.folder());
    }

    /// Asks the service to end; [`World::ended`] waits.
    pub fn ask_to_end(&self) {
        self.service.signal(Signal::SIGTERM);
    }

    /// Kills the service; [`World::ended`] waits.
    pub fn send_kill(&self) {
        self.service.signal(Signal::SIGKILL);
    }

    /// Waits until the service ended.
    pub async fn ended(&mut self) -> ExitStatus {
        self.service.ended().await
    }

    /// Kills the service.
    pub async fn kill(&mut self) {
        self.service.kill().await;
    }

    /// Starts the service again over the same files, on another port: connect anew.
    pub async fn start_again(&mut self) {
        self.start_again_with(&[]).await;
    }

    /// Likewise, with more options.
    pub async fn start_again_with(&mut self, options: &[&str]) {
        self.service = started_with(self.folder.path(), "serve", "serve", options).await;
    }
}

async fn tap(nats: &Server, plan: Plan) -> Option<Tap> {
    let url = nats.url();
    let address = url.strip_prefix("nats://").filter(|_| plan.tap)?;
    Some(Tap::before(address.parse().expect("an address")).await)
}

/// Connects to a service with an organisation's certificate.
pub(crate) async fn connect(
    folder: &Path,
    url: &str,
    who: Organisation,
) -> Result<Client, client::ConnectError> {
    certificate::issue(folder, who);
    Client::connect(&Target {
        url: url.to_owned(),
        authority: folder.join("authority.pem"),
        certificate: folder.join(format!("{}.pem", who.file)),
        key: folder.join(format!("{}.key", who.file)),
    })
    .await
}

/// A bare endpoint of a service: with an organisation's certificate, or with none.
pub(crate) fn endpoint(folder: &Path, url: &str, who: Option<Organisation>) -> Endpoint {
    let read = |name: String| std::fs::read(folder.join(name)).expect("a file");
    let mut tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read("authority.pem".to_owned())));
    if let Some(who) = who {
        certificate::issue(folder, who);
        let (certificate, key) = (format!("{}.pem", who.file), format!("{}.key", who.file));
        tls = tls.identity(Identity::from_pem(read(certificate), read(key)));
    }
    Endpoint::from_shared(url.to_owned())
        .expect("a url")
        .tls_config(tls)
        .expect("a tls configuration")
}

/// The vendor's system, connected to a service, for each municipality that it serves.
pub(crate) async fn served(folder: &Path, url: &str) -> Vec<Party> {
    let client = connect(folder, url, certificate::VENDOR).await;
    let client = client.expect("a connection");
    certificate::served()
        .iter()
        .map(|code| Party::new(client.clone(), code))
        .collect()
}

/// Makes the log's key under a name; what verifies it is in `log.pub`.
pub fn make_log_key(folder: &Path, name: &str) {
    let made = run(folder, &["keys", "log", "--name", name, "--out", "log.key"]);
    std::fs::write(folder.join("log.pub"), made.stdout).expect("a key");
}

/// Starts witnesses and writes the policy that names them.
pub(crate) async fn start_witnesses(folder: &Path, count: usize) -> Vec<Witness> {
    let key = std::fs::read_to_string(folder.join("log.pub")).expect("a key");
    let mut policy = format!("log {key}");
    let mut witnesses = Vec::new();
    for number in 1..=count {
        let (witness, line) = Witness::start(folder, number).await;
        witnesses.push(witness);
        policy += &line;
    }
    if count > 0 {
        let names: Vec<&str> = witnesses.iter().map(|one| one.name.as_str()).collect();
        let (enough, names) = (count.min(2), names.join(" "));
        writeln!(policy, "group enough {enough} {names}\nquorum enough").expect("room");
        std::fs::write(folder.join("policy"), policy).expect("a policy");
        certificate::issue(folder, certificate::WATCH);
    }
    witnesses
}

pub(crate) async fn start_nats(folder: &Path) -> Server {
    let (gateway, ledger) = (new_nkey().expect("a key"), new_nkey().expect("a key"));
    std::fs::write(folder.join("gateway.seed"), &gateway.seed).expect("a seed");
    std::fs::write(folder.join("ledger.seed"), &ledger.seed).expect("a seed");
    let plan = NatsPlan {
        listen: Listen::Loopback,
        port: -1,
        monitoring_port: -1,
        store: folder.join("nats"),
        ledger: ledger.public,
        gateway: gateway.public,
    };
    let program = Server::find().expect("nats-server");
    Server::start(&program, folder, plan)
        .await
        .expect("nats-server starts")
}

pub(crate) async fn started(folder: &Path, verb: &str, name: &str) -> Service {
    started_with(folder, verb, name, &[]).await
}

pub(crate) async fn started_with(
    folder: &Path,
    verb: &str,
    name: &str,
    options: &[&str],
) -> Service {
    match Service::start(folder, verb, name, options).await {
        Some(service) => service,
        None => panic!(
            "flyttbud {verb} did not start: {}",
            std::fs::read_to_string(folder.join(format!("{name}.log"))).unwrap_or_default()
        ),
    }
}

/// How witnesses are asked, when there are some.
pub(crate) fn witnessing(folder: &Path) -> String {
    if !folder.join("policy").exists() {
        return String::new();
    }
    let folder = folder.display();
    format!(
        "policy = \"{folder}/policy\"\nwitness_authorities = \"{folder}/authority.pem\"\n\
         witness_certificate = \"{folder}/watch.pem\"\nwitness_key = \"{folder}/watch.key\"\n"
    )
}

fn configuration(folder: &Path, nats_url: &str, plan: Plan) -> String {
    let witnesses = witnessing(folder);
    let folder = folder.display();
    let (environment, organisations) = if plan.production {
        let Organisation { number, code, .. } = SOLNA;
        let known = format!("[organisations]\n\"{number}\" = \"{code}\"\n");
        ("production", known)
    } else {
        ("test", String::new())
    };
    let Plan {
        log,
        log_format,
        streams,
        connections,
        calls,
        keepalive,
        ..
    } = plan;
    format!(
        r#"environment = "{environment}"

[listen]
grpc = "127.0.0.1:0"

[tls]
certificate = "{folder}/server.pem"
key = "{folder}/server.key"
client_authorities = "{folder}/authority.pem"
revocations = "{folder}/crl.pem"

[store]
folder = "{folder}/data"
root_key = "{folder}/root.key"

[nats]
url = "{nats_url}"
gateway_seed = "{folder}/gateway.seed"
ledger_seed = "{folder}/ledger.seed"

[evidence]
signing_key = "{folder}/log.key"
{witnesses}
[limits]
calls_per_second = {calls}
streams_per_caller = {streams}
connections_per_certificate = {connections}
keepalive_seconds = {keepalive}
keepalive_answer_seconds = {keepalive}

[log]
filter = "{log}"
format = "{log_format}"
{organisations}"#
    )
}

/// Looks until there is something to see; fails when it takes too long.
pub async fn wait_for<T, F>(what: &str, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let look = || {
        let seen = look();
        async { seen.await.ok_or("did not come about") }
    };
    look_until(what, look).await
}

/// Looks until it is as expected; what is so already is seen at once. Fails with what it was when it takes too long.
pub async fn eventually<T, F>(what: &str, mut look: impl FnMut() -> F, expected: &T)
where
    T: PartialEq + std::fmt::Debug,
    F: Future<Output = T>,
{
    let look = || {
        let seen = look();
        async {
            let seen = seen.await;
            let wrong = || format!("expected {expected:?}, found {seen:?}");
            (seen == *expected).then_some(()).ok_or_else(wrong)
        }
    };
    look_until(what, look).await;
}

/// Looks until it is right; fails with what is wrong when it takes too long.
async fn look_until<T, E, F>(what: &str, mut look: impl FnMut() -> F) -> T
where
    E: std::fmt::Display,
    F: Future<Output = Result<T, E>>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(seen) => return seen,
            Err(wrong) => assert!(Instant::now() < deadline, "{what}: {wrong}"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits until the read tables hold a position.
pub async fn settle(operator: &Party, position: i64) {
    wait_for("the read tables reach the position", || async {
        let listed = operator.alerts().await.expect("a list");
        (listed.position >= position).then_some(())
    })
    .await;
}
