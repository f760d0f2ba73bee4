//! An arrival's entries as its present state.

use domain::entry::{Entry, Event};
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::{Pseudonym, Version};
use jiff::Timestamp;
use uuid::Uuid;

use super::{follows, halt, one_subject};
use crate::Halt;

/// Where an arrival stands by its own entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrivalState {
    /// Reported.
    Reported,
    /// Covered by an announcement.
    Matched {
        /// Which.
        relocation: Uuid,
    },
    /// Withdrawn.
    Withdrawn,
}

/// An arrival as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivalFold {
    /// Reporting municipality.
    pub municipality: MunicipalityCode,
    /// Where the person moved from.
    pub previous: MunicipalityCode,
    /// The person, in the previous municipality's scope.
    pub pseudonyms: Vec<Pseudonym>,
    /// Month of arrival.
    pub arrived: Month,
    /// Whether nobody is ever asked about it.
    pub is_exempt: bool,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// State.
    pub state: ArrivalState,
    /// Version.
    pub version: Version,
}

impl ArrivalFold {
    /// Folds an arrival's entries, in version order. None without entries.
    pub fn fold(entries: &[Entry]) -> Result<Option<Self>, Halt> {
        let Some((first, rest)) = one_subject(entries)? else {
            return Ok(None);
        };
        let mut fold = Self::begin(first)?;
        for entry in rest {
            fold.apply(entry)?;
        }
        Ok(Some(fold))
    }

    /// What the first entry makes.
    pub(crate) fn begin(first: &Entry) -> Result<Self, Halt> {
        follows(first, Version(0))?;
        let Event::ArrivalReported {
            municipality,
            previous,
            pseudonyms,
            arrived,
            is_exempt,
        } = &first.event
        else {
            return Err(halt(first, "an arrival does not begin with its report"));
        };
        Ok(Self {
            municipality: *municipality,
            previous: *previous,
            pseudonyms: pseudonyms.clone(),
            arrived: *arrived,
            is_exempt: *is_exempt,
            recorded_at: first.recorded_at,
            state: ArrivalState::Reported,
            version: first.version,
        })
    }

    /// Takes the next entry in.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Halt> {
        follows(entry, self.version)?;
        self.state = match (&entry.event, self.state) {
            (Event::ArrivalMatched { relocation }, ArrivalState::Reported) => {
                ArrivalState::Matched {
                    relocation: *relocation,
                }
            }
            (Event::ArrivalWithdrawn, ArrivalState::Reported | ArrivalState::Matched { .. }) => {
                ArrivalState::Withdrawn
            }
            _ => return Err(halt(entry, "not an event that the arrival's state allows")),
        };
        self.version = entry.version;
        Ok(())
    }
}
