//! Retries, and the same person twice: never doubled, whatever happened to the first answer.

use std::collections::BTreeSet;

use api::v1;
use client::request_id;
use client::tonic::Code;
use tests::{OPERATOR, SIGTUNA, SOLLEFTEA, SOLNA, World, announcement, arrival, wait_for};

use crate::access::announced;

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_gets_the_first_answer_and_other_content_is_refused_even_after_a_restart() {
    let mut world = World::start().await;
    let solna = world.party(SOLNA).await;
    let request = announcement(&solna, "2283", 0);
    let first = solna.register(request.clone()).await.expect("accepted");
    let mut other = request.clone();
    other.content.as_mut().expect("content").free_text = "Något annat.".into();

    for restarted in [false, true] {
        if restarted {
            assert!(world.terminate().await.success());
            world.start_again().await;
        }
        let solna = world.party(SOLNA).await;
        let again = solna.register(request.clone()).await.expect("a retry");
        assert_eq!(again, first, "restarted: {restarted}");
        let refused = solna
            .register(other.clone())
            .await
            .expect_err("other content");
        assert_eq!(
            (refused.code, refused.reason.as_str()),
            (Code::AlreadyExists, "REQUEST_ID_REUSED")
        );
    }
    let notices = world
        .party(SOLLEFTEA)
        .await
        .notices()
        .await
        .expect("a list");
    assert_eq!(notices.len(), 1, "{notices:?}");
}

