//! What the register of one party tells of a person, and the other party does not know of.

use api::v1;
use api::v1::AccessSecrecy::{Marked, MarkedRefused};
use api::v1::find_relocations_request::Term;
use api::v1::produce_person_extract_response::Item;
use client::request_id;
use jiff::Timestamp;
use tests::{
    FEED, FEED_THERE, PERSONS, Party, REVIEWER_THERE, SOLLEFTEA, SOLNA, World, announcement, today,
};
use v1::ProtectionLevel::{None as Unprotected, ProtectedRegistration, SecrecyMarking};

use super::{PATIENCE, assert_refused, found, handles, receipt, reply};
use crate::access::{log, seen};
use crate::redacting::redaction;

/// An instant of the first day of 2026.
fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + hour * 3600).expect("an instant")
}

/// Tells how a transfer was decided; the reason why it is refused.
async fn decided(by: &Party, name: &str) -> String {
    let decision = v1::RecordTransferDecisionRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        granted: true,
        decided_on: today(),
        ..v1::RecordTransferDecisionRequest::default()
    };
    let refused = by.record_decision(decision).await;
    refused.expect_err("it is no transfer").reason
}

async fn by_name(party: &Party, given_name: &str) -> usize {
    let name = v1::PersonName {
        given_name: given_name.to_owned(),
        family_name: "Provsson".to_owned(),
    };
    found(party, Term::Name(name)).await
}

