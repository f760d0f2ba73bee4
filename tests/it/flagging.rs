//! Arrivals: announced ones match without a word, unannounced ones become one question.

use api::v1;
use client::request_id;
use client::tonic::Code;
use tests::{
    OPERATOR, Party, SIGTUNA, SOLLEFTEA, SOLNA, World, announcement, arrival, consent, settle,
    verify, wait_for,
};

use crate::access::announced;

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_arrival_matches_and_nobody_is_asked() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let operator = world.party(OPERATOR).await;
    let mut inbox = solna.watch("").await.expect("a stream");
    let name = announced(&solna, 0).await;
    let reported = solleftea.report(arrival(&solleftea, "0184", 0)).await;
    let reported = reported.expect("accepted").arrival.expect("an arrival");
    assert_eq!(
        inbox.notice().await.kind(),
        v1::NoticeKind::RelocationArrived
    );
    let read = solleftea.read(&name).await.expect("read");
    assert_eq!(
        (read.state(), &read.arrival),
        (v1::RelocationState::Arrived, &reported.name)
    );
    assert_eq!(solna.read(&name).await.expect("read").arrival, "");
    let matched = solleftea.read_arrival(&reported.name).await.expect("read");
    assert_eq!(
        (matched.state(), &matched.relocation),
        (v1::ArrivalState::Matched, &name)
    );

    operator.advance(60).await.expect("moved");
    // one that is flagged afterwards shows that the time of the first one is over
    let later = solleftea.report(arrival(&solleftea, "0191", 1)).await;
    later.expect("accepted");
    operator.advance(15).await.expect("moved");
    let alert = wait_for("an alert", || async {
        operator.alerts().await.expect("a list").alerts.pop()
    })
    .await;
    assert_eq!(alert.asked_municipality, "municipalities/0191");
    assert_eq!(operator.alerts().await.expect("a list").alerts.len(), 1);
}

