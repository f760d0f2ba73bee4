//! Entries about duties, identities and organisation, in words.

use domain::code::{ContactRank, Restriction};
use domain::entry::Event;

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other kinds have their words already"
)]
pub(super) fn event(event: &Event) -> String {
    match event {
        Event::RelocationReminded { contact } => format!(
            "{} contact reminded",
            match contact {
                ContactRank::First => "first",
                ContactRank::Second => "second",
            }
        ),
        Event::RelocationReopened => {
            "open again: the registration of the move was reversed".to_owned()
        }
        Event::RelocationRestricted { by, restriction } => {
            format!("{by} has {}", restricted(*restriction))
        }
        Event::RelocationReleased { by, restriction } => {
            format!("{by} no longer has {}", restricted(*restriction))
        }
        Event::RelocationRedacted { by } => format!("{by} ended it for the other party"),
        Event::TransferSilent => "a month of silence about the transfer".to_owned(),
        Event::TransferReferred { on } => format!("IVO asked to decide on {on}"),
        Event::TransferDecided { granted, on } => format!(
            "IVO decided on {on}: {}",
            if *granted {
                "transferred"
            } else {
                "not transferred"
            }
        ),
        Event::TransferDecisionOverdue => "IVO's three months are over".to_owned(),
        Event::IdentityReferred { by, scope, .. } => {
            format!("an identity number was replaced, as the register of {by} told, within {scope}")
        }
        Event::FunctionSet(function) => format!("function {} described", function.id),
        Event::VendorGranted(grant) => format!(
            "{} may act until {}",
            grant.organisation_number, grant.until
        ),
        Event::VendorWithdrawn {
            organisation_number,
        } => format!("{organisation_number} may no longer act"),
        Event::DrillSent { month } => format!("drill of {month} due"),
        Event::DrillWritten { month } => format!("drill of {month} written"),
        Event::DrillAcknowledged { month } => format!("drill of {month} taken in"),
        _ => String::new(),
    }
}

fn restricted(restriction: Restriction) -> &'static str {
    match restriction {
        Restriction::Processing => "restricted processing",
        Restriction::LegalHold => "a legal hold",
    }
}
