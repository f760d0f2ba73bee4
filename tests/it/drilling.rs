//! Drills: with each month the ledger tries the way to a person at each connected municipality.

use api::v1;
use client::{Refused, request_id};
use tests::{OPERATOR, Party, SOLLEFTEA, SOLNA, World, announcement, run, settle, wait_for};

use crate::confirming::confirmation;
use crate::receipts::profile;

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

async fn connect(party: &Party) {
    let notices = party.notices().await.expect("an inbox");
    let newest = notices.last().expect("a notice");
    let request = confirmation(party, newest.number, &newest.chain);
    party.confirm(request).await.expect("confirmed");
}

pub(crate) async fn acknowledge(by: &Party, month: &str) -> Result<String, Refused> {
    let request = v1::AcknowledgeDrillRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        request_id: request_id(),
        validate_only: false,
        month: month.to_owned(),
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

pub(crate) fn month(drill: &v1::Notice) -> String {
    let at = drill.recorded_at.as_ref().expect("a time");
    // noon is the same day in Sweden, and drills are sent at the first instant of a month
    let at = jiff::Timestamp::from_second(at.seconds + 43_200).expect("a time");
    at.strftime("%Y-%m").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_comes_with_the_month_and_shows_who_was_reached() {
    let world = World::start().await;
    let operator = world.party(OPERATOR).await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let announced = announcement(&solna, SOLLEFTEA.code, 0);
    solna.register(announced).await.expect("accepted");
    connect(&solleftea).await;
    switch_on(&operator).await;
    operator.advance(32).await.expect("time passes");
    let month = month(&drills(&solleftea, 1).await);

    for (wrong, reason) in [
        ("", "FIELD_REQUIRED"),
        ("december", "DATE_INVALID"),
        ("2020-01", "NOT_FOUND"),
    ] {
        let refused = acknowledge(&solleftea, wrong).await.expect_err(reason);
        assert_eq!(refused.reason, reason);
    }
    assert_eq!(last_reached_on(&solna, solleftea.municipality()).await, "");
    let reached = acknowledge(&solleftea, &month).await.expect("taken in");
    assert_eq!(
        last_reached_on(&solna, solleftea.municipality()).await,
        reached
    );
    let again = acknowledge(&solleftea, &month).await.expect_err("once");
    assert_eq!(again.reason, "STATE_NOT_ALLOWED");
    // who never connected gets none
    let unconnected = solna.notices().await.expect("an inbox");
    let mut kinds = unconnected.iter().map(v1::Notice::kind);
    assert!(kinds.all(|kind| kind != v1::NoticeKind::Drill));

    operator.advance(31).await.expect("time passes");
    let second = drills(&solleftea, 2).await;
    settle(&operator, second.position).await;
    assert!(operator.alerts().await.expect("a list").alerts.is_empty());
    operator.advance(31).await.expect("time passes");
    drills(&solleftea, 3).await;
    let silent = wait_for("operators are told", || async {
        let listed = operator.alerts().await.expect("a list").alerts;
        listed.into_iter().next()
    })
    .await;
    assert_eq!(silent.kind(), v1::AlertKind::InboxSilent);
    assert_eq!(silent.asked_municipality, solleftea.municipality());
    // a client computes the chain over drills too
    let profile = profile(&world, SOLLEFTEA);
    let confirm = ["--profile", &profile, "inbox", "confirm"];
    let said = String::from_utf8(run(world.folder(), &confirm).stdout).expect("text");
    assert!(said.ends_with("the chains agree\n"), "{said}");
}
