//! ConfirmNotice: the system stored everything up to a number. A chain that differs is an alert to both.

use api::parse::Faults;
use api::status::Refusal;
use api::v1;
use domain::entry::{Draft, Event};
use domain::reason::Reason;
use domain::subject::{NoticeNumber, Position, Subject, Version};
use journal::{Batch, Outcome};

use crate::call::Call;
use crate::core::{Core, unread};
use crate::permit::Party;

pub(super) async fn confirm(
    core: &Core,
    call: &Call,
    request: v1::ConfirmNoticeRequest,
) -> Result<v1::ConfirmNoticeResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let mut faults = Faults::default();
    let id = faults.request_id(&request.request_id);
    if request.chain.len() != 32 {
        faults.add("chain", Reason::FieldOutOfRange);
    }
    let number = NoticeNumber(u64::try_from(request.number).unwrap_or(0));
    if number.0 == 0 {
        faults.add("number", Reason::FieldOutOfRange);
    }
    faults.end()?;
    let head = core
        .journal
        .inbox_head(party.code())
        .await
        .map_err(unread)?;
    if number > head.number {
        return Err(Refusal::field("number", Reason::NumberBeyondEdge));
    }
    let agrees = agrees(core, party, number, &request.chain).await?;
    let is_dry = request.validate_only;
    let normalised = v1::ConfirmNoticeRequest {
        request_id: String::new(),
        validate_only: false,
        ..request
    };
    let kept = core
        .request(party.scope(), id, "ConfirmNotice", &normalised)
        .await?;
    if is_dry {
        let agrees = match core.answered(&kept).await? {
            Some(answer) => agreed(core, answer.position).await?,
            None => agrees,
        };
        return Ok(v1::ConfirmNoticeResponse { agrees });
    }
    let draft = Draft {
        subject: Subject::SYSTEM,
        version: Version(1),
        event: Event::NoticesConfirmed {
            recipient: party.code(),
            number,
            agrees,
        },
        notices: Vec::new(),
        sealed: Vec::new(),
    };
    let batch = Batch {
        drafts: vec![draft],
        request: Some(kept),
        ..Batch::default()
    };
    match core.append(batch).await? {
        Outcome::Appended(_) => Ok(v1::ConfirmNoticeResponse { agrees }),
        Outcome::Repeated(answer) | Outcome::AlreadyOpen(answer) => {
            let agrees = agreed(core, answer.position).await?;
            Ok(v1::ConfirmNoticeResponse { agrees })
        }
    }
}

/// Whether our chain at a number is this one.
async fn agrees(
    core: &Core,
    party: Party,
    number: NoticeNumber,
    chain: &[u8],
) -> Result<bool, Refusal> {
    let before = NoticeNumber(number.0.saturating_sub(1));
    let entries = core
        .journal
        .notices(party.code(), before, 1)
        .await
        .map_err(unread)?;
    let notices = super::notices(party.code(), before, &entries);
    Ok(notices
        .first()
        .is_some_and(|(notice, _)| notice.chain == chain))
}

/// What a confirmation said that is recorded already.
async fn agreed(core: &Core, at: Position) -> Result<bool, Refusal> {
    let before = Position(at.0.saturating_sub(1));
    let entries = core.journal.read_after(before, 1).await.map_err(unread)?;
    Ok(entries.iter().any(|stored| {
        matches!(
            stored.entry.event,
            Event::NoticesConfirmed { agrees: true, .. }
        )
    }))
}