/// Nobody but the function opens it, by whatever method.
async fn assert_closed(elsewhere: &Party, name: &str, index: usize) {
    assert_refused(elsewhere.read(name).await, "barn");
    let parts = elsewhere.get_receipt(receipt(elsewhere, name)).await;
    assert_refused(parts, "barn");
    assert_refused(elsewhere.take_in(name, "").await, "barn");
    assert_refused(elsewhere.reply(reply(elsewhere, name)).await, "barn");
    let extract = elsewhere.extract(PERSONS[index].0).await;
    let extract = extract.expect("an extract");
    let Some(Item::Relocation(it)) = extract.get(1) else {
        panic!("{extract:?}")
    };
    let relocation = it.relocation.as_ref().expect("the envelope");
    assert!(it.withheld && relocation.content.is_none(), "{it:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_protected_at_the_receiver_before_is_opened_as_marked_and_nothing_more_is_told() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let feed = world.party(FEED_THERE).await;
    handles(&solleftea, "barn", true).await;
    let children = solleftea.acting_in("barn");
    for (index, level, replied) in [
        (0, SecrecyMarking, Ok(())),
        (1, ProtectedRegistration, Err("MANUAL_ROUTE_REQUIRED")),
    ] {
        feed.tell(index, at(1), level).await;
        let given_name = format!("Zebulonius{index}");
        let mut request = announcement(&solna, "2283", index);
        let person = request.content.as_mut().and_then(|it| it.person.as_mut());
        person.expect("a person").given_name.clone_from(&given_name);
        let name = solna.register(request).await.expect("as of anybody");
        let name = name.relocation.expect("one").name;
        let own = receipt(&solna, &name);
        let wait = solna.client.wait_for_receipt(&own, false, PATIENCE);
        wait.await.expect("the sender's own");
        assert_closed(&solleftea, &name, index).await;
        // found by number, and by no name; the sender, who knows of nothing, finds both
        let number = Term::IdentityNumber(PERSONS[index].0.to_owned());
        assert_eq!(found(&solleftea, number).await, 1);
        assert_eq!(by_name(&solleftea, &given_name).await, 0);
        assert_eq!(by_name(&solna, &given_name).await, 1);
        // in the function it is opened, and taken in as anybody's is
        let read = children.read(&name).await.expect("one of the function");
        assert!(read.content.is_some());
        children.take_in(&name, "").await.expect("taken in");
        let decision = decided(&children, &name).await;
        assert_eq!(decision, replied.err().unwrap_or("STATE_NOT_ALLOWED"));
        let answer = children.reply(reply(&children, &name)).await;
        let answer = answer.map(|_| ()).map_err(|refused| {
            assert!(refused.violations.is_empty(), "no field tells why");
            refused.reason
        });
        assert_eq!(answer, replied.map_err(str::to_owned), "{level:?}");
        let there = solna.read(&name).await.expect("its own");
        assert_eq!(
            there.state() == v1::RelocationState::Replied,
            replied.is_ok()
        );
        // nothing is ended by itself: that would tell the sender
        assert_ne!(there.state(), v1::RelocationState::Withdrawn);
        feed.tell(index, at(2), Unprotected).await;
        solleftea.read(&name).await.expect("as of anybody");
        assert_eq!(by_name(&solleftea, &given_name).await, 1);
        children.reply(reply(&children, &name)).await.expect("told");
        feed.tell(index, at(3), level).await;
        let ended = redaction(&solleftea, &name);
        let ended = solleftea.redact(ended).await;
        // whom the register protects meanwhile, it has ended
        assert_eq!(ended.is_ok(), replied.is_ok());
    }
    // each look at it is under review, refused ones too
    let reviewer = world.party(REVIEWER_THERE).await;
    let listed = seen(&reviewer, log(&reviewer)).await;
    let reads = listed.iter().filter(|it| it.method == "GetRelocation");
    let levels: Vec<_> = reads.map(v1::Access::secrecy).collect();
    let count = |level| levels.iter().filter(|it| **it == level).count();
    assert_eq!((count(Marked), count(MarkedRefused)), (2, 2), "{levels:?}");
}

/// Supplements and replies; the reason why each is refused, empty when it is not.
async fn texts(by: &Party, name: &str) -> [String; 2] {
    let supplement = v1::SupplementRelocationRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        text: "Hon kommer med tåget.".to_owned(),
        ..v1::SupplementRelocationRequest::default()
    };
    let dry = v1::SupplementRelocationRequest {
        validate_only: true,
        ..supplement.clone()
    };
    let reason = |refused: client::Refused| refused.reason;
    let checked = by.supplement(dry).await.err().map(reason);
    let supplemented = by.supplement(supplement).await.err().map(reason);
    assert_eq!(checked, supplemented, "a dry run answers the same");
    let replied = by.reply(reply(by, name)).await.err().map(reason);
    [supplemented, replied].map(Option::unwrap_or_default)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_senders_register_tells_later_stops_its_further_texts() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let feed = world.party(FEED).await;
    handles(&solleftea, "barn", true).await;
    let registered = solna.register(announcement(&solna, "2283", 0)).await;
    let name = registered.expect("accepted").relocation.expect("one").name;
    solleftea.take_in(&name, "").await.expect("taken in");
    let before = reply(&solna, &name);
    solna.reply(before.clone()).await.expect("replied");
    assert_eq!(texts(&solna, &name).await, ["", ""]);
    feed.tell(0, at(1), SecrecyMarking).await;
    assert_eq!(texts(&solna, &name).await, ["SECRECY_MARKING_KNOWN"; 2]);
    // what was answered is the answer; the receiver knows of nothing, and replies
    solna.reply(before).await.expect("answered as then");
    solleftea
        .reply(reply(&solleftea, &name))
        .await
        .expect("told");
    feed.tell(0, at(2), Unprotected).await;
    assert_eq!(texts(&solna, &name).await, ["", ""]);
    feed.tell(0, at(3), SecrecyMarking).await;
    // as it says: ended there, and announced anew
    solna.redact(redaction(&solna, &name)).await.expect("ended");
    let anew = super::announced(&solna, 0).await;
    let children = solleftea.acting_in("barn");
    children.take_in(&anew, "").await.expect("taken in");
    assert_eq!(texts(&solna, &anew).await, ["", ""]);
}
