//! Reads of relocations. Bodies only in view FULL, only for the parties, each reading recorded.

use api::parse::{self, Faults};
use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use domain::entry::{Entry, Event};
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::relocation_state::RelocationState;
use domain::subject::{Subject, SubjectKind};
use journal::views::RelocationFilter;
use ledger::RelocationFold;

use super::commands::redact;
use crate::access::Opening;
use crate::call::Call;
use crate::core::{Core, unread};
use crate::page::Page;
use crate::permit::Party;
use crate::read::NOW;
use crate::secrecy::Pass;
use crate::show;
use crate::write::{halted, instant, known_at};

pub(super) async fn get(
    core: &Core,
    call: &Call,
    request: v1::GetRelocationRequest,
) -> Result<v1::GetRelocationResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let subject = parse::subject(SubjectKind::Relocation, &request.name)?;
    let (now, entries) = core.relocation(party, subject, NOW).await?;
    let at = instant(request.known_at)?;
    let known = known_at(&entries, at);
    let fold = party.relocation(RelocationFold::fold(known).map_err(halted)?)?;
    let mut relocation = show::relocation(subject, &fold, party.code());
    let mut delivery = delivery(core, &fold, known).await?;
    let is_of_now = fold.state == RelocationState::Registered && at.is_some();
    if is_of_now && delivery == v1::DeliveryState::Delivered {
        // what is confirmed now may not have been then, and when it was is kept nowhere by itself
        delivery = v1::DeliveryState::Unspecified;
    }
    relocation.delivery = delivery.into();
    let ended = entries.iter().find(|entry| entry.event.ends_reading());
    relocation.reading_ended_at = ended.map(|entry| to_wire(entry.recorded_at));
    relocation.reading_ended_for = ended_for(&entries)?;
    let (mut readings, mut more_readings) = (Vec::new(), false);
    if request.view() == v1::View::Full {
        let mut faults = Faults::default();
        let actor = faults.actor(request.actor.as_ref());
        faults.end()?;
        // GDPR article 18: as it is restricted now, whatever is asked for
        let is_restricted = now.is_restricted_by(party.code());
        let exception = request.exception();
        if is_restricted && exception == v1::RestrictionException::Unspecified {
            return Err(Refusal::field("exception", Reason::ProcessingRestricted));
        }
        let mut opening = Opening::of(subject, &actor);
        if is_restricted {
            opening = opening.except(exception);
        }
        let pass = core.enter(call, party, (&now, &entries), opening).await?;
        // what is known now decides whether it may be read, whatever was known then
        if ledger::erased(&entries).map_err(halted)? != Some(party.code()) {
            fill(core, (party, &pass), (known, &entries), &mut relocation).await?;
        }
        (readings, more_readings) = redact::readings(core, party, &fold, &entries).await?;
    }
    Ok(v1::GetRelocationResponse {
        relocation: Some(relocation),
        readings,
        more_readings,
    })
}

/// Whose keys the entries have ended.
fn ended_for(entries: &[Entry]) -> Result<Vec<String>, Refusal> {
    let receiver = ledger::erased(entries).map_err(halted)?;
    let sender = ledger::erased_replies(entries).map_err(halted)?;
    let all = receiver
        .into_iter()
        .chain(sender.map(|(sender, _replies)| sender));
    Ok(all.map(MunicipalityCode::resource_name).collect())
}

/// A relocation with all that the party may read of it now, and its entries; the envelope alone without a pass.
pub(crate) async fn whole(
    core: &Core,
    party: Party,
    subject: Subject,
    pass: Option<&Pass>,
) -> Result<(v1::Relocation, RelocationFold, Vec<Entry>), Refusal> {
    let (fold, entries) = core.relocation(party, subject, NOW).await?;
    let mut relocation = show::relocation(subject, &fold, party.code());
    if let Some(pass) = pass
        && ledger::erased(&entries).map_err(halted)? != Some(party.code())
    {
        fill(core, (party, pass), (&entries, &entries), &mut relocation).await?;
    }
    Ok((relocation, fold, entries))
}

