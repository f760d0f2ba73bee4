//! Every method as every wrong caller: the certificate decides, and what is another's does not exist.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use api::v1;
use client::tonic::Code;
use client::{Refused, request_id};
use prost::Message as _;
use prost_types::{FileDescriptorSet, MethodDescriptorProto};
use tests::{
    ANALYST, FEED, KEEPER, OPERATOR, Party, REVIEWER, SIGTUNA, SOLLEFTEA, SOLNA, STRANGER, WATCH,
    World, announcement, arrival, consent, wait_for,
};

/// What there is to be reached for.
#[derive(Clone, Debug)]
struct Names {
    relocation: String,
    arrival: String,
    alert: String,
}

/// Longer than any receipt takes.
const PATIENCE: Duration = Duration::from_secs(30);

type Answer = Pin<Box<dyn Future<Output = Result<(), Refused>> + Send>>;
/// A method's name, and a right call of it.
type Row = (&'static str, fn(Party, Names) -> Answer);

/// Rows of the table: a method, and the request that the party makes.
macro_rules! rows {
    (|$party:ident, $names:ident| $($name:literal: $call:ident($request:expr);)*) => {
        &[$(($name, |$party, $names| Box::pin(async move {
            let _ = &$names;
            let request = $request;
            $party.$call(request).await.map(|_answer| ())
        }))),*]
    };
}

/// A request with what all writes carry; `$rest` is the method's own.
macro_rules! write {
    ($request:ident, $party:ident, $($field:ident: $value:expr),*) => {
        v1::$request {
            municipality: $party.municipality(),
            actor: $party.actor(),
            request_id: request_id(),
            $($field: $value,)*
            ..v1::$request::default()
        }
    };
}

const TEXT: &str = "Några ord.";
/// A period in which nobody opened anything.
const LONG_AGO: Option<api::generated::Timestamp> = instant(1_000_000_000);
const NOT_SO_LONG_AGO: Option<api::generated::Timestamp> = instant(1_100_000_000);

#[expect(clippy::unnecessary_wraps, reason = "as the messages have it")]
const fn instant(seconds: i64) -> Option<api::generated::Timestamp> {
    Some(api::generated::Timestamp { seconds, nanos: 0 })
}

/// Methods of parties about a relocation or an arrival by name.
const NAMED: &[Row] = rows! { |party, names|
    "GetRelocation": get_relocation(v1::GetRelocationRequest {
known_at: None,
        municipality: party.municipality(), actor: party.actor(), name: names.relocation,
        view: v1::View::Full.into(),
    });
    "SupplementRelocation": supplement(write!(SupplementRelocationRequest, party,
        name: names.relocation, text: TEXT.to_owned()));
    "WithdrawRelocation": withdraw(write!(WithdrawRelocationRequest, party,
        name: names.relocation, reason: v1::WithdrawalReason::Mistake.into()));
    "AcknowledgeRelocation": acknowledge(write!(AcknowledgeRelocationRequest, party,
        name: names.relocation));
    "ReplyToRelocation": reply(write!(ReplyToRelocationRequest, party,
        name: names.relocation, text: TEXT.to_owned()));
    "ReferTransfer": refer(write!(ReferTransferRequest, party,
        name: names.relocation, referred_on: "2026-01-02".to_owned()));
    "RecordTransferDecision": record_decision(write!(RecordTransferDecisionRequest, party,
        name: names.relocation, decided_on: "2026-01-02".to_owned()));
    "GetArrival": get_arrival(v1::GetArrivalRequest {
known_at: None,
        municipality: party.municipality(), actor: party.actor(), name: names.arrival,
        view: v1::View::Full.into(),
    });
    "WithdrawArrival": withdraw_arrival(write!(WithdrawArrivalRequest, party,
        name: names.arrival));
    "GetAlert": get_alert(v1::GetAlertRequest {
known_at: None,
        municipality: party.municipality(), actor: party.actor(), name: names.alert,
        view: v1::View::Full.into(),
    });
    "AnswerAlert": answer(write!(AnswerAlertRequest, party, name: names.alert,
        answer: v1::AnswerCode::NotKnownHere.into(), text: TEXT.to_owned(),
        legal_ground: Some(consent())));
    "DisputeAlert": dispute(write!(DisputeAlertRequest, party,
        name: names.alert, text: TEXT.to_owned()));
    "GetReceipt": get_receipt(v1::GetReceiptRequest {
        municipality: party.municipality(), actor: party.actor(), name: names.relocation,
        view: v1::View::Full.into(), ..v1::GetReceiptRequest::default()
    });
};

/// Methods of parties about what is their own.
const OWN: &[Row] = rows! { |party, names|
    "RegisterRelocation": register(announcement(&party, "2283", 3));
    "ListRelocations": list_relocations(v1::ListRelocationsRequest {
        municipality: party.municipality(), ..v1::ListRelocationsRequest::default()
    });
    "FindRelocations": find(v1::FindRelocationsRequest {
        municipality: party.municipality(), actor: party.actor(),
        term: Some(v1::find_relocations_request::Term::IdentityNumber("19900101-2385".to_owned())),
    });
    "ReportArrival": report(arrival(&party, "2283", 3));
    "ListArrivals": list_arrivals(v1::ListArrivalsRequest {
        municipality: party.municipality(), ..v1::ListArrivalsRequest::default()
    });
    "ListNotices": list_notices(v1::ListNoticesRequest {
        municipality: party.municipality(), ..v1::ListNoticesRequest::default()
    });
    "WatchInbox": open_inbox(party.municipality());
    "ConfirmNotice": confirm(v1::ConfirmNoticeRequest {
        municipality: party.municipality(), request_id: request_id(), number: 1,
        chain: vec![0; 32], ..v1::ConfirmNoticeRequest::default()
    });
    "ListAlerts": list_alerts(v1::ListAlertsRequest {
        municipality: party.municipality(), ..v1::ListAlertsRequest::default()
    });
    "WatchAlerts": open_alerts(party.municipality());
    "ListEntries": list_entries(v1::ListEntriesRequest {
        municipality: party.municipality(), ..v1::ListEntriesRequest::default()
    });
    "ListRefusals": list_refusals(v1::ListRefusalsRequest {
        municipality: party.municipality(), ..v1::ListRefusalsRequest::default()
    });
};

/// Methods of operators. The first five are parties' too, with a municipality.
const OPERATORS: &[Row] = rows! { |party, names|
    "ListAlerts": list_alerts(v1::ListAlertsRequest::default());
    "GetAlert": get_alert(v1::GetAlertRequest {
        name: names.alert, ..v1::GetAlertRequest::default()
    });
    "WatchAlerts": open_alerts(String::new());
    "GetReceipt": get_receipt(v1::GetReceiptRequest {
        name: names.alert, ..v1::GetReceiptRequest::default()
    });
    "ListEntries": list_entries(v1::ListEntriesRequest::default());
    "CountRefusals": count_refusals(v1::CountRefusalsRequest {});
    "AcknowledgeAlert": acknowledge_alert(v1::AcknowledgeAlertRequest {
        actor: party.actor(), request_id: request_id(), name: names.alert,
        ..v1::AcknowledgeAlertRequest::default()
    });
    "AssignAlert": assign(v1::AssignAlertRequest {
        actor: party.actor(), request_id: request_id(), name: names.alert,
        assignee: "operator-2".to_owned(), ..v1::AssignAlertRequest::default()
    });
    "CommentOnAlert": comment(v1::CommentOnAlertRequest {
        actor: party.actor(), request_id: request_id(), name: names.alert,
        text: TEXT.to_owned(), ..v1::CommentOnAlertRequest::default()
    });
    "CloseAlert": close(v1::CloseAlertRequest {
        actor: party.actor(), request_id: request_id(), name: names.alert,
        reason: v1::CloseReason::Technical.into(), ..v1::CloseAlertRequest::default()
    });
};

/// Methods of reviewers.
const REVIEWERS: &[Row] = rows! { |party, names|
    "ListAccesses": list_accesses(v1::ListAccessesRequest {
        municipality: party.municipality(), actor: party.actor(),
        ..v1::ListAccessesRequest::default()
    });
    "SampleAccesses": sample_accesses(v1::SampleAccessesRequest {
        municipality: party.municipality(), actor: party.actor(), from: LONG_AGO, until: NOT_SO_LONG_AGO,
        ..v1::SampleAccessesRequest::default()
    });
    "RecordReview": record_review(write!(RecordReviewRequest, party,
        from: LONG_AGO, until: NOT_SO_LONG_AGO, seed: 1));
    "ListReviews": list_reviews(v1::ListReviewsRequest {
        municipality: party.municipality(), actor: party.actor(),
        ..v1::ListReviewsRequest::default()
    });
};

/// Methods of administrators.
const ADMINISTRATORS: &[Row] = rows! { |party, names|
    "SetDefinition": set_definition(v1::SetDefinitionRequest {
        request_id: request_id(), validate_only: false,
        definition: Some(v1::Definition {
            version: 2, grace_days: 7, early_months: 2, late_months: 6, not_arrived_months: 6,
            answer_days: 10, expiry_days: 180,
        }),
    });
    "AdvanceClock": advance_clock(v1::AdvanceClockRequest {
        request_id: request_id(), validate_only: false, seconds: 1,
    });
};

/// Methods of all who have a certificate.
const ALL: &[Row] = rows! { |party, names|
    "ListMunicipalities": list_municipalities(v1::ListMunicipalitiesRequest::default());
    "GetMunicipality": get_municipality(v1::GetMunicipalityRequest {
        name: "municipalities/0184".to_owned(),
    });
    "WhoAmI": who_am_i(v1::WhoAmIRequest {});
    "GetDefinition": get_definition(v1::GetDefinitionRequest {});
    "GetCheckpoint": get_checkpoint(v1::GetCheckpointRequest::default());
    "GetConsistencyProof": get_consistency_proof(v1::GetConsistencyProofRequest {
        old_size: 1, size: 0,
    });
};

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
    let table: BTreeSet<&str> = [NAMED, OWN, OPERATORS, REVIEWERS, ADMINISTRATORS, ALL]
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
    let relocation = solna.register(announcement(&solna, "2283", 0)).await;
    let relocation = relocation.expect("accepted").relocation.expect("one").name;
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
    format!("{relocation:?} {arrival:?} {alert:?} {alerts:?} {definition:?} {notices:?}")
}

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
        &[NAMED, OWN],
        "SENDER_NOT_YOURS",
    )
    .await;
    for (who, organisation) in [
        ("an analyst", ANALYST),
        ("an operator", WATCH),
        ("an administrator", KEEPER),
        ("a register feed", FEED),
        ("a reviewer", REVIEWER),
    ] {
        let party = world.party(organisation).await.acting_for("0184");
        refuse_all(who, &party, &names, &[NAMED, OWN], "ROLE_NOT_ALLOWED").await;
    }
    for (who, organisation) in [
        ("a case system", SOLNA),
        ("an analyst", ANALYST),
        ("an administrator", KEEPER),
        ("a register feed", FEED),
    ] {
        let party = world.party(organisation).await;
        refuse_all(who, &party, &names, &[OPERATORS], "ROLE_NOT_ALLOWED").await;
    }
    for (who, organisation) in [
        ("a case system", SOLNA),
        ("an analyst", ANALYST),
        ("an operator", WATCH),
        ("a register feed", FEED),
    ] {
        let party = world.party(organisation).await;
        refuse_all(who, &party, &names, &[ADMINISTRATORS], "ROLE_NOT_ALLOWED").await;
    }
    for (who, organisation) in [
        ("a case system", SOLNA),
        ("an analyst", ANALYST),
        ("an operator", WATCH),
        ("an administrator", KEEPER),
        ("a register feed", FEED),
    ] {
        let party = world.party(organisation).await.acting_for("0184");
        refuse_all(who, &party, &names, &[REVIEWERS], "ROLE_NOT_ALLOWED").await;
    }
    let reviewer = world.party(REVIEWER).await;
    for rows in [OPERATORS, ADMINISTRATORS] {
        refuse_all("a reviewer", &reviewer, &names, &[rows], "ROLE_NOT_ALLOWED").await;
    }
    let elsewhere = reviewer.acting_for("2283");
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
async fn the_table_is_of_calls_that_the_right_caller_may_make() {
    let world = World::start().await;
    let names = names(&world).await;
    let solna = world.party(SOLNA).await;
    let operator = world.party(WATCH).await;
    let keeper = world.party(KEEPER).await;
    for (method, call) in OWN {
        let answered = call(solna.clone(), names.clone()).await;
        // Solna's first notice is the question: the chain given here is not its chain, which is an answer
        answered.unwrap_or_else(|refused| panic!("{method}: {refused:?}"));
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
