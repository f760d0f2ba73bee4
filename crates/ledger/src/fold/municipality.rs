//! A municipality's entries as its present state: functions, vendors, drills.

use std::collections::BTreeMap;

use domain::code::{ContactRank, RelocationKind};
use domain::entry::{Entry, Event};
use domain::function::{Function, FunctionContact, FunctionId, Grant};
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::reason::Reason;
use domain::subject::{Subject, Version};
use jiff::Timestamp;

use super::{follows, halt, one_subject};
use crate::Halt;

/// A drill (övning): of which month, and when it came to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drill {
    /// The month it belongs to.
    pub month: Month,
    /// When it was due, written, or taken in.
    pub at: Timestamp,
}

/// A municipality as it describes itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MunicipalityFold {
    /// Its code.
    pub code: MunicipalityCode,
    /// Its functions, closed ones too.
    pub functions: BTreeMap<FunctionId, Function>,
    /// Who may act for it, by organisation number; also grants whose last day has passed.
    pub vendors: BTreeMap<String, Grant>,
    /// The newest drill that was due.
    pub drill_sent: Option<Drill>,
    /// The newest drill whose word a gateway sealed.
    pub drill_written: Option<Drill>,
    /// The newest drill that a person took in.
    pub drill_acknowledged: Option<Drill>,
    /// Version.
    pub version: Version,
}

impl MunicipalityFold {
    /// A municipality of which nothing is recorded yet.
    pub fn new(code: MunicipalityCode) -> Self {
        Self {
            code,
            functions: BTreeMap::new(),
            vendors: BTreeMap::new(),
            drill_sent: None,
            drill_written: None,
            drill_acknowledged: None,
            version: Version(0),
        }
    }

    /// Folds a municipality's entries, in version order.
    pub fn fold(code: MunicipalityCode, entries: &[Entry]) -> Result<Self, Halt> {
        let mut fold = Self::new(code);
        let Some((first, rest)) = one_subject(entries)? else {
            return Ok(fold);
        };
        fold.apply(first)?;
        for entry in rest {
            fold.apply(entry)?;
        }
        Ok(fold)
    }

    /// The functions that are not closed, by id.
    pub fn open_functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.values().filter(|known| !known.is_closed)
    }

    /// Where a kind goes unless the sender says otherwise.
    fn function_for(&self, kind: RelocationKind) -> Option<&Function> {
        self.open_functions()
            .find(|known| known.kinds.contains(&kind))
    }

    /// The open functions that may open what is marked as secret.
    pub fn marked_functions(&self) -> impl Iterator<Item = &Function> {
        self.open_functions()
            .filter(|known| known.handles_secrecy_marked)
    }

    /// Which functions may open what is marked as secret and was sent to one: that one, while it is open and handles such
    /// cases; otherwise every open one that does.
    pub fn openers(&self, sent_to: Option<&FunctionId>) -> Vec<&Function> {
        let is_it = |known: &&Function| Some(&known.id) == sent_to;
        match self.marked_functions().find(is_it) {
            Some(known) => vec![known],
            None => self.marked_functions().collect(),
        }
    }

    /// Where an announcement goes: to the function that the sender wishes, if it is open; otherwise to the one that
    /// takes the kind; to none in particular when there is none. One of a person with a secrecy marking goes to a function
    /// that handles such cases or to nobody, and the manual route where there is no such function.
    pub fn route(
        &self,
        wished: Option<&FunctionId>,
        kind: RelocationKind,
        is_marked: bool,
    ) -> Result<Option<&Function>, Reason> {
        if is_marked && self.marked_functions().next().is_none() {
            return Err(Reason::ManualRouteRequired);
        }
        let found = match wished {
            None => self.function_for(kind),
            Some(wished) => match self.functions.get(wished) {
                Some(known) if !known.is_closed => Some(known),
                Some(_closed) => return Err(Reason::FunctionClosed),
                None => return Err(Reason::FunctionUnknown),
            },
        };
        if is_marked && !found.is_some_and(|known| known.handles_secrecy_marked) {
            return Err(Reason::FunctionNotForMarked);
        }
        Ok(found)
    }

    /// Whom to tell at a function: its first contact, or its second, if it has one.
    pub fn contact(&self, id: &FunctionId, rank: ContactRank) -> Option<&FunctionContact> {
        let known = self.functions.get(id)?;
        Some(match rank {
            ContactRank::First => &known.first,
            ContactRank::Second => known.second.as_ref().unwrap_or(&known.first),
        })
    }

    /// Of which month a gateway must write the word: the newest that is due, unless that is done, or a person took it in,
    /// which was possible without a word once. One of a month before is over.
    pub fn drill_to_write(&self) -> Option<Month> {
        let month = self.drill_sent?.month;
        let mut done = [self.drill_written, self.drill_acknowledged]
            .into_iter()
            .flatten();
        (!done.any(|drill| drill.month == month)).then_some(month)
    }

    /// Takes the next entry in.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other kind is a contradiction here"
    )]
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Halt> {
        if entry.subject != Subject::municipality(self.code) {
            return Err(halt(entry, "an entry of another municipality"));
        }
        follows(entry, self.version)?;
        let drill = |month: &Month| {
            Some(Drill {
                month: *month,
                at: entry.recorded_at,
            })
        };
        match &entry.event {
            Event::FunctionSet(function) => {
                self.functions.insert(function.id.clone(), function.clone());
            }
            Event::VendorGranted(grant) => {
                self.vendors
                    .insert(grant.organisation_number.clone(), grant.clone());
            }
            Event::VendorWithdrawn {
                organisation_number,
            } => {
                if self.vendors.remove(organisation_number).is_none() {
                    return Err(halt(entry, "a vendor withdrawn that was not granted"));
                }
            }
            Event::DrillSent { month } => self.drill_sent = drill(month),
            Event::DrillWritten { month } => {
                if self.drill_to_write() != Some(*month) {
                    return Err(halt(entry, "a drill written that was not to be"));
                }
                self.drill_written = drill(month);
            }
            Event::DrillAcknowledged { month } => {
                if self.drill_sent.is_none_or(|sent| sent.month != *month) {
                    return Err(halt(entry, "a drill taken in that was not sent"));
                }
                self.drill_acknowledged = drill(month);
            }
            _ => return Err(halt(entry, "not an event of a municipality")),
        }
        self.version = entry.version;
        Ok(())
    }
}
