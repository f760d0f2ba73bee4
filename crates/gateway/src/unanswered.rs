//! Questions that nobody may answer: the register told of the person's protection before the question was raised, and the
//! rules that raise it know no person. Each is ended without anybody's act, in office hours of a later working day, at a
//! moment that nobody can compute without the key store. To end it when it is raised would tell whoever asked why.
//!
//! Nothing is remembered of it: whoever misses a moment has another one on another day, and any number of gateways find
//! the same.

use std::sync::Arc;

use api::status::Refusal;
use api::v1;
use domain::calendar::{day_in_sweden, is_working_day, midnight_in_sweden};
use domain::municipality::MunicipalityCode;
use domain::subject::Subject;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use journal::views::AlertFilter;
use ledger::{AlertFold, AlertState};
use tokio::time::{sleep, timeout};

use crate::core::{Core, no_keys, unread};
use crate::limits::{
    OFFICE_OPENS, OFFICE_SECONDS, PAGE_MAX, RECHECK, UNANSWERED_EVERY, UNANSWERED_MISSED,
    UNANSWERED_REST,
};
use crate::permit::Party;
use crate::protection;
use crate::read::NOW;
use crate::write::halted;

/// Looks at what nobody answered, until the drain, by the record's clock.
pub async fn keep_ending_unanswered(core: Arc<Core>) {
    let mut edge = core.journal.edge();
    let mut looked_at = core.journal.now();
    loop {
        tokio::select! {
            () = core.drain.cancelled() => return,
            // a clock that is moved moves the edge
            _ = timeout(RECHECK, edge.changed()) => sleep(UNANSWERED_REST).await,
        }
        let now = core.journal.now();
        if now.duration_since(looked_at) < UNANSWERED_EVERY {
            continue;
        }
        if let Err(refusal) = end_unanswered(&core, (looked_at, now)).await {
            let reason = refusal.reason.code();
            tracing::error!(reason, "unanswered questions not looked at");
        }
        looked_at = now;
    }
}

/// Ends what is to be ended after an instant and up to another one. Returns how many were looked at. One that cannot be
/// ended now has another day, and keeps no other one open.
pub(crate) async fn end_unanswered(
    core: &Core,
    (after, now): (Timestamp, Timestamp),
) -> Result<usize, Refusal> {
    let after = after.max(now.checked_sub(UNANSWERED_MISSED).unwrap_or(after));
    let today = day_in_sweden(now);
    let mut looked_at = 0;
    for question in unanswered(core, today).await? {
        let moment = moment(today, draw(core, question, today).await?);
        if moment.is_none_or(|moment| moment <= after || now < moment) {
            continue;
        }
        looked_at += 1;
        if let Err(refusal) = end(core, question, today).await {
            let reason = refusal.reason.code();
            tracing::warn!(reason, "an unanswered question was not looked at");
        }
    }
    Ok(looked_at)
}

/// The questions that nobody answered yet; none while offices rest.
async fn unanswered(core: &Core, today: Date) -> Result<Vec<Subject>, Refusal> {
    let mut found = Vec::new();
    if !is_working_day(today) {
        return Ok(found);
    }
    for state in [v1::AlertState::Open, v1::AlertState::Acknowledged] {
        let filter = AlertFilter {
            party: None,
            state: Some(state.into()),
        };
        let mut below = NOW;
        loop {
            let page = core.views.alerts(filter, below, PAGE_MAX).await;
            let rows = page.map_err(unread)?.rows;
            found.extend(rows.iter().map(|(subject, _)| *subject));
            match rows.last() {
                Some((_, position)) if rows.len() == PAGE_MAX => below = *position,
                _ => break,
            }
        }
    }
    Ok(found)
}

/// What decides about a question on a day, at every gateway alike.
async fn draw(core: &Core, question: Subject, day: Date) -> Result<[u8; 16], Refusal> {
    let bytes = format!("unanswered\0{question}\0{day}");
    let house = MunicipalityCode::HOUSE;
    let draw = core.vault.fingerprint(house, bytes.as_bytes()).await;
    draw.map_err(no_keys)
}

/// When a question would be ended on a working day: on every second one in the mean, at any second of the office hours.
fn moment(day: Date, draw: [u8; 16]) -> Option<Timestamp> {
    let [first, second, third, fourth, chance, ..] = draw;
    let second = u32::from_be_bytes([first, second, third, fourth]) % OFFICE_SECONDS;
    let opens = midnight_in_sweden(day)?.checked_add(OFFICE_OPENS).ok()?;
    let moment = opens.checked_add(SignedDuration::from_secs(second.into()));
    moment.ok().filter(|_| chance.is_multiple_of(2))
}

/// Ends a question at whoever of the two knows that nothing may be about the person, or about one of its household.
async fn end(core: &Core, question: Subject, today: Date) -> Result<(), Refusal> {
    let entries = core.journal.subject(question, NOW).await.map_err(unread)?;
    let Some((asking, asked)) = entries.first().and_then(Party::both_of_question) else {
        return Ok(());
    };
    let fold = asked.alert(AlertFold::fold(&entries).map_err(halted)?)?;
    let is_open = matches!(fold.state, AlertState::Open | AlertState::Acknowledged);
    let (true, Some(arrival)) = (is_open, fold.arrival) else {
        return Ok(());
    };
    if day_in_sweden(fold.raised_at) == today {
        return Ok(());
    }
    for (party, subject) in [(asked, question), (asking, Subject::arrival(arrival))] {
        if core.is_protected_at(party, &fold).await? {
            protection::end(core, party, subject).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
