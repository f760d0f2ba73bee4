//! The table of domain law, cell by cell: each act on each ground, and each ground without each thing it demands.

use super::*;
use crate::ground::GroundCode;

/// Acts down, grounds across in the order of their numbers: `+` carries, `n` is not for this, `g` is the
/// general clause.
const CELLS: &str = "
    announce ACTIVE_INVOLVEMENT        + n + + + n g
    announce SUPPORTED_VOLUNTARY_MOVE  + n + + + n g
    announce PLACEMENT                 + n + + + n g
    announce APPLICATION_29_7          + n + + + n g
    announce TRANSFER_29_10            + + + + + n g
    announce PRIVATE_HOME_CARE_22_6    + n + + + n g
    report   -                         + n + + + + g
    answer   -                         + n + + + + g
    reply    ACTIVE_INVOLVEMENT        + n + + + n g
    reply    SUPPORTED_VOLUNTARY_MOVE  + n + + + n g
    reply    PLACEMENT                 + n + + + n g
    reply    APPLICATION_29_7          + n + + + n g
    reply    TRANSFER_29_10            + + + + + n g
    reply    PRIVATE_HOME_CARE_22_6    + n + + + n g
";

/// Each ground with all that it demands of an adult.
fn complete(code: GroundCode) -> Ground {
    match code {
        GroundCode::Consent => consent(&[Scope::All]),
        GroundCode::Transfer2912 => transfer("SN 1"),
        GroundCode::Necessary102 => necessary(WRITTEN, "bo"),
        GroundCode::Care269 => Ground::Care269 {
            limb: CareLimb::ContinuingMisuse,
        },
        GroundCode::NoHarm261 => no_harm(WRITTEN),
        GroundCode::WrongfulPayment1015a => wrongful_payment(WRITTEN),
        GroundCode::GeneralClause1027 => Ground::GeneralClause1027,
    }
}

fn kind(name: &str) -> Option<RelocationKind> {
    let named = |kind: &RelocationKind| kind.rule().name == name;
    RelocationKind::ALL.into_iter().find(named)
}

#[test]
fn each_act_on_each_ground_carries_or_is_refused_as_the_table_says() {
    let filled = BTreeSet::from([Scope::FreeText]);
    let mut acts = 0;
    for row in CELLS.trim().lines() {
        let mut words = row.split_whitespace();
        let (act, name) = (words.next().expect("an act"), words.next().expect("a kind"));
        let act = match (act, kind(name)) {
            ("announce", Some(kind)) => Act::Relocation(kind),
            ("reply", Some(kind)) => Act::Reply(kind),
            ("report", None) => Act::Arrival,
            ("answer", None) => Act::Answer,
            _ => panic!("no such act: {row}"),
        };
        acts += 1;
        for code in GroundCode::ALL {
            let expected: &[&str] = match words.next().expect("a cell") {
                "+" => &[],
                "n" => &["legal_ground.code: GROUND_NOT_FOR_THIS"],
                "g" => &["legal_ground.code: GENERAL_CLAUSE_REFUSED"],
                other => panic!("no such cell: {other}"),
            };
            let wish = if name == "SUPPORTED_VOLUNTARY_MOVE" {
                Wish::Clear
            } else {
                Wish::NotClear
            };
            let ground = complete(code);
            let disclosure = Disclosure {
                act,
                wish: Some(wish),
                ..announced(&ground, &filled)
            };
            assert_eq!(found(&disclosure), expected, "{row}: {code:?}");
        }
    }
    assert_eq!(
        acts,
        2 * RelocationKind::ALL.len() + 2,
        "no act is left out"
    );
}

#[test]
fn consent_of_a_minor_is_the_guardians_or_the_minors_alone_for_a_reason() {
    let by = |guardians_consent, minor_alone: &str| Consent {
        guardians_consent,
        minor_alone: minor_alone.to_owned(),
        ..given(&[Scope::All])
    };
    let needed: &[&str] = &["legal_ground.consent.guardians_consent: GUARDIANS_CONSENT_REQUIRED"];
    let short: &[&str] = &["legal_ground.consent.minor_alone: FIELD_TOO_SHORT"];
    let neither: &[&str] = &["legal_ground.consent.minor_alone: GROUND_NOT_FOR_THIS"];
    let none = BTreeSet::new();
    for (case, minor, consent, expected) in [
        ("a minor, nobody else", true, by(false, " "), needed),
        ("a minor, the guardians", true, by(true, ""), &[][..]),
        ("a mature minor alone", true, by(false, WRITTEN), &[]),
        ("alone, hardly a reason", true, by(false, "mogen"), short),
        ("alone and the guardians", true, by(true, WRITTEN), neither),
        ("an adult", false, by(false, ""), &[]),
        ("an adult as a minor", false, by(false, WRITTEN), neither),
    ] {
        let ground = Ground::Consent(consent);
        for act in [
            Act::Relocation(RelocationKind::ActiveInvolvement),
            Act::Arrival,
            Act::Answer,
            Act::Reply(RelocationKind::Placement),
        ] {
            let disclosure = Disclosure {
                act,
                minor,
                ..announced(&ground, &none)
            };
            assert_eq!(found(&disclosure), expected, "{case}: {act:?}");
        }
    }
}
