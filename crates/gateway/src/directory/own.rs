//! What a municipality changes of its own in the directory: one way to write it. Who did it is sealed for the
//! municipality alone.

use api::generated::journal::v1 as sealed;
use api::status::Refusal;
use api::v1;
use domain::entry::Entry;
use domain::reason::Reason;
use domain::subject::Subject;
use journal::Request;
use ledger::{MunicipalityCommand, MunicipalityFold};

use crate::core::Core;
use crate::permit::Party;
use crate::write::{Command, Decided, halted};

/// A change.
pub(super) struct Change<'a> {
    pub(super) party: Party,
    pub(super) request: Request,
    pub(super) validate_only: bool,
    pub(super) etag: &'a str,
    pub(super) actor: v1::Actor,
    pub(super) what: MunicipalityCommand,
}

/// The field of the request that is in the way.
fn at_fault(what: &MunicipalityCommand, reason: Reason) -> &'static str {
    match what {
        MunicipalityCommand::SetFunction(_) if reason == Reason::FunctionKindTaken => {
            "function.kinds"
        }
        MunicipalityCommand::SetFunction(_) => "function.name",
        MunicipalityCommand::GrantVendor(_) if reason == Reason::FunctionUnknown => {
            "vendor.functions"
        }
        MunicipalityCommand::GrantVendor(_) => "vendor.organisation_number",
        MunicipalityCommand::WithdrawVendor { .. } => "organisation_number",
        MunicipalityCommand::AcknowledgeDrill { .. }
            if matches!(reason, Reason::DrillWordWrong | Reason::DrillUnreadable) =>
        {
            "word"
        }
        MunicipalityCommand::AcknowledgeDrill { .. } => "month",
    }
}

impl Change<'_> {
    /// Decides and records it. Returns the municipality after it (or, for a dry run, before it).
    pub(super) async fn run(self, core: &Core) -> Result<MunicipalityFold, Refusal> {
        let (party, what) = (self.party, self.what);
        let code = party.code();
        let command = Command {
            by: party.into(),
            request: Some(self.request),
            subject: Subject::municipality(code),
            validate_only: self.validate_only,
            etag: self.etag,
            shared: None,
            own: sealed::OwnPart {
                actor: Some(self.actor),
                ..sealed::OwnPart::default()
            },
        };
        let decide = |entries: &[Entry]| {
            let fold = MunicipalityFold::fold(code, entries).map_err(halted)?;
            let event = ledger::municipality(&fold, what.clone())
                .map_err(|reason| Refusal::field(at_fault(&what, reason), reason))?;
            Ok(Decided {
                event,
                notices: Vec::new(),
                version: fold.version.next(),
                parties: (code, code),
                release: None,
            })
        };
        let entries = core.command(command, decide).await?;
        MunicipalityFold::fold(code, &entries).map_err(halted)
    }
}
