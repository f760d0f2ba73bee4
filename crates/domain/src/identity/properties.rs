//! What holds of every number of every form, not only of those in a table. Numbers are made of dates and of the serials
//! that are never assigned, so that none is anybody's.

use jiff::ToSpan as _;
use proptest::prelude::*;

use super::*;

const TODAY: Date = Date::constant(2026, 11, 24);
/// Serials that are never assigned.
const SERIALS: [&str; 6] = ["238", "239", "980", "981", "982", "983"];

fn parse(text: &str) -> Result<IdentityNumber, NumberFault> {
    IdentityNumber::parse(text, TODAY)
}

/// The same digits with the check digit that they need, computed in another way than the parser does: the digit at which
/// the weighted sum is a multiple of ten, found by trying.
fn checked(date: &str, serial: &str) -> String {
    let digits = |check: u32| -> Vec<u32> {
        let text = format!("{date}{serial}{check}");
        let last_ten = text
            .chars()
            .rev()
            .take(10)
            .filter_map(|sign| sign.to_digit(10));
        last_ten.collect()
    };
    let is_right = |check: &u32| {
        let weighted = digits(*check).into_iter().zip([1, 2].into_iter().cycle());
        let products = weighted.map(|(digit, weight)| digit * weight);
        // a product of two digits counts as their sum, which is nine less
        let sum: u32 = products.map(|it| if it > 9 { it - 9 } else { it }).sum();
        sum.is_multiple_of(10)
    };
    let check = (0..10).find(is_right).expect("one of ten");
    format!("{date}{serial}{check}")
}

fn born() -> impl Strategy<Value = Date> {
    (0..46_000i32).prop_map(|days| {
        let first = Date::constant(1900, 1, 1);
        first.checked_add(days.days()).expect("a date").min(TODAY)
    })
}

fn serial() -> impl Strategy<Value = &'static str> {
    prop::sample::select(SERIALS.to_vec())
}

/// The twelve signs of a number in two.
fn halves(number: &str) -> (&str, &str) {
    number.split_at_checked(8).expect("twelve signs")
}

/// The same with a hyphen.
fn long(number: &str) -> String {
    let (date, serial) = halves(number);
    format!("{date}-{serial}")
}

proptest! {
    #[test]
    fn invariant_a_personal_number_reads_alike_in_all_its_forms(born in born(), serial in serial()) {
        let number = checked(&born.strftime("%Y%m%d").to_string(), serial);
        let read = parse(&number).expect("twelve digits");
        prop_assert_eq!((read.kind(), read.canonical()), (NumberKind::Personal, number.as_str()));
        prop_assert_eq!(read.birth_date(), Some(born));
        prop_assert!(read.agrees_with(born) && read.is_test() && read.is_assignable());
        prop_assert_eq!(parse(&long(&number)), Ok(read.clone()));
        // ten digits are ambiguous; with a sign they are the same number, or refused, and never another
        let (date, last) = halves(&number);
        let short = date.split_at_checked(2).expect("eight signs").1;
        let ten = format!("{short}{last}");
        prop_assert_eq!(parse(&ten), Err(NumberFault::AmbiguousCentury));
        let age = TODAY.year() - born.year();
        let sign = if age >= 100 { '+' } else { '-' };
        match parse(&format!("{short}{sign}{last}")) {
            Ok(short) => prop_assert_eq!(short, read),
            Err(fault) => prop_assert_eq!(fault, NumberFault::AmbiguousCentury),
        }
    }

    #[test]
    fn invariant_a_coordination_number_reads_alike_whatever_of_its_date_is_unknown(
        born in born(),
        serial in serial(),
        month_known in any::<bool>(),
        day_known in any::<bool>(),
    ) {
        let month = if month_known { born.month() } else { 0 };
        let day = if day_known { born.day() } else { 0 };
        let number = checked(&format!("{:04}{month:02}{:02}", born.year(), day + 60), serial);
        let read = parse(&number).expect("twelve digits");
        prop_assert_eq!((read.kind(), read.canonical()), (NumberKind::Coordination, number.as_str()));
        prop_assert_eq!(parse(&long(&number)), Ok(read.clone()));
        prop_assert_eq!(read.birth_date(), (month_known && day_known).then_some(born));
        prop_assert!(read.agrees_with(born), "what is unknown agrees with anything");
        let next_year = born.checked_add(1.year()).expect("a date");
        prop_assert!(!read.agrees_with(next_year), "the year never does");
    }

    #[test]
    fn invariant_a_reserve_number_is_read_as_local_and_never_as_another_kind(
        born in born(),
        tail in "T([0-9]{3}|F[0-9]{2})",
    ) {
        let number = format!("{}{tail}", born.strftime("%Y%m%d"));
        let read = parse(&number).expect("twelve signs");
        prop_assert_eq!((read.kind(), read.canonical()), (NumberKind::Reserve, number.as_str()));
        prop_assert!(!read.is_assignable() && !read.is_test());
        prop_assert_eq!(read.birth_date(), None);
        prop_assert_eq!(parse(&long(&number)), Ok(read));
    }

    #[test]
    fn invariant_of_all_check_digits_one_is_right(born in born(), serial in serial()) {
        let number = checked(&born.strftime("%Y%m%d").to_string(), serial);
        for check in '0'..='9' {
            let eleven: String = number.chars().take(11).collect();
            let other = format!("{eleven}{check}");
            let expected = other == number;
            prop_assert_eq!(parse(&other).is_ok(), expected);
            prop_assert_eq!(crate::text::contains_identity_number(&other), expected);
        }
    }

    #[test]
    fn invariant_a_number_is_the_same_whenever_it_is_read_after_the_birth(
        born in born(),
        serial in serial(),
        days in 0..40_000i32,
    ) {
        let number = checked(&born.strftime("%Y%m%d").to_string(), serial);
        let later = born.checked_add(days.days()).expect("a date");
        prop_assert_eq!(IdentityNumber::parse(&number, later), parse(&number));
        let before = born.yesterday().expect("a date");
        prop_assert_eq!(IdentityNumber::parse(&number, before), Err(NumberFault::Future));
    }
}
