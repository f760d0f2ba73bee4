//! What the population register tells (folkbokföring, Navet), pure: where a person is registered, and which moves
//! follow from it. A move is never stated; it is the municipality now against the one before.
//!
//! Events come late, twice, and in any order. What was told last about a day counts for it, whenever it came in.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use crate::identity::IdentityNumber;
use crate::lineage::Lineage;
use crate::municipality::MunicipalityCode;

/// Days after a move within which a report counts from the move itself (FOL 35 §).
const REPORTED_IN_TIME_DAYS: i64 = 7;
/// Registrations that are kept of one person: a lifetime's, and room for mistakes. The oldest go first.
pub const REGISTRATIONS_MAX: usize = 200;

/// A registration: from a day on, in a municipality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Registration {
    /// From when it counts (folkbokföringsdatum).
    pub since: Date,
    /// Where.
    pub municipality: MunicipalityCode,
    /// Whether it is in the municipality as such, without an address (på kommunen).
    pub is_without_address: bool,
}

/// What one event told of a person's registrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When the register was changed (ändringstidpunkt).
    pub changed_at: Timestamp,
    /// Decides between two of the same instant, alike on every machine: a keyed hash of the event.
    pub mark: [u8; 16],
    /// The registrations, the oldest first. It tells nothing of the time before the first one.
    pub registrations: Vec<Registration>,
}

/// A move from one municipality to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    /// From which day on.
    pub on: Date,
    /// From where.
    pub from: MunicipalityCode,
    /// Where to.
    pub to: MunicipalityCode,
}

/// All that was told of a person, as far as it still counts: the newest first, each reaching further back than those
/// before it. It is the same in whatever order, and however often, its events came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline(Vec<Told>);

impl Timeline {
    /// From what was kept of it.
    pub fn new(told: Vec<Told>) -> Self {
        let mut timeline = Self(told);
        timeline.settle();
        timeline
    }

    /// What is to be kept of it.
    pub fn told(&self) -> &[Told] {
        &self.0
    }

    /// Takes in what an event told.
    pub fn take_in(&mut self, mut told: Told) {
        told.registrations.sort_unstable();
        self.0.push(told);
        self.settle();
    }

    /// Of each day only what was told last about it stays.
    fn settle(&mut self) {
        self.0
            .sort_by_key(|told| std::cmp::Reverse((told.changed_at, told.mark)));
        let mut begins = None;
        let mut kept = 0;
        self.0.retain_mut(|told| {
            told.registrations
                .retain(|it| begins.is_none_or(|begins| it.since < begins));
            let room = REGISTRATIONS_MAX.saturating_sub(kept);
            let over = told.registrations.len().saturating_sub(room);
            told.registrations.drain(..over);
            kept += told.registrations.len();
            let first = told.registrations.first();
            begins = first.map(|it| it.since).or(begins);
            first.is_some()
        });
    }

    /// The registrations, the oldest first.
    pub fn registrations(&self) -> impl DoubleEndedIterator<Item = Registration> {
        self.0
            .iter()
            .rev()
            .flat_map(|told| &told.registrations)
            .copied()
    }

    /// Where the person was registered on a day; none when nothing was told of it.
    pub fn at(&self, day: Date) -> Option<Registration> {
        self.registrations().rfind(|it| it.since <= day)
    }

    /// The moves that follow, the oldest first.
    pub fn moves(&self) -> impl DoubleEndedIterator<Item = Move> {
        let earlier: Vec<Registration> = self.registrations().collect();
        let later: Vec<Registration> = self.registrations().skip(1).collect();
        let pairs = earlier.into_iter().zip(later);
        let moves = pairs.filter(|(before, now)| before.municipality != now.municipality);
        moves.map(|(before, now)| Move {
            on: now.since,
            from: before.municipality,
            to: now.municipality,
        })
    }

