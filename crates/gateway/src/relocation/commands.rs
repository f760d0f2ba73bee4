//! Commands about a relocation: supplement, withdraw, recall, acknowledge, reply. Each writes an event of its own.

pub(super) mod recall;
pub(super) mod redact;
pub(super) mod restrict;

use std::collections::BTreeSet;

use api::generated::journal::v1 as sealed;
use api::parse::{self, Faults};
use api::status::Refusal;
use api::v1;
use daemon::ErrorChain;
use domain::code::{RelocationKind, WithdrawalReason};
use domain::disclosure::{self, Act};
use domain::entry::Entry;
use domain::ground::Scope;
use domain::reason::Reason;
use domain::subject::{Subject, SubjectKind};
use jiff::civil::Date;
use journal::{OpenKey, Request};
use ledger::{RelocationCommand, RelocationFold};

use crate::call::Call;
use crate::core::Core;
use crate::disclose::Telling;
use crate::erasure;
use crate::household;
use crate::permit::Party;
use crate::read::NOW;
use crate::show;
use crate::write::{Command, Decided, halted, unfit};

/// What all commands about a relocation carry.
#[derive(Clone)]
struct Common<'a> {
    call: &'a Call,
    party: Party,
    subject: Subject,
    request: Request,
    validate_only: bool,
    etag: &'a str,
    /// What only the acting party reads.
    own: sealed::OwnPart,
}

impl Common<'_> {
    async fn run(
        self,
        core: &Core,
        what: RelocationCommand,
        shared: Option<sealed::SharedPart>,
    ) -> Result<Option<v1::Relocation>, Refusal> {
        let (party, subject) = (self.party, self.subject);
        // what was answered once is answered again, whoever may handle it by now
        if takes_part(what) && core.answered(&self.request).await?.is_none() {
            let (fold, entries) = core.relocation(party, subject, NOW).await?;
            let actor = self.own.actor.clone().unwrap_or_default();
            let known = (&fold, entries.as_slice());
            core.may_handle(self.call, party, known, &actor).await?;
            if tells(what) {
                core.may_tell(party, known, shared.is_some()).await?;
            }
        }
        let command = Command {
            by: party.into(),
            request: Some(self.request),
            subject,
            validate_only: self.validate_only,
            etag: self.etag,
            shared,
            own: self.own,
        };
        let entries = core
            .command(command, |entries: &[Entry]| decide(party, what, entries))
            .await?;
        let fold = party.relocation(RelocationFold::fold(&entries).map_err(halted)?)?;
        Ok(Some(show::relocation(subject, &fold, party.code())))
    }
}

/// Whether it is for who may open the body alone. What ends, limits or keeps a body is everybody's to do.
fn takes_part(what: RelocationCommand) -> bool {
    match what {
        RelocationCommand::Acknowledge
        | RelocationCommand::Supplement
        | RelocationCommand::Reply { .. }
        | RelocationCommand::Refer { .. }
        | RelocationCommand::Decide { .. } => true,
        RelocationCommand::Withdraw { .. }
        | RelocationCommand::Recall
        | RelocationCommand::Redact
        | RelocationCommand::Restrict { .. }
        | RelocationCommand::Release { .. } => false,
    }
}

/// Whether it tells the other party something of the person. That somebody took an announcement in tells nothing: if nobody
/// ever did, that would.
fn tells(what: RelocationCommand) -> bool {
    match what {
        RelocationCommand::Supplement
        | RelocationCommand::Reply { .. }
        | RelocationCommand::Decide { .. } => true,
        RelocationCommand::Acknowledge
        | RelocationCommand::Refer { .. }
        | RelocationCommand::Withdraw { .. }
        | RelocationCommand::Recall
        | RelocationCommand::Redact
        | RelocationCommand::Restrict { .. }
        | RelocationCommand::Release { .. } => false,
    }
}

fn decide(party: Party, what: RelocationCommand, entries: &[Entry]) -> Result<Decided, Refusal> {
    let fold = party.relocation(RelocationFold::fold(entries).map_err(halted)?)?;
    let (event, notices) = ledger::relocation(&fold, what, party.code()).map_err(unfit)?;
    let is_over = match what {
        RelocationCommand::Recall => ledger::recalled(entries).is_some(),
        // what the receiver may read no more is over there, however it came to that
        RelocationCommand::Withdraw { .. } => ledger::erased(entries).map_err(halted)?.is_some(),
        RelocationCommand::Redact
        | RelocationCommand::Restrict { .. }
        | RelocationCommand::Release { .. }
        | RelocationCommand::Supplement
        | RelocationCommand::Acknowledge
        | RelocationCommand::Reply { .. }
        | RelocationCommand::Refer { .. }
        | RelocationCommand::Decide { .. } => false,
    };
    if is_over {
        return Err(unfit(Reason::StateNotAllowed));
    }
    // what had ended has been released, and another one may be open since then
    let ends = matches!(
        what,
        RelocationCommand::Withdraw { .. } | RelocationCommand::Recall | RelocationCommand::Redact
    );
    let release = (ends && !fold.state.is_final()).then_some(OpenKey {
        sender: fold.sender,
        recipient: fold.recipient,
        pseudonym: fold.pseudonym,
    });
    Ok(Decided {
        event,
        notices,
        version: fold.version.next(),
        parties: (fold.sender, fold.recipient),
        release,
    })
}

