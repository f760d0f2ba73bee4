//! What is refused, with which reason at which field; and that no refusal echoes what it refuses.

use api::v1;
use client::Refused;
use client::tonic::Code;
use tests::{PERSONS, Party, SOLLEFTEA, SOLNA, World, announcement, arrival};

type Change = fn(&mut v1::RegisterRelocationRequest);

/// A change to a right announcement, and what comes of it: code, reason, field.
const TABLE: &[(&str, Change, (Code, &str, &str))] = &[
    (
        "the general clause",
        |request| {
            request.legal_ground = Some(v1::LegalGround {
                code: v1::LegalGroundCode::GeneralClause1027.into(),
                ..v1::LegalGround::default()
            });
        },
        (
            Code::FailedPrecondition,
            "GENERAL_CLAUSE_REFUSED",
            "legal_ground.code",
        ),
    ),
    (
        "no ground",
        |request| request.legal_ground = None,
        (
            Code::FailedPrecondition,
            "LEGAL_GROUND_MISSING",
            "legal_ground",
        ),
    ),
    (
        "a consent that does not cover the dwelling",
        |request| {
            let ground = request.legal_ground.as_mut().expect("a ground");
            ground.consent.as_mut().expect("a consent").scopes = [
                v1::ConsentScope::Support,
                v1::ConsentScope::Household,
                v1::ConsentScope::Groups,
                v1::ConsentScope::Wish,
                v1::ConsentScope::FreeText,
            ]
            .map(i32::from)
            .to_vec();
        },
        (
            Code::FailedPrecondition,
            "CONSENT_TOO_NARROW",
            "content.dwelling",
        ),
    ),
    (
        "another birth date",
        |request| person(request).birth_date = "1990-01-02".into(),
        (
            Code::InvalidArgument,
            "SECOND_IDENTIFIER_MISMATCH",
            "content.person.birth_date",
        ),
    ),
    (
        "a wrong check digit",
        |request| person(request).identity_number = "19900101-2386".into(),
        (
            Code::InvalidArgument,
            "IDENTITY_NUMBER_CHECKSUM",
            "content.person.identity_number",
        ),
    ),
    (
        "no such municipality",
        |request| request.receiving_municipality = "municipalities/0185".into(),
        (
            Code::InvalidArgument,
            "MUNICIPALITY_UNKNOWN",
            "receiving_municipality",
        ),
    ),
    (
        "a closed code",
        |request| request.receiving_municipality = "municipalities/1917".into(),
        (
            Code::InvalidArgument,
            "MUNICIPALITY_CLOSED",
            "receiving_municipality",
        ),
    ),
    (
        "itself",
        |request| request.receiving_municipality = "municipalities/0184".into(),
        (
            Code::InvalidArgument,
            "RECIPIENT_IS_SENDER",
            "receiving_municipality",
        ),
    ),
    (
        "a number in free text",
        |request| {
            content(request).free_text = "Hela numret är 19900101-2385, ring.".into();
        },
        (
            Code::InvalidArgument,
            "IDENTITY_NUMBER_IN_TEXT",
            "content.free_text",
        ),
    ),
    (
        "no actor",
        |request| request.actor = None,
        (Code::InvalidArgument, "ACTOR_REQUIRED", "actor"),
    ),
    (
        "no request id",
        |request| request.request_id = String::new(),
        (Code::InvalidArgument, "REQUEST_ID_REQUIRED", "request_id"),
    ),
    (
        "a clear wish against the kind",
        |request| content(request).wish = v1::ExpressedWish::Clear.into(),
        (
            Code::FailedPrecondition,
            "KIND_CONTRADICTS_WISH",
            "content.wish",
        ),
    ),
];

fn content(request: &mut v1::RegisterRelocationRequest) -> &mut v1::RelocationContent {
    request.content.as_mut().expect("content")
}

fn person(request: &mut v1::RegisterRelocationRequest) -> &mut v1::Person {
    content(request).person.as_mut().expect("a person")
}

