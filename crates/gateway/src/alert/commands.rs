//! Commands about an alert: the asked municipality answers or disputes, operators handle.

pub(super) mod redact;

use api::generated::journal::v1 as sealed;
use api::parse::{self, Faults};
use api::status::Refusal;
use api::v1;
use domain::code::{AnswerCode, CloseReason};
use domain::disclosure::Act;
use domain::entry::Entry;
use domain::reason::Reason;
use domain::subject::{Subject, SubjectKind};
use journal::Request;
use ledger::{AlertCaller, AlertCommand, AlertFold};
use prost::Message;

use crate::access::Opening;
use crate::call::Call;
use crate::core::Core;
use crate::disclose::Telling;
use crate::permit::{Operator, Party, Viewer};
use crate::read::NOW;
use crate::write::{Command, Decided, halted, unfit};

/// What all commands about an alert carry.
#[derive(Clone)]
struct Common<'a> {
    viewer: Viewer,
    caller: AlertCaller,
    actor: v1::Actor,
    name: &'a str,
    etag: &'a str,
    request_id: &'a str,
    validate_only: bool,
    method: &'static str,
    shared: Option<sealed::SharedPart>,
    legal_ground: Option<v1::LegalGround>,
    /// For the operators alone.
    text: String,
}

impl Common<'_> {
    fn subject(&self) -> Result<Subject, Refusal> {
        parse::subject(SubjectKind::Alert, self.name)
    }

    /// The request that it is, unless something is wrong with it.
    async fn request(
        &self,
        core: &Core,
        mut faults: Faults,
        normalised: &impl Message,
    ) -> Result<Request, Refusal> {
        self.subject()?;
        let id = faults.request_id(self.request_id);
        faults.end()?;
        core.request(self.viewer.scope(), id, self.method, normalised)
            .await
    }

    async fn run(
        self,
        core: &Core,
        faults: Faults,
        what: AlertCommand,
        normalised: &impl Message,
    ) -> Result<Option<v1::Alert>, Refusal> {
        let request = self.request(core, faults, normalised).await?;
        self.decide(core, request, what).await
    }

    async fn decide(
        self,
        core: &Core,
        request: Request,
        what: AlertCommand,
    ) -> Result<Option<v1::Alert>, Refusal> {
        let subject = self.subject()?;
        let (viewer, caller, today) = (self.viewer, self.caller, core.today());
        let command = Command {
            by: viewer,
            request: Some(request),
            subject,
            validate_only: self.validate_only,
            etag: self.etag,
            shared: self.shared,
            own: sealed::OwnPart {
                actor: Some(self.actor),
                legal_ground: self.legal_ground,
                text: self.text,
                ..sealed::OwnPart::default()
            },
        };
        let decide = |entries: &[Entry]| {
            let fold = viewer.alert(AlertFold::fold(entries).map_err(halted)?)?;
            let (event, notices) =
                ledger::alert(&fold, what.clone(), &caller, today).map_err(unfit)?;
            Ok(Decided {
                event,
                notices,
                version: fold.version.next(),
                parties: (fold.asking, fold.asked),
                release: None,
            })
        };
        let entries = core.command(command, decide).await?;
        super::shown(core, viewer, subject, &entries)
            .await
            .map(Some)
    }

    /// The same for what the asked municipality tells. The law of today is asked once: a retry gets the answer of then.
    async fn tell(
        self,
        core: &Core,
        (call, party): (&Call, Party),
        mut faults: Faults,
        what: AlertCommand,
        normalised: &impl Message,
        telling: Telling<'_>,
    ) -> Result<Option<v1::Alert>, Refusal> {
        let shared = sealed::SharedPart {
            text: telling.text.to_owned(),
            ..Default::default()
        };
        let legal_ground = telling.legal_ground.cloned();
        let answered = core
            .answered_before(party, self.request_id, self.method, normalised)
            .await?;
        if answered.is_none() {
            let subject = self.subject()?;
            let (fold, _entries) = core.alert(party, subject, NOW).await?;
            // consent for somebody under 18 needs the guardians' too
            let person = core.asked_person(party, &fold).await?;
            let minor = core.is_minor(person.as_ref());
            core.check_telling(&mut faults, &Telling { minor, ..telling });
            if faults.is_empty() {
                let opening = Opening::of(subject, &self.actor);
                let may = core.may_answer(call, party, &fold, (opening, self.validate_only));
                may.await?;
            }
        }
        let common = Self {
            shared: Some(shared),
            legal_ground,
            ..self
        };
        Box::pin(common.run(core, faults, what, normalised)).await
    }
}

/// What the asked municipality tells in an answer or a dispute.
macro_rules! telling {
    ($request:ident) => {
        Telling {
            act: Act::Answer,
            actor: $request.actor.as_ref(),
            legal_ground: $request.legal_ground.as_ref(),
            text: &$request.text,
            // known when the question was looked at
            minor: false,
        }
    };
}

