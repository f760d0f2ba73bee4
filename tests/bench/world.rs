//! What is measured: NATS, `flyttbud serve` and the echo, each a process of its own, on loopback and free
//! ports, in a folder that goes away with it. It ends only what it started.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use client::{Client, Target};
use domain::municipality::MunicipalityCode;
use fanout::{Listen, NatsPlan, Server};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::caller::Caller;
use crate::requests::SENDER;
use crate::rounds::CALLERS;

/// How long a process may take to say its address: over a million entries it first goes through them all.
const START: Duration = Duration::from_mins(3);
/// How long it may take to end.
const STOP: Duration = Duration::from_secs(40);

/// Connections that callers share: a municipality's systems keep one each.
const CONNECTIONS: usize = 8;

/// A process that serves.
pub(crate) struct Service {
    child: Child,
    pub(crate) url: String,
    /// Its process id.
    pub(crate) pid: u32,
}

/// Everything that runs.
pub(crate) struct World {
    pub(crate) flyttbud: Service,
    pub(crate) echo: Service,
    pub(crate) nats: Server,
    // goes last
    folder: TempDir,
}

impl World {
    /// Starts everything. `watched` are the municipalities that the watching client acts for.
    pub(crate) async fn start(watched: &[MunicipalityCode]) -> anyhow::Result<Self> {
        let bench = std::env::current_exe()?;
        let program = flyttbud(&bench)?;
        // beside the programs, which lie on a disk: a folder in memory would sync for free
        let beside = bench.parent().context("the program lies nowhere")?;
        let folder = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(beside)?;
        let path = folder.path();
        certificates(&program, path, watched).await?;
        vault::RootKey::create(&path.join("root.key"))?;
        let nats = nats(path).await?;
        let stores = format!("[store]\nfolder = \"{}/data\"", path.display());
        let text = configuration(path, path, &nats.url(), &stores);
        let mut echo = Command::new(&bench);
        echo.arg("echo").arg(path);
        Ok(Self {
            flyttbud: Service::run(path, "serve", &text).await?,
            echo: Service::start(echo).await.context("echo")?,
            nats,
            folder,
        })
    }

    /// Where files may be put.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A connection of its own.
    pub(crate) async fn client(&self, service: &Service, who: &str) -> anyhow::Result<Client> {
        let file = |name: String| self.folder().join(name);
        let target = Target {
            url: service.url.clone(),
            authority: file("authority.pem".to_owned()),
            certificate: file(format!("{who}.pem")),
            key: file(format!("{who}.key")),
        };
        Ok(Client::connect(&target).await?)
    }

    /// The executable that is measured.
    pub(crate) fn program() -> anyhow::Result<PathBuf> {
        flyttbud(&std::env::current_exe()?)
    }

    /// All callers, as the sender, of one method. They share connections.
    pub(crate) async fn callers(
        &self,
        service: &Service,
        method: &str,
    ) -> anyhow::Result<Vec<Caller>> {
        let mut connections = Vec::new();
        for _connection in 0..CONNECTIONS {
            connections.push(Caller::connect(self.folder(), "sender", &service.url, method).await?);
        }
        Ok(connections.into_iter().cycle().take(CALLERS).collect())
    }

    /// Ends everything as an operator would.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.flyttbud.stop().await?;
        self.echo.stop().await?;
        self.nats.stop().await?;
        Ok(())
    }
}

impl Service {
    /// Starts `flyttbud` with this configuration, which lies in the folder with its log.
    pub(crate) async fn run(
        folder: &Path,
        verb: &str,
        configuration: &str,
    ) -> anyhow::Result<Self> {
        let file = folder.join(format!("{verb}.toml"));
        std::fs::write(&file, configuration)?;
        let log = std::fs::File::create(folder.join(format!("{verb}.log")))?;
        let mut command = Command::new(World::program()?);
        command.arg(verb).arg("--config").arg(file).stderr(log);
        Self::start(command)
            .await
            .with_context(|| format!("flyttbud {verb}"))
    }

    /// Starts a program and reads its address.
    async fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            // what reads it to the end ends when we do
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().context("it ended at once")?;
        let output = child.stdout.take().context("it has no output")?;
        let mut lines = BufReader::new(output).lines();
        let line = timeout(START, lines.next_line())
            .await
            .context("it did not start in time")??;
        let address = line
            .as_deref()
            .and_then(|line| line.strip_prefix("serving on "));
        let url = address.context("it did not say its address")?.to_owned();
        Ok(Self { child, url, pid })
    }

    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        kill(Pid::from_raw(i32::try_from(self.pid)?), Signal::SIGTERM)?;
        timeout(STOP, self.child.wait())
            .await
            .context("it did not end in time")??;
        Ok(())
    }
}

/// The executable of the same profile, beside this program.
fn flyttbud(bench: &Path) -> anyhow::Result<PathBuf> {
    let beside = bench.with_file_name("flyttbud");
    if beside.is_file() {
        return Ok(beside);
    }
    let other = bench.with_file_name("../debug/flyttbud");
    ensure!(
        other.is_file(),
        "'{}' is not there; `cargo xtask bench` builds it",
        beside.display()
    );
    println!(
        "'{}' is not there: a debug build is measured instead, and its figures say nothing.",
        beside.display()
    );
    Ok(other)
}

async fn certificates(
    program: &Path,
    folder: &Path,
    watched: &[MunicipalityCode],
) -> anyhow::Result<()> {
    let pki = |verb: &str| {
        let mut command = Command::new(program);
        command.args(["pki", verb, "--folder"]).arg(folder);
        command
    };
    let client = |name: &str, number: &str, codes: &[String]| {
        let mut command = pki("client");
        command.args(["--name", name, "--organisation", name]);
        command.args(["--organisation-number", number, "--role", "case-system"]);
        for code in codes {
            command.args(["--municipality", code]);
        }
        command
    };
    let watched: Vec<String> = watched.iter().map(ToString::to_string).collect();
    for mut command in [
        pki("authority"),
        pki("server"),
        client("sender", "212000-0183", &[SENDER.to_owned()]),
        client("watcher", "559999-0002", &watched),
    ] {
        let output = command.output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "flyttbud pki: {said}");
    }
    Ok(())
}

pub(crate) async fn nats(folder: &Path) -> anyhow::Result<Server> {
    let gateway = fanout::new_nkey().context("no key could be made")?;
    let ledger = fanout::new_nkey().context("no key could be made")?;
    std::fs::write(folder.join("gateway.seed"), &gateway.seed)?;
    std::fs::write(folder.join("ledger.seed"), &ledger.seed)?;
    let plan = NatsPlan {
        listen: Listen::Loopback,
        port: -1,
        monitoring_port: -1,
        store: folder.join("nats"),
        ledger: ledger.public,
        gateway: gateway.public,
    };
    Ok(Server::start(&Server::find()?, folder, plan).await?)
}

/// For any service: `stores` says where its stores are, the seeds lie where NATS has its files.
pub(crate) fn configuration(folder: &Path, nats: &Path, nats_url: &str, stores: &str) -> String {
    let (folder, nats) = (folder.display(), nats.display());
    format!(
        r#"environment = "test"

[listen]
grpc = "127.0.0.1:0"

[tls]
certificate = "{folder}/server.pem"
key = "{folder}/server.key"
client_authorities = "{folder}/authority.pem"

{stores}
root_key = "{folder}/root.key"

[nats]
url = "{nats_url}"
gateway_seed = "{nats}/gateway.seed"
ledger_seed = "{nats}/ledger.seed"

[limits]
calls_per_second = 10000000
"#
    )
}
