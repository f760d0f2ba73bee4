//! NATS away: registrations go on, and every notice arrives afterwards, once.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use api::v1;
use tests::{Inbox, Party, Plan, SOLLEFTEA, SOLNA, World, announcement};
use tokio::time::{interval, timeout};

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

/// Longer than a pull, a lost consumer, a request and every wait between tries to connect.
const MINUTE: Duration = Duration::from_secs(65);
/// From one registration to the next.
const PACE: Duration = Duration::from_millis(400);
/// So soon nothing comes that is read from the record because nothing was told.
const TOLD: Duration = Duration::from_secs(1);

/// How NATS is away.
#[derive(Clone, Copy)]
enum Away {
    /// Killed, and started again.
    Down,
    /// Its process stands still; its connections stay open.
    Hanging,
}

/// Registers at a steady pace while NATS is away. Returns how many.
async fn registered_meanwhile(
    sender: &Party,
    requests: &mut impl Iterator<Item = v1::RegisterRelocationRequest>,
) -> usize {
    let mut pace = interval(PACE);
    let (began, mut count) = (Instant::now(), 0);
    while began.elapsed() < MINUTE {
        pace.tick().await;
        let call = sender.register(requests.next().expect("enough"));
        let answer = timeout(Duration::from_secs(5), call).await;
        answer.expect("no call waits for NATS").expect("accepted");
        count += 1;
    }
    count
}

/// Registers one at a time until three in a row are told at once: that is NATS again. Returns how many.
async fn told_again(
    sender: &Party,
    inbox: &mut Inbox,
    requests: &mut impl Iterator<Item = v1::RegisterRelocationRequest>,
) -> usize {
    let (mut count, mut in_a_row) = (0, 0);
    while in_a_row < 3 {
        assert!(count < 30, "NATS is back and tells nothing");
        sender
            .register(requests.next().expect("enough"))
            .await
            .expect("accepted");
        let began = Instant::now();
        inbox.notice().await;
        in_a_row = if began.elapsed() < TOLD {
            in_a_row + 1
        } else {
            0
        };
        count += 1;
    }
    count
}

async fn a_minute(away: Away) {
    let mut world = World::start().await;
    let solleftea = world.party(SOLLEFTEA).await;
    let mut inbox = solleftea.watch("").await.expect("a stream");
    let sender = world.served().await.swap_remove(0);
    let mut requests = announcements(&world, "2283", 230).await.into_iter();
    let first = requests.next().expect("one");
    sender.register(first).await.expect("accepted");
    assert_eq!(inbox.notice().await.number, 1);

    match away {
        Away::Down => world.nats.kill().expect("NATS is ours"),
        Away::Hanging => world.nats.pause().expect("NATS is ours"),
    }
    let meanwhile = registered_meanwhile(&sender, &mut requests).await;
    match away {
        Away::Down => world.nats.restart().await.expect("NATS starts"),
        Away::Hanging => world.nats.resume().expect("NATS is ours"),
    }
    for expected in 2..meanwhile + 2 {
        let notice = inbox.notice().await;
        let number = usize::try_from(notice.number).expect("a number");
        assert_eq!(number, expected, "none lost, none twice");
    }
    let after = told_again(&sender, &mut inbox, &mut requests).await;
    let notices = solleftea.notices().await.expect("an inbox");
    tests::verify(solleftea.code(), &notices);
    assert_eq!(notices.len(), 1 + meanwhile + after);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_without_nats_and_one_with_a_nats_that_hangs_cost_nothing() {
    tokio::join!(a_minute(Away::Down), a_minute(Away::Hanging));
}
