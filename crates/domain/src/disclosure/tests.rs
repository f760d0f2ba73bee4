//! Which disclosure is refused, for what, case by case.

mod cells;

use super::*;
use crate::ground::ConsentForm;
use proptest::prelude::*;

const TODAY: Date = Date::constant(2026, 11, 24);
const WRITTEN: &str = "needed to hand over the case in an orderly way";

fn given(scopes: &[Scope]) -> Consent {
    Consent {
        scopes: scopes.iter().copied().collect(),
        given_on: TODAY,
        form: ConsentForm::Written,
        received_by: "anna".to_owned(),
        guardians_consent: false,
        minor_alone: String::new(),
    }
}

fn consent(scopes: &[Scope]) -> Ground {
    Ground::Consent(given(scopes))
}

fn necessary(motivation: &str, second_officer: &str) -> Ground {
    Ground::Necessary102 {
        motivation: motivation.to_owned(),
        second_officer: second_officer.to_owned(),
    }
}

fn transfer(case: &str) -> Ground {
    Ground::Transfer2912 {
        case: case.to_owned(),
    }
}

fn no_harm(assessment: &str) -> Ground {
    Ground::NoHarm261 {
        assessment: assessment.to_owned(),
    }
}

fn wrongful_payment(balancing: &str) -> Ground {
    Ground::WrongfulPayment1015a {
        balancing: balancing.to_owned(),
    }
}

/// Anna announces an active involvement with an adult who expressed no clear wish.
fn announced<'a>(ground: &'a Ground, filled: &'a BTreeSet<Scope>) -> Disclosure<'a> {
    Disclosure {
        act: Act::Relocation(RelocationKind::ActiveInvolvement),
        ground,
        actor_officer: "anna",
        minor: false,
        wish: Some(Wish::NotClear),
        protection: Protection::None,
        is_marking_confirmed: false,
        filled,
        today: TODAY,
    }
}

fn found(disclosure: &Disclosure<'_>) -> Vec<String> {
    check(disclosure).iter().map(ToString::to_string).collect()
}

