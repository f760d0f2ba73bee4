//! What a municipality may be asked about a person: the reports that others made, as a note of the one that may be asked,
//! under each number that whoever reports knows. So what it told is found by the person, and nothing is shown by it.

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use domain::municipality::MunicipalityCode;
use domain::subject::Subject;
use uuid::Uuid;
use vault::NoteKind;

use crate::core::Core;
use crate::limits::ASKED_MAX;
use crate::note;
use crate::person::Person;

/// Keeps that a municipality may be asked about a person by way of a report. What is there already stays.
pub(crate) async fn keep(
    core: &Core,
    person: &Person,
    of: MunicipalityCode,
    arrival: Uuid,
) -> Result<(), Refusal> {
    change(core, person, of, |arrivals| {
        let arrival = arrival.into_bytes().to_vec();
        if !arrivals.contains(&arrival) {
            arrivals.push(arrival);
        }
        let more = arrivals.len().saturating_sub(ASKED_MAX);
        arrivals.drain(..more);
    })
    .await
}

/// Keeps it no longer: the report was never made.
pub(crate) async fn forget(
    core: &Core,
    person: &Person,
    of: MunicipalityCode,
    arrival: Uuid,
) -> Result<(), Refusal> {
    change(core, person, of, |arrivals| {
        arrivals.retain(|known| known.as_slice() != arrival.as_bytes());
    })
    .await
}

async fn change(
    core: &Core,
    person: &Person,
    of: MunicipalityCode,
    how: impl Fn(&mut Vec<Vec<u8>>),
) -> Result<(), Refusal> {
    for number in &person.numbers {
        let name = note::name(core, of, NoteKind::Asked, number).await?;
        note::change(core, name, |_revision, before| {
            let before: sealed::AskedNote = before.unwrap_or_default();
            let mut after = before.clone();
            how(&mut after.arrivals);
            ((after != before).then_some(after), ())
        })
        .await?;
    }
    Ok(())
}

/// The questions that a municipality was asked about a person, or may be yet.
pub(crate) async fn questions(core: &Core, person: &Person) -> Result<Vec<Subject>, Refusal> {
    let mut questions = Vec::new();
    for number in &person.numbers {
        let name = note::name(core, person.party.code(), NoteKind::Asked, number).await?;
        let (_revision, note) = note::read::<sealed::AskedNote>(core, name).await?;
        let arrivals = note.unwrap_or_default().arrivals;
        let ids = arrivals.iter().filter_map(|id| Uuid::from_slice(id).ok());
        questions.extend(ids.map(ledger::question_about));
    }
    questions.sort();
    questions.dedup();
    Ok(questions)
}