/// Registers in both languages what must be refused, and checks that nothing of the request comes back.
async fn refused(solna: &Party, request: v1::RegisterRelocationRequest, why: &str) -> Refused {
    let refused = solna.register(request.clone()).await.expect_err(why);
    let shown = format!("{refused:?}").to_lowercase();
    let mut kept = vec![
        "robin",
        "provsson",
        "jourtelefonen",
        "första veckan",
        "sol-2026-1042",
    ];
    kept.extend(["2385", "2386", "900101", "1990-01-01", "1990-01-02"]);
    for value in kept {
        assert!(
            !shown.contains(value),
            "{why}: '{value}' is echoed in {shown}"
        );
    }
    assert!(refused.help.contains("/docs/errors/E"), "{why}: {shown}");
    assert!(
        !refused.localized.is_empty() && !refused.request_id.is_empty(),
        "{why}"
    );
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_names_its_reason_and_field_and_echoes_nothing() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    for (why, change, (code, reason, field)) in TABLE {
        let mut request = announcement(&solna, "2283", 0);
        change(&mut request);
        for validate_only in [false, true] {
            request.validate_only = validate_only;
            let refused = refused(&solna, request.clone(), why).await;
            assert_eq!(
                (refused.code, refused.reason.as_str()),
                (*code, *reason),
                "{why}"
            );
            let fields: Vec<&str> = refused.violations.iter().map(|v| v.0.as_str()).collect();
            assert_eq!(fields, [*field], "{why}");
            assert!(
                refused.violations[0].1.starts_with(&format!("{reason}: ")),
                "{why}"
            );
        }
    }
    let solleftea = world.party(SOLLEFTEA).await;
    assert_eq!(solleftea.notices().await.expect("a list"), []);
}

