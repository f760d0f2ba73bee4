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
        if !luhn(&number.canonical) {
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

/// The check digit over the last ten of twelve digits (mod 10, Luhn).
fn luhn(twelve: &str) -> bool {
    let sum: u32 = twelve
        .bytes()
        .skip(2)
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TODAY: Date = Date::constant(2026, 11, 24);

    /// Official test numbers, never assigned to anybody.
    const OFFICIAL: [&str; 5] = [
        "199001012385",
        "201101062394",
        "191401682396",
        "191500722390",
        "191711602399",
    ];

    fn parse(text: &str) -> Result<IdentityNumber, NumberFault> {
        IdentityNumber::parse(text, TODAY)
    }

    #[test]
    fn every_right_form_is_read() {
        for (text, kind, canonical) in [
            ("19900101-2385", NumberKind::Personal, "199001012385"),
            ("199001012385", NumberKind::Personal, "199001012385"),
            ("900101-2385", NumberKind::Personal, "199001012385"),
            ("20110106-2394", NumberKind::Personal, "201101062394"),
            ("110106-2394", NumberKind::Personal, "201101062394"),
            ("19140168-2396", NumberKind::Coordination, "191401682396"),
            ("140168+2396", NumberKind::Coordination, "191401682396"),
            ("19150072-2390", NumberKind::Coordination, "191500722390"),
            ("19171160-2399", NumberKind::Coordination, "191711602399"),
            ("19900101-T123", NumberKind::Reserve, "19900101T123"),
            ("19900101-TF10", NumberKind::Reserve, "19900101TF10"),
            ("19900101T123", NumberKind::Reserve, "19900101T123"),
        ] {
            let number = parse(text).expect(text);
            assert_eq!(
                (number.kind(), number.canonical()),
                (kind, canonical),
                "{text}"
            );
        }
    }

    #[test]
    fn every_wrong_form_is_refused_for_its_reason() {
        use NumberFault as F;
        for (text, fault) in [
            ("9001012385", F::AmbiguousCentury),
            ("19900101-2386", F::Checksum),
            ("19900161-2385", F::Checksum),
            ("19901301-2385", F::Date),
            ("19900001-2385", F::Date),
            ("19900100-2385", F::Date),
            ("19150099-2390", F::Date),
            ("11900101-2385", F::Date),
            ("20900101-2385", F::Future),
            ("19901301-T123", F::Date),
            ("19900101-0008", F::Format),
            ("19900101-T12", F::Format),
            ("19900101-TT10", F::Format),
            ("900101-T123", F::Format),
            ("19900101+T123", F::Format),
            ("19900101+2385", F::Format),
            ("19900101 2385", F::Format),
            (" 19900101-2385", F::Format),
            ("19900101-2385-", F::Format),
            ("1990-01-01-2385", F::Format),
            ("å9900101-2385", F::Format),
            ("٩٠٠١٠١-٢٣٨٥", F::Format),
            ("", F::Format),
        ] {
            assert_eq!(parse(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn hyphen_becomes_plus_the_year_one_turns_100() {
        for (text, today, expected) in [
            (
                "140168-2396",
                Date::constant(2013, 12, 31),
                Ok("191401682396"),
            ),
            (
                "140168+2396",
                Date::constant(2014, 1, 1),
                Ok("191401682396"),
            ),
            ("140168+2396", TODAY, Ok("191401682396")),
            // nobody of that number is born yet, and who turns 100 this year should have "+"
            (
                "140168-2396",
                Date::constant(2014, 1, 7),
                Err(NumberFault::AmbiguousCentury),
            ),
            (
                "140168-2396",
                Date::constant(2014, 1, 8),
                Ok("201401682396"),
            ),
        ] {
            let found = IdentityNumber::parse(text, today);
            let found = found
                .as_ref()
                .map(IdentityNumber::canonical)
                .map_err(|fault| *fault);
            assert_eq!(found, expected, "{text} on {today}");
        }
    }

    #[test]
    fn a_date_to_come_is_refused() {
        let young = Date::constant(2011, 1, 5);
        assert_eq!(
            IdentityNumber::parse("20110106-2394", young),
            Err(NumberFault::Future)
        );
        assert_eq!(
            IdentityNumber::parse("20110106-T123", young),
            Err(NumberFault::Future)
        );
    }

    #[test]
    fn known_parts_must_agree_with_the_birth_date_and_the_year_always() {
        for (text, birth_date, agrees) in [
            ("19900101-2385", Date::constant(1990, 1, 1), true),
            ("19900101-2385", Date::constant(1990, 1, 2), false),
            ("19140168-2396", Date::constant(1914, 1, 8), true),
            ("19140168-2396", Date::constant(1914, 2, 8), false),
            // month and day unknown in part
            ("19150072-2390", Date::constant(1915, 7, 12), true),
            ("19150072-2390", Date::constant(1915, 7, 13), false),
            ("19150072-2390", Date::constant(1916, 7, 12), false),
            ("19171160-2399", Date::constant(1917, 11, 30), true),
            ("19171160-2399", Date::constant(1917, 10, 30), false),
        ] {
            let number = parse(text).expect(text);
            assert_eq!(
                number.agrees_with(birth_date),
                agrees,
                "{text} {birth_date}"
            );
        }
    }

    #[test]
    fn a_birth_date_is_known_only_when_all_its_parts_are() {
        for (text, expected) in [
            ("19900101-2385", Some(Date::constant(1990, 1, 1))),
            ("19140168-2396", Some(Date::constant(1914, 1, 8))),
            ("19150072-2390", None),
            ("19171160-2399", None),
            ("19900101-T123", None),
        ] {
            assert_eq!(parse(text).expect(text).birth_date(), expected, "{text}");
        }
    }

    #[test]
    fn a_coordination_number_of_five_years_may_be_dormant_and_no_other() {
        for (text, today, may) in [
            ("19140168-2396", TODAY, true),
            ("19150072-2390", TODAY, true),
            ("19171160-2399", TODAY, true),
            ("19140168-2396", Date::constant(1919, 1, 7), false),
            ("19140168-2396", Date::constant(1919, 1, 8), true),
            ("19900101-2385", TODAY, false),
            ("19900101-T123", TODAY, false),
        ] {
            let number = parse(text).expect(text);
            assert_eq!(number.may_be_dormant(today), may, "{text} on {today}");
        }
    }

    #[test]
    fn debug_and_errors_show_no_digit() {
        let shown = format!("{:?} {}", parse("19900101-2385"), NumberFault::Checksum);
        assert!(
            !shown.contains(|sign: char| sign.is_ascii_digit()),
            "{shown}"
        );
    }

    #[test]
    fn official_test_numbers_are_known_by_their_serial() {
        for text in OFFICIAL {
            assert!(parse(text).expect(text).is_test(), "{text}");
        }
        let reserve = parse("19900101-T238").expect("a reserve number");
        assert!(!reserve.is_test() && !reserve.is_assignable());
    }

    proptest! {
        #[test]
        fn invariant_no_text_panics(text in any::<String>()) {
            drop(parse(&text));
        }

        #[test]
        fn invariant_a_canonical_form_has_twelve_signs_and_reads_back(
            text in prop_oneof![
                "[0-9+TF-]{0,14}",
                "(19|20)?[0-9]{2}(0[0-9]|1[0-2])[0-9]{2}[+-]?[0-9]{4}",
                "(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-2][1-8]-?T(F[0-9]{2}|[0-9]{3})",
            ]
        ) {
            if let Ok(number) = parse(&text) {
                prop_assert_eq!(number.canonical().len(), 12);
                prop_assert_eq!(parse(number.canonical()), Ok(number.clone()));
            }
        }

        #[test]
        fn invariant_nothing_shown_holds_a_digit(text in "(19|20)[0-9]{6}-?[0-9T][0-9F][0-9]{2}") {
            let shown = match parse(&text) {
                Ok(number) => format!("{number:?}"),
                Err(fault) => format!("{fault} {fault:?}"),
            };
            prop_assert!(!shown.contains(|sign: char| sign.is_ascii_digit()));
        }

        #[test]
        fn invariant_one_wrong_digit_is_never_a_number(
            number in 0..OFFICIAL.len(),
            index in 2usize..12,
            digit in b'0'..=b'9',
        ) {
            let right = OFFICIAL[number];
            let mut changed: Vec<u8> = right.bytes().collect();
            changed[index] = digit;
            let changed = String::from_utf8(changed).expect("digits");
            prop_assert_eq!(parse(&changed).is_ok(), changed == right);
        }
    }
}
