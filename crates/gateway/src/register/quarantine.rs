//! Events that nobody here understands yet: kept whole and sealed, shown without any person, and taken in when they are
//! sent again to a service that understands them.

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::identity::IdentityNumber;
use domain::reason::{Reason, Violation};
use domain::subject::Subject;
use jiff::Timestamp;
use prost::Message as _;
use uuid::Uuid;
use vault::{NoteKind, NoteName};

use crate::call::Call;
use crate::core::{Core, no_keys};
use crate::limits::{EXTRACT_EVENTS_SOUGHT_MAX, PAGE_MAX};
use crate::note;
use crate::page::Page;
use crate::permit::Feed;
use crate::person::Person;

/// Keeps an event. Returns the token of its note.
pub(super) async fn keep(
    core: &Core,
    feed: Feed,
    event: v1::RegisterEvent,
    violation: &Violation,
) -> Result<Vec<u8>, Refusal> {
    let token = Uuid::now_v7().into_bytes();
    let note = sealed::QuarantineNote {
        event: Some(event),
        received_at_micros: core.journal.now().as_microsecond(),
        reason: violation.reason.code().to_owned(),
        field: violation.field.clone(),
    };
    note::write(core, name(feed, token), 0, &note).await?;
    Ok(token.to_vec())
}

/// Lets an event go that is understood now.
pub(super) async fn release(core: &Core, feed: Feed, token: &[u8]) -> Result<(), Refusal> {
    let Ok(token) = token.try_into() else {
        return Ok(());
    };
    let removed = core.vault.remove_note(name(feed, token)).await;
    removed.map_err(no_keys)
}

fn name(feed: Feed, token: [u8; 16]) -> NoteName {
    NoteName {
        authority: feed.party().code(),
        kind: NoteKind::Quarantined,
        token,
    }
}

pub(crate) async fn list(
    core: &Core,
    call: &Call,
    request: v1::ListQuarantinedEventsRequest,
) -> Result<v1::ListQuarantinedEventsResponse, Refusal> {
    let feed = Feed::or_party(core, call, &request.municipality)?;
    let below = below(&request.page_token)
        .ok_or_else(|| Refusal::field("page_token", Reason::PageTokenInvalid))?;
    let size = Page::read(request.page_size, "", &request)?.size;
    let found = core
        .vault
        .list_notes(feed.party().code(), NoteKind::Quarantined, below, size)
        .await
        .map_err(no_keys)?;
    let next_page_token = match found.last() {
        Some((last, _)) if found.len() >= size => URL_SAFE_NO_PAD.encode(last.token),
        _ => String::new(),
    };
    let events = found.into_iter().filter_map(|(name, body)| {
        let note = sealed::QuarantineNote::decode(body?.as_slice()).ok()?;
        Some(shown(name, note))
    });
    Ok(v1::ListQuarantinedEventsResponse {
        events: events.collect(),
        next_page_token,
    })
}

/// The events that wait and name a person, newest first, and whether there are more than are looked through.
pub(crate) async fn of_person(
    core: &Core,
    person: &Person,
) -> Result<(Vec<v1::QuarantinedEvent>, bool), Refusal> {
    let is_named = |event: &v1::RegisterEvent| {
        let texts = [&event.identity_number, &event.referred_identity_number];
        let mut named = texts.into_iter().filter_map(|text| {
            let number = IdentityNumber::parse(text, core.today());
            number.ok()
        });
        named.any(|number| person.numbers.contains(&number))
    };
    let mut found = Vec::new();
    for party in person.party.under_all_codes(core) {
        let (mut below, mut sought) = ([u8::MAX; 16], 0);
        loop {
            let page = core
                .vault
                .list_notes(party.code(), NoteKind::Quarantined, below, PAGE_MAX);
            let page = page.await.map_err(no_keys)?;
            let last = page.last().map(|(name, _)| name.token);
            sought += page.len();
            found.extend(page.into_iter().filter_map(|(name, body)| {
                let note = sealed::QuarantineNote::decode(body?.as_slice()).ok()?;
                let is_about = note.event.as_ref().is_some_and(is_named);
                is_about.then(|| shown(name, note))
            }));
            match last {
                Some(_) if sought >= EXTRACT_EVENTS_SOUGHT_MAX => return Ok((found, true)),
                Some(token) => below = token,
                None => break,
            }
        }
    }
    Ok((found, false))
}

/// Above every token, or the one that a page ended with.
fn below(token: &str) -> Option<[u8; 16]> {
    if token.is_empty() {
        return Some([u8::MAX; 16]);
    }
    URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()
}

fn shown(name: NoteName, note: sealed::QuarantineNote) -> v1::QuarantinedEvent {
    let event = note.event.unwrap_or_default();
    let received_at = Timestamp::from_microsecond(note.received_at_micros);
    let is_code = note.field == "deregistration.code";
    v1::QuarantinedEvent {
        name: Subject::register_event(Uuid::from_bytes(name.token)).to_string(),
        source_id: event.source_id,
        changed_at: event.changed_at,
        received_at: received_at.ok().map(to_wire),
        reason: note.reason,
        field: note.field,
        code: event
            .deregistration
            .filter(|_| is_code)
            .map(|it| it.code)
            .unwrap_or_default(),
    }
}
