//! Drills: a person took a month's in. Sent by the ledger, never from here.

use api::parse::Faults;
use api::status::Refusal;
use api::v1;
use domain::calendar::day_in_sweden;
use domain::month::Month;
use domain::reason::Reason;
use ledger::{MunicipalityCommand, MunicipalityFold};

use super::own;
use crate::call::Call;
use crate::core::Core;
use crate::permit::Party;

/// The method's name in fingerprints.
const METHOD: &str = "AcknowledgeDrill";

pub(super) async fn acknowledge(
    core: &Core,
    call: &Call,
    request: v1::AcknowledgeDrillRequest,
) -> Result<v1::AcknowledgeDrillResponse, Refusal> {
    let party = Party::of(core, call, &request.municipality).await?;
    let mut faults = Faults::default();
    let id = faults.request_id(&request.request_id);
    let actor = faults.actor(request.actor.as_ref());
    let month = Month::parse(&request.month);
    if month.is_none() {
        let reason = if request.month.is_empty() {
            Reason::FieldRequired
        } else {
            Reason::DateInvalid
        };
        faults.add("month", reason);
    }
    faults.end()?;
    let month = month.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let validate_only = request.validate_only;
    let normalised = v1::AcknowledgeDrillRequest {
        request_id: String::new(),
        validate_only: false,
        ..request
    };
    let change = own::Change {
        party,
        request: core.request(party.scope(), id, METHOD, &normalised).await?,
        validate_only,
        etag: "",
        actor,
        what: MunicipalityCommand::AcknowledgeDrill { month },
    };
    let fold = change.run(core).await?;
    Ok(v1::AcknowledgeDrillResponse {
        last_reached_on: last_reached_on(&fold),
    })
}

/// The day on which a person last took a drill in; empty for never.
pub(super) fn last_reached_on(fold: &MunicipalityFold) -> String {
    let taken = fold.drill_acknowledged;
    taken
        .map(|taken| day_in_sweden(taken.at).to_string())
        .unwrap_or_default()
}
