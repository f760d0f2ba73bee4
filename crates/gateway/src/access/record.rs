//! Recording accesses. An access that cannot be recorded opens nothing: whoever opens records first, and answers a
//! search only after it.

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use api::v1;
use domain::subject::Subject;
use prost::Message as _;
use vault::{Access, Accessed, NewAccess};

use crate::call::Call;
use crate::core::{Core, no_keys};
use crate::permit::LogOwner;

/// What is opened or was searched, by whom and why.
#[derive(Clone, Copy)]
pub(crate) struct Opening<'a> {
    what: Accessed,
    actor: &'a v1::Actor,
    term: v1::SearchTermKind,
    found: usize,
    exception: v1::RestrictionException,
    secrecy: v1::AccessSecrecy,
}

impl<'a> Opening<'a> {
    /// A subject's body is opened.
    pub(crate) fn of(subject: Subject, actor: &'a v1::Actor) -> Self {
        Self {
            what: Accessed::Subject(subject),
            actor,
            term: v1::SearchTermKind::Unspecified,
            found: 0,
            exception: v1::RestrictionException::Unspecified,
            secrecy: v1::AccessSecrecy::None,
        }
    }

    /// It is opened although its processing is restricted.
    pub(crate) fn except(self, exception: v1::RestrictionException) -> Self {
        Self { exception, ..self }
    }

    /// Whether the person has a secrecy marking.
    pub(crate) fn about(self, secrecy: v1::AccessSecrecy) -> Self {
        Self { secrecy, ..self }
    }

    /// The function that it is opened in.
    pub(crate) fn function(&self) -> &'a str {
        &self.actor.function
    }

    /// A search that found so much, by a term's token.
    pub(crate) fn search(
        (term, token): (v1::SearchTermKind, [u8; 16]),
        actor: &'a v1::Actor,
        found: usize,
    ) -> Self {
        Self {
            what: Accessed::Search(token),
            actor,
            term,
            found,
            exception: v1::RestrictionException::Unspecified,
            secrecy: v1::AccessSecrecy::None,
        }
    }
}

impl Core {
    /// Records an access durably, in the log of whoever opens.
    pub(crate) async fn record_access(
        &self,
        call: &Call,
        owner: impl Into<LogOwner>,
        opening: Opening<'_>,
    ) -> Result<(), Refusal> {
        let v1::Actor {
            officer_id,
            function,
            case_number,
            purpose,
        } = opening.actor.clone();
        let part = sealed::AccessPart {
            officer_id,
            function,
            case_number,
            purpose,
            method: call.method.to_owned(),
            organisation_number: call.caller.organisation_number.clone(),
            search_term: opening.term.into(),
            found: i32::try_from(opening.found).unwrap_or(i32::MAX),
            exception: opening.exception.into(),
            secrecy: opening.secrecy.into(),
        };
        let access = NewAccess {
            authority: owner.into().code(),
            what: opening.what,
            at: self.journal.now(),
            officer: &part.officer_id,
            content: &part.encode_to_vec(),
        };
        self.vault.record_access(access).await.map_err(no_keys)
    }
}

/// Whether it was to what is marked as secret, opened or not.
pub(super) fn is_marked(part: &sealed::AccessPart) -> bool {
    match part.secrecy() {
        v1::AccessSecrecy::Unspecified | v1::AccessSecrecy::None => false,
        v1::AccessSecrecy::Marked | v1::AccessSecrecy::MarkedRefused => true,
    }
}

/// Whether nothing was opened: the function that it was tried in may not.
pub(super) fn is_refused(part: &sealed::AccessPart) -> bool {
    part.secrecy() == v1::AccessSecrecy::MarkedRefused
}

/// What was told of an access; none when its key was erased.
pub(super) fn told(access: &Access) -> Option<sealed::AccessPart> {
    let content = access.content.as_deref()?;
    // what is authentic and yet no message of ours shows as one without anybody
    Some(sealed::AccessPart::decode(content).unwrap_or_default())
}
