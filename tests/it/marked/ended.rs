//! What was announced and can be opened no more: what is known of a marking then, and what is not.

use std::path::Path;

use api::v1;
use api::v1::AccessSecrecy::{Marked, MarkedRefused};
use api::v1::WithdrawalReason::Mistake;
use api::v1::produce_person_extract_response::Item;
use jiff::Timestamp;
use tests::{
    FEED_THERE, OPERATOR, PERSONS, Party, REVIEWER, REVIEWER_THERE, SIGTUNA, SOLLEFTEA, SOLNA,
    World, announcement, checked, function, marked, outcome,
};

use super::{announced, assert_refused, handles};
use crate::access::{log, seen};
use crate::functions::set;
use crate::recalling::{recall, report_of, withdraw};
use crate::redacting::redaction;
use crate::restricting::restriction;

/// What an announcement was answered with, but for who is connected.
fn warned(answer: v1::RegisterRelocationResponse) -> Vec<String> {
    let reasons = answer.warnings.into_iter().map(|it| it.reason);
    reasons
        .filter(|it| it != "RECIPIENT_NOT_CONNECTED")
        .collect()
}

/// Loses a municipality's keys to a relocation, as a damaged store would.
fn lose(folder: &Path, name: &str, authority: u16) {
    let store = rusqlite::Connection::open(folder.join("data/keys.sqlite")).expect("a store");
    let id = name.rsplit('/').next().expect("an id");
    let id: uuid::Uuid = id.parse().expect("an id");
    let sql = "DELETE FROM body_keys WHERE authority = ?2 AND subject = ?1";
    let lost = store.execute(sql, (id.as_bytes(), authority));
    assert!(lost.expect("deleted") > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_not_said_to_be_unmarked() {
    let mut world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    handles(&solleftea, "barn", true).await;
    let request = marked(announcement(&solna, "2283", 0), "barn");
    let first = solna.register(announcement(&solna, "2283", 0)).await;
    let first = first.expect("accepted").relocation.expect("one").name;
    let again = solna.register(request.clone()).await.expect("answered");
    assert_eq!(warned(again), ["ALREADY_ANNOUNCED", "ANNOUNCED_UNMARKED"]);
    assert!(world.terminate().await.success());
    lose(world.folder(), &first, 184);
    world.start_again().await;
    let solna = world.party(SOLNA).await;
    let again = solna.register(request.clone()).await.expect("answered");
    assert_eq!(warned(again), ["ALREADY_ANNOUNCED", "ANNOUNCED_UNREADABLE"]);
    // once it is ended there, nobody reads it
    solna
        .redact(redaction(&solna, &first))
        .await
        .expect("ended");
    let retried = solna.register(request).await.expect("answered as then");
    assert_eq!(warned(retried), ["ALREADY_ANNOUNCED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_with_ten_digits_is_whose_it_was_when_it_was_announced() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let operator = world.party(OPERATOR).await;
    // 99 this year: from the next one on the hyphen means somebody a hundred years younger
    let today: jiff::civil::Date = tests::today().parse().expect("a date");
    let born = today.year() - 99;
    let number = checked(&format!("{born}0101-238"));
    let names = async |to: &str, number: &str| {
        let mut request = announcement(&solna, to, 0);
        let person = request.content.as_mut().and_then(|it| it.person.as_mut());
        let person = person.expect("a person");
        number.clone_into(&mut person.identity_number);
        person.birth_date = format!("{born}-01-01");
        let answer = solna.register(request).await.expect("accepted");
        answer.relocation.expect("one").name
    };
    let short = names(SOLLEFTEA.code, number.get(2..).expect("ten digits")).await;
    let long = names(SIGTUNA.code, &number).await;
    operator.advance(366).await.expect("moved");
    let whole = v1::RedactRelocationRequest {
        whole_person: true,
        ..redaction(&solna, &short)
    };
    solna.redact(whole).await.expect("ended");
    let other = solna.read(&long).await.expect("its own").state();
    assert_eq!(other, v1::RelocationState::Withdrawn, "the same person");
}

/// What an extract tells of the one announcement in it: whether it was withheld, and how many acts of one's own.
async fn extracted(party: &Party, index: usize) -> (bool, usize) {
    let items = party.extract(PERSONS[index].0).await.expect("an extract");
    let Some(Item::Relocation(it)) = items.get(1) else {
        panic!("{index} {items:?}")
    };
    assert!(it.erased, "{it:?}");
    (it.withheld, it.own_acts.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_erasure_what_ones_own_officers_wrote_stays_in_the_function() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    for id in ["barn", "vuxna"] {
        handles(&solleftea, id, true).await;
    }
    let never = function(&solleftea, "ekonomi", &[]);
    set(&solleftea, never).await.expect("accepted");
    let children = solleftea.acting_in("barn");
    let adults = solleftea.acting_in("vuxna");
    let to = |index: usize, function: &str| {
        let mut request = announcement(&solna, "2283", index);
        if !function.is_empty() {
            request.receiving_function = format!("municipalities/2283/functions/{function}");
        }
        request
    };
    let there = (false, 1);
    let withheld = (true, 0);
    for (index, request, elsewhere) in [
        (0, marked(announcement(&solna, "2283", 0), "barn"), withheld),
        // nobody can say any more that it was not one with a marking
        (1, to(1, "barn"), withheld),
        // those go to a function, and to none that never handled such cases
        (2, to(2, "ekonomi"), there),
        (3, to(3, ""), there),
    ] {
        let registered = solna.register(request).await.expect("accepted");
        let name = registered.relocation.expect("one").name;
        withdraw(&solna, &name, Mistake).await;
        let hold = restriction(&solleftea, &name, v1::RestrictionKind::LegalHold);
        solleftea.restrict(hold).await.expect("kept");
        assert_eq!(extracted(&children, index).await, there, "{index}");
        assert_eq!(extracted(&solleftea, index).await, elsewhere, "{index}");
        assert_eq!(extracted(&adults, index).await, elsewhere, "{index}");
    }
    // whoever handles such cases now, it handled them
    handles(&solleftea, "barn", false).await;
    assert_eq!(extracted(&children, 1).await, withheld);
    assert_eq!(extracted(&adults, 1).await, there);
    // what the own register tells since holds for what went to none
    let feed = world.party(FEED_THERE).await;
    let changed_at = Timestamp::from_second(1_767_225_600).expect("an instant");
    let event = v1::RegisterEvent {
        source_id: "1".to_owned(),
        changed_at: Some(api::time::to_wire(changed_at)),
        identity_number: PERSONS[3].0.to_owned(),
        protection: v1::ProtectionLevel::SecrecyMarking.into(),
        ..v1::RegisterEvent::default()
    };
    let results = feed.import(vec![event]).await.expect("an answer");
    assert_eq!(outcome(&results[0]), "ACCEPTED");
    assert_eq!(extracted(&solleftea, 3).await, withheld);
    assert_eq!(extracted(&adults, 3).await, there);
    // it is under review as the body was
    let reviewer = world.party(REVIEWER_THERE).await;
    let listed = seen(&reviewer, log(&reviewer)).await;
    let extracts = listed
        .iter()
        .filter(|it| it.method == "ProducePersonExtract");
    let levels: Vec<_> = extracts.map(v1::Access::secrecy).collect();
    let count = |level| levels.iter().filter(|it| **it == level).count();
    // what is kept beside the record was withheld once too
    assert_eq!((count(Marked), count(MarkedRefused)), (4, 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_back_counts_as_read_where_it_was_opened_alone() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    handles(&solleftea, "barn", true).await;
    let name = announced(&solna, 0).await;
    for _ in 0..2 {
        assert_refused(solleftea.read(&name).await, "barn");
    }
    let children = solleftea.acting_in("barn");
    children.read(&name).await.expect("its function");
    let request = recall(&solna, &name).await;
    let report = solna.recall(request).await.expect("called back").report;
    let report = report.expect("a report");
    let readers = report.readings.iter().map(|it| it.function.as_str());
    assert_eq!(readers.collect::<Vec<_>>(), ["barn"]);
    // which fields were told, and none of what they held
    assert!(report.fields.contains(&"content.person".to_owned()));
    let shown = format!("{report:?}");
    for held in [PERSONS[0].0, "Provsson", "SECRECY_MARKING"] {
        assert!(!shown.contains(held), "{held}: {shown}");
    }
    let found = solna.breach(report_of(&solna, &name)).await;
    assert_eq!(found.expect("a report").report, Some(report));
    // nobody there reads it any more, and both looks of the sender at it are reviewed
    let after = children.read(&name).await.expect("the envelope stays");
    assert_eq!(after.content, None);
    let reviewer = world.party(REVIEWER).await;
    let listed = seen(&reviewer, log(&reviewer)).await;
    for method in ["RecallRelocation", "GetBreachReport"] {
        let looks = listed.iter().filter(|it| it.method == method);
        let levels: Vec<_> = looks.map(v1::Access::secrecy).collect();
        assert_eq!(levels, [Marked], "{method}");
    }
}
