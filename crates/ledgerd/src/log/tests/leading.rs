//! Who leads signs, who follows computes the same, and no two of them make a log fork.

use tlog::checkpoint::SignedCheckpoint;
use tlog::tree::{Hash, Head, Size};
use tokio::sync::watch;

use super::{House, Running, signer};
use crate::Leadership;
use crate::log::Log;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_appended_is_signed_and_the_log_is_the_journals() {
    let house = House::new();
    let stores = house.open();
    let running = Running::start(stores.log(Leadership::always()));
    for entries in [1, 2, 300, 301] {
        let before = stores.journal.edge().borrow().0;
        stores.append(entries - before).await;
        let newest = stores.published(entries).await;
        let head = newest.checkpoint().head;
        assert_eq!(head, stores.computed(Size(entries)).await);
    }
    running.end().await;
    stores.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_the_log_is_kept_and_nothing_is_signed() {
    let house = House::new();
    let stores = house.open();
    stores.append(9).await;
    let (journal, evidence) = (stores.journal.clone(), stores.evidence.clone());
    let running = Running::start(Log::new(journal, evidence, None, Leadership::always()));
    while stores.evidence.size().await.expect("a size") < Size(9) {
        tokio::task::yield_now().await;
    }
    running.end().await;
    assert_eq!(stores.evidence.newest().await.expect("none"), None);
    // the key comes later
    let running = Running::start(stores.log(Leadership::always()));
    stores.published(9).await;
    running.end().await;
    stores.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_signs_nothing_and_takes_over_where_the_leader_was() {
    let house = House::new();
    let stores = house.open();
    let (decide, leads) = watch::channel(false);
    stores.append(3).await;
    let leader = Running::start(stores.log(Leadership::always()));
    let follower = Running::start(stores.log(Leadership::decided_by(leads)));
    stores.published(3).await;
    stores.append(4).await;
    stores.published(7).await;
    leader.end().await;
    stores.append(2).await;
    assert_eq!(
        stores
            .evidence
            .newest()
            .await
            .expect("read")
            .map(|newest| newest.checkpoint().head.size),
        Some(Size(7))
    );
    decide.send_replace(true);
    stores.published(9).await;
    decide.send_replace(false);
    follower.end().await;
    let sizes = stores.check().await;
    assert_eq!(sizes.last(), Some(&9));
    assert_eq!(stores.evidence.alarm().await.expect("none"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_both_believe_to_lead_make_one_log() {
    let house = House::new();
    let stores = house.open();
    let both = [0, 1].map(|_| Running::start(stores.log(Leadership::always())));
    for entries in (10..=100).step_by(10) {
        stores.append(10).await;
        stores.published(entries).await;
    }
    for running in both {
        running.end().await;
    }
    stores.check().await;
    assert_eq!(stores.evidence.alarm().await.expect("none"), None);
}

/// A leader that signs another tree is found out by whoever follows, and publishes nothing more.
#[tokio::test(flavor = "multi_thread")]
async fn a_differing_root_is_an_alarm_and_stops_the_signing() {
    let house = House::signed(5).await;
    let stores = house.open();
    let (_decide, leads) = watch::channel(false);
    let follower = Running::start(stores.log(Leadership::decided_by(leads)));
    stores.append(2).await;
    let leader = Running::start(stores.log(Leadership::always()));
    stores.published(7).await;
    leader.end().await;
    // a leader whose memory is not to be trusted
    stores.append(1).await;
    let root = Hash::leaf(b"another");
    let size = Size(8);
    let forked = SignedCheckpoint::sign(Head { size, root }, &signer());
    let leaves = journal::evidence::fresh_leaves(stores.journal.as_ref(), Size(7), size, 9).await;
    let mut honest = journal::evidence::Recount::from(stores.evidence.as_ref(), Size(7), None)
        .await
        .expect("the log");
    let staged = honest.integrate(stores.evidence.as_ref(), leaves.expect("leaves"));
    staged.await.expect("integrated");
    let published = stores.evidence.publish(&forked).await;
    published.expect("the store cannot know");
    follower.stopped().await;
    let alarm = stores.evidence.alarm().await.expect("read");
    let expected = "the checkpoint of size 8 has another root than the journal";
    assert_eq!(alarm.as_deref(), Some(expected));
    stores.append(1).await;
    let honest = SignedCheckpoint::sign(stores.computed(Size(9)).await, &signer());
    let refused = stores.evidence.publish(&honest).await;
    assert!(refused.is_err(), "{refused:?}");
    // nor does anybody sign over it after a restart
    Running::start(stores.log(Leadership::always()))
        .stopped()
        .await;
    assert_eq!(*stores.evidence.published().borrow(), size);
}
