//! Lineage (kommunhistorik): which municipality goes on as which when codes change, municipalities merge, or one is
//! split off another. A change of code moves nobody. Nothing here knows what day it is.

use std::fmt;
use std::sync::LazyLock;

use jiff::civil::Date;

use crate::municipality::{self, Municipality, MunicipalityCode};

/// The table in force, and of it the rows that something follows from. Copied freely.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Lineage {
    /// By code.
    table: &'static [Municipality],
    /// Those that have a successor or were split off: a handful among hundreds.
    changes: &'static [Municipality],
}

static CHANGES: LazyLock<Vec<Municipality>> = LazyLock::new(|| changes(municipality::all()));

fn changes(table: &[Municipality]) -> Vec<Municipality> {
    let changed = |row: &&Municipality| row.successor.is_some() || row.split_from.is_some();
    table.iter().filter(changed).copied().collect()
}

impl Default for Lineage {
    /// That of the embedded table.
    fn default() -> Self {
        Self {
            table: municipality::all(),
            changes: &CHANGES,
        }
    }
}

impl fmt::Debug for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lineage({} rows)", self.table.len())
    }
}

/// Why a code names nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misnamed {
    /// It is not valid now: these are, in its place.
    Closed(Vec<&'static Municipality>),
    /// There is no such code.
    Unknown,
}

impl Lineage {
    /// Of another table, by code. It is kept as long as the process lives.
    pub fn of(mut table: Vec<Municipality>) -> Self {
        table.sort_by_key(|row| row.code);
        Self {
            changes: Box::leak(changes(&table).into_boxed_slice()),
            table: Box::leak(table.into_boxed_slice()),
        }
    }

    /// The municipality with a code.
    pub fn find(self, code: MunicipalityCode) -> Option<&'static Municipality> {
        let place = self
            .table
            .binary_search_by_key(&code, |row| row.code)
            .ok()?;
        self.table.get(place)
    }

    fn change(self, code: MunicipalityCode) -> Option<&'static Municipality> {
        self.changes.iter().find(|row| row.code == code)
    }

    /// A code and those that followed it, one after another: no more than there are changes, even in a table that
    /// goes round in a circle.
    fn heirs(self, code: MunicipalityCode) -> impl Iterator<Item = MunicipalityCode> {
        let next = move |code: &MunicipalityCode| self.change(*code)?.successor;
        std::iter::successors(Some(code), next).take(self.changes.len().saturating_add(1))
    }

    /// Who goes on as a municipality on a day: itself as long as its code is valid, then whoever followed.
    pub fn current(self, code: MunicipalityCode, on: Date) -> MunicipalityCode {
        let ended = |code: &MunicipalityCode| {
            let row = self.change(*code);
            row.and_then(|row| row.valid_to)
                .is_some_and(|last| last < on)
        };
        let is_now = |code: &MunicipalityCode| !ended(code);
        self.heirs(code).find(is_now).unwrap_or(code)
    }

    /// Whether a municipality is, or goes on as what once had the other code. Whoever acts for it acts for both.
    pub fn continues(self, own: MunicipalityCode, code: MunicipalityCode, on: Date) -> bool {
        own == code || self.current(code, on) == own
    }

    /// All codes that are one municipality on a day, in their order: the given one, and those that goes on as or did.
    pub fn same(self, code: MunicipalityCode, on: Date) -> Vec<MunicipalityCode> {
        let current = self.current(code, on);
        let mut same = self.family(code);
        same.retain(|other| self.current(*other, on) == current);
        same
    }

    /// Whether a report that somebody came from one to the other tells no move: both are one municipality today, or
    /// the one was split off the other on that very day.
    pub fn is_no_move(
        self,
        from: MunicipalityCode,
        to: MunicipalityCode,
        arrived_on: Option<Date>,
        today: Date,
    ) -> bool {
        let (from, to) = (self.current(from, today), self.current(to, today));
        let was_split_off = |row: &Municipality| {
            row.split_from == Some(from) && row.valid_from.is_some() && row.valid_from == arrived_on
        };
        from == to || self.change(to).is_some_and(was_split_off)
    }

    /// Whom a code names in a request of today that is about a day (none: today): itself if it is valid today; if it
    /// was on that day, whoever goes on as it.
    pub fn named(
        self,
        code: MunicipalityCode,
        about: Option<Date>,
        today: Date,
    ) -> Result<MunicipalityCode, Misnamed> {
        let row = self.find(code).ok_or(Misnamed::Unknown)?;
        if row.is_open(today) {
            return Ok(code);
        }
        let current = self.find(self.current(code, today));
        let current = current.filter(|row| row.is_open(today));
        let was_open = about.is_some_and(|day| day <= today && row.is_open(day));
        match current {
            Some(current) if was_open => Ok(current.code),
            Some(current) => Err(Misnamed::Closed(vec![current])),
            None => Err(Misnamed::Closed(self.instead_of(row, today))),
        }
    }

    /// Who is there today where a code is not valid yet: those that become it.
    fn instead_of(self, row: &Municipality, today: Date) -> Vec<&'static Municipality> {
        let becomes = |other: &&Municipality| {
            other.successor == Some(row.code) || row.split_from == Some(other.code)
        };
        let all = self.table.iter().filter(becomes);
        all.filter(|other| other.is_open(today)).collect()
    }

    /// Whether what was addressed to a code on a day concerns what happens at another: the same municipality before or
    /// after a change of code, or what was split off later.
    pub fn reaches(self, addressed: MunicipalityCode, on: Date, at: MunicipalityCode) -> bool {
        if addressed == at {
            return true;
        }
        let mut at = at;
        for _ in 0..=self.changes.len() {
            if self.heirs(addressed).any(|heir| heir == at)
                || self.heirs(at).any(|heir| heir == addressed)
            {
                return true;
            }
            let split = self
                .change(at)
                .filter(|row| row.valid_from.is_some_and(|from| on < from));
            match split.and_then(|row| row.split_from) {
                Some(whole) => at = whole,
                None => return false,
            }
        }
        false
    }

    /// A municipality and all that it is tied to by a change, in the order of codes.
    pub fn family(self, code: MunicipalityCode) -> Vec<MunicipalityCode> {
        let mut family = vec![code];
        let mut known = 0;
        while known < family.len() {
            known = family.len();
            for row in self.changes {
                let all = [Some(row.code), row.successor, row.split_from];
                if all.iter().flatten().any(|code| family.contains(code)) {
                    family.extend(all.into_iter().flatten());
                }
            }
            family.sort_unstable();
            family.dedup();
        }
        family
    }

    /// Under which codes something may have been addressed that concerns what happens at a municipality.
    pub fn sources(self, code: MunicipalityCode) -> Vec<MunicipalityCode> {
        let mut family = self.family(code);
        family.retain(|other| self.reaches(*other, Date::MIN, code));
        family
    }
}

#[cfg(test)]
mod tests;
