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

/// Whose keys to its texts the entries of a subject have ended, whichever version they belong to: the receiver's of an
/// announcement, the previous municipality's of a report that was taken back. None while everybody may keep theirs.
pub fn erased(entries: &[Entry]) -> Result<Option<MunicipalityCode>, Halt> {
    if entries.iter().any(|it| it.event == Event::ArrivalWithdrawn) {
        return Ok(ArrivalFold::fold(entries)?.map(|fold| fold.previous));
    }
    let Some(fold) = ended(entries)? else {
        return Ok(None);
    };
    // who ends it for the other keeps its own
    let own = Event::RelocationRedacted { by: fold.recipient };
    let ends = |entry: &Entry| entry.event.ends_reading() && entry.event != own;
    Ok(entries.iter().any(ends).then_some(fold.recipient))
}

/// The receiver's replies that the sender may read no more, since the receiver ended that: the sender, and the versions.
/// Its own texts stay. Likewise what the asked municipality told whoever asked.
pub fn erased_replies(entries: &[Entry]) -> Result<Option<(MunicipalityCode, Vec<Version>)>, Halt> {
    if entries.iter().any(|it| it.event == Event::AlertRedacted) {
        let fold = AlertFold::fold(entries)?;
        return Ok(fold.map(|fold| (fold.asking, versions(entries, is_answer))));
    }
    let Some(fold) = ended(entries)? else {
        return Ok(None);
    };
    if !fold.redacted_by.contains(&fold.recipient) {
        return Ok(None);
    }
    let is_reply = |event: &Event| matches!(event, Event::RelocationReplied { by, .. } if *by == fold.recipient);
    Ok(Some((fold.sender, versions(entries, is_reply))))
}

fn is_answer(event: &Event) -> bool {
    matches!(event, Event::AlertAnswered { .. } | Event::AlertDisputed)
}

fn versions(entries: &[Entry], which: impl Fn(&Event) -> bool) -> Vec<Version> {
    let found = entries.iter().filter(|entry| which(&entry.event));
    found.map(|entry| entry.version).collect()
}

/// Whether the entries of a subject let a party read the texts of a version, whether or not its keys are gone already.
pub fn may_read(entries: &[Entry], by: MunicipalityCode, version: Version) -> Result<bool, Halt> {
    let is_reply = |(whose, versions): (MunicipalityCode, Vec<Version>)| {
        whose == by && versions.contains(&version)
    };
    Ok(erased(entries)? != Some(by) && !erased_replies(entries)?.is_some_and(is_reply))
}

/// The relocation, when an entry has ended what somebody may read of it.
fn ended(entries: &[Entry]) -> Result<Option<RelocationFold>, Halt> {
    let others = [Event::AlertRedacted, Event::ArrivalWithdrawn];
    let ends = |entry: &Entry| entry.event.ends_reading() && !others.contains(&entry.event);
    if entries.iter().any(ends) {
        RelocationFold::fold(entries)
    } else {
        Ok(None)
    }
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
