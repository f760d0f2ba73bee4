//! What the rules refused: kept for audit, and told to whoever was refused. Operators see numbers alone.

mod record;

use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use domain::reason::Reason;
use domain::subject::Position;
use vault::Refused;

use crate::call::Call;
use crate::core::{Core, no_keys};
use crate::page::Page;
use crate::permit::{Operator, Party};

pub(crate) use record::Refusals;

pub(crate) async fn list(
    core: &Core,
    call: &Call,
    request: v1::ListRefusalsRequest,
) -> Result<v1::ListRefusalsResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let filters = v1::ListRefusalsRequest {
        page_size: 0,
        page_token: String::new(),
        ..request.clone()
    };
    let page = Page::read(request.page_size, &request.page_token, &filters)?;
    let found = core
        .vault
        .refusals(party.code(), page.below.0, page.size)
        .await
        .map_err(no_keys)?;
    let rows: Vec<_> = found
        .into_iter()
        .map(|(number, refused)| (shown(refused), Position(number)))
        .collect();
    Ok(v1::ListRefusalsResponse {
        next_page_token: page.next(&rows),
        refusals: rows.into_iter().map(|(refusal, _number)| refusal).collect(),
    })
}

fn shown(refused: Refused) -> v1::Refusal {
    v1::Refusal {
        refused_at: Some(to_wire(refused.at)),
        method: refused.method,
        reason: refused.reason,
        fields: refused.fields,
        call_id: refused.call_id.to_string(),
        organisation_number: refused.organisation_number,
    }
}

pub(crate) async fn count(
    core: &Core,
    call: &Call,
    _request: v1::CountRefusalsRequest,
) -> Result<v1::CountRefusalsResponse, Refusal> {
    Operator::of(call)?;
    let counts = core.vault.refusals_by_reason().await.map_err(no_keys)?;
    let counts = counts
        .into_iter()
        // protected persons are never counted
        .filter(|(reason, _count)| reason != Reason::ManualRouteRequired.code())
        .map(|(reason, count)| v1::RefusalCount {
            reason,
            count: i64::try_from(count).unwrap_or(i64::MAX),
        });
    Ok(v1::CountRefusalsResponse {
        counts: counts.collect(),
    })
}
