//! No person in the clear: an unusual person goes through everything, and no byte that is kept, sent to others than her
//! parties, or told to them in an error tells of her.

mod apart;
mod memory;
mod places;
mod rare;

use std::path::Path;

use api::v1;
use api::v1::find_relocations_request::Term;
use client::request_id;
use tests::{
    Canary, Needles, OPERATOR, PERSONS, Party, Plan, SOLLEFTEA, SOLNA, World, announcement,
    arrival, consent, scan, wait_for,
};
use tokio::io::AsyncWriteExt as _;

use crate::drilling;

/// Names, contacts, case numbers, officers and texts; nothing of it may be kept in the clear.
const TEXTS: [&str; 15] = [
    "Zebulonius",
    "Qvastmakare",
    "kanariefågel",
    "Papegojkontakt",
    "KANARIE-4711",
    "tukan-officer",
    "flamingoändamål",
    "pelikansvar",
    "strutsinvändning",
    "dodokomplettering",
    "ugglebestridande",
    "gladakommentar",
    "vråkmisstag",
    "tornsvalereda",
    "kungsörnsblick",
];

/// Her groups, as programs write them.
const GROUPS: [&str; 2] = ["ADDICTION_OR_SOCIAL_PROBLEMS", "AddictionOrSocialProblems"];

fn canaries() -> Vec<Canary> {
    Canary::persons_and(TEXTS.into_iter().chain(GROUPS))
}

