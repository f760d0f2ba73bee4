//! The extract of a person: all that a municipality holds and nothing of another's, who opened it, and what was erased.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use api::v1;
use api::v1::produce_person_extract_response::Item;
use nix::sys::signal::Signal;
use tests::{
    Apart, FEED, OPERATOR, PERSONS, Party, SIGTUNA, SOLLEFTEA, SOLNA, World, announcement, arrival,
    run, wait_for,
};

use crate::access::announced;
use crate::marked::handles;
use crate::recalling::withdraw;
use crate::receipts::profile;

/// The items in short: what they are, and of which name.
fn told(items: &[Item]) -> Vec<String> {
    let told = items.iter().map(|item| match item {
        Item::Head(_) => "head".to_owned(),
        Item::Relocation(it) => {
            let relocation = it.relocation.as_ref().expect("one");
            let content = if relocation.content.is_some() {
                "whole"
            } else {
                "empty"
            };
            format!("{} {content} erased {}", relocation.name, it.erased)
        }
        Item::Arrival(it) => it.arrival.as_ref().expect("one").name.clone(),
        Item::Alert(it) => it.alert.as_ref().expect("one").name.clone(),
        Item::Notes(it) => format!("notes withheld {}", it.withheld),
        Item::Access(it) => format!("{} {}", it.method, it.subject),
        Item::End(it) => format!("end {} {}", it.items, it.more),
    });
    told.collect()
}

