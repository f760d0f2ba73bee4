//! Texts of ours in both languages, and free text of others, in which no identity number may stand. Nothing here
//! keeps or shows what was found.

use jiff::civil::Date;

use crate::identity::IdentityNumber;

/// The same words in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub english: &'static str,
    /// Swedish.
    pub swedish: &'static str,
}

/// Whether a text holds something in the form of a personal or coordination number with a right date and
/// check digit: ten or twelve digits, the last four perhaps set apart by blanks, a hyphen, a dash, "+" or "/", and the date
/// perhaps written as year, month and day. Longer runs of digits are something else. Every sign is looked at a few times: the
/// time is linear.
pub fn contains_identity_number(text: &str) -> bool {
    let signs: String = text.chars().map(simplified).collect();
    signs.split('x').any(|stretch| {
        let mut rest = runs(stretch).peekable();
        let mut before = [Run::default(); 3];
        while let Some(run) = rest.next() {
            let found = match run.digits.len() {
                4 => ends_number(before, run, rest.peek()),
                10 | 12 => run
                    .digits
                    .split_at_checked(run.digits.len() - 4)
                    .is_some_and(|(date, serial)| is_number(date, serial)),
                _ => false,
            };
            if found {
                return true;
            }
            let [_, second, third] = before;
            before = [second, third, run];
        }
        false
    })
}

/// Digits, and whether nothing but blanks sets them apart from those before them.
#[derive(Clone, Copy, Default)]
struct Run<'a> {
    digits: &'a str,
    is_by_blanks: bool,
}

/// The runs of digits in a stretch.
fn runs(stretch: &str) -> impl Iterator<Item = Run<'_>> {
    let mut rest = stretch;
    std::iter::from_fn(move || {
        let (joint, from) = rest.split_at(rest.find(|sign: char| sign.is_ascii_digit())?);
        let until = from.find(|sign: char| !sign.is_ascii_digit());
        let (digits, after) = from.split_at(until.unwrap_or(from.len()));
        rest = after;
        Some(Run {
            digits,
            is_by_blanks: !joint.contains('-'),
        })
    })
}

