//! The heads of the inboxes against the entries that they are of: what is appended goes on from them.

use domain::municipality;
use domain::subject::NoticeNumber;

use super::{Alarm, Fault};
use crate::{InboxHead, Journal, ReadError};

/// Whether the newest notice to each municipality is as its entry says.
pub async fn compare_inboxes(journal: &dyn Journal) -> Result<(), Fault> {
    for municipality in municipality::all() {
        let recipient = municipality.code;
        let head = journal.inbox_head(recipient).await?;
        if head == InboxHead::EMPTY {
            continue;
        }
        let before = NoticeNumber(head.number.0.saturating_sub(1));
        let newest = match journal.notices(recipient, before, 1).await {
            Ok(newest) => newest,
            // no entry says it, then
            Err(ReadError::Unreadable { .. }) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let is_said = |entry| head.is_said_by(recipient, entry);
        if !newest.first().is_some_and(is_said) {
            return Err(Alarm::InboxDiffers(recipient).into());
        }
    }
    Ok(())
}
