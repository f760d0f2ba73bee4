//! What stands is told alike to both parties, and what stood at a time as it was then.

use api::time::to_wire;
use api::v1;
use jiff::Timestamp;
use tests::{OPERATOR, Party, SIGTUNA, SOLLEFTEA, SOLNA, World, arrival, wait_for};

use crate::access::announced;
use crate::confirming::confirmation;
use crate::marked::reply;

async fn arrival_at(by: &Party, name: &str, at: Option<Timestamp>) -> v1::ArrivalState {
    let request = v1::GetArrivalRequest {
        municipality: by.municipality(),
        name: name.to_owned(),
        known_at: at.map(to_wire),
        ..v1::GetArrivalRequest::default()
    };
    let answer = by.get_arrival(request).await.expect("its own");
    answer.arrival.expect("an arrival").state()
}

async fn delivery_at(by: &Party, name: &str, at: Option<Timestamp>) -> v1::DeliveryState {
    let request = v1::GetRelocationRequest {
        municipality: by.municipality(),
        name: name.to_owned(),
        known_at: at.map(to_wire),
        ..v1::GetRelocationRequest::default()
    };
    let answer = by.get_relocation(request).await.expect("its own");
    answer.relocation.expect("a relocation").delivery()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_was_asked_since_was_not_asked_then() {
    let world = World::start().await;
    let (solleftea, operator) = (world.party(SOLLEFTEA).await, world.party(OPERATOR).await);
    let reported = solleftea.report(arrival(&solleftea, "0191", 0)).await;
    let name = reported.expect("accepted").arrival.expect("one").name;
    let then = Timestamp::now();
    operator.advance(15).await.expect("moved");
    wait_for("the question", || async {
        let state = arrival_at(&solleftea, &name, None).await;
        (state == v1::ArrivalState::Asked).then_some(())
    })
    .await;
    let state = arrival_at(&solleftea, &name, Some(then)).await;
    assert_eq!(state, v1::ArrivalState::Reported);
    let later = then + jiff::SignedDuration::from_hours(24 * 16);
    let state = arrival_at(&solleftea, &name, Some(later)).await;
    assert_eq!(state, v1::ArrivalState::Asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_confirmed_since_is_not_told_of_then() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let name = announced(&solna, 0).await;
    let then = Timestamp::now();
    let waiting = v1::DeliveryState::Waiting;
    for at in [None, Some(then)] {
        assert_eq!(delivery_at(&solna, &name, at).await, waiting, "{at:?}");
    }
    let told = solleftea.notices().await.expect("a list").remove(0);
    let confirmed = confirmation(&solleftea, told.number, &told.chain);
    solleftea.confirm(confirmed).await.expect("confirmed");
    wait_for("the read tables", || async {
        let state = delivery_at(&solna, &name, None).await;
        (state == v1::DeliveryState::Delivered).then_some(())
    })
    .await;
    let state = delivery_at(&solna, &name, Some(then)).await;
    assert_eq!(state, v1::DeliveryState::Unspecified);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_parties_see_the_same_duties_with_their_days_and_rules() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let name = announced(&solna, 0).await;
    let duties = async || {
        let seen = solna.read(&name).await.expect("theirs");
        let there = solleftea.read(&name).await.expect("theirs");
        assert_eq!(seen.duties, there.duties);
        let kinds: Vec<_> = seen.duties.iter().map(v1::Duty::kind).collect();
        assert!(seen.duties.iter().all(|duty| !duty.rule.is_empty()));
        let answer = seen.duties.last().map(|duty| duty.due_on.clone());
        (kinds, answer.map(|due_on| due_on == seen.answer_due_on))
    };
    let (take_in, answer) = (v1::DutyKind::TakeIn, v1::DutyKind::Answer);
    assert_eq!(duties().await, (vec![take_in, answer], Some(true)));
    solleftea.take_in(&name, "").await.expect("taken in");
    assert_eq!(duties().await, (vec![answer], Some(true)));
    let replied = solleftea.reply(reply(&solleftea, &name)).await;
    replied.expect("replied");
    assert_eq!(duties().await, (Vec::new(), None));
    // a third one sees none of it
    let sigtuna = world.party(SIGTUNA).await;
    assert!(sigtuna.read(&name).await.is_err());
}