fn each(table: &[(&str, Ground, &[&str])], seen_as: impl Fn(&mut Disclosure<'_>)) {
    let filled = BTreeSet::from([Scope::Dwelling, Scope::FreeText]);
    for (case, ground, expected) in table {
        let mut disclosure = announced(ground, &filled);
        seen_as(&mut disclosure);
        assert_eq!(found(&disclosure), *expected, "{case}");
    }
}

#[test]
fn consent_carries_what_it_covers() {
    let unreceived = Consent {
        received_by: " ".to_owned(),
        ..given(&[Scope::All])
    };
    let tomorrow = Date::constant(2026, 11, 25);
    let future = Consent {
        given_on: tomorrow,
        ..given(&[Scope::All])
    };
    let table: &[(&str, Ground, &[&str])] = &[
        ("to everything", consent(&[Scope::All]), &[]),
        (
            "to all that is filled",
            consent(&[Scope::Dwelling, Scope::FreeText]),
            &[],
        ),
        (
            "to the groups alone: each other part is named",
            consent(&[Scope::Groups]),
            &[
                "content.dwelling: CONSENT_TOO_NARROW",
                "content.free_text: CONSENT_TOO_NARROW",
            ],
        ),
        (
            "to nothing",
            consent(&[]),
            &["legal_ground.consent.scopes: LEGAL_GROUND_INCOMPLETE"],
        ),
        (
            "dated tomorrow",
            Ground::Consent(future),
            &["legal_ground.consent.given_on: DATE_IN_FUTURE"],
        ),
        (
            "received by nobody",
            Ground::Consent(unreceived),
            &["legal_ground.consent.received_by: LEGAL_GROUND_INCOMPLETE"],
        ),
    ];
    each(table, |_| {});
}

#[test]
fn a_minors_consent_needs_the_guardians_too() {
    let guarded = Consent {
        guardians_consent: true,
        ..given(&[Scope::All])
    };
    let table: &[(&str, Ground, &[&str])] = &[
        (
            "the child alone",
            consent(&[Scope::All]),
            &["legal_ground.consent.guardians_consent: GUARDIANS_CONSENT_REQUIRED"],
        ),
        ("the guardians too", Ground::Consent(guarded), &[]),
        ("another ground asks no guardian", no_harm(WRITTEN), &[]),
        (
            "care of a child",
            Ground::Care269 {
                limb: CareLimb::Under18,
            },
            &[],
        ),
    ];
    each(table, |disclosure| disclosure.minor = true);
}

#[test]
fn an_announcement_needs_what_its_ground_demands() {
    let table: &[(&str, Ground, &[&str])] = &[
        (
            "the general clause",
            Ground::GeneralClause1027,
            &["legal_ground.code: GENERAL_CLAUSE_REFUSED"],
        ),
        (
            "necessary, a colleague agreed",
            necessary(WRITTEN, "bo"),
            &[],
        ),
        (
            "necessary, agreed with oneself",
            necessary(WRITTEN, " ANNA"),
            &["legal_ground.second_officer_id: SECOND_OFFICER_REQUIRED"],
        ),
        (
            "necessary, neither reason nor colleague",
            necessary(" ", ""),
            &[
                "legal_ground.motivation: LEGAL_GROUND_INCOMPLETE",
                "legal_ground.second_officer_id: SECOND_OFFICER_REQUIRED",
            ],
        ),
        ("no harm, assessed", no_harm(WRITTEN), &[]),
        ("no harm, in 20 signs", no_harm("12345678901234567890"), &[]),
        (
            "no harm, in 19 signs",
            no_harm("1234567890123456789"),
            &["legal_ground.assessment: FIELD_TOO_SHORT"],
        ),
        (
            "wrongful payment is not for announcements",
            wrongful_payment(WRITTEN),
            &["legal_ground.code: GROUND_NOT_FOR_THIS"],
        ),
        (
            "transfer ground without a transfer",
            transfer("SN 1"),
            &["legal_ground.code: GROUND_NOT_FOR_THIS"],
        ),
        (
            "care under LPT",
            Ground::Care269 {
                limb: CareLimb::LptLrv,
            },
            &[],
        ),
        (
            "care of a child, but the person is an adult",
            Ground::Care269 {
                limb: CareLimb::Under18,
            },
            &["legal_ground.care_limb: GROUND_NOT_FOR_THIS"],
        ),
    ];
    each(table, |_| {});
}

#[test]
fn a_transfer_names_its_case() {
    let table: &[(&str, Ground, &[&str])] = &[
        ("with its case", transfer("SN 1"), &[]),
        (
            "without",
            transfer(""),
            &["legal_ground.transfer_case: LEGAL_GROUND_INCOMPLETE"],
        ),
    ];
    each(table, |disclosure| {
        disclosure.act = Act::Relocation(RelocationKind::Transfer2910);
    });
}

#[test]
fn questions_answers_and_replies_name_a_ground_as_well() {
    let refused: &[&str] = &["legal_ground.code: GROUND_NOT_FOR_THIS"];
    for (act, payment) in [
        (Act::Arrival, &[][..]),
        (Act::Answer, &[]),
        (Act::Reply(RelocationKind::ActiveInvolvement), refused),
    ] {
        let table: &[(&str, Ground, &[&str])] = &[
            ("transfer", transfer("SN 1"), refused),
            (
                "wrongful payment, balanced",
                wrongful_payment(WRITTEN),
                payment,
            ),
            (
                "the general clause",
                Ground::GeneralClause1027,
                &["legal_ground.code: GENERAL_CLAUSE_REFUSED"],
            ),
        ];
        // no wish is stated in any of them
        each(table, |disclosure| {
            (disclosure.act, disclosure.wish) = (act, None);
        });
    }
    let (ground, filled) = (consent(&[Scope::Wish]), BTreeSet::from([Scope::FreeText]));
    for (act, expected) in [
        (Act::Arrival, "content.free_text: CONSENT_TOO_NARROW"),
        (Act::Answer, "text: CONSENT_TOO_NARROW"),
        (
            Act::Reply(RelocationKind::ActiveInvolvement),
            "text: CONSENT_TOO_NARROW",
        ),
    ] {
        assert_eq!(
            found(&Disclosure {
                act,
                ..announced(&ground, &filled)
            }),
            [expected]
        );
    }
}

#[test]
fn kind_and_wish_must_agree() {
    use RelocationKind as K;
    let (ground, none) = (consent(&[Scope::All]), BTreeSet::new());
    for (kind, wish, expected) in [
        (
            K::ActiveInvolvement,
            Some(Wish::Clear),
            Some(Reason::KindContradictsWish),
        ),
        (K::ActiveInvolvement, Some(Wish::NotClear), None),
        (K::ActiveInvolvement, Some(Wish::NotAsked), None),
        (K::ActiveInvolvement, None, Some(Reason::FieldRequired)),
        (K::SupportedVoluntaryMove, Some(Wish::Clear), None),
        (
            K::SupportedVoluntaryMove,
            Some(Wish::NotClear),
            Some(Reason::KindContradictsWish),
        ),
        (
            K::SupportedVoluntaryMove,
            Some(Wish::NotAsked),
            Some(Reason::KindContradictsWish),
        ),
        (K::SupportedVoluntaryMove, None, Some(Reason::FieldRequired)),
        (K::Application297, None, Some(Reason::FieldRequired)),
        (K::Transfer2910, None, Some(Reason::FieldRequired)),
        (K::Placement, None, None),
        (K::PrivateHomeCare226, None, None),
    ] {
        let act = Act::Relocation(kind);
        let disclosure = Disclosure {
            act,
            wish,
            ..announced(&ground, &none)
        };
        let reasons: Vec<_> = check(&disclosure).iter().map(|v| v.reason).collect();
        assert_eq!(reasons, Vec::from_iter(expected), "{kind:?} {wish:?}");
    }
}

fn grounds() -> impl Strategy<Value = Ground> {
    let scopes = prop::sample::subsequence(Scope::ALL.to_vec(), 0..=7);
    prop_oneof![
        (scopes, any::<bool>()).prop_map(|(scopes, guardians_consent)| {
            Ground::Consent(Consent {
                guardians_consent,
                ..given(&scopes)
            })
        }),
        "[a-z ]{0,5}".prop_map(|case| transfer(&case)),
        ("[a-z ]{0,30}", "anna|bo|").prop_map(|(why, officer)| necessary(&why, &officer)),
        Just(Ground::Care269 {
            limb: CareLimb::Under18
        }),
        "[a-z ]{0,30}".prop_map(|text| no_harm(&text)),
        "[a-z ]{0,30}".prop_map(|text| wrongful_payment(&text)),
        Just(Ground::GeneralClause1027),
    ]
}

fn acts() -> impl Strategy<Value = Act> {
    let relocation = prop::sample::select(RelocationKind::ALL.to_vec());
    prop_oneof![
        relocation.clone().prop_map(Act::Relocation),
        Just(Act::Arrival),
        Just(Act::Answer),
        relocation.prop_map(Act::Reply),
    ]
}

fn parts() -> impl Strategy<Value = BTreeSet<Scope>> {
    prop::sample::subsequence(Scope::ALL.to_vec(), 0..=7).prop_map(|parts| {
        parts
            .into_iter()
            .filter(|part| *part != Scope::All)
            .collect()
    })
}

proptest! {
    #[test]
    fn invariant_protection_fails_closed_and_tells_nothing_else(
        ground in grounds(), act in acts(), filled in parts(), minor: bool, marked: bool,
        is_marking_confirmed: bool,
    ) {
        // a secrecy marking lets an announcement through, and nothing else
        let marked = marked && !matches!(act, Act::Relocation(_));
        let protection =
            if marked { Protection::SecrecyMarking } else { Protection::ProtectedRegistration };
        let disclosure = Disclosure {
            act, minor, protection, is_marking_confirmed, ..announced(&ground, &filled)
        };
        let alone = ["content.person.protection: MANUAL_ROUTE_REQUIRED"];
        prop_assert_eq!(found(&disclosure), alone);
    }

    #[test]
    fn invariant_a_marking_lifts_no_demand_and_adds_one(
        ground in grounds(), filled in parts(), minor: bool,
        is_marked: bool, is_marking_confirmed: bool,
    ) {
        let usual = Disclosure { minor, ..announced(&ground, &filled) };
        let marking = if is_marked { Protection::SecrecyMarking } else { Protection::None };
        let marked = Disclosure { protection: marking, is_marking_confirmed, ..usual };
        let mut expected = found(&usual);
        if is_marked && !is_marking_confirmed {
            expected.push("secrecy_marking_confirmed: SECRECY_CONFIRMATION_REQUIRED".to_owned());
        } else if is_marking_confirmed && !is_marked {
            expected.push("secrecy_marking_confirmed: SECRECY_NOT_MARKED".to_owned());
        }
        prop_assert_eq!(found(&marked), expected);
    }

    #[test]
    fn invariant_the_general_clause_never_carries(act in acts(), filled in parts(), minor: bool) {
        let ground = Ground::GeneralClause1027;
        let disclosure = Disclosure { act, minor, ..announced(&ground, &filled) };
        prop_assert_eq!(
            check(&disclosure).first().map(|violation| violation.reason),
            Some(Reason::GeneralClauseRefused)
        );
    }

    #[test]
    fn invariant_what_carries_is_covered_and_seen_by_two(
        ground in grounds(), act in acts(), filled in parts(), minor: bool,
    ) {
        let disclosure = Disclosure { act, minor, ..announced(&ground, &filled) };
        if check(&disclosure).is_empty() {
            match &ground {
                Ground::Consent(consent) => {
                    prop_assert!(consent.guardians_consent || !minor);
                    let all = consent.scopes.contains(&Scope::All);
                    prop_assert!(all || filled.is_subset(&consent.scopes));
                }
                Ground::Necessary102 { second_officer, .. } => prop_assert_eq!(second_officer, "bo"),
                Ground::Care269 { .. } => prop_assert!(minor),
                Ground::Transfer2912 { .. } => {
                    let kind = RelocationKind::Transfer2910;
                    prop_assert!(act == Act::Relocation(kind) || act == Act::Reply(kind));
                }
                Ground::WrongfulPayment1015a { .. } => {
                    prop_assert!(matches!(act, Act::Arrival | Act::Answer));
                }
                Ground::NoHarm261 { assessment } => prop_assert!(assessment.trim().len() >= 20),
                Ground::GeneralClause1027 => prop_assert!(false, "it carried"),
            }
        }
    }
}
