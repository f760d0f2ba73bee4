//! ReportArrival. The shared part is wrapped for the previous municipality too, and held back: only an alert
//! about the arrival lets it be read there.

use api::generated::journal::v1 as sealed;
use api::parse::{self, ArrivalReport};
use api::status::Refusal;
use api::v1;
use domain::calendar::day_in_sweden;
use domain::entry::{Draft, Event, SealedPart};
use domain::identity::IdentityNumber;
use domain::reason::Notable;
use domain::subject::{Position, Subject, Version};
use jiff::{Timestamp, ToSpan as _};
use journal::{Answer, Batch, OpenClaim, Outcome, Request};
use ledger::ArrivalFold;
use uuid::Uuid;
use vault::{KeyRows, NoteKind, SearchTerm};

use crate::asked;
use crate::body::Body;
use crate::call::Call;
use crate::core::{Core, no_keys, unread};
use crate::follow;
use crate::permit::Party;
use crate::person::Person;
use crate::protection;
use crate::read::NOW;
use crate::relocation::{arrived, pseudonyms_of_arrival};
use crate::show;

/// The method's name in fingerprints.
const METHOD: &str = "ReportArrival";

pub(crate) async fn report(
    core: &Core,
    call: &Call,
    mut request: v1::ReportArrivalRequest,
) -> Result<v1::ReportArrivalResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let read = match parse::arrival(&request, party.code(), core.context()) {
        Ok(report) => about(core, party, &report.number, request.validate_only)
            .await
            .map(|person| (report, person)),
        Err(refusal) => Err(refusal),
    };
    // the rest is the content
    let is_dry = std::mem::take(&mut request.validate_only);
    let id = std::mem::take(&mut request.request_id);
    let (report, person) = match read {
        Ok(read) => read,
        Err(refusal) => {
            // what was answered once is answered again, whatever today's rules and dates say
            let answer = core.answered_before(party, &id, METHOD, &request).await?;
            return match answer {
                Some(answer) => answered(core, party, answer, &[]).await,
                None => Err(refusal),
            };
        }
    };
    let mut notable = report.warnings.clone();
    let way_out = (party.code(), report.previous);
    let returns = arrived(core, &person, way_out).await?;
    notable.extend(returns.map(|_subject| Notable::Returned));
    let (id, is_exempt) = (report.request_id, request.alternate_residence);
    let request = core.request(party.scope(), id, METHOD, &request).await?;
    let known = core.answered(&request).await?;
    if is_dry {
        let known = match known {
            Some(answer) => Some(answer),
            None => already_reported(core, &person, &report).await?,
        };
        return match known {
            Some(answer) => answered(core, party, answer, &notable).await,
            None => would(core, report, &notable).await,
        };
    }
    let number = report.number.clone();
    let answer = match known {
        Some(answer) => answer,
        None => write(core, &person, report, is_exempt, request).await?,
    };
    // also when it was answered before: whoever did that may have been cut off then
    follow::reported(core, party, answer.position, &number).await?;
    answered(core, party, answer, &notable).await
}

/// What would happen.
async fn would(
    core: &Core,
    report: ArrivalReport,
    notable: &[Notable],
) -> Result<v1::ReportArrivalResponse, Refusal> {
    let grace_days = i64::from(core.definition().await?.grace_days);
    let due_on = core.today().checked_add(grace_days.days());
    Ok(v1::ReportArrivalResponse {
        dry_run: Some(v1::DryRun {
            ground_carries: true,
            fields_seen_by_recipient: report.seen,
            recipient_connected: core.is_connected(report.previous).await?,
            answer_due_on: due_on.map(|date| date.to_string()).unwrap_or_default(),
            receiving_function: String::new(),
        }),
        warnings: show::warnings(notable),
        ..v1::ReportArrivalResponse::default()
    })
}

/// The report that this one would be pointed to.
async fn already_reported(
    core: &Core,
    person: &Person,
    report: &ArrivalReport,
) -> Result<Option<Answer>, Refusal> {
    let (previous, municipality) = (report.previous, person.party.code());
    let pseudonyms = pseudonyms_of_arrival(core, person, previous, core.today()).await?;
    let claim = OpenClaim::arrival(municipality, previous, &pseudonyms, report.arrived);
    let Some(claim) = claim else { return Ok(None) };
    let holder = core.journal.holder(&claim).await.map_err(unread)?;
    Ok(holder.map(|id| Answer {
        subject: Subject::arrival(id),
        position: NOW,
        already_open: true,
    }))
}

