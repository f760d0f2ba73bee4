//! WatchInbox: the journal up to the live edge, then NATS. A gap is read from the journal; a reader that is
//! slow waits on itself, and on nobody else.

use std::sync::Arc;

use api::status::Refusal;
use api::v1;
use api::v1::watch_inbox_response::Item;
use domain::entry::Entry;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::NoticeNumber;
use fanout::{Lane, Notice, Wake};
use tokio::time::{Instant, timeout_at};

use super::reader::Reader;
use super::{Inbox, InboxService};
use crate::call::Call;
use crate::core::{Core, unread};
use crate::limits::{HEARTBEAT, PAGE_MAX, RECHECK};
use crate::permit::Party;
use crate::show;
use crate::streams::{LastWord, Place, Sender, stream};

pub(super) async fn watch(
    core: Arc<Core>,
    call: Call,
    request: v1::WatchInboxRequest,
) -> Result<<Inbox as InboxService>::WatchInboxStream, Refusal> {
    let party = Party::of(&core, &call, &request.municipality).await?;
    let after = show::read_resume_token(party.code(), &request.resume_token)
        .ok_or_else(|| Refusal::field("resume_token", Reason::ResumeTokenInvalid))?;
    let reader = Reader::new(&core, party, &request.function).await?;
    let head = core
        .journal
        .inbox_head(party.code())
        .await
        .map_err(unread)?;
    if after > head.number {
        // a record that was restored is shorter than what this caller has seen
        return Err(Refusal::field("resume_token", Reason::ResumeTokenInvalid));
    }
    let place = core.streams.take(&call.caller.organisation_number)?;
    // before the first read, so that nothing falls between journal and NATS
    let lane = core.lanes.subscribe(party.code());
    let (sender, last_word, receiver) = stream();
    let watcher = Watcher {
        core,
        reader,
        recipient: party.code(),
        last: after,
        lane,
        sender,
        _place: place,
    };
    daemon::spawn(watcher.run(call, last_word));
    Ok(Box::pin(receiver))
}

struct Watcher {
    core: Arc<Core>,
    reader: Reader,
    recipient: MunicipalityCode,
    last: NoticeNumber,
    lane: Lane,
    sender: Sender<v1::WatchInboxResponse>,
    _place: Place,
}

/// Why a stream ends.
enum End {
    /// The reader is gone.
    Gone,
    /// We must end it, and say why.
    Refused(Refusal),
}

impl Watcher {
    async fn run(mut self, call: Call, last_word: LastWord<v1::WatchInboxResponse>) {
        let (core, party) = (self.core.clone(), self.reader.party);
        let sender = self.sender.clone();
        let end = tokio::select! {
            end = self.follow(&call) => end,
            () = sender.closed() => End::Gone,
            () = core.drain.cancelled() => End::Refused(Refusal::new(Reason::Draining)),
            ended = party.ends(&core, &call) => End::Refused(ended),
            () = call.expires() => End::Refused(Refusal::new(Reason::CertificateExpired)),
        };
        if let End::Refused(refusal) = end {
            last_word.say(&refusal, &call);
        }
    }

    async fn follow(&mut self, call: &Call) -> End {
        if let Err(end) = self.read_journal(call).await {
            return end;
        }
        if let Err(end) = self.heartbeat().await {
            return end;
        }
        let mut beat = Instant::now() + HEARTBEAT;
        loop {
            let recheck = Instant::now() + RECHECK;
            let step = match timeout_at(recheck.min(beat), self.lane.next()).await {
                Ok(Some(Wake::Notice(notice))) => self.take(&notice, call).await,
                // lagged, reconnected, or time for the safety net under a lost hint
                Ok(Some(Wake::Recheck)) | Err(_) => self.read_journal(call).await,
                Ok(None) => return End::Refused(Refusal::new(Reason::Draining)),
            };
            if let Err(end) = step {
                return end;
            }
            if Instant::now() >= beat {
                if let Err(end) = self.heartbeat().await {
                    return end;
                }
                beat = Instant::now() + HEARTBEAT;
            }
        }
    }

    /// A notice from NATS: the next one is sent, an old one is dropped, a gap is read from the journal.
    async fn take(&mut self, notice: &Notice, call: &Call) -> Result<(), End> {
        if notice.number <= self.last {
            return Ok(());
        }
        if notice.number != NoticeNumber(self.last.0 + 1) {
            return self.read_journal(call).await;
        }
        self.show(notice, None, call).await
    }

    /// Sends a notice, unless it is for another function. A vendor whose grant has ended gets none any more.
    async fn show(
        &mut self,
        notice: &Notice,
        entry: Option<&Entry>,
        call: &Call,
    ) -> Result<(), End> {
        let permitted = self.reader.party.still(&self.core, call).await;
        permitted.map_err(End::Refused)?;
        let shown = self.reader.show(&self.core, notice, entry).await;
        let shown = shown.map_err(End::Refused)?;
        self.last = notice.number;
        match shown {
            Some(shown) => self.send(Item::Notice(shown)).await,
            None => Ok(()),
        }
    }

    async fn read_journal(&mut self, call: &Call) -> Result<(), End> {
        loop {
            let mut entries = self
                .core
                .journal
                .notices(self.recipient, self.last, PAGE_MAX)
                .await
                .map_err(|error| End::Refused(unread(error)))?;
            // a slow reader holds a page of envelopes, never their sealed parts
            for entry in &mut entries {
                entry.sealed = Vec::new();
            }
            let notices = super::notices(self.recipient, self.last, &entries);
            if notices.is_empty() {
                return Ok(());
            }
            for (notice, entry) in notices {
                self.show(&notice, Some(entry), call).await?;
            }
        }
    }

    async fn heartbeat(&mut self) -> Result<(), End> {
        self.send(Item::Heartbeat(v1::Heartbeat {
            resume_token: show::resume_token(self.recipient, self.last),
            number: i64::try_from(self.last.0).unwrap_or(i64::MAX),
        }))
        .await
    }

    async fn send(&self, item: Item) -> Result<(), End> {
        let response = v1::WatchInboxResponse { item: Some(item) };
        self.sender
            .send(Ok(response))
            .await
            .map_err(|_gone| End::Gone)
    }
}

#[cfg(test)]
mod tests;
