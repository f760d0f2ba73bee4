//! RestrictRelocation and ReleaseRelocation: each party for itself, with its reason and its officer.

use api::generated::journal::v1 as sealed;
use api::parse::{self, Faults};
use api::status::Refusal;
use api::v1;
use domain::code::Restriction;
use domain::reason::Reason;
use domain::subject::SubjectKind;
use ledger::RelocationCommand;

use super::{Common, common};
use crate::call::Call;
use crate::core::Core;
use crate::permit::Party;

pub(in crate::relocation) async fn restrict(
    core: &Core,
    call: &Call,
    request: v1::RestrictRelocationRequest,
) -> Result<v1::RestrictRelocationResponse, Refusal> {
    let mut faults = Faults::default();
    let restriction = read(&mut faults, request.kind, &request.text);
    let mut common = common!(core, call, request, "RestrictRelocation", faults);
    let restriction = restriction.ok_or_else(|| Refusal::new(Reason::Internal))?;
    common.own.text.clone_from(&request.text);
    let relocation = common
        .run(core, RelocationCommand::Restrict { restriction }, None)
        .await?;
    Ok(v1::RestrictRelocationResponse { relocation })
}

pub(in crate::relocation) async fn release(
    core: &Core,
    call: &Call,
    request: v1::ReleaseRelocationRequest,
) -> Result<v1::ReleaseRelocationResponse, Refusal> {
    let mut faults = Faults::default();
    let restriction = read(&mut faults, request.kind, &request.text);
    let mut common = common!(core, call, request, "ReleaseRelocation", faults);
    let restriction = restriction.ok_or_else(|| Refusal::new(Reason::Internal))?;
    common.own.text.clone_from(&request.text);
    let relocation = common
        .run(core, RelocationCommand::Release { restriction }, None)
        .await?;
    Ok(v1::ReleaseRelocationResponse { relocation })
}

/// Which restriction; none when it is at fault. The reason is demanded in writing.
fn read(faults: &mut Faults, kind: i32, text: &str) -> Option<Restriction> {
    let restriction = Restriction::from_number(kind);
    if restriction.is_none() {
        let why = if kind == 0 {
            Reason::FieldRequired
        } else {
            Reason::ValueUnknown
        };
        faults.add("kind", why);
    }
    faults.free_text("text", text, 1, 1000);
    restriction
}
