//! Every method as every wrong caller: the certificate decides, and what is another's does not exist.

mod table;

use std::collections::BTreeSet;
use std::time::Duration;

use api::v1;
use client::tonic::Code;
use client::{Refused, request_id};
use prost::Message as _;
use prost_types::{FileDescriptorSet, MethodDescriptorProto};
use tests::{
    ANALYST, FEED, KEEPER, OPERATOR, Organisation, Party, REVIEWER, REVIEWER_THERE, SHARED,
    SIGTUNA, SOLLEFTEA, SOLNA, STRANGER, WATCH, World, arrival, granted_to, wait_for,
};

use crate::access::announced;
use crate::reviewing::listed;
use table::{
    ADMINISTRATORS, ALL, FEEDS, FEEDS_OR_PARTIES, NAMED, Names, OPERATORS, OWN, REVIEWERS, Row,
    write,
};

/// Longer than any receipt takes.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn the_table_holds_every_method_of_the_contract() {
    let set = FileDescriptorSet::decode(api::generated::DESCRIPTORS);
    let set = set.expect("descriptors");
    let contract: BTreeSet<&str> = set
        .file
        .iter()
        .filter(|file| file.package() == "flyttbud.v1")
        .flat_map(|file| &file.service)
        .flat_map(|service| service.method.iter().map(MethodDescriptorProto::name))
        .collect();
    let all = [
        NAMED,
        OWN,
        FEEDS,
        FEEDS_OR_PARTIES,
        OPERATORS,
        REVIEWERS,
        ADMINISTRATORS,
        ALL,
    ];
    let table: BTreeSet<&str> = all
        .into_iter()
        .flatten()
        .map(|(name, _call)| *name)
        .collect();
    assert_eq!(table, contract);
}

/// A relocation from Solna to Sollefteå, an arrival at Sollefteå from Solna, and an alert about another one.
async fn names(world: &World) -> Names {
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let operator = world.party(OPERATOR).await;
    let reported = solleftea.report(arrival(&solleftea, "0184", 1)).await;
    reported.expect("accepted");
    operator.advance(15).await.expect("moved");
    let alert = wait_for("an alert", || async {
        operator.alerts().await.expect("a list").alerts.pop()
    })
    .await;
    let arrival = solleftea.report(arrival(&solleftea, "0184", 2)).await;
    let relocation = announced(&solna, 0).await;
    let receipt = v1::GetReceiptRequest {
        municipality: solna.municipality(),
        name: relocation.clone(),
        ..v1::GetReceiptRequest::default()
    };
    let all_is_signed = solna.client.wait_for_receipt(&receipt, false, PATIENCE);
    all_is_signed.await.expect("a receipt");
    Names {
        relocation,
        arrival: arrival.expect("accepted").arrival.expect("one").name,
        alert: alert.name,
    }
}

async fn refuse_all(who: &str, party: &Party, names: &Names, rows: &[&[Row]], reason: &str) {
    for (method, call) in rows.iter().copied().flatten() {
        let refused = call(party.clone(), names.clone()).await;
        let refused = refused.expect_err(&format!("{method} as {who}"));
        let expected = if reason == "NOT_FOUND" {
            Code::NotFound
        } else {
            Code::PermissionDenied
        };
        assert_eq!(
            (refused.code, refused.reason.as_str()),
            (expected, reason),
            "{method} as {who}"
        );
    }
}

/// A vendor whom another municipality let in, then one whom this one let in for something else.
async fn refuse_vendors(world: &World, names: &Names) {
    let vendor = world.party(SHARED).await.acting_for("0184");
    let grant = async |by: Party, methods: &[&str]| {
        let vendor = v1::Vendor {
            methods: methods.iter().map(ToString::to_string).collect(),
            ..granted_to(SHARED)
        };
        let request = write!(GrantVendorRequest, by, vendor: Some(vendor));
        by.grant(request).await.expect("granted");
    };
    grant(world.party(SIGTUNA).await, &[]).await;
    let who = "another municipality's vendor";
    refuse_all(who, &vendor, names, &[NAMED, OWN], "SENDER_NOT_YOURS").await;
    grant(world.party(SOLNA).await, &["WithdrawArrival"]).await;
    let others: Vec<Row> = [NAMED, OWN].concat();
    let others: Vec<Row> = others
        .into_iter()
        .filter(|(method, _)| *method != "WithdrawArrival")
        .collect();
    let who = "a vendor for another method";
    refuse_all(who, &vendor, names, &[&others], "VENDOR_NOT_GRANTED").await;
    grant(world.party(SOLNA).await, &[]).await;
    let own: Vec<Row> = others
        .into_iter()
        .filter(|(method, _)| {
            let own = ["SetFunction", "LiftProtection"];
            method.ends_with("Vendor") || method.ends_with("Vendors") || own.contains(method)
        })
        .collect();
    assert_eq!(own.len(), 5);
    let who = "a vendor for everything";
    refuse_all(who, &vendor, names, &[&own], "VENDOR_NOT_GRANTED").await;
}

