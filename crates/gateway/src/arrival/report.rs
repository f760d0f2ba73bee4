//! ReportArrival. The shared part is wrapped for the previous municipality too, and held back: only an alert
//! about the arrival lets it be read there.

use api::generated::journal::v1 as sealed;
use api::parse::{self, ArrivalReport};
use api::status::Refusal;
use api::v1;
use domain::entry::{Draft, Event};
use domain::subject::{Position, Subject, Version};
use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use journal::{Batch, Outcome, Request};
use ledger::ArrivalFold;
use uuid::Uuid;
use vault::SearchTerm;

use crate::body::Body;
use crate::call::Call;
use crate::core::{Core, no_keys, unread};
use crate::permit::Party;
use crate::relocation::pseudonyms;
use crate::show;
use crate::write::halted;

/// The method's name in fingerprints.
const METHOD: &str = "ReportArrival";

pub(super) async fn report(
    core: &Core,
    call: &Call,
    mut request: v1::ReportArrivalRequest,
) -> Result<v1::ReportArrivalResponse, Refusal> {
    let party = Party::of(&call.caller, &request.municipality)?;
    let report = match parse::arrival(&request, party.code(), core.context()) {
        Ok(report) => report,
        Err(refusal) => {
            // what was answered once is answered again, whatever today's rules and dates say
            let id = std::mem::take(&mut request.request_id);
            let answer = core.answered_before(party, &id, METHOD, &request).await?;
            return match answer.filter(|_| !request.validate_only) {
                Some(answer) => answered(core, party, answer.subject, answer.position).await,
                None => Err(refusal),
            };
        }
    };
    if request.validate_only {
        let due_on = core
            .today()
            .checked_add(i64::from(core.definition().await?.grace_days).days());
        return Ok(v1::ReportArrivalResponse {
            dry_run: Some(v1::DryRun {
                ground_carries: true,
                fields_seen_by_recipient: report.seen,
                recipient_connected: core
                    .views
                    .is_connected(report.previous)
                    .await
                    .map_err(unread)?,
                answer_due_on: due_on.map(|date| date.to_string()).unwrap_or_default(),
            }),
            ..v1::ReportArrivalResponse::default()
        });
    }
    let id = report.request_id;
    let normalised = v1::ReportArrivalRequest {
        request_id: String::new(),
        ..request
    };
    let request = core
        .request(party.scope(), party.code(), id, METHOD, &normalised)
        .await?;
    let (subject, position) = match core.answered(&request).await? {
        Some(answer) => (answer.subject, answer.position),
        None => write(core, party, report, request).await?,
    };
    answered(core, party, subject, position).await
}

/// The arrival as it was at a position.
async fn answered(
    core: &Core,
    party: Party,
    subject: Subject,
    position: Position,
) -> Result<v1::ReportArrivalResponse, Refusal> {
    let entries = core.entries_up_to(subject, position).await?;
    let fold = party.arrival(ArrivalFold::fold(&entries).map_err(halted)?)?;
    Ok(v1::ReportArrivalResponse {
        arrival: Some(show::arrival(
            subject,
            &fold,
            false,
            grace_until(core, &fold, position).await?,
        )),
        position: i64::try_from(position.0).unwrap_or(i64::MAX),
        dry_run: None,
    })
}

async fn write(
    core: &Core,
    party: Party,
    report: ArrivalReport,
    request: Request,
) -> Result<(Subject, Position), Refusal> {
    let (municipality, previous) = (party.code(), report.previous);
    let subject = Subject::arrival(Uuid::now_v7());
    let pseudonyms = pseudonyms(core, previous, &report.number, municipality, core.today()).await?;
    let case = report.content.case_number.clone();
    let shared = sealed::SharedPart {
        legal_ground: report.legal_ground.code,
        arrival: Some(report.content),
        ..sealed::SharedPart::default()
    };
    let own = sealed::OwnPart {
        actor: Some(report.actor),
        legal_ground: Some(report.legal_ground),
        ..sealed::OwnPart::default()
    };
    let (parts, keys) = core
        .seal(&Body {
            subject,
            version: Version(1),
            parties: (municipality, previous),
            by: municipality,
            shared: Some(&shared),
            own: &own,
        })
        .await?;
    let row = async |term| {
        core.vault
            .search_row(municipality, term, subject)
            .await
            .map_err(no_keys)
    };
    let mut tokens = vec![row(SearchTerm::Number(&report.number)).await?];
    if !case.is_empty() {
        tokens.push(row(SearchTerm::CaseNumber(&case)).await?);
    }
    let draft = Draft {
        subject,
        version: Version(1),
        event: Event::ArrivalReported {
            municipality,
            previous,
            pseudonyms,
            arrived: report.arrived,
        },
        notices: Vec::new(),
        sealed: parts,
    };
    let batch = Batch {
        drafts: vec![draft],
        request: Some(request),
        ..Batch::default()
    };
    Ok(match core.append_sealed(keys, tokens, batch).await? {
        Outcome::Appended(appended) => (subject, appended.last),
        Outcome::Repeated(answer) | Outcome::AlreadyOpen(answer) => {
            (answer.subject, answer.position)
        }
    })
}

/// The envelope for the reporter; `reported` is where the report stands.
pub(super) async fn shown(
    core: &Core,
    subject: Subject,
    fold: &ArrivalFold,
    reported: Position,
) -> Result<v1::Arrival, Refusal> {
    let asked = super::is_asked(core, subject).await?;
    Ok(show::arrival(
        subject,
        fold,
        asked,
        grace_until(core, fold, reported).await?,
    ))
}

async fn grace_until(
    core: &Core,
    fold: &ArrivalFold,
    reported: Position,
) -> Result<String, Refusal> {
    let reported_on = fold.recorded_at.to_zoned_datetime(TimeZone::UTC).date();
    let grace_days = i64::from(core.definition_at(reported).await?.grace_days);
    let until = reported_on.checked_add(grace_days.days());
    Ok(until.map(|date| date.to_string()).unwrap_or_default())
}
