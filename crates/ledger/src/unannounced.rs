//! The sender's own question (oanmäld flytt): its client is registered elsewhere, and it announced nothing. Decided for
//! the one municipality that lawfully knows both; it is no finding of the record, and nothing here makes it one.

use domain::calendar::day_in_sweden;
use domain::definition::Definition;
use domain::lineage::Lineage;
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::register::{Registration, Timeline};
use jiff::civil::Date;

use crate::fold::RelocationFold;
use crate::machine::{covers, is_in_time};

/// Where a client of a municipality is registered today without its having announced that, as far as it was told. None
/// when the client is at home, or an announcement covers the move from there or one after it, since whoever moves on from
/// where they were announced is another municipality's question. None either when the client left before the windows of the
/// definition reach, or a party ended an announcement of that move for the other: that goes on by the manual route.
pub fn unannounced(
    timeline: &Timeline,
    (home, announced): (MunicipalityCode, &[RelocationFold]),
    definition: &Definition,
    (lineage, today): (Lineage, Date),
) -> Option<Registration> {
    let stays = timeline.away_from(home, lineage, today);
    let (left, now) = (stays.first()?, stays.last()?);
    let widest = i64::from(definition.early_months.max(definition.late_months));
    if i64::from(Month::of(today).since(Month::of(left.since))) > widest {
        return None;
    }
    let is_announced = |fold: &RelocationFold, since: Month| {
        let is_ended = !fold.redacted_by.is_empty() && is_in_time(fold, since, definition);
        is_ended || covers(fold, since, definition)
    };
    let is_of = |fold: &RelocationFold, stay: &Registration| {
        let day = day_in_sweden(fold.recorded_at);
        lineage.current(fold.sender, today) == lineage.current(home, today)
            && lineage.reaches(fold.recipient, day, stay.municipality)
            && is_announced(fold, Month::of(stay.since))
    };
    let is_covered = |stay: &Registration| announced.iter().any(|fold| is_of(fold, stay));
    (!stays.iter().any(is_covered)).then_some(*now)
}

#[cfg(test)]
mod tests;
