//! What was announced and can be opened no more: what is known of a marking then, and what is not.

use std::path::Path;

use api::v1;
use tests::{OPERATOR, SIGTUNA, SOLLEFTEA, SOLNA, World, announcement, checked, marked};

use super::handles;
use crate::redacting::redaction;

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
