//! Municipalities: codes, names, counties, and from when to when a code is valid. The data are embedded.

use std::fmt;
use std::sync::LazyLock;

use jiff::civil::Date;

/// Rows of the embedded table: code, name, county code, county, valid from, valid to, successor, split from. An
/// empty validity means "before records" or "still valid".
const TABLE: &str = include_str!("../data/municipalities.csv");

/// A municipality code (kommunkod), four digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MunicipalityCode(u16);

impl MunicipalityCode {
    /// No municipality's code: keys and requests of operators and administrators stand under it.
    pub const HOUSE: Self = Self(0);

    /// Reads four digits. Whether a municipality has the code is another question.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok().map(Self)).flatten()
    }

    /// Reads a resource name, `municipalities/0184`.
    pub fn parse_name(name: &str) -> Option<Self> {
        Self::parse(name.strip_prefix("municipalities/")?)
    }

    /// The resource name.
    pub fn resource_name(self) -> String {
        format!("municipalities/{self}")
    }

    /// The code with a number; none above 9999.
    pub fn from_number(number: u16) -> Option<Self> {
        (number <= 9999).then_some(Self(number))
    }

    /// As a number, for storage.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for MunicipalityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

impl fmt::Debug for MunicipalityCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A municipality (kommun) as long as its code is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Municipality {
    /// Code.
    pub code: MunicipalityCode,
    /// Name in Swedish.
    pub name: &'static str,
    /// County code (länskod), two digits.
    pub county_code: &'static str,
    /// County (län).
    pub county: &'static str,
    /// First day of validity; none: before records.
    pub valid_from: Option<Date>,
    /// Last day of validity; none: still valid.
    pub valid_to: Option<Date>,
    /// The code that followed.
    pub successor: Option<MunicipalityCode>,
    /// The municipality that it was a part of before its first day (utbruten ur).
    pub split_from: Option<MunicipalityCode>,
}

impl Municipality {
    /// Whether the code is valid on a day.
    pub fn is_open(&self, on: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= on) && self.valid_to.is_none_or(|to| on <= to)
    }
}

static ALL: LazyLock<Vec<Municipality>> =
    LazyLock::new(|| TABLE.lines().skip(1).filter_map(row).collect());

fn row(line: &'static str) -> Option<Municipality> {
    let mut cells = line.split(',');
    let mut cell = || cells.next();
    Some(Municipality {
        code: MunicipalityCode::parse(cell()?)?,
        name: cell()?,
        county_code: cell()?,
        county: cell()?,
        valid_from: cell()?.parse().ok(),
        valid_to: cell()?.parse().ok(),
        successor: MunicipalityCode::parse(cell()?),
        split_from: MunicipalityCode::parse(cell()?),
    })
}

/// All, by code, closed ones too.
pub fn all() -> &'static [Municipality] {
    &ALL
}

/// The municipality with a code.
pub fn find(code: MunicipalityCode) -> Option<&'static Municipality> {
    let index = ALL
        .binary_search_by_key(&code, |municipality| municipality.code)
        .ok()?;
    ALL.get(index)
}

/// The nearest by name or code, nearest first.
pub fn nearest(text: &str, how_many: usize) -> Vec<&'static Municipality> {
    let wanted = text.to_lowercase();
    let mut found: Vec<(usize, &'static Municipality)> = ALL
        .iter()
        .map(|municipality| {
            let by_name = distance(&wanted, &municipality.name.to_lowercase());
            let by_code = distance(&wanted, &municipality.code.to_string());
            (by_name.min(by_code), municipality)
        })
        .collect();
    // of two codes that differ by as many digits, the one beside comes first
    let number: u16 = text.parse().unwrap_or_default();
    found.sort_by_key(|(distance, municipality)| {
        let apart = municipality.code.number().abs_diff(number);
        (*distance, apart, municipality.code)
    });
    found
        .into_iter()
        .take(how_many)
        .map(|(_, municipality)| municipality)
        .collect()
}

/// Levenshtein's distance, in signs.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, sign) in a.chars().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (other, above) in b.iter().zip(row.iter().skip(1)) {
            let changed = corner + usize::from(sign != *other);
            left = changed.min(left + 1).min(above + 1);
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> MunicipalityCode {
        MunicipalityCode::parse(text).expect("four digits")
    }

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn all_290_of_today_are_there_in_21_counties() {
        let open: Vec<_> = all()
            .iter()
            .filter(|m| m.is_open(date("2026-11-24")))
            .collect();
        assert_eq!(open.len(), 290);
        let counties: std::collections::BTreeSet<_> = open.iter().map(|m| m.county_code).collect();
        assert_eq!(counties.len(), 21);
        assert!(all().is_sorted_by_key(|m| m.code));
    }

    #[test]
    fn heby_changed_its_code_on_new_years_day_2007() {
        let old = find(code("1917")).expect("old");
        let new = find(code("0331")).expect("new");
        assert!(old.is_open(date("2006-12-31")) && !old.is_open(date("2007-01-01")));
        assert!(!new.is_open(date("2006-12-31")) && new.is_open(date("2007-01-01")));
        assert_eq!(old.successor, Some(new.code));
    }

    #[test]
    fn the_nearest_names_come_first() {
        assert_eq!(
            nearest("Sollefta", 1).first().map(|m| m.name),
            Some("Sollefteå")
        );
        assert_eq!(nearest("0185", 3).len(), 3);
        assert_eq!(nearest("0184", 1).first().map(|m| m.name), Some("Solna"));
    }

    #[test]
    fn only_four_digits_are_a_code() {
        for wrong in ["", "184", "01840", "+184", "018a", "۰۱۸۴"] {
            assert_eq!(MunicipalityCode::parse(wrong), None, "{wrong}");
        }
        assert_eq!(
            MunicipalityCode::parse_name("municipalities/0184"),
            Some(code("0184"))
        );
        assert_eq!(code("0184").resource_name(), "municipalities/0184");
    }
}
