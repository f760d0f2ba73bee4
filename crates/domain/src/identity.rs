//! Identity numbers: personal numbers, coordination numbers, reserve numbers. Our own small parser, since no
//! library knows month 00, day 60 and reserve numbers. No digit ever leaves through Debug or an error.

use std::fmt;

use jiff::ToSpan as _;
use jiff::civil::Date;

/// Years after which a coordination number is dormant unless it was renewed, lag (2022:1697).
const DORMANT_AFTER_YEARS: i32 = 5;

/// Nobody born earlier was alive when numbers were first given out, in 1947: an earlier year is a slip in the
/// century, which the check digit does not cover.
const YEAR_MIN: i16 = 1830;

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NumberKind {
    /// Personal identity number (personnummer), FOL 18 §.
    Personal,
    /// Coordination number (samordningsnummer): day plus 60; month 00 and day 60 are legitimate.
    Coordination,
    /// Reserve number (TF-nummer): local to the municipality that issued it.
    Reserve,
}

/// Why a text is no identity number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberFault {
    /// Not the form of any identity number.
    #[error("not the form of an identity number")]
    Format,
    /// The date part is no date.
    #[error("the date part is no date")]
    Date,
    /// The check digit is wrong.
    #[error("the check digit is wrong")]
    Checksum,
    /// Ten digits that fit two centuries: refused, never guessed.
    #[error("the century is ambiguous")]
    AmbiguousCentury,
    /// The date part lies in the future.
    #[error("the date part lies in the future")]
    Future,
}

/// An identity number that is formally right.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdentityNumber {
    canonical: String,
    kind: NumberKind,
    year: i16,
    month: i8,
    day: i8,
}

impl fmt::Debug for IdentityNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityNumber({:?}, ..)", self.kind)
    }
}

impl IdentityNumber {
    /// Reads twelve digits (with or without "-"), ten digits with "-" or "+", or a reserve number
    /// (`ÅÅÅÅMMDD-T123`, `ÅÅÅÅMMDD-TF10`, with or without "-").
    pub fn parse(text: &str, today: Date) -> Result<Self, NumberFault> {
        let plus = text.contains('+');
        let (date, serial) = match text.split_once(['-', '+']) {
            Some(parts) => parts,
            None if text.len() == 12 && text.is_ascii() => text.split_at(8),
            None if text.len() == 10 && digits(text) => return Err(NumberFault::AmbiguousCentury),
            None => return Err(NumberFault::Format),
        };
        if !digits(date) || serial.len() != 4 {
            return Err(NumberFault::Format);
        }
        if serial.starts_with('T') && date.len() == 8 && !plus {
            return reserve(date, serial, today);
        }
        // serials begin at 001
        if !digits(serial) || serial.starts_with("000") {
            return Err(NumberFault::Format);
        }
        let full = match date.len() {
            8 if !plus => date.to_owned(),
            6 => with_century(date, plus, today)?,
            _ => return Err(NumberFault::Format),
        };
        let number = Self::of(&full, serial)?;
        // the last ten of twelve
        if !luhn(number.canonical.bytes().skip(2)) {
            return Err(NumberFault::Checksum);
        }
        if number.earliest() > Some(today) {
            return Err(NumberFault::Future);
        }
        Ok(number)
    }

    fn of(date: &str, serial: &str) -> Result<Self, NumberFault> {
        let (year, month, day) = parts(date).ok_or(NumberFault::Date)?;
        let (kind, day) = if day >= 60 {
            (NumberKind::Coordination, day - 60)
        } else {
            (NumberKind::Personal, day)
        };
        let unknown = month == 0 || day == 0;
        let sound = if kind == NumberKind::Coordination && unknown {
            month <= 12 && day <= 31
        } else {
            Date::new(year, month, day).is_ok()
        };
        if !sound || year < YEAR_MIN {
            return Err(NumberFault::Date);
        }
        Ok(Self {
            canonical: format!("{date}{serial}"),
            kind,
            year,
            month,
            day,
        })
    }

    fn earliest(&self) -> Option<Date> {
        Date::new(self.year, self.month.max(1), self.day.max(1)).ok()
    }

