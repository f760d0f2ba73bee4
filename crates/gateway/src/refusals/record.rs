//! Refusals on their way to the key store. No answer waits for it, and none fails because of it: what does not fit
//! is dropped and counted.

use std::sync::{Mutex, MutexGuard, PoisonError};

use api::status::Refusal;
use daemon::ErrorChain;
use domain::municipality::MunicipalityCode;
use domain::reason::Class;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::sleep;
use uuid::Uuid;
use vault::{Refused, Vault};

use crate::call::Call;
use crate::limits::{REFUSAL_FIELDS_MAX, REFUSALS_REST, REFUSALS_WAITING_MAX};

/// What waits to be recorded.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    waiting: Mutex<Waiting>,
    came: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    refusals: Vec<Refused>,
    dropped: u64,
}

impl Refusals {
    /// Notes a refusal, if it is one by the rules: not what has to do with load, time or faults of ours.
    pub(crate) fn note(&self, method: &'static str, call: &Call, refusal: &Refusal, at: Timestamp) {
        let refusal = refusal.kept();
        if !matches!(
            refusal.reason.class(),
            Class::InvalidArgument | Class::FailedPrecondition | Class::PermissionDenied
        ) {
            return;
        }
        let mut waiting = self.waiting();
        if waiting.refusals.len() >= REFUSALS_WAITING_MAX {
            waiting.dropped += 1;
            return;
        }
        let fields = refusal.violations.iter().take(REFUSAL_FIELDS_MAX);
        waiting.refusals.push(Refused {
            at,
            authority: call.acting().unwrap_or(MunicipalityCode::HOUSE),
            organisation_number: call.caller.organisation_number.clone(),
            method: method.to_owned(),
            reason: refusal.reason.code().to_owned(),
            fields: fields.map(|violation| violation.field.clone()).collect(),
            call_id: Uuid::try_parse(&call.request_id).unwrap_or_default(),
        });
        drop(waiting);
        self.came.notify_one();
    }

    /// Writes what comes, for ever.
    pub(crate) async fn record(&self, vault: &Vault) {
        loop {
            self.came.notified().await;
            self.write(vault).await;
            sleep(REFUSALS_REST).await;
        }
    }

    /// Writes what waits.
    pub(crate) async fn write(&self, vault: &Vault) {
        let Waiting { refusals, dropped } = std::mem::take(&mut *self.waiting());
        if dropped > 0 {
            tracing::warn!(count = dropped, "refusals dropped: more than can be kept");
        }
        let count = refusals.len();
        if count > 0
            && let Err(error) = vault.record_refusals(refusals).await
        {
            tracing::warn!(error = %ErrorChain(&error), count, "refusals not recorded");
        }
    }

    /// A panic elsewhere leaves it whole.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
