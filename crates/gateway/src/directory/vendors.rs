//! Vendors: whose systems may act for a municipality. Its own system alone lets them in and out.

use api::parse::{self, Faults};
use api::status::Refusal;
use api::v1;
use domain::function::{Grant, is_organisation_number};
use domain::municipality::{self, MunicipalityCode};
use domain::reason::Reason;
use jiff::civil::Date;
use ledger::{MunicipalityCommand, MunicipalityFold};

use super::own;
use crate::call::Call;
use crate::caller::Role;
use crate::core::Core;
use crate::page::TextPage;
use crate::permit::{Guest, Party};
use crate::write::halted;

pub(super) async fn grant(
    core: &Core,
    call: &Call,
    request: v1::GrantVendorRequest,
) -> Result<v1::GrantVendorResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let mut faults = Faults::default();
    let id = faults.request_id(&request.request_id);
    let actor = faults.actor(request.actor.as_ref());
    let given = request.vendor.as_ref();
    let grant = parse::grant(&mut faults, given, party.code(), core.today());
    if let Err(refusal) = faults.end() {
        // a day that was to come when it was granted may be over when it is retried
        return granted_before(core, party, request, refusal).await;
    }
    let grant = grant.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let number = grant.organisation_number.clone();
    let validate_only = request.validate_only;
    let normalised = normalised(request);
    let change = own::Change {
        party,
        request: core
            .request(party.scope(), id, "GrantVendor", &normalised)
            .await?,
        validate_only,
        etag: "",
        actor,
        what: MunicipalityCommand::GrantVendor(grant),
    };
    let fold = change.run(core).await?;
    let vendor = fold.vendors.get(&number);
    Ok(v1::GrantVendorResponse {
        vendor: vendor.map(|grant| shown(party.code(), grant, core.today())),
    })
}

fn normalised(request: v1::GrantVendorRequest) -> v1::GrantVendorRequest {
    v1::GrantVendorRequest {
        request_id: String::new(),
        validate_only: false,
        ..request
    }
}

/// The answer of then to a request that was accepted before; otherwise why it is refused now.
async fn granted_before(
    core: &Core,
    party: Party,
    mut request: v1::GrantVendorRequest,
    refusal: Refusal,
) -> Result<v1::GrantVendorResponse, Refusal> {
    let id = std::mem::take(&mut request.request_id);
    let normalised = normalised(request);
    let answer = core
        .answered_before(party, &id, "GrantVendor", &normalised)
        .await?
        .ok_or(refusal)?;
    let entries = core.entries(party, answer.subject, answer.position).await?;
    let fold = MunicipalityFold::fold(party.code(), &entries).map_err(halted)?;
    let number = normalised.vendor.map(|vendor| vendor.organisation_number);
    let vendor = number.and_then(|number| fold.vendors.get(&number));
    Ok(v1::GrantVendorResponse {
        vendor: vendor.map(|grant| shown(party.code(), grant, core.today())),
    })
}

pub(super) async fn withdraw(
    core: &Core,
    call: &Call,
    request: v1::WithdrawVendorRequest,
) -> Result<v1::WithdrawVendorResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let mut faults = Faults::default();
    let id = faults.request_id(&request.request_id);
    let actor = faults.actor(request.actor.as_ref());
    let number = request.organisation_number.clone();
    parse::organisation_number(&mut faults, "organisation_number", &number);
    faults.end()?;
    let validate_only = request.validate_only;
    let normalised = v1::WithdrawVendorRequest {
        request_id: String::new(),
        validate_only: false,
        ..request
    };
    let change = own::Change {
        party,
        request: core
            .request(party.scope(), id, "WithdrawVendor", &normalised)
            .await?,
        validate_only,
        etag: "",
        actor,
        what: MunicipalityCommand::WithdrawVendor {
            organisation_number: number,
        },
    };
    change.run(core).await?;
    Ok(v1::WithdrawVendorResponse {})
}

pub(super) async fn list(
    core: &Core,
    call: &Call,
    request: v1::ListVendorsRequest,
) -> Result<v1::ListVendorsResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let filters = v1::ListVendorsRequest {
        page_size: 0,
        page_token: String::new(),
        ..request.clone()
    };
    let (size, token) = (request.page_size, &request.page_token);
    let number = |text: &str| is_organisation_number(text).then(|| text.to_owned());
    let page = TextPage::read(size, token, &filters, number)?;
    let after = page.after.as_ref();
    let fold = core.municipality(party, party.code()).await?;
    let today = core.today();
    let found = fold
        .vendors
        .values()
        .filter(|known| after.is_none_or(|after| known.organisation_number > *after));
    let (page, next_page_token) = page.take(found, |last| last.organisation_number.clone());
    Ok(v1::ListVendorsResponse {
        vendors: page
            .into_iter()
            .map(|grant| shown(party.code(), grant, today))
            .collect(),
        next_page_token,
    })
}

/// What municipalities granted the caller: one look at each, since this is asked seldom.
pub(super) async fn granted(core: &Core, call: &Call) -> Result<Vec<v1::Vendor>, Refusal> {
    let mut grants = Vec::new();
    if !call.caller.roles.contains(&Role::CaseSystem) {
        return Ok(grants);
    }
    let today = core.today();
    for code in municipality::all().iter().map(|it| it.code) {
        let fold = core.municipality(Guest::of(call), code).await?;
        let grant = fold.vendors.get(&call.caller.organisation_number);
        grants.extend(grant.map(|grant| shown(code, grant, today)));
    }
    Ok(grants)
}

fn shown(by: MunicipalityCode, grant: &Grant, today: Date) -> v1::Vendor {
    v1::Vendor {
        name: format!(
            "{}/vendors/{}",
            by.resource_name(),
            grant.organisation_number
        ),
        organisation_number: grant.organisation_number.clone(),
        methods: grant.methods.iter().cloned().collect(),
        kinds: grant.kinds.iter().map(|kind| kind.number()).collect(),
        functions: grant
            .functions
            .iter()
            .map(|id| id.resource_name(by))
            .collect(),
        until: grant.until.to_string(),
        ended: grant.has_ended(today),
    }
}
