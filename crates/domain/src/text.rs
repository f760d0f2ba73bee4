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
/// check digit: ten or twelve digits, the last four perhaps set apart by blanks, a hyphen, a dash or "+".
/// Longer runs of digits are something else. Every sign is looked at once: the time is linear.
pub fn contains_identity_number(text: &str) -> bool {
    let signs: String = text.chars().map(simplified).collect();
    signs.split('x').any(|stretch| {
        let mut date = "";
        stretch.split('-').filter(|run| !run.is_empty()).any(|run| {
            let before = std::mem::replace(&mut date, run);
            match run.len() {
                4 => is_number(before, run),
                10 | 12 => run
                    .split_at_checked(run.len() - 4)
                    .is_some_and(|(a, b)| is_number(a, b)),
                _ => false,
            }
        })
    })
}

/// A digit, "-" for whatever may stand before the last four, "x" for all else.
fn simplified(sign: char) -> char {
    match sign {
        '0'..='9' => sign,
        // hyphens, dashes and the minus sign, which word processors put in place of "-"; blanks
        '-' | '+' | '\u{2010}'..='\u{2015}' | '\u{2212}' | ' ' | '\t' | '\u{a0}' | '\u{202f}' => {
            '-'
        }
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
        ] {
            assert!(!contains_identity_number(text), "{text}");
        }
    }

    #[test]
    fn a_long_text_is_read_in_linear_time() {
        let digits = "1990010123".repeat(100_000);
        let runs = "19900101-".repeat(100_000);
        assert!(!contains_identity_number(&digits));
        assert!(!contains_identity_number(&runs));
    }

    proptest! {
        #[test]
        fn invariant_no_text_panics(text in any::<String>()) {
            contains_identity_number(&text);
        }

        #[test]
        fn invariant_a_number_is_found_between_any_words(
            before in "[^0-9]{0,30}",
            after in "[^0-9]{0,30}",
            number in prop_oneof![Just("19900101-2385"), Just("201101062394"), Just("140168+2396")],
        ) {
            let text = format!("{before}{number}{after}");
            prop_assert!(contains_identity_number(&text));
        }
    }
}
