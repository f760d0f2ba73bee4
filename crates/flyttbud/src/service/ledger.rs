//! The ledger's part of a process: the host of the rules, the relay, the log and its witnesses.

use anyhow::{Context as _, anyhow};
use daemon::tls::{self, Incoming};
use fanout::Publisher;
use ledgerd::{Host, HostError, Leadership, Log, Relay, Scrubber, Witnesses};
use tokio::sync::watch;

use super::Process;
use super::gateway::policy;
use super::stores::Stores;
use crate::failure::Failure;
use crate::keys;

/// Refuses a clock that cannot be believed, and writes the first definition.
pub(super) async fn check_clock(stores: &Stores, confirmed: bool) -> Result<(), Failure> {
    let journal = stores.journal.as_ref();
    let plausible = ledgerd::is_clock_plausible(journal).await;
    if !confirmed && !plausible.map_err(|error| failed(error.into()))? {
        return Err(Failure::Usage(anyhow!(
            "nothing was recorded for more than forty days: check the clock, then start with --confirm-clock"
        )));
    }
    ledgerd::begin(journal)
        .await
        .context("the journal cannot be written")?;
    Ok(())
}

/// What a ledger tells of itself.
pub(super) struct Told {
    /// It has caught up; without a ledger at once.
    pub(super) ready: watch::Receiver<bool>,
    /// No alarm stands, as far as it has seen.
    pub(super) log_holds: watch::Receiver<bool>,
}

/// Starts what there is of a ledger.
pub(super) async fn start(process: &Process) -> Result<Told, Failure> {
    let stores = &process.stores;
    let Some(ledger) = &stores.ledger else {
        let told = watch::channel(true).1;
        return Ok(Told {
            ready: told.clone(),
            log_holds: told,
        });
    };
    let nats = process
        .connect(&ledger.seed, fanout::Service::Ledger)
        .await?;
    let leadership = match &ledger.lease {
        Some(lease) => {
            let (lease, drain) = (lease.clone(), process.tasks.drain());
            let leads = lease.leads();
            process
                .tasks
                .spawn("lease", async move { lease.run(drain).await });
            Leadership::decided_by(leads)
        }
        None => Leadership::always(),
    };
    let host = Host::new(
        stores.journal.clone(),
        stores.views.clone(),
        leadership.clone(),
    )
    .await
    .map_err(failed)?;
    let (caught_up, ready) = watch::channel(false);
    let (drain, ended) = (process.tasks.drain(), process.ended.clone());
    process.tasks.spawn("ledger", async move {
        if let Err(error) = host.run(drain, caught_up).await {
            ended.send(failed(error)).await.ok();
        }
    });
    let relay = Relay::new(
        stores.journal.clone(),
        stores.views.clone(),
        Publisher::new(nats),
        leadership.clone(),
    );
    let (drain, ended) = (process.tasks.drain(), process.ended.clone());
    process.tasks.spawn("relay", async move {
        if let Err(error) = relay.run(drain).await {
            ended.send(failed(error.into())).await.ok();
        }
    });
    let log_holds = start_log(process, leadership.clone())?;
    start_witnesses(process, leadership)?;
    Ok(Told { ready, log_holds })
}

/// The log signs what was recorded, and the scrubber reads it again. Neither ends the process.
fn start_log(process: &Process, leadership: Leadership) -> Result<watch::Receiver<bool>, Failure> {
    let stores = &process.stores;
    let key = process.config.evidence.signing_key.as_deref();
    let signer = key.map(keys::read).transpose().map_err(Failure::Usage)?;
    let verifier = signer.as_ref().map(|signer| signer.verifier().clone());
    let (journal, evidence) = (stores.journal.clone(), stores.evidence.clone());
    let scrubber = Scrubber::new(
        journal.clone(),
        evidence.clone(),
        stores.views.clone(),
        verifier,
    );
    let log = Log::new(journal, evidence, signer, leadership);
    process
        .tasks
        .spawn("scrubber", scrubber.run(process.tasks.drain()));
    let holds = log.holds();
    process.tasks.spawn("log", log.run(process.tasks.drain()));
    Ok(holds)
}

/// The witnesses of the policy that have an address are asked to cosign.
fn start_witnesses(process: &Process, leadership: Leadership) -> Result<(), Failure> {
    let config = &process.config.evidence;
    let policy = policy(config.policy.as_deref())?;
    let Some(policy) =
        policy.filter(|policy| policy.witnesses().iter().any(|one| one.url.is_some()))
    else {
        return Ok(());
    };
    let authorities = config.witness_authorities.as_deref();
    let authorities = authorities.context(
        "evidence.witness_authorities: a path is expected, since the policy has witnesses with an address",
    );
    let identity = config.witness_identity.as_ref();
    let identity = identity.map(|(certificate, key)| (certificate.as_path(), key.as_path()));
    let tls = authorities.and_then(|authorities| Ok(tls::client(authorities, identity)?));
    let evidence = process.stores.evidence.clone();
    let witnesses = tls
        .and_then(|tls| Ok(Witnesses::new(evidence, policy, tls, leadership)?))
        .map_err(Failure::Usage)?;
    let drain = process.tasks.drain();
    process.tasks.spawn("witnesses", witnesses.run(drain));
    Ok(())
}

/// A ledger by itself answers for its health alone.
pub(super) fn serve(process: &Process, incoming: Incoming, told: Told) {
    let (drain, ended) = (process.tasks.drain(), process.ended.clone());
    process.tasks.spawn("health", async move {
        if let Err(error) = ledgerd::serve(incoming, told.ready, told.log_holds, drain).await {
            ended.send(Failure::Failed(error.into())).await.ok();
        }
    });
}

fn failed(error: HostError) -> Failure {
    match error {
        HostError::Halt(_) | HostError::Read(journal::ReadError::Unreadable { .. }) => {
            Failure::Halted(anyhow!(error))
        }
        HostError::Read(_) | HostError::ViewsAhead | HostError::WriterGone => {
            Failure::Failed(anyhow!(error))
        }
    }
}
