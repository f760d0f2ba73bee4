//! The service ends: in order, or killed. Nothing that was acknowledged is lost, nothing happens twice.

use std::collections::{BTreeMap, BTreeSet};

use api::v1;
use client::tonic::Code;
use tests::{OPERATOR, Party, SOLLEFTEA, SOLNA, World, announcement, arrival, verify, wait_for};
use tokio::sync::oneshot;

use crate::load::{announcements, register_all, retry_all, told_once};

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_draining_and_goes_on_where_it_was() {
    let mut world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let operator = world.party(OPERATOR).await;
    let mut inbox = solleftea.watch("").await.expect("a stream");
    let idle = operator.client.alerts();
    let alerts = { idle }
        .watch_alerts(v1::WatchAlertsRequest::default())
        .await;
    let mut alerts = alerts.expect("a stream").into_inner();
    let mut seen = Vec::new();
    for index in [0, 1] {
        let registered = solna.register(announcement(&solna, "2283", index)).await;
        registered.expect("accepted");
        seen.push(inbox.notice().await);
    }
    // a third one is there, and the stream has it or not when it ends
    let third = solna.register(announcement(&solna, "2283", 2)).await;
    third.expect("accepted");
    world.ask_to_end();
    let end = inbox.end().await.expect("a stream ends with its reason");
    assert_eq!(
        (end.code, end.reason.as_str()),
        (Code::Unavailable, "DRAINING")
    );
    let end = loop {
        match alerts.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream ended without its reason"),
            Err(status) => break client::Refused::from(status),
        }
    };
    assert_eq!(
        (end.code, end.reason.as_str()),
        (Code::Unavailable, "DRAINING")
    );
    assert_eq!(world.ended().await.code(), Some(0));

    world.start_again().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let resume_token = seen.last().expect("two were seen").resume_token.clone();
    let mut inbox = solleftea.watch(&resume_token).await.expect("a stream");
    seen.push(inbox.notice().await);
    let fourth = solna.register(announcement(&solna, "2283", 3)).await;
    fourth.expect("accepted");
    seen.push(inbox.notice().await);
    assert_eq!(seen.len(), 4);
    verify("2283", &seen);
    let foreign = solna
        .watch(&resume_token)
        .await
        .expect_err("another's token");
    assert_eq!(foreign.reason, "RESUME_TOKEN_INVALID");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_under_load_loses_nothing_that_was_acknowledged_and_doubles_nothing() {
    let mut world = World::start().await;
    let mut requests = announcements(&world, "2283", 300).await;
    // three kills: early, in full load, and late, each on what is left by the one before
    let mut names = BTreeSet::new();
    for after in [5, 40, 90] {
        let round: Vec<_> = requests.drain(..100).collect();
        let (told, reached) = oneshot::channel();
        let mut told = Some(told);
        let load = register_all(&world, round, |answers| {
            if answers >= after
                && let Some(told) = told.take()
            {
                told.send(()).expect("somebody waits to kill");
            }
        });
        let kill = async {
            reached.await.expect("so many answers come");
            world.send_kill();
        };
        let (sent, ()) = tokio::join!(load, kill);
        world.ended().await;
        let acknowledged = sent.iter().filter(|one| one.answer.is_ok()).count();
        assert!(
            acknowledged >= after,
            "{acknowledged} of 100 before the kill"
        );
        world.start_again().await;
        names.extend(retry_all(&world, sent).await);
    }
    assert_eq!(names.len(), 300);
    let solleftea = world.party(SOLLEFTEA).await;
    told_once(&solleftea, &names).await;
    let mut inbox = solleftea.watch("").await.expect("a stream");
    assert_eq!(inbox.backlog().await.len(), 300);
}

/// Reports arrivals that nobody announced: five people from each of some municipalities.
async fn report_unannounced(at: &Party, from: &[Party]) -> usize {
    let mut count = 0;
    for previous in from {
        for index in 0..5 {
            let reported = at.report(arrival(at, previous.code(), index)).await;
            reported.expect("accepted");
            count += 1;
        }
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_while_alerts_are_raised_double_none_and_lose_none() {
    let mut world = World::start().await;
    let asked = world.served().await.len().min(8);
    let solleftea = world.party(SOLLEFTEA).await;
    let count = report_unannounced(&solleftea, &world.served().await[..asked]).await;
    let operator = world.party(OPERATOR).await;
    operator.advance(15).await.expect("moved");
    // once at the very moment, once when the first ones are out, once when all are
    for least in [0, 1, count] {
        let operator = world.party(OPERATOR).await;
        wait_for("alerts", || async {
            let listed = operator.alerts().await.expect("a list").alerts;
            (listed.len() >= least).then_some(())
        })
        .await;
        world.kill().await;
        world.start_again().await;
    }
    let operator = world.party(OPERATOR).await;
    let alerts = operator.alerts().await.expect("a list").alerts;
    assert_eq!(alerts.len(), count, "one for each arrival");
    let mut by_asked = BTreeMap::new();
    for alert in &alerts {
        *by_asked
            .entry(alert.asked_municipality.as_str())
            .or_insert(0) += 1;
    }
    assert!(by_asked.values().all(|each| *each == 5), "{by_asked:?}");
    for party in &world.served().await[..asked] {
        let notices = party.notices().await.expect("a list");
        verify(party.code(), &notices);
        assert_eq!(notices.len(), 5, "one question for each");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_service_over_the_same_files_is_refused_and_the_first_goes_on() {
    let world = World::start().await;
    let (code, said) = world.start_second(&[]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("journal.sqlite"), "it names the file: {said}");
    assert!(said.contains("another process"), "it says why: {said}");
    assert!(!said.contains("serving on"), "{said}");
    let solna = world.party(SOLNA).await;
    let registered = solna.register(announcement(&solna, "2283", 0)).await;
    registered.expect("the first one goes on");
}
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_asked_to_end_as_soon_as_it_serves_drains() {
    let mut world = World::start().await;
    for start in 0..10 {
        let ended = world.terminate().await;
        assert!(ended.success(), "start {start} ended with {ended}");
        world.start_again().await;
    }
}
