//! ConfirmNotice: a recipient says what it stored; a chain that differs is told to both sides.

use api::v1;
use client::request_id;
use tests::{OPERATOR, Party, SOLLEFTEA, SOLNA, World, announcement, verify, wait_for};

pub(crate) fn confirmation(party: &Party, number: i64, chain: &[u8]) -> v1::ConfirmNoticeRequest {
    v1::ConfirmNoticeRequest {
        municipality: party.municipality(),
        request_id: request_id(),
        validate_only: false,
        number,
        chain: chain.to_vec(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_agrees_is_confirmed_and_one_that_differs_is_told_to_both() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let operator = world.party(OPERATOR).await;
    for index in 0..3 {
        let registered = solna.register(announcement(&solna, "2283", index)).await;
        registered.expect("accepted");
    }
    let notices = solleftea.notices().await.expect("a list");
    for notice in &notices {
        let request = confirmation(&solleftea, notice.number, &notice.chain);
        assert!(solleftea.confirm(request).await.expect("confirmed").agrees);
    }
    let beyond = confirmation(&solleftea, 4, &notices[2].chain);
    let beyond = solleftea.confirm(beyond).await.expect_err("not yet there");
    assert_eq!(beyond.reason, "NUMBER_BEYOND_EDGE");
    let mut wrong = confirmation(&solleftea, 2, &notices[2].chain);
    wrong.validate_only = true;
    assert!(
        !solleftea
            .confirm(wrong.clone())
            .await
            .expect("a dry run")
            .agrees
    );
    assert_eq!(operator.alerts().await.expect("a list").alerts, []);

    wrong.validate_only = false;
    assert!(!solleftea.confirm(wrong.clone()).await.expect("told").agrees);
    assert!(!solleftea.confirm(wrong).await.expect("a retry").agrees);
    let alert = wait_for("an alert", || async {
        operator.alerts().await.expect("a list").alerts.pop()
    })
    .await;
    assert_eq!(alert.kind(), v1::AlertKind::ChainDiffers);
    let told = solleftea.notices().await.expect("a list");
    verify("2283", &told);
    let last = told.last().expect("a notice");
    assert_eq!(
        (told.len(), last.kind(), &last.resource),
        (4, v1::NoticeKind::ChainDiffers, &alert.name)
    );
    // the same difference again is the same alert; a later one that agrees is no alert
    let again = confirmation(&solleftea, 2, &notices[0].chain);
    assert!(!solleftea.confirm(again).await.expect("told").agrees);
    let right = confirmation(&solleftea, 4, &last.chain);
    assert!(solleftea.confirm(right).await.expect("confirmed").agrees);
    let later = solna.register(announcement(&solna, "2283", 3)).await;
    tests::settle(&operator, later.expect("accepted").position).await;
    assert_eq!(operator.alerts().await.expect("a list").alerts.len(), 1);
}