/// Wherever a municipality is named, one that is not known is refused by its field, with the nearest ones.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_municipality_is_told_the_nearest_ones_in_every_field() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let unknown = || "municipalities/0185".to_owned();
    let announced = |change: fn(&mut v1::RegisterRelocationRequest, String)| {
        let mut request = announcement(&solna, "2283", 0);
        change(&mut request, unknown());
        request
    };
    let acting = announced(|request, name| request.municipality = name);
    let receiving = announced(|request, name| request.receiving_municipality = name);
    let mut reported = arrival(&solna, "2283", 0);
    reported.previous_municipality = unknown();
    let listed = v1::ListRelocationsRequest {
        municipality: solna.municipality(),
        counterpart: unknown(),
        ..v1::ListRelocationsRequest::default()
    };
    let functions = v1::ListFunctionsRequest {
        parent: unknown(),
        ..v1::ListFunctionsRequest::default()
    };
    let municipality = v1::GetMunicipalityRequest { name: unknown() };
    for (field, refused) in [
        ("municipality", solna.register(acting).await.map(drop)),
        (
            "receiving_municipality",
            solna.register(receiving).await.map(drop),
        ),
        (
            "previous_municipality",
            solna.report(reported).await.map(drop),
        ),
        (
            "counterpart",
            solna.list_relocations(listed).await.map(drop),
        ),
        ("parent", solna.list_functions(functions).await.map(drop)),
        ("name", solna.get_municipality(municipality).await.map(drop)),
    ] {
        let refused = refused.expect_err(field);
        assert_eq!(refused.reason, "MUNICIPALITY_UNKNOWN", "{field}");
        let fields = refused
            .violations
            .iter()
            .map(|violation| violation.0.as_str());
        assert_eq!(fields.collect::<Vec<_>>(), [field]);
        let nearest = refused.metadata.iter().find(|(key, _)| key == "nearest");
        let nearest = nearest.map(|(_, value)| value.split(", ").count());
        assert_eq!(nearest, Some(3), "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_not_open_is_refused_with_where_to_go_instead() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    for (code, expected) in [("1917", "0331 Heby"), ("2289", "2282 Kramfors")] {
        let request = announcement(&solna, code, 0);
        let refused = refused(&solna, request, code).await;
        let nearest = refused.metadata.iter().find(|(key, _)| key == "nearest");
        let nearest = nearest.map(|(_, value)| value.as_str()).unwrap_or_default();
        assert!(nearest.contains(expected), "{code}: {nearest}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_person_is_sent_to_the_manual_route_and_nothing_tells_why() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    // a confirmation of a marking changes nothing; nor does a marking where nobody handles such cases
    for (level, is_confirmed) in [
        (v1::ProtectionLevel::ProtectedRegistration, false),
        (v1::ProtectionLevel::ProtectedRegistration, true),
        (v1::ProtectionLevel::SecrecyMarking, true),
    ] {
        let mut request = announcement(&solna, "2283", 0);
        person(&mut request).protection = level.into();
        request.secrecy_marking_confirmed = is_confirmed;
        let alone = refused(&solna, request.clone(), "protected").await;
        let is_marked = level == v1::ProtectionLevel::SecrecyMarking;
        // much else is wrong as well: the answer is the same
        request.legal_ground = None;
        content(&mut request).expected_on = "nonsense".to_owned();
        person(&mut request).birth_date = "1980-01-01".to_owned();
        let among = refused(&solna, request, "protected, and wrong").await;
        let all = [alone, among];
        // who stated a marking is told of it, and so of whatever else is wrong
        for refused in all.into_iter().take(if is_marked { 1 } else { 2 }) {
            assert_eq!(
                (refused.code, refused.reason.as_str()),
                (Code::FailedPrecondition, "MANUAL_ROUTE_REQUIRED")
            );
            assert_eq!(refused.violations, []);
            let shown = format!("{refused:?}").to_lowercase();
            for word in [
                "protect",
                "skydd",
                "secre",
                "sekretess",
                "folkbok",
                "person",
            ] {
                assert!(!shown.contains(word), "'{word}' in {shown}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_are_told_at_once() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let mut request = announcement(&solna, "2283", 0);
    content(&mut request).expected_on = "snart".to_owned();
    content(&mut request).case_number = "x".repeat(65);
    person(&mut request).given_name = String::new();
    person(&mut request).identity_number = PERSONS[0].0.replace('5', "6");
    let refused = refused(&solna, request, "four faults").await;
    let fields: Vec<&str> = refused.violations.iter().map(|v| v.0.as_str()).collect();
    for expected in [
        "content.expected_on",
        "content.case_number",
        "content.person.given_name",
        "content.person.identity_number",
    ] {
        assert!(fields.contains(&expected), "{expected} in {fields:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_speaks_the_language_that_was_asked_for() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let mut request = announcement(&solna, "2283", 0);
    request.legal_ground = None;
    for (asked, expected) in [("", "Ingen rättslig grund"), ("en", "No legal ground")] {
        let mut call = tonic::Request::new(request.clone());
        if !asked.is_empty() {
            let value = asked.parse().expect("a header");
            call.metadata_mut().insert("accept-language", value);
        }
        let status = solna.client.relocations().register_relocation(call).await;
        let refused = Refused::from(status.expect_err("refused"));
        assert!(
            refused.localized.starts_with(expected),
            "{}",
            refused.localized
        );
        assert!(
            refused.message.starts_with("No legal ground"),
            "{}",
            refused.message
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_over_the_size_limit_is_told_the_limit() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let mut request = announcement(&solna, "2283", 0);
    request.content.as_mut().expect("content").free_text = "a".repeat(1024 * 1024);
    let refused = solna.register(request).await.expect_err("too large");
    assert_eq!(refused.code, Code::ResourceExhausted, "{refused:?}");
    assert_eq!(refused.reason, "BODY_TOO_LARGE");
    let limit = ("bytes_max".to_owned(), (1024 * 1024).to_string());
    assert!(refused.metadata.contains(&limit), "{refused:?}");
}
