//! RegisterRelocation: the main job. Keys first, then one commit that records and dispatches.

use api::generated::journal::v1 as sealed;
use api::parse::{self, Registration};
use api::status::Refusal;
use api::v1;
use domain::calendar;
use domain::code::NoticeKind;
use domain::entry::{Draft, Event, SealedPart};
use domain::municipality::MunicipalityCode;
use domain::reason::Notable;
use domain::relocation_state::RelocationState;
use domain::subject::{Pseudonym, Subject, Version};
use jiff::civil::Date;
use journal::{Answer, Batch, OpenClaim, OpenKey, Outcome};
use ledger::RelocationFold;
use uuid::Uuid;
use vault::SearchTerm;

use crate::body::Body;
use crate::call::Call;
use crate::core::{Core, no_keys, unread};
use crate::permit::Party;
use crate::show;
use crate::write::halted;

/// The method's name in fingerprints.
const METHOD: &str = "RegisterRelocation";
/// Working days that the receiver has to answer.
const ANSWER_WORKING_DAYS: u32 = 10;

pub(super) async fn register(
    core: &Core,
    call: &Call,
    mut request: v1::RegisterRelocationRequest,
) -> Result<v1::RegisterRelocationResponse, Refusal> {
    let party = Party::of(&call.caller, &request.municipality)?;
    let context = core.context();
    let registration = match parse::registration(&request, party.code(), context) {
        Ok(registration) => registration,
        Err(refusal) => {
            // what was answered once is answered again, whatever today's rules and dates say
            let id = std::mem::take(&mut request.request_id);
            let answer = core.answered_before(party, &id, METHOD, &request).await?;
            return match answer.filter(|_| !request.validate_only) {
                Some(answer) => answered(core, party, answer).await,
                None => Err(refusal),
            };
        }
    };
    let due_on = calendar::add_working_days(context.today, ANSWER_WORKING_DAYS);
    if request.validate_only {
        return Ok(v1::RegisterRelocationResponse {
            dry_run: Some(v1::DryRun {
                ground_carries: true,
                fields_seen_by_recipient: registration.seen,
                recipient_connected: core
                    .views
                    .is_connected(registration.recipient)
                    .await
                    .map_err(unread)?,
                answer_due_on: due_on.to_string(),
            }),
            ..v1::RegisterRelocationResponse::default()
        });
    }
    let id = registration.request_id;
    let normalised = v1::RegisterRelocationRequest {
        request_id: String::new(),
        ..request
    };
    let request = core
        .request(party.scope(), party.code(), id, METHOD, &normalised)
        .await?;
    let prepared = prepare(core, party.code(), registration, due_on, context.today).await?;
    let (subject, fold) = (prepared.draft.subject, prepared.fold);
    let batch = Batch {
        drafts: vec![prepared.draft],
        request: Some(request),
        claim: Some(prepared.claim),
        ..Batch::default()
    };
    match core
        .append_sealed(prepared.keys, prepared.tokens, batch)
        .await?
    {
        Outcome::Appended(appended) => {
            let fold = RelocationFold {
                recorded_at: appended.recorded_at,
                ..fold
            };
            Ok(v1::RegisterRelocationResponse {
                relocation: Some(show::relocation(subject, &fold, party.code())),
                position: i64::try_from(appended.last.0).unwrap_or(i64::MAX),
                ..v1::RegisterRelocationResponse::default()
            })
        }
        Outcome::Repeated(answer) | Outcome::AlreadyOpen(answer) => {
            answered(core, party, answer).await
        }
    }
}

/// The answer of then: the relocation as it was at that position.
async fn answered(
    core: &Core,
    party: Party,
    answer: Answer,
) -> Result<v1::RegisterRelocationResponse, Refusal> {
    let entries = core.entries_up_to(answer.subject, answer.position).await?;
    let fold = party.relocation(RelocationFold::fold(&entries).map_err(halted)?)?;
    let warning = answer.already_open.then(|| v1::Warning {
        reason: Notable::AlreadyAnnounced.code().to_owned(),
        message: Notable::AlreadyAnnounced.message().to_owned(),
        message_sv: Notable::AlreadyAnnounced.message_sv().to_owned(),
    });
    let recorded = entries
        .last()
        .map_or(answer.position, |entry| entry.position);
    Ok(v1::RegisterRelocationResponse {
        relocation: Some(show::relocation(answer.subject, &fold, party.code())),
        position: i64::try_from(recorded.0).unwrap_or(i64::MAX),
        warnings: warning.into_iter().collect(),
        dry_run: None,
    })
}

