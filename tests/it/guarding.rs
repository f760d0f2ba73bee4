//! What a gateway guards itself with: limits per caller, and certificates that change while it serves.

use client::tonic::Code;
use tests::{OPERATOR, Plan, SIGTUNA, SOLLEFTEA, SOLNA, World, announcement, wait_for};

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_gets_its_calls_and_not_one_more_and_others_get_theirs() {
    let world = World::with(Plan {
        calls: 1,
        ..Plan::default()
    })
    .await;
    let solna = world.party(SOLNA).await;
    let mut answered = 0;
    let refused = loop {
        match solna.notices().await {
            Ok(_) => answered += 1,
            Err(refused) => break refused,
        }
        assert!(answered < 50, "no limit was felt");
    };
    // ten at once, and one more for each second that this took
    assert!(answered >= 10, "only {answered} were answered");
    assert_eq!(refused.code, Code::ResourceExhausted);
    assert_eq!(refused.reason, "RATE_LIMITED");
    let solleftea = world.party(SOLLEFTEA).await;
    solleftea.notices().await.expect("another caller's first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_gets_its_streams_and_not_one_more_and_a_place_comes_back() {
    let world = World::with(Plan {
        streams: 2,
        ..Plan::default()
    })
    .await;
    let solna = world.party(SOLNA).await;
    let first = solna.watch("").await.expect("one");
    let _second = solna.watch("").await.expect("two");
    let refused = solna.watch("").await.expect_err("three");
    assert_eq!(refused.code, Code::ResourceExhausted);
    assert_eq!(refused.reason, "TOO_MANY_STREAMS");
    drop(first);
    wait_for("a place that was given back", || async {
        solna.watch("").await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_change_without_a_restart_and_a_broken_file_changes_nothing() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    solna.notices().await.expect("served");

    world.change_authority();
    let early = world.connect(SIGTUNA).await;
    assert!(early.is_err(), "the old certificate is still shown");
    world.ask_to_reload();
    wait_for("the new certificate", || async {
        world.connect(SIGTUNA).await.ok()
    })
    .await;
    let sigtuna = world.party(SIGTUNA).await;
    sigtuna.notices().await.expect("served under the new ones");
    solna
        .notices()
        .await
        .expect("a connection that was there stays");

    std::fs::write(world.folder().join("server.pem"), "no certificate").expect("written");
    world.ask_to_reload();
    wait_for("the fault in the log", || async {
        world
            .log()
            .contains("certificates not reloaded")
            .then_some(())
    })
    .await;
    world.connect(SIGTUNA).await.expect("the ones before stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_production_the_directory_alone_says_who_is_who_and_no_test_number_and_no_clock_counts()
{
    let world = World::with(Plan {
        production: true,
        ..Plan::default()
    })
    .await;
    let [solna, sigtuna] = [world.party(SOLNA).await, world.party(SIGTUNA).await];
    // a certificate says of itself for whom it acts: that counts outside production only
    let refused = sigtuna.notices().await.expect_err("not in the directory");
    assert_eq!(refused.reason, "SENDER_NOT_YOURS");
    solna.notices().await.expect("in the directory");
    let announced = solna.register(announcement(&solna, "2283", 0)).await;
    assert_eq!(
        announced.expect_err("a test number").reason,
        "TEST_NUMBER_IN_PRODUCTION"
    );
    let operator = world.party(OPERATOR).await;
    let moved = operator.advance(1).await.expect_err("time is time");
    assert_eq!(moved.reason, "ONLY_OUTSIDE_PRODUCTION");
}
