//! A calendar month, the precision that envelopes carry. Exact dates are sealed.

use std::fmt;

use jiff::civil::Date;

/// A month, for example 2026-12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Months since year 0.
    index: i32,
}

impl Month {
    /// The month of a date.
    pub fn of(date: Date) -> Self {
        Self {
            index: i32::from(date.year()) * 12 + i32::from(date.month()) - 1,
        }
    }

    /// Reads "2026-12".
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 7 {
            return None;
        }
        format!("{text}-01").parse::<Date>().ok().map(Self::of)
    }

    /// Its first day; none beyond the calendar.
    pub fn first_day(self) -> Option<Date> {
        let year = i16::try_from(self.index.div_euclid(12)).ok()?;
        let month = i8::try_from(self.index.rem_euclid(12)).ok()?;
        Date::new(year, month.checked_add(1)?, 1).ok()
    }

    /// So many months later; earlier when negative.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        Self {
            index: self.index.saturating_add(months),
        }
    }

    /// Whole months from `earlier` to this one.
    pub fn since(self, earlier: Self) -> i32 {
        self.index - earlier.index
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}",
            self.index.div_euclid(12),
            self.index.rem_euclid(12) + 1
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_count_across_years() {
        let december = Month::parse("2026-12").expect("a month");
        assert_eq!(december.plus(1).to_string(), "2027-01");
        assert_eq!(december.plus(-12).to_string(), "2025-12");
        assert_eq!(december.plus(14).since(december), 14);
        let first = december.plus(-2).first_day().expect("a day");
        assert_eq!(first, jiff::civil::date(2026, 10, 1));
        assert_eq!(december.plus(i32::MAX).first_day(), None);
        for wrong in ["2026-13", "2026-00", "26-12", "2026-1", "2026-12-01", ""] {
            assert_eq!(Month::parse(wrong), None, "{wrong}");
        }
    }
}