    /// Where the person has been registered since leaving a municipality the last time, each stay by its first day, the
    /// oldest first. Empty for who is there today, was never there, or was split off with the place where they live.
    /// Municipalities are those of today, so that a change of code is no move.
    pub fn away_from(
        &self,
        home: MunicipalityCode,
        lineage: Lineage,
        today: Date,
    ) -> Vec<Registration> {
        let home = lineage.current(home, today);
        let mut is_from_home = false;
        let mut stays: Vec<Registration> = Vec::new();
        for it in self.registrations().filter(|it| it.since <= today) {
            let municipality = lineage.current(it.municipality, today);
            if municipality == home {
                stays.clear();
                is_from_home = true;
                continue;
            }
            if !is_from_home {
                continue;
            }
            let before = stays.last_mut();
            let from = before.as_ref().map_or(home, |stay| stay.municipality);
            if !lineage.is_no_move(from, municipality, Some(it.since), today) {
                stays.push(Registration { municipality, ..it });
            } else if let Some(stay) = before {
                stay.municipality = municipality;
            } else {
                is_from_home = false;
            }
        }
        stays
    }

    /// Whether a move that was told once still stands: nothing that was told later contradicts it. A day that is now
    /// another one in the same stay does not.
    pub fn stands(&self, told: Move) -> bool {
        match self.at(told.on) {
            None => true,
            Some(there) if there.municipality != told.to => false,
            Some(_) => {
                let before = |it: &Move| it.on <= told.on;
                self.moves()
                    .rfind(before)
                    .is_none_or(|it| it.from == told.from)
            }
        }
    }
}

/// One number of a person replaced another (hänvisning).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The number that was replaced.
    pub replaced: IdentityNumber,
    /// The number that replaced it.
    pub by: IdentityNumber,
}

impl Reference {
    /// What it means that a number's record refers to another number: the other one is the new one when this one was
    /// deregistered as replaced, and the old one otherwise.
    pub fn of(
        number: &IdentityNumber,
        referred: IdentityNumber,
        deregistration: Option<Deregistration>,
    ) -> Self {
        if deregistration.is_some_and(Deregistration::is_replaced) {
            Self {
                replaced: number.clone(),
                by: referred,
            }
        } else {
            Self {
                replaced: referred,
                by: number.clone(),
            }
        }
    }
}

/// From which day a move counts: from the move itself when it was reported within a week, otherwise from the day on
/// which the report came in (FOL 35 §).
pub fn counts_from(moved_on: Date, reported_on: Date) -> Date {
    let in_time = moved_on.saturating_add(REPORTED_IN_TIME_DAYS.days());
    if reported_on > in_time {
        reported_on
    } else {
        moved_on
    }
}

/// Why somebody is no longer registered in the country (avregistreringsorsak). Never a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deregistration {
    /// AV: dead (avliden).
    Dead,
    /// UV: emigrated (utvandrad).
    Emigrated,
    /// GN: the number was replaced by another personal number (gammalt nummer).
    NumberReplaced,
    /// GS: the coordination number was replaced by a personal number (gammalt samordningsnummer).
    CoordinationReplaced,
    /// AS: the coordination number was annulled (annullerat samordningsnummer).
    CoordinationAnnulled,
    /// AN: the personal number was annulled (annullerat personnummer).
    NumberAnnulled,
    /// OB: nobody knows where the person is (obefintlig).
    Missing,
    /// TA: technically (teknisk avregistrering).
    Technical,
    /// FI: a false identity (falsk identitet).
    FalseIdentity,
}

impl Deregistration {
    /// All.
    pub const ALL: [Self; 9] = [
        Self::Dead,
        Self::Emigrated,
        Self::NumberReplaced,
        Self::CoordinationReplaced,
        Self::CoordinationAnnulled,
        Self::NumberAnnulled,
        Self::Missing,
        Self::Technical,
        Self::FalseIdentity,
    ];

    /// Its code in the register.
    pub fn code(self) -> &'static str {
        match self {
            Self::Dead => "AV",
            Self::Emigrated => "UV",
            Self::NumberReplaced => "GN",
            Self::CoordinationReplaced => "GS",
            Self::CoordinationAnnulled => "AS",
            Self::NumberAnnulled => "AN",
            Self::Missing => "OB",
            Self::Technical => "TA",
            Self::FalseIdentity => "FI",
        }
    }

    /// Whether the person lives on under another number.
    pub fn is_replaced(self) -> bool {
        matches!(self, Self::NumberReplaced | Self::CoordinationReplaced)
    }

    /// Reads a code; none for one that is not known here.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == code)
    }
}

#[cfg(test)]
mod tests;
