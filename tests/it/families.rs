//! Households of which one is protected: what is ended and held at the municipality that knows it, for all of them.

use api::v1;
use api::v1::ProtectionLevel::{None as Unprotected, ProtectedRegistration};
use api::v1::find_relocations_request::Term;
use client::request_id;
use jiff::Timestamp;
use tests::{
    FEED, FEED_THERE, OPERATOR, Party, SOLLEFTEA, SOLNA, World, announcement, arrival, consent,
    wait_for,
};

use crate::marked::{handles, reply};

const PARENT: usize = 0;
const CHILD: usize = 1;

/// An announcement of one of a household, under its name.
fn together(from: &Party, to: &str, index: usize) -> v1::RegisterRelocationRequest {
    let mut request = announcement(from, to, index);
    let content = request.content.as_mut().expect("content");
    content.household = Some(v1::Household {
        name: "households/0199b2d0-0000-7000-8000-000000000001".to_owned(),
        adults: 1,
        children: 1,
    });
    request
}

/// Announced so; its name.
async fn announced(from: &Party, to: &str, index: usize) -> String {
    let registered = from.register(together(from, to, index)).await;
    let registered = registered.expect("accepted");
    registered.relocation.expect("one").name
}

/// How many are found by a test person's name.
async fn by_name(by: &Party, index: usize) -> usize {
    let person = tests::person(index);
    let name = v1::PersonName {
        given_name: person.given_name,
        family_name: person.family_name,
    };
    let find = v1::FindRelocationsRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        term: Some(Term::Name(name)),
    };
    by.find(find).await.expect("a search").relocations.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn protection_of_one_ends_the_reports_questions_and_lone_announcements_of_the_others() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let (feed, operator) = (world.party(FEED).await, world.party(OPERATOR).await);
    // what Solna was asked of the child
    let asked = solleftea.report(arrival(&solleftea, "0184", CHILD)).await;
    asked.expect("accepted");
    operator.advance(15).await.expect("moved");
    let question = wait_for("the child is asked about", || async {
        operator.alerts().await.expect("a list").alerts.pop()
    })
    .await;
    // what it reported, and announced alone
    let reported = solna.report(arrival(&solna, "0191", CHILD)).await;
    let reported = reported.expect("accepted").arrival.expect("one").name;
    let alone = solna.register(announcement(&solna, "0191", CHILD)).await;
    let alone = alone.expect("accepted").relocation.expect("one").name;
    let mut together = Vec::new();
    for index in [CHILD, PARENT] {
        together.push(announced(&solna, "0330", index).await);
    }
    feed.tell(PARENT, Timestamp::now(), ProtectedRegistration)
        .await;
    for name in together.iter().chain([&alone]) {
        let state = solna.read(name).await.expect("its own").state();
        assert_eq!(state, v1::RelocationState::Withdrawn, "{name}");
    }
    let state = solna.see_arrival(&reported).await.expect("its own").state();
    assert_eq!(state, v1::ArrivalState::Withdrawn);
    let there = solleftea.read_alert(&question.name).await.expect("a party");
    assert!(there.reading_ended_at.is_some(), "{there:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_announced_alone_and_as_another_kind_belongs_to_the_household_all_the_same() {
    let world = World::start().await;
    let (solna, feed) = (world.party(SOLNA).await, world.party(FEED).await);
    let mut request = announcement(&solna, "2283", CHILD);
    request.kind = v1::RelocationKind::SupportedVoluntaryMove.into();
    let content = request.content.as_mut().expect("content");
    content.wish = v1::ExpressedWish::Clear.into();
    let alone = solna.register(request).await.expect("accepted");
    let alone = alone.relocation.expect("one").name;
    announced(&solna, "2283", PARENT).await;
    let refused = solna.register(together(&solna, "2283", CHILD)).await;
    let refused = refused.expect_err("announced as another kind");
    assert_eq!(refused.reason, "ANNOUNCED_AS_ANOTHER_KIND");
    feed.tell(PARENT, Timestamp::now(), ProtectedRegistration)
        .await;
    let state = solna.read(&alone).await.expect("its own").state();
    assert_eq!(state, v1::RelocationState::Withdrawn);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_announced_with_somebody_protected_there_is_opened_as_marked_and_nothing_is_told() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let feed = world.party(FEED_THERE).await;
    handles(&solleftea, "barn", true).await;
    feed.tell(PARENT, Timestamp::now(), ProtectedRegistration)
        .await;
    let parents = announced(&solna, "2283", PARENT).await;
    let name = announced(&solna, "2283", CHILD).await;
    let withdrawn = solna.withdraw(v1::WithdrawRelocationRequest {
        municipality: solna.municipality(),
        actor: solna.actor(),
        request_id: request_id(),
        name: parents,
        reason: v1::WithdrawalReason::ConsentRevoked.into(),
        ..v1::WithdrawRelocationRequest::default()
    });
    withdrawn.await.expect("over");
    // whose announcement is over is of the family all the same
    let refused = solleftea.read(&name).await.expect_err("not everybody");
    assert_eq!(refused.reason, "SECRECY_FUNCTION_REQUIRED");
    assert_eq!(by_name(&solleftea, CHILD).await, 0);
    let children = solleftea.acting_in("barn");
    let read = children.read(&name).await.expect("one of the function");
    assert!(read.content.is_some());
    let refused = children.reply(reply(&children, &name)).await;
    let refused = refused.expect_err("the manual route");
    assert_eq!(refused.reason, "MANUAL_ROUTE_REQUIRED");
    assert!(refused.violations.is_empty(), "no field tells why");
    // somebody else's is everybody's, and so is the child's when it was lifted
    let other = solna.register(announcement(&solna, "2283", 2)).await;
    let other = other.expect("accepted").relocation.expect("one").name;
    solleftea.read(&other).await.expect("everybody's");
    feed.tell(PARENT, Timestamp::now(), Unprotected).await;
    solleftea.read(&name).await.expect("everybody's");
    solleftea.take_in(&name, "").await.expect("taken in");
    let answer = solleftea.reply(reply(&solleftea, &name)).await;
    answer.expect("told");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_asked_about_somebody_of_a_household_of_which_one_is_protected_opens_and_tells_nothing()
 {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let (feed, operator) = (world.party(FEED).await, world.party(OPERATOR).await);
    for index in [CHILD, PARENT] {
        announced(&solna, "0330", index).await;
    }
    feed.tell(PARENT, Timestamp::now(), ProtectedRegistration)
        .await;
    // another one, who knows of nothing, reports the child afterwards
    let reported = solleftea.report(arrival(&solleftea, "0184", CHILD)).await;
    reported.expect("accepted");
    operator.advance(15).await.expect("moved");
    let question = wait_for("the child is asked about", || async {
        operator.alerts().await.expect("a list").alerts.pop()
    })
    .await;
    let refused = solna.read_alert(&question.name).await;
    let refused = refused.expect_err("where the child is the parent is");
    assert_eq!(refused.reason, "MANUAL_ROUTE_REQUIRED");
    let answer = v1::AnswerAlertRequest {
        municipality: solna.municipality(),
        actor: solna.actor(),
        request_id: request_id(),
        name: question.name.clone(),
        answer: v1::AnswerCode::OtherActor.into(),
        text: "Barnet bor hos oss.".to_owned(),
        legal_ground: Some(consent()),
        ..v1::AnswerAlertRequest::default()
    };
    let refused = solna.answer(answer).await.expect_err("the manual route");
    assert_eq!(refused.reason, "MANUAL_ROUTE_REQUIRED");
    assert!(refused.violations.is_empty(), "no field tells why");
    // the attempt has ended it, and nobody reads an answer
    let there = solleftea.read_alert(&question.name).await.expect("a party");
    assert!(there.reading_ended_at.is_some() && there.answer_text.is_empty());
}
