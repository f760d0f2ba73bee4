//! `flyttbud nats config`: the NATS server's configuration, and the seeds of the services.

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use fanout::{Listen, NatsPlan};

use crate::failure::Failure;
use crate::output;
use crate::pki::{write, write_new};

/// What to do for NATS.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Write nats.conf, gateway.seed and ledger.seed
    Config {
        /// The folder to write into
        #[arg(long, default_value = ".")]
        folder: PathBuf,
        /// Where JetStream keeps its files
        #[arg(long)]
        store: PathBuf,
        /// Listen for services on other machines at this address, under TLS
        #[arg(long, requires_all = ["certificate", "key"])]
        listen: Option<IpAddr>,
        /// The server's certificate with its chain, PEM
        #[arg(long, requires = "listen")]
        certificate: Option<PathBuf>,
        /// Its private key, PEM
        #[arg(long, requires = "listen")]
        key: Option<PathBuf>,
        /// Client port
        #[arg(long, default_value_t = 4222)]
        port: i32,
        /// Monitoring port on loopback
        #[arg(long, default_value_t = 8222)]
        monitoring_port: i32,
    },
}

pub(crate) fn run(verb: Verb) -> Result<(), Failure> {
    let Verb::Config {
        folder,
        store,
        listen,
        certificate,
        key,
        port,
        monitoring_port,
    } = verb;
    let listen = match (listen, certificate, key) {
        (Some(host), Some(certificate), Some(key)) => Listen::Network {
            host,
            certificate: std::path::absolute(certificate).map_err(anyhow::Error::from)?,
            key: std::path::absolute(key).map_err(anyhow::Error::from)?,
        },
        _ => Listen::Loopback,
    };
    let plan = plan(&folder, listen, store, [port, monitoring_port])?;
    write(&folder.join("nats.conf"), &fanout::server_config(&plan))?;
    output::say("made nats.conf, gateway.seed and ledger.seed");
    Ok(())
}

/// Makes identities, writes their seeds, and gives the plan that holds their public halves.
pub(crate) fn plan(
    folder: &std::path::Path,
    listen: Listen,
    store: PathBuf,
    [port, monitoring_port]: [i32; 2],
) -> anyhow::Result<NatsPlan> {
    let gateway = fanout::new_nkey().context("no key could be made")?;
    let ledger = fanout::new_nkey().context("no key could be made")?;
    write_new(&folder.join("gateway.seed"), &gateway.seed)?;
    write_new(&folder.join("ledger.seed"), &ledger.seed)?;
    Ok(NatsPlan {
        listen,
        port,
        monitoring_port,
        store,
        ledger: ledger.public,
        gateway: gateway.public,
    })
}
