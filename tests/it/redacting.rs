//! A party ends a relocation for the other: what it told is gone there, what it was told stays, and nobody says why.

use api::record::decode;
use api::v1;
use client::request_id;
use domain::code::NoticeKind;
use domain::entry::{Event, Part};
use domain::municipality::MunicipalityCode;
use jiff::Timestamp;
use tests::{
    Apart, FEED, PERSONS, Party, REVIEWER, SOLLEFTEA, SOLNA, World, announcement, arrival, consent,
    outcome, today, wait_for,
};

use crate::access::{self, announced};
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
    let taken_back = solna.see_arrival(&reported).await.expect("its own");
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
    let protected = v1::ProtectionLevel::ProtectedRegistration;
    feed.tell(0, Timestamp::now(), protected).await;
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

/// What Solna's register told of a test person, of a change at an instant.
/// What holds of a test person after it was lifted, or as it is.
pub(crate) async fn lifted(by: &Party, index: usize, validate_only: bool) -> v1::ProtectionLevel {
    let lifting = v1::LiftProtectionRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        validate_only,
        identity_number: PERSONS[index].0.to_owned(),
    };
    by.lift(lifting).await.expect("an answer").protection()
}

/// Why a test person is not announced; empty when it is.
pub(crate) async fn refused(by: &Party, to: &str, index: usize) -> String {
    let answer = by.register(announcement(by, to, index)).await;
    answer.err().map(|it| it.reason).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_officer_said_by_hand_is_lifted_by_an_officer_alone() {
    use v1::ProtectionLevel::{None as Unprotected, ProtectedRegistration, SecrecyMarking};
    let world = World::start().await;
    let (solna, feed) = (world.party(SOLNA).await, world.party(FEED).await);
    let mut requests = Vec::new();
    for index in [0, 1] {
        let name = announced(&solna, index).await;
        let request = v1::RedactRelocationRequest {
            whole_person: true,
            ..redaction(&solna, &name)
        };
        solna.redact(request.clone()).await.expect("ended");
        requests.push(request);
    }
    // a routine event, of a change before it and of one after it; and protection that is over
    feed.tell(0, Timestamp::UNIX_EPOCH, Unprotected).await;
    for level in [Unprotected, ProtectedRegistration, Unprotected] {
        feed.tell(0, Timestamp::now(), level).await;
        assert_eq!(refused(&solna, "2283", 0).await, "MANUAL_ROUTE_REQUIRED");
    }
    let report = solna.report(arrival(&solna, "2283", 0)).await;
    let report = report.expect_err("the manual route");
    assert_eq!(report.reason, "MANUAL_ROUTE_REQUIRED");
    feed.tell(1, Timestamp::now(), SecrecyMarking).await;
    // who lifts it says who and why
    let nobody = v1::LiftProtectionRequest {
        municipality: solna.municipality(),
        identity_number: PERSONS[0].0.to_owned(),
        ..v1::LiftProtectionRequest::default()
    };
    let nobody = solna.lift(nobody).await.expect_err("nobody");
    assert_eq!(nobody.reason, "ACTOR_REQUIRED");
    assert_eq!(lifted(&solna, 0, true).await, ProtectedRegistration);
    assert_eq!(refused(&solna, "2283", 0).await, "MANUAL_ROUTE_REQUIRED");
    assert_eq!(lifted(&solna, 0, false).await, Unprotected);
    assert_eq!(refused(&solna, "2283", 0).await, "");
    // what the register tells goes on
    assert_eq!(lifted(&solna, 1, false).await, SecrecyMarking);
    assert_eq!(refused(&solna, "2283", 1).await, "SECRECY_MARKING_KNOWN");
    // a retry of what was answered once sets nothing anew, and lifting it twice is lifting it
    for request in requests {
        solna.redact(request).await.expect("as before");
    }
    assert_eq!(refused(&solna, "0191", 0).await, "");
    assert_eq!(lifted(&solna, 0, false).await, Unprotected);
    let profile = crate::receipts::profile(&world, SOLNA);
    let number = ["--number", PERSONS[1].0, "--text", "omprövat"];
    let words = ["--profile", &profile, "relocation", "lift-protection"];
    let said = tests::run(world.folder(), &[&words[..], &number].concat());
    let said = String::from_utf8(said.stdout).expect("text");
    assert!(said.contains("secrecy marking"), "{said}");
    let reviewer = world.party(REVIEWER).await;
    let listed = access::seen(&reviewer, access::log(&reviewer)).await;
    let lifts = listed.iter().filter(|it| it.method == "LiftProtection");
    let lifts: Vec<_> = lifts
        .map(|it| {
            let purpose = it.actor.as_ref().map(|actor| actor.purpose.as_str());
            (it.secrecy(), it.found, purpose == Some("omprövat"))
        })
        .collect();
    let marked = v1::AccessSecrecy::Marked;
    let expected = [(1, false), (1, false), (1, false), (0, false), (0, true)];
    assert_eq!(lifts, expected.map(|(found, why)| (marked, found, why)));
}

/// How an entry looks to whoever has its bytes and no key: what happened, who was told what, and how long its parts are.
type Shape = (Event, Vec<(String, NoticeKind)>, Vec<(Part, usize)>);

/// The newest entry of a subject, as its party has it.
pub(crate) async fn shape(party: &Party, name: &str) -> Shape {
    let entries = stored(party).await;
    let newest = entries.iter().rfind(|entry| entry.name == name);
    shape_of(newest.expect("an entry"))
}

async fn stored(party: &Party) -> Vec<v1::LogEntry> {
    let request = v1::ListEntriesRequest {
        municipality: party.municipality(),
        page_size: 500,
        ..v1::ListEntriesRequest::default()
    };
    party.list_entries(request).await.expect("a list").entries
}

fn shape_of(entry: &v1::LogEntry) -> Shape {
    let entry = decode(&entry.stored).expect("an entry");
    let notices = entry.notices.iter();
    let sealed = entry.sealed.iter();
    (
        entry.event,
        notices
            .map(|it| (it.recipient.to_string(), it.kind))
            .collect(),
        sealed.map(|it| (it.part, it.ciphertext.len())).collect(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_entry_cannot_tell_an_officers_end_from_the_registers() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let feed = world.party(FEED).await;
    let mut shapes = Vec::new();
    for (index, text) in [(0, "x".to_owned()), (1, "å".repeat(1000))] {
        let name = announced(&solna, index).await;
        let request = v1::RedactRelocationRequest {
            text,
            ..redaction(&solna, &name)
        };
        solna.redact(request).await.expect("ended");
        shapes.push(shape(&solleftea, &name).await);
    }
    let name = announced(&solna, 2).await;
    let protected = v1::ProtectionLevel::ProtectedRegistration;
    feed.tell(2, Timestamp::now(), protected).await;
    shapes.push(shape(&solleftea, &name).await);
    let (event, notices, _parts) = shapes[0].clone();
    let by = MunicipalityCode::parse("0184").expect("a code");
    assert_eq!(event, Event::RelocationRedacted { by });
    let told = |code: &str| (code.to_owned(), NoticeKind::RelocationManualRoute);
    assert_eq!(notices, [told("2283"), told("0184")]);
    assert_eq!(shapes, vec![shapes[0].clone(); 3]);
}

/// Redacts the whole person by hand.
async fn said(by: &Party, name: &str, request: v1::RedactRelocationRequest) -> Result<(), String> {
    let request = v1::RedactRelocationRequest {
        whole_person: true,
        ..request
    };
    let answer = by.redact(request).await.map_err(|it| it.reason)?;
    let relocation = answer.relocation.expect("as it is");
    assert_eq!(relocation.name, name);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_says_by_hand_also_of_what_was_ended_before() {
    use v1::ProtectionLevel::{None as Unprotected, ProtectedRegistration};
    let world = World::start().await;
    let (solna, feed) = (world.party(SOLNA).await, world.party(FEED).await);
    let name = announced(&solna, 0).await;
    // what is refused says nothing
    let stale = v1::RedactRelocationRequest {
        etag: "\"9\"".to_owned(),
        ..redaction(&solna, &name)
    };
    let stale = said(&solna, &name, stale).await;
    assert_eq!(stale, Err("ETAG_MISMATCH".to_owned()));
    assert_eq!(refused(&solna, "2283", 0).await, "");
    feed.tell(0, Timestamp::now(), ProtectedRegistration).await;
    let ended = solna.read(&name).await.expect("its own");
    assert_eq!(ended.state(), v1::RelocationState::Withdrawn);
    let dry = v1::RedactRelocationRequest {
        validate_only: true,
        ..redaction(&solna, &name)
    };
    said(&solna, &name, dry).await.expect("it would be");
    feed.tell(0, Timestamp::now(), Unprotected).await;
    assert_eq!(refused(&solna, "0191", 0).await, "");
    feed.tell(0, Timestamp::now(), ProtectedRegistration).await;
    let entries = shape(&solna, &name).await;
    let by_hand = redaction(&solna, &name);
    said(&solna, &name, by_hand).await.expect("said");
    assert_eq!(shape(&solna, &name).await, entries);
    let read = solna.read(&name).await.expect("its own");
    assert_eq!(read.etag, ended.etag, "no second entry");
    // the register lifts its own word alone
    feed.tell(0, Timestamp::now(), Unprotected).await;
    assert_eq!(refused(&solna, "2283", 0).await, "MANUAL_ROUTE_REQUIRED");
    // an officer lifted it by mistake, and says it anew
    assert_eq!(lifted(&solna, 0, false).await, Unprotected);
    assert_eq!(refused(&solna, "2283", 0).await, "");
    let by_hand = redaction(&solna, &name);
    said(&solna, &name, by_hand).await.expect("said");
    assert_eq!(refused(&solna, "0191", 0).await, "MANUAL_ROUTE_REQUIRED");
    // after a plain end too
    let name = announced(&solna, 1).await;
    solna.redact(redaction(&solna, &name)).await.expect("ended");
    let by_hand = redaction(&solna, &name);
    said(&solna, &name, by_hand).await.expect("said");
    assert_eq!(refused(&solna, "2283", 1).await, "MANUAL_ROUTE_REQUIRED");
}

/// What Solna's register tells of the first test person: moved there from Sollefteå some days ago.
fn moved(id: &str, ago: i64) -> v1::RegisterEvent {
    let today: jiff::civil::Date = today().parse().expect("a date");
    let at = |code: &str, ago: i64| v1::Registration {
        municipality: format!("municipalities/{code}"),
        registered_on: (today - jiff::Span::new().days(ago)).to_string(),
        ..v1::Registration::default()
    };
    v1::RegisterEvent {
        source_id: id.to_owned(),
        changed_at: Some(api::time::to_wire(Timestamp::now())),
        identity_number: PERSONS[0].0.to_owned(),
        protection: v1::ProtectionLevel::None.into(),
        registration: Some(at("0184", ago)),
        history: vec![at("2283", 100)],
        ..v1::RegisterEvent::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_entry_cannot_tell_why_an_arrival_was_taken_back() {
    let world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let feed = world.party(FEED).await;
    let mut names = Vec::new();
    for index in [2, 1] {
        let reported = solna.report(arrival(&solna, "2283", index)).await;
        names.push(reported.expect("accepted").arrival.expect("one").name);
    }
    let request = v1::WithdrawArrivalRequest {
        municipality: solna.municipality(),
        actor: solna.actor(),
        request_id: request_id(),
        name: names[0].clone(),
        ..v1::WithdrawArrivalRequest::default()
    };
    solna.withdraw_arrival(request).await.expect("taken back");
    let protected = v1::ProtectionLevel::ProtectedRegistration;
    feed.tell(1, Timestamp::now(), protected).await;
    // and one that the register told of, and then told of another day
    let announced = solleftea.register(announcement(&solleftea, "0184", 0));
    announced.await.expect("accepted");
    for event in [moved("1", 2), moved("2", 1)] {
        let results = feed.import(vec![event]).await.expect("an answer");
        assert_eq!(outcome(&results[0]), "ACCEPTED");
    }
    // they are listed when the read tables have them
    let lengths = wait_for("three were taken back", || async {
        let shapes = stored(&solna)
            .await
            .iter()
            .map(shape_of)
            .collect::<Vec<_>>();
        let taken_back = shapes
            .into_iter()
            .filter(|(event, ..)| *event == Event::ArrivalWithdrawn);
        let lengths: Vec<_> = taken_back.map(|(_, _, parts)| parts).collect();
        (lengths.len() == 3).then_some(lengths)
    })
    .await;
    assert_eq!(lengths, vec![lengths[0].clone(); 3]);
}
