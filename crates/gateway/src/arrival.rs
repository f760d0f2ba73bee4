//! ArrivalService: report that a person arrived. Asking is disclosing too.

mod report;

use std::sync::Arc;

use api::generated::journal::v1 as sealed;
use api::parse::{self, Faults};
use api::status::Refusal;
use api::v1;
use api::v1::arrival_service_server::ArrivalService;
use domain::entry::Entry;
use domain::subject::{Position, Subject, SubjectKind};
use jiff::Timestamp;
use journal::OpenClaim;
use ledger::ArrivalFold;
use tonic::{Request, Response, Status, Streaming};

use crate::access::Opening;
use crate::call::Call;
use crate::core::{Core, unread};
use crate::page::Page;
use crate::permit::Party;
use crate::read::NOW;
use crate::register;
use crate::relocation::{erase, method};
use crate::secrecy::Pass;
use crate::write::{Command, Decided, halted, instant, known_at, unfit};

#[cfg(test)]
pub(crate) use report::report as report_arrival;

/// The service.
#[derive(Clone)]
pub(crate) struct Arrivals(pub(crate) Arc<Core>);

#[tonic::async_trait]
impl ArrivalService for Arrivals {
    method!(
        report_arrival,
        "ReportArrival",
        v1::ReportArrivalRequest,
        v1::ReportArrivalResponse,
        report::report
    );
    method!(
        get_arrival,
        "GetArrival",
        v1::GetArrivalRequest,
        v1::GetArrivalResponse,
        get
    );
    method!(
        list_arrivals,
        "ListArrivals",
        v1::ListArrivalsRequest,
        v1::ListArrivalsResponse,
        list
    );
    method!(
        import_register_events,
        "ImportRegisterEvents",
        Streaming<v1::ImportRegisterEventsRequest>,
        v1::ImportRegisterEventsResponse,
        register::import
    );
    method!(
        list_quarantined_events,
        "ListQuarantinedEvents",
        v1::ListQuarantinedEventsRequest,
        v1::ListQuarantinedEventsResponse,
        register::list_quarantined
    );
    method!(
        withdraw_arrival,
        "WithdrawArrival",
        v1::WithdrawArrivalRequest,
        v1::WithdrawArrivalResponse,
        withdraw
    );
}

async fn get(
    core: &Core,
    call: &Call,
    request: v1::GetArrivalRequest,
) -> Result<v1::GetArrivalResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let subject = parse::subject(SubjectKind::Arrival, &request.name)?;
    let (_, entries) = core.arrival(party, subject, NOW).await?;
    let at = instant(request.known_at)?;
    let known = known_at(&entries, at);
    let fold = party.arrival(ArrivalFold::fold(known).map_err(halted)?)?;
    let mut arrival = report::shown(core, (subject, at), &fold, reported(known)).await?;
    let (mut readings, mut more_readings) = (Vec::new(), false);
    if request.view() == v1::View::Full {
        let mut faults = Faults::default();
        let actor = faults.actor(request.actor.as_ref());
        faults.end()?;
        let opening = Opening::of(subject, &actor);
        if let Some(first) = known.first() {
            let pass = core
                .enter_report(call, party, (&fold, first), opening)
                .await?;
            arrival.content = content(core, party, &pass, (&fold, first)).await?;
        }
        (readings, more_readings) = self::readings(core, party, &fold, &entries).await?;
    }
    Ok(v1::GetArrivalResponse {
        arrival: Some(arrival),
        readings,
        more_readings,
    })
}

/// Who read at the previous municipality what it was asked, before the report was taken back, and whether more did.
async fn readings(
    core: &Core,
    party: Party,
    fold: &ArrivalFold,
    entries: &[Entry],
) -> Result<(Vec<v1::Reading>, bool), Refusal> {
    let ended = entries.iter().find(|entry| entry.event.ends_reading());
    let Some(entry) = ended else {
        return Ok((Vec::new(), false));
    };
    let question = ledger::question_about(entry.subject.id);
    core.readings(party, fold.previous, question, entry.recorded_at)
        .await
}

/// An arrival with its content, and its entries; the envelope alone without a pass.
pub(crate) async fn whole(
    core: &Core,
    party: Party,
    subject: Subject,
    pass: Option<&Pass>,
) -> Result<(v1::Arrival, ArrivalFold, Vec<Entry>), Refusal> {
    let (fold, entries) = core.arrival(party, subject, NOW).await?;
    let mut arrival = report::shown(core, (subject, None), &fold, reported(&entries)).await?;
    if let Some((pass, first)) = pass.zip(entries.first()) {
        arrival.content = content(core, party, pass, (&fold, first)).await?;
    }
    Ok((arrival, fold, entries))
}