/// Reads what all commands carry. A macro, since each request is a type of its own.
macro_rules! common {
    ($core:expr, $call:expr, $request:expr, $method:literal, $faults:ident) => {{
        let party = Party::of($core, $call, &$request.municipality).await?;
        let subject = parse::subject(SubjectKind::Relocation, &$request.name)?;
        let id = $faults.request_id(&$request.request_id);
        let actor = $faults.actor($request.actor.as_ref());
        $faults.end()?;
        let mut normalised = $request.clone();
        normalised.request_id = String::new();
        normalised.validate_only = false;
        let request = $core
            .request(party.scope(), id, $method, &normalised)
            .await?;
        Common {
            call: $call,
            party,
            subject,
            request,
            validate_only: $request.validate_only,
            etag: &$request.etag,
            own: sealed::OwnPart {
                actor: Some(actor),
                ..sealed::OwnPart::default()
            },
        }
    }};
}
use common;

pub(super) async fn supplement(
    core: &Core,
    call: &Call,
    request: v1::SupplementRelocationRequest,
) -> Result<v1::SupplementRelocationResponse, Refusal> {
    let mut faults = Faults::default();
    faults.free_text("text", &request.text, 1, 4000);
    let common = common!(core, call, request, "SupplementRelocation", faults);
    text_may_follow(core, &common, &request.text).await?;
    let shared = sealed::SharedPart {
        text: request.text.clone(),
        ..Default::default()
    };
    let relocation = common
        .run(core, RelocationCommand::Supplement, Some(shared))
        .await?;
    Ok(v1::SupplementRelocationResponse { relocation })
}

/// What the sender told of its announcement for itself alone; none for anybody else.
async fn senders_own(
    core: &Core,
    party: Party,
    subject: Subject,
) -> Result<Option<sealed::OwnPart>, Refusal> {
    let (fold, entries) = core.relocation(party, subject, NOW).await?;
    match entries.first().filter(|_| party.code() == fold.sender) {
        Some(first) => {
            let own = core.open_own(party.into(), (fold.sender, fold.recipient), first);
            Ok(Some(own.await?.unwrap_or_default()))
        }
        None => Ok(None),
    }
}

/// What the sender marked when it announced is looked for in whatever it writes later.
fn check_withheld(
    faults: &mut Faults,
    own: &sealed::OwnPart,
    text: &str,
    contact: Option<&v1::Contact>,
) {
    let contact = contact.into_iter().flat_map(|it| {
        [
            ("contact.name", it.name.as_str()),
            ("contact.function", &it.function),
            ("contact.phone", &it.phone),
            ("contact.email", &it.email),
        ]
    });
    faults.withheld(
        &own.withheld_addresses,
        [("text", text)].into_iter().chain(contact),
    );
}

/// A partial consent limits what is added later too: free text only where it covers free text. So do the addresses that
/// must not be told.
async fn text_may_follow(core: &Core, common: &Common<'_>, text: &str) -> Result<(), Refusal> {
    let Some(own) = senders_own(core, common.party, common.subject).await? else {
        return Ok(());
    };
    let mut faults = Faults::default();
    check_withheld(&mut faults, &own, text, None);
    faults.end()?;
    // a ground that can no longer be read carries nothing new
    let ground = own.legal_ground;
    let ground = parse::legal_ground(&mut Faults::default(), ground.as_ref())
        .ok_or_else(|| Refusal::field("text", Reason::LegalGroundMissing))?;
    let text = BTreeSet::from([Scope::FreeText]);
    match disclosure::uncovered(&ground, &text).next() {
        Some(_text) => Err(Refusal::field("text", Reason::ConsentTooNarrow)),
        None => Ok(()),
    }
}

pub(super) async fn withdraw(
    core: &Core,
    call: &Call,
    request: v1::WithdrawRelocationRequest,
) -> Result<v1::WithdrawRelocationResponse, Refusal> {
    let mut faults = Faults::default();
    let reason = WithdrawalReason::from_number(request.reason).filter(|reason| reason.is_callers());
    if reason.is_none() {
        let why = if request.reason == 0 {
            Reason::FieldRequired
        } else {
            Reason::ValueUnknown
        };
        faults.add("reason", why);
    }
    let common = common!(core, call, request, "WithdrawRelocation", faults);
    let reason = reason.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let subject = common.subject;
    let relocation = common
        .run(core, RelocationCommand::Withdraw { reason }, None)
        .await?;
    erase(core, subject).await?;
    Ok(v1::WithdrawRelocationResponse { relocation })
}

