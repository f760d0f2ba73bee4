//! What was told once and may be read no longer; and what a consent that is partial keeps out, later too.

use api::v1;
use client::request_id;
use tests::{
    OPERATOR, Party, SIGTUNA, SOLLEFTEA, SOLNA, World, announcement, arrival, consent, wait_for,
};

pub(crate) async fn withdraw(solna: &Party, name: &str, reason: v1::WithdrawalReason) {
    let withdrawn = solna
        .withdraw(v1::WithdrawRelocationRequest {
            municipality: solna.municipality(),
            actor: solna.actor(),
            request_id: request_id(),
            name: name.to_owned(),
            reason: reason.into(),
            ..v1::WithdrawRelocationRequest::default()
        })
        .await;
    withdrawn.expect("withdrawn");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_consent_and_a_mistake_end_the_reading_and_a_cancelled_move_does_not() {
    use v1::WithdrawalReason as Why;
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    for (index, (reason, readable)) in [
        (Why::ConsentRevoked, false),
        (Why::Mistake, false),
        (Why::MoveCancelled, true),
    ]
    .into_iter()
    .enumerate()
    {
        let registered = solna.register(announcement(&solna, "2283", index)).await;
        let name = registered.expect("accepted").relocation.expect("one").name;
        let before = solleftea.read(&name).await.expect("theirs");
        assert!(before.content.is_some());
        withdraw(&solna, &name, reason).await;
        let after = solleftea.read(&name).await.expect("the envelope stays");
        assert_eq!(after.state(), v1::RelocationState::Withdrawn);
        assert_eq!(after.content.is_some(), readable, "{reason:?}");
        let own = solna.read(&name).await.expect("their own");
        assert!(own.content.is_some(), "the sender's record is its own");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_consent_limits_what_is_added_later() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let mut request = announcement(&solna, "2283", 0);
    let ground = request.legal_ground.as_mut().expect("a ground");
    ground.consent.as_mut().expect("a consent").scopes = vec![
        v1::ConsentScope::Dwelling.into(),
        v1::ConsentScope::Support.into(),
        v1::ConsentScope::Household.into(),
        v1::ConsentScope::Groups.into(),
        v1::ConsentScope::Wish.into(),
    ];
    request.content.as_mut().expect("content").free_text = String::new();
    let registered = solna.register(request).await.expect("covered");
    let name = registered.relocation.expect("one").name;
    let refused = solna
        .supplement(v1::SupplementRelocationRequest {
            municipality: solna.municipality(),
            actor: solna.actor(),
            request_id: request_id(),
            name,
            text: "Mer om personen.".to_owned(),
            ..v1::SupplementRelocationRequest::default()
        })
        .await
        .expect_err("free text is not covered");
    assert_eq!(refused.reason, "CONSENT_TOO_NARROW");
    assert_eq!(refused.violations.first().expect("a field").0, "text");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_was_withdrawn_is_no_longer_a_question() {
    let world = World::start().await;
    let solleftea = world.party(SOLLEFTEA).await;
    let sigtuna = world.party(SIGTUNA).await;
    let operator = world.party(OPERATOR).await;
    let reported = solleftea.report(arrival(&solleftea, "0191", 0)).await;
    let name = reported.expect("accepted").arrival.expect("one").name;
    operator.advance(15).await.expect("moved");
    let alert = wait_for("an alert", || async {
        operator.alerts().await.expect("a list").alerts.pop()
    })
    .await;
    let asked = sigtuna.read_alert(&alert.name).await.expect("asked");
    assert!(asked.question.is_some());
    let withdrawn = solleftea
        .withdraw_arrival(v1::WithdrawArrivalRequest {
            municipality: solleftea.municipality(),
            actor: solleftea.actor(),
            request_id: request_id(),
            name,
            ..v1::WithdrawArrivalRequest::default()
        })
        .await;
    withdrawn.expect("withdrawn");
    let closed = wait_for("the ledger to close it", || async {
        let alert = sigtuna.read_alert(&alert.name).await.expect("the envelope");
        (alert.state() == v1::AlertState::Closed).then_some(alert)
    })
    .await;
    assert_eq!(closed.close_reason(), v1::CloseReason::ArrivalWithdrawn);
    assert!(closed.question.is_none(), "it tells nothing more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_tells_too_and_names_a_ground_of_its_own() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let registered = solna.register(announcement(&solna, "2283", 0)).await;
    let name = registered.expect("accepted").relocation.expect("one").name;
    solleftea.take_in(&name, "").await.expect("taken in");
    let reply = |legal_ground| v1::ReplyToRelocationRequest {
        municipality: solleftea.municipality(),
        actor: solleftea.actor(),
        request_id: request_id(),
        name: name.clone(),
        text: "Personen är känd här.".to_owned(),
        legal_ground,
        ..v1::ReplyToRelocationRequest::default()
    };
    let general_clause = v1::LegalGround {
        code: v1::LegalGroundCode::GeneralClause1027.into(),
        ..v1::LegalGround::default()
    };
    for (ground, reason) in [
        (None, "LEGAL_GROUND_MISSING"),
        (Some(general_clause), "GENERAL_CLAUSE_REFUSED"),
    ] {
        let refused = solleftea.reply(reply(ground)).await.expect_err("refused");
        assert_eq!(refused.reason, reason);
    }
    let replied = solleftea.reply(reply(Some(consent()))).await;
    replied.expect("with a ground it is told");
}