/// The answer of then: the arrival as it was at that position.
async fn answered(
    core: &Core,
    party: Party,
    answer: Answer,
    notable: &[Notable],
) -> Result<v1::ReportArrivalResponse, Refusal> {
    let (fold, entries) = core.arrival(party, answer.subject, answer.position).await?;
    let grace_until = grace_until(core, &fold, super::reported(&entries)).await?;
    let recorded = entries
        .last()
        .map_or(answer.position, |entry| entry.position);
    let already = answer.already_open.then_some(Notable::AlreadyReported);
    let notable: Vec<Notable> = already.iter().chain(notable).copied().collect();
    Ok(v1::ReportArrivalResponse {
        arrival: Some(show::arrival(answer.subject, &fold, false, grace_until)),
        position: i64::try_from(recorded.0).unwrap_or(i64::MAX),
        dry_run: None,
        warnings: show::warnings(&notable),
    })
}

/// The person whom a report is about, unless nothing may be.
async fn about(
    core: &Core,
    party: Party,
    number: &IdentityNumber,
    validate_only: bool,
) -> Result<Person, Refusal> {
    let person = Person::read(core, party, number, &[NoteKind::Protected]).await?;
    protection::refuse_report(core, &person, validate_only).await?;
    Ok(person)
}

async fn write(
    core: &Core,
    person: &Person,
    report: ArrivalReport,
    is_exempt: bool,
    request: Request,
) -> Result<Answer, Refusal> {
    let party = person.party;
    let (municipality, previous) = (party.code(), report.previous);
    let subject = Subject::arrival(Uuid::now_v7());
    let today = core.today();
    let pseudonyms = pseudonyms_of_arrival(core, person, previous, today).await?;
    let case = report.content.case_number.clone();
    let (number, arrived) = (report.number.clone(), report.arrived);
    let (parts, keys) = seal(core, party, subject, report).await?;
    let mut terms = vec![SearchTerm::Number(&number)];
    terms.extend((!case.is_empty()).then_some(SearchTerm::CaseNumber(&case)));
    let mut tokens = Vec::new();
    for term in terms {
        let row = core.vault.search_row(municipality, term, subject).await;
        tokens.push(row.map_err(no_keys)?);
    }
    let claim = OpenClaim::arrival(municipality, previous, &pseudonyms, arrived);
    let draft = Draft {
        subject,
        version: Version(1),
        event: Event::ArrivalReported {
            municipality,
            previous,
            pseudonyms,
            arrived,
            is_exempt,
        },
        notices: Vec::new(),
        sealed: parts,
    };
    let batch = Batch {
        drafts: vec![draft],
        request: Some(request),
        claim,
        ..Batch::default()
    };
    // before anybody can be asked about it
    if !is_exempt {
        asked::keep(core, person, previous, subject.id).await?;
    }
    Ok(match core.append_sealed(keys, tokens, batch).await? {
        Outcome::Appended(appended) => Answer {
            subject,
            position: appended.last,
            already_open: false,
        },
        Outcome::Repeated(answer) | Outcome::AlreadyOpen(answer) => {
            asked::forget(core, person, previous, subject.id).await?;
            answer
        }
    })
}

/// Seals a report for its municipality and, held back, for the previous one.
async fn seal(
    core: &Core,
    party: Party,
    subject: Subject,
    report: ArrivalReport,
) -> Result<(Vec<SealedPart>, KeyRows), Refusal> {
    let shared = sealed::SharedPart {
        legal_ground: report.legal_ground.code,
        arrival: Some(report.content),
        ..sealed::SharedPart::default()
    };
    let own = sealed::OwnPart {
        actor: Some(report.actor),
        legal_ground: Some(report.legal_ground),
        withheld_addresses: report.withheld_addresses,
        ..sealed::OwnPart::default()
    };
    core.seal(&Body {
        subject,
        version: Version(1),
        parties: (party.code(), report.previous),
        by: party.into(),
        shared: Some(&shared),
        own: &own,
    })
    .await
}

/// The envelope for the reporter as it is, or was at an instant; `reported` is where the report stands.
pub(super) async fn shown(
    core: &Core,
    (subject, at): (Subject, Option<Timestamp>),
    fold: &ArrivalFold,
    reported: Position,
) -> Result<v1::Arrival, Refusal> {
    let asked = super::is_asked(core, subject, at).await?;
    Ok(show::arrival(
        subject,
        fold,
        asked,
        grace_until(core, fold, reported).await?,
    ))
}

async fn grace_until(
    core: &Core,
    fold: &ArrivalFold,
    reported: Position,
) -> Result<String, Refusal> {
    let reported_on = day_in_sweden(fold.recorded_at);
    let grace_days = i64::from(core.definition_at(reported).await?.grace_days);
    let until = reported_on.checked_add(grace_days.days());
    Ok(until.map(|date| date.to_string()).unwrap_or_default())
}