/// Everything that a wrong call could have changed.
async fn state(world: &World, names: &Names) -> String {
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let operator = world.party(OPERATOR).await;
    let relocation = solna.read(&names.relocation).await.expect("read");
    let arrival = solleftea.read_arrival(&names.arrival).await.expect("read");
    let alert = solna.read_alert(&names.alert).await.expect("read");
    let alerts = operator.alerts().await.expect("a list").alerts;
    let definition = operator.get_definition(v1::GetDefinitionRequest {}).await;
    let notices = [solna.notices().await, solleftea.notices().await];
    let (mut functions, mut quarantined, mut reviews) = (Vec::new(), Vec::new(), Vec::new());
    for of in [solna, solleftea, world.party(SIGTUNA).await] {
        let list = v1::ListFunctionsRequest {
            parent: of.municipality(),
            include_closed: true,
            ..v1::ListFunctionsRequest::default()
        };
        functions.extend(of.list_functions(list).await.expect("a list").functions);
        let list = v1::ListQuarantinedEventsRequest {
            municipality: of.municipality(),
            ..v1::ListQuarantinedEventsRequest::default()
        };
        quarantined.extend(of.list_quarantined(list).await.expect("a list").events);
    }
    for who in [REVIEWER, REVIEWER_THERE] {
        reviews.extend(listed(&world.party(who).await).await.reviews);
    }
    format!(
        "{relocation:?} {arrival:?} {alert:?} {alerts:?} {definition:?} {notices:?} {functions:?} {quarantined:?} \
         {reviews:?}"
    )
}

