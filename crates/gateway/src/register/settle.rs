//! What follows from where a person is registered: a move to the municipality settles what was announced to it, and one
//! that turns out never to have been opens that again. Nobody is asked because of it.

use std::collections::BTreeSet;

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use domain::entry::{Draft, Event};
use domain::identity::IdentityNumber;
use domain::month::Month;
use domain::reason::Reason;
use domain::register::{Move, Timeline, Told};
use domain::subject::{Subject, SubjectKind, Version};
use journal::{Batch, OpenClaim};
use ledger::{ArrivalFold, ArrivalState, RelocationFold};
use uuid::Uuid;
use vault::{NoteKind, SearchTerm};

use super::standing;
use crate::body::Body;
use crate::core::{Core, no_keys};
use crate::limits::NOTE_TRIES_MAX;
use crate::permit::{Feed, Party};
use crate::person::Person;
use crate::protection;
use crate::read::{NOW, written};
use crate::relocation::{own, pseudonyms_of_arrival, relocations};

/// What the municipality has of a person.
struct Known {
    relocations: Vec<RelocationFold>,
    /// Arrivals that an event made, with what it told.
    told: Vec<(Subject, ArrivalFold, sealed::RegisterPart)>,
}

/// Takes in what an event told of a person, and does what follows.
pub(super) async fn settle(
    core: &Core,
    feed: Feed,
    number: &IdentityNumber,
    told: Told,
    origin: &sealed::RegisterPart,
) -> Result<(), Refusal> {
    let timeline = standing::take_in(core, feed, number, told).await?;
    let person = Person::read(core, feed.party(), number, &[]).await?;
    follow(core, &person, &timeline, origin).await
}

/// A relocation was announced to a municipality whose register may have told of the move before.
pub(crate) async fn settle_announced(
    core: &Core,
    fold: &RelocationFold,
    number: &IdentityNumber,
) -> Result<(), Refusal> {
    const KINDS: [NoteKind; 2] = [NoteKind::Standing, NoteKind::Protected];
    let feed = Feed::of_recipient(fold);
    let person = Person::read(core, feed.party(), number, &KINDS).await?;
    let timeline = standing::told(&person)?;
    if timeline.told().is_empty() || protection::is_secret(&person)? {
        return Ok(());
    }
    let origin = sealed::RegisterPart::default();
    follow(core, &person, &timeline, &origin).await
}

async fn follow(
    core: &Core,
    person: &Person,
    timeline: &Timeline,
    origin: &sealed::RegisterPart,
) -> Result<(), Refusal> {
    for _ in 0..NOTE_TRIES_MAX {
        if follow_once(core, person, timeline, origin).await? {
            // whoever became protected at this very moment is held to that
            let protected = [NoteKind::Protected];
            let person = Person::read(core, person.party, &person.number, &protected).await?;
            protection::hold(core, &person).await?;
            return Ok(());
        }
    }
    Err(Refusal::new(Reason::VersionConflict))
}

/// False when somebody else was first, and what is known has to be read again.
async fn follow_once(
    core: &Core,
    person: &Person,
    timeline: &Timeline,
    origin: &sealed::RegisterPart,
) -> Result<bool, Refusal> {
    let party = person.party;
    let known = known(core, person).await?;
    let mut withdrawn = BTreeSet::new();
    for (subject, fold, told) in &known.told {
        let stands = told.registered_on.parse().is_ok_and(|on| {
            timeline.stands(Move {
                on,
                from: fold.previous,
                to: fold.municipality,
            })
        });
        if !stands {
            if !withdraw(core, party, (*subject, fold), told).await? {
                return Ok(false);
            }
            withdrawn.insert(subject.id);
        }
    }
    let definition = core.definition().await?;
    for moved in timeline.moves().filter(|it| it.to == party.code()) {
        let arrived = Month::of(moved.on);
        let is_announced = known.relocations.iter().any(|fold| {
            // what had arrived by a report that was just taken back is about to be open again
            let is_open = !fold.state.is_final()
                || fold
                    .arrival
                    .is_some_and(|arrival| withdrawn.contains(&arrival));
            (fold.sender, fold.recipient) == (moved.from, moved.to)
                && is_open
                && ledger::covers(fold, arrived, &definition)
        });
        if is_announced {
            let registration = timeline.at(moved.on);
            let told = sealed::RegisterPart {
                registered_on: moved.on.to_string(),
                without_address: registration.is_some_and(|it| it.is_without_address),
                ..origin.clone()
            };
            arrive(core, person, moved, told).await?;
        }
    }
    Ok(true)
}

