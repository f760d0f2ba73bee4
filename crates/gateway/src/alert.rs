//! AlertService: questions to investigate, for parties and operators.

pub(crate) mod alarm;
mod commands;
mod watch;

use std::pin::Pin;
use std::sync::Arc;

use api::parse::{self, Faults};
use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use api::v1::alert_service_server::AlertService;
use domain::code::CloseReason;
use domain::entry::{Entry, Event};
use domain::subject::{Position, Subject, SubjectKind};
use journal::views::AlertFilter;
use ledger::AlertFold;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::access::Opening;
use crate::call::Call;
use crate::core::{Core, unread};
use crate::page::Page;
use crate::permit::{Party, Viewer};
use crate::read::NOW;
use crate::relocation::method;
use crate::secrecy::Question;
use crate::show;
use crate::write::{halted, instant, known_at};

/// The service.
#[derive(Clone)]
pub(crate) struct Alerts(pub(crate) Arc<Core>);

#[tonic::async_trait]
impl AlertService for Alerts {
    method!(
        list_alerts,
        "ListAlerts",
        v1::ListAlertsRequest,
        v1::ListAlertsResponse,
        list
    );
    method!(
        get_alert,
        "GetAlert",
        v1::GetAlertRequest,
        v1::GetAlertResponse,
        get
    );
    method!(
        answer_alert,
        "AnswerAlert",
        v1::AnswerAlertRequest,
        v1::AnswerAlertResponse,
        commands::answer
    );
    method!(
        dispute_alert,
        "DisputeAlert",
        v1::DisputeAlertRequest,
        v1::DisputeAlertResponse,
        commands::dispute
    );
    method!(
        redact_alert,
        "RedactAlert",
        v1::RedactAlertRequest,
        v1::RedactAlertResponse,
        commands::redact::redact
    );
    method!(
        acknowledge_alert,
        "AcknowledgeAlert",
        v1::AcknowledgeAlertRequest,
        v1::AcknowledgeAlertResponse,
        commands::acknowledge
    );
    method!(
        assign_alert,
        "AssignAlert",
        v1::AssignAlertRequest,
        v1::AssignAlertResponse,
        commands::assign
    );
    method!(
        comment_on_alert,
        "CommentOnAlert",
        v1::CommentOnAlertRequest,
        v1::CommentOnAlertResponse,
        commands::comment
    );
    method!(
        close_alert,
        "CloseAlert",
        v1::CloseAlertRequest,
        v1::CloseAlertResponse,
        commands::close
    );

    type WatchAlertsStream =
        Pin<Box<dyn Stream<Item = Result<v1::WatchAlertsResponse, Status>> + Send>>;

    async fn watch_alerts(
        &self,
        request: Request<v1::WatchAlertsRequest>,
    ) -> Result<Response<Self::WatchAlertsStream>, Status> {
        let core = self.0.clone();
        self.0
            .answer("WatchAlerts", request, |call, request| async move {
                watch::watch(core, &call, &request).await
            })
            .await
    }
}

async fn list(
    core: &Core,
    call: &Call,
    request: v1::ListAlertsRequest,
) -> Result<v1::ListAlertsResponse, Refusal> {
    let viewer = Viewer::of(core, call, &request.municipality).await?;
    let filters = v1::ListAlertsRequest {
        page_size: 0,
        page_token: String::new(),
        ..request.clone()
    };
    let page = Page::read(request.page_size, &request.page_token, &filters)?;
    let state = (request.state != 0).then_some(request.state);
    let filter = AlertFilter {
        party: viewer.party().map(Party::code),
        state,
    };
    let found = core
        .views
        .alerts(filter, page.below, page.size)
        .await
        .map_err(unread)?;
    let mut alerts = Vec::with_capacity(found.rows.len());
    for (subject, _) in &found.rows {
        alerts.push(alert(core, viewer, *subject, found.valid_at).await?);
    }
    Ok(v1::ListAlertsResponse {
        alerts,
        next_page_token: page.next(&found.rows),
        position: i64::try_from(found.valid_at.0).unwrap_or(i64::MAX),
        log_alarm: alarm::standing(core, viewer).await?,
    })
}

/// The envelope of an alert as it is at a position.
async fn alert(
    core: &Core,
    viewer: Viewer,
    subject: Subject,
    at: Position,
) -> Result<v1::Alert, Refusal> {
    let entries = core.entries(viewer, subject, at).await?;
    shown(core, viewer, subject, &entries).await
}

