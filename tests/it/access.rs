//! The access log: whoever opens something is in it before anything is shown, and only where it was opened.

use std::time::Duration;

use api::v1;
use api::v1::SearchTermKind as By;
use api::v1::find_relocations_request::Term;
use client::tonic::Code;
use rusqlite::Connection;
use tests::{
    Apart, OPERATOR, Organisation, PERSONS, Party, REVIEWER, REVIEWER_THERE, SIGTUNA, SOLLEFTEA,
    SOLNA, World, announcement, arrival, run, wait_for,
};

use crate::receipts::profile;

/// Longer than any receipt takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request for all of a log.
pub(crate) fn log(reviewer: &Party) -> v1::ListAccessesRequest {
    v1::ListAccessesRequest {
        municipality: reviewer.municipality(),
        actor: reviewer.actor(),
        ..v1::ListAccessesRequest::default()
    }
}

/// All pages of what a request asks for, oldest first, but for the looks at the log itself.
pub(crate) async fn seen(reviewer: &Party, request: v1::ListAccessesRequest) -> Vec<v1::Access> {
    let mut request = v1::ListAccessesRequest {
        page_size: 2,
        ..request
    };
    let mut all = Vec::new();
    loop {
        let page = reviewer.list_accesses(request.clone()).await;
        let page = page.expect("a list");
        assert!(page.accesses.len() <= 2);
        all.extend(page.accesses);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            all.retain(|access| access.method != "ListAccesses");
            all.reverse();
            return all;
        }
    }
}

/// Method and what was opened.
fn told(accesses: &[v1::Access]) -> Vec<(&str, &str)> {
    let told = accesses.iter();
    told.map(|it| (it.method.as_str(), it.subject.as_str()))
        .collect()
}

async fn search(party: &Party, term: Term) -> usize {
    let find = v1::FindRelocationsRequest {
        municipality: party.municipality(),
        actor: party.actor(),
        term: Some(term),
    };
    party.find(find).await.expect("a search").relocations.len()
}

/// An announcement of a test person by Solna to Sollefteå; its name.
pub(crate) async fn announced(solna: &Party, index: usize) -> String {
    let registered = solna.register(announcement(solna, "2283", index)).await;
    registered.expect("accepted").relocation.expect("one").name
}

/// An arrival that Sollefteå reports from Sigtuna, and the question about it.
async fn asked(world: &World, solleftea: &Party) -> (String, String) {
    let operator = world.party(OPERATOR).await;
    let reported = solleftea.report(arrival(solleftea, "0191", 1)).await;
    let arrival = reported.expect("accepted").arrival.expect("one").name;
    operator.advance(15).await.expect("moved");
    let alert = wait_for("an alert", || async {
        operator.alerts().await.expect("a list").alerts.pop()
    });
    (arrival, alert.await.name)
}

/// Everything that Sollefteå can open, once each, and three searches.
async fn opened(solleftea: &Party, [relocation, arrival, alert]: [&str; 3]) {
    solleftea.read(relocation).await.expect("read");
    solleftea.read_arrival(arrival).await.expect("read");
    solleftea.read_alert(alert).await.expect("read");
    let receipt = v1::GetReceiptRequest {
        municipality: solleftea.municipality(),
        actor: solleftea.actor(),
        name: relocation.to_owned(),
        view: v1::View::Full.into(),
        ..v1::GetReceiptRequest::default()
    };
    let waited = solleftea.client.wait_for_receipt(&receipt, false, PATIENCE);
    waited.await.expect("a receipt");
    for (index, expected) in [(0, 1), (3, 0)] {
        let number = Term::IdentityNumber(PERSONS[index].0.to_owned());
        assert_eq!(search(solleftea, number).await, expected);
    }
    let case = Term::CaseNumber("2026-0".to_owned());
    assert_eq!(search(solleftea, case).await, 0);
    // envelopes are no bodies
    let listed = solleftea.list_relocations(v1::ListRelocationsRequest {
        municipality: solleftea.municipality(),
        ..v1::ListRelocationsRequest::default()
    });
    listed.await.expect("a list");
    solleftea.notices().await.expect("a list");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_opens_or_searches_is_in_the_log_of_where_it_was_done_and_in_no_other() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let sigtuna = world.party(SIGTUNA).await;
    let relocation = announced(&solna, 0).await;
    let (arrival, alert) = asked(&world, &solleftea).await;
    opened(&solleftea, [&relocation, &arrival, &alert]).await;
    let there = world.party(REVIEWER_THERE).await;
    let all = seen(&there, log(&there)).await;
    assert_eq!(
        told(&all),
        [
            ("GetRelocation", relocation.as_str()),
            ("GetArrival", &arrival),
            ("GetAlert", &alert),
            // it was asked for until it was there: what opened nothing is no access
            ("GetReceipt", &relocation),
            ("FindRelocations", ""),
            ("FindRelocations", ""),
            ("FindRelocations", ""),
        ]
    );
    let searches: Vec<_> = all[4..]
        .iter()
        .map(|it| (it.search_term(), it.found))
        .collect();
    assert_eq!(
        searches,
        [
            (By::IdentityNumber, 1),
            (By::IdentityNumber, 0),
            (By::CaseNumber, 0)
        ]
    );
    for access in &all {
        assert_eq!(access.actor, solleftea.actor());
        assert_eq!(access.organisation_number, SOLLEFTEA.number);
        assert!(access.name.starts_with("accesses/"));
    }
    // nobody opened anything at Solna yet; Sigtuna's reading is Sigtuna's
    let here = world.party(REVIEWER).await;
    assert_eq!(seen(&here, log(&here)).await, []);
    solna.read(&relocation).await.expect("read");
    sigtuna.read_alert(&alert).await.expect("asked");
    let all = seen(&here, log(&here)).await;
    assert_eq!(told(&all), [("GetRelocation", relocation.as_str())]);
    assert_eq!(seen(&there, log(&there)).await.len(), 7);
}

