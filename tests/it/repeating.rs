//! Retries, and the same person twice: never doubled, whatever happened to the first answer.

use api::v1;
use client::request_id;
use client::tonic::Code;
use tests::{SOLLEFTEA, SOLNA, World, announcement};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_a_command_gets_the_answer_of_then() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let registered = solna.register(announcement(&solna, "2283", 0)).await;
    let name = registered.expect("accepted").relocation.expect("one").name;
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
    assert_eq!(first.warnings, []);
    let reasons: Vec<&str> = second.warnings.iter().map(|w| w.reason.as_str()).collect();
    assert_eq!(reasons, ["ALREADY_ANNOUNCED"]);
    let notices = world
        .party(SOLLEFTEA)
        .await
        .notices()
        .await
        .expect("a list");
    assert_eq!(notices.len(), 1);
}
