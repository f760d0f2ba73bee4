//! What every service of the gateway stands on, and the one way in and out of each call.

use std::collections::BTreeSet;
use std::future::Future;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use api::parse::Context;
use api::status::Refusal;
use daemon::{Drain, ErrorChain};
use domain::calendar::day_in_sweden;
use domain::definition::Definition;
use domain::lineage::Lineage;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::Position;
use fanout::Lanes;
use governor::{DefaultKeyedRateLimiter, Quota};
use jiff::Timestamp;
use jiff::civil::Date;
use journal::{AppendError, Batch, Evidence, Journal, Outcome, ReadError, Views};
use tlog::policy::Policy;
use tonic::{Extensions, Request, Response, Status};
use vault::{KeyRows, SearchRow, Vault};

use crate::alert::alarm;
use crate::call::{self, Call, Callers, manner};
use crate::caller::{Caller, Trust};
use crate::follow::Followed;
use crate::read::NOW;
use crate::refusals::Refusals;
use crate::streams::Streams;

/// The parts a gateway is made of.
#[derive(Clone)]
pub struct Parts {
    /// The record.
    pub journal: Arc<dyn Journal>,
    /// The read tables.
    pub views: Arc<dyn Views>,
    /// The log over the record.
    pub evidence: Arc<dyn Evidence>,
    /// Whether somebody signs it, as far as is known here.
    pub signs: bool,
    /// Whose cosignatures make a checkpoint count as witnessed.
    pub policy: Option<Policy>,
    /// Keys, pseudonyms, sealing.
    pub vault: Vault,
    /// Notices as they come.
    pub lanes: Lanes,
    /// Who is who.
    pub trust: Trust,
    /// Calls a second and caller, in the mean.
    pub calls_per_second: NonZeroU32,
    /// Streams at once and caller.
    pub streams_per_caller: u32,
    /// When a peer is found to be dead.
    pub keepalive: Keepalive,
    /// Ends streams.
    pub drain: Drain,
}

/// A dead peer is found after both.
#[derive(Clone, Copy, Debug)]
pub struct Keepalive {
    /// How long a connection may be silent before its other end is asked whether it lives.
    pub every: Duration,
    /// How long that may take to answer.
    pub answer: Duration,
}

/// The gateway's core. Stateless: what it remembers can be forgotten.
pub struct Core {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) views: Arc<dyn Views>,
    pub(crate) evidence: Arc<dyn Evidence>,
    pub(crate) signs: bool,
    pub(crate) policy: Option<Policy>,
    pub(crate) vault: Vault,
    pub(crate) lanes: Lanes,
    pub(crate) streams: Streams,
    pub(crate) keepalive: Keepalive,
    pub(crate) drain: Drain,
    pub(crate) production: bool,
    pub(crate) refusals: Refusals,
    pub(crate) followed: Followed,
    pub(crate) alarm: alarm::Seen,
    connected: RwLock<BTreeSet<MunicipalityCode>>,
    callers: Callers,
    rate: DefaultKeyedRateLimiter<String>,
}

impl Core {
    /// From its parts.
    pub fn new(parts: Parts) -> Arc<Self> {
        // a burst of ten seconds' worth: a case system sends its morning's work at once
        let burst = parts
            .calls_per_second
            .saturating_mul(NonZeroU32::MIN.saturating_add(9));
        let quota = Quota::per_second(parts.calls_per_second).allow_burst(burst);
        Arc::new(Self {
            journal: parts.journal,
            views: parts.views,
            evidence: parts.evidence,
            signs: parts.signs,
            policy: parts.policy,
            vault: parts.vault,
            lanes: parts.lanes,
            streams: Streams::new(parts.streams_per_caller),
            keepalive: parts.keepalive,
            drain: parts.drain,
            production: parts.trust.production,
            refusals: Refusals::default(),
            followed: Followed::default(),
            alarm: alarm::Seen::default(),
            connected: RwLock::default(),
            callers: Callers::new(parts.trust),
            rate: DefaultKeyedRateLimiter::keyed(quota),
        })
    }