/// Somebody of each role, and what only others may do.
const OF_OTHER_ROLES: [(&str, Organisation, &[&[Row]]); 6] = [
    (
        "a case system",
        SOLNA,
        &[FEEDS, OPERATORS, ADMINISTRATORS, REVIEWERS],
    ),
    (
        "an analyst",
        ANALYST,
        &[
            NAMED,
            OWN,
            FEEDS,
            FEEDS_OR_PARTIES,
            OPERATORS,
            ADMINISTRATORS,
            REVIEWERS,
        ],
    ),
    (
        "an operator",
        WATCH,
        &[
            NAMED,
            OWN,
            FEEDS,
            FEEDS_OR_PARTIES,
            ADMINISTRATORS,
            REVIEWERS,
        ],
    ),
    (
        "an administrator",
        KEEPER,
        &[NAMED, OWN, FEEDS, FEEDS_OR_PARTIES, OPERATORS, REVIEWERS],
    ),
    (
        "a register feed",
        FEED,
        &[NAMED, OWN, OPERATORS, ADMINISTRATORS, REVIEWERS],
    ),
    (
        "a reviewer",
        REVIEWER,
        &[NAMED, OWN, OPERATORS, ADMINISTRATORS],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_method_answers_a_caller_whose_certificate_does_not_allow_it() {
    let world = World::start().await;
    let names = names(&world).await;
    let before = state(&world, &names).await;

    let sigtuna = world.party(SIGTUNA).await.acting_for("0184");
    refuse_all(
        "another municipality",
        &sigtuna,
        &names,
        &[NAMED, OWN, FEEDS_OR_PARTIES],
        "SENDER_NOT_YOURS",
    )
    .await;
    refuse_vendors(&world, &names).await;
    let feed = world.party(FEED).await.acting_for("0191");
    let told = [FEEDS, FEEDS_OR_PARTIES];
    refuse_all("another's feed", &feed, &names, &told, "SENDER_NOT_YOURS").await;
    for (who, organisation, rows) in OF_OTHER_ROLES {
        let party = world.party(organisation).await.acting_for("0184");
        refuse_all(who, &party, &names, rows, "ROLE_NOT_ALLOWED").await;
    }
    let elsewhere = world.party(REVIEWER).await.acting_for("2283");
    let who = "another municipality's reviewer";
    refuse_all(who, &elsewhere, &names, &[REVIEWERS], "SENDER_NOT_YOURS").await;
    assert_eq!(state(&world, &names).await, before, "nothing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_municipalitys_does_not_exist() {
    let world = World::start().await;
    let names = names(&world).await;
    let before = state(&world, &names).await;
    let sigtuna = world.party(SIGTUNA).await;
    refuse_all(
        "a third municipality",
        &sigtuna,
        &names,
        &[NAMED],
        "NOT_FOUND",
    )
    .await;
    let listed = sigtuna
        .list_relocations(v1::ListRelocationsRequest {
            municipality: sigtuna.municipality(),
            ..v1::ListRelocationsRequest::default()
        })
        .await;
    assert_eq!(listed.expect("a list").relocations, []);
    let arrivals = sigtuna
        .list_arrivals(v1::ListArrivalsRequest {
            municipality: sigtuna.municipality(),
            ..v1::ListArrivalsRequest::default()
        })
        .await;
    assert_eq!(arrivals.expect("a list").arrivals, []);
    assert_eq!(sigtuna.alerts().await.expect("a list").alerts, []);
    let find = v1::FindRelocationsRequest {
        municipality: sigtuna.municipality(),
        actor: sigtuna.actor(),
        term: Some(v1::find_relocations_request::Term::IdentityNumber(
            "19900101-2385".to_owned(),
        )),
    };
    assert_eq!(sigtuna.find(find).await.expect("a search").relocations, []);
    // the arrival is Sollefteå's alone: not even the municipality that it names sees it unasked
    let solna = world.party(SOLNA).await;
    let unasked = solna
        .read_arrival(&names.arrival)
        .await
        .expect_err("unasked");
    assert_eq!(unasked.code, Code::NotFound);
    // a name that nobody has is refused in the same words
    let nobodys = sigtuna
        .read(&format!("relocations/{}", request_id()))
        .await
        .expect_err("nobody's");
    let of_another = sigtuna
        .read(&names.relocation)
        .await
        .expect_err("another's");
    let without_id = |refused: Refused| Refused {
        request_id: String::new(),
        ..refused
    };
    assert_eq!(without_id(nobodys), without_id(of_another));
    assert_eq!(state(&world, &names).await, before, "nothing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_but_the_named_lets_the_right_caller_in() {
    let world = World::start().await;
    let names = names(&world).await;
    let solna = world.party(SOLNA).await;
    let operator = world.party(WATCH).await;
    let keeper = world.party(KEEPER).await;
    for (method, call) in OWN {
        let answered = call(solna.clone(), names.clone()).await;
        if ["GetDrill", "AcknowledgeDrill"].contains(method) {
            // drills are off here: it is let in, and there is none to read or to take in
            let refused = answered.expect_err("no drill is due");
            assert_eq!(refused.reason, "NOT_FOUND");
            continue;
        }
        // Solna's first notice is the question: the chain given here is not its chain, which is an answer
        answered.unwrap_or_else(|refused| panic!("{method}: {refused:?}"));
    }
    let feed = world.party(FEED).await;
    for (party, rows) in [
        (&feed, FEEDS),
        (&feed, FEEDS_OR_PARTIES),
        (&solna, FEEDS_OR_PARTIES),
    ] {
        for (method, call) in rows {
            let answered = call(party.clone(), names.clone()).await;
            answered.unwrap_or_else(|refused| panic!("{method}: {refused:?}"));
        }
    }
    for organisation in [SOLNA, ANALYST, WATCH, KEEPER, FEED] {
        let party = world.party(organisation).await;
        for (method, call) in ALL {
            let answered = call(party.clone(), names.clone()).await;
            answered.unwrap_or_else(|refused| panic!("{method}: {refused:?}"));
        }
    }
    let reviewer = world.party(REVIEWER).await;
    for (party, rows) in [
        (operator, OPERATORS),
        (keeper, ADMINISTRATORS),
        (reviewer, REVIEWERS),
    ] {
        for (method, call) in rows {
            let answered = call(party.clone(), names.clone()).await;
            answered.unwrap_or_else(|refused| panic!("{method}: {refused:?}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_of_our_authority_there_is_no_connection() {
    let world = World::start().await;
    for who in [Some(STRANGER), None] {
        let attempt = async {
            let Ok(channel) = world.endpoint(who).connect().await else {
                return Err(());
            };
            let mut service = v1::directory_service_client::DirectoryServiceClient::new(channel);
            let answer = service.who_am_i(v1::WhoAmIRequest {}).await;
            answer.map(|_| ()).map_err(|status| {
                // TLS 1.3 tells a client late that its certificate is refused: never an answer of ours
                assert!(
                    Refused::from(status.clone()).reason.is_empty(),
                    "{status:?}"
                );
            })
        };
        assert_eq!(attempt.await, Err(()), "{who:?}");
    }
    // the positive control: the same way in, with a right certificate
    let channel = world.endpoint(Some(SOLNA)).connect().await.expect("let in");
    let mut service = v1::directory_service_client::DirectoryServiceClient::new(channel);
    let answer = service
        .who_am_i(v1::WhoAmIRequest {})
        .await
        .expect("answered");
    let answer = answer.into_inner();
    assert_eq!(answer.municipalities, ["municipalities/0184"]);
    assert_eq!(
        (answer.organisation_number.as_str(), answer.roles),
        ("212000-0183", vec!["case-system".to_owned()])
    );
}