#[test]
fn the_scan_finds_each_spelling_that_is_planted() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("below/deep");
    std::fs::create_dir(folder.path().join("below")).expect("a folder");
    let all = canaries();
    for planted in &all {
        let noise = [&[7; 1000], planted.bytes(), &[9; 10]].concat();
        std::fs::write(&file, noise).expect("a file");
        let scanned = scan(folder.path(), &all);
        assert_eq!(scanned.found, [file.as_path()], "{planted:?}");
    }
    std::fs::write(&file, [7; 5000]).expect("a file");
    let scanned = scan(folder.path(), &all);
    assert_eq!(
        (scanned.found.len(), scanned.files.len(), scanned.bytes),
        (0, 1, 5000)
    );
    // base64 of the text in any place
    for before in ["", "a", "ab"] {
        use base64::Engine as _;
        let text = format!("{before}name: Zebulonius.");
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        std::fs::write(&file, encoded).expect("a file");
        assert_eq!(scan(folder.path(), &all).found.len(), 1, "{before}");
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as the messages have it")]
fn actor() -> Option<v1::Actor> {
    Some(v1::Actor {
        officer_id: "tukan-officer".to_owned(),
        function: "Papegojkontakt".to_owned(),
        case_number: "KANARIE-4711".to_owned(),
        purpose: "flamingoändamål".to_owned(),
    })
}

fn named(person: &mut Option<v1::Person>) {
    let person = person.as_mut().expect("a person");
    person.given_name = "Zebulonius".into();
    person.family_name = "Qvastmakare".into();
}

fn unusual(from: &Party, to: &str, index: usize) -> v1::RegisterRelocationRequest {
    let mut request = announcement(from, to, index);
    request.actor = actor();
    let content = request.content.as_mut().expect("content");
    named(&mut content.person);
    content.contact.as_mut().expect("a contact").name = "Papegojkontakt".into();
    content.case_number = "KANARIE-4711".into();
    content.free_text = "Har en kanariefågel.".into();
    content.groups = vec![v1::PersonGroup::AddictionOrSocialProblems.into()];
    request
}

/// A relocation with all that can happen to one; its name.
async fn relocation(solna: &Party, solleftea: &Party) -> String {
    let registered = solna.register(unusual(solna, "2283", 0)).await;
    let name = registered.expect("accepted").relocation.expect("one").name;
    let supplement = v1::SupplementRelocationRequest {
        municipality: solna.municipality(),
        actor: actor(),
        request_id: request_id(),
        name: name.clone(),
        text: "En dodokomplettering.".to_owned(),
        ..v1::SupplementRelocationRequest::default()
    };
    solna.supplement(supplement).await.expect("supplemented");
    solleftea.take_in(&name, "").await.expect("taken in");
    for (text, objection) in [("Ett pelikansvar.", false), ("En strutsinvändning.", true)] {
        let reply = v1::ReplyToRelocationRequest {
            legal_ground: Some(consent()),
            municipality: solleftea.municipality(),
            actor: actor(),
            request_id: request_id(),
            name: name.clone(),
            text: text.to_owned(),
            objection,
            ..v1::ReplyToRelocationRequest::default()
        };
        solleftea.reply(reply).await.expect("replied");
    }
    for party in [solna, solleftea] {
        let read = party.read(&name).await.expect("read");
        let person = read.content.expect("content").person.expect("a person");
        assert_eq!(
            person.given_name, "Zebulonius",
            "it is kept, and the parties read it"
        );
    }
    for term in [
        Term::IdentityNumber(PERSONS[0].0.to_owned()),
        Term::CaseNumber("KANARIE-4711".to_owned()),
        Term::Name(v1::PersonName {
            given_name: "Zebulonius".to_owned(),
            family_name: "Qvastmakare".to_owned(),
        }),
    ] {
        let find = v1::FindRelocationsRequest {
            municipality: solna.municipality(),
            actor: actor(),
            term: Some(term),
        };
        assert_eq!(
            solna.find(find).await.expect("a search").relocations.len(),
            1
        );
    }
    name
}

/// An arrival that nobody announced, asked about, answered and disputed.
async fn question(solleftea: &Party, sigtuna: &Party, operator: &Party) {
    let mut request = arrival(solleftea, "0191", 1);
    request.actor = actor();
    let content = request.content.as_mut().expect("content");
    named(&mut content.person);
    content.case_number = "KANARIE-4711".into();
    content.free_text = "Kom med en kanariefågel.".into();
    solleftea.report(request).await.expect("accepted");
    operator.advance(15).await.expect("moved");
    let alert = wait_for("an alert", || async {
        operator.alerts().await.expect("a list").alerts.pop()
    })
    .await;
    sigtuna.read_alert(&alert.name).await.expect("read");
    let answer = v1::AnswerAlertRequest {
        municipality: sigtuna.municipality(),
        actor: actor(),
        request_id: request_id(),
        name: alert.name.clone(),
        answer: v1::AnswerCode::Other.into(),
        text: "Ett pelikansvar.".to_owned(),
        legal_ground: Some(consent()),
        ..v1::AnswerAlertRequest::default()
    };
    sigtuna.answer(answer).await.expect("answered");
    let dispute = v1::DisputeAlertRequest {
        legal_ground: Some(consent()),
        municipality: sigtuna.municipality(),
        actor: actor(),
        request_id: request_id(),
        name: alert.name.clone(),
        text: "Ett ugglebestridande.".to_owned(),
        ..v1::DisputeAlertRequest::default()
    };
    sigtuna.dispute(dispute).await.expect("disputed");
    let comment = v1::CommentOnAlertRequest {
        actor: operator.actor(),
        request_id: request_id(),
        name: alert.name,
        text: "En gladakommentar.".to_owned(),
        ..v1::CommentOnAlertRequest::default()
    };
    operator.comment(comment).await.expect("commented");
}

/// Calls that are refused, with the person in places where she does not belong.
async fn refusals(solna: &Party) {
    let number = PERSONS[0].0;
    let mut requests = vec![unusual(solna, "2283", 1); 5];
    requests[0].legal_ground = None;
    requests[1].content.as_mut().expect("content").free_text = format!("Zebulonius {number}");
    requests[2].request_id = number.into();
    requests[3].receiving_municipality = format!("municipalities/{number}");
    requests[4].content.as_mut().expect("content").expected_on = number.into();
    for request in requests {
        let mut call = tonic::Request::new(request);
        let header = number.parse().expect("a header");
        call.metadata_mut().insert("x-request-id", header);
        let refused = solna.client.relocations().register_relocation(call).await;
        refusal_is_clean(&refused.expect_err("refused"));
    }
    for name in [
        format!("relocations/{number}"),
        "relocations/Zebulonius".to_owned(),
    ] {
        let refused = solna.read(&name).await.expect_err("no name");
        clean(format!("{refused:?}").as_bytes());
    }
}

fn clean(shown: &[u8]) {
    let all = canaries();
    let found = Needles::of(&all).found_in(shown);
    assert!(found.is_empty(), "{found:?}");
}

/// A refusal as it goes over the wire: message, details, headers.
fn refusal_is_clean(refused: &tonic::Status) {
    clean(refused.message().as_bytes());
    clean(refused.details());
    clean(format!("{:?}", refused.metadata()).as_bytes());
}

/// A drill there, with a word that is said wrongly and rightly; the word.
async fn drilled(solleftea: &Party, operator: &Party) -> String {
    drilling::connect(solleftea).await;
    drilling::switch_on(operator).await;
    operator.advance(32).await.expect("moved");
    drilling::drills(solleftea, 1).await;
    let v1::Drill { month, word, .. } = drilling::shown(solleftea, "").await.expect("shown");
    let wrong = format!("{word}x");
    let refused = drilling::acknowledge(solleftea, &month, &wrong).await;
    let told = format!("{:?}", refused.expect_err("not the word"));
    let planted = spellings(&word);
    assert!(Needles::of(&planted).found_in(told.as_bytes()).is_empty());
    let taken = drilling::acknowledge(solleftea, &month, &word).await;
    taken.expect("taken in");
    word
}

/// A drill's word as it is shown, and as it is compared.
fn spellings(word: &str) -> Vec<Canary> {
    let bare = word.replace('-', "");
    [Canary::text(word), Canary::text(&bare)].concat()
}

fn word_is_nowhere(folder: &Path, word: &str) {
    let scanned = scan(folder, &spellings(word));
    assert_eq!(scanned.found, Vec::<std::path::PathBuf>::new());
}

fn nothing_in(collected: &Path) {
    let scanned = scan(collected, &canaries());
    assert_eq!(scanned.found, Vec::<std::path::PathBuf>::new());
    assert!(scanned.files.len() > 20, "{:?}", scanned.files);
}

fn nothing_kept(folder: &Path, when: &str) {
    let scanned = scan(folder, &canaries());
    assert_eq!(scanned.found, Vec::<std::path::PathBuf>::new(), "{when}");
    let names: Vec<String> = scanned
        .files
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    for kept in [
        "data/journal.sqlite",
        "data/views.sqlite",
        "data/keys.sqlite",
        "serve.log",
        "nats.log",
        "/nats/jetstream/",
    ] {
        assert!(
            names.iter().any(|name| name.contains(kept)),
            "{kept}: {names:?}"
        );
    }
    assert!(
        scanned.bytes > 100_000,
        "{when}: only {} bytes",
        scanned.bytes
    );
}

async fn the_tap_sees_what_goes_through(world: &World) {
    let tap = world.tap.as_ref().expect("a tap");
    let mut wire = tokio::net::TcpStream::connect(tap.address)
        .await
        .expect("a wire");
    let planted = canaries();
    let sent = wire.write_all(planted[0].bytes()).await;
    sent.expect("sent");
    let needles = Needles::of(&planted);
    wait_for("the tap sees it", || async {
        (!needles.found_in(&tap.seen()).is_empty()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_log_or_error_tells_of_a_person() {
    let plan = Plan {
        log: "trace",
        tap: true,
        ..Plan::default()
    };
    let mut world = World::with(plan).await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let mut inbox = solleftea.watch("").await.expect("a stream");
    let name = relocation(&solna, &solleftea).await;
    let told = format!("{:?}", inbox.notice().await);
    clean(told.as_bytes());
    rare::play(&world).await;
    refusals(&solna).await;
    let word = drilled(&solleftea, &world.party(OPERATOR).await).await;
    nothing_kept(world.folder(), "while it runs");
    let collected = tempfile::tempdir().expect("a folder");
    places::collect(&world, &collected.path().join("all")).await;
    nothing_in(collected.path());
    word_is_nowhere(collected.path(), &word);
    // what is no person is found by the same scan: the envelope in NATS, the refusals in the log
    let envelope = scan(&world.folder().join("nats"), &Canary::text(&name));
    assert!(
        !envelope.found.is_empty(),
        "the notice is in the store of NATS"
    );
    assert!(world.log().contains("call refused"));
    assert!(world.log().contains("call answered"));
    world.kill().await;
    nothing_kept(world.folder(), "after a kill");
    world.start_again().await;
    let read = world.party(SOLNA).await.read(&name).await.expect("read");
    assert_eq!(read.replies.len(), 2, "all of it outlives a kill");
    assert!(world.terminate().await.success());
    the_tap_sees_what_goes_through(&world).await;
    world.nats.stop().await.expect("NATS ends");
    nothing_kept(world.folder(), "after an orderly end");
    word_is_nowhere(world.folder(), &word);
    // what is put in any of these places is found there
    for folder in [world.folder(), collected.path()] {
        let planted = canaries();
        places::plant_everywhere(folder, planted[0].bytes());
        let scanned = scan(folder, &planted);
        assert_eq!(scanned.found, scanned.files);
    }
}