/// A registration ready to be written.
struct Prepared {
    draft: Draft,
    fold: RelocationFold,
    claim: OpenClaim,
    keys: vault::KeyRows,
    tokens: Vec<vault::SearchRow>,
}

async fn prepare(
    core: &Core,
    sender: MunicipalityCode,
    registration: Registration,
    due_on: Date,
    today: Date,
) -> Result<Prepared, Refusal> {
    let recipient = registration.recipient;
    let subject = Subject::relocation(Uuid::now_v7());
    let mut pseudonyms = pseudonyms(core, sender, &registration.number, sender, today).await?;
    let pseudonym = pseudonyms.remove(0);
    let shared = sealed::SharedPart {
        legal_ground: registration.legal_ground.code,
        relocation: Some(registration.content),
        ..sealed::SharedPart::default()
    };
    let own = sealed::OwnPart {
        actor: Some(registration.actor),
        legal_ground: Some(registration.legal_ground),
        ..sealed::OwnPart::default()
    };
    let (parts, keys) = core
        .seal(&Body {
            subject,
            version: Version(1),
            parties: (sender, recipient),
            by: sender,
            shared: Some(&shared),
            own: &own,
        })
        .await?;
    let case = shared
        .relocation
        .as_ref()
        .map_or("", |content| content.case_number.as_str());
    let number = SearchTerm::Number(&registration.number);
    let terms = [
        (sender, number),
        (recipient, number),
        (sender, SearchTerm::CaseNumber(case)),
    ];
    let mut tokens = Vec::with_capacity(terms.len());
    for (authority, term) in terms {
        let row = core.vault.search_row(authority, term, subject).await;
        tokens.push(row.map_err(no_keys)?);
    }
    let fold = RelocationFold {
        sender,
        recipient,
        kind: registration.kind,
        pseudonym,
        planned: registration.planned,
        answer_due_on: due_on,
        recorded_at: core.journal.now(),
        state: RelocationState::Registered,
        version: Version(1),
        arrival: None,
    };
    let key = OpenKey {
        sender,
        recipient,
        pseudonym,
    };
    Ok(Prepared {
        draft: draft(subject, &fold, parts),
        fold,
        claim: OpenClaim {
            key,
            also: pseudonyms,
        },
        keys,
        tokens,
    })
}

/// The entry to be.
fn draft(subject: Subject, fold: &RelocationFold, sealed: Vec<SealedPart>) -> Draft {
    Draft {
        subject,
        version: fold.version,
        event: Event::RelocationRegistered {
            sender: fold.sender,
            recipient: fold.recipient,
            kind: fold.kind,
            pseudonym: fold.pseudonym,
            planned: fold.planned,
            answer_due_on: fold.answer_due_on,
        },
        notices: vec![(fold.recipient, NoticeKind::RelocationRegistered)],
        sealed,
    }
}

/// Years whose keys are compared: an announcement may be made 24 months before the move, and matches up to
/// 24 months after it, by the widest definition there can be.
const EPOCHS: i16 = 5;

/// A person's pseudonyms in a scope: of this year's key first, then of the years before.
pub(crate) async fn pseudonyms(
    core: &Core,
    scope: MunicipalityCode,
    number: &domain::identity::IdentityNumber,
    issuer: MunicipalityCode,
    today: Date,
) -> Result<Vec<Pseudonym>, Refusal> {
    let mut pseudonyms = Vec::new();
    for back in 0..EPOCHS {
        let epoch = today.year() - back;
        let pseudonym = core.vault.pseudonym(scope, epoch, number, issuer).await;
        pseudonyms.push(pseudonym.map_err(no_keys)?);
    }
    Ok(pseudonyms)
}