/// Reads what all commands carry, and the request without what a retry may change.
macro_rules! common {
    ($viewer:expr, $caller:expr, $request:ident, $method:literal, $faults:ident) => {{
        let mut normalised = $request.clone();
        normalised.request_id = String::new();
        normalised.validate_only = false;
        let actor = $faults.actor($request.actor.as_ref());
        let common = Common {
            viewer: $viewer,
            caller: $caller(&actor),
            actor,
            name: &$request.name,
            etag: &$request.etag,
            request_id: &$request.request_id,
            validate_only: $request.validate_only,
            method: $method,
            shared: None,
            legal_ground: None,
            text: String::new(),
        };
        (common, normalised)
    }};
}

use common;

fn operator(actor: &v1::Actor) -> AlertCaller {
    AlertCaller::Operator(actor.officer_id.clone())
}

pub(super) async fn answer(
    core: &Core,
    call: &Call,
    request: v1::AnswerAlertRequest,
) -> Result<v1::AnswerAlertResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let mut faults = Faults::default();
    let code = AnswerCode::from_number(request.answer);
    if code.is_none() {
        let why = if request.answer == 0 {
            Reason::FieldRequired
        } else {
            Reason::ValueUnknown
        };
        faults.add("answer", why);
    }
    // "something else" says what
    let least = usize::from(code == Some(AnswerCode::Other));
    faults.free_text("text", &request.text, least, 4000);
    let party_caller = |_: &v1::Actor| AlertCaller::Party(party.code());
    let (common, normalised) = common!(
        Viewer::Party(party),
        party_caller,
        request,
        "AnswerAlert",
        faults
    );
    let what = AlertCommand::Answer(code.unwrap_or(AnswerCode::Other));
    let told = telling!(request);
    let alert = common
        .tell(core, (call, party), faults, what, &normalised, told)
        .await?;
    Ok(v1::AnswerAlertResponse { alert })
}

pub(super) async fn dispute(
    core: &Core,
    call: &Call,
    request: v1::DisputeAlertRequest,
) -> Result<v1::DisputeAlertResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let mut faults = Faults::default();
    faults.free_text("text", &request.text, 1, 4000);
    let party_caller = |_: &v1::Actor| AlertCaller::Party(party.code());
    let (common, normalised) = common!(
        Viewer::Party(party),
        party_caller,
        request,
        "DisputeAlert",
        faults
    );
    let (what, told) = (AlertCommand::Dispute, telling!(request));
    let alert = common
        .tell(core, (call, party), faults, what, &normalised, told)
        .await?;
    Ok(v1::DisputeAlertResponse { alert })
}

pub(super) async fn acknowledge(
    core: &Core,
    call: &Call,
    request: v1::AcknowledgeAlertRequest,
) -> Result<v1::AcknowledgeAlertResponse, Refusal> {
    let viewer = Viewer::Operator(Operator::of(call)?);
    let mut faults = Faults::default();
    let (common, normalised) = common!(viewer, operator, request, "AcknowledgeAlert", faults);
    let alert = common
        .run(core, faults, AlertCommand::Acknowledge, &normalised)
        .await?;
    Ok(v1::AcknowledgeAlertResponse { alert })
}

pub(super) async fn assign(
    core: &Core,
    call: &Call,
    request: v1::AssignAlertRequest,
) -> Result<v1::AssignAlertResponse, Refusal> {
    let viewer = Viewer::Operator(Operator::of(call)?);
    let mut faults = Faults::default();
    faults.free_text("assignee", &request.assignee, 1, 64);
    let (common, normalised) = common!(viewer, operator, request, "AssignAlert", faults);
    let what = AlertCommand::Assign {
        assignee: request.assignee.clone(),
    };
    let alert = common.run(core, faults, what, &normalised).await?;
    Ok(v1::AssignAlertResponse { alert })
}

pub(super) async fn comment(
    core: &Core,
    call: &Call,
    request: v1::CommentOnAlertRequest,
) -> Result<v1::CommentOnAlertResponse, Refusal> {
    let viewer = Viewer::Operator(Operator::of(call)?);
    let mut faults = Faults::default();
    faults.free_text("text", &request.text, 1, 1000);
    let (common, normalised) = common!(viewer, operator, request, "CommentOnAlert", faults);
    // the journal holds no text in the clear: it is sealed for the operators
    let what = AlertCommand::Comment {
        text: String::new(),
    };
    let common = Common {
        text: request.text.clone(),
        ..common
    };
    let alert = common.run(core, faults, what, &normalised).await?;
    Ok(v1::CommentOnAlertResponse { alert })
}

pub(super) async fn close(
    core: &Core,
    call: &Call,
    request: v1::CloseAlertRequest,
) -> Result<v1::CloseAlertResponse, Refusal> {
    let viewer = Viewer::Operator(Operator::of(call)?);
    let mut faults = Faults::default();
    let reason = CloseReason::from_number(request.reason);
    if reason.is_none() {
        let why = if request.reason == 0 {
            Reason::FieldRequired
        } else {
            Reason::ValueUnknown
        };
        faults.add("reason", why);
    }
    let (common, normalised) = common!(viewer, operator, request, "CloseAlert", faults);
    let what = AlertCommand::Close {
        reason: reason.unwrap_or(CloseReason::NotConfirmed),
    };
    let alert = common.run(core, faults, what, &normalised).await?;
    Ok(v1::CloseAlertResponse { alert })
}
