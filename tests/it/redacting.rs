//! A party ends a relocation for the other: what it told is gone there, what it was told stays, and nobody says why.

use api::v1;
use client::request_id;
use domain::code::NoticeKind;
use tests::{Apart, FEED, PERSONS, Party, SOLLEFTEA, SOLNA, World, announcement, arrival, consent};

use crate::access::announced;
use crate::recalling::kinds;

pub(crate) fn redaction(party: &Party, name: &str) -> v1::RedactRelocationRequest {
    v1::RedactRelocationRequest {
        municipality: party.municipality(),
        actor: party.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        text: "En havsörns skäl.".to_owned(),
        ..v1::RedactRelocationRequest::default()
    }
}

async fn reply(party: &Party, name: &str, text: &str) {
    let reply = v1::ReplyToRelocationRequest {
        municipality: party.municipality(),
        actor: party.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        text: text.to_owned(),
        legal_ground: Some(consent()),
        ..v1::ReplyToRelocationRequest::default()
    };
    party.reply(reply).await.expect("replied");
}

/// Whether the announcement can be read, and the texts of the replies.
async fn seen(party: &Party, name: &str) -> (bool, Vec<String>) {
    let read = party.read(name).await.expect("the envelope stays");
    let texts = read.replies.into_iter().map(|reply| reply.text);
    (read.content.is_some(), texts.collect())
}

fn both() -> Vec<String> {
    vec!["Från mottagaren.".to_owned(), "Från avsändaren.".to_owned()]
}

