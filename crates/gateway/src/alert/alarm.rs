//! The alarm of the log, as operators are shown it beside the alerts: what stands in the store of the log, read and
//! never remembered as if it stood. It is raised and lifted elsewhere, and never an entry: the record itself may be what
//! is not to be trusted.

use std::future::pending;

use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use journal::evidence::Standing;
use tokio::sync::watch::{Receiver, Sender};
use tokio::time::sleep;

use crate::core::Core;
use crate::ledger::unproven;
use crate::limits::ALARM_LOOK;
use crate::permit::Viewer;

/// The alarm that stands, as it was read last.
pub(crate) type Seen = Sender<Option<Standing>>;

/// Looks for as long as it is polled.
pub(crate) async fn watch(core: &Core) {
    loop {
        // whoever keeps the log says that it cannot be read; until then what was seen counts
        if let Ok(standing) = core.evidence.standing().await {
            core.alarm.send_if_modified(|seen| {
                let is_other = *seen != standing;
                *seen = standing;
                is_other
            });
        }
        sleep(ALARM_LOOK).await;
    }
}

/// The alarm that stands now, for an operator.
pub(super) async fn standing(core: &Core, viewer: Viewer) -> Result<Option<v1::LogAlarm>, Refusal> {
    if viewer.party().is_some() {
        return Ok(None);
    }
    let standing = core.evidence.standing().await.map_err(unproven)?;
    Ok(standing.as_ref().map(shown))
}

/// What a stream tells of it: nothing, unless an operator reads.
pub(super) struct Telling {
    seen: Option<Receiver<Option<Standing>>>,
    told: Option<Standing>,
}

/// What it says, by which one alarm is told from another: one that is found again is the same.
fn text(standing: Option<&Standing>) -> Option<&str> {
    standing.map(|standing| standing.text.as_str())
}

impl Telling {
    pub(super) fn to(core: &Core, viewer: Viewer) -> Self {
        let is_operator = viewer.party().is_none();
        Self {
            seen: is_operator.then(|| core.alarm.subscribe()),
            told: None,
        }
    }

    /// Returns when something else is to be told than was.
    pub(super) async fn is_other(&mut self) {
        if let Some(seen) = &mut self.seen {
            let told = text(self.told.as_ref());
            if seen
                .wait_for(|seen| text(seen.as_ref()) != told)
                .await
                .is_ok()
            {
                return;
            }
        }
        pending::<()>().await;
    }

    /// What is to be told now.
    pub(super) fn tell(&mut self) -> Option<v1::LogAlarm> {
        if let Some(seen) = &self.seen {
            self.told.clone_from(&seen.borrow());
        }
        self.told.as_ref().map(shown)
    }
}

fn shown(standing: &Standing) -> v1::LogAlarm {
    v1::LogAlarm {
        text: standing.text.clone(),
        raised_at: Some(to_wire(standing.raised_at)),
        needs_word: standing.needs_word,
    }
}
