//! What an event is called outside.

use domain::entry::Event;

use crate::v1::EntryKind;

/// The kind of an event; its number is that of the event's field in `journal.v1.Entry`.
pub fn kind(event: &Event) -> EntryKind {
    match event {
        Event::RelocationRegistered { .. } => EntryKind::RelocationRegistered,
        Event::RelocationAcknowledged => EntryKind::RelocationAcknowledged,
        Event::RelocationReplied { .. } => EntryKind::RelocationReplied,
        Event::RelocationSupplemented => EntryKind::RelocationSupplemented,
        Event::RelocationWithdrawn { .. } => EntryKind::RelocationWithdrawn,
        Event::RelocationArrived { .. } => EntryKind::RelocationArrived,
        Event::RelocationNotArrived => EntryKind::RelocationNotArrived,
        Event::ArrivalReported { .. } => EntryKind::ArrivalReported,
        Event::ArrivalMatched { .. } => EntryKind::ArrivalMatched,
        Event::ArrivalWithdrawn => EntryKind::ArrivalWithdrawn,
        Event::AlertRaised { .. } => EntryKind::AlertRaised,
        Event::AlertAnswered { .. } => EntryKind::AlertAnswered,
        Event::AlertDisputed => EntryKind::AlertDisputed,
        Event::AlertAcknowledged { .. } => EntryKind::AlertAcknowledged,
        Event::AlertAssigned { .. } => EntryKind::AlertAssigned,
        Event::AlertCommented { .. } => EntryKind::AlertCommented,
        Event::AlertClosed { .. } => EntryKind::AlertClosed,
        Event::NoticesConfirmed { .. } => EntryKind::NoticesConfirmed,
        Event::TimePassed { .. } => EntryKind::TimePassed,
        Event::DefinitionSet(_) => EntryKind::DefinitionSet,
        Event::RulesVersionSet { .. } => EntryKind::RulesVersionSet,
        Event::ClockAdvanced { .. } => EntryKind::ClockAdvanced,
        Event::RelocationReminded { .. } => EntryKind::RelocationReminded,
        Event::RelocationReopened => EntryKind::RelocationReopened,
        Event::RelocationRestricted { .. } => EntryKind::RelocationRestricted,
        Event::RelocationReleased { .. } => EntryKind::RelocationReleased,
        Event::RelocationRedacted { .. } => EntryKind::RelocationRedacted,
        Event::TransferSilent => EntryKind::TransferSilent,
        Event::TransferReferred { .. } => EntryKind::TransferReferred,
        Event::TransferDecided { .. } => EntryKind::TransferDecided,
        Event::TransferDecisionOverdue => EntryKind::TransferDecisionOverdue,
        Event::IdentityReferred { .. } => EntryKind::IdentityReferred,
        Event::FunctionSet(_) => EntryKind::FunctionSet,
        Event::VendorGranted(_) => EntryKind::VendorGranted,
        Event::VendorWithdrawn { .. } => EntryKind::VendorWithdrawn,
        Event::DrillSent { .. } => EntryKind::DrillSent,
        Event::DrillAcknowledged { .. } => EntryKind::DrillAcknowledged,
        Event::AlertRedacted => EntryKind::AlertRedacted,
        Event::DrillWritten { .. } => EntryKind::DrillWritten,
    }
}
