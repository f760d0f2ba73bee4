//! AdministrationService: definitions, and the clock outside production.

use std::sync::Arc;

use api::parse::Faults;
use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use api::v1::administration_service_server::AdministrationService;
use domain::definition::Definition;
use domain::entry::{Draft, Event};
use domain::reason::Reason;
use domain::subject::{Position, Subject, Version};
use jiff::{SignedDuration, Timestamp};
use journal::{Batch, Outcome};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::call::Call;
use crate::core::{Core, unread};
use crate::limits::ADVANCE_SECONDS_MAX;
use crate::permit::Administrator;
use crate::relocation::method;

/// The service.
#[derive(Clone)]
pub(crate) struct Administration(pub(crate) Arc<Core>);

#[tonic::async_trait]
impl AdministrationService for Administration {
    method!(
        get_definition,
        "GetDefinition",
        v1::GetDefinitionRequest,
        v1::GetDefinitionResponse,
        get_definition
    );
    method!(
        set_definition,
        "SetDefinition",
        v1::SetDefinitionRequest,
        v1::SetDefinitionResponse,
        set_definition
    );
    method!(
        advance_clock,
        "AdvanceClock",
        v1::AdvanceClockRequest,
        v1::AdvanceClockResponse,
        advance_clock
    );
}

/// The methods' names in fingerprints.
const SET: &str = "SetDefinition";
const ADVANCE: &str = "AdvanceClock";

async fn get_definition(
    core: &Core,
    _call: &Call,
    _request: v1::GetDefinitionRequest,
) -> Result<v1::GetDefinitionResponse, Refusal> {
    Ok(v1::GetDefinitionResponse {
        definition: Some(shown(core.definition().await?)),
    })
}

async fn set_definition(
    core: &Core,
    call: &Call,
    request: v1::SetDefinitionRequest,
) -> Result<v1::SetDefinitionResponse, Refusal> {
    let administrator = Administrator::of(call)?;
    if let Some(definition) = set_before(core, administrator, &request).await? {
        return Ok(v1::SetDefinitionResponse {
            definition: Some(definition),
        });
    }
    let mut faults = Faults::default();
    let id = faults.request_id(&request.request_id);
    let definition = request.definition.as_ref().and_then(read);
    match definition {
        None => faults.add("definition", Reason::FieldOutOfRange),
        Some(definition) if definition.version != core.definition().await?.version + 1 => {
            faults.add("definition.version", Reason::DefinitionVersion);
        }
        Some(_) => {}
    }
    faults.end()?;
    let definition = definition.ok_or_else(|| Refusal::new(Reason::Internal))?;
    if !request.validate_only {
        // the key makes two administrators that set the same version at once into one and a refusal
        let key = Some(format!("definition/{}", definition.version));
        let normalised = v1::SetDefinitionRequest {
            request_id: String::new(),
            ..request
        };
        let kept = core
            .request(administrator.scope(), id, SET, &normalised)
            .await?;
        write(core, kept, Event::DefinitionSet(definition), key).await?;
    }
    Ok(v1::SetDefinitionResponse {
        definition: Some(shown(definition)),
    })
}

/// The definition that this very request set already: a retry gets the answer of then.
async fn set_before(
    core: &Core,
    administrator: Administrator,
    request: &v1::SetDefinitionRequest,
) -> Result<Option<v1::Definition>, Refusal> {
    let Ok(id) = Uuid::try_parse(&request.request_id) else {
        return Ok(None);
    };
    let normalised = v1::SetDefinitionRequest {
        request_id: String::new(),
        validate_only: false,
        ..*request
    };
    let kept = core
        .request(administrator.scope(), id, SET, &normalised)
        .await?;
    Ok(core.answered(&kept).await?.and(request.definition))
}

async fn advance_clock(
    core: &Core,
    call: &Call,
    request: v1::AdvanceClockRequest,
) -> Result<v1::AdvanceClockResponse, Refusal> {
    let administrator = Administrator::of(call)?;
    if core.production {
        return Err(Refusal::new(Reason::OnlyOutsideProduction));
    }
    let mut faults = Faults::default();
    let id = faults.request_id(&request.request_id);
    if !(1..=ADVANCE_SECONDS_MAX).contains(&request.seconds) {
        faults.add("seconds", Reason::FieldOutOfRange);
    }
    faults.end()?;
    let normalised = v1::AdvanceClockRequest {
        request_id: String::new(),
        validate_only: false,
        ..request
    };
    let kept = core
        .request(administrator.scope(), id, ADVANCE, &normalised)
        .await?;
    // once more it is answered with the time of then
    let answer = core.answered(&kept).await?.map(|answer| answer.position);
    let moved = match answer {
        None if !request.validate_only => {
            let event = Event::ClockAdvanced {
                seconds: request.seconds,
            };
            Some(write(core, kept, event, None).await?)
        }
        answer => answer,
    };
    let now = match moved {
        Some(position) => moved_at(core, position).await?,
        None => core.journal.now(),
    };
    Ok(v1::AdvanceClockResponse {
        now: Some(to_wire(now)),
    })
}

/// The time that an entry moved the clock to.
async fn moved_at(core: &Core, position: Position) -> Result<Timestamp, Refusal> {
    let before = Position(position.0.saturating_sub(1));
    let entries = core.journal.read_after(before, 1).await.map_err(unread)?;
    let entry = entries.first().map(|stored| &stored.entry);
    if let Some(entry) = entry
        && let Event::ClockAdvanced { seconds } = entry.event
        && let Ok(moved) = entry
            .recorded_at
            .checked_add(SignedDuration::from_secs(seconds))
    {
        return Ok(moved);
    }
    Err(Refusal::new(Reason::Internal))
}

/// Records it, and says where.
async fn write(
    core: &Core,
    request: journal::Request,
    event: Event,
    unique_key: Option<String>,
) -> Result<Position, Refusal> {
    let draft = Draft {
        subject: Subject::SYSTEM,
        version: Version(1),
        event,
        notices: Vec::new(),
        sealed: Vec::new(),
    };
    let batch = Batch {
        drafts: vec![draft],
        request: Some(request),
        unique_key,
        ..Batch::default()
    };
    Ok(match core.append(batch).await? {
        Outcome::Appended(appended) => appended.last,
        Outcome::Repeated(answer) | Outcome::AlreadyOpen(answer) => answer.position,
    })
}

fn read(definition: &v1::Definition) -> Option<Definition> {
    let number = |value: i32| u32::try_from(value).ok();
    let definition = Definition {
        version: number(definition.version)?,
        grace_days: number(definition.grace_days)?,
        early_months: number(definition.early_months)?,
        late_months: number(definition.late_months)?,
        not_arrived_months: number(definition.not_arrived_months)?,
        answer_days: number(definition.answer_days)?,
        expiry_days: number(definition.expiry_days)?,
        drills: definition.drills,
    };
    definition.is_sound().then_some(definition)
}

fn shown(definition: Definition) -> v1::Definition {
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    v1::Definition {
        version: number(definition.version),
        grace_days: number(definition.grace_days),
        early_months: number(definition.early_months),
        late_months: number(definition.late_months),
        not_arrived_months: number(definition.not_arrived_months),
        answer_days: number(definition.answer_days),
        expiry_days: number(definition.expiry_days),
        drills: definition.drills,
    }
}
