//! The demo's world: certificates, NATS, one `flyttbud serve`, a profile for each who plays.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use client::Client;
use fanout::Server;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::people::{ALL, Organisation};
use crate::failure::Failure;
use crate::output;
use crate::pki::{Authority, Subject, write};
use crate::profile::Profile;

/// How long the service may take to say its address.
const START: Duration = Duration::from_secs(20);
/// How long it may take to drain.
const STOP: Duration = Duration::from_secs(40);

/// Everything that runs.
pub(super) struct World {
    folder: PathBuf,
    url: String,
    service: Child,
    _nats: Server,
}

impl World {
    pub(super) async fn start(folder: &Path, nats_server: &Path) -> Result<Self, Failure> {
        let began = Instant::now();
        Self::build(folder, nats_server)
            .await
            .inspect(|_| {
                let took = began.elapsed().as_millis();
                output::say(&format!(
                    "Started NATS and `flyttbud serve`, with certificates of our own ({took} ms).\n"
                ));
            })
            .map_err(Failure::Failed)
    }

    async fn build(folder: &Path, nats_server: &Path) -> anyhow::Result<Self> {
        if folder.join("serve.toml").exists() {
            std::fs::remove_dir_all(folder).context("the old demo cannot be removed")?;
        }
        std::fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let authority = Authority::create(&folder)?;
        authority.server(&folder, &["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        for organisation in &ALL {
            issue(&authority, &folder, organisation)?;
        }
        let plan = crate::nats::plan(&folder, folder.join("nats"), -1, -1)?;
        let nats = Server::start(nats_server, &folder, plan)
            .await
            .with_context(|| {
                format!("'{}': cargo xtask demo installs it", nats_server.display())
            })?;
        vault::RootKey::create(&folder.join("root.key"))?;
        write(
            &folder.join("serve.toml"),
            &configuration(&folder, &nats.url()),
        )?;
        let (service, url) = serve(&folder).await?;
        for organisation in &ALL {
            write_profile(&folder, &url, organisation)?;
        }
        Ok(Self {
            folder,
            url,
            service,
            _nats: nats,
        })
    }

    pub(super) fn profile(&self, organisation: &Organisation) -> Result<Profile, Failure> {
        Profile::read(&self.folder.join(format!("{}.toml", organisation.file)))
    }

    pub(super) async fn client(&self, organisation: &Organisation) -> Result<Client, Failure> {
        self.profile(organisation)?.connect().await
    }

    /// Ends the service as an operator would, and NATS after it.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        if let Some(id) = self.service.id() {
            // SIGTERM: it drains
            Command::new("kill")
                .arg(id.to_string())
                .status()
                .await
                .map_err(|e| anyhow!(e))?;
        }
        let ended = tokio::time::timeout(STOP, self.service.wait()).await;
        let status = ended.map_err(|_late| anyhow!("the service did not end in time"))?;
        let status = status.map_err(|error| anyhow!(error))?;
        if status.success() {
            Ok(())
        } else {
            Err(anyhow!("the service ended with {status}").into())
        }
    }

    pub(super) fn how_to_call(&self) -> String {
        let folder = self.folder.display();
        format!(
            "It stays up until you press Ctrl-C. In another terminal:\n\n  \
             flyttbud --profile {folder}/solleftea.toml inbox watch\n  \
             flyttbud --profile {folder}/operator.toml alerts list\n  \
             flyttbud --profile {folder}/solna.toml register {folder}/announcement.json --dry-run\n\n\
             (`flyttbud` is target/debug/flyttbud.) Any gRPC client can call {url} with mutual TLS; reflection \
             is on:\n\n  \
             authority   {folder}/authority.pem\n  \
             certificate {folder}/solna.pem\n  \
             key         {folder}/solna.key\n\n\
             The log of the service is {folder}/serve.log.",
            url = self.url
        )
    }

    pub(super) fn write_example(&self, json: &str) -> Result<(), Failure> {
        write(&self.folder.join("announcement.json"), json).map_err(Failure::Failed)
    }
}

fn issue(authority: &Authority, folder: &Path, who: &Organisation) -> anyhow::Result<()> {
    let codes: Vec<&str> = Some(who.code)
        .filter(|code| !code.is_empty())
        .into_iter()
        .collect();
    authority.client(
        folder,
        who.file,
        &Subject {
            organisation: who.name,
            organisation_number: who.number,
            roles: who.roles,
            municipalities: &codes,
        },
    )
}

fn configuration(folder: &Path, nats_url: &str) -> String {
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
folder = "{folder}/data"
root_key = "{folder}/root.key"

[nats]
url = "{nats_url}"
gateway_seed = "{folder}/gateway.seed"
ledger_seed = "{folder}/ledger.seed"
"#
    )
}

/// Starts the service and reads its address.
async fn serve(folder: &Path) -> anyhow::Result<(Child, String)> {
    let log = std::fs::File::create(folder.join("serve.log"))?;
    let mut service = Command::new(std::env::current_exe()?)
        .arg("serve")
        .arg("--config")
        .arg(folder.join("serve.toml"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        // a Ctrl-C is for the demo, which then ends the service
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let stdout = service.stdout.take().context("no output of the service")?;
    let mut lines = BufReader::new(stdout).lines();
    let line = tokio::time::timeout(START, lines.next_line()).await;
    let line = line.context("the service did not start in time")??;
    let address = line
        .as_deref()
        .and_then(|line| line.strip_prefix("serving on https://"));
    let address = address.with_context(|| {
        format!(
            "the service did not start; see {}/serve.log",
            folder.display()
        )
    })?;
    Ok((service, format!("https://{address}")))
}

fn write_profile(folder: &Path, url: &str, who: &Organisation) -> anyhow::Result<()> {
    let profile = Profile {
        url: url.to_owned(),
        authority: "authority.pem".into(),
        certificate: format!("{}.pem", who.file).into(),
        key: format!("{}.key", who.file).into(),
        municipality: who.code.to_owned(),
        officer: who.officer.to_owned(),
        function: "ekonomiskt bistånd".to_owned(),
    };
    write(
        &folder.join(format!("{}.toml", who.file)),
        &toml::to_string(&profile)?,
    )
}
