//! InboxService: notices without gaps. ListNotices is the truth, WatchInbox the convenience.

mod confirm;
mod watch;

use std::pin::Pin;
use std::sync::Arc;

use api::chain;
use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use api::v1::inbox_service_server::InboxService;
use domain::entry::Entry;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::NoticeNumber;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::call::Call;
use crate::core::{Core, unread};
use crate::page::Page;
use crate::permit::Party;
use crate::relocation::method;
use crate::show;

/// The service.
#[derive(Clone)]
pub(crate) struct Inbox(pub(crate) Arc<Core>);

#[tonic::async_trait]
impl InboxService for Inbox {
    method!(
        list_notices,
        "ListNotices",
        v1::ListNoticesRequest,
        v1::ListNoticesResponse,
        list
    );
    method!(
        confirm_notice,
        "ConfirmNotice",
        v1::ConfirmNoticeRequest,
        v1::ConfirmNoticeResponse,
        confirm::confirm
    );

    type WatchInboxStream =
        Pin<Box<dyn Stream<Item = Result<v1::WatchInboxResponse, Status>> + Send>>;

    async fn watch_inbox(
        &self,
        request: Request<v1::WatchInboxRequest>,
    ) -> Result<Response<Self::WatchInboxStream>, Status> {
        let core = self.0.clone();
        self.0
            .answer("WatchInbox", request, |call, request| async move {
                watch::watch(core, call, request).await
            })
            .await
    }
}

async fn list(
    core: &Core,
    call: &Call,
    request: v1::ListNoticesRequest,
) -> Result<v1::ListNoticesResponse, Refusal> {
    let party = Party::of(call, &request.municipality)?;
    let page = Page::read(request.page_size, "", &request)?;
    let after = u64::try_from(request.after_number)
        .map_err(|_negative| Refusal::field("after_number", Reason::FieldOutOfRange))?;
    let head = core
        .journal
        .inbox_head(party.code())
        .await
        .map_err(unread)?;
    let entries = core
        .journal
        .notices(party.code(), NoticeNumber(after), page.size)
        .await
        .map_err(unread)?;
    Ok(v1::ListNoticesResponse {
        notices: notices(party.code(), NoticeNumber(after), &entries),
        last_number: i64::try_from(head.number.0).unwrap_or(i64::MAX),
        last_chain: head.chain.to_vec(),
    })
}

/// The notices for a recipient after a number that some entries gave rise to.
fn notices(recipient: MunicipalityCode, after: NoticeNumber, entries: &[Entry]) -> Vec<v1::Notice> {
    let mut found = Vec::new();
    let mut last = after;
    for entry in entries {
        // an entry stands once for each of its notices
        for notice in &entry.notices {
            if notice.recipient == recipient && notice.number > last {
                last = notice.number;
                found.push(shown(entry, notice));
            }
        }
    }
    found
}

fn shown(entry: &Entry, notice: &domain::entry::NoticeRef) -> v1::Notice {
    let hash = chain::content_hash(
        notice.recipient,
        notice.number,
        notice.kind,
        entry.subject,
        entry.position,
        entry.recorded_at,
    );
    v1::Notice {
        recipient: notice.recipient.resource_name(),
        number: i64::try_from(notice.number.0).unwrap_or(i64::MAX),
        kind: notice.kind.number(),
        resource: entry.subject.to_string(),
        position: i64::try_from(entry.position.0).unwrap_or(i64::MAX),
        recorded_at: Some(to_wire(entry.recorded_at)),
        content_hash: hash.to_vec(),
        chain: notice.chain.to_vec(),
        resume_token: show::resume_token(notice.recipient, notice.number),
    }
}
