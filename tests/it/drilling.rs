//! Drills: with each month the way to a person at each connected municipality is tried, and that the person can open what
//! is sealed for it.

use api::v1;
use client::{Refused, request_id};
use rusqlite::Connection;
use tests::{
    Apart, OPERATOR, Party, REVIEWER_THERE, SOLLEFTEA, SOLNA, World, announcement, run, settle,
    wait_for,
};

use crate::confirming::confirmation;
use crate::receipts::profile;
use crate::rotating::said;

pub(crate) async fn switch_on(operator: &Party) {
    let present = operator.get_definition(v1::GetDefinitionRequest {}).await;
    let present = present.expect("an answer").definition.expect("one");
    assert!(!present.drills, "off at first");
    let definition = v1::Definition {
        version: present.version + 1,
        drills: true,
        ..present
    };
    let request = v1::SetDefinitionRequest {
        request_id: request_id(),
        validate_only: false,
        definition: Some(definition),
    };
    operator.set_definition(request).await.expect("set");
    wait_for("the definition is in force", || async {
        let answer = operator.get_definition(v1::GetDefinitionRequest {}).await;
        let present = answer.expect("an answer").definition.expect("one");
        present.drills.then_some(())
    })
    .await;
}

/// Sollefteå's system is connected, and drills are switched on.
pub(crate) async fn begin(solna: &Party, solleftea: &Party, operator: &Party) {
    let announced = announcement(solna, SOLLEFTEA.code, 0);
    solna.register(announced).await.expect("accepted");
    connect(solleftea).await;
    switch_on(operator).await;
}

pub(crate) async fn connect(party: &Party) {
    let notices = party.notices().await.expect("an inbox");
    let newest = notices.last().expect("a notice");
    let request = confirmation(party, newest.number, &newest.chain);
    party.confirm(request).await.expect("confirmed");
}

/// A drill as a person there reads it; with an empty month the newest.
pub(crate) async fn shown(by: &Party, month: &str) -> Result<v1::Drill, Refused> {
    let request = v1::GetDrillRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        month: month.to_owned(),
    };
    let answer = by.get_drill(request).await?;
    Ok(answer.drill.expect("one"))
}

pub(crate) async fn acknowledge(by: &Party, month: &str, word: &str) -> Result<String, Refused> {
    let request = v1::AcknowledgeDrillRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        request_id: request_id(),
        validate_only: false,
        month: month.to_owned(),
        word: word.to_owned(),
    };
    let answer = by.acknowledge_drill(request).await?;
    Ok(answer.last_reached_on)
}

async fn last_reached_on(seen_by: &Party, name: String) -> String {
    let request = v1::GetMunicipalityRequest { name };
    let answer = seen_by.get_municipality(request).await.expect("an answer");
    answer.municipality.expect("one").last_reached_on
}

