//! A person with a secrecy marking: announced to a function, opened in it alone, found by no name, each reading reviewed.

mod codes;
mod ended;
mod told;

use std::time::Duration;

use api::v1;
use api::v1::AccessSecrecy::{Marked, MarkedRefused, None as Unmarked};
use api::v1::find_relocations_request::Term;
use api::v1::produce_person_extract_response::Item;
use client::{Refused, request_id};
use tests::{
    Apart, Canary, HEBY, PERSONS, Party, REVIEWER, REVIEWER_THERE, SHARED, SOLLEFTEA, SOLNA, World,
    announcement, consent, function, granted_to, marked, scan, today,
};

use crate::access::{log, seen};
use crate::auditing::said;
use crate::functions::set;
use crate::receipts::profile;
use crate::redacting::redaction;
use crate::reviewing::{review, sample, until_now};

const PATIENCE: Duration = Duration::from_secs(30);

/// A function that handles such cases, or no longer does.
pub(crate) async fn handles(by: &Party, id: &str, does: bool) {
    let described = v1::Function {
        handles_secrecy_marked: does,
        ..function(by, id, &[])
    };
    set(by, described).await.expect("accepted");
}

/// Announces a test person to Sollefteå's function for children, with its marking; its name.
async fn announced(solna: &Party, index: usize) -> String {
    let request = marked(announcement(solna, "2283", index), "barn");
    let registered = solna.register(request).await.expect("accepted");
    registered.relocation.expect("one").name
}

/// A reply on consent.
pub(crate) fn reply(by: &Party, name: &str) -> v1::ReplyToRelocationRequest {
    v1::ReplyToRelocationRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        text: "Vi tar emot.".to_owned(),
        legal_ground: Some(consent()),
        ..v1::ReplyToRelocationRequest::default()
    }
}

fn receipt(by: &Party, name: &str) -> v1::GetReceiptRequest {
    v1::GetReceiptRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        name: name.to_owned(),
        view: v1::View::Full.into(),
        ..v1::GetReceiptRequest::default()
    }
}

/// That somebody was refused, and which functions were named instead.
fn assert_refused<T: std::fmt::Debug>(answer: Result<T, Refused>, functions: &str) {
    let refused = answer.expect_err("not one of the function");
    let fields: Vec<_> = refused.violations.iter().map(|(field, _)| field).collect();
    assert_eq!(
        (refused.reason.as_str(), fields),
        (
            "SECRECY_FUNCTION_REQUIRED",
            vec![&"actor.function".to_owned()]
        )
    );
    let named = ("functions".to_owned(), functions.to_owned());
    assert!(refused.metadata.contains(&named), "{refused:?}");
}

/// An announcement to Sollefteå's function for children, as a file has it.
fn file(is_confirmed: bool) -> String {
    let request = r#"{"receivingMunicipality": "municipalities/2283", "kind": "RELOCATION_KIND_PLACEMENT",
        "receivingFunction": "municipalities/2283/functions/barn", "secrecyMarkingConfirmed": CONFIRMED,
        "legalGround": {"code": "LEGAL_GROUND_CODE_CONSENT", "consent": {"scopes": ["CONSENT_SCOPE_ALL"],
            "givenOn": "2026-01-01", "form": "CONSENT_FORM_WRITTEN", "receivedBy": "h-7"}},
        "content": {"person": {"identityNumber": "19620312-2384", "givenName": "Robin", "familyName": "Provsson",
            "birthDate": "1962-03-12", "protection": "PROTECTION_LEVEL_SECRECY_MARKING"},
            "expectedOn": "TODAY", "wish": "EXPRESSED_WISH_NOT_CLEAR", "caseNumber": "1",
            "contact": {"function": "Mottagningsenheten", "phone": "08-123 456"}}}"#;
    request
        .replace("CONFIRMED", &is_confirmed.to_string())
        .replace("TODAY", &today())
}