/// Whether four digits end a number, by the three runs before them: its date in one run, or in three. A day with a time or a
/// round sum behind it is none, "2026-12-12 8500", and neither is the year of a later day, "2026-12-19 – 2027-03-31".
fn ends_number([year, month, day]: [Run<'_>; 3], serial: Run<'_>, next: Option<&Run<'_>>) -> bool {
    if is_number(day.digits, serial.digits) {
        return true;
    }
    let is_date = matches!(year.digits.len(), 2 | 4)
        && (month.digits.len(), day.digits.len()) == (2, 2)
        && (!serial.is_by_blanks
            || month.is_by_blanks && day.is_by_blanks
            || !is_time_or_sum(serial.digits));
    let is_year = next.is_some_and(|next| next.digits.len() == 2 && !next.is_by_blanks);
    let date = [year.digits, month.digits, day.digits];
    is_date && !is_year && is_number(&date.concat(), serial.digits)
}

/// Whether four digits are a time of the day, to five minutes, or a sum that is round to fifty.
fn is_time_or_sum(digits: &str) -> bool {
    digits.parse::<u32>().is_ok_and(|figures| {
        let (hour, minute) = (figures / 100, figures % 100);
        figures % 50 == 0 || hour < 24 && minute < 60 && minute % 5 == 0
    })
}

/// A digit, " " and "-" for whatever may stand within a number, "x" for all else.
fn simplified(sign: char) -> char {
    match sign {
        '0'..='9' => sign,
        // hyphens, dashes and the minus sign, which word processors put in place of "-"
        '-' | '+' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        ' ' | '\t' | '\u{a0}' | '\u{202f}' => ' ',
        _ => 'x',
    }
}

fn is_number(date: &str, serial: &str) -> bool {
    let centuries: &[&str] = match date.len() {
        6 => &["19", "20"],
        8 if ["18", "19", "20"]
            .iter()
            .any(|century| date.starts_with(century)) =>
        {
            &[""]
        }
        _ => &[],
    };
    // read on the last day of the calendar: in a text, a number of the future is a number too
    let read = |century| IdentityNumber::parse(&format!("{century}{date}{serial}"), Date::MAX);
    centuries.iter().any(|century| read(century).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_found_however_they_are_written() {
        for text in [
            "19900101-2385",
            "199001012385",
            "9001012385",
            "900101-2385",
            "900101 2385",
            "900101 - 2385",
            "900101\u{2013}2385",
            "19900101\u{a0}2385",
            "140168+2396",
            "samordningsnummer 19150072-2390, månad okänd",
            "dag okänd:19171160-2399.",
            "Gäller 20110106-2394 och ingen annan",
            "ring 0701 eller skriv pnr900101-2385",
            "2026-11-24 19900101-2385",
            "19900101 19900101-2385",
            "(19900101-2385)",
            "19900101/2385",
            "900101/2385",
            "1990-01-01-2385",
            "1990-01-01 - 2385",
            "1990-01-01\u{2013}2385",
            "1990/01/01-2385",
            "1990-01-01 2385",
            "född 90-01-01 2385, flyttar 2026-12-15",
            // one in ten sums that are not round is taken for a number
            "2026-12-12 8476",
            "1990 01 01 2385",
            "90 01 01 2385",
            "90-01-01-2385",
            "Född 1990-01-01-2385, flyttar 2026-12-15",
            "2026-11-24 1990-01-01-2385",
        ] {
            assert!(contains_identity_number(text), "{text}");
        }
    }

    #[test]
    fn other_figures_are_let_through() {
        for text in [
            "",
            "Flyttar den 2026-12-15, hyra 8500 kr i månaden",
            // wrong check digit, wrong dates
            "19900101-2386",
            "19901301-2385",
            "19900132-2385",
            "00000000-0000",
            // too long, too short, too far apart
            "1990010123851",
            "119900101-2385",
            "19900101-23851",
            "0101-2385",
            "19900101",
            "900101, sedan 2385",
            "900101\n2385",
            // a case number, a telephone number, an organisation number
            "SN 2026/1234-5",
            "08-123 45 67",
            "212000-0142",
            // telephone numbers, days with a sum or a time, periods: with the check digit of a number
            "070-101 23 87",
            "070 101 23 87",
            "+46 70 101 23 87",
            "08-071 212 31",
            "2026-12-12 8500 kr i månaden",
            "den 2026-12-26 1400",
            "2026-12-16 1410",
            "2026-12-12 8450",
            "1990-01-01 1445",
            "2026-12-19 \u{2013} 2027-03-31",
            "2026-12-19--2027-03",
            "2026/12/19",
            // right groups of another thing
            "1990-01-01-2386",
            "1990-13-01-2385",
            "1990-1-1-2385",
            "1990-01-01-23851",
        ] {
            assert!(!contains_identity_number(text), "{text}");
        }
    }

    #[test]
    fn a_long_text_is_read_in_linear_time() {
        let digits = "1990010123".repeat(100_000);
        assert!(!contains_identity_number(&digits));
        for run in ["19900101-", "1990-01-01-", "90 01 "] {
            assert!(!contains_identity_number(&run.repeat(100_000)), "{run}");
        }
    }

    proptest! {
        #[test]
        fn invariant_no_text_panics(text in any::<String>()) {
            contains_identity_number(&text);
        }

        #[test]
        fn invariant_a_number_behind_its_date_is_found_but_where_it_is_a_time_or_a_round_sum(
            day in 0..40_000_i64,
            serial in 0..10_000_u32,
        ) {
            let born = Date::constant(1900, 1, 1).saturating_add(jiff::Span::new().days(day));
            let digits = format!("{serial:04}");
            let together = format!("{}{digits}", born.strftime("%Y%m%d"));
            let set_apart = format!("{born} {digits}");
            let is_other = serial % 50 == 0 || (0..24 * 12).any(|five| serial == five / 12 * 100 + five % 12 * 5);
            let expected = contains_identity_number(&together) && !is_other;
            prop_assert_eq!(contains_identity_number(&set_apart), expected, "{}", set_apart);
        }

        #[test]
        fn invariant_a_number_is_found_between_any_words(
            before in "[^0-9]{0,30}",
            after in "[^0-9]{0,30}",
            number in prop_oneof![Just("19900101-2385"), Just("201101062394"), Just("140168+2396"),
                Just("1990-01-01-2385"), Just("90 01 01 2385")],
        ) {
            let text = format!("{before}{number}{after}");
            prop_assert!(contains_identity_number(&text));
        }
    }
}