/// A relocation with a reply by either party.
async fn talked_about(solna: &Party, solleftea: &Party) -> String {
    let name = announced(solna, 0).await;
    solleftea.take_in(&name, "").await.expect("taken in");
    reply(solleftea, &name, "Från mottagaren.").await;
    reply(solna, &name, "Från avsändaren.").await;
    assert_eq!(seen(solna, &name).await, (true, both()));
    assert_eq!(seen(solleftea, &name).await, (true, both()));
    name
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sender_ends_is_gone_there_and_it_learns_who_read_it() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let name = talked_about(&solna, &solleftea).await;
    let dry = v1::RedactRelocationRequest {
        validate_only: true,
        ..redaction(&solna, &name)
    };
    let answer = solna.redact(dry).await.expect("it would be");
    assert!(answer.readings.is_empty());
    assert_eq!(seen(&solleftea, &name).await, (true, both()));
    let request = redaction(&solna, &name);
    let answer = solna.redact(request.clone()).await.expect("ended");
    let state = answer.relocation.as_ref().expect("one").state();
    assert_eq!(state, v1::RelocationState::Withdrawn);
    // by GetRelocation, as above; which officer it was stays there
    let methods: Vec<_> = answer.readings.iter().map(|it| &*it.method).collect();
    assert_eq!(methods, ["GetRelocation"; 2]);
    let nothing = (false, Vec::<String>::new());
    assert_eq!(seen(&solleftea, &name).await, nothing);
    assert_eq!(seen(&solna, &name).await, (true, both()), "its own stays");
    // again under the same id it is the same; anew it is over
    assert_eq!(solna.redact(request).await.expect("as before"), answer);
    let anew = solna.redact(redaction(&solna, &name)).await;
    assert_eq!(anew.expect_err("once").reason, "STATE_NOT_ALLOWED");
    let last = kinds(&solleftea).await.pop();
    assert_eq!(last, Some(NoticeKind::RelocationManualRoute));
    let profile = crate::receipts::profile(&world, SOLNA);
    let words = ["--profile", &profile, "relocation", "get", &name];
    let said = String::from_utf8(tests::run(world.folder(), &words).stdout).expect("text");
    assert_eq!(said.matches("read there: ").count(), 2, "{said}");
    // by hand and for this one alone: the person can be announced as before
    let again = solna.register(announcement(&solna, "2283", 0)).await;
    again.expect("one relocation is not the person");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_receiver_ends_is_its_replies_and_neither_sees_why() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let name = talked_about(&solna, &solleftea).await;
    let ended = solleftea.redact(redaction(&solleftea, &name)).await;
    assert_eq!(ended.expect("ended").readings.len(), 1);
    let own = vec![String::new(), "Från avsändaren.".to_owned()];
    assert_eq!(seen(&solna, &name).await, (true, own));
    assert_eq!(seen(&solleftea, &name).await, (true, both()));
    // the other side asks for all that it can: no word of the reason, no reading of its own
    let answer = solna.get_relocation(solna.reading(&name)).await;
    let answer = answer.expect("the envelope");
    assert!(answer.readings.is_empty());
    assert!(!format!("{answer:?}").contains("havsörn"));
    let last = kinds(&solna).await.pop();
    assert_eq!(last, Some(NoticeKind::RelocationManualRoute));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_person_goes_the_manual_route_at_that_municipality_alone() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let name = announced(&solna, 0).await;
    let other = solna.register(announcement(&solna, "0191", 0)).await;
    let other = other.expect("accepted").relocation.expect("one").name;
    let reported = solna.report(arrival(&solna, "2283", 0)).await;
    let reported = reported.expect("accepted").arrival.expect("one").name;
    let request = v1::RedactRelocationRequest {
        whole_person: true,
        ..redaction(&solna, &name)
    };
    solna.redact(request.clone()).await.expect("ended");
    solna.redact(request).await.expect("as before");
    let withdrawn = solna.read(&other).await.expect("its own").state();
    assert_eq!(withdrawn, v1::RelocationState::Withdrawn);
    let taken_back = solna.read_arrival(&reported).await.expect("its own");
    assert_eq!(taken_back.state(), v1::ArrivalState::Withdrawn);
    let refused = [
        solna.register(announcement(&solna, "2283", 0)).await.err(),
        solna.report(arrival(&solna, "2283", 0)).await.err(),
    ];
    for refused in refused {
        let refused = refused.expect("the manual route");
        assert_eq!(refused.reason, "MANUAL_ROUTE_REQUIRED");
        assert!(refused.violations.is_empty(), "no field tells why");
    }
    // somebody else is not meant, and another municipality learns nothing by trying
    let somebody = solna.register(announcement(&solna, "2283", 2)).await;
    somebody.expect("another person");
    let there = solleftea
        .register(announcement(&solleftea, "0191", 0))
        .await;
    there.expect("another municipality");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_postgres_what_the_register_protects_is_ended_likewise() {
    let world = Apart::start().await;
    let (solna, solleftea) = (world.party(SOLNA, 0).await, world.party(SOLLEFTEA, 1).await);
    let name = talked_about(&solna, &solleftea).await;
    let feed = world.party(FEED, 1).await;
    let event = v1::RegisterEvent {
        source_id: "skydd-1".to_owned(),
        changed_at: Some(api::time::to_wire(jiff::Timestamp::now())),
        identity_number: PERSONS[0].0.to_owned(),
        protection: v1::ProtectionLevel::ProtectedRegistration.into(),
        ..v1::RegisterEvent::default()
    };
    let told = feed.import(vec![event]).await.expect("taken in");
    assert_eq!(told.len(), 1);
    assert_eq!(seen(&solleftea, &name).await, (false, Vec::new()));
    let refused = solna.register(announcement(&solna, "2283", 0)).await;
    let refused = refused.expect_err("the manual route");
    assert_eq!(refused.reason, "MANUAL_ROUTE_REQUIRED");
    // and the receiver's own end takes a version of its replies alone
    let other = announced(&solna, 2).await;
    solleftea.take_in(&other, "").await.expect("taken in");
    reply(&solleftea, &other, "Från mottagaren.").await;
    let ended = solleftea.redact(redaction(&solleftea, &other)).await;
    ended.expect("ended");
    assert_eq!(seen(&solna, &other).await, (true, vec![String::new()]));
}