/// What its first entry says of an arrival: what was reported, or what the register told.
async fn content(
    core: &Core,
    party: Party,
    pass: &Pass,
    (fold, first): (&ArrivalFold, &Entry),
) -> Result<Option<v1::ArrivalContent>, Refusal> {
    let parties = (fold.municipality, fold.previous);
    let opened = core.open(pass, first).await?;
    match opened.and_then(|part| part.arrival) {
        None => register::content(core, party, parties, first).await,
        told => Ok(told),
    }
}

async fn list(
    core: &Core,
    call: &Call,
    request: v1::ListArrivalsRequest,
) -> Result<v1::ListArrivalsResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let filters = v1::ListArrivalsRequest {
        page_size: 0,
        page_token: String::new(),
        ..request.clone()
    };
    let page = Page::read(request.page_size, &request.page_token, &filters)?;
    let state = (request.state != 0).then_some(request.state);
    let found = core
        .views
        .arrivals(party.code(), state, page.below, page.size)
        .await
        .map_err(unread)?;
    let mut arrivals = Vec::with_capacity(found.rows.len());
    for (subject, _) in &found.rows {
        let (fold, entries) = core.arrival(party, *subject, found.valid_at).await?;
        arrivals.push(report::shown(core, (*subject, None), &fold, reported(&entries)).await?);
    }
    Ok(v1::ListArrivalsResponse {
        arrivals,
        next_page_token: page.next(&found.rows),
        position: i64::try_from(found.valid_at.0).unwrap_or(i64::MAX),
    })
}

pub(crate) async fn withdraw(
    core: &Core,
    call: &Call,
    request: v1::WithdrawArrivalRequest,
) -> Result<v1::WithdrawArrivalResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let subject = parse::subject(SubjectKind::Arrival, &request.name)?;
    let mut faults = Faults::default();
    let id = faults.request_id(&request.request_id);
    let actor = faults.actor(request.actor.as_ref());
    faults.end()?;
    let normalised = v1::WithdrawArrivalRequest {
        request_id: String::new(),
        validate_only: false,
        ..request.clone()
    };
    let command = Command {
        by: party.into(),
        request: Some(
            core.request(party.scope(), id, "WithdrawArrival", &normalised)
                .await?,
        ),
        subject,
        validate_only: request.validate_only,
        etag: &request.etag,
        shared: None,
        own: sealed::OwnPart {
            actor: Some(actor),
            legal_ground: None,
            ..sealed::OwnPart::default()
        },
    };
    let decide = |entries: &[Entry]| {
        let fold = party.arrival(ArrivalFold::fold(entries).map_err(halted)?)?;
        let (event, notices) =
            ledger::arrival(&fold, ledger::ArrivalCommand::Withdraw, party.code())
                .map_err(unfit)?;
        let claim = OpenClaim::arrival(
            fold.municipality,
            fold.previous,
            &fold.pseudonyms,
            fold.arrived,
        );
        Ok(Decided {
            event,
            notices,
            version: fold.version.next(),
            parties: (fold.municipality, fold.previous),
            release: claim.map(|claim| claim.key),
        })
    };
    let entries = core.command(command, decide).await?;
    if !request.validate_only {
        erase(core, subject).await?;
    }
    let fold = party.arrival(ArrivalFold::fold(&entries).map_err(halted)?)?;
    Ok(v1::WithdrawArrivalResponse {
        arrival: Some(report::shown(core, (subject, None), &fold, reported(&entries)).await?),
    })
}

/// Whether the previous municipality was asked about an arrival by now, or by an instant.
async fn is_asked(core: &Core, subject: Subject, at: Option<Timestamp>) -> Result<bool, Refusal> {
    let Some(at) = at else {
        let asked = core.views.alert_about(subject).await;
        return Ok(asked.map_err(unread)?.is_some());
    };
    let question = ledger::question_about(subject.id);
    let entries = core.journal.subject(question, NOW).await.map_err(unread)?;
    Ok(entries
        .first()
        .is_some_and(|raised| raised.recorded_at <= at))
}

/// Where the report stands.
fn reported(entries: &[Entry]) -> Position {
    entries.first().map_or(Position(0), |entry| entry.position)
}