async fn found(party: &Party, term: Term) -> usize {
    let find = v1::FindRelocationsRequest {
        municipality: party.municipality(),
        actor: party.actor(),
        term: Some(term),
    };
    party.find(find).await.expect("a search").relocations.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_opens_in_its_function_alone_whichever_way_it_is_asked_for() {
    let world = World::start().await;
    opens_in_its_function(world.party(SOLNA).await, world.party(SOLLEFTEA).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_postgresql_and_gateways_apart_it_is_the_same() {
    let world = Apart::start().await;
    let (solna, solleftea) = (world.party(SOLNA, 0).await, world.party(SOLLEFTEA, 1).await);
    opens_in_its_function(solna, solleftea).await;
    let (solna, heby) = (world.party(SOLNA, 1).await, world.party(HEBY, 0).await);
    let old = world.party(HEBY, 1).await.acting_for(codes::OLD);
    codes::holds_under_either(&solna, &heby, &old).await;
}

async fn opens_in_its_function(solna: Party, solleftea: Party) {
    for id in ["barn", "vuxna"] {
        handles(&solleftea, id, true).await;
    }
    let name = announced(&solna, 0).await;
    let own = receipt(&solna, &name);
    let wait = solna.client.wait_for_receipt(&own, false, PATIENCE);
    assert_eq!(wait.await.expect("the sender's own").parts.len(), 2);
    assert!(solna.read(&name).await.expect("its own").content.is_some());
    // "ekonomiskt bistånd" is no function of theirs, "vuxna" is another one
    for elsewhere in [solleftea.clone(), solleftea.acting_in("vuxna")] {
        assert_refused(elsewhere.read(&name).await, "barn");
        let parts = elsewhere.get_receipt(receipt(&elsewhere, &name)).await;
        assert_refused(parts, "barn");
        assert_refused(elsewhere.take_in(&name, "").await, "barn");
        assert_refused(elsewhere.reply(reply(&elsewhere, &name)).await, "barn");
        // nobody who does not say who it is
        let mut nobody = reply(&elsewhere, &name);
        nobody.actor = None;
        let refused = elsewhere.reply(nobody).await.expect_err("who replies");
        assert_eq!(refused.reason, "ACTOR_REQUIRED");
        let extract = elsewhere.extract(PERSONS[0].0).await.expect("an extract");
        let Some(Item::Relocation(it)) = extract.get(1) else {
            panic!("{extract:?}")
        };
        let relocation = it.relocation.as_ref().expect("the envelope");
        assert!(it.withheld && it.own_acts.is_empty() && relocation.content.is_none());
        assert_eq!(relocation.name, name);
    }
    let children = solleftea.acting_in("barn");
    let full_name = "municipalities/2283/functions/barn";
    for here in [children.clone(), solleftea.acting_in(full_name)] {
        let read = here.read(&name).await.expect("one of the function");
        let person = read.content.and_then(|content| content.person);
        let level = person.map(|person| person.protection());
        assert_eq!(level, Some(v1::ProtectionLevel::SecrecyMarking));
    }
    children.take_in(&name, "").await.expect("taken in");
    let answer = reply(&children, &name);
    children.reply(answer.clone()).await.expect("replied");
    let parts = children.get_receipt(receipt(&children, &name)).await;
    let parts = parts.expect("opened").receipt.expect("one").parts;
    assert_eq!(parts.len(), 1, "the shared part");
    let extract = children.extract(PERSONS[0].0).await.expect("an extract");
    let Some(Item::Relocation(it)) = extract.get(1) else {
        panic!("{extract:?}")
    };
    assert!(!it.withheld && it.own_acts.len() == 2, "{it:?}");
    // what the other party wrote is under the same secrecy here, and as it is there
    let read = solna.read(&name).await.expect("its own");
    assert_eq!(read.replies[0].text, "Vi tar emot.");
    // whoever ends it need not be one who may read it
    let ended = redaction(&solleftea, &name);
    solleftea.redact(ended).await.expect("ended");
    // a retry is answered as then, whoever may handle it by now
    handles(&solleftea, "barn", false).await;
    children.reply(answer).await.expect("answered as then");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_its_function_handles_such_cases_no_more_those_that_do_open_it() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let (children, adults) = (solleftea.acting_in("barn"), solleftea.acting_in("vuxna"));
    for id in ["barn", "vuxna"] {
        handles(&solleftea, id, true).await;
    }
    let name = announced(&solna, 0).await;
    assert_refused(adults.read(&name).await, "barn");
    handles(&solleftea, "barn", false).await;
    assert_refused(children.read(&name).await, "vuxna");
    adults.read(&name).await.expect("it handles such cases");
    let closed = v1::Function {
        closed: true,
        handles_secrecy_marked: true,
        ..function(&solleftea, "vuxna", &[])
    };
    set(&solleftea, closed).await.expect("accepted");
    // nobody does, until the municipality says who
    for nobody in [&children, &adults] {
        assert_refused(nobody.read(&name).await, "");
    }
    let refused = solna.register(marked(announcement(&solna, "2283", 1), "barn"));
    let refused = refused.await.expect_err("nobody handles it there");
    assert_eq!(
        (refused.reason.as_str(), refused.violations),
        ("MANUAL_ROUTE_REQUIRED", vec![])
    );
    handles(&solleftea, "barn", true).await;
    children.read(&name).await.expect("it does again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_opens_it_when_its_grant_holds_the_function_and_it_acts_in_it() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    for id in ["barn", "vuxna"] {
        handles(&solleftea, id, true).await;
    }
    let name = announced(&solna, 0).await;
    let vendor = world.party(SHARED).await.acting_for("2283");
    let grant = async |functions: &[&str]| {
        let full = |id: &&str| format!("municipalities/2283/functions/{id}");
        let vendor = v1::Vendor {
            functions: functions.iter().map(full).collect(),
            ..granted_to(SHARED)
        };
        let request = v1::GrantVendorRequest {
            municipality: solleftea.municipality(),
            actor: solleftea.actor(),
            request_id: request_id(),
            validate_only: false,
            vendor: Some(vendor),
        };
        solleftea.grant(request).await.expect("granted");
    };
    for (functions, opens, reason) in [
        (&["vuxna"][..], false, "NOT_FOUND"),
        (&["barn"], true, "SECRECY_FUNCTION_REQUIRED"),
        (&[], true, "SECRECY_FUNCTION_REQUIRED"),
    ] {
        grant(functions).await;
        let here = vendor.acting_in("barn").read(&name).await;
        assert_eq!(here.is_ok(), opens, "{functions:?}");
        let elsewhere = vendor.acting_in("vuxna").read(&name).await;
        assert_eq!(elsewhere.expect_err("elsewhere").reason, reason);
    }
    // what moved on to another function is outside a grant for the first one
    grant(&["barn"]).await;
    handles(&solleftea, "barn", false).await;
    for id in ["barn", "vuxna"] {
        assert_refused(vendor.acting_in(id).read(&name).await, "");
    }
    grant(&["barn", "vuxna"]).await;
    vendor.acting_in("vuxna").read(&name).await.expect("inside");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_it_by_name_and_no_store_log_or_list_tells_of_it() {
    let mut world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    handles(&solleftea, "barn", true).await;
    let mut request = marked(announcement(&solna, "2283", 0), "barn");
    let person = request.content.as_mut().and_then(|it| it.person.as_mut());
    person.expect("a person").given_name = "Zebulonius".to_owned();
    let unconfirmed = v1::RegisterRelocationRequest {
        secrecy_marking_confirmed: false,
        ..request.clone()
    };
    let refused = solna.register(unconfirmed).await.expect_err("unconfirmed");
    assert_eq!(refused.reason, "SECRECY_CONFIRMATION_REQUIRED");
    let registered = solna.register(request).await.expect("accepted");
    let name = registered.relocation.expect("one").name;
    assert_refused(solleftea.read(&name).await, "barn");
    for party in [&solna, &solleftea] {
        let by_name = v1::PersonName {
            given_name: "Zebulonius".to_owned(),
            family_name: "Provsson".to_owned(),
        };
        assert_eq!(found(party, Term::Name(by_name)).await, 0);
        let number = Term::IdentityNumber(PERSONS[0].0.to_owned());
        assert_eq!(found(party, number).await, 1);
    }
    let case = Term::CaseNumber("SOL-2026-1042".to_owned());
    assert_eq!(found(&solna, case).await, 1);
    // as many rows beside the keys as for anybody else
    let usual = solna.register(announcement(&solna, "2283", 1)).await;
    let usual = usual.expect("accepted").relocation.expect("one").name;
    assert!(world.terminate().await.success());
    let store = world.folder().join("data/keys.sqlite");
    let store = rusqlite::Connection::open(store).expect("a store");
    let rows = |name: &str| -> i64 {
        let id = name.rsplit('/').next().expect("an id");
        let id: uuid::Uuid = id.parse().expect("an id");
        let sql = "SELECT count(*) FROM search_rows WHERE subject = ?1";
        let rows = store.query_row(sql, [id.as_bytes()], |row| row.get(0));
        rows.expect("a count")
    };
    assert_eq!((rows(&name), rows(&usual)), (5, 5));
    drop(store);
    let canaries = ["Zebulonius", "SECRECY_", "secrecy_marking_confirmed"].map(Canary::text);
    let canaries: Vec<_> = canaries.into_iter().flatten().collect();
    let scanned = scan(world.folder(), &canaries);
    assert_eq!(scanned.found, Vec::<std::path::PathBuf>::new());
    let plain = scan(world.folder(), &[Canary::plain("MANUAL_ROUTE_REQUIRED")]);
    assert!(!plain.found.is_empty(), "what was refused stands as that");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reading_is_in_every_sample_and_who_was_refused_read_nothing() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    handles(&solleftea, "barn", true).await;
    let name = announced(&solna, 0).await;
    let usual = solna.register(announcement(&solna, "2283", 1)).await;
    let usual = usual.expect("accepted").relocation.expect("one").name;
    for _ in 0..8 {
        solleftea.read(&usual).await.expect("read");
        solna.read(&usual).await.expect("read");
    }
    let children = solleftea.acting_in("barn");
    for _ in 0..3 {
        children.read(&name).await.expect("read");
    }
    assert_refused(solleftea.read(&name).await, "barn");
    solna.read(&name).await.expect("its own");
    for (reviewer, expected) in [
        (
            world.party(REVIEWER_THERE).await,
            vec![Marked, Marked, Marked, MarkedRefused],
        ),
        (world.party(REVIEWER).await, vec![Marked]),
    ] {
        let of_it = v1::ListAccessesRequest {
            subject: name.clone(),
            ..log(&reviewer)
        };
        let listed = seen(&reviewer, of_it).await;
        let levels: Vec<_> = listed.iter().map(v1::Access::secrecy).collect();
        assert_eq!(levels, expected);
        let period = until_now(&reviewer).await;
        for seed in 1..6 {
            let request = v1::SampleAccessesRequest {
                size: 2,
                seed,
                ..sample(&reviewer, period)
            };
            let drawn = reviewer.sample_accesses(request.clone()).await;
            let drawn = drawn.expect("drawn");
            let of_it = |level: &v1::AccessSecrecy| *level != Unmarked;
            let levels = drawn.accesses.iter().map(v1::Access::secrecy);
            let found: Vec<_> = levels.clone().filter(of_it).collect();
            assert_eq!(found, expected, "all of them, seed {seed}");
            assert_eq!(drawn.accesses.len(), expected.len() + 2, "and chance's");
            if seed == 1 {
                let mut short = review(&request, &drawn);
                reviewer
                    .record_review(short.clone())
                    .await
                    .expect("all of it");
                short.request_id = request_id();
                short.findings.retain(|it| it.access != listed[0].name);
                let refused = reviewer.record_review(short).await;
                assert_eq!(
                    refused.expect_err("one is missing").reason,
                    "FIELD_REQUIRED"
                );
            }
        }
    }
    // who is told how far it spread is told of readings, and so is the person
    let redacted = solna.redact(redaction(&solna, &name)).await.expect("ended");
    assert_eq!(redacted.readings.len(), 3, "{:?}", redacted.readings);
    let extract = children.extract(PERSONS[0].0).await.expect("an extract");
    let read = |item: &&Item| matches!(item, Item::Access(it) if it.method == "GetRelocation");
    assert_eq!(extract.iter().filter(read).count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_announced_without_the_marking_is_pointed_at() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    handles(&solleftea, "barn", true).await;
    let warned = |answer: v1::RegisterRelocationResponse| {
        let reasons = answer.warnings.into_iter().map(|it| it.reason);
        let reasons = reasons.filter(|it| it != "RECIPIENT_NOT_CONNECTED");
        reasons.collect::<Vec<_>>()
    };
    let open = solna.register(announcement(&solna, "2283", 0)).await;
    let open = open.expect("accepted").relocation.expect("one").name;
    let request = marked(announcement(&solna, "2283", 0), "barn");
    let again = solna.register(request.clone()).await.expect("answered");
    let expected = ["ALREADY_ANNOUNCED", "ANNOUNCED_UNMARKED"];
    assert_eq!(warned(again), expected);
    let retried = solna.register(request).await.expect("answered");
    assert_eq!(warned(retried), expected);
    // as it says: ended there, and announced anew
    solna.redact(redaction(&solna, &open)).await.expect("ended");
    announced(&solna, 0).await;
    let request = marked(announcement(&solna, "2283", 0), "barn");
    let again = solna.register(request).await.expect("answered");
    assert_eq!(warned(again), ["ALREADY_ANNOUNCED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_announces_it_and_opens_it_in_a_function() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    handles(&solleftea, "barn", true).await;
    let (here, there) = (profile(&world, SOLNA), profile(&world, SOLLEFTEA));
    let name = announced(&solna, 0).await;
    // another one's, from a file: without the confirmation, and with it
    for (is_confirmed, code, told) in [
        (false, 2, "SECRECY_CONFIRMATION_REQUIRED"),
        (
            true,
            0,
            "It would go to municipalities/2283/functions/barn.",
        ),
    ] {
        let name = "announcement.json";
        std::fs::write(world.folder().join(name), file(is_confirmed)).expect("a file");
        let words = ["--profile", &here, "register", name, "--dry-run"];
        let said = said(world.folder(), &words);
        let all = [said.says, said.errors].concat();
        assert_eq!(said.code, code, "{all}");
        assert!(all.contains(told), "{all}");
    }
    let get = |more: &[&str]| {
        let words = ["--profile", &there, "relocation", "get", &name];
        said(world.folder(), &[&words, more].concat())
    };
    let refused = get(&[]);
    assert_eq!(refused.code, 2, "{}", refused.errors);
    for told in [
        "SECRECY_FUNCTION_REQUIRED",
        "actor.function",
        "functions: barn",
    ] {
        assert!(refused.errors.contains(told), "{}", refused.errors);
    }
    let acting = ["--acting-in", "barn", "--purpose", "utreda skyddsbehov"];
    let read = get(&[&acting[..], &["--in-case", "SLF-2026-9"]].concat());
    assert_eq!(read.code, 0, "{}", read.errors);
    assert!(read.says.contains("Provsson"), "{}", read.says);
    let envelope = get(&["--basic"]);
    assert!(envelope.code == 0 && !envelope.says.contains("Provsson"));
    world.party(REVIEWER_THERE).await;
    let log = profile(&world, REVIEWER_THERE);
    let listed = said(world.folder(), &["--profile", &log, "access", "list"]);
    assert_eq!(listed.code, 0, "{}", listed.errors);
    for told in ["utreda skyddsbehov", "SLF-2026-9"] {
        let lines = listed.says.lines().filter(|line| line.contains(told));
        assert_eq!(lines.count(), 1, "{told}: {}", listed.says);
    }
    let listed = listed.says.lines().filter(|line| line.contains("marked"));
    let refused = listed.clone().filter(|line| line.contains("refused"));
    assert_eq!((listed.count(), refused.count()), (2, 1));
}