/// Opens what the party may read of some entries, by all that there are now. What was ended stays empty.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only these carry something to read"
)]
async fn fill(
    core: &Core,
    (party, pass): (Party, &Pass),
    (known, now): (&[Entry], &[Entry]),
    relocation: &mut v1::Relocation,
) -> Result<(), Refusal> {
    for entry in known {
        let may_read = ledger::may_read(now, party.code(), entry.version).map_err(halted)?;
        let opened = if may_read {
            core.open(pass, entry).await?
        } else {
            None
        };
        let opened = opened.unwrap_or_default();
        let recorded_at = Some(to_wire(entry.recorded_at));
        match &entry.event {
            Event::RelocationRegistered { .. } => {
                relocation.content = opened.relocation;
                relocation.legal_ground = opened.legal_ground;
                relocation.returns = opened.returns;
            }
            Event::RelocationSupplemented => {
                relocation.supplements.push(v1::Supplement {
                    recorded_at,
                    text: opened.text,
                });
            }
            Event::RelocationReplied { by, objection } => relocation.replies.push(v1::Reply {
                municipality: by.resource_name(),
                recorded_at,
                objection: *objection,
                text: opened.text,
                contact: opened.contact,
            }),
            _ => {}
        }
    }
    Ok(())
}

pub(super) async fn list(
    core: &Core,
    call: &Call,
    request: v1::ListRelocationsRequest,
) -> Result<v1::ListRelocationsResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let filters = v1::ListRelocationsRequest {
        page_size: 0,
        page_token: String::new(),
        ..request.clone()
    };
    let page = Page::read(request.page_size, &request.page_token, &filters)?;
    let mut filter = RelocationFilter::default();
    match request.side() {
        v1::RelocationSide::Sent => filter.sender = Some(party.code()),
        v1::RelocationSide::Received => filter.recipient = Some(party.code()),
        v1::RelocationSide::Unspecified => filter.party = Some(party.code()),
    }
    if !request.counterpart.is_empty() {
        let counterpart = parse::municipality("counterpart", &request.counterpart)?;
        filter.counterpart = Some(counterpart.code);
    }
    filter.state = (request.state != 0).then_some(request.state);
    let found = core
        .views
        .relocations(filter, page.below, page.size)
        .await
        .map_err(unread)?;
    let mut relocations = Vec::with_capacity(found.rows.len());
    for (subject, _) in &found.rows {
        let found = core.relocation(party, *subject, found.valid_at).await;
        if let Some((fold, entries)) = party.found(found)? {
            let mut relocation = show::relocation(*subject, &fold, party.code());
            relocation.delivery = delivery(core, &fold, &entries).await?.into();
            relocations.push(relocation);
        }
    }
    Ok(v1::ListRelocationsResponse {
        relocations,
        next_page_token: page.next(&found.rows),
        position: i64::try_from(found.valid_at.0).unwrap_or(i64::MAX),
    })
}

/// Whether an announcement has reached its receiver: its system confirmed the notice, or somebody there acted.
pub(crate) async fn delivery(
    core: &Core,
    fold: &RelocationFold,
    entries: &[Entry],
) -> Result<v1::DeliveryState, Refusal> {
    if fold.state == RelocationState::Registered {
        let notices = entries.first().map(|first| first.notices.as_slice());
        let mut numbers = notices.unwrap_or_default().iter();
        let told = numbers.find(|notice| notice.recipient == fold.recipient);
        let confirmed = core.views.confirmed(fold.recipient).await.map_err(unread)?;
        if told.is_some_and(|told| Some(told.number) > confirmed) {
            return Ok(v1::DeliveryState::Waiting);
        }
    }
    Ok(v1::DeliveryState::Delivered)
}