/// The envelope; for an operator with the comments, which are sealed for the operators.
async fn shown(
    core: &Core,
    viewer: Viewer,
    subject: Subject,
    entries: &[Entry],
) -> Result<v1::Alert, Refusal> {
    let fold = viewer.alert(AlertFold::fold(entries).map_err(halted)?)?;
    let mut alert = show::alert(subject, &fold, viewer);
    let commented = entries
        .iter()
        .filter(|entry| matches!(entry.event, Event::AlertCommented { .. }));
    for (comment, entry) in alert.comments.iter_mut().zip(commented) {
        comment.text = core
            .open_own(viewer, (fold.asking, fold.asked), entry)
            .await?
            .unwrap_or_default()
            .text;
    }
    if fold.close_reason == Some(CloseReason::AnnouncedLate) {
        alert.late_days = late_days(core, viewer, &fold).await?;
    }
    Ok(alert)
}

/// How many days after the last day of grace the person was announced who was asked about; 0 when it was in time. Read from
/// the entries each time, so that what is found out later counts.
async fn late_days(core: &Core, viewer: Viewer, fold: &AlertFold) -> Result<i32, Refusal> {
    let Some(arrival) = fold.arrival.map(Subject::arrival) else {
        return Ok(0);
    };
    let report = core.entries(viewer, arrival, NOW).await?;
    let relocation = report.iter().rev().find_map(|entry| {
        let Event::ArrivalMatched { relocation } = entry.event else {
            return None;
        };
        Some(Subject::relocation(relocation))
    });
    let (Some(reported), Some(relocation)) = (report.first(), relocation) else {
        return Ok(0);
    };
    let announced = core.entries(viewer, relocation, NOW).await?;
    let Some(announced) = announced.first() else {
        return Ok(0);
    };
    let grace_days = core.definition_at(reported.position).await?.grace_days;
    let (reported_at, announced_at) = (reported.recorded_at, announced.recorded_at);
    Ok(ledger::late_days(reported_at, grace_days, announced_at))
}

async fn get(
    core: &Core,
    call: &Call,
    request: v1::GetAlertRequest,
) -> Result<v1::GetAlertResponse, Refusal> {
    let viewer = Viewer::of(core, call, &request.municipality).await?;
    let subject = parse::subject(SubjectKind::Alert, &request.name)?;
    let (now, entries) = core.alert(viewer, subject, NOW).await?;
    let known = known_at(&entries, instant(request.known_at)?);
    let mut shown = shown(core, viewer, subject, known).await?;
    let ended = entries.iter().find(|entry| entry.event.ends_reading());
    shown.reading_ended_at = ended.map(|entry| to_wire(entry.recorded_at));
    let (mut readings, mut more_readings) = (Vec::new(), false);
    if request.view() == v1::View::Full
        && let Some(party) = viewer.party()
    {
        let mut faults = Faults::default();
        let actor = faults.actor(request.actor.as_ref());
        faults.end()?;
        let opening = Opening::of(subject, &actor);
        // as it is protected now, whatever was known then
        let question = core
            .enter_question(call, party, (&now, subject), opening)
            .await?;
        fill(core, (party, &question), (known, &entries), &mut shown).await?;
        (readings, more_readings) = commands::redact::readings(core, party, &now, &entries).await?;
    }
    Ok(v1::GetAlertResponse {
        alert: Some(shown),
        readings,
        more_readings,
    })
}

/// A question with all that a party may read of it, and its entries; the envelope alone without the right to more.
pub(crate) async fn whole(
    core: &Core,
    party: Party,
    subject: Subject,
    question: Option<&Question>,
) -> Result<(v1::Alert, AlertFold, Vec<Entry>), Refusal> {
    let (fold, entries) = core.alert(party, subject, NOW).await?;
    let mut alert = shown(core, party.into(), subject, &entries).await?;
    if let Some(question) = question {
        let known = (entries.as_slice(), entries.as_slice());
        fill(core, (party, question), known, &mut alert).await?;
    }
    Ok((alert, fold, entries))
}

/// The question and what was answered, for a party, by all that there is now: that the alert exists is what releases the
/// question. What was ended stays empty.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only these carry something to read"
)]
async fn fill(
    core: &Core,
    (party, question): (Party, &Question),
    (known, now): (&[Entry], &[Entry]),
    shown: &mut v1::Alert,
) -> Result<(), Refusal> {
    if let Some((pass, report)) = &question.report {
        let opened = core.open(pass, report).await?;
        shown.question = opened.and_then(|part| part.arrival);
    }
    for entry in known {
        let told = match entry.event {
            Event::AlertAnswered { .. } => &mut shown.answer_text,
            Event::AlertDisputed => &mut shown.dispute_text,
            _ => continue,
        };
        if ledger::may_read(now, party.code(), entry.version).map_err(halted)? {
            let opened = core.open(&question.texts, entry).await?;
            *told = opened.unwrap_or_default().text;
        }
    }
    Ok(())
}