async fn extract(party: &Party, index: usize) -> Vec<Item> {
    party.extract(PERSONS[index].0).await.expect("an extract")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extract_holds_all_of_a_person_at_one_municipality_and_who_opened_it() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let name = announced(&solna, 0).await;
    // somebody else's, and a reading of it
    let other = solna.register(announcement(&solna, "2283", 1)).await;
    let other = other.expect("accepted").relocation.expect("one").name;
    for name in [&name, &other] {
        solleftea.read(name).await.expect("read");
    }
    let here = extract(&solna, 0).await;
    let relocation = format!("{name} whole erased false");
    assert_eq!(told(&here), ["head", &relocation, "end 1 false"]);
    let there = extract(&solleftea, 0).await;
    let read = format!("GetRelocation {name}");
    assert_eq!(told(&there), ["head", &relocation, &read, "end 2 false"]);
    let Item::Relocation(own) = &here[1] else {
        panic!("{here:?}")
    };
    let act = own.own_acts.first().expect("the registration");
    assert_eq!(act.purpose, "handlägga flytt");
    assert!(act.legal_ground.is_some());
    let Item::Relocation(theirs) = &there[1] else {
        panic!("{there:?}")
    };
    assert_eq!(theirs.own_acts, [], "what Solna assessed is Solna's");
    for items in [&here, &there] {
        let shown = format!("{items:?}");
        assert!(!shown.contains("handlaggare-"), "no officer: {shown}");
    }
    // the extract itself opened it, and is in the next one
    let again = told(&extract(&solleftea, 0).await);
    let opened = format!("ProducePersonExtract {name}");
    assert_eq!(
        again[2..],
        [
            opened,
            "ProducePersonExtract ".to_owned(),
            read,
            "end 4 false".to_owned()
        ]
    );
    // who has no part in it holds nothing
    let sigtuna = extract(&world.party(SIGTUNA).await, 0).await;
    assert_eq!(told(&sigtuna), ["head", "end 0 false"]);
    let refused = solna.extract("19900101-2386").await.expect_err("no number");
    assert_eq!(refused.reason, "IDENTITY_NUMBER_CHECKSUM");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extract_names_what_was_erased_and_the_questions_that_were_asked() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let sigtuna = world.party(SIGTUNA).await;
    let operator = world.party(OPERATOR).await;
    let name = announced(&solna, 0).await;
    withdraw(&solna, &name, v1::WithdrawalReason::Mistake).await;
    // another one that was withdrawn too, of somebody else
    let other = solna.register(announcement(&solna, "2283", 2)).await;
    let other = other.expect("accepted").relocation.expect("one").name;
    withdraw(&solna, &other, v1::WithdrawalReason::Mistake).await;
    let reported = solleftea.report(arrival(&solleftea, "0191", 0)).await;
    let arrived = reported.expect("accepted").arrival.expect("one").name;
    operator.advance(15).await.expect("moved");
    let alert = wait_for("an alert", || async {
        operator.alerts().await.expect("a list").alerts.pop()
    });
    let alert = alert.await.name;
    let erased = format!("{name} empty erased true");
    let there = extract(&solleftea, 0).await;
    assert_eq!(told(&there)[1..4], [erased, arrived, alert.clone()]);
    let asked = extract(&sigtuna, 0).await;
    assert_eq!(told(&asked), ["head", &alert, "end 1 false"]);
    let Item::Alert(question) = &asked[1] else {
        panic!("{asked:?}")
    };
    let question = question.alert.as_ref().expect("an alert");
    assert!(question.question.is_some(), "the question with its person");
    let here = told(&extract(&solna, 0).await);
    assert_eq!(
        here[1],
        format!("{name} whole erased false"),
        "its own stays"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_a_moment_ago_is_waited_for_or_said_to_be_missing() {
    let world = Apart::start().await;
    let solna = world.party(SOLNA, 0).await;
    let solleftea = world.party(SOLLEFTEA, 0).await;
    let name = announced(&solna, 0).await;
    wait_for("a ledger leads", || async { world.leader() }).await;
    // nobody writes the read tables
    for ledger in 0..2 {
        world.signal_ledger(ledger, Signal::SIGSTOP);
    }
    withdraw(&solna, &name, v1::WithdrawalReason::Mistake).await;
    let late = told(&extract(&solleftea, 0).await);
    assert_eq!(late, ["head", "end 0 true"], "there may be more");
    let waiting = extract(&solleftea, 0);
    tokio::pin!(waiting);
    let soon = tokio::time::timeout(Duration::from_millis(300), &mut waiting).await;
    assert!(soon.is_err(), "it waits: {soon:?}");
    for ledger in 0..2 {
        world.signal_ledger(ledger, Signal::SIGCONT);
    }
    let erased = told(&waiting.await);
    assert_eq!(erased[1], format!("{name} empty erased true"));
    assert!(erased.ends_with(&["end 2 false".to_owned()]), "{erased:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extract_holds_what_the_register_told_of_an_arrival() {
    let world = World::start().await;
    let [solna, solleftea] = [world.party(SOLNA).await, world.party(SOLLEFTEA).await];
    let announced = solleftea.register(announcement(&solleftea, "0184", 0));
    announced.await.expect("accepted");
    let registered = |code: &str, on: &str| v1::Registration {
        municipality: format!("municipalities/{code}"),
        registered_on: on.to_owned(),
        ..v1::Registration::default()
    };
    let today = tests::today();
    let event = v1::RegisterEvent {
        source_id: "flytt".to_owned(),
        changed_at: Some(api::time::to_wire(jiff::Timestamp::now())),
        identity_number: PERSONS[0].0.to_owned(),
        protection: v1::ProtectionLevel::None.into(),
        registration: Some(registered("0184", &today)),
        history: vec![registered("2283", "2020-01-01")],
        ..v1::RegisterEvent::default()
    };
    let feed = world.party(FEED).await;
    feed.import(vec![event]).await.expect("taken in");
    let items = extract(&solna, 0).await;
    let mut arrivals = Vec::new();
    for item in items {
        if let Item::Arrival(it) = item {
            let content = it.arrival.expect("an envelope").content;
            arrivals.push(content.expect("what was told").arrived_on);
        }
    }
    assert_eq!(arrivals, [today]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_writes_an_extract_for_programs_and_for_the_person() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let name = announced(&solna, 0).await;
    solna.read(&name).await.expect("read");
    let profile = profile(&world, SOLNA);
    let words = ["--profile", &profile, "access", "extract", PERSONS[0].0];
    let files = ["--out", "extract.json", "--text", "extract.txt"];
    // one that was there for others to read is theirs no more
    let before = world.folder().join("extract.json");
    std::fs::write(&before, "of another person").expect("written");
    let others = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&before, others).expect("a mode");
    let said = run(world.folder(), &[&words[..], &files].concat()).stdout;
    let said = String::from_utf8(said).expect("text");
    assert!(said.contains("2 items in extract.json"), "{said}");
    for file in ["extract.json", "extract.txt"] {
        let metadata = std::fs::metadata(world.folder().join(file)).expect("a file");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{file}");
    }
    let read = |file| std::fs::read_to_string(world.folder().join(file)).expect("a file");
    let json: serde_json::Value = serde_json::from_str(&read("extract.json")).expect("JSON");
    let person = &json["items"][1]["relocation"]["relocation"]["content"]["person"];
    assert_eq!(person["familyName"], "Provsson");
    let text = read("extract.txt");
    for words in [
        "Vad kommunen har om dig",
        "Provsson",
        "GetRelocation",
        "Slut på utdraget: 2",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// What stands in no entry is held too: what the register told, who belongs together, and what waits.
#[tokio::test(flavor = "multi_thread")]
async fn an_extract_holds_what_is_kept_beside_the_record_and_withholds_it_likewise() {
    let world = World::start().await;
    let (solna, feed) = (world.party(SOLNA).await, world.party(FEED).await);
    let mut request = announcement(&solna, "2283", 0);
    let content = request.content.as_mut().expect("content");
    let name = "households/0199b2d0-0000-7000-8000-000000000001";
    content.household.as_mut().expect("one").name = name.to_owned();
    solna.register(request).await.expect("accepted");
    let event = |id: &str, index: usize| v1::RegisterEvent {
        source_id: id.to_owned(),
        changed_at: Some(api::time::to_wire(jiff::Timestamp::now())),
        identity_number: PERSONS[index].0.to_owned(),
        protection: v1::ProtectionLevel::None.into(),
        ..v1::RegisterEvent::default()
    };
    let registered = |municipality: &str| v1::Registration {
        municipality: format!("municipalities/{municipality}"),
        registered_on: "2025-03-01".to_owned(),
        ..v1::Registration::default()
    };
    let moved = v1::RegisterEvent {
        registration: Some(registered("2283")),
        ..event("moved", 0)
    };
    let unknown = |id, index| v1::RegisterEvent {
        deregistration: Some(v1::Deregistration {
            code: "XX".to_owned(),
            ..v1::Deregistration::default()
        }),
        ..event(id, index)
    };
    let told = vec![moved, unknown("waits", 0), unknown("another", 1)];
    feed.import(told).await.expect("taken in");
    let notes = async |by: &Party| {
        let items = extract(by, 0).await;
        let notes = items.into_iter().find_map(|item| {
            let Item::Notes(notes) = item else {
                return None;
            };
            Some(notes)
        });
        notes.expect("notes")
    };
    let kept = notes(&solna).await;
    let since: Vec<_> = kept.registrations.iter().map(|it| &*it.since).collect();
    assert_eq!(since, ["2025-03-01"]);
    let households: Vec<_> = kept.households.iter().map(|it| &*it.name).collect();
    assert_eq!((households, kept.marks.len()), (vec![name], 0));
    let waiting: Vec<_> = kept.quarantined.iter().map(|it| &*it.source_id).collect();
    assert_eq!(waiting, ["waits"]);
    // somebody who is marked, in a function that handles such cases and in another one
    let mut marked = event("marked", 0);
    marked.protection = v1::ProtectionLevel::SecrecyMarking.into();
    feed.import(vec![marked]).await.expect("taken in");
    let elsewhere = notes(&solna).await;
    let nothing = v1::ExtractedNotes {
        withheld: true,
        ..v1::ExtractedNotes::default()
    };
    assert_eq!(elsewhere, nothing);
    handles(&solna, "barn", true).await;
    let there = notes(&solna.acting_in("barn")).await;
    assert!(
        !there.withheld && there.marks[0].secrecy_marking,
        "{there:?}"
    );
}
