//! ListEntries: a viewer's own entries, in the order of the record.

use api::status::Refusal;
use api::v1;
use domain::reason::Reason;
use domain::subject::Position;

use super::shown;
use crate::call::Call;
use crate::core::{Core, unread};
use crate::limits::PAGE_BYTES_MAX;
use crate::page::Page;
use crate::permit::Viewer;

pub(super) async fn list(
    core: &Core,
    call: &Call,
    request: v1::ListEntriesRequest,
) -> Result<v1::ListEntriesResponse, Refusal> {
    let viewer = Viewer::of(core, call, &request.municipality).await?;
    let page = Page::read(request.page_size, "", &request)?;
    let after = u64::try_from(request.after_position)
        .map_err(|_negative| Refusal::field("after_position", Reason::FieldOutOfRange))?;
    let found = core
        .views
        .own(viewer.authority(), Position(after), page.size)
        .await
        .map_err(unread)?;
    let mut entries = Vec::with_capacity(found.positions.len());
    let mut bytes = 0;
    for position in found.positions {
        let (entry, stored) = core.stored(position).await?;
        core.permitted(viewer, &entry).await?;
        bytes += stored.len();
        if bytes > PAGE_BYTES_MAX && !entries.is_empty() {
            break;
        }
        entries.push(shown(&entry, stored, viewer));
    }
    Ok(v1::ListEntriesResponse {
        entries,
        position: i64::try_from(found.valid_at.0).unwrap_or(i64::MAX),
    })
}
