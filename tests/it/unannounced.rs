//! The sender's own question, as its case system and its caseworker get it: a client left, and nothing was announced.

use api::v1;
use api::v1::produce_person_extract_response::Item;
use client::request_id;
use jiff::Timestamp;
use rusqlite::Connection;
use tests::{
    BOTH, FEED, OPERATOR, PERSONS, Party, REVIEWER, SOLLEFTEA, SOLNA, World, announcement,
    arrival_of, outcome, today,
};

use crate::access::{log, seen};
use crate::auditing::said;
use crate::receipts::profile;

/// Solna's client, registered in Sollefteå from a day on.
fn left(on: &str) -> v1::RegisterEvent {
    let registered = |at: &str, on: String| v1::Registration {
        municipality: format!("municipalities/{at}"),
        registered_on: on,
        ..v1::Registration::default()
    };
    v1::RegisterEvent {
        source_id: "navet-1".to_owned(),
        changed_at: Some(api::time::to_wire(
            Timestamp::from_second(1_767_225_600).expect("an instant"),
        )),
        identity_number: PERSONS[0].0.to_owned(),
        protection: v1::ProtectionLevel::None.into(),
        registration: Some(registered("2283", on.to_owned())),
        history: vec![registered("0184", "2020-01-01".to_owned())],
        ongoing_involvement: true,
        ..v1::RegisterEvent::default()
    }
}

/// What became of the event, and where the client is said to have gone, since when.
async fn told(party: &Party, event: &v1::RegisterEvent) -> String {
    let results = party.import(vec![event.clone()]).await;
    shown(&results.expect("an answer"))
}