    /// Its kind.
    pub fn kind(&self) -> NumberKind {
        self.kind
    }

    /// The canonical form: twelve signs. Never to be logged, shown or stored.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The date part as a date; none when parts of it are unknown, and none of a reserve number, whose date
    /// nobody vouches for.
    pub fn birth_date(&self) -> Option<Date> {
        let date = Date::new(self.year, self.month, self.day).ok();
        date.filter(|_known| self.kind != NumberKind::Reserve)
    }

    /// Whether its serial is one of those that are never assigned: official test numbers.
    pub fn is_test(&self) -> bool {
        let serial = self.canonical.get(8..11).unwrap_or_default();
        matches!(serial, "238" | "239" | "980" | "981" | "982" | "983")
    }

    /// Whether the state assigns such numbers to people; reserve numbers are made locally.
    pub fn is_assignable(&self) -> bool {
        self.kind != NumberKind::Reserve
    }

    /// Whether it may be dormant (vilande): a coordination number is, five years after it was assigned, which
    /// was not before the birth that it tells of.
    pub fn may_be_dormant(&self, today: Date) -> bool {
        let assigned = self
            .earliest()
            .filter(|_| self.kind == NumberKind::Coordination);
        let dormant = assigned.and_then(|date| date.checked_add(DORMANT_AFTER_YEARS.years()).ok());
        dormant.is_some_and(|date| date <= today)
    }

    /// The second identifier: whether a birth date agrees. A coordination number's unknown parts agree
    /// with anything, its year does not.
    pub fn agrees_with(&self, birth_date: Date) -> bool {
        self.year == birth_date.year()
            && (self.month == 0 || self.month == birth_date.month())
            && (self.day == 0 || self.day == birth_date.day())
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn parts(date: &str) -> Option<(i16, i8, i8)> {
    Some((
        date.get(0..4)?.parse().ok()?,
        date.get(4..6)?.parse().ok()?,
        date.get(6..8)?.parse().ok()?,
    ))
}

/// "-" means under 100 at the end of this year, "+" means turning 100 this year or older.
fn with_century(date: &str, plus: bool, today: Date) -> Result<String, NumberFault> {
    let short: i16 = date
        .get(0..2)
        .and_then(|text| text.parse().ok())
        .ok_or(NumberFault::Format)?;
    let this = today.year();
    let mut year = this - this.rem_euclid(100) + short;
    if year > this {
        year -= 100;
    }
    if plus {
        year -= 100;
    } else if year == this {
        // born this year, or turning 100 this year and not yet written with "+": a later date decides
        let (_, month, day) = parts(&format!("{year:04}{}", date.get(2..).unwrap_or_default()))
            .ok_or(NumberFault::Date)?;
        let day = if day >= 60 { day - 60 } else { day };
        if (month, day) > (today.month(), today.day()) {
            return Err(NumberFault::AmbiguousCentury);
        }
    }
    Ok(format!("{year:04}{}", date.get(2..).unwrap_or_default()))
}

fn reserve(date: &str, serial: &str, today: Date) -> Result<IdentityNumber, NumberFault> {
    let tail = serial.strip_prefix("TF").filter(|tail| tail.len() == 2);
    let tail = tail.or_else(|| serial.strip_prefix('T').filter(|tail| tail.len() == 3));
    if !tail.is_some_and(digits) {
        return Err(NumberFault::Format);
    }
    let (year, month, day) = parts(date).ok_or(NumberFault::Date)?;
    let birth_date = Date::new(year, month, day).map_err(|_invalid| NumberFault::Date)?;
    if year < YEAR_MIN {
        return Err(NumberFault::Date);
    }
    if birth_date > today {
        return Err(NumberFault::Future);
    }
    let canonical = format!("{date}{serial}");
    Ok(IdentityNumber {
        canonical,
        kind: NumberKind::Reserve,
        year,
        month,
        day,
    })
}

/// Whether the check digit is right that ends some digits (mod 10, Luhn); the first one counts twice.
pub(crate) fn luhn(digits: impl Iterator<Item = u8>) -> bool {
    let sum: u32 = digits
        .enumerate()
        .map(|(index, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            let doubled = if index % 2 == 0 { digit * 2 } else { digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
