//! Both ends of a question about somebody who is protected: what whoever is asked knows, and what it told.

use std::time::Duration;

use api::v1;
use api::v1::AccessSecrecy::{Marked, MarkedRefused, None as Unmarked};
use api::v1::NoticeKind;
use api::v1::ProtectionLevel::{ProtectedRegistration, SecrecyMarking};
use api::v1::produce_person_extract_response::Item;
use client::{Refused, request_id};
use jiff::Timestamp;
use tests::{
    Apart, FEED, OPERATOR, PERSONS, Party, REVIEWER, SOLLEFTEA, SOLNA, World, announcement,
    arrival, consent, wait_for,
};

use crate::access::{log, seen};
use crate::marked::handles;
use crate::redacting::shape;

const PATIENCE: Duration = Duration::from_secs(30);

/// The questions about test persons whom Sollefteå reports from Solna, in their order.
async fn asked(operator: &Party, solleftea: &Party, persons: &[usize]) -> Vec<String> {
    let mut arrivals = Vec::new();
    for index in persons {
        let reported = solleftea.report(arrival(solleftea, "0184", *index)).await;
        arrivals.push(reported.expect("accepted").arrival.expect("one").name);
    }
    operator.advance(15).await.expect("moved");
    wait_for("all are asked about", || async {
        let alerts = operator.alerts().await.expect("a list").alerts;
        (alerts.len() == persons.len()).then_some(())
    })
    .await;
    // a question's name follows from its report's
    let name = |arrival: &String| {
        let mut id: Vec<char> = arrival.replace("arrivals/", "alerts/").chars().collect();
        id["alerts/".len() + 14] = '8';
        id.into_iter().collect()
    };
    arrivals.iter().map(name).collect()
}

async fn answer(by: &Party, name: &str, text: &str) -> Result<(), Refused> {
    let request = v1::AnswerAlertRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        answer: v1::AnswerCode::OtherActor.into(),
        text: text.to_owned(),
        legal_ground: Some(consent()),
        ..v1::AnswerAlertRequest::default()
    };
    by.answer(request).await.map(|_answered| ())
}

async fn dispute(by: &Party, name: &str, text: &str) {
    let request = v1::DisputeAlertRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        text: text.to_owned(),
        legal_ground: Some(consent()),
        ..v1::DisputeAlertRequest::default()
    };
    by.dispute(request).await.expect("disputed");
}

fn redaction(by: &Party, name: &str) -> v1::RedactAlertRequest {
    v1::RedactAlertRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        text: "Samtycket är återkallat, säger en tornseglare.".to_owned(),
        ..v1::RedactAlertRequest::default()
    }
}

fn receipt(by: &Party, name: &str, version: i32) -> v1::GetReceiptRequest {
    v1::GetReceiptRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        name: name.to_owned(),
        version,
        view: v1::View::Full.into(),
        ..v1::GetReceiptRequest::default()
    }
}

fn reason<T: std::fmt::Debug>(answer: Result<T, Refused>) -> String {
    answer.expect_err("not here").reason
}

/// The alert in an extract: whether it is withheld, holds its question, and its own acts.
async fn extracted(by: &Party, index: usize) -> (bool, bool, usize) {
    let items = by.extract(PERSONS[index].0).await.expect("an extract");
    let alert = items.iter().find_map(|item| {
        let Item::Alert(it) = item else { return None };
        Some(it)
    });
    let alert = alert.expect("the question");
    let question = alert.alert.as_ref().and_then(|it| it.question.as_ref());
    (alert.withheld, question.is_some(), alert.own_acts.len())
}

/// Answer and dispute as somebody reads them, and whether the reading has ended.
async fn texts(by: &Party, name: &str) -> (String, String, bool) {
    let read = by.read_alert(name).await.expect("a party");
    let is_ended = read.reading_ended_at.is_some();
    (read.answer_text, read.dispute_text, is_ended)
}