/// An arrival from Sigtuna that nobody announced, and the alert it leads to.
async fn unannounced(world: &World) -> (Party, Party, Party, v1::Arrival, v1::Alert) {
    let solleftea = world.party(SOLLEFTEA).await;
    let sigtuna = world.party(SIGTUNA).await;
    let operator = world.party(OPERATOR).await;
    let reported = solleftea.report(arrival(&solleftea, "0191", 1)).await;
    let reported = reported.expect("accepted");
    let arrival = reported.arrival.expect("an arrival");
    settle(&operator, reported.position).await;
    assert_eq!(operator.alerts().await.expect("a list").alerts, []);
    let early = sigtuna
        .read_arrival(&arrival.name)
        .await
        .expect_err("not theirs");
    assert_eq!(early.code, Code::NotFound);
    assert_eq!(sigtuna.notices().await.expect("a list"), []);
    operator.advance(15).await.expect("moved");
    let alert = wait_for("an alert", || async {
        operator.alerts().await.expect("a list").alerts.pop()
    })
    .await;
    (solleftea, sigtuna, operator, arrival, alert)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unannounced_arrival_is_one_question_to_one_municipality() {
    let world = World::start().await;
    let (solleftea, sigtuna, operator, arrival, alert) = unannounced(&world).await;
    assert_eq!(alert.kind(), v1::AlertKind::UnannouncedArrival);
    assert_eq!(
        (
            alert.asking_municipality.as_str(),
            alert.asked_municipality.as_str()
        ),
        ("municipalities/2283", "municipalities/0191")
    );
    assert_eq!(alert.question, None, "operators see no person");
    let asked = sigtuna.notices().await.expect("a list");
    verify("0191", &asked);
    let shown: Vec<_> = asked
        .iter()
        .map(|n| (n.kind(), n.resource.as_str()))
        .collect();
    assert_eq!(
        shown,
        [(v1::NoticeKind::QuestionAsked, alert.name.as_str())]
    );
    let solna = world.party(SOLNA).await;
    assert_eq!(solna.notices().await.expect("a list"), []);
    let stranger = solna.read_alert(&alert.name).await.expect_err("no party");
    assert_eq!(stranger.code, Code::NotFound);

    let question = sigtuna
        .read_alert(&alert.name)
        .await
        .expect("asked")
        .question;
    let question = question.expect("the question");
    assert_eq!(question.free_text, "Sökte bistånd samma dag.");
    let still = sigtuna
        .read_arrival(&arrival.name)
        .await
        .expect_err("not theirs");
    assert_eq!(
        still.code,
        Code::NotFound,
        "the question is read through the alert"
    );
    let asked = solleftea.read_arrival(&arrival.name).await.expect("theirs");
    assert_eq!(asked.state(), v1::ArrivalState::Asked);

    // much later, when another one is flagged, there is still the one about the first
    operator.advance(200).await.expect("moved");
    let later = solleftea
        .report(tests::arrival(&solleftea, "0184", 0))
        .await;
    later.expect("accepted");
    operator.advance(15).await.expect("moved");
    let alerts = wait_for("the other alert", || async {
        let alerts = operator.alerts().await.expect("a list").alerts;
        (alerts.len() > 1).then_some(alerts)
    })
    .await;
    let pairs: Vec<&str> = alerts
        .iter()
        .map(|alert| alert.asked_municipality.as_str())
        .collect();
    assert_eq!(pairs, ["municipalities/0184", "municipalities/0191"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_disputed_and_closed_by_an_operator() {
    let world = World::start().await;
    let (solleftea, sigtuna, operator, _arrival, alert) = unannounced(&world).await;
    let mut answer = answer(&sigtuna, &alert.name);
    let answered = sigtuna
        .answer(answer.clone())
        .await
        .expect("answered")
        .alert;
    let answered = answered.expect("an alert");
    assert_eq!(
        (answered.state(), answered.answer()),
        (v1::AlertState::Answered, v1::AnswerCode::OwnClearWish)
    );
    answer.request_id = request_id();
    let twice = sigtuna.answer(answer).await.expect_err("answered once");
    assert_eq!(twice.reason, "STATE_NOT_ALLOWED");
    sigtuna
        .dispute(v1::DisputeAlertRequest {
            legal_ground: Some(consent()),
            municipality: sigtuna.municipality(),
            actor: sigtuna.actor(),
            request_id: request_id(),
            name: alert.name.clone(),
            text: "Vi känner inte till personen.".to_owned(),
            ..v1::DisputeAlertRequest::default()
        })
        .await
        .expect("disputed");
    let read = solleftea
        .read_alert(&alert.name)
        .await
        .expect("the asking one");
    assert_eq!(
        (
            read.answer_text.as_str(),
            read.dispute_text.as_str(),
            read.disputed
        ),
        (
            "Familjen ville själv.",
            "Vi känner inte till personen.",
            true
        )
    );
    let closed = handle(&operator, &alert.name).await;
    assert_eq!(
        (
            closed.state(),
            closed.close_reason(),
            closed.assignee.as_str()
        ),
        (
            v1::AlertState::Closed,
            v1::CloseReason::OwnClearWish,
            "operator-9"
        )
    );
    assert_eq!(closed.comments.len(), 1);
    let seen = solleftea.read_alert(&alert.name).await.expect("read");
    assert_eq!((seen.comments, seen.assignee.as_str()), (Vec::new(), ""));
    told(&solleftea, &sigtuna).await;
}

/// The asked municipality's answer.
fn answer(sigtuna: &Party, name: &str) -> v1::AnswerAlertRequest {
    v1::AnswerAlertRequest {
        municipality: sigtuna.municipality(),
        actor: sigtuna.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        answer: v1::AnswerCode::OwnClearWish.into(),
        text: "Familjen ville själv.".to_owned(),
        legal_ground: Some(consent()),
        ..v1::AnswerAlertRequest::default()
    }
}

/// What the asking and the asked municipality were told.
async fn told(solleftea: &Party, sigtuna: &Party) {
    let kinds =
        |notices: Vec<v1::Notice>| -> Vec<_> { notices.iter().map(v1::Notice::kind).collect() };
    let asking = kinds(solleftea.notices().await.expect("a list"));
    assert_eq!(
        asking,
        [
            v1::NoticeKind::QuestionAnswered,
            v1::NoticeKind::QuestionDisputed,
            v1::NoticeKind::QuestionClosed
        ]
    );
    let asked = kinds(sigtuna.notices().await.expect("a list"));
    assert_eq!(
        asked,
        [
            v1::NoticeKind::QuestionAsked,
            v1::NoticeKind::QuestionClosed
        ]
    );
}

/// An operator's day with one alert.
async fn handle(operator: &Party, name: &str) -> v1::Alert {
    let (actor, name) = (operator.actor(), name.to_owned());
    operator
        .acknowledge_alert(v1::AcknowledgeAlertRequest {
            actor: actor.clone(),
            request_id: request_id(),
            name: name.clone(),
            ..v1::AcknowledgeAlertRequest::default()
        })
        .await
        .expect("acknowledged");
    operator
        .assign(v1::AssignAlertRequest {
            actor: actor.clone(),
            request_id: request_id(),
            name: name.clone(),
            assignee: "operator-9".to_owned(),
            ..v1::AssignAlertRequest::default()
        })
        .await
        .expect("assigned");
    operator
        .comment(v1::CommentOnAlertRequest {
            actor: actor.clone(),
            request_id: request_id(),
            name: name.clone(),
            text: "Ringt kommunen.".to_owned(),
            ..v1::CommentOnAlertRequest::default()
        })
        .await
        .expect("commented");
    let request = v1::CloseAlertRequest {
        actor,
        request_id: request_id(),
        name,
        reason: v1::CloseReason::OwnClearWish.into(),
        ..v1::CloseAlertRequest::default()
    };
    let closed = operator.close(request.clone()).await.expect("closed");
    let again = v1::CloseAlertRequest {
        request_id: request_id(),
        ..request
    };
    let again = operator.close(again).await.expect_err("closed once");
    assert_eq!(again.reason, "STATE_NOT_ALLOWED");
    closed.alert.expect("an alert")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_announcement_closes_the_question() {
    let world = World::start().await;
    let (solleftea, sigtuna, operator, arrival, alert) = unannounced(&world).await;
    let late = sigtuna.register(announcement(&sigtuna, "2283", 1)).await;
    late.expect("accepted");
    let closed = wait_for("the question closes", || async {
        let alert = operator.alerts().await.expect("a list").alerts.pop();
        alert.filter(|alert| alert.state() == v1::AlertState::Closed)
    })
    .await;
    assert_eq!(
        (closed.name, closed.close_reason),
        (alert.name, v1::CloseReason::AnnouncedLate.into())
    );
    let matched = solleftea.read_arrival(&arrival.name).await.expect("theirs");
    assert_eq!(matched.state(), v1::ArrivalState::Matched);
}