fn shown(results: &[v1::RegisterEventResult]) -> String {
    let [result] = results else {
        panic!("{results:?}")
    };
    let moved = result.unannounced_move.as_ref();
    let moved = moved.map(|it| format!("{} {}", it.registered_in, it.since));
    format!(
        "{} {} {}",
        outcome(result),
        result.field,
        moved.unwrap_or_default()
    )
    .trim_end()
    .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recalled_announcement_covers_nothing_and_only_the_case_system_asks() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let feed = world.party(FEED).await;
    let day = today();
    let event = left(&day);
    let there = format!("municipalities/2283 {day}");

    let refused = "REFUSED FIELD_NOT_FOR_ROLE ongoing_involvement";
    assert_eq!(told(&feed, &event).await, refused);
    let of_nobody = v1::RegisterEvent {
        ongoing_involvement: false,
        ..event.clone()
    };
    // a case system asks in dry runs, and about clients: it is not what the register told
    for (tried, is_dry) in [(&event, false), (&of_nobody, false), (&of_nobody, true)] {
        let tried = vec![tried.clone()];
        let answer = if is_dry {
            solna.try_import(tried).await
        } else {
            solna.import(tried).await
        };
        assert_eq!(answer.expect_err("a feed's").reason, "ROLE_NOT_ALLOWED");
    }
    let asked = solna.try_import(vec![event.clone()]).await;
    let asked = asked.expect("an answer");
    assert_eq!(shown(&asked), format!("ACCEPTED  {there}"));
    // nobody else asks about Solna's clients
    let solleftea = world.party(SOLLEFTEA).await;
    let other = solleftea.acting_for(solna.code());
    let tried = other.try_import(vec![event.clone()]).await;
    assert_eq!(tried.expect_err("another's").reason, "SENDER_NOT_YOURS");
    // who is both tells and asks; nothing was taken in before, and the question is no part of what is
    let both = world.party(BOTH).await;
    assert_eq!(told(&both, &event).await, format!("ACCEPTED  {there}"));
    assert_eq!(told(&feed, &of_nobody).await, "REPEATED");
    assert_eq!(told(&both, &event).await, format!("REPEATED  {there}"));

    // it arrived, so it covers; then it turns out to have gone to the wrong municipality
    let announced = solna.register(announcement(&solna, "2283", 0)).await;
    let name = announced.expect("accepted").relocation.expect("one").name;
    assert_eq!(told(&both, &event).await, "REPEATED");
    let arrived = solleftea.report(arrival_of("2283", "0184", 0)).await;
    arrived.expect("accepted");
    assert_eq!(told(&both, &event).await, "REPEATED");
    let recall = v1::RecallRelocationRequest {
        municipality: solna.municipality(),
        actor: solna.actor(),
        request_id: request_id(),
        name: name.clone(),
        discovered_at: solna.read(&name).await.expect("its own").recorded_at,
        text: "Fel kommun valdes i listan.".to_owned(),
        ..v1::RecallRelocationRequest::default()
    };
    solna.recall(recall).await.expect("called back");
    assert_eq!(told(&both, &event).await, format!("REPEATED  {there}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_about_a_client_stands_in_the_log_and_in_the_persons_extract() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let reviewer = world.party(REVIEWER).await;
    let event = left(&today());
    let nobody = v1::ImportRegisterEventsRequest {
        municipality: solna.municipality(),
        validate_only: true,
        actor: None,
        event: Some(event.clone()),
    };
    let nobody = tokio_stream::iter([nobody]);
    let asked = solna.client.arrivals().import_register_events(nobody).await;
    let results = asked.expect("an answer").into_inner().results;
    assert_eq!(shown(&results), "REFUSED ACTOR_REQUIRED actor");
    // nothing is looked up of who is protected by the event itself
    let protected = v1::RegisterEvent {
        protection: v1::ProtectionLevel::SecrecyMarking.into(),
        ..event.clone()
    };
    let asked = solna.try_import(vec![protected]).await;
    assert_eq!(shown(&asked.expect("an answer")), "ACCEPTED");
    assert_eq!(seen(&reviewer, log(&reviewer)).await, []);

    let other = v1::RegisterEvent {
        referred_identity_number: PERSONS[2].0.to_owned(),
        ..event.clone()
    };
    for event in [&event, &other] {
        let asked = solna.try_import(vec![event.clone()]).await;
        assert!(asked.expect("an answer")[0].unannounced_move.is_some());
    }
    let announced = solna.register(announcement(&solna, "2283", 0)).await;
    announced.expect("accepted");
    let asked = solna.try_import(vec![event.clone()]).await;
    assert_eq!(shown(&asked.expect("an answer")), "ACCEPTED");

    let all = seen(&reviewer, log(&reviewer)).await;
    for access in &all {
        assert_eq!(access.method, "ImportRegisterEvents");
        assert_eq!(access.search_term(), v1::SearchTermKind::IdentityNumber);
        assert_eq!(access.actor, solna.actor());
        assert_eq!(access.organisation_number, SOLNA.number);
    }
    let found: Vec<_> = all.iter().map(|it| it.found).collect();
    assert_eq!(
        found,
        [1, 1, 1, 0],
        "once, under two numbers, and announced"
    );
    // whichever number a person asks for the extract with
    for (number, expected) in [(PERSONS[0].0, 3), (PERSONS[2].0, 1)] {
        let extract = solna.extract(number).await.expect("an extract");
        let asked =
            |it: &&Item| matches!(it, Item::Access(it) if it.method == "ImportRegisterEvents");
        assert_eq!(extract.iter().filter(asked).count(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_is_not_answered_of_a_client() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let event = left(&today());
    let asked = solna.try_import(vec![event.clone()]).await;
    assert!(asked.expect("an answer")[0].unannounced_move.is_some());
    // somebody holds the key store's pen
    let store = world.folder().join("data/keys.sqlite");
    let pen = Connection::open(store).expect("the key store");
    pen.execute_batch("BEGIN IMMEDIATE").expect("held");
    let asked = solna.try_import(vec![event.clone()]).await;
    let refused = asked.expect_err("not recorded");
    assert_eq!(refused.reason, "KEYS_UNAVAILABLE");
    pen.execute_batch("ROLLBACK").expect("let go");
    let asked = solna.try_import(vec![event]).await;
    assert!(asked.expect("an answer")[0].unannounced_move.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_says_what_was_not_announced_and_what_to_do() {
    let world = World::start().await;
    world.party(SOLNA).await;
    let day = today();
    let event = format!(
        r#"{{"sourceId": "navet-1", "changedAt": "2026-01-01T00:00:00Z", "identityNumber": "{}",
            "protection": "PROTECTION_LEVEL_NONE", "ongoingInvolvement": true,
            "registration": {{"municipality": "municipalities/2283", "registeredOn": "{day}"}},
            "history": [{{"municipality": "municipalities/0184", "registeredOn": "2020-01-01"}}]}}"#,
        PERSONS[0].0
    );
    let file = world.folder().join("clients.jsonl");
    std::fs::write(&file, event.replace('\n', " ")).expect("written");
    let file = file.to_string_lossy().into_owned();
    let profile = profile(&world, SOLNA);
    let says = |words: &[&str]| {
        let words = [&["--profile", &profile], words].concat();
        let it = said(world.folder(), &words);
        assert_eq!(it.code, 0, "{}", it.errors);
        it.says
    };
    let first = format!(
        "navet-1: your client is registered in municipalities/2283 since {day}, and you announced no move there."
    );
    let words = ["events", "import", &file, "--dry-run"];
    for _ in 0..2 {
        let said = says(&words);
        let lines: Vec<_> = said.lines().rev().take(2).collect();
        assert_eq!(lines[1], first, "{said}");
        assert!(lines[0].starts_with("  Announce it"), "{said}");
    }
    let json = says(&[&["--json"], &words[..]].concat());
    let moved =
        format!(r#""unannouncedMove":{{"registeredIn":"municipalities/2283","since":"{day}"}}"#);
    assert!(json.contains(&moved), "{json}");
    let seen = world.party(OPERATOR).await.alerts().await.expect("a list");
    assert_eq!(seen.alerts, []);
}
