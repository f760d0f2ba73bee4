//! Identity numbers by table: every form that is read, every form that is refused.

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
        // serial 000, which nobody has
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