/// Waits for so many drills in an inbox; the newest.
pub(crate) async fn drills(party: &Party, count: usize) -> v1::Notice {
    wait_for("the drill is in the inbox", || async {
        let notices = party.notices().await.expect("an inbox");
        let mut drills = notices;
        drills.retain(|notice| notice.kind() == v1::NoticeKind::Drill);
        assert!(drills.len() <= count, "one a month");
        drills.pop().filter(|_| drills.len() + 1 == count)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_comes_with_the_month_and_shows_who_was_reached() {
    let world = World::start().await;
    let operator = world.party(OPERATOR).await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    begin(&solna, &solleftea, &operator).await;
    let none = shown(&solleftea, "").await.expect_err("none is due");
    assert_eq!(none.reason, "NOT_FOUND");
    operator.advance(32).await.expect("time passes");
    drills(&solleftea, 1).await;
    let v1::Drill { month, word, .. } = shown(&solleftea, "").await.expect("shown");

    for (month, word, reason) in [
        ("", &*word, "FIELD_REQUIRED"),
        ("december", &word, "DATE_INVALID"),
        ("2020-01", &word, "NOT_FOUND"),
        (&month, "", "FIELD_REQUIRED"),
        (&month, "en gissning", "DRILL_WORD_WRONG"),
    ] {
        let refused = acknowledge(&solleftea, month, word).await;
        let refused = refused.expect_err(reason);
        assert_eq!(refused.reason, reason);
        let told = format!("{refused:?}");
        assert!(!told.contains(word) || word.is_empty(), "{told}");
    }
    assert_eq!(last_reached_on(&solna, solleftea.municipality()).await, "");
    let said = word.replace('-', " ");
    let reached = acknowledge(&solleftea, &month, &said).await;
    let reached = reached.expect("taken in");
    assert_eq!(
        last_reached_on(&solna, solleftea.municipality()).await,
        reached
    );
    let again = acknowledge(&solleftea, &month, &word).await;
    assert_eq!(again.expect_err("once").reason, "STATE_NOT_ALLOWED");
    // who never connected gets none
    let unconnected = solna.notices().await.expect("an inbox");
    let mut kinds = unconnected.iter().map(v1::Notice::kind);
    assert!(kinds.all(|kind| kind != v1::NoticeKind::Drill));

    operator.advance(31).await.expect("time passes");
    let second = drills(&solleftea, 2).await;
    let another = shown(&solleftea, "").await.expect("shown");
    assert_ne!((&another.month, &another.word), (&month, &word));
    let over = shown(&solleftea, &month).await.expect_err("over");
    assert_eq!(over.reason, "NOT_FOUND");
    settle(&operator, second.position).await;
    assert!(operator.alerts().await.expect("a list").alerts.is_empty());
    operator.advance(31).await.expect("time passes");
    drills(&solleftea, 3).await;
    is_silent(&operator, &solleftea).await;
    // a client computes the chain over drills too
    let profile = profile(&world, SOLLEFTEA);
    let confirm = ["--profile", &profile, "inbox", "confirm"];
    let said = String::from_utf8(run(world.folder(), &confirm).stdout).expect("text");
    assert!(said.ends_with("the chains agree\n"), "{said}");
}

/// Operators are told that nobody there took the drill in.
async fn is_silent(operator: &Party, there: &Party) {
    let silent = wait_for("operators are told", || async {
        let listed = operator.alerts().await.expect("a list").alerts;
        listed.into_iter().next()
    })
    .await;
    assert_eq!(silent.kind(), v1::AlertKind::InboxSilent);
    assert_eq!(silent.asked_municipality, there.municipality());
}

/// The receipt of an entry, with what is inside for whoever asks.
fn receipt_of(by: &Party, position: i64) -> v1::GetReceiptRequest {
    v1::GetReceiptRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        position,
        view: v1::View::Full.into(),
        ..v1::GetReceiptRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_word_is_read_by_a_person_there_and_by_nobody_else() {
    let world = World::start().await;
    let operator = world.party(OPERATOR).await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    begin(&solna, &solleftea, &operator).await;
    operator.advance(32).await.expect("time passes");
    let notice = drills(&solleftea, 1).await;
    // over the command line, as a person does
    let profile = profile(&world, SOLLEFTEA);
    let verb = |words: &[&str]| said(world.folder(), &[&["--profile", &profile], words].concat());
    let read = verb(&["drill", "show"]).remove(0);
    let (month, word) = (&read["drill"]["month"], &read["drill"]["word"]);
    let (month, word) = (month.as_str().expect("one"), word.as_str().expect("one"));
    assert_eq!(read["drill"]["state"], "DRILL_STATE_WRITTEN");
    let table = ["--profile", &profile, "drill", "show", month];
    let table = String::from_utf8(run(world.folder(), &table).stdout).expect("text");
    assert!(table.contains(word) && table.contains("written"), "{table}");
    // it stands in the log of those who open
    let reviewer = world.party(REVIEWER_THERE).await;
    let log = v1::ListAccessesRequest {
        municipality: reviewer.municipality(),
        actor: reviewer.actor(),
        ..v1::ListAccessesRequest::default()
    };
    let log = reviewer.list_accesses(log).await.expect("a list").accesses;
    let looks = log.iter().filter(|access| access.method == "GetDrill");
    let looks: Vec<_> = looks.map(|access| access.subject.as_str()).collect();
    assert_eq!(looks, ["municipalities/2283"; 2]);
    // for others it is not theirs, and an operator has the proof of the entry and nothing of what is inside
    for (by, reason) in [
        (&solna, "SENDER_NOT_YOURS"),
        (&operator, "ROLE_NOT_ALLOWED"),
    ] {
        let there = by.acting_for(SOLLEFTEA.code);
        let refused = shown(&there, month).await.expect_err(reason);
        assert_eq!(refused.reason, reason);
        let refused = acknowledge(&there, month, word).await.expect_err(reason);
        assert_eq!(refused.reason, reason);
    }
    let patience = std::time::Duration::from_secs(20);
    for (by, parts) in [(&operator, 0), (&solleftea, 2)] {
        let request = receipt_of(by, notice.position);
        let receipt = by.client.wait_for_receipt(&request, false, patience);
        let receipt = receipt.await.expect("a receipt");
        assert_eq!(receipt.parts.len(), parts);
        let entry = receipt.entry.expect("an entry");
        assert_eq!(entry.kind(), v1::EntryKind::DrillWritten);
    }
    let others = solna.get_receipt(receipt_of(&solna, notice.position)).await;
    assert_eq!(others.expect_err("not theirs").reason, "NOT_FOUND");
    let reached = verb(&["drill", "acknowledge", month, &word.to_uppercase()]).remove(0);
    let municipalities = verb(&["municipalities", SOLLEFTEA.code]).remove(0);
    assert_eq!(municipalities["lastReachedOn"], reached["lastReachedOn"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_is_found_by_the_drill_and_operators_are_told() {
    let mut world = World::start().await;
    let operator = world.party(OPERATOR).await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    begin(&solna, &solleftea, &operator).await;
    operator.advance(32).await.expect("time passes");
    drills(&solleftea, 1).await;
    let v1::Drill { month, word, .. } = shown(&solleftea, "").await.expect("shown");
    assert!(world.terminate().await.success());
    let file = "data/keys.sqlite";
    let sound = ["keys", "verify", file, "--root-key", "root.key"];
    run(world.folder(), &sound);
    let store = Connection::open(world.folder().join(file)).expect("a store");
    // 5 is what keys of municipalities are stored as
    let lost = store.execute("DELETE FROM body_keys WHERE kind = 5", []);
    assert!(lost.expect("deleted") > 0);
    drop(store);
    world.start_again().await;

    let solleftea = world.party(SOLLEFTEA).await;
    let unreadable = shown(&solleftea, &month).await.expect("shown");
    assert_eq!(unreadable.state(), v1::DrillState::Unreadable);
    assert_eq!(unreadable.word, "");
    let refused = acknowledge(&solleftea, &month, &word).await;
    assert_eq!(refused.expect_err("lost").reason, "DRILL_UNREADABLE");
    assert!(world.log().contains("a drill's word cannot be opened"));
    let operator = world.party(OPERATOR).await;
    operator.advance(31).await.expect("time passes");
    drills(&solleftea, 2).await;
    is_silent(&operator, &solleftea).await;
    // the next one has a key of its own
    let v1::Drill { month, word, .. } = shown(&solleftea, "").await.expect("shown");
    let taken = acknowledge(&solleftea, &month, &word).await;
    taken.expect("taken in");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_gateways_one_writes_the_drill_also_when_both_were_down_at_the_turn_of_the_month() {
    let mut world = Apart::start().await;
    let (solna, operator) = (world.party(SOLNA, 0).await, world.party(OPERATOR, 1).await);
    let there = [
        world.party(SOLLEFTEA, 0).await,
        world.party(SOLLEFTEA, 1).await,
    ];
    begin(&solna, &there[0], &operator).await;
    operator.advance(32).await.expect("time passes");
    let first = drills(&there[0], 1).await;
    let read = shown(&there[0], "").await.expect("shown");
    assert_eq!(read, shown(&there[1], "").await.expect("the same"));
    let taken = acknowledge(&there[1], &read.month, &read.word).await;
    taken.expect("taken in");

    operator.advance(31).await.expect("time passes");
    world.kill_gateways().await;
    world.start_gateways().await;
    let there = [
        world.party(SOLLEFTEA, 0).await,
        world.party(SOLLEFTEA, 1).await,
    ];
    let second = drills(&there[0], 2).await;
    assert!(second.position > first.position);
    let next = shown(&there[1], "").await.expect("shown");
    assert_ne!((&next.month, &next.word), (&read.month, &read.word));
    let taken = acknowledge(&there[0], &next.month, &next.word).await;
    let reached = taken.expect("taken in");
    let solna = world.party(SOLNA, 1).await;
    assert_eq!(
        last_reached_on(&solna, there[0].municipality()).await,
        reached
    );
    // both have gone over it by now, and nobody wrote it twice
    let operator = world.party(OPERATOR, 0).await;
    operator.advance(31).await.expect("time passes");
    let third = drills(&there[0], 3).await;
    settle(&operator, third.position).await;
    assert!(operator.alerts().await.expect("a list").alerts.is_empty());
}