/// What the municipality itself announced, was told or reported of a person.
async fn known(core: &Core, person: &Person) -> Result<Known, Refusal> {
    let party = person.party;
    let subjects = own(core, person).await?;
    let relocations = relocations(core, party, &subjects).await?.into_iter();
    let relocations = relocations.map(|(_, fold)| fold).collect();
    let mut told = Vec::new();
    let is_arrival = |subject: &Subject| subject.kind == SubjectKind::Arrival;
    for subject in subjects.into_iter().filter(is_arrival) {
        let found = written(core.arrival(party, subject, NOW).await)?;
        let found = found.filter(|(fold, _)| fold.state != ArrivalState::Withdrawn);
        let Some((fold, entries)) = found else {
            continue;
        };
        let Some(first) = entries.first() else {
            continue;
        };
        let parties = (fold.municipality, fold.previous);
        let own = core.open_own(party.into(), parties, first).await?;
        if let Some(register) = own.and_then(|own| own.register) {
            told.push((subject, fold, register));
        }
    }
    Ok(Known { relocations, told })
}

/// Records that a person arrived, as the register told. It is never asked about, and read by this municipality alone.
async fn arrive(
    core: &Core,
    person: &Person,
    moved: Move,
    told: sealed::RegisterPart,
) -> Result<(), Refusal> {
    let (municipality, previous) = (moved.to, moved.from);
    let subject = Subject::arrival(Uuid::now_v7());
    let pseudonyms = pseudonyms_of_arrival(core, person, previous, core.today()).await?;
    let arrived = Month::of(moved.on);
    let own = sealed::OwnPart {
        register: Some(told),
        ..sealed::OwnPart::default()
    };
    let (parts, keys) = core
        .seal(&Body {
            subject,
            version: Version(1),
            parties: (municipality, previous),
            by: person.party.into(),
            shared: None,
            own: &own,
        })
        .await?;
    let term = SearchTerm::Number(&person.number);
    let row = core.vault.search_row(municipality, term, subject).await;
    let batch = Batch {
        claim: OpenClaim::arrival(municipality, previous, &pseudonyms, arrived),
        drafts: vec![Draft {
            subject,
            version: Version(1),
            event: Event::ArrivalReported {
                municipality,
                previous,
                pseudonyms,
                arrived,
                is_exempt: true,
            },
            notices: Vec::new(),
            sealed: parts,
        }],
        ..Batch::default()
    };
    // whoever reported it before, or at this moment, reported it
    let tokens = vec![row.map_err(no_keys)?];
    core.append_sealed(keys, tokens, batch).await?;
    Ok(())
}

/// Takes back an arrival that an event made: the registration was reversed. False when it changed meanwhile.
async fn withdraw(
    core: &Core,
    party: Party,
    (subject, fold): (Subject, &ArrivalFold),
    told: &sealed::RegisterPart,
) -> Result<bool, Refusal> {
    let decided = ledger::arrival(fold, ledger::ArrivalCommand::Withdraw, party.code());
    let (event, notices) = decided.map_err(Refusal::new)?;
    let own = sealed::OwnPart {
        register: Some(told.clone()),
        ..sealed::OwnPart::default()
    };
    let (parts, keys) = core
        .seal_ending(&Body {
            subject,
            version: fold.version.next(),
            parties: (fold.municipality, fold.previous),
            by: party.into(),
            shared: None,
            own: &own,
        })
        .await?;
    let claim = OpenClaim::arrival(
        fold.municipality,
        fold.previous,
        &fold.pseudonyms,
        fold.arrived,
    );
    let batch = Batch {
        drafts: vec![Draft {
            subject,
            version: fold.version.next(),
            event,
            notices,
            sealed: parts,
        }],
        release: claim.map(|claim| claim.key),
        ..Batch::default()
    };
    match core.append_sealed(keys, Vec::new(), batch).await {
        // somebody else took it back, or it was matched at this moment
        Err(refusal) if refusal.reason == Reason::VersionConflict => Ok(false),
        Err(refusal) => Err(refusal),
        Ok(_outcome) => Ok(true),
    }
}
