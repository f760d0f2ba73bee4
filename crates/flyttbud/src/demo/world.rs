//! The demo's world: certificates, NATS, the services, a profile for each who plays.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use client::Client;
use fanout::{Listen, Server};
use tlog::key::Log;

use super::apart::Apart;
use super::people::{ALL, Organisation};
use super::process::Process;
use crate::failure::Failure;
use crate::keys;
use crate::output;
use crate::pki::{Authority, Subject, write};
use crate::profile::Profile;

/// Everything that runs.
pub(super) struct World {
    folder: PathBuf,
    url: String,
    services: Services,
    _nats: Server,
}

/// The processes of Flyttbud.
enum Services {
    /// Gateway and ledger in one.
    Embedded(Process),
    /// Two of each.
    Apart(Apart),
}

impl World {
    pub(super) async fn start(
        folder: &Path,
        nats_server: &Path,
        apart: bool,
    ) -> Result<Self, Failure> {
        let began = Instant::now();
        let world = Self::build(folder, nats_server, apart).await;
        let world = world.map_err(Failure::Failed)?;
        let what = match &world.services {
            Services::Embedded(_) => "NATS and `flyttbud serve`",
            Services::Apart(_) => "NATS, PostgreSQL, two gateways and two ledgers",
        };
        let took = began.elapsed().as_millis();
        output::say(&format!(
            "Started {what}, with certificates of our own ({took} ms).\n"
        ));
        Ok(world)
    }

    async fn build(folder: &Path, nats_server: &Path, apart: bool) -> anyhow::Result<Self> {
        make_room(folder)?;
        let folder = folder.canonicalize()?;
        let authority = Authority::create(&folder)?;
        authority.server(&folder, &["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        for organisation in &ALL {
            issue(&authority, &folder, organisation)?;
        }
        let plan = crate::nats::plan(&folder, Listen::Loopback, folder.join("nats"), [-1, -1])?;
        let nats = Server::start(nats_server, &folder, plan)
            .await
            .with_context(|| {
                format!("'{}': cargo xtask demo installs it", nats_server.display())
            })?;
        vault::RootKey::create(&folder.join("root.key"))?;
        keys::create::<Log>("flyttbud.example/demo", &folder.join("log.key"))?;
        let services = if apart {
            Services::Apart(Apart::start(&folder, &nats.url()).await?)
        } else {
            let store = format!("[store]\nfolder = \"{}/data\"", folder.display());
            let text = configuration(&folder, &nats.url(), &store);
            write(&folder.join("serve.toml"), &text)?;
            Services::Embedded(Process::start(&folder, "serve", "serve").await?)
        };
        let urls = services.urls();
        for (organisation, url) in ALL.iter().zip(urls.iter().cycle()) {
            write_profile(&folder, url, organisation)?;
        }
        Ok(Self {
            folder,
            url: urls.first().map(ToString::to_string).unwrap_or_default(),
            services,
            _nats: nats,
        })
    }

    pub(super) fn is_apart(&self) -> bool {
        matches!(self.services, Services::Apart(_))
    }

    /// Kills the ledger that leads, and waits until the other one does.
    pub(super) async fn kill_leader(&mut self) -> Result<(), Failure> {
        match &mut self.services {
            Services::Embedded(_) => Ok(()),
            Services::Apart(apart) => apart.kill_leader().await.map_err(Failure::Failed),
        }
    }

    pub(super) fn profile(&self, organisation: &Organisation) -> Result<Profile, Failure> {
        Profile::read(&self.folder.join(format!("{}.toml", organisation.file)))
    }

    pub(super) async fn client(&self, organisation: &Organisation) -> Result<Client, Failure> {
        self.profile(organisation)?.connect().await
    }

    /// Ends the services as an operator would, and NATS after them.
    pub(super) async fn stop(self) -> Result<(), Failure> {
        match self.services {
            Services::Embedded(process) => process.stop().await,
            Services::Apart(apart) => apart.stop().await,
        }
        .map_err(Failure::Failed)
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
             The logs are {folder}/*.log.",
            url = self.url
        )
    }

    pub(super) fn write_example(&self, json: &str) -> Result<(), Failure> {
        write(&self.folder.join("announcement.json"), json).map_err(Failure::Failed)
    }
}

impl Services {
    /// Where gateways answer.
    fn urls(&self) -> Vec<&str> {
        match self {
            Self::Embedded(process) => vec![process.url()],
            Self::Apart(apart) => apart.urls(),
        }
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

/// A configuration for any service; `stores` says where its stores are.
pub(super) fn configuration(folder: &Path, nats_url: &str, stores: &str) -> String {
    let folder = folder.display();
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
gateway_seed = "{folder}/gateway.seed"
ledger_seed = "{folder}/ledger.seed"

[evidence]
signing_key = "{folder}/log.key"
"#
    )
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
        purpose: None,
        case_number: None,
    };
    write(
        &folder.join(format!("{}.toml", who.file)),
        &toml::to_string(&profile)?,
    )
}

/// Tells a folder of a demo from any other.
const MARK: &str = "flyttbud-demo";

/// An empty folder with our mark. An old demo there is removed; anything else is kept, and refused.
fn make_room(folder: &Path) -> anyhow::Result<()> {
    if folder.join(MARK).exists() {
        std::fs::remove_dir_all(folder).context("the old demo cannot be removed")?;
    }
    std::fs::create_dir_all(folder)?;
    anyhow::ensure!(
        std::fs::read_dir(folder)?.next().is_none(),
        "'{}' holds something that is no demo: choose an empty folder",
        folder.display()
    );
    write(
        &folder.join(MARK),
        "Made by `flyttbud demo`, which removes this folder when it starts again.\n",
    )
}