/// To hear of a move is one thing, to be asked to take a case over another: the first is no answer to the second.
#[tokio::test(flavor = "multi_thread")]
async fn another_kind_of_the_same_person_is_refused_and_never_answered_with_what_stands() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let announced = solna.register(announcement(&solna, "2283", 0)).await;
    let name = announced.expect("accepted").relocation.expect("it").name;
    let mut transfer = announcement(&solna, "2283", 0);
    transfer.kind = v1::RelocationKind::Transfer2910.into();
    for validate_only in [true, false, false, true] {
        let request = v1::RegisterRelocationRequest {
            validate_only,
            ..transfer.clone()
        };
        let refused = solna.register(request).await.expect_err("another kind");
        assert_eq!(refused.reason, "ANNOUNCED_AS_ANOTHER_KIND");
        assert_eq!(refused.violations.first().expect("a field").0, "kind");
    }
    let solleftea = world.party(SOLLEFTEA).await;
    assert_eq!(solleftea.notices().await.expect("a list").len(), 1);
    solna
        .withdraw(v1::WithdrawRelocationRequest {
            municipality: solna.municipality(),
            actor: solna.actor(),
            request_id: request_id(),
            name: name.clone(),
            reason: v1::WithdrawalReason::MoveCancelled.into(),
            ..v1::WithdrawRelocationRequest::default()
        })
        .await
        .expect("withdrawn");
    transfer.request_id = request_id();
    let asked = solna.register(transfer).await.expect("accepted");
    let is_pointed = |it: &v1::Warning| it.reason == "ALREADY_ANNOUNCED";
    assert!(!asked.warnings.iter().any(is_pointed), "{asked:?}");
    assert_ne!(asked.relocation.expect("it").name, name);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_a_command_gets_the_answer_of_then() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let name = announced(&solna, 0).await;
    let request = v1::AcknowledgeRelocationRequest {
        municipality: solleftea.municipality(),
        actor: solleftea.actor(),
        request_id: request_id(),
        name: name.clone(),
        ..v1::AcknowledgeRelocationRequest::default()
    };
    let first = solleftea
        .acknowledge(request.clone())
        .await
        .expect("accepted");
    solna
        .withdraw(v1::WithdrawRelocationRequest {
            municipality: solna.municipality(),
            actor: solna.actor(),
            request_id: request_id(),
            name,
            reason: v1::WithdrawalReason::MoveCancelled.into(),
            ..v1::WithdrawRelocationRequest::default()
        })
        .await
        .expect("withdrawn");
    let again = solleftea.acknowledge(request).await.expect("a retry");
    assert_eq!(again, first, "as it was then, not withdrawn");
    assert_eq!(solna.notices().await.expect("a list").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_person_twice_is_one_relocation_and_one_notice() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let first = solna
        .register(announcement(&solna, "2283", 0))
        .await
        .expect("accepted");
    // another spelling of the same number
    let mut second = announcement(&solna, "2283", 0);
    let content = second.content.as_mut().expect("content");
    content.person.as_mut().expect("a person").identity_number = "900101-2385".to_owned();
    let second = solna.register(second).await.expect("accepted");
    let name = |answer: &v1::RegisterRelocationResponse| {
        answer.relocation.clone().expect("a relocation").name
    };
    assert_eq!(name(&second), name(&first));
    let reasons = |answer: &v1::RegisterRelocationResponse| -> Vec<String> {
        let warnings = answer.warnings.iter();
        warnings.map(|warning| warning.reason.clone()).collect()
    };
    assert_eq!(reasons(&first), ["RECIPIENT_NOT_CONNECTED"]);
    let expected = ["ALREADY_ANNOUNCED", "RECIPIENT_NOT_CONNECTED"];
    assert_eq!(reasons(&second), expected);
    let notices = world
        .party(SOLLEFTEA)
        .await
        .notices()
        .await
        .expect("a list");
    assert_eq!(notices.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_arrival_twice_is_one_report_and_one_question() {
    let world = World::start().await;
    let solleftea = world.party(SOLLEFTEA).await;
    let operator = world.party(OPERATOR).await;
    let first = solleftea.report(arrival(&solleftea, "0184", 0)).await;
    let first = first.expect("accepted");
    // another clerk, another spelling of the same number
    let mut second = arrival(&solleftea, "0184", 0);
    let content = second.content.as_mut().expect("content");
    content.person.as_mut().expect("a person").identity_number = "900101-2385".to_owned();
    let pointed = solleftea.report(second.clone()).await.expect("accepted");
    let reasons: Vec<&str> = pointed.warnings.iter().map(|w| w.reason.as_str()).collect();
    assert_eq!(reasons, ["ALREADY_REPORTED"]);
    assert_eq!(first.warnings, []);
    assert_eq!(
        (&pointed.arrival, pointed.position),
        (&first.arrival, first.position)
    );
    // another municipality's report is its own
    let sigtuna = world.party(SIGTUNA).await;
    let of_another = sigtuna.report(arrival(&sigtuna, "0184", 0)).await;
    assert_eq!(of_another.expect("accepted").warnings, []);

    operator.advance(15).await.expect("moved");
    let alerts = wait_for("two questions", || async {
        let alerts = operator.alerts().await.expect("a list").alerts;
        (alerts.len() >= 2).then_some(alerts)
    })
    .await;
    let asking: BTreeSet<&str> = alerts
        .iter()
        .map(|it| it.asking_municipality.as_str())
        .collect();
    assert_eq!((alerts.len(), asking.len()), (2, 2), "one of each");
    // a retry of the second is answered as then
    assert_eq!(solleftea.report(second).await.expect("a retry"), pointed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_report_lets_the_arrival_be_reported_anew() {
    let world = World::start().await;
    let solleftea = world.party(SOLLEFTEA).await;
    let report = async || {
        let reported = solleftea.report(arrival(&solleftea, "0184", 0)).await;
        let reported = reported.expect("accepted");
        (reported.arrival.expect("one").name, reported.warnings.len())
    };
    let (first, _warnings) = report().await;
    let withdrawn = solleftea
        .withdraw_arrival(v1::WithdrawArrivalRequest {
            municipality: solleftea.municipality(),
            actor: solleftea.actor(),
            request_id: request_id(),
            name: first.clone(),
            ..v1::WithdrawArrivalRequest::default()
        })
        .await;
    withdrawn.expect("withdrawn");
    let (second, warnings) = report().await;
    assert_ne!(second, first);
    assert_eq!(warnings, 0);
    assert_eq!(report().await, (second, 1));
}
