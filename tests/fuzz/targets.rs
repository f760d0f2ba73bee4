//! What is claimed of each reader, and the good inputs to begin with.

use api::parse::{Context, Understood, register_event as read_event};
use api::v1;
use domain::address::contains_address;
use domain::identity::{IdentityNumber, NumberKind};
use domain::register::{Timeline, Told};
use domain::text::contains_identity_number;
use jiff::civil::Date;
use prost::Message as _;

const TODAY: Date = Date::constant(2026, 11, 24);
/// Official test numbers in all their forms, never assigned to anybody.
const NUMBERS: [&str; 10] = [
    "19900101-2385",
    "199001012385",
    "900101-2385",
    "201101062394",
    "19140168-2396",
    "140168+2396",
    "19150072-2390",
    "19171160-2399",
    "19900101-T123",
    "19900101TF10",
];

pub(crate) fn numbers() -> Vec<Vec<u8>> {
    NUMBERS
        .iter()
        .map(|number| number.as_bytes().to_vec())
        .collect()
}

/// Whatever is read has one canonical form, which is read as the same; and nothing that is shown has a digit.
pub(crate) fn identity(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let shown = match IdentityNumber::parse(&text, TODAY) {
        Ok(number) => {
            let canonical = number.canonical();
            assert_eq!(canonical.len(), 12);
            assert_eq!(
                IdentityNumber::parse(canonical, TODAY).as_ref(),
                Ok(&number)
            );
            let is_reserve = number.kind() == NumberKind::Reserve;
            assert_eq!(number.is_assignable(), !is_reserve);
            assert_eq!(contains_identity_number(canonical), !is_reserve);
            if let Some(born) = number.birth_date() {
                assert!(number.agrees_with(born) && born <= TODAY);
            }
            format!("{number:?}")
        }
        Err(fault) => format!("{fault} {fault:?}"),
    };
    assert!(!shown.contains(|sign: char| sign.is_ascii_digit()));
}

pub(crate) fn texts() -> Vec<Vec<u8>> {
    let sentences = [
        "Flyttar den 15.",
        "Hon bor på Storgatan 3 B.",
        "Ring 08-123 45 67, gatan är lång.",
    ];
    let numbers = NUMBERS
        .iter()
        .map(|number| format!("Gäller {number}, ingen annan"));
    let all = sentences.iter().map(ToString::to_string).chain(numbers);
    all.map(String::into_bytes).collect()
}

/// What is found is found between other words too, and an address in capitals.
pub(crate) fn text(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if contains_identity_number(&text) {
        assert!(contains_identity_number(&format!("så: {text}; och")));
    }
    if contains_address(&text, "Storgatan 3 B") {
        assert!(contains_address(&text.to_uppercase(), "storg. 3b"));
        assert!(contains_address(
            &format!("så: {text}; och"),
            "Storgatan 3 B"
        ));
    }
}

pub(crate) fn register_events() -> Vec<Vec<u8>> {
    let at = |code: &str, on: &str| v1::Registration {
        municipality: format!("municipalities/{code}"),
        registered_on: on.to_owned(),
        without_address: false,
        reported_on: String::new(),
    };
    let event = |number: &&str| v1::RegisterEvent {
        source_id: "navet-1".to_owned(),
        changed_at: Some(prost_types::Timestamp {
            seconds: 1_790_000_000,
            nanos: 0,
        }),
        identity_number: (*number).to_owned(),
        protection: 1,
        registration: Some(at("2283", "2026-11-16")),
        history: vec![at("0184", "2020-01-01"), at("1917", "1999-05-01")],
        deregistration: Some(v1::Deregistration {
            code: "AV".to_owned(),
            deregistered_on: "2026-11-16".to_owned(),
        }),
        referred_identity_number: "19140168-2396".to_owned(),
        ongoing_involvement: true,
    };
    NUMBERS
        .iter()
        .map(|number| event(number).encode_to_vec())
        .collect()
}

/// An event is understood, kept or refused; what is understood makes a timeline whose moves stand.
pub(crate) fn register_event(input: &[u8]) {
    let Ok(event) = v1::RegisterEvent::decode(input) else {
        return;
    };
    let context = Context {
        today: TODAY,
        production: false,
        lineage: domain::lineage::Lineage::default(),
    };
    match read_event(&event, context) {
        Ok(Understood::Known(known)) => {
            assert!(known.registrations.is_sorted());
            assert!(known.registrations.iter().all(|it| it.since <= TODAY));
            let mut timeline = Timeline::default();
            timeline.take_in(Told {
                changed_at: known.changed_at,
                mark: [0; 16],
                registrations: known.registrations,
            });
            for moved in timeline.moves() {
                assert_ne!(moved.from, moved.to);
            }
        }
        Ok(Understood::Unknown(violation)) => assert!(!violation.field.is_empty()),
        Err(refusal) => assert!(!refusal.violations.is_empty()),
    }
}
