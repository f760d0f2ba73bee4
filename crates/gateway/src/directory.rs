//! DirectoryService: the municipalities and their functions, who the caller is, and what it was refused.

pub(crate) mod drills;
pub(crate) mod functions;
mod own;
mod vendors;

use std::collections::BTreeSet;
use std::sync::Arc;

use api::parse;
use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use api::v1::directory_service_server::DirectoryService;
use domain::municipality::{self, MunicipalityCode};
use tonic::{Request, Response, Status};

use crate::call::Call;
use crate::core::Core;
use crate::page::TextPage;
use crate::permit::Guest;
use crate::refusals;
use crate::relocation::method;

/// The service.
#[derive(Clone)]
pub(crate) struct Directory(pub(crate) Arc<Core>);

#[tonic::async_trait]
impl DirectoryService for Directory {
    method!(
        list_municipalities,
        "ListMunicipalities",
        v1::ListMunicipalitiesRequest,
        v1::ListMunicipalitiesResponse,
        list
    );
    method!(
        get_municipality,
        "GetMunicipality",
        v1::GetMunicipalityRequest,
        v1::GetMunicipalityResponse,
        get
    );
    method!(
        list_functions,
        "ListFunctions",
        v1::ListFunctionsRequest,
        v1::ListFunctionsResponse,
        functions::list
    );
    method!(
        get_function,
        "GetFunction",
        v1::GetFunctionRequest,
        v1::GetFunctionResponse,
        functions::get
    );
    method!(
        set_function,
        "SetFunction",
        v1::SetFunctionRequest,
        v1::SetFunctionResponse,
        functions::set
    );
    method!(
        grant_vendor,
        "GrantVendor",
        v1::GrantVendorRequest,
        v1::GrantVendorResponse,
        vendors::grant
    );
    method!(
        withdraw_vendor,
        "WithdrawVendor",
        v1::WithdrawVendorRequest,
        v1::WithdrawVendorResponse,
        vendors::withdraw
    );
    method!(
        get_drill,
        "GetDrill",
        v1::GetDrillRequest,
        v1::GetDrillResponse,
        drills::get
    );
    method!(
        acknowledge_drill,
        "AcknowledgeDrill",
        v1::AcknowledgeDrillRequest,
        v1::AcknowledgeDrillResponse,
        drills::acknowledge
    );
    method!(
        list_vendors,
        "ListVendors",
        v1::ListVendorsRequest,
        v1::ListVendorsResponse,
        vendors::list
    );
    method!(
        who_am_i,
        "WhoAmI",
        v1::WhoAmIRequest,
        v1::WhoAmIResponse,
        who_am_i
    );
    method!(
        list_refusals,
        "ListRefusals",
        v1::ListRefusalsRequest,
        v1::ListRefusalsResponse,
        refusals::list
    );
    method!(
        count_refusals,
        "CountRefusals",
        v1::CountRefusalsRequest,
        v1::CountRefusalsResponse,
        refusals::count
    );
}

async fn list(
    core: &Core,
    call: &Call,
    request: v1::ListMunicipalitiesRequest,
) -> Result<v1::ListMunicipalitiesResponse, Refusal> {
    let filters = v1::ListMunicipalitiesRequest {
        page_size: 0,
        page_token: String::new(),
        ..request.clone()
    };
    let (size, token) = (request.page_size, &request.page_token);
    let page = TextPage::read(size, token, &filters, MunicipalityCode::parse)?;
    let wanted = request.name_contains.to_lowercase();
    let today = core.today();
    let found = municipality::all()
        .iter()
        .filter(|m| page.after.is_none_or(|after| m.code > after))
        .filter(|m| request.include_closed || m.is_open(today))
        .filter(|m| request.county_code.is_empty() || m.county_code == request.county_code)
        .filter(|m| wanted.is_empty() || m.name.to_lowercase().contains(&wanted));
    let (page, next_page_token) = page.take(found, |last| last.code.to_string());
    let mut municipalities = Vec::with_capacity(page.len());
    for found in page {
        municipalities.push(shown(core, call, found).await?);
    }
    Ok(v1::ListMunicipalitiesResponse {
        municipalities,
        next_page_token,
    })
}

async fn get(
    core: &Core,
    call: &Call,
    request: v1::GetMunicipalityRequest,
) -> Result<v1::GetMunicipalityResponse, Refusal> {
    let found = parse::municipality("name", &request.name)?;
    Ok(v1::GetMunicipalityResponse {
        municipality: Some(shown(core, call, found).await?),
    })
}

async fn shown(
    core: &Core,
    call: &Call,
    found: &municipality::Municipality,
) -> Result<v1::Municipality, Refusal> {
    let fold = core.municipality(Guest::of(call), found.code).await?;
    Ok(v1::Municipality {
        name: found.code.resource_name(),
        display_name: found.name.to_owned(),
        county_code: found.county_code.to_owned(),
        county: found.county.to_owned(),
        valid_from: found
            .valid_from
            .map(|date| date.to_string())
            .unwrap_or_default(),
        valid_to: found
            .valid_to
            .map(|date| date.to_string())
            .unwrap_or_default(),
        successor: found
            .successor
            .map(MunicipalityCode::resource_name)
            .unwrap_or_default(),
        split_from: found
            .split_from
            .map(MunicipalityCode::resource_name)
            .unwrap_or_default(),
        last_reached_on: drills::last_reached_on(&fold),
        connected: core.is_connected(found.code).await?,
    })
}

/// For whom the caller may act by its certificate: its own municipality, and those that it goes on as; each once, also
/// when several of its own are of one family.
fn own(core: &Core, call: &Call) -> BTreeSet<MunicipalityCode> {
    let (lineage, today) = (core.context().lineage, core.today());
    let own = &call.caller.municipalities;
    let all = own.iter().flat_map(move |code| lineage.family(*code));
    let mine =
        move |code: &MunicipalityCode| own.iter().any(|own| lineage.continues(*own, *code, today));
    all.filter(mine).collect()
}

async fn who_am_i(
    core: &Core,
    call: &Call,
    _request: v1::WhoAmIRequest,
) -> Result<v1::WhoAmIResponse, Refusal> {
    let caller = &call.caller;
    Ok(v1::WhoAmIResponse {
        organisation_number: caller.organisation_number.clone(),
        organisation: caller.organisation.clone(),
        roles: caller
            .roles
            .iter()
            .map(|role| role.name().to_owned())
            .collect(),
        municipalities: own(core, call)
            .into_iter()
            .map(MunicipalityCode::resource_name)
            .collect(),
        valid_until: Some(to_wire(caller.valid_until)),
        environment: if core.production {
            "production"
        } else {
            "test"
        }
        .to_owned(),
        now: Some(to_wire(core.journal.now())),
        grants: vendors::granted(core, call).await?,
    })
}
