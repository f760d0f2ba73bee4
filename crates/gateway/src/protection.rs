//! Protection that is set later: what a municipality has of a person is ended, and what comes later goes the manual
//! route. The mark is a note of that municipality alone; no other one is ever asked for it or sees why.
//!
//! Whatever it leads to may be done again and leads to the same: an event is sent again until it is answered, and what was
//! announced or reported meanwhile is followed ([`crate::follow`]). So a gateway that dies in the middle costs nothing.

mod mark;

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use domain::code::NoticeKind;
use domain::disclosure::Protection;
use domain::entry::{Draft, Event};
use domain::identity::IdentityNumber;
use domain::reason::Reason;
use domain::subject::{Subject, SubjectKind};
use jiff::Timestamp;
use journal::{Batch, OpenClaim, OpenKey};
use ledger::{ArrivalFold, ArrivalState, RelocationCommand, RelocationFold};
use vault::NoteKind;

use crate::body::{Body, Parties};
use crate::core::Core;
use crate::limits::NOTE_TRIES_MAX;
use crate::permit::Party;
use crate::person::Person;
use crate::read::{NOW, written};
use crate::relocation::{erase, own};
use crate::write::halted;

pub(crate) use mark::lift;
use mark::{ends, said};

/// Refuses to announce a person whom nothing of this municipality may be about, or whose secrecy marking its own register
/// told of and the announcement does not state.
pub(crate) async fn refuse_announcement(
    core: &Core,
    person: &Person,
    states_marking: bool,
    validate_only: bool,
) -> Result<(), Refusal> {
    refuse(core, person, validate_only).await?;
    if is_marked(person)? && !states_marking {
        let field = "content.person.protection";
        return Err(Refusal::field(field, Reason::SecrecyMarkingKnown));
    }
    Ok(())
}

/// Refuses to report a person who is protected in either way.
pub(crate) async fn refuse_report(
    core: &Core,
    person: &Person,
    validate_only: bool,
) -> Result<(), Refusal> {
    refuse(core, person, validate_only).await?;
    if is_marked(person)? {
        return Err(Refusal::new(Reason::ManualRouteRequired));
    }
    Ok(())
}

/// Refuses what is about a person whom nothing of this municipality may be about. It names no field: that would tell why.
/// What should have been ended before is ended now, unless nothing may be written.
async fn refuse(core: &Core, person: &Person, validate_only: bool) -> Result<(), Refusal> {
    let is_held = if validate_only {
        is_protected(person)?
    } else {
        hold(core, person).await?
    };
    if is_held {
        Err(Refusal::new(Reason::ManualRouteRequired))
    } else {
        Ok(())
    }
}

/// Whether nothing of this municipality may be about the person, whose marks were read.
pub(crate) fn is_protected(person: &Person) -> Result<bool, Refusal> {
    let mut marks = person.said(NoteKind::Protected)?.into_iter();
    Ok(marks.any(|mark| ends(said(mark))))
}

/// Whether the municipality's register told of a secrecy marking of the person, whose marks were read.
pub(crate) fn is_marked(person: &Person) -> Result<bool, Refusal> {
    let mut marks = person.said(NoteKind::Protected)?.into_iter();
    Ok(marks.any(|mark| said(mark).marked))
}

/// Whether the person is protected in either way, as far as the municipality knows; the marks were read. Whoever is
/// protected more strongly is held to be marked at least.
pub(crate) fn is_secret(person: &Person) -> Result<bool, Refusal> {
    Ok(is_protected(person)? || is_marked(person)?)
}

/// Takes in what was told of a person's protection under a number; what was told last counts. When nothing may be about the
/// person, ends all that the municipality has. Returns whether nothing is to be compared: in that case, and when the person
/// has a secrecy marking.
pub(crate) async fn told(
    core: &Core,
    party: Party,
    number: &IdentityNumber,
    (changed_at, protection): (Timestamp, Protection),
    why: &sealed::OwnPart,
) -> Result<bool, Refusal> {
    let told = mark::told(core, party, number, (changed_at, protection)).await?;
    if protection == Protection::None {
        // what was told under another code of the municipality is lifted too, and it never says more than that
        for other in party.under_all_codes(core).into_iter().skip(1) {
            mark::told(core, other, number, (changed_at, protection)).await?;
        }
    }
    if ends(told) {
        let person = Person::read(core, party, number, &[]).await?;
        end_all(core, &person, why).await?;
    }
    Ok(ends(told) || told.marked)
}

/// Takes in what an officer said at an instant of a person under a number: nothing may be about that person, whatever a
/// register tells, until an officer lifts it. What was lifted since stays lifted.
pub(crate) async fn said_by_hand(
    core: &Core,
    party: Party,
    number: &IdentityNumber,
    at: Timestamp,
    why: &sealed::OwnPart,
) -> Result<(), Refusal> {
    if ends(mark::set_by_hand(core, party, number, at).await?) {
        let person = Person::read(core, party, number, &[]).await?;
        end_all(core, &person, why).await?;
    }
    Ok(())
}