/// Erases what the entries of a subject have ended, and what is kept beside it. Whoever dies before this leaves it to the
/// next one that goes over the journal.
pub(crate) async fn erase(core: &Core, subject: Subject) -> Result<(), Refusal> {
    let erased = erasure::erase(core.journal.as_ref(), &core.vault, subject).await;
    erased.map_err(|error| {
        tracing::error!(error = %ErrorChain(&error), "keys not erased yet");
        Refusal::new(Reason::KeysUnavailable)
    })?;
    household::part(core, subject).await
}

pub(super) async fn acknowledge(
    core: &Core,
    call: &Call,
    request: v1::AcknowledgeRelocationRequest,
) -> Result<v1::AcknowledgeRelocationResponse, Refusal> {
    let mut faults = Faults::default();
    let common = common!(core, call, request, "AcknowledgeRelocation", faults);
    let relocation = common
        .run(core, RelocationCommand::Acknowledge, None)
        .await?;
    Ok(v1::AcknowledgeRelocationResponse { relocation })
}

pub(super) async fn refer(
    core: &Core,
    call: &Call,
    request: v1::ReferTransferRequest,
) -> Result<v1::ReferTransferResponse, Refusal> {
    let mut faults = Faults::default();
    let on = past_day(core, &mut faults, "referred_on", &request.referred_on);
    let common = common!(core, call, request, "ReferTransfer", faults);
    let on = on.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let relocation = common
        .run(core, RelocationCommand::Refer { on }, None)
        .await?;
    Ok(v1::ReferTransferResponse { relocation })
}

pub(super) async fn record_decision(
    core: &Core,
    call: &Call,
    request: v1::RecordTransferDecisionRequest,
) -> Result<v1::RecordTransferDecisionResponse, Refusal> {
    let mut faults = Faults::default();
    let on = past_day(core, &mut faults, "decided_on", &request.decided_on);
    let granted = request.granted;
    let common = common!(core, call, request, "RecordTransferDecision", faults);
    let on = on.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let relocation = common
        .run(core, RelocationCommand::Decide { granted, on }, None)
        .await?;
    Ok(v1::RecordTransferDecisionResponse { relocation })
}

/// A day that is not in the future.
fn past_day(core: &Core, faults: &mut Faults, field: &str, text: &str) -> Option<Date> {
    let day = faults.date(field, text)?;
    if day > core.today() {
        faults.add(field, Reason::DateInFuture);
    }
    Some(day)
}

/// What a reply is about, for a party that may read it: the kind, and whether the person is under 18.
async fn replied_to(
    core: &Core,
    call: &Call,
    party: Party,
    request: &v1::ReplyToRelocationRequest,
) -> Result<(RelocationKind, bool), Refusal> {
    let subject = parse::subject(SubjectKind::Relocation, &request.name)?;
    let (fold, entries) = core.relocation(party, subject, NOW).await?;
    let known = (&fold, entries.as_slice());
    // nobody who is not known by then is written into the access log
    let mut faults = Faults::default();
    let actor = faults.actor(request.actor.as_ref());
    faults.end()?;
    core.may_handle(call, party, known, &actor).await?;
    let announced = core.for_a_rule(party, known).await?;
    let person = announced
        .and_then(|part| part.relocation)
        .and_then(|content| content.person);
    Ok((fold.kind, core.is_minor(person.as_ref())))
}

pub(super) async fn reply(
    core: &Core,
    call: &Call,
    request: v1::ReplyToRelocationRequest,
) -> Result<v1::ReplyToRelocationResponse, Refusal> {
    let mut faults = Faults::default();
    faults.free_text("text", &request.text, 1, 4000);
    if request.contact.is_some() {
        parse::contact(&mut faults, "contact", request.contact.as_ref());
    }
    // the law of today is asked once: a retry gets the answer of then, also when the person has come of age since
    let party = Party::of(core, call, &request.municipality).await?;
    let normalised = v1::ReplyToRelocationRequest {
        request_id: String::new(),
        validate_only: false,
        ..request.clone()
    };
    let answered = core
        .answered_before(party, &request.request_id, "ReplyToRelocation", &normalised)
        .await?;
    if answered.is_none() {
        let (kind, minor) = replied_to(core, call, party, &request).await?;
        let telling = Telling {
            act: Act::Reply(kind),
            actor: request.actor.as_ref(),
            legal_ground: request.legal_ground.as_ref(),
            text: &request.text,
            minor,
        };
        core.check_telling(&mut faults, &telling);
        let subject = parse::subject(SubjectKind::Relocation, &request.name)?;
        if let Some(own) = senders_own(core, party, subject).await? {
            check_withheld(&mut faults, &own, &request.text, request.contact.as_ref());
        }
    }
    let mut common = common!(core, call, request, "ReplyToRelocation", faults);
    common.own.legal_ground.clone_from(&request.legal_ground);
    let shared = sealed::SharedPart {
        text: request.text.clone(),
        contact: request.contact.clone(),
        ..Default::default()
    };
    let what = RelocationCommand::Reply {
        objection: request.objection,
    };
    let relocation = common.run(core, what, Some(shared)).await?;
    Ok(v1::ReplyToRelocationResponse { relocation })
}
