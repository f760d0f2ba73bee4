//! Events of the population register, one at a time. What an event says of one person is compared with what the
//! municipality itself announced or was told; nothing of anybody else is kept but a token of the event.
//!
//! Whatever an event leads to may be done again and leads to the same: a gateway that dies in the middle costs nothing.

mod quarantine;
mod reference;
mod settle;
mod standing;
mod unannounced;

use std::error::Error as _;

use api::generated::journal::v1 as sealed;
use api::parse::{self, Faults, RegisterEvent, SOURCE_ID_SIGNS_MAX, Understood};
use api::status::Refusal;
use api::v1;
use domain::disclosure::Protection;
use domain::entry::Entry;
use domain::reason::{Class, Reason, Violation};
use domain::register::Told;
use prost::Message as _;
use tonic::{Status, Streaming};
use vault::{NoteKind, NoteName};

use crate::body::Parties;
use crate::call::Call;
use crate::core::{Core, no_keys};
use crate::limits::IMPORT_EVENTS_MAX;
use crate::note;
use crate::permit::{self, Feed, Party};
use crate::person::Person;
use crate::protection;
use crate::transport;

pub(crate) use quarantine::list as list_quarantined;
pub(crate) use quarantine::of_person as quarantined_of;
pub(crate) use settle::settle_announced;
pub(crate) use standing::told as told_of;

use unannounced::{Asker, Client};

/// Takes events in. Each is answered for itself; only what is wrong with the stream, or with us, ends it.
pub(crate) async fn import(
    core: &Core,
    call: &Call,
    mut events: Streaming<v1::ImportRegisterEventsRequest>,
) -> Result<v1::ImportRegisterEventsResponse, Refusal> {
    let mut results = Vec::new();
    let mut whose = String::new();
    while let Some(request) = events.message().await.map_err(|status| broken(&status))? {
        let event = request.event.as_ref();
        // a case system asks about its own clients, and is never what the register told: it could lift a protection
        let is_asked = event.is_some_and(|it| it.ongoing_involvement);
        let feed = if is_asked && request.validate_only {
            Feed::or_party(core, call, &request.municipality)?
        } else {
            Feed::of(core, call, &request.municipality)?
        };
        if whose.is_empty() {
            whose.clone_from(&request.municipality);
        } else if whose != request.municipality {
            return Err(Refusal::field("municipality", Reason::NameInvalid));
        }
        if results.len() >= IMPORT_EVENTS_MAX {
            return Err(Refusal::new(Reason::TooManyEvents)
                .with("events_max", IMPORT_EVENTS_MAX.to_string()));
        }
        results.push(one(core, call, feed, request).await?);
    }
    Ok(v1::ImportRegisterEventsResponse { results })
}

/// A stream that ended in the middle: what came before is taken in, the rest is to be sent again.
fn broken(status: &Status) -> Refusal {
    // a message that is none has no cause, a connection that broke does
    let meant = transport::meant(status.code()).filter(|_| status.source().is_none());
    meant.unwrap_or_else(|| Refusal::new(Reason::DeadlineExceeded))
}

/// Takes one event in. A refusal by the rules is its answer; what we could not do ends the stream.
pub(crate) async fn one(
    core: &Core,
    call: &Call,
    feed: Feed,
    request: v1::ImportRegisterEventsRequest,
) -> Result<v1::RegisterEventResult, Refusal> {
    let (event, actor) = (request.event.unwrap_or_default(), request.actor);
    // no more of it than an id may have: what is longer is refused
    let source_id = event.source_id.chars().take(SOURCE_ID_SIGNS_MAX);
    let source_id: String = source_id.collect();
    if !request.validate_only {
        heed(core, feed, &event, &source_id).await?;
    }
    let taken_in = match asker(call, &event, actor.as_ref()) {
        Ok(asker) => taken_in(core, feed, event, (asker, request.validate_only)).await,
        Err(refusal) => Err(refusal),
    };
    match taken_in {
        Ok(result) => Ok(v1::RegisterEventResult {
            source_id,
            ..result
        }),
        Err(refusal) => match refusal.reason.class() {
            Class::InvalidArgument | Class::FailedPrecondition | Class::AlreadyExists => {
                let first = refusal.violations.into_iter().next();
                Ok(v1::RegisterEventResult {
                    source_id,
                    outcome: v1::RegisterEventOutcome::Refused.into(),
                    reason: refusal.reason.code().to_owned(),
                    field: first.map(|it| it.field).unwrap_or_default(),
                    unannounced_move: None,
                })
            }
            Class::PermissionDenied
            | Class::Unauthenticated
            | Class::NotFound
            | Class::Aborted
            | Class::ResourceExhausted
            | Class::Unavailable
            | Class::DeadlineExceeded
            | Class::Internal => Err(refusal),
        },
    }
}

