//! What a municipality's register told of a person, as a sealed note: only of people who moved over its border, since
//! nothing else is ever compared.

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use domain::identity::IdentityNumber;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::register::{Registration, Timeline, Told};
use jiff::Timestamp;
use vault::{NoteKind, NoteName};

use crate::core::Core;
use crate::limits::NOTE_TRIES_MAX;
use crate::note;
use crate::permit::Feed;
use crate::person::Person;

/// What was told of a person so far, under all numbers; the notes were read.
pub(crate) fn told(person: &Person) -> Result<Timeline, Refusal> {
    let mut told = Vec::new();
    for note in person.said(NoteKind::Standing)? {
        told.extend_from_slice(from_wire(note)?.told());
    }
    Ok(Timeline::new(told))
}

/// Takes in what an event told, and keeps it where it may ever be compared. Returns all that was told so far of the
/// person, under all numbers.
pub(super) async fn take_in(
    core: &Core,
    feed: Feed,
    number: &IdentityNumber,
    told: Told,
) -> Result<Timeline, Refusal> {
    let home = feed.party().code();
    let name = name(core, feed, number).await?;
    for _ in 0..NOTE_TRIES_MAX {
        let person = Person::read(core, feed.party(), number, &[NoteKind::Standing]).await?;
        let mut whole = self::told(&person)?;
        let is_compared = !whole.told().is_empty();
        whole.take_in(told.clone());
        let (revision, before) = kept(core, name).await?;
        let mut timeline = before.clone();
        timeline.take_in(told.clone());
        let is_compared = is_compared || timeline.registrations().any(|it| it.municipality != home);
        if !is_compared || timeline == before {
            return Ok(whole);
        }
        if note::write(core, name, revision, &to_wire(&timeline)).await? {
            return Ok(whole);
        }
    }
    Err(Refusal::new(Reason::KeysUnavailable))
}

async fn name(core: &Core, feed: Feed, number: &IdentityNumber) -> Result<NoteName, Refusal> {
    note::name(core, feed.party().code(), NoteKind::Standing, number).await
}

async fn kept(core: &Core, name: NoteName) -> Result<(i64, Timeline), Refusal> {
    let (revision, note) = note::read(core, name).await?;
    Ok((revision, from_wire(note)?))
}

fn to_wire(timeline: &Timeline) -> sealed::StandingNote {
    let registration = |it: &Registration| sealed::StandingRegistration {
        since: it.since.to_string(),
        municipality: it.municipality.to_string(),
        without_address: it.is_without_address,
    };
    let told = timeline.told().iter().map(|told| sealed::StandingTold {
        changed_at_micros: told.changed_at.as_microsecond(),
        mark: told.mark.to_vec(),
        registrations: told.registrations.iter().map(registration).collect(),
    });
    sealed::StandingNote {
        told: told.collect(),
    }
}

fn from_wire(note: Option<sealed::StandingNote>) -> Result<Timeline, Refusal> {
    let told = note.unwrap_or_default().told;
    let told = told.iter().map(told_from_wire).collect::<Option<_>>();
    let told = told.ok_or_else(|| Refusal::new(Reason::Internal))?;
    Ok(Timeline::new(told))
}

fn told_from_wire(told: &sealed::StandingTold) -> Option<Told> {
    let registration = |it: &sealed::StandingRegistration| {
        Some(Registration {
            since: it.since.parse().ok()?,
            municipality: MunicipalityCode::parse(&it.municipality)?,
            is_without_address: it.without_address,
        })
    };
    Some(Told {
        changed_at: Timestamp::from_microsecond(told.changed_at_micros).ok()?,
        mark: told.mark.as_slice().try_into().ok()?,
        registrations: told
            .registrations
            .iter()
            .map(registration)
            .collect::<Option<_>>()?,
    })
}
