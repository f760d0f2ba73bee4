//! Identity numbers that could be somebody's. Only the official test numbers may stand in the repository.

/// Serials that the Swedish Tax Agency never assigns: two for births, four for coordination numbers.
const TEST_SERIALS: [u32; 6] = [238, 239, 980, 981, 982, 983];

/// What is wrong with the numbers of a text. A finding tells the line, never the number.
pub(super) fn check(text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if words(line).any(is_identity_number_of_somebody) {
            findings.push(format!(
                "{number}: looks like an identity number that is no official test number"
            ));
        }
    }
    findings
}

/// Runs of letters, digits and the signs that join digits; so a UUID or a hash is one run.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|sign: char| !(sign.is_alphanumeric() || sign == '-' || sign == '+'))
        .map(|word| word.trim_matches(['-', '+']))
}

/// Whether it has the shape, a possible date and the right check digit, and is no test number.
fn is_identity_number_of_somebody(word: &str) -> bool {
    let parts: Vec<&str> = word.split(['-', '+']).collect();
    let (date, serial) = match parts.as_slice() {
        [date, serial] => (*date, *serial),
        [whole] => whole
            .split_at_checked(whole.len().saturating_sub(4))
            .unwrap_or_default(),
        _ => return false,
    };
    let date = ["18", "19", "20"]
        .iter()
        .find_map(|century| date.strip_prefix(century).filter(|short| short.len() == 6))
        .unwrap_or(date);
    let digits: Option<Vec<u32>> = date
        .chars()
        .chain(serial.chars())
        .map(|sign| sign.to_digit(10))
        .collect();
    let Some(digits) = digits.filter(|_| date.len() == 6) else {
        return false;
    };
    let &[_, _, m1, m2, d1, d2, s1, s2, s3, _] = digits.as_slice() else {
        return false;
    };
    is_date(m1 * 10 + m2, d1 * 10 + d2)
        && luhn_sum(&digits).is_multiple_of(10)
        && !TEST_SERIALS.contains(&(s1 * 100 + s2 * 10 + s3))
}

/// Whether a birth or a coordination number (day plus 60, where month 00 is legitimate) can have them.
fn is_date(month: u32, day: u32) -> bool {
    match day {
        1..=31 => (1..=12).contains(&month),
        60..=91 => month <= 12,
        _ => false,
    }
}

/// The sum that a right check digit makes a multiple of ten.
fn luhn_sum(digits: &[u32]) -> u32 {
    let weights = [2, 1].into_iter().cycle();
    digits
        .iter()
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .map(|n| n / 10 + n % 10)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number with a right check digit, or one `off` it. Put together here: written out, it would be
    /// found.
    fn number(date: &str, separator: &str, serial: &str, off: u32) -> String {
        let short: String = date.chars().skip(date.len() - 6).collect();
        let digits: Vec<u32> = short
            .chars()
            .chain(serial.chars())
            .filter_map(|sign| sign.to_digit(10))
            .collect();
        let check = (10 - luhn_sum(&digits) % 10 + off) % 10;
        format!("{date}{separator}{serial}{check}")
    }

    #[test]
    fn numbers_of_somebody_are_found_in_every_form() {
        for (date, separator, serial) in [
            ("19850709", "-", "970"),
            ("850709", "-", "901"),
            ("850709", "+", "901"),
            ("19850709", "", "901"),
            ("850709", "", "901"),
            ("20200229", "-", "123"),
            ("19850769", "-", "901"),
            ("19850069", "-", "901"),
            ("19850760", "-", "901"),
        ] {
            let number = number(date, separator, serial, 0);
            assert_eq!(check(&number).len(), 1, "{number}");
            assert_eq!(check(&format!("a: \"{number}\",\n")).len(), 1, "{number}");
        }
    }

    #[test]
    fn official_test_numbers_may_stand() {
        for number in [
            "19900101-2385",
            "20110106-2394",
            "19140168-2396",
            "19150072-2390",
            "19171160-2399",
        ] {
            assert!(check(number).is_empty(), "{number}");
            assert!(check(&number.replace('-', "")).is_empty(), "{number}");
        }
        assert!(check(&number("19850709", "-", "980", 0)).is_empty());
    }

    #[test]
    fn what_only_resembles_a_number_may_stand() {
        let right = number("19850709", "-", "901", 0);
        for text in [
            &number("19850709", "-", "901", 1),
            "212000-0142",
            "2026-11-25",
            "1764028800",
            "19851309-9016",
            &format!("{right}-8a6e-000000000000"),
            &format!("ab{}", right.replace('-', "")),
            "",
            "-",
            "åäö-åäöå",
        ] {
            assert!(check(text).is_empty(), "{text}");
        }
    }
}