/// Does what follows from the protection that an event tells of, under every number that it names, whatever becomes of the
/// rest of it: what is refused or in quarantine must not keep anybody findable. An instant that cannot be read is now.
async fn heed(
    core: &Core,
    feed: Feed,
    event: &v1::RegisterEvent,
    source_id: &str,
) -> Result<(), Refusal> {
    let Some(told) = parse::told_protected(event, core.context()) else {
        return Ok(());
    };
    let why = sealed::OwnPart {
        register: Some(origin(source_id)),
        ..sealed::OwnPart::default()
    };
    let changed_at = told.changed_at.unwrap_or_else(|| core.journal.now());
    for number in &told.numbers {
        let level = (changed_at, told.protection);
        protection::told(core, feed.party(), number, level, &why).await?;
    }
    Ok(())
}

/// From which event something follows.
fn origin(source_id: &str) -> sealed::RegisterPart {
    sealed::RegisterPart {
        source_id: source_id.to_owned(),
        ..sealed::RegisterPart::default()
    }
}

/// Who asks about a client with an event; none when it asks nothing.
fn asker<'a>(
    call: &'a Call,
    event: &v1::RegisterEvent,
    actor: Option<&v1::Actor>,
) -> Result<Option<Asker<'a>>, Refusal> {
    if !event.ongoing_involvement {
        return Ok(None);
    }
    if !permit::knows_cases(call) {
        let field = "ongoing_involvement";
        return Err(Refusal::field(field, Reason::FieldNotForRole));
    }
    let mut faults = Faults::default();
    let actor = faults.actor(actor);
    faults.end()?;
    Ok(Some(Asker { call, actor }))
}