async fn notices(party: &Party) -> Vec<NoticeKind> {
    let notices = party.notices().await.expect("a list").into_iter();
    notices.map(|it| it.kind()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_way_a_question_is_opened_the_marks_of_who_opens_it_decide() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let (feed, operator) = (world.party(FEED).await, world.party(OPERATOR).await);
    handles(&solna, "barn", true).await;
    let children = solna.acting_in("barn");
    // the register told of one before anybody asked
    feed.tell(1, Timestamp::now(), ProtectedRegistration).await;
    let names = asked(&operator, &solleftea, &[0, 1]).await;
    let (marked, protected) = (&names[0], &names[1]);
    assert!(
        solna
            .read_alert(marked)
            .await
            .expect("asked")
            .question
            .is_some()
    );
    feed.tell(0, Timestamp::now(), SecrecyMarking).await;
    let elsewhere = "SECRECY_FUNCTION_REQUIRED";
    assert_eq!(reason(solna.read_alert(marked).await), elsewhere);
    assert_eq!(reason(answer(&solna, marked, "Vi vet.").await), elsewhere);
    answer(&children, marked, "Vi vet.").await.expect("there");
    let own = receipt(&children, marked, 2);
    let wait = solna.client.wait_for_receipt(&own, false, PATIENCE);
    assert_eq!(wait.await.expect("opened").parts.len(), 2);
    assert_eq!(
        reason(solna.get_receipt(receipt(&solna, marked, 2)).await),
        elsewhere
    );
    assert_eq!(extracted(&solna, 0).await, (true, false, 0));
    assert_eq!(extracted(&children, 0).await, (false, true, 1));
    // nothing of it changes anything at whoever asked
    let read = texts(&solleftea, marked).await;
    assert_eq!(read, ("Vi vet.".to_owned(), String::new(), false));
    // of whom nothing may be there nobody there opens anything
    for by in [&solna, &children] {
        assert_eq!(
            reason(by.read_alert(protected).await),
            "MANUAL_ROUTE_REQUIRED"
        );
        let receipt = by.get_receipt(receipt(by, protected, 1)).await;
        assert_eq!(reason(receipt), "MANUAL_ROUTE_REQUIRED");
        assert_eq!(extracted(by, 1).await, (true, false, 0));
    }
    let reviewer = world.party(REVIEWER).await;
    let all = seen(&reviewer, log(&reviewer)).await;
    let of = |method: &str, name: &str| -> Vec<v1::AccessSecrecy> {
        let these = all
            .iter()
            .filter(|it| it.method == method && it.subject == *name);
        these.map(v1::Access::secrecy).collect()
    };
    assert_eq!(of("GetAlert", marked), [Unmarked, MarkedRefused]);
    assert_eq!(of("AnswerAlert", marked), [MarkedRefused]);
    assert_eq!(of("ProducePersonExtract", marked), [MarkedRefused, Marked]);
    assert_eq!(of("GetAlert", protected), [MarkedRefused; 2]);
    an_attempt_to_answer_ends(&solna, &operator, (marked, protected)).await;
    // the question is gone there, and what is left is for where such cases are handled
    let read = children.read_alert(protected).await.expect("the envelope");
    assert_eq!((read.question, read.answer_text), (None, String::new()));
    assert_eq!(reason(solna.read_alert(protected).await), elsewhere);
}

/// An attempt to answer ends what is asked about that person, and that alone.
async fn an_attempt_to_answer_ends(
    solna: &Party,
    operator: &Party,
    (marked, protected): (&String, &String),
) {
    let dry = v1::AnswerAlertRequest {
        municipality: solna.municipality(),
        actor: solna.actor(),
        request_id: request_id(),
        validate_only: true,
        name: protected.clone(),
        answer: v1::AnswerCode::NotKnownHere.into(),
        legal_ground: Some(consent()),
        ..v1::AnswerAlertRequest::default()
    };
    assert_eq!(reason(solna.answer(dry).await), "MANUAL_ROUTE_REQUIRED");
    let state = async |name: &str| operator.see_alert(name).await.expect("an alert");
    assert_eq!(state(protected).await.state(), v1::AlertState::Open);
    let refused = answer(solna, protected, "Vi vet.").await.expect_err("no");
    assert_eq!(refused.reason, "MANUAL_ROUTE_REQUIRED");
    assert!(refused.violations.is_empty(), "no field tells why");
    let ended = state(protected).await;
    assert_eq!(ended.close_reason(), v1::CloseReason::ManualRoute);
    assert_eq!(ended.answer(), v1::AnswerCode::Unspecified);
    assert_eq!(state(marked).await.state(), v1::AlertState::Answered);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_about_somebody_who_is_protected_since_is_gone_at_who_asked() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let (feed, operator) = (world.party(FEED).await, world.party(OPERATOR).await);
    answered_then_protected(&solna, &solleftea, &feed, &operator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_postgresql_and_gateways_apart_what_was_answered_is_gone_likewise() {
    let world = Apart::start().await;
    let (solna, solleftea) = (world.party(SOLNA, 0).await, world.party(SOLLEFTEA, 1).await);
    let (feed, operator) = (world.party(FEED, 1).await, world.party(OPERATOR, 0).await);
    answered_then_protected(&solna, &solleftea, &feed, &operator).await;
}

async fn answered_then_protected(solna: &Party, solleftea: &Party, feed: &Party, operator: &Party) {
    handles(solna, "barn", true).await;
    let names = asked(operator, solleftea, &[0, 1, 2]).await;
    for name in &names {
        answer(solna, name, "Hon bor hos en faster.")
            .await
            .expect("answered");
    }
    dispute(solna, &names[0], "Vi sa det i maj.").await;
    let close = v1::CloseAlertRequest {
        actor: operator.actor(),
        request_id: request_id(),
        name: names[1].clone(),
        reason: v1::CloseReason::OtherActor.into(),
        ..v1::CloseAlertRequest::default()
    };
    operator.close(close).await.expect("closed");
    let whole = ("Hon bor hos en faster.", "Vi sa det i maj.");
    let read = texts(solleftea, &names[0]).await;
    assert_eq!(
        (read.0.as_str(), read.1.as_str(), read.2),
        (whole.0, whole.1, false)
    );
    for index in [0, 1] {
        feed.tell(index, Timestamp::now(), ProtectedRegistration)
            .await;
    }
    for (name, reason) in names.iter().zip([
        v1::CloseReason::ManualRoute,
        v1::CloseReason::OtherActor,
        v1::CloseReason::Unspecified,
    ]) {
        let seen = operator.see_alert(name).await.expect("an alert");
        assert_eq!(seen.close_reason(), reason);
        // a code says nothing of a person
        assert_eq!(seen.answer(), v1::AnswerCode::OtherActor);
    }
    let gone = (String::new(), String::new(), true);
    assert_eq!(texts(solleftea, &names[0]).await, gone);
    assert_eq!(texts(solleftea, &names[1]).await, gone);
    let other = texts(solleftea, &names[2]).await;
    assert_eq!(other, (whole.0.to_owned(), String::new(), false));
    let receipt = receipt(solleftea, &names[0], 2);
    let wait = solleftea.client.wait_for_receipt(&receipt, false, PATIENCE);
    let parts = wait.await.expect("its party").parts;
    assert!(parts.is_empty(), "no bytes either");
    let own = solna.acting_in("barn").read_alert(&names[0]).await;
    let own = own.expect("its own");
    assert_eq!((own.answer_text.as_str(), own.question), (whole.0, None));
    for party in [solna, solleftea] {
        let told = notices(party).await;
        let count = told
            .iter()
            .filter(|it| **it == NoticeKind::QuestionManualRoute);
        assert_eq!(count.count(), 2, "{told:?}");
    }
    // a marking that comes later changes nothing at whoever asked, until somebody ends it there
    feed.tell(2, Timestamp::now(), SecrecyMarking).await;
    assert_eq!(texts(solleftea, &names[2]).await, other);
    let refused = reason(solna.read_alert(&names[2]).await);
    assert_eq!(refused, "SECRECY_FUNCTION_REQUIRED");
    let by_hand = solna.redact_alert(redaction(solna, &names[2])).await;
    by_hand.expect("it shows nothing, so anybody there ends it");
    assert_eq!(texts(solleftea, &names[2]).await, gone);
    // told once more it is the same
    feed.tell(0, Timestamp::now(), ProtectedRegistration).await;
    let again = notices(solleftea).await;
    let count = again
        .iter()
        .filter(|it| **it == NoticeKind::QuestionManualRoute);
    assert_eq!(count.count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_consent_is_revoked_is_ended_once_and_its_readers_are_told() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let operator = world.party(OPERATOR).await;
    let names = asked(&operator, &solleftea, &[0]).await;
    let name = &names[0];
    answer(&solna, name, "Hon bor hos en faster.")
        .await
        .expect("answered");
    texts(&solleftea, name).await;
    let dry = v1::RedactAlertRequest {
        validate_only: true,
        ..redaction(&solna, name)
    };
    let would = solna.redact_alert(dry).await.expect("it would be");
    assert!(would.readings.is_empty());
    assert_eq!(texts(&solleftea, name).await.0, "Hon bor hos en faster.");
    // who asked has told nothing here
    let theirs = solleftea.redact_alert(redaction(&solleftea, name)).await;
    assert_eq!(reason(theirs), "STATE_NOT_ALLOWED");
    let request = redaction(&solna, name);
    let answered = solna.redact_alert(request.clone()).await.expect("ended");
    let methods: Vec<_> = answered.readings.iter().map(|it| &*it.method).collect();
    assert_eq!(methods, ["GetAlert"; 2]);
    let alert = answered.alert.as_ref().expect("one");
    assert_eq!(alert.close_reason(), v1::CloseReason::ManualRoute);
    assert_eq!(
        texts(&solleftea, name).await,
        (String::new(), String::new(), true)
    );
    let own = texts(&solna, name).await;
    assert_eq!(
        own,
        ("Hon bor hos en faster.".to_owned(), String::new(), true)
    );
    assert_eq!(
        solna.redact_alert(request).await.expect("as before"),
        answered
    );
    assert_eq!(
        reason(solna.redact_alert(redaction(&solna, name)).await),
        "STATE_NOT_ALLOWED"
    );
    // the readers are told to whom it told, ever after, and to nobody else; why, to none
    let full = |by: &Party| v1::GetAlertRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        name: name.clone(),
        view: v1::View::Full.into(),
        ..v1::GetAlertRequest::default()
    };
    let here = solna.get_alert(full(&solna)).await.expect("its own");
    assert_eq!(here.readings, answered.readings);
    let there = solleftea
        .get_alert(full(&solleftea))
        .await
        .expect("its own");
    assert!(there.readings.is_empty() && !format!("{there:?}").contains("tornseglare"));
    for party in [&solna, &solleftea] {
        let last = notices(party).await.pop();
        assert_eq!(last, Some(NoticeKind::QuestionManualRoute));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_entry_cannot_tell_why_a_question_was_ended() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let (feed, operator) = (world.party(FEED).await, world.party(OPERATOR).await);
    let names = asked(&operator, &solleftea, &[0, 1, 2]).await;
    for (name, text) in names.iter().zip(["x".to_owned(), "å".repeat(1000)]) {
        let request = v1::RedactAlertRequest {
            text,
            ..redaction(&solna, name)
        };
        solna.redact_alert(request).await.expect("ended");
    }
    feed.tell(2, Timestamp::now(), ProtectedRegistration).await;
    let mut shapes = Vec::new();
    for name in &names {
        shapes.push(shape(&solleftea, name).await);
    }
    assert_eq!(shapes, vec![shapes[0].clone(); 3]);
}

/// A gateway goes by the record's clock, which is moved by less than what it may miss.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_about_somebody_protected_before_is_ended_by_itself_in_office_hours() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let (feed, operator) = (world.party(FEED).await, world.party(OPERATOR).await);
    feed.tell(1, Timestamp::now(), ProtectedRegistration).await;
    let names = asked(&operator, &solleftea, &[0, 1]).await;
    let (other, protected) = (&names[0], &names[1]);
    let ended = wait_for("it is ended by itself", || async {
        let later = v1::AdvanceClockRequest {
            request_id: request_id(),
            seconds: 50 * 60,
            ..v1::AdvanceClockRequest::default()
        };
        operator.advance_clock(later).await.expect("moved");
        let alert = operator.see_alert(protected).await.expect("an alert");
        (alert.state() == v1::AlertState::Closed).then_some(alert)
    })
    .await;
    assert_eq!(ended.close_reason(), v1::CloseReason::ManualRoute);
    let read = solleftea.read_alert(protected).await.expect("a party");
    let ended_at = read.reading_ended_at.expect("ended");
    let ended_at = Timestamp::from_second(ended_at.seconds).expect("an instant");
    let there = domain::calendar::day_in_sweden(ended_at);
    assert!(domain::calendar::is_working_day(there), "{ended_at}");
    let midnight = domain::calendar::midnight_in_sweden(there).expect("a day");
    let hours = ended_at.duration_since(midnight).as_hours();
    // a clock that is moved meets the moment up to an hour late
    assert!((8..17).contains(&hours), "{ended_at}");
    // whoever ended one by hand has told as much
    let by_hand = solna.redact_alert(redaction(&solna, other)).await;
    by_hand.expect("ended");
    let by_itself = shape(&solleftea, protected).await;
    let by_hand = shape(&solleftea, other).await;
    assert_eq!(by_itself, by_hand);
}

/// Whoever marks a person at a question need not look for everything else.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_question_the_asked_says_it_of_the_whole_person() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let (feed, operator) = (world.party(FEED).await, world.party(OPERATOR).await);
    let names = asked(&operator, &solleftea, &[0, 1]).await;
    let elsewhere = solna.register(announcement(&solna, "0330", 0)).await;
    let elsewhere = elsewhere.expect("accepted").relocation.expect("one").name;
    let whole = |by: &Party, name: &str| v1::RedactAlertRequest {
        whole_person: true,
        ..redaction(by, name)
    };
    let refused = async |index| crate::redacting::refused(&solna, "0191", index).await;
    // who asked says nothing here, and neither does what is checked alone or meant another state
    let theirs = solleftea.redact_alert(whole(&solleftea, &names[0])).await;
    assert_eq!(reason(theirs), "STATE_NOT_ALLOWED");
    let dry = v1::RedactAlertRequest {
        validate_only: true,
        ..whole(&solna, &names[0])
    };
    solna.redact_alert(dry).await.expect("it would be");
    let stale = v1::RedactAlertRequest {
        etag: "\"9\"".to_owned(),
        ..whole(&solna, &names[0])
    };
    let stale = solna.redact_alert(stale).await;
    assert_eq!(reason(stale), "ETAG_MISMATCH");
    assert_eq!(refused(0).await, "");
    let there = solleftea
        .register(announcement(&solleftea, "0191", 0))
        .await;
    there.expect("another municipality");
    let request = whole(&solna, &names[0]);
    let answered = solna.redact_alert(request.clone()).await.expect("ended");
    let alert = answered.alert.as_ref().expect("one");
    assert_eq!(alert.close_reason(), v1::CloseReason::ManualRoute);
    let state = solna.read(&elsewhere).await.expect("its own").state();
    assert_eq!(state, v1::RelocationState::Withdrawn);
    // no register lifts it; an officer does, and a retry says nothing anew
    feed.tell(0, Timestamp::now(), v1::ProtectionLevel::None)
        .await;
    assert_eq!(refused(0).await, "MANUAL_ROUTE_REQUIRED");
    crate::redacting::lifted(&solna, 0, false).await;
    let again = solna.redact_alert(request).await.expect("as before");
    assert_eq!(again.alert, answered.alert);
    assert_eq!(refused(0).await, "");
    // said anew of what was ended, and of what the register ended
    feed.tell(1, Timestamp::now(), ProtectedRegistration).await;
    for (index, name) in names.iter().enumerate() {
        let before = shape(&solna, name).await;
        let said = solna.redact_alert(whole(&solna, name)).await.expect("said");
        assert_eq!(&said.alert.expect("as it is").name, name);
        assert_eq!(shape(&solna, name).await, before, "no second entry");
        feed.tell(index, Timestamp::now(), v1::ProtectionLevel::None)
            .await;
        assert_eq!(refused(index).await, "MANUAL_ROUTE_REQUIRED");
    }
}
