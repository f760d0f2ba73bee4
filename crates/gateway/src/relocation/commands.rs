//! Commands about a relocation: supplement, withdraw, acknowledge, reply. Each writes an event of its own.

use api::generated::journal::v1 as sealed;
use api::parse::{self, Faults};
use api::status::Refusal;
use api::v1;
use domain::code::WithdrawalReason;
use domain::disclosure::Act;
use domain::entry::Entry;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::{Subject, SubjectKind};
use journal::{OpenKey, Request};
use ledger::{RelocationCommand, RelocationFold};

use crate::call::Call;
use crate::core::{Core, no_keys};
use crate::disclose::Telling;
use crate::permit::Party;
use crate::show;
use crate::write::{Command, Decided, halted};

/// What all commands about a relocation carry.
struct Common<'a> {
    party: Party,
    subject: Subject,
    request: Request,
    validate_only: bool,
    etag: &'a str,
    actor: v1::Actor,
    legal_ground: Option<v1::LegalGround>,
}

impl Common<'_> {
    async fn run(
        self,
        core: &Core,
        what: RelocationCommand,
        shared: Option<sealed::SharedPart>,
    ) -> Result<Option<v1::Relocation>, Refusal> {
        let (party, subject) = (self.party, self.subject);
        let command = Command {
            by: party.code(),
            request: self.request,
            subject,
            validate_only: self.validate_only,
            etag: self.etag,
            shared,
            own: sealed::OwnPart {
                actor: Some(self.actor),
                legal_ground: self.legal_ground,
                ..sealed::OwnPart::default()
            },
        };
        let entries = core
            .command(command, |entries: &[Entry]| decide(party, what, entries))
            .await?;
        let fold = party.relocation(RelocationFold::fold(&entries).map_err(halted)?)?;
        Ok(Some(show::relocation(subject, &fold, party.code())))
    }
}

fn decide(party: Party, what: RelocationCommand, entries: &[Entry]) -> Result<Decided, Refusal> {
    let fold = party.relocation(RelocationFold::fold(entries).map_err(halted)?)?;
    let (event, notices) = ledger::relocation(&fold, what, party.code()).map_err(Refusal::new)?;
    let release = matches!(what, RelocationCommand::Withdraw { .. }).then_some(OpenKey {
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
        let party = Party::of(&$call.caller, &$request.municipality)?;
        let subject = parse::subject(SubjectKind::Relocation, &$request.name)?;
        let id = $faults.request_id(&$request.request_id);
        let actor = $faults.actor($request.actor.as_ref());
        $faults.end()?;
        let mut normalised = $request.clone();
        normalised.request_id = String::new();
        normalised.validate_only = false;
        let request = $core
            .request(party.scope(), party.code(), id, $method, &normalised)
            .await?;
        Common {
            party,
            subject,
            request,
            validate_only: $request.validate_only,
            etag: &$request.etag,
            actor,
            legal_ground: None,
        }
    }};
}

pub(super) async fn supplement(
    core: &Core,
    call: &Call,
    request: v1::SupplementRelocationRequest,
) -> Result<v1::SupplementRelocationResponse, Refusal> {
    let mut faults = Faults::default();
    faults.free_text("text", &request.text, 1, 4000);
    let common = common!(core, call, request, "SupplementRelocation", faults);
    consent_covers_text(core, &common).await?;
    let shared = sealed::SharedPart {
        text: request.text.clone(),
        ..Default::default()
    };
    let relocation = common
        .run(core, RelocationCommand::Supplement, Some(shared))
        .await?;
    Ok(v1::SupplementRelocationResponse { relocation })
}

/// A partial consent limits what is added later too: free text only where it covers free text.
async fn consent_covers_text(core: &Core, common: &Common<'_>) -> Result<(), Refusal> {
    let entries = core.entries(common.subject).await?;
    let party = common.party;
    let fold = party.relocation(RelocationFold::fold(&entries).map_err(halted)?)?;
    if party.code() != fold.sender {
        return Ok(());
    }
    let own = match entries.first() {
        Some(first) => {
            core.open_own(party.code(), (fold.sender, fold.recipient), first)
                .await?
        }
        None => None,
    };
    // a ground that can no longer be read carries nothing new
    let ground = own
        .and_then(|own| own.legal_ground)
        .ok_or_else(|| Refusal::field("text", Reason::LegalGroundMissing))?;
    let scopes = ground.consent.unwrap_or_default().scopes;
    let narrow = ground.code == i32::from(v1::LegalGroundCode::Consent)
        && !scopes.contains(&v1::ConsentScope::All.into())
        && !scopes.contains(&v1::ConsentScope::FreeText.into());
    if narrow {
        return Err(Refusal::field("text", Reason::ConsentTooNarrow));
    }
    Ok(())
}

pub(super) async fn withdraw(
    core: &Core,
    call: &Call,
    request: v1::WithdrawRelocationRequest,
) -> Result<v1::WithdrawRelocationResponse, Refusal> {
    let mut faults = Faults::default();
    let reason = WithdrawalReason::from_number(request.reason);
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
    let erases = reason != WithdrawalReason::MoveCancelled && !common.validate_only;
    let relocation = common
        .run(core, RelocationCommand::Withdraw { reason }, None)
        .await?;
    if let Some(withdrawn) = relocation.as_ref().filter(|_| erases) {
        // a crash before this leaves the keys; the reading is refused by the event itself
        let recipient = MunicipalityCode::parse_name(&withdrawn.receiving_municipality)
            .ok_or_else(|| Refusal::new(Reason::Internal))?;
        core.vault
            .erase(recipient, subject)
            .await
            .map_err(no_keys)?;
    }
    Ok(v1::WithdrawRelocationResponse { relocation })
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

/// Whether the person that an announcement is about is under 18, for a party that may read it.
async fn is_about_a_minor(
    core: &Core,
    call: &Call,
    request: &v1::ReplyToRelocationRequest,
) -> Result<bool, Refusal> {
    let party = Party::of(&call.caller, &request.municipality)?;
    let subject = parse::subject(SubjectKind::Relocation, &request.name)?;
    let entries = core.entries(subject).await?;
    let fold = party.relocation(RelocationFold::fold(&entries).map_err(halted)?)?;
    let opened = match entries.first() {
        Some(first) => {
            core.open(party.code(), (fold.sender, fold.recipient), first)
                .await?
        }
        None => None,
    };
    let person = opened
        .and_then(|part| part.relocation)
        .and_then(|content| content.person);
    Ok(core.is_minor(person.as_ref()))
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
    let telling = Telling {
        act: Act::Reply,
        actor: request.actor.as_ref(),
        legal_ground: request.legal_ground.as_ref(),
        text: &request.text,
        minor: is_about_a_minor(core, call, &request).await?,
    };
    core.check_telling(&mut faults, &telling);
    let common = Common {
        legal_ground: request.legal_ground.clone(),
        ..common!(core, call, request, "ReplyToRelocation", faults)
    };
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
