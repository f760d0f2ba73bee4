//! The ledger's part of a process: the host of the rules, the relay, the log and its witnesses.

use anyhow::{Context as _, anyhow};
use daemon::config::Evidence;
use daemon::health::Told;
use daemon::tls::{self, ClientConfig, Incoming};
use fanout::Publisher;
use journal::evidence::Fault;
use ledgerd::{
    Ended, Forgotten, Host, HostError, Leadership, Log, Memory, Relay, Scrubber, Witnesses,
};
use tlog::key::{self, Signer};
use tlog::policy::Policy;
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

/// What the log is signed with, and what is remembered of it.
pub(super) struct Signing {
    signer: Signer<key::Log>,
    memory: Memory,
}

/// Refuses a record that has forgotten what was signed, until somebody says that it is lost for good and brings
/// another key: with this one nobody may sign another history. None without a key.
pub(super) async fn signing(
    stores: &Stores,
    config: &Evidence,
    is_loss_confirmed: bool,
) -> Result<Option<Signing>, Failure> {
    let (Some(key), Some(memory)) = (&config.signing_key, &config.memory) else {
        return Ok(None);
    };
    let signer: Signer<key::Log> = keys::read(key).map_err(Failure::Usage)?;
    let memory = Memory::open(memory).context("evidence.memory");
    let mut memory = memory.map_err(Failure::Usage)?;
    let (journal, log) = (stores.journal.as_ref(), stores.evidence.as_ref());
    match memory.check(journal, log).await {
        // an alarm is the log's to raise, and stops no registration
        Ok(()) | Err(Ended::Fault(Fault::Alarm(_))) => {}
        Err(Ended::Fault(fault)) => return Err(Failure::Failed(fault.into())),
        Err(Ended::Forgotten(forgotten)) if !is_loss_confirmed => {
            return Err(self::forgotten(&forgotten));
        }
        Err(Ended::Forgotten(forgotten)) if memory.is_by(signer.verifier()) => {
            return Err(Failure::Usage(anyhow!(
                "{forgotten}: this key has signed them and may sign nothing else, make one with another name for \
                 evidence.signing_key (docs/backup.md)"
            )));
        }
        Err(Ended::Forgotten(forgotten)) => {
            tracing::warn!(loss = %forgotten, "loss confirmed, another log begins");
            memory.put_aside().context("evidence.memory")?;
        }
    }
    Ok(Some(Signing { signer, memory }))
}

fn forgotten(forgotten: &Forgotten) -> Failure {
    Failure::Halted(anyhow!(
        "{forgotten}: restore the newer record, or read docs/backup.md and start with --confirm-loss and another key"
    ))
}

/// Starts what there is of a ledger. What it tells: that it has caught up, without a ledger at once, and of its log.
pub(super) async fn start(process: &Process, signing: Option<Signing>) -> Result<Told, Failure> {
    let stores = &process.stores;
    let Some(ledger) = &stores.ledger else {
        return Ok(Told {
            ready: watch::channel(true).1,
            log_holds: None,
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
    let (catching_up, caught_up) = watch::channel(false);
    let (drain, ended) = (process.tasks.drain(), process.ended.clone());
    process.tasks.spawn("ledger", async move {
        if let Err(error) = host.run(drain, catching_up).await {
            ended.send(failed(error)).await.ok();
        }
    });
    let relay = Relay::new(
        stores.journal.clone(),
        stores.views.clone(),
        Publisher::new(nats, process.config.nats.replicas.into()),
        leadership.clone(),
    );
    let (drain, ended) = (process.tasks.drain(), process.ended.clone());
    process.tasks.spawn("relay", async move {
        if let Err(error) = relay.run(drain).await {
            ended.send(failed(error.into())).await.ok();
        }
    });
    let log_holds = start_log(process, signing, leadership.clone());
    start_witnesses(process, leadership)?;
    Ok(Told {
        ready: caught_up,
        log_holds: Some(log_holds),
    })
}

/// The log signs what was recorded, and the scrubber reads it again. Neither ends the process, unless the record has
/// forgotten what was signed.
fn start_log(
    process: &Process,
    signing: Option<Signing>,
    leadership: Leadership,
) -> watch::Receiver<bool> {
    let stores = &process.stores;
    let (signer, memory) = signing
        .map(|signing| (signing.signer, signing.memory))
        .unzip();
    let verifier = signer.as_ref().map(|signer| signer.verifier().clone());
    let (journal, evidence) = (stores.journal.clone(), stores.evidence.clone());
    let scrubber = Scrubber::new(
        journal.clone(),
        evidence.clone(),
        stores.views.clone(),
        verifier,
    );
    let mut log = Log::new(journal, evidence, signer, leadership);
    if let Some(memory) = memory {
        log = log.remembering(memory);
    }
    process
        .tasks
        .spawn("scrubber", scrubber.run(process.tasks.drain()));
    let holds = log.holds();
    let (drain, ended) = (process.tasks.drain(), process.ended.clone());
    process.tasks.spawn("log", async move {
        if let Err(error) = log.run(drain).await {
            ended.send(forgotten(&error)).await.ok();
        }
    });
    holds
}

/// What is wrong, behind the key that names it.
pub(super) type Wrong = (&'static str, anyhow::Error);

/// The policy whose witnesses are asked, and as whom; none when none of them has an address.
pub(super) fn asked(
    policy: Option<Policy>,
    config: &Evidence,
) -> Result<Option<(Policy, ClientConfig)>, Wrong> {
    const AUTHORITIES: &str = "evidence.witness_authorities";
    let is_asked = |policy: &Policy| policy.witnesses().iter().any(|one| one.url.is_some());
    let Some(policy) = policy.filter(is_asked) else {
        return Ok(None);
    };
    ledgerd::check_addresses(&policy).map_err(|error| ("evidence.policy", error.into()))?;
    let Some(authorities) = config.witness_authorities.as_deref() else {
        let missing = "a path is expected, since the policy has witnesses with an address";
        return Err((AUTHORITIES, anyhow!(missing)));
    };
    let identity = config.witness_identity.as_ref();
    let identity = identity.map(|(certificate, key)| (certificate.as_path(), key.as_path()));
    let tls = tls::client(authorities, identity).map_err(|error| (AUTHORITIES, error.into()))?;
    Ok(Some((policy, tls)))
}

/// The witnesses of the policy that have an address are asked to cosign.
fn start_witnesses(process: &Process, leadership: Leadership) -> Result<(), Failure> {
    let config = &process.config.evidence;
    let policy = policy(config.policy.as_deref()).map_err(Failure::Usage)?;
    let asked = asked(policy, config);
    let Some((policy, tls)) = asked.map_err(|(key, error)| Failure::Usage(error.context(key)))?
    else {
        return Ok(());
    };
    let evidence = process.stores.evidence.clone();
    let witnesses = Witnesses::new(evidence, policy, tls, leadership);
    let witnesses = witnesses.map_err(|error| Failure::Usage(error.into()))?;
    let drain = process.tasks.drain();
    process.tasks.spawn("witnesses", witnesses.run(drain));
    Ok(())
}

/// A ledger by itself answers for its health alone.
pub(super) fn serve(process: &Process, incoming: Incoming, told: Told) {
    let (drain, ended) = (process.tasks.drain(), process.ended.clone());
    process.tasks.spawn("health", async move {
        if let Err(error) = ledgerd::serve(incoming, told, drain).await {
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
