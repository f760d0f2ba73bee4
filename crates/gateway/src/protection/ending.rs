//! What a protection ends, for each subject that a municipality has of a person: by an entry of its own, and the keys after
//! it. It is the same whoever ended it, and ends nothing twice.

use std::collections::BTreeSet;

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use domain::code::NoticeKind;
use domain::entry::{Draft, Event};
use domain::reason::Reason;
use domain::subject::{Subject, SubjectKind};
use jiff::civil::Date;
use journal::{Batch, OpenClaim, OpenKey};
use ledger::{
    AlertCaller, AlertCommand, AlertFold, ArrivalFold, ArrivalState, RelocationCommand,
    RelocationFold,
};

use crate::asked;
use crate::body::{Body, Parties};
use crate::core::Core;
use crate::household;
use crate::limits::NOTE_TRIES_MAX;
use crate::permit::Party;
use crate::person::Person;
use crate::read::{NOW, written};
use crate::relocation::{erase, own};
use crate::write::halted;

/// All that the municipality has under any of its codes, what it was asked, and all of that of the person's household, however
/// little of it whoever asked may see. Relocations first: what an arrival that is taken back had matched must not open again.
/// One that cannot be ended now keeps no other one readable: the first such failure is told when all were tried.
pub(super) async fn end_all(
    core: &Core,
    person: &Person,
    why: &sealed::OwnPart,
) -> Result<(), Refusal> {
    let household = household::shared(core, person).await?;
    let mut subjects = all_of(core, person).await?;
    for number in household.others {
        let member = Person::read(core, person.party, &number, &[]).await?;
        subjects.extend(all_of(core, &member).await?);
    }
    subjects.extend(household.announced);
    subjects.sort_by_key(|(_, subject)| subject.kind != SubjectKind::Relocation);
    let mut known = BTreeSet::new();
    subjects.retain(|(party, subject)| known.insert((party.code(), *subject)));
    let mut all = Ok(());
    for (party, subject) in subjects {
        all = all.and(end(core, party, subject, why).await);
    }
    all
}

/// What the municipality has of a person under any of its codes, and what it was asked.
async fn all_of(core: &Core, person: &Person) -> Result<Vec<(Party, Subject)>, Refusal> {
    let mut subjects = Vec::new();
    for party in person.party.whole().under_all_codes(core) {
        let found = own(core, &person.under(party)).await?;
        let asked = asked::questions(core, &person.under(party)).await?;
        let found = found.into_iter().chain(asked);
        subjects.extend(found.map(|subject| (party, subject)));
    }
    Ok(subjects)
}

pub(super) async fn end(
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
            Ok(()) => return erase(core, subject).await,
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
        SubjectKind::Alert => {
            let (fold, _entries) = core.alert(party, subject, NOW).await?;
            Ok(answers(party, subject, &fold, core.today()))
        }
        SubjectKind::System | SubjectKind::Municipality | SubjectKind::RegisterEvent => Ok(None),
    }
}

/// None when this party has ended it before.
fn redaction(party: Party, subject: Subject, fold: &RelocationFold) -> Option<Ending> {
    let decided = ledger::relocation(fold, RelocationCommand::Redact, party.code());
    let (event, notices) = decided.ok()?;
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

/// None when it asked itself, or has ended it before.
fn answers(party: Party, subject: Subject, fold: &AlertFold, today: Date) -> Option<Ending> {
    let caller = AlertCaller::Party(party.code());
    let decided = ledger::alert(fold, AlertCommand::Redact, &caller, today);
    let (event, notices) = decided.ok()?;
    Some(Ending {
        draft: draft(subject, fold.version.next(), event, notices),
        parties: (fold.asking, fold.asked),
        release: None,
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
        .seal_ending(&Body {
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
