//! The one way to write: look the request id up, decide, seal, put the keys, append.

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use api::time::from_wire;
use domain::code::NoticeKind;
use domain::entry::{Draft, Entry, Event};
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::{Position, Subject, Version};
use jiff::Timestamp;
use journal::{Answer, Batch, OpenKey, Outcome, Request, Scope};
use prost::Message;
use uuid::Uuid;

use crate::body::{Body, Parties};
use crate::core::{Core, no_keys, unread};
use crate::permit::{Party, Viewer};
use crate::read::NOW;

/// How often a command is decided again when somebody else was first and no etag was given.
const DECIDE_MAX: usize = 3;

/// What a decision leads to.
pub(crate) struct Decided {
    pub(crate) event: Event,
    pub(crate) notices: Vec<(MunicipalityCode, NoticeKind)>,
    pub(crate) version: Version,
    pub(crate) parties: Parties,
    pub(crate) release: Option<OpenKey>,
}

/// A command about an existing subject.
pub(crate) struct Command<'a> {
    pub(crate) by: Viewer,
    /// None of what a gateway does by duty: nobody sends it again.
    pub(crate) request: Option<Request>,
    pub(crate) subject: Subject,
    pub(crate) validate_only: bool,
    pub(crate) etag: &'a str,
    pub(crate) shared: Option<sealed::SharedPart>,
    pub(crate) own: sealed::OwnPart,
}

impl Core {
    /// The request as the journal keeps it: a keyed hash stands for the content. `normalised` is the
    /// request without its request id and without `validate_only`.
    pub(crate) async fn request(
        &self,
        scope: Scope,
        id: Uuid,
        method: &str,
        normalised: &impl Message,
    ) -> Result<Request, Refusal> {
        let mut bytes = method.as_bytes().to_vec();
        bytes.push(0);
        normalised
            .encode(&mut bytes)
            .map_err(|_full| Refusal::new(Reason::Internal))?;
        let authority = match scope {
            Scope::Municipality(code) => code,
            Scope::Operators | Scope::Administrators => MunicipalityCode::HOUSE,
        };
        let fingerprint = self.vault.fingerprint(authority, &bytes).await;
        Ok(Request {
            scope,
            id,
            fingerprint: fingerprint.map_err(no_keys)?,
        })
    }

    /// What the request id was answered with, if it was; an error when it was for other content.
    pub(crate) async fn answered(&self, request: &Request) -> Result<Option<Answer>, Refusal> {
        match self
            .journal
            .answer(request.scope, request.id)
            .await
            .map_err(unread)?
        {
            Some((fingerprint, _)) if fingerprint != request.fingerprint => {
                Err(Refusal::new(Reason::RequestIdReused))
            }
            known => Ok(known.map(|(_fingerprint, answer)| answer)),
        }
    }

    /// What a request was answered with, when it would be refused today. `normalised` is the request
    /// without its request id.
    pub(crate) async fn answered_before(
        &self,
        party: Party,
        request_id: &str,
        method: &str,
        normalised: &impl Message,
    ) -> Result<Option<Answer>, Refusal> {
        let Ok(id) = Uuid::try_parse(request_id) else {
            return Ok(None);
        };
        let request = self.request(party.scope(), id, method, normalised).await?;
        self.answered(&request).await
    }

    /// Runs a command. `decide` folds the entries and says what happens, or why not. Returns the entries
    /// of the subject after the command (or, for a dry run, before it).
    pub(crate) async fn command(
        &self,
        command: Command<'_>,
        decide: impl Fn(&[Entry]) -> Result<Decided, Refusal> + Send,
    ) -> Result<Vec<Entry>, Refusal> {
        // whose it is comes before everything, a replayed answer included
        if let Some(request) = &command.request
            && let Some(answer) = self.answered(request).await?
        {
            return self
                .entries(command.by, answer.subject, answer.position)
                .await;
        }
        for _attempt in 0..DECIDE_MAX {
            let entries = self.entries(command.by, command.subject, NOW).await?;
            let decided = decide(&entries)?;
            let before = Version(decided.version.0.saturating_sub(1));
            if !command.etag.is_empty() && command.etag != crate::show::etag(before) {
                return Err(Refusal::field("etag", Reason::EtagMismatch));
            }
            if command.validate_only {
                return Ok(entries);
            }
            match self.write(&command, decided).await {
                Err(refusal) if refusal.reason == Reason::VersionConflict => {}
                Err(refusal) => return Err(refusal),
                Ok(position) => return self.entries(command.by, command.subject, position).await,
            }
        }
        Err(Refusal::new(Reason::VersionConflict))
    }

    async fn write(&self, command: &Command<'_>, decided: Decided) -> Result<Position, Refusal> {
        let body = Body {
            subject: command.subject,
            version: decided.version,
            parties: decided.parties,
            by: command.by,
            shared: command.shared.as_ref(),
            own: &command.own,
        };
        let (sealed, keys) = if decided.event.ends_reading() {
            self.seal_ending(&body).await?
        } else {
            self.seal(&body).await?
        };
        let draft = Draft {
            subject: command.subject,
            version: decided.version,
            event: decided.event,
            notices: decided.notices,
            sealed,
        };
        let batch = Batch {
            drafts: vec![draft],
            request: command.request.clone(),
            release: decided.release,
            ..Batch::default()
        };
        Ok(match self.append_sealed(keys, Vec::new(), batch).await? {
            Outcome::Appended(appended) => appended.last,
            Outcome::Repeated(answer) | Outcome::AlreadyOpen(answer) => answer.position,
        })
    }
}

/// What the rules refuse of the thing that a request names.
pub(crate) fn unfit(reason: Reason) -> Refusal {
    Refusal::field("name", reason)
}

/// A stored record that contradicts itself: told as our failure, and loudly in the log.
#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
pub(crate) fn halted(halt: ledger::Halt) -> Refusal {
    tracing::error!(error = %daemon::ErrorChain(&halt), "record contradicts itself");
    Refusal::new(Reason::Internal)
}

/// The instant that is asked for; none is now.
pub(crate) fn instant(at: Option<prost_types::Timestamp>) -> Result<Option<Timestamp>, Refusal> {
    let fault = || Refusal::field("known_at", Reason::DateInvalid);
    at.map(|at| from_wire(&at).ok_or_else(fault)).transpose()
}

/// Those of a subject's entries that were recorded at an instant; all of them without one.
pub(crate) fn known_at(entries: &[Entry], at: Option<Timestamp>) -> &[Entry] {
    let Some(at) = at else { return entries };
    let count = entries.partition_point(|entry| entry.recorded_at <= at);
    entries.split_at(count).0
}
