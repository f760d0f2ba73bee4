//! InboxService: notices without gaps. ListNotices is the truth, WatchInbox the convenience.

mod confirm;
mod reader;
mod undelivered;
mod watch;

use std::pin::Pin;
use std::sync::Arc;

use api::status::Refusal;
use api::v1;
use api::v1::inbox_service_server::InboxService;
use domain::entry::Entry;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::NoticeNumber;
use fanout::Notice;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::call::Call;
use crate::core::{Core, unread};
use crate::page::Page;
use crate::permit::Party;
use crate::relocation::method;

use reader::Reader;

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
    method!(
        list_undelivered,
        "ListUndelivered",
        v1::ListUndeliveredRequest,
        v1::ListUndeliveredResponse,
        undelivered::list
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
    let party = Party::of(core, call, &request.municipality).await?;
    let page = Page::read(request.page_size, "", &request)?;
    let after = u64::try_from(request.after_number)
        .map_err(|_negative| Refusal::field("after_number", Reason::FieldOutOfRange))?;
    let reader = Reader::new(core, party, &request.function).await?;
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
    let found = notices(party.code(), NoticeNumber(after), &entries);
    let read = found
        .last()
        .map_or(NoticeNumber(after), |(notice, _)| notice.number);
    let mut notices = Vec::with_capacity(found.len());
    for (notice, entry) in &found {
        notices.extend(reader.show(core, notice, Some(entry)).await?);
    }
    Ok(v1::ListNoticesResponse {
        notices,
        last_number: i64::try_from(head.number.0).unwrap_or(i64::MAX),
        last_chain: head.chain.to_vec(),
        read_number: i64::try_from(read.0).unwrap_or(i64::MAX),
    })
}

/// The notices for a recipient after a number that some entries gave rise to, each with its entry.
fn notices(
    recipient: MunicipalityCode,
    after: NoticeNumber,
    entries: &[Entry],
) -> Vec<(Notice, &Entry)> {
    let mut found = Vec::new();
    let mut last = after;
    for entry in entries {
        // an entry stands once for each of its notices
        for notice in &entry.notices {
            if notice.recipient == recipient && notice.number > last {
                last = notice.number;
                found.push((reader::notice(entry, notice), entry));
            }
        }
    }
    found
}
