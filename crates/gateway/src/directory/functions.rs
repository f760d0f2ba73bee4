//! Functions of municipalities: described by their own, read by everybody. Addresses of functions, never of people.

use api::parse::{self, Faults};
use api::status::Refusal;
use api::v1;
use domain::function::{Function, FunctionId};
use domain::reason::Reason;
use ledger::{MunicipalityCommand, MunicipalityFold};

use super::own;
use crate::call::Call;
use crate::core::Core;
use crate::page::TextPage;
use crate::permit::{Guest, Party};
use crate::show;

/// The method's name in fingerprints.
const METHOD: &str = "SetFunction";

pub(super) async fn set(
    core: &Core,
    call: &Call,
    request: v1::SetFunctionRequest,
) -> Result<v1::SetFunctionResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let mut faults = Faults::default();
    let id = faults.request_id(&request.request_id);
    let actor = faults.actor(request.actor.as_ref());
    let function = parse::function(&mut faults, request.function.as_ref(), party.code());
    faults.end()?;
    let function = function.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let shown = function.id.clone();
    let etag = request.function.as_ref().map(|it| it.etag.clone());
    let validate_only = request.validate_only;
    let normalised = v1::SetFunctionRequest {
        request_id: String::new(),
        validate_only: false,
        ..request
    };
    let change = own::Change {
        party,
        request: core.request(party.scope(), id, METHOD, &normalised).await?,
        validate_only,
        etag: &etag.unwrap_or_default(),
        actor,
        what: MunicipalityCommand::SetFunction(function),
    };
    let fold = change.run(core).await?;
    Ok(v1::SetFunctionResponse {
        function: named(&fold, &shown),
    })
}

pub(super) async fn get(
    core: &Core,
    call: &Call,
    request: v1::GetFunctionRequest,
) -> Result<v1::GetFunctionResponse, Refusal> {
    let (code, id) = FunctionId::parse_name(&request.name)
        .ok_or_else(|| Refusal::field("name", Reason::NameInvalid))?;
    let fold = core.municipality(Guest::of(call), code).await?;
    let function = named(&fold, &id);
    if function.is_none() {
        return Err(unknown(&fold, "name", Reason::FunctionUnknown));
    }
    Ok(v1::GetFunctionResponse { function })
}

pub(super) async fn list(
    core: &Core,
    call: &Call,
    request: v1::ListFunctionsRequest,
) -> Result<v1::ListFunctionsResponse, Refusal> {
    let code = parse::municipality("parent", &request.parent)?.code;
    let filters = v1::ListFunctionsRequest {
        page_size: 0,
        page_token: String::new(),
        ..request.clone()
    };
    let (size, token) = (request.page_size, &request.page_token);
    let page = TextPage::read(size, token, &filters, FunctionId::parse)?;
    let after = page.after.as_ref();
    let fold = core.municipality(Guest::of(call), code).await?;
    let found = fold
        .functions
        .values()
        .filter(|known| after.is_none_or(|after| known.id > *after))
        .filter(|known| request.include_closed || !known.is_closed);
    let (page, next_page_token) = page.take(found, |last| last.id.as_str().to_owned());
    let functions = page.into_iter();
    Ok(v1::ListFunctionsResponse {
        functions: functions
            .map(|known| show::function(&fold, known))
            .collect(),
        next_page_token,
    })
}

/// A function as everybody sees it; none when there is no such one.
fn named(fold: &MunicipalityFold, id: &FunctionId) -> Option<v1::Function> {
    let known = fold.functions.get(id)?;
    Some(show::function(fold, known))
}

/// A function that is not there, closed, or not for this: with those that are. The manual route never says why.
pub(crate) fn unknown(fold: &MunicipalityFold, field: &str, reason: Reason) -> Refusal {
    if reason == Reason::ManualRouteRequired {
        return Refusal::new(reason);
    }
    let is_for_it =
        |known: &&Function| reason != Reason::FunctionNotForMarked || known.handles_secrecy_marked;
    let open = fold.open_functions().filter(is_for_it);
    let open: Vec<&str> = open.map(|known| known.id.as_str()).collect();
    Refusal::field(field, reason).with("functions", open.join(", "))
}
