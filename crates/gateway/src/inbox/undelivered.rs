//! ListUndelivered: for whom something waits. A sender sees what became of its own announcements, an operator which
//! inboxes nobody empties. Nothing that waits is ever dropped.

use std::collections::BTreeMap;

use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use domain::municipality::{self, MunicipalityCode};
use domain::relocation_state::RelocationState;
use domain::subject::NoticeNumber;
use jiff::Timestamp;
use journal::views::RelocationFilter;

use crate::call::Call;
use crate::core::{Core, unread};
use crate::limits::{PAGE_MAX, WAITING_MAX};
use crate::page::TextPage;
use crate::permit::{Guest, Party, Viewer};
use crate::read::NOW;
use crate::relocation::delivery;
use crate::show;

/// What waits for one municipality.
struct Waiting {
    count: u64,
    oldest: Option<Timestamp>,
}

pub(super) async fn list(
    core: &Core,
    call: &Call,
    request: v1::ListUndeliveredRequest,
) -> Result<v1::ListUndeliveredResponse, Refusal> {
    let viewer = Viewer::of(core, call, &request.municipality).await?;
    let filters = v1::ListUndeliveredRequest {
        page_size: 0,
        page_token: String::new(),
        ..request.clone()
    };
    let (size, token) = (request.page_size, &request.page_token);
    let page = TextPage::read(size, token, &filters, MunicipalityCode::parse)?;
    let mut waiting = match viewer {
        Viewer::Party(party) => sent(core, party).await?,
        Viewer::Operator(_) => all(core).await?,
    };
    waiting.retain(|code, _| page.after.is_none_or(|after| *code > after));
    let mut undelivered = Vec::new();
    let (page, next_page_token) = page.take(waiting.iter(), |(last, _)| last.to_string());
    for (code, waiting) in page {
        undelivered.push(shown(core, call, *code, waiting).await?);
    }
    Ok(v1::ListUndeliveredResponse {
        undelivered,
        next_page_token,
    })
}

/// The party's announcements that nobody has taken in and no system has confirmed, by receiver.
async fn sent(core: &Core, party: Party) -> Result<BTreeMap<MunicipalityCode, Waiting>, Refusal> {
    let mut waiting = BTreeMap::new();
    let filter = RelocationFilter {
        sender: Some(party.code()),
        state: Some(RelocationState::Registered.number()),
        ..RelocationFilter::default()
    };
    let (mut below, mut looked_at) = (NOW, 0);
    while looked_at < WAITING_MAX {
        let found = core.views.relocations(filter, below, PAGE_MAX).await;
        let rows = found.map_err(unread)?.rows;
        let Some((_, last)) = rows.last() else { break };
        below = *last;
        looked_at += rows.len();
        for (subject, _) in rows {
            let known = core.relocation(party, subject, NOW).await;
            let Some((fold, entries)) = party.found(known)? else {
                continue;
            };
            if delivery(core, &fold, &entries).await? == v1::DeliveryState::Waiting {
                let one = waiting.entry(fold.recipient).or_insert(Waiting {
                    count: 0,
                    oldest: None,
                });
                one.count += 1;
                // newest first, so the last one is the oldest
                one.oldest = Some(fold.recorded_at);
            }
        }
    }
    Ok(waiting)
}

/// Every inbox that holds more than its municipality has confirmed.
async fn all(core: &Core) -> Result<BTreeMap<MunicipalityCode, Waiting>, Refusal> {
    let mut waiting = BTreeMap::new();
    for code in municipality::all().iter().map(|found| found.code) {
        let head = core.journal.inbox_head(code).await.map_err(unread)?.number;
        if head == NoticeNumber(0) {
            continue;
        }
        let confirmed = core.views.confirmed(code).await.map_err(unread)?;
        let confirmed = confirmed.unwrap_or_default();
        if head <= confirmed {
            continue;
        }
        let entries = core.journal.notices(code, confirmed, 1).await;
        let oldest = entries.map_err(unread)?;
        let one = Waiting {
            count: head.0 - confirmed.0,
            oldest: oldest.first().map(|entry| entry.recorded_at),
        };
        waiting.insert(code, one);
    }
    Ok(waiting)
}

async fn shown(
    core: &Core,
    call: &Call,
    code: MunicipalityCode,
    waiting: &Waiting,
) -> Result<v1::Undelivered, Refusal> {
    let fold = core.municipality(Guest::of(call), code).await?;
    Ok(v1::Undelivered {
        municipality: code.resource_name(),
        connected: core.is_connected(code).await?,
        count: i64::try_from(waiting.count).unwrap_or(i64::MAX),
        oldest_at: waiting.oldest.map(to_wire),
        functions: show::open_functions(&fold).collect(),
    })
}
