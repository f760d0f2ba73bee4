//! NATS away: registrations go on, and every notice arrives afterwards, once.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tests::{Plan, SOLLEFTEA, SOLNA, World, announcement};

use crate::load::{announcements, register_all, told_once};

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_at_the_start_registrations_are_taken_and_told() {
    let plan = Plan {
        nats: false,
        ..Plan::default()
    };
    let mut world = World::with(plan).await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let before = solna.register(announcement(&solna, "2283", 0)).await;
    before.expect("accepted without NATS");
    let mut inbox = solleftea.watch("").await.expect("a stream");
    assert_eq!(inbox.notice().await.number, 1, "read from the record");
    let open = solna.register(announcement(&solna, "2283", 1)).await;
    open.expect("accepted without NATS");
    world.nats.restart().await.expect("NATS starts");
    assert_eq!(inbox.notice().await.number, 2);
    let after = solna.register(announcement(&solna, "2283", 2)).await;
    after.expect("accepted");
    assert_eq!(inbox.notice().await.number, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_killed_under_load_costs_no_registration_and_no_notice() {
    let mut world = World::start().await;
    let solleftea = world.party(SOLLEFTEA).await;
    let mut inbox = solleftea.watch("").await.expect("a stream");
    let requests = announcements(&world, "2283", 200).await;
    let (before, after) = requests.split_at(60);

    let sent = register_all(&world, before.to_vec(), |_| {}).await;
    world.nats.kill().expect("NATS is ours");
    let began = Instant::now();
    let without = register_all(&world, after.to_vec(), |_| {}).await;
    let took = began.elapsed();
    assert!(
        took < Duration::from_secs(10),
        "140 without NATS took {took:?}"
    );
    world.nats.restart().await.expect("NATS starts");

    let names: BTreeSet<String> = sent
        .into_iter()
        .chain(without)
        .map(|one| one.answer.expect("accepted, with NATS and without"))
        .collect();
    assert_eq!(names.len(), 200);
    let mut told = BTreeSet::new();
    for expected in 1..=200 {
        let notice = inbox.notice().await;
        assert_eq!(notice.number, expected, "none lost, none twice");
        told.insert(notice.resource);
    }
    assert_eq!(told, names);
    told_once(&solleftea, &names).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_that_lost_its_store_costs_no_notice() {
    let mut world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let mut inbox = solleftea.watch("").await.expect("a stream");
    let first = solna.register(announcement(&solna, "2283", 0)).await;
    first.expect("accepted");
    assert_eq!(inbox.notice().await.number, 1);
    world.nats.kill().expect("NATS is ours");
    std::fs::remove_dir_all(world.folder().join("nats")).expect("its store");
    let second = solna.register(announcement(&solna, "2283", 1)).await;
    second.expect("accepted");
    world.nats.restart().await.expect("NATS starts");
    assert_eq!(inbox.notice().await.number, 2);
    let third = solna.register(announcement(&solna, "2283", 2)).await;
    third.expect("accepted");
    assert_eq!(inbox.notice().await.number, 3);
}