/// Ends what was written at the very moment in which the person became protected, under whichever number. Returns
/// whether it did.
pub(crate) async fn hold(core: &Core, person: &Person) -> Result<bool, Refusal> {
    let is_protected = is_protected(person)?;
    if is_protected {
        end_all(core, person, &sealed::OwnPart::default()).await?;
    }
    Ok(is_protected)
}

/// All that the municipality has under any of its codes, however little of it whoever asked may see. Relocations first:
/// what an arrival that is taken back had matched must not open again.
async fn end_all(core: &Core, person: &Person, why: &sealed::OwnPart) -> Result<(), Refusal> {
    let mut subjects = Vec::new();
    for party in person.party.whole().under_all_codes(core) {
        let found = own(core, &person.under(party)).await?;
        subjects.extend(found.into_iter().map(|subject| (party, subject)));
    }
    subjects.sort_by_key(|(_, subject)| subject.kind != SubjectKind::Relocation);
    for (party, subject) in subjects {
        end(core, party, subject, why).await?;
    }
    Ok(())
}

async fn end(
    core: &Core,
    party: Party,
    subject: Subject,
    why: &sealed::OwnPart,
) -> Result<(), Refusal> {
    for _ in 0..NOTE_TRIES_MAX {
        let ending = written(ending(core, party, subject).await)?;
        let Some(ending) = ending.flatten() else {
            return Ok(());
        };
        match append(core, party, ending, why).await {
            // somebody did something with it meanwhile
            Err(refusal) if refusal.reason == Reason::VersionConflict => {}
            Err(refusal) => return Err(refusal),
            Ok(()) if subject.kind == SubjectKind::Relocation => return erase(core, subject).await,
            Ok(()) => return Ok(()),
        }
    }
    Err(Refusal::new(Reason::VersionConflict))
}

/// An entry to be.
struct Ending {
    draft: Draft,
    parties: Parties,
    release: Option<OpenKey>,
}

/// What ends a subject for the other party; none when there is nothing left to end.
async fn ending(core: &Core, party: Party, subject: Subject) -> Result<Option<Ending>, Refusal> {
    match subject.kind {
        SubjectKind::Relocation => {
            let (fold, entries) = core.relocation(party, subject, NOW).await?;
            let is_read =
                party.code() != fold.sender || ledger::erased(&entries).map_err(halted)?.is_none();
            let is_left = is_read || !fold.state.is_final();
            let ending = is_left.then(|| redaction(party, subject, &fold));
            Ok(ending.flatten())
        }
        SubjectKind::Arrival => {
            let (fold, _entries) = core.arrival(party, subject, NOW).await?;
            Ok(withdrawal(party, subject, &fold))
        }
        SubjectKind::System
        | SubjectKind::Alert
        | SubjectKind::Municipality
        | SubjectKind::RegisterEvent => Ok(None),
    }
}

/// None when this party has ended it before.
fn redaction(party: Party, subject: Subject, fold: &RelocationFold) -> Option<Ending> {
    let decided = ledger::relocation(fold, RelocationCommand::Redact, party.code());
    let (event, mut notices) = decided.ok()?;
    // nobody of this municipality did it by hand: it must act, and see who had read
    notices.push((party.code(), NoticeKind::RelocationManualRoute));
    Some(Ending {
        draft: draft(subject, fold.version.next(), event, notices),
        parties: (fold.sender, fold.recipient),
        release: (!fold.state.is_final()).then_some(OpenKey {
            sender: fold.sender,
            recipient: fold.recipient,
            pseudonym: fold.pseudonym,
        }),
    })
}

/// None when it is withdrawn already.
fn withdrawal(party: Party, subject: Subject, fold: &ArrivalFold) -> Option<Ending> {
    if fold.state == ArrivalState::Withdrawn {
        return None;
    }
    let decided = ledger::arrival(fold, ledger::ArrivalCommand::Withdraw, party.code());
    let (event, notices) = decided.ok()?;
    let (municipality, previous) = (fold.municipality, fold.previous);
    let claim = OpenClaim::arrival(municipality, previous, &fold.pseudonyms, fold.arrived);
    Some(Ending {
        draft: draft(subject, fold.version.next(), event, notices),
        parties: (municipality, previous),
        release: claim.map(|claim| claim.key),
    })
}

fn draft(
    subject: Subject,
    version: domain::subject::Version,
    event: Event,
    notices: Vec<(domain::municipality::MunicipalityCode, NoticeKind)>,
) -> Draft {
    Draft {
        subject,
        version,
        event,
        notices,
        sealed: Vec::new(),
    }
}

async fn append(
    core: &Core,
    party: Party,
    ending: Ending,
    why: &sealed::OwnPart,
) -> Result<(), Refusal> {
    let (sealed, keys) = core
        .seal(&Body {
            subject: ending.draft.subject,
            version: ending.draft.version,
            parties: ending.parties,
            by: party.into(),
            shared: None,
            own: why,
        })
        .await?;
    let batch = Batch {
        drafts: vec![Draft {
            sealed,
            ..ending.draft
        }],
        release: ending.release,
        ..Batch::default()
    };
    core.append_sealed(keys, Vec::new(), batch).await?;
    Ok(())
}