    /// Runs a call: who is it, may it call so often, then the work; a refusal becomes a status.
    pub(crate) async fn answer<Q, A, F>(
        &self,
        method: &'static str,
        request: Request<Q>,
        work: impl FnOnce(Call, Q) -> F + Send,
    ) -> Result<Response<A>, Status>
    where
        F: Future<Output = Result<A, Refusal>> + Send,
    {
        let (request_id, swedish) = manner(request.metadata().as_ref());
        let result = match self.admit(request.extensions()) {
            Ok(caller) => {
                let deadline = call::deadline(&request);
                let call = Call::new(caller, method, request_id.clone(), swedish);
                let work = work(call.clone(), request.into_inner());
                let result = call::within(deadline, work).await;
                if let Err(refusal) = &result {
                    self.refusals
                        .note(method, &call, refusal, self.journal.now());
                }
                result
            }
            Err(refusal) => Err(refusal),
        };
        match result {
            Ok(answer) => {
                tracing::debug!(
                    rpc.method = method,
                    request.id = request_id,
                    "call answered"
                );
                let mut response = Response::new(answer);
                if let Ok(value) = request_id.parse() {
                    response.metadata_mut().insert("x-request-id", value);
                }
                Ok(response)
            }
            Err(refusal) => {
                tracing::info!(
                    rpc.method = method,
                    request.id = request_id,
                    reason = refusal.kept().reason.code(),
                    "call refused"
                );
                Err(refusal.to_status(&request_id, swedish))
            }
        }
    }

    /// Who makes a request, if calls are taken now, and from this caller so often.
    pub(crate) fn admit(&self, extensions: &Extensions) -> Result<Arc<Caller>, Refusal> {
        let caller = self.callers.caller(extensions, Timestamp::now())?;
        if self.drain.is_cancelled() {
            return Err(Refusal::new(Reason::Draining));
        }
        if self.rate.check_key(&caller.organisation_number).is_err() {
            return Err(Refusal::new(Reason::RateLimited));
        }
        Ok(caller)
    }

    /// The record's date, in Sweden.
    pub(crate) fn today(&self) -> Date {
        day_in_sweden(self.journal.now())
    }

    pub(crate) fn context(&self) -> Context {
        Context {
            today: self.today(),
            production: self.production,
            lineage: Lineage::default(),
        }
    }

    /// The definition in force.
    pub(crate) async fn definition(&self) -> Result<Definition, Refusal> {
        self.definition_at(NOW).await
    }

    /// The definition that was in force at a position.
    pub(crate) async fn definition_at(&self, at: Position) -> Result<Definition, Refusal> {
        self.views.definition(at).await.map_err(unread)
    }

    /// Whether a municipality has ever confirmed a notice. Once it has it always will have: that is remembered.
    pub(crate) async fn is_connected(&self, code: MunicipalityCode) -> Result<bool, Refusal> {
        let known = self.connected.read();
        let is_known = known.is_ok_and(|known| known.contains(&code));
        if is_known {
            return Ok(true);
        }
        let is_connected = self.views.is_connected(code).await.map_err(unread)?;
        if is_connected {
            let known = self.connected.write();
            known.unwrap_or_else(PoisonError::into_inner).insert(code);
        }
        Ok(is_connected)
    }

    /// Appends, and says what a failure means to the caller.
    pub(crate) async fn append(&self, batch: Batch) -> Result<Outcome, Refusal> {
        self.journal
            .append(batch)
            .await
            .map_err(|error| Refusal::new(reason(&error)))
    }

    /// Puts the keys, then appends what they open. Keys of a batch that was certainly not appended are
    /// dropped; when that is unknown they stay, and are swept if nothing came of it.
    pub(crate) async fn append_sealed(
        &self,
        keys: KeyRows,
        tokens: Vec<SearchRow>,
        batch: Batch,
    ) -> Result<Outcome, Refusal> {
        let id = keys.id();
        self.vault.put(keys, tokens).await.map_err(no_keys)?;
        let outcome = self.journal.append(batch).await;
        if !matches!(
            outcome,
            Ok(Outcome::Appended(_)) | Err(AppendError::Unavailable)
        ) {
            // keys that stay are swept; what was answered is answered
            if let Err(error) = self.vault.drop_keys(id).await {
                tracing::warn!(error = %ErrorChain(&error), "keys not dropped");
            }
        }
        outcome.map_err(|error| Refusal::new(reason(&error)))
    }
}

fn reason(error: &AppendError) -> Reason {
    match error {
        AppendError::VersionConflict => Reason::VersionConflict,
        AppendError::RequestReused => Reason::RequestIdReused,
        AppendError::KeyExists => Reason::StateNotAllowed,
        AppendError::TooLarge => Reason::BodyTooLarge,
        AppendError::Damaged | AppendError::Unavailable => Reason::JournalUnavailable,
    }
}

/// A read that failed: the caller may try again, the log says why.
#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
pub(crate) fn unread(error: ReadError) -> Refusal {
    tracing::error!(error = %ErrorChain(&error), "journal not read");
    Refusal::new(Reason::JournalUnavailable)
}

/// A key store that failed, likewise. What was changed or moved in it no retry mends.
#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
pub(crate) fn no_keys(error: vault::Error) -> Refusal {
    tracing::error!(error = %ErrorChain(&error), "key store failed");
    let is_lasting = matches!(error, vault::Error::Tampered);
    Refusal::new(if is_lasting {
        Reason::Internal
    } else {
        Reason::KeysUnavailable
    })
}
