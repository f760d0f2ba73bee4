//! Numbers that were replaced (hänvisning). Each authority keeps what its own register told it, in sealed notes: under
//! one number the numbers that replaced it, and those that it replaced. Whoever looks for a person looks under all of
//! them. No other authority learns of it, and the record gets pseudonyms alone.

use std::collections::BTreeSet;

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use domain::entry::{Draft, Event};
use domain::identity::IdentityNumber;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::register::Reference;
use domain::subject::{Subject, SubjectKind, Version};
use journal::Batch;
use ledger::ArrivalState;
use uuid::Builder;
use vault::NoteKind;

use crate::core::{Core, no_keys};
use crate::limits::PERSON_NUMBERS_MAX;
use crate::note;
use crate::permit::{Feed, Party};
use crate::person::Person;
use crate::read::{NOW, written};
use crate::relocation::{own, pseudonyms_in};

/// What separates these hashes from those of requests: no method is named so.
const LABEL: &[u8] = b"IdentityReferred\0";

/// Refuses a reference that would lead back to where it came from, or to more numbers than anybody has.
pub(super) async fn check(core: &Core, feed: Feed, told: &Reference) -> Result<(), Refusal> {
    const FIELD: &str = "referred_identity_number";
    let newest = Person::read(core, feed.party(), &told.by, &[]).await?;
    if newest.is_replaced(&told.by, &told.replaced) {
        return Err(Refusal::field(FIELD, Reason::ReferenceCycle));
    }
    let replaced = Person::read(core, feed.party(), &told.replaced, &[]).await?;
    let all: BTreeSet<_> = newest.numbers.iter().chain(&replaced.numbers).collect();
    if all.len() > PERSON_NUMBERS_MAX {
        return Err(Refusal::field(FIELD, Reason::ReferencesTooMany));
    }
    Ok(())
}

/// Keeps a reference, and tells the ledger that its pseudonyms are one person's: in the authority's own scope, and in
/// those of whoever announced the person to it or was named in its reports. Done again, it leads to the same.
pub(super) async fn take_in(core: &Core, feed: Feed, told: &Reference) -> Result<(), Refusal> {
    check(core, feed, told).await?;
    let party = feed.party();
    keep(
        core,
        party.code(),
        &told.replaced,
        |note| &mut note.replaced_by,
        &told.by,
    )
    .await?;
    keep(
        core,
        party.code(),
        &told.by,
        |note| &mut note.replaces,
        &told.replaced,
    )
    .await?;
    // a scope that came in sight with this one has not heard of those before
    let person = Person::read(core, party, &told.by, &[]).await?;
    for scope in scopes(core, &person).await? {
        for reference in &person.references {
            tell(core, party, scope, reference).await?;
        }
    }
    Ok(())
}

/// Adds a number to one side of the note under another.
async fn keep(
    core: &Core,
    authority: MunicipalityCode,
    under: &IdentityNumber,
    side: fn(&mut sealed::ReferenceNote) -> &mut Vec<String>,
    other: &IdentityNumber,
) -> Result<(), Refusal> {
    let name = note::name(core, authority, NoteKind::Reference, under).await?;
    note::change(core, name, |_revision, note| {
        let mut note: sealed::ReferenceNote = note.unwrap_or_default();
        let numbers = side(&mut note);
        let is_new = !numbers.iter().any(|it| it == other.canonical());
        if is_new {
            numbers.push(other.canonical().to_owned());
        }
        (is_new.then_some(note), ())
    })
    .await
}

/// In whose scopes the authority knows the person: its own, and those of what was announced to it or reported by it.
/// What a municipality announced under another code stands in that code's scope.
async fn scopes(core: &Core, person: &Person) -> Result<BTreeSet<MunicipalityCode>, Refusal> {
    let party = person.party;
    let mut scopes = BTreeSet::from([party.code()]);
    for subject in own(core, person).await? {
        let scope = match subject.kind {
            SubjectKind::Relocation => written(core.relocation(party, subject, NOW).await)?
                .map(|(fold, _entries)| fold.sender),
            SubjectKind::Arrival => written(core.arrival(party, subject, NOW).await)?
                .filter(|(fold, _entries)| fold.state != ArrivalState::Withdrawn)
                .map(|(fold, _entries)| fold.previous),
            SubjectKind::System
            | SubjectKind::Alert
            | SubjectKind::Municipality
            | SubjectKind::RegisterEvent => None,
        };
        let lineage = core.context().lineage;
        scopes.extend(scope.into_iter().flat_map(|it| lineage.sources(it)));
    }
    Ok(scopes)
}

/// Appends a reference in a scope, once a year: its id is a keyed hash, so that there is no second one. When it is told
/// again in a later year, pseudonyms of later years come with it.
async fn tell(
    core: &Core,
    party: Party,
    scope: MunicipalityCode,
    reference: &Reference,
) -> Result<(), Refusal> {
    let today = core.today();
    let mut named = LABEL.to_vec();
    named.extend(scope.number().to_be_bytes());
    named.extend(today.year().to_be_bytes());
    named.extend_from_slice(reference.replaced.canonical().as_bytes());
    named.extend_from_slice(reference.by.canonical().as_bytes());
    let id = core.vault.fingerprint(party.code(), &named).await;
    let id = Builder::from_custom_bytes(id.map_err(no_keys)?).into_uuid();
    let pseudonyms = async |number| pseudonyms_in(core, party, scope, number, today).await;
    let draft = Draft {
        subject: Subject::register_event(id),
        version: Version(1),
        event: Event::IdentityReferred {
            by: party.code(),
            scope,
            previous: pseudonyms(&reference.replaced).await?,
            current: pseudonyms(&reference.by).await?,
        },
        notices: Vec::new(),
        sealed: Vec::new(),
    };
    let batch = Batch {
        drafts: vec![draft],
        ..Batch::default()
    };
    match core.append(batch).await {
        // it stands there
        Err(refusal) if refusal.reason == Reason::VersionConflict => Ok(()),
        Err(refusal) => Err(refusal),
        Ok(_outcome) => Ok(()),
    }
}
