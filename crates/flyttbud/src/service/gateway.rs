//! The gateway's part of a process: the public interface, and the notices that come from NATS.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use daemon::config::Environment;
use daemon::health::Told;
use daemon::tls::Incoming;
use fanout::Lanes;
use gateway::{Core, EraseError, Keepalive, Parts, Trust};
use journal::ReadError;
use tlog::policy::Policy;
use vault::Round;

use super::Process;
use super::stores::{GatewayStores, Stores};
use crate::failure::Failure;

/// How long the address is kept back until notices flow.
const NATS_START: Duration = Duration::from_millis(500);

/// Erases what entries ended and what still, or again, has its keys: before anything is served. A record that has
/// lost entries is refused until somebody says that they are lost for good.
pub(super) async fn erase_ended(
    stores: &Stores,
    own: &GatewayStores,
    is_loss_confirmed: bool,
) -> Result<(), Failure> {
    let journal = stores.journal.as_ref();
    let mut erased = gateway::erase_ended(journal, &own.vault).await;
    if let Err(error @ EraseError::Lost { .. }) = &erased
        && is_loss_confirmed
    {
        tracing::warn!(loss = %error, "loss confirmed, all of the record is gone over again");
        let forgotten = own.vault.forget_mark(Round::Erasing).await;
        forgotten.map_err(|error| Failure::Failed(error.into()))?;
        erased = gateway::erase_ended(journal, &own.vault).await;
    }
    match erased {
        Ok(erased) => {
            tracing::info!(keys = erased, "keys erased that entries ended");
            Ok(())
        }
        Err(error @ EraseError::Lost { .. }) => Err(Failure::Halted(anyhow!(
            "{error}: restore the newer record, or read docs/backup.md and start with --confirm-loss"
        ))),
        Err(error @ (EraseError::Halt(_) | EraseError::Journal(ReadError::Unreadable { .. }))) => {
            Err(Failure::Halted(error.into()))
        }
        Err(error) => Err(Failure::Failed(error.into())),
    }
}

/// Starts a gateway.
pub(super) async fn start(
    process: &Process,
    own: &GatewayStores,
    incoming: Incoming,
    told: Told,
) -> Result<(), Failure> {
    let (stores, config) = (&process.stores, &process.config);
    let drain = process.tasks.drain();
    let nats = process.connect(&own.seed, fanout::Service::Gateway).await?;
    process.tasks.spawn(
        "sweep",
        gateway::keep_sweeping(stores.journal.clone(), own.vault.clone(), drain.clone()),
    );
    process.tasks.spawn(
        "eraser",
        gateway::keep_erasing(stores.journal.clone(), own.vault.clone(), drain.clone()),
    );
    let lanes = Lanes::new();
    let mut fed = lanes.fed();
    process.tasks.spawn(
        "dispatch",
        fanout::dispatch(nats, lanes.clone(), drain.clone()),
    );
    let core = Core::new(Parts {
        journal: stores.journal.clone(),
        views: stores.views.clone(),
        evidence: stores.evidence.clone(),
        // a ledger elsewhere may have a key of its own
        signs: stores.ledger.is_none() || config.evidence.signing_key.is_some(),
        policy: policy(config.evidence.policy.as_deref()).map_err(Failure::Usage)?,
        vault: own.vault.clone(),
        lanes,
        trust: Trust {
            production: config.environment == Environment::Production,
            organisations: config.organisations.clone(),
        },
        calls_per_second: NonZeroU32::new(config.calls_per_second).unwrap_or(NonZeroU32::MIN),
        streams_per_caller: config.streams_per_caller,
        keepalive: Keepalive {
            every: Duration::from_secs(config.keepalive_seconds.into()),
            answer: Duration::from_secs(config.keepalive_answer_seconds.into()),
        },
        drain,
    });
    process
        .tasks
        .spawn("follower", gateway::keep_following(core.clone()));
    process.tasks.spawn(
        "unanswered questions",
        gateway::keep_ending_unanswered(core.clone()),
    );
    let ended = process.ended.clone();
    process.tasks.spawn("gateway", async move {
        if let Err(error) = gateway::serve(core, incoming, told).await {
            ended.send(Failure::Failed(error.into())).await.ok();
        }
    });
    // NATS may be away: then notices come later, and nothing else waits
    let fed = async { fed.wait_for(|fed| *fed).await.is_ok() };
    tokio::time::timeout(NATS_START, fed).await.ok();
    Ok(())
}

/// Which witnesses are enough for a receipt.
pub(super) fn policy(file: Option<&Path>) -> anyhow::Result<Option<Policy>> {
    let read = |file: &Path| -> anyhow::Result<Policy> {
        let bytes = std::fs::read(file)?;
        Ok(Policy::parse(&bytes)?)
    };
    let named = |file: &Path| read(file).with_context(|| format!("'{}'", file.display()));
    file.map(named).transpose()
}
