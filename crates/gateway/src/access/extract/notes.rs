//! What a municipality keeps of a person beside the record: what its register told, other numbers, marks, households, and
//! events that wait in quarantine. Of anybody else nothing is shown.

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use api::v1::produce_person_extract_response::Item;
use domain::identity::IdentityNumber;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use jiff::Timestamp;
use vault::NoteKind;

use crate::access::Opening;
use crate::call::Call;
use crate::core::Core;
use crate::person::Person;
use crate::{household, protection, register};

/// The notes that are read of the person, beside those of protection.
pub(super) const KINDS: [NoteKind; 3] = [NoteKind::Protected, NoteKind::Standing, NoteKind::Member];

/// What is kept of a person whose notes were read, and whether more events wait than are looked through; none when nothing
/// is. Where the person is protected it is opened in a function that handles such cases alone.
pub(super) async fn kept(
    core: &Core,
    call: &Call,
    person: &Person,
    opening: Opening<'_>,
) -> Result<(Option<Item>, bool), Refusal> {
    let (quarantined, more) = register::quarantined_of(core, person).await?;
    let notes = v1::ExtractedNotes {
        registrations: registrations(person)?,
        other_identity_numbers: person.numbers.iter().skip(1).map(canonical).collect(),
        marks: marks(person)?,
        households: households(person)?,
        quarantined,
        withheld: false,
    };
    if notes == v1::ExtractedNotes::default() {
        return Ok((None, more));
    }
    let is_secret = protection::is_secret(person)? || household::is_shared(core, person).await?;
    let notes = if is_secret {
        match core.handles_marked(call, person.party, opening).await {
            Err(refusal) if refusal.reason == Reason::SecrecyFunctionRequired => {
                v1::ExtractedNotes {
                    withheld: true,
                    ..v1::ExtractedNotes::default()
                }
            }
            entered => entered.map(|_opening| notes)?,
        }
    } else {
        notes
    };
    Ok((Some(Item::Notes(notes)), more))
}

fn canonical(number: &IdentityNumber) -> String {
    number.canonical().to_owned()
}

fn registrations(person: &Person) -> Result<Vec<v1::ExtractedRegistration>, Refusal> {
    let timeline = register::told_of(person)?;
    let shown = |it: domain::register::Registration| v1::ExtractedRegistration {
        since: it.since.to_string(),
        municipality: it.municipality.resource_name(),
        without_address: it.is_without_address,
    };
    Ok(timeline.registrations().map(shown).collect())
}

fn marks(person: &Person) -> Result<Vec<v1::ExtractedMark>, Refusal> {
    let at = |micros: i64| {
        let at = Timestamp::from_microsecond(micros).ok();
        at.filter(|_| micros != 0).map(to_wire)
    };
    let marks = person.said::<sealed::ProtectedNote>(NoteKind::Protected)?;
    let told = marks.into_iter().flatten();
    let told = told.filter(|mark| *mark != sealed::ProtectedNote::default());
    Ok(told
        .map(|mark| v1::ExtractedMark {
            since: at(mark.changed_at_micros),
            protected: mark.protected,
            secrecy_marking: mark.marked,
            by_hand_at: at(mark.by_hand_at_micros),
            lifted_at: at(mark.lifted_at_micros),
        })
        .collect())
}

/// Each note names who announced, a blank, and the household.
fn households(person: &Person) -> Result<Vec<v1::ExtractedHousehold>, Refusal> {
    let notes = person.said::<sealed::MemberNote>(NoteKind::Member)?;
    let named = notes.into_iter().flatten().flat_map(|note| note.households);
    let shown = |named: String| {
        let (code, name) = named.split_once(' ')?;
        Some(v1::ExtractedHousehold {
            municipality: MunicipalityCode::parse(code)?.resource_name(),
            name: name.to_owned(),
        })
    };
    Ok(named.filter_map(shown).collect())
}
