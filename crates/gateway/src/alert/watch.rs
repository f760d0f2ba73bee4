//! WatchAlerts: alerts as they change, from the read tables, woken when those move; for operators the alarm, too.

use std::sync::Arc;

use api::status::Refusal;
use api::v1;
use domain::reason::Reason;
use domain::subject::Position;
use tokio::sync::watch;
use tokio::time::timeout;

use super::alarm::Telling;
use super::{AlertService, Alerts, alert};
use crate::call::Call;
use crate::core::{Core, unread};
use crate::limits::{HEARTBEAT, PAGE_DEFAULT};
use crate::permit::{Party, Viewer};
use crate::streams::{Sender, stream};

pub(super) async fn watch(
    core: Arc<Core>,
    call: &Call,
    request: &v1::WatchAlertsRequest,
) -> Result<<Alerts as AlertService>::WatchAlertsStream, Refusal> {
    let viewer = Viewer::of(&core, call, &request.municipality).await?;
    let after = u64::try_from(request.after_position)
        .map_err(|_negative| Refusal::field("after_position", Reason::FieldOutOfRange))?;
    let place = core.streams.take(&call.caller.organisation_number)?;
    let (sender, last_word, receiver) = stream();
    let call = call.clone();
    daemon::spawn(async move {
        let _place = place;
        let moved = core.views.changes();
        let refused = tokio::select! {
            refused = follow(&core, viewer, Position(after), &sender, moved) => refused,
            () = sender.closed() => None,
            () = core.drain.cancelled() => Some(Refusal::new(Reason::Draining)),
            ended = viewer.ends(&core, &call) => Some(ended),
            () = call.expires() => Some(Refusal::new(Reason::CertificateExpired)),
        };
        if let Some(refusal) = refused {
            last_word.say(&refusal, &call);
        }
    });
    Ok(Box::pin(receiver))
}

/// Sends until the reader is gone (none) or it must end (the reason).
async fn follow(
    core: &Core,
    viewer: Viewer,
    after: Position,
    sender: &Sender<v1::WatchAlertsResponse>,
    mut moved: watch::Receiver<Position>,
) -> Option<Refusal> {
    let mut after = after;
    let mut alarm = Telling::to(core, viewer);
    loop {
        moved.mark_unchanged();
        let page = match core
            .views
            .alerts_changed(viewer.party().map(Party::code), after, PAGE_DEFAULT)
            .await
        {
            Ok(page) => page,
            Err(error) => return Some(unread(error)),
        };
        for (subject, changed) in &page.rows {
            let shown = match alert(core, viewer, *subject, page.valid_at).await {
                Ok(shown) => shown,
                Err(refusal) => return Some(refusal),
            };
            after = *changed;
            send(sender, Some(shown), after, &mut alarm).await?;
        }
        if page.rows.len() == PAGE_DEFAULT {
            continue;
        }
        // nothing else up to where the tables are valid
        after = after.max(page.valid_at);
        let has_something_else = tokio::select! {
            () = alarm.is_other() => true,
            moved = timeout(HEARTBEAT, moved.changed()) => moved.is_err(),
        };
        if has_something_else {
            send(sender, None, after, &mut alarm).await?;
        }
    }
}

/// None ends the caller: the reader is gone.
async fn send(
    sender: &Sender<v1::WatchAlertsResponse>,
    alert: Option<v1::Alert>,
    at: Position,
    alarm: &mut Telling,
) -> Option<()> {
    let message = v1::WatchAlertsResponse {
        alert,
        position: i64::try_from(at.0).unwrap_or(i64::MAX),
        log_alarm: alarm.tell(),
    };
    sender.send(Ok(message)).await.ok()
}