/// Two announcements by Solna, and who read which of them, oldest first.
async fn readings(solna: &Party, readers: &[(usize, &str)]) -> [String; 2] {
    let names = [announced(solna, 0).await, announced(solna, 1).await];
    for (index, officer) in readers {
        let mut request = solna.reading(&names[*index]);
        let actor = request.actor.as_mut().expect("somebody");
        (*officer).clone_into(&mut actor.officer_id);
        solna.get_relocation(request).await.expect("read");
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_finds_accesses_by_officer_by_subject_and_by_period() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let reviewer = world.party(REVIEWER).await;
    let readers = [(0, "alva"), (1, "alva"), (0, "bo"), (0, "alva")];
    let [one, _two] = readings(&solna, &readers).await;
    let all = seen(&reviewer, log(&reviewer)).await;
    assert_eq!(all.len(), 4);
    let expect = |indexes: &[usize]| -> Vec<String> {
        indexes.iter().map(|at| all[*at].name.clone()).collect()
    };
    let found = async |change: &dyn Fn(&mut v1::ListAccessesRequest)| -> Vec<String> {
        let mut request = log(&reviewer);
        change(&mut request);
        let found = seen(&reviewer, request).await;
        found.into_iter().map(|it| it.name).collect()
    };
    let by_alva = found(&|it| it.officer_id = "alva".into()).await;
    assert_eq!(by_alva, expect(&[0, 1, 3]));
    let to_one = found(&|it| it.subject.clone_from(&one)).await;
    assert_eq!(to_one, expect(&[0, 2, 3]));
    let both = found(&|it| {
        it.officer_id = "alva".into();
        it.subject.clone_from(&one);
    })
    .await;
    assert_eq!(both, expect(&[0, 3]));
    let between = found(&|it| {
        it.from = all[1].accessed_at;
        it.until = all[3].accessed_at;
    })
    .await;
    assert_eq!(between, expect(&[1, 2]));
    let of_nobody = found(&|it| it.officer_id = "al".into()).await;
    assert_eq!(of_nobody, [""; 0]);
    // whoever looks is seen by the next one
    let looked = reviewer.list_accesses(log(&reviewer)).await;
    let looked = looked.expect("a list").accesses;
    let newest = looked.first().expect("a look");
    assert_eq!(newest.method, "ListAccesses");
    assert_eq!(newest.actor, reviewer.actor());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_accesses_needs_an_actor_and_goes_on_where_it_was() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let reviewer = world.party(REVIEWER).await;
    readings(&solna, &[(0, "alva"), (0, "alva"), (0, "bo"), (0, "bo")]).await;
    let mut wrong = [log(&reviewer), log(&reviewer), log(&reviewer)];
    wrong[0].subject = "relocations/x".into();
    wrong[1].actor = None;
    wrong[2].page_size = -1;
    for (wrong, field) in wrong.into_iter().zip(["subject", "actor", "page_size"]) {
        let refused = reviewer.list_accesses(wrong).await.expect_err(field);
        assert_eq!(refused.violations.first().expect("a field").0, field);
    }
    let of_alva = v1::ListAccessesRequest {
        officer_id: "alva".into(),
        page_size: 1,
        ..log(&reviewer)
    };
    let page = reviewer.list_accesses(of_alva.clone()).await;
    let of_bo = v1::ListAccessesRequest {
        officer_id: "bo".into(),
        page_token: page.expect("a list").next_page_token,
        ..of_alva
    };
    let refused = reviewer
        .list_accesses(of_bo)
        .await
        .expect_err("another list");
    assert_eq!(refused.reason, "PAGE_TOKEN_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_is_not_opened() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let reviewer = world.party(REVIEWER).await;
    let name = announced(&solna, 0).await;
    solna.read(&name).await.expect("read");
    // somebody holds the key store's pen: it can be read, and takes nothing in
    let store = world.folder().join("data/keys.sqlite");
    let pen = Connection::open(store).expect("the key store");
    pen.execute_batch("BEGIN IMMEDIATE").expect("held");
    let term = || Term::IdentityNumber(PERSONS[0].0.to_owned());
    let find = v1::FindRelocationsRequest {
        municipality: solna.municipality(),
        actor: solna.actor(),
        term: Some(term()),
    };
    let (read, found) = tokio::join!(solna.read(&name), solna.find(find));
    for refused in [read.map(drop), found.map(drop)] {
        let refused = refused.expect_err("not recorded");
        assert_eq!(
            (refused.code, refused.reason.as_str()),
            (Code::Unavailable, "KEYS_UNAVAILABLE")
        );
    }
    let envelope = v1::GetRelocationRequest {
        municipality: solna.municipality(),
        name: name.clone(),
        ..v1::GetRelocationRequest::default()
    };
    let envelope = solna.get_relocation(envelope).await.expect("no body");
    assert_eq!(envelope.relocation.expect("one").content, None);
    pen.execute_batch("ROLLBACK").expect("let go");
    assert!(solna.read(&name).await.expect("read").content.is_some());
    assert_eq!(seen(&reviewer, log(&reviewer)).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_outlives_a_kill_and_the_command_line_shows_it() {
    let mut world = World::start().await;
    let solna = world.party(SOLNA).await;
    let name = announced(&solna, 0).await;
    solna.read(&name).await.expect("read");
    world.kill().await;
    world.start_again().await;
    // its certificate
    let _reviewer = world.party(REVIEWER).await;
    let said = |who: Organisation, words: &[&str]| {
        let profile = profile(&world, who);
        let words = [&["--profile", &profile, "access", "list"], words].concat();
        String::from_utf8(run(world.folder(), &words).stdout).expect("text")
    };
    let listed = said(REVIEWER, &["--subject", &name]);
    for word in [
        "handlaggare-0184",
        "GetRelocation",
        "handlägga flytt",
        &name,
    ] {
        assert!(listed.contains(word), "{word}: {listed}");
    }
    let json = said(REVIEWER, &["--json", "--officer", "handlaggare-0184"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["accesses"][0]["organisationNumber"], SOLNA.number);
    let nothing = said(REVIEWER, &["--json", "--until", "2020-01-01"]);
    assert_eq!(nothing.trim_end(), "{}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_log_holds_what_was_opened_through_either_gateway() {
    let world = Apart::start().await;
    let solna = [world.party(SOLNA, 0).await, world.party(SOLNA, 1).await];
    let name = announced(&solna[0], 0).await;
    for solna in &solna {
        solna.read(&name).await.expect("read");
    }
    let find = Term::IdentityNumber(PERSONS[0].0.to_owned());
    assert_eq!(search(&solna[1], find).await, 1);
    let mut last = String::new();
    for gateway in 0..2 {
        let reviewer = world.party(REVIEWER, gateway).await;
        let all = seen(&reviewer, log(&reviewer)).await;
        assert_eq!(
            told(&all),
            [
                ("GetRelocation", name.as_str()),
                ("GetRelocation", &name),
                ("FindRelocations", "")
            ]
        );
        let of_officer = v1::ListAccessesRequest {
            officer_id: "handlaggare-0184".to_owned(),
            subject: name.clone(),
            ..log(&reviewer)
        };
        assert_eq!(seen(&reviewer, of_officer).await.len(), 2);
        let name = all[0].name.clone();
        assert!(last.is_empty() || last == name, "one name for one access");
        last = name;
    }
}
