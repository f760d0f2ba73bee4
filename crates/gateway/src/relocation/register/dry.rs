//! A dry run of RegisterRelocation: what the call would be answered with, if it came now. Nothing is recorded, not even
//! the request id.

use api::parse::Registration;
use api::status::Refusal;
use api::v1;
use domain::municipality::MunicipalityCode;
use domain::reason::Notable;
use domain::subject::Subject;
use jiff::civil::Date;
use journal::{Answer, Request};

use super::answer::{pointed, stands};
use super::claim;
use crate::core::{Core, unread};
use crate::person::Person;
use crate::read::NOW;
use crate::show;

/// What stands already is the answer, as it would be; otherwise what would happen.
pub(super) async fn run(
    core: &Core,
    person: &Person,
    (registration, (today, due_on)): (Registration, (Date, Date)),
    (request, notable): (&Request, Vec<Notable>),
) -> Result<v1::RegisterRelocationResponse, Refusal> {
    let recipient = registration.recipient;
    let answer = match core.answered(request).await? {
        Some(answer) => Some(answer),
        None => already_open(core, person, recipient, today).await?,
    };
    if let Some(answer) = answer {
        stands(core, person.party, answer, registration.kind.number()).await?;
        let noted = (registration.is_marked, notable);
        return pointed(core, person.party, answer, noted).await;
    }
    let function = registration.function.as_ref();
    Ok(v1::RegisterRelocationResponse {
        warnings: show::warnings(&notable),
        dry_run: Some(v1::DryRun {
            ground_carries: true,
            fields_seen_by_recipient: registration.seen,
            recipient_connected: core.is_connected(recipient).await?,
            answer_due_on: due_on.to_string(),
            receiving_function: function
                .map(|id| id.resource_name(recipient))
                .unwrap_or_default(),
        }),
        ..v1::RegisterRelocationResponse::default()
    })
}

/// The open relocation that the call would be pointed to.
async fn already_open(
    core: &Core,
    person: &Person,
    recipient: MunicipalityCode,
    today: Date,
) -> Result<Option<Answer>, Refusal> {
    let claim = claim(core, person, recipient, today).await?;
    let holder = core.journal.holder(&claim).await.map_err(unread)?;
    Ok(holder.map(|id| Answer {
        subject: Subject::relocation(id),
        position: NOW,
        already_open: true,
    }))
}
