//! Folds: the entries of one subject as its present state. What reads answer from and commands decide on.
//! A record that contradicts itself is a halt, never a guess.

mod alert;
mod arrival;
mod municipality;
mod relocation;
#[cfg(test)]
mod tests;

use domain::code::WithdrawalReason;
use domain::entry::{Entry, Event};
use domain::municipality::MunicipalityCode;
use domain::subject::Version;

use crate::Halt;

pub use alert::{AlertFold, AlertState};
pub use arrival::{ArrivalFold, ArrivalState};
pub use municipality::{Drill, MunicipalityFold};
pub use relocation::{RelocationFold, Transfer};

/// Whose keys to its texts the entries of a subject have ended, whichever version they belong to. None while
/// everybody may keep theirs.
pub fn erased(entries: &[Entry]) -> Result<Option<MunicipalityCode>, Halt> {
    if !entries.iter().any(|entry| entry.event.ends_reading()) {
        return Ok(None);
    }
    Ok(RelocationFold::fold(entries)?.map(|fold| fold.recipient))
}

/// The entry that called a relocation back, since it went to the wrong municipality. None when nobody did.
pub fn recalled(entries: &[Entry]) -> Option<&Entry> {
    let reason = WithdrawalReason::WrongRecipient;
    let recalled = Event::RelocationWithdrawn { reason };
    entries.iter().find(|entry| entry.event == recalled)
}

/// The entries of one subject, the first apart. None without entries; a halt when they are of several.
fn one_subject(entries: &[Entry]) -> Result<Option<(&Entry, &[Entry])>, Halt> {
    let Some((first, rest)) = entries.split_first() else {
        return Ok(None);
    };
    let mut before = first;
    for entry in rest {
        if entry.subject != first.subject {
            return Err(halt(entry, "an entry of another subject"));
        }
        if entry.position <= before.position {
            return Err(halt(entry, "positions do not grow"));
        }
        before = entry;
    }
    Ok(Some((first, rest)))
}

/// Versions have no gaps.
fn follows(entry: &Entry, version: Version) -> Result<(), Halt> {
    if entry.version == version.next() {
        Ok(())
    } else {
        Err(halt(entry, "a version is missing or repeated"))
    }
}

fn halt(entry: &Entry, what: &'static str) -> Halt {
    Halt {
        position: entry.position,
        what,
    }
}
