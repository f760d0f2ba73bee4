//! RecallRelocation: what went to the wrong municipality is called back, and the breach is reported.

use api::generated::journal::v1 as sealed;
use api::parse::{self, Faults};
use api::status::Refusal;
use api::time::{from_wire, to_wire};
use api::v1;
use domain::entry::{Entry, Event};
use domain::reason::Reason;
use domain::subject::SubjectKind;
use jiff::{SignedDuration, Timestamp};
use ledger::{RelocationCommand, RelocationFold};

use super::{Common, common, erase};
use crate::access::Opening;
use crate::call::Call;
use crate::core::Core;
use crate::permit::Party;
use crate::read::NOW;
use crate::secrecy::{Known, Pass};
use crate::write::unfit;

/// The supervisory authority is told within 72 hours after the breach was found out: GDPR article 33.1.
const TOLD_WITHIN: SignedDuration = SignedDuration::from_hours(72);

pub(crate) async fn recall(
    core: &Core,
    call: &Call,
    request: v1::RecallRelocationRequest,
) -> Result<v1::RecallRelocationResponse, Refusal> {
    let mut faults = Faults::default();
    faults.free_text("text", &request.text, 1, 2000);
    discovered(core, call, &mut faults, &request).await?;
    let mut common = common!(core, call, request, "RecallRelocation", faults);
    common.own.text.clone_from(&request.text);
    common.own.discovered_at = request.discovered_at;
    let (party, subject) = (common.party, common.subject);
    let actor = common.own.actor.clone().unwrap_or_default();
    let relocation = common.run(core, RelocationCommand::Recall, None).await?;
    if request.validate_only {
        let report = None;
        return Ok(v1::RecallRelocationResponse { relocation, report });
    }
    erase(core, subject).await?;
    let (fold, entries) = core.relocation(party, subject, NOW).await?;
    let known = (&fold, entries.as_slice());
    let opening = Opening::of(subject, &actor);
    let report = match core.enter(call, party, known, opening).await {
        Ok(pass) => report(core, (party, &pass), known).await?,
        // it is called back all the same: that is everybody's to do, and its report is read in that function
        Err(refusal) if refusal.reason == Reason::SecrecyFunctionRequired => None,
        Err(refusal) => return Err(refusal),
    };
    Ok(v1::RecallRelocationResponse { relocation, report })
}

/// Holds the instant of discovery against the announcement's and the clock.
async fn discovered(
    core: &Core,
    call: &Call,
    faults: &mut Faults,
    request: &v1::RecallRelocationRequest,
) -> Result<(), Refusal> {
    let field = "discovered_at";
    let Some(at) = &request.discovered_at else {
        faults.add(field, Reason::FieldRequired);
        return Ok(());
    };
    let Some(at) = from_wire(at) else {
        faults.add(field, Reason::DateInvalid);
        return Ok(());
    };
    if at > core.journal.now() {
        faults.add(field, Reason::DateInFuture);
    }
    let party = Party::of(core, call, &request.municipality).await?;
    let subject = parse::subject(SubjectKind::Relocation, &request.name)?;
    let (fold, _entries) = core.relocation(party, subject, NOW).await?;
    if at < fold.recorded_at {
        faults.add(field, Reason::FieldOutOfRange);
    }
    Ok(())
}

pub(crate) async fn get_report(
    core: &Core,
    call: &Call,
    request: v1::GetBreachReportRequest,
) -> Result<v1::GetBreachReportResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let subject = parse::subject(SubjectKind::Relocation, &request.name)?;
    let mut faults = Faults::default();
    let actor = faults.actor(request.actor.as_ref());
    faults.end()?;
    let (fold, entries) = core.relocation(party, subject, NOW).await?;
    // the receiver has no such report
    if fold.sender != party.code() {
        return Err(Refusal::new(Reason::NotFound));
    }
    if ledger::recalled(&entries).is_none() {
        return Err(unfit(Reason::StateNotAllowed));
    }
    let known = (&fold, entries.as_slice());
    let opening = Opening::of(subject, &actor);
    let pass = core.enter(call, party, known, opening).await?;
    let report = report(core, (party, &pass), known).await?;
    Ok(v1::GetBreachReportResponse { report })
}

/// The breach, as its sender reads it. None when nothing was called back.
async fn report(
    core: &Core,
    (party, pass): (Party, &Pass),
    (fold, entries): Known<'_>,
) -> Result<Option<v1::BreachReport>, Refusal> {
    let (Some(first), Some(recall)) = (entries.first(), ledger::recalled(entries)) else {
        return Ok(None);
    };
    let parties = (fold.sender, fold.recipient);
    let own = core.open_own(party.into(), parties, recall).await?;
    let own = own.unwrap_or_default();
    let told = core.open(pass, first).await?;
    let told = told.and_then(|part| part.relocation);
    let texts = entries.iter().filter(|entry| is_told(entry, fold));
    let due_at = own
        .discovered_at
        .as_ref()
        .and_then(from_wire)
        .and_then(|at| at.checked_add(TOLD_WITHIN).ok());
    let recalled_at: Timestamp = recall.recorded_at;
    let (readings, more_readings) = core
        .readings(party, fold.recipient, first.subject, recalled_at)
        .await?;
    Ok(Some(v1::BreachReport {
        relocation: first.subject.to_string(),
        sending_municipality: fold.sender.resource_name(),
        receiving_municipality: fold.recipient.resource_name(),
        sent_at: Some(to_wire(fold.recorded_at)),
        discovered_at: own.discovered_at,
        recalled_at: Some(to_wire(recalled_at)),
        due_at: due_at.map(to_wire),
        text: own.text,
        fields: told.as_ref().map(parse::told).unwrap_or_default(),
        texts: i32::try_from(texts.count()).unwrap_or(i32::MAX),
        readings,
        more_readings,
    }))
}

/// Whether the sender told something by it besides the announcement.
fn is_told(entry: &Entry, fold: &RelocationFold) -> bool {
    if let Event::RelocationReplied { by, .. } = &entry.event {
        return *by == fold.sender;
    }
    entry.event == Event::RelocationSupplemented
}
