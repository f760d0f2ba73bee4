//! An announcement to a municipality that is not connected: kept like any other, and the answer says how it is reached
//! meanwhile.

use api::status::Refusal;
use api::v1;
use domain::municipality::MunicipalityCode;
use domain::reason::Notable;

use super::register;
use crate::call::Call;
use crate::core::Core;
use crate::permit::Guest;
use crate::show;

/// RegisterRelocation, with a warning when nobody is there yet to take it.
pub(super) async fn register(
    core: &Core,
    call: &Call,
    request: v1::RegisterRelocationRequest,
) -> Result<v1::RegisterRelocationResponse, Refusal> {
    let (lineage, today) = (core.context().lineage, core.today());
    let to = MunicipalityCode::parse_name(&request.receiving_municipality);
    // whoever goes on as it got it
    let to = to.map(|code| lineage.current(code, today));
    let mut answer = register::register(core, call, request).await?;
    let Some(to) = to else { return Ok(answer) };
    if core.is_connected(to).await? {
        return Ok(answer);
    }
    let warning = show::warnings(&[Notable::RecipientNotConnected]);
    answer.warnings.extend(warning);
    let goes_to = match (&answer.relocation, &answer.dry_run) {
        (Some(relocation), _) => relocation.receiving_function.clone(),
        (None, Some(dry_run)) => dry_run.receiving_function.clone(),
        (None, None) => String::new(),
    };
    let fold = core.municipality(Guest::of(call), to).await?;
    answer.reach_by = show::open_functions(&fold)
        .filter(|function| goes_to.is_empty() || function.name == goes_to)
        .collect();
    Ok(answer)
}