async fn taken_in(
    core: &Core,
    feed: Feed,
    mut event: v1::RegisterEvent,
    (asker, validate_only): (Option<Asker<'_>>, bool),
) -> Result<v1::RegisterEventResult, Refusal> {
    let understood = parse::register_event(&event, core.context())?;
    let is_told = asker.as_ref().is_none_or(|it| permit::is_feed(it.call));
    let client = asker.and_then(|asker| Client::of(asker, &understood));
    // what only the case system knows is no part of what the register told, and is kept nowhere
    event.ongoing_involvement = false;
    let code = feed.party().code();
    let content = event.encode_to_vec();
    let fingerprint = core.vault.fingerprint(code, &content).await;
    let mark = fingerprint.map_err(no_keys)?;
    let name = core
        .vault
        .note_named(code, NoteKind::Event, event.source_id.as_bytes())
        .await
        .map_err(no_keys)?;
    if validate_only {
        if let Some(told) = understood.reference() {
            reference::check(core, feed, told).await?;
        }
        // a case system that is no feed takes nothing in, whatever the register told under that id
        let seen = if is_told {
            seen(core, name, mark).await?
        } else {
            None
        };
        return Ok(v1::RegisterEventResult {
            unannounced_move: unannounced::moved(core, feed, client.as_ref()).await?,
            ..would(&understood, seen.as_ref().map(|(_, note)| note))
        });
    }
    let seen = seen(core, name, mark).await?;
    let before = seen.as_ref().map(|(_, note)| note);
    let (result, quarantined) = match understood {
        Understood::Known(known) => {
            let source_id = event.source_id;
            (
                known_one(core, feed, known, (source_id, mark), before).await?,
                Vec::new(),
            )
        }
        Understood::Unknown(violation) => {
            let kept = match before {
                Some(note) => note.quarantined.clone(),
                None => quarantine::keep(core, feed, event, &violation).await?,
            };
            (unknown(&violation), kept)
        }
    };
    let note = sealed::EventNote {
        fingerprint: mark.to_vec(),
        outcome: result.outcome,
        quarantined,
    };
    let after = seen.map_or(0, |(revision, _)| revision);
    // when somebody else wrote it meanwhile, it was the same event, and it was taken in
    note::write(core, name, after, &note).await?;
    Ok(v1::RegisterEventResult {
        unannounced_move: unannounced::moved(core, feed, client.as_ref()).await?,
        ..result
    })
}

/// Does what follows from an event, whether it came in before or not.
async fn known_one(
    core: &Core,
    feed: Feed,
    event: RegisterEvent,
    (source_id, mark): (String, [u8; 16]),
    before: Option<&sealed::EventNote>,
) -> Result<v1::RegisterEventResult, Refusal> {
    let origin = origin(&source_id);
    let why = sealed::OwnPart {
        register: Some(origin.clone()),
        ..sealed::OwnPart::default()
    };
    let party = feed.party();
    // whoever is protected, or marked, was heeded before
    let mut is_compared = event.protection == Protection::None && {
        let level = (event.changed_at, event.protection);
        !protection::told(core, party, &event.number, level, &why).await?
    };
    if is_compared && let Some(told) = &event.reference {
        // whoever is looked for below is looked for under all numbers
        reference::take_in(core, feed, told).await?;
    }
    if is_compared {
        // what is marked under another number holds too
        let person = Person::read(core, party, &event.number, &[NoteKind::Protected]).await?;
        let is_held = protection::hold(core, &person).await?;
        is_compared = !is_held && !protection::is_marked(&person)?;
    }
    if is_compared {
        // a deregistration is never a move, whatever history stands beside it
        let is_over = event.deregistration.is_some();
        let told = Told {
            changed_at: event.changed_at,
            mark,
            registrations: if is_over {
                Vec::new()
            } else {
                event.registrations
            },
        };
        settle::settle(core, feed, &event.number, told, &origin).await?;
    }
    let kept = before.map_or(&[][..], |note| note.quarantined.as_slice());
    quarantine::release(core, feed, kept).await?;
    Ok(about(event.unknown_before.as_ref(), outcome(before)))
}

/// The note of an event that came in before, behind its revision; refused when it was another one.
async fn seen(
    core: &Core,
    name: NoteName,
    mark: [u8; 16],
) -> Result<Option<(i64, sealed::EventNote)>, Refusal> {
    let (revision, note) = note::read::<sealed::EventNote>(core, name).await?;
    if revision == 0 {
        return Ok(None);
    }
    let note = note.unwrap_or_default();
    if note.fingerprint != mark {
        return Err(Refusal::field("source_id", Reason::RequestIdReused));
    }
    Ok(Some((revision, note)))
}

/// An event that is understood: new, unless it came in before and was understood then.
fn outcome(before: Option<&sealed::EventNote>) -> v1::RegisterEventOutcome {
    if before.is_some_and(|note| note.quarantined.is_empty()) {
        v1::RegisterEventOutcome::Repeated
    } else {
        v1::RegisterEventOutcome::Accepted
    }
}

/// What became of an event, and what of it is not known here.
fn about(
    unknown: Option<&Violation>,
    outcome: v1::RegisterEventOutcome,
) -> v1::RegisterEventResult {
    v1::RegisterEventResult {
        outcome: outcome.into(),
        reason: unknown.map_or_else(String::new, |it| it.reason.code().to_owned()),
        field: unknown.map_or_else(String::new, |it| it.field.clone()),
        ..v1::RegisterEventResult::default()
    }
}

/// A dry run's answer.
fn would(understood: &Understood, before: Option<&sealed::EventNote>) -> v1::RegisterEventResult {
    match understood {
        Understood::Known(event) => about(event.unknown_before.as_ref(), outcome(before)),
        Understood::Unknown(violation) => unknown(violation),
    }
}

fn unknown(violation: &Violation) -> v1::RegisterEventResult {
    about(Some(violation), v1::RegisterEventOutcome::Quarantined)
}

/// What an arrival that an event made says to its municipality.
pub(crate) async fn content(
    core: &Core,
    party: Party,
    parties: Parties,
    first: &Entry,
) -> Result<Option<v1::ArrivalContent>, Refusal> {
    let own = core.open_own(party.into(), parties, first).await?;
    Ok(own
        .and_then(|own| own.register)
        .map(|told| v1::ArrivalContent {
            arrived_on: told.registered_on,
            without_address: told.without_address,
            ..v1::ArrivalContent::default()
        }))
}
