//! What a municipality does about itself: describe its functions, let vendors act for it, take a drill in. Its own system
//! decides; nobody else is told. And what a gateway writes for it: the drill.

use domain::code::NoticeKind;
use domain::entry::Event;
use domain::function::{Function, Grant};
use domain::month::Month;
use domain::reason::Reason;

use super::Decision;
use crate::fold::{Drill, MunicipalityFold};
use crate::limits::{FUNCTIONS_MAX, VENDORS_MAX};

/// What a municipality can do about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MunicipalityCommand {
    /// Describe a function, new or known.
    SetFunction(Function),
    /// Let a vendor's system act for it; what it was granted before is replaced.
    GrantVendor(Grant),
    /// Withdraw that.
    WithdrawVendor {
        /// The vendor's organisation number.
        organisation_number: String,
    },
    /// A person took the newest drill in.
    AcknowledgeDrill {
        /// Of which month.
        month: Month,
        /// What of the word that was said.
        said: Said,
    },
}

/// What a person who takes a drill in said of its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The word that was sealed.
    Word,
    /// Another one.
    Another,
    /// That cannot be told: the word cannot be opened.
    Unreadable,
}

/// Decides it.
pub fn municipality(
    fold: &MunicipalityFold,
    command: MunicipalityCommand,
) -> Result<Event, Reason> {
    match command {
        MunicipalityCommand::SetFunction(function) => set_function(fold, function),
        MunicipalityCommand::GrantVendor(grant) => grant_vendor(fold, grant),
        MunicipalityCommand::WithdrawVendor {
            organisation_number,
        } => {
            if !fold.vendors.contains_key(&organisation_number) {
                return Err(Reason::NotFound);
            }
            Ok(Event::VendorWithdrawn {
                organisation_number,
            })
        }
        MunicipalityCommand::AcknowledgeDrill { month, said } => {
            acknowledge_drill(fold, month, said)
        }
    }
}

/// The word of the drill that is due, if that is to be written now, and that the municipality is told.
pub fn drill_written(fold: &MunicipalityFold) -> Option<Decision> {
    let month = fold.drill_to_write()?;
    Some((
        Event::DrillWritten { month },
        vec![(fold.code, NoticeKind::Drill)],
    ))
}

/// The newest drill is taken in, once, by its word: one of a month that is over shows nothing any more.
fn acknowledge_drill(fold: &MunicipalityFold, month: Month, said: Said) -> Result<Event, Reason> {
    let is_of = |drill: Option<Drill>| drill.is_some_and(|drill| drill.month == month);
    if !is_of(fold.drill_sent) {
        return Err(Reason::NotFound);
    }
    if is_of(fold.drill_acknowledged) || !is_of(fold.drill_written) {
        return Err(Reason::StateNotAllowed);
    }
    match said {
        Said::Word => Ok(Event::DrillAcknowledged { month }),
        Said::Another => Err(Reason::DrillWordWrong),
        Said::Unreadable => Err(Reason::DrillUnreadable),
    }
}

/// A kind goes to one open function, or the sender's choice would be a guess.
fn set_function(fold: &MunicipalityFold, function: Function) -> Result<Event, Reason> {
    if !fold.functions.contains_key(&function.id) && fold.functions.len() >= FUNCTIONS_MAX {
        return Err(Reason::FunctionsTooMany);
    }
    let mut others = fold
        .open_functions()
        .filter(|other| other.id != function.id);
    let is_taken = others.any(|other| !other.kinds.is_disjoint(&function.kinds));
    if is_taken && !function.is_closed {
        return Err(Reason::FunctionKindTaken);
    }
    Ok(Event::FunctionSet(function))
}

/// A grant names functions that there are, or it would silently be for nothing.
fn grant_vendor(fold: &MunicipalityFold, grant: Grant) -> Result<Event, Reason> {
    let is_new = !fold.vendors.contains_key(&grant.organisation_number);
    if is_new && fold.vendors.len() >= VENDORS_MAX {
        return Err(Reason::VendorsTooMany);
    }
    let mut functions = grant.functions.iter();
    if functions.any(|id| !fold.functions.contains_key(id)) {
        return Err(Reason::FunctionUnknown);
    }
    Ok(Event::VendorGranted(grant))
}
