//! What every store of the log must do. Each function takes one that is empty and that nobody else uses.

use std::sync::Arc;

use tlog::checkpoint::SignedCheckpoint;
use tlog::proof::verify_consistency;
use tlog::tile::Tile;
use tlog::tree::{Hash, Head, Index, Place, Size};

use super::{cosignature, frontier, head, integrate, leaf, log_key, policy, publish};
use crate::evidence::{
    self, Alarm, Evidence, EvidenceError, Ground, PublishError, Standing, consistency, receipt,
    tile,
};

pub(super) async fn hashes_are_read_back_by_their_places(evidence: Arc<dyn Evidence>) {
    let evidence = evidence.as_ref();
    for size in [1, 2, 3, 7, 8, 64, 65, 300] {
        integrate(evidence, size).await;
    }
    for size in 0..=300 {
        let root = evidence::root(evidence, Size(size)).await;
        assert_eq!(root.expect("a root"), head(size).root, "{size}");
        let edge = evidence::frontier(evidence, Size(size)).await;
        assert_eq!(edge.expect("an edge"), frontier(size), "{size}");
    }
    let (level, index) = (3, 36);
    let full = evidence.hashes(&[Place { level, index }]).await;
    full.expect("a full subtree");
    for (level, index) in [(0, 300), (3, 37), (9, 0), (63, 0), (63, u64::MAX), (64, 0)] {
        let place = Place { level, index };
        let first = Place { level: 0, index: 0 };
        match evidence.hashes(&[first, place]).await {
            Err(EvidenceError::Missing(named)) => assert_eq!(named, place),
            Err(EvidenceError::Outside) => assert!(level >= 63, "{place:?}"),
            other => panic!("{place:?}: {other:?}"),
        }
    }
}

pub(super) async fn hashes_are_added_once_in_order_and_wholly(evidence: Arc<dyn Evidence>) {
    let evidence = evidence.as_ref();
    integrate(evidence, 5).await;
    let next = frontier(5).append((5..9).map(leaf));
    let mut shuffled = next.clone();
    shuffled.swap(1, 2);
    for (from, full) in [
        (Size(4), &frontier(4).append([leaf(4)])),
        (Size(4), &next),
        (Size(6), &next),
        (Size(5), &shuffled),
        (Size(5), &next[1..].to_vec()),
        (Size(6), &frontier(6).append([leaf(6)])),
    ] {
        let refused = evidence.integrate(from, full).await;
        assert!(
            matches!(refused, Err(EvidenceError::OtherSize)),
            "{from:?}: {refused:?}"
        );
        assert_eq!(evidence.size().await.expect("a size"), Size(5));
    }
    let twice = tokio::join!(
        evidence.integrate(Size(5), &next),
        evidence.integrate(Size(5), &next)
    );
    assert!(twice.0.is_ok() != twice.1.is_ok(), "{twice:?}");
    let root = evidence::root(evidence, Size(9)).await.expect("a root");
    assert_eq!(root, head(9).root);
}

pub(super) async fn one_size_has_one_root(evidence: Arc<dyn Evidence>) {
    let other = |size| {
        let root = Hash::leaf(b"another");
        let size = Size(size);
        SignedCheckpoint::sign(Head { size, root }, &log_key())
    };
    let first = publish(evidence.as_ref(), 4).await;
    for checkpoint in [other(4), first.clone(), other(3), other(0)] {
        let refused = evidence.publish(&checkpoint).await;
        assert!(
            matches!(refused, Err(PublishError::NotGreater)),
            "{refused:?}"
        );
    }
    // two at once, of one size: one of them stands
    let right = SignedCheckpoint::sign(head(7), &log_key());
    let wrong = other(7);
    let outcomes = tokio::join!(evidence.publish(&right), evidence.publish(&wrong));
    let stands = match outcomes {
        (Ok(()), Err(PublishError::NotGreater)) => right,
        (Err(PublishError::NotGreater), Ok(())) => wrong,
        other => panic!("{other:?}"),
    };
    let all = evidence
        .checkpoints(Size(0), Size(u64::MAX), 10)
        .await
        .expect("a list");
    assert_eq!(all, [first, stands]);
}

pub(super) async fn nothing_is_published_while_an_alarm_stands(evidence: Arc<dyn Evidence>) {
    let checkpoint = SignedCheckpoint::sign(head(2), &log_key());
    assert_eq!(evidence.alarm().await.expect("none"), None);
    for position in [7, 8] {
        let alarm = Alarm::EntryMissing(position);
        evidence.raise(&alarm).await.expect("raised");
        assert_eq!(
            evidence.alarm().await.expect("one"),
            Some(alarm.to_string())
        );
        let refused = evidence.publish(&checkpoint).await;
        assert!(matches!(refused, Err(PublishError::Alarmed)), "{refused:?}");
    }
    let standing = evidence.standing().await.expect("read").expect("one");
    let lifted = evidence.lift(&standing, Ground::Recount).await;
    assert!(lifted.expect("asked"));
    assert_eq!(evidence.alarm().await.expect("none"), None);
    evidence.publish(&checkpoint).await.expect("published");
}

/// An alarm is lifted as it was read, on a ground that is enough for it, and what was lifted is kept.
pub(super) async fn an_alarm_is_lifted_by_who_may(evidence: Arc<dyn Evidence>) {
    let (lesser, greater) = (
        Alarm::EntryDiffers(3),
        Alarm::Contradicted(vec!["w1".into(), "w2".into()]),
    );
    let read = async || evidence.standing().await.expect("read").expect("one");
    let lift = async |read: &Standing, ground| evidence.lift(read, ground).await.expect("asked");
    let word = Ground::Word("w1 and w2 were restored from an old copy");
    evidence.raise(&lesser).await.expect("raised");
    let first = read().await;
    assert_eq!(
        (&*first.text, first.needs_word),
        (&*lesser.to_string(), false)
    );
    // the same once more is another one
    evidence.raise(&lesser).await.expect("raised");
    assert!(!lift(&first, Ground::Recount).await);
    assert!(!lift(&first, word).await);
    evidence.raise(&greater).await.expect("raised");
    evidence.raise(&lesser).await.expect("no fault");
    let standing = read().await;
    assert_eq!(
        (&*standing.text, standing.needs_word),
        (&*greater.to_string(), true)
    );
    assert!(!lift(&standing, Ground::Recount).await);
    assert_eq!(read().await, standing);
    assert!(lift(&standing, word).await);
    assert!(!lift(&standing, word).await, "it is lifted");
    evidence.raise(&lesser).await.expect("raised");
    assert!(lift(&read().await, Ground::Recount).await);
    let lifted = evidence.lifted(10).await.expect("read");
    let told: Vec<(&str, Option<&str>)> = lifted
        .iter()
        .map(|one| (&*one.text, one.reason.as_deref()))
        .collect();
    let expected = [
        (&*lesser.to_string(), None),
        (&*greater.to_string(), word.reason()),
    ];
    assert_eq!(told, expected, "the newest first");
    assert!(lifted.iter().all(|one| one.raised_at <= one.ended_at));
    assert_eq!(evidence.lifted(1).await.expect("read").len(), 1);
}

pub(super) async fn who_follows_is_woken_by_what_can_be_read(evidence: Arc<dyn Evidence>) {
    let mut published = evidence.published();
    assert_eq!(*published.borrow_and_update(), Size(0));
    let follower = Arc::clone(&evidence);
    let woken = async move {
        published.changed().await.expect("alive");
        let newest = follower.newest().await.expect("read").expect("one");
        assert_eq!(newest.checkpoint().head.size, *published.borrow());
        newest
    };
    let (woken, published) = tokio::join!(woken, publish(evidence.as_ref(), 3));
    assert_eq!(woken, published);
}

pub(super) async fn checkpoints_are_listed_in_order(evidence: Arc<dyn Evidence>) {
    for size in [2, 3, 10, 11] {
        publish(evidence.as_ref(), size).await;
    }
    for (after, until, limit, expected) in [
        (0, u64::MAX, 10, &[2, 3, 10, 11][..]),
        (0, 11, 2, &[2, 3]),
        (2, 11, 2, &[3, 10]),
        (2, 10, 10, &[3, 10]),
        (2, 9, 10, &[3]),
        (3, 9, 10, &[]),
        (10, 11, 10, &[11]),
        (11, u64::MAX, 10, &[]),
        (0, 11, 0, &[]),
    ] {
        let listed = evidence.checkpoints(Size(after), Size(until), limit);
        let sizes: Vec<u64> = listed
            .await
            .expect("a list")
            .iter()
            .map(|checkpoint| checkpoint.checkpoint().head.size.0)
            .collect();
        assert_eq!(sizes, expected, "{after} to {until}, {limit}");
    }
}

pub(super) async fn cosignatures_join_their_checkpoint(evidence: Arc<dyn Evidence>) {
    let mut first = publish(evidence.as_ref(), 4).await;
    let second = publish(evidence.as_ref(), 6).await;
    let policy = policy(2);
    // one that is false spoils those that are not, until it is replaced; the same witness twice is one witness
    let false_one = cosignature(&second, 2, 100);
    let line = |number, seconds| cosignature(&first, number, seconds);
    for (line, is_enough) in [
        (line(1, 200), false),
        (line(1, 250), false),
        (false_one, false),
        (line(3, 200), false),
        (line(2, 300), true),
    ] {
        let kept = evidence.cosign(Size(4), &line, &policy).await;
        kept.expect("kept");
        let witnessed = evidence.newest_witnessed(Size(0)).await.expect("read");
        assert_eq!(witnessed.is_some(), is_enough, "{line}");
    }
    for (number, seconds) in [(1, 250), (2, 300), (3, 200)] {
        first.add(cosignature(&first, number, seconds));
    }
    let witnessed = evidence.newest_witnessed(Size(4)).await.expect("read");
    assert_eq!(witnessed.as_ref(), Some(&first));
    assert_eq!(
        evidence.newest_witnessed(Size(5)).await.expect("none"),
        None
    );
    assert_eq!(evidence.newest().await.expect("one"), Some(second));
    let line = cosignature(&first, 3, 400);
    let unknown = evidence.cosign(Size(5), &line, &policy).await;
    assert!(
        matches!(unknown, Err(EvidenceError::OtherSize)),
        "{unknown:?}"
    );
}

pub(super) async fn of_witnesses_that_cosign_at_once_all_count(evidence: Arc<dyn Evidence>) {
    let policy = policy(2);
    for size in 1..=100 {
        let checkpoint = publish(evidence.as_ref(), size).await;
        let [one, other] = [1, 2].map(|number| cosignature(&checkpoint, number, 100));
        let kept = tokio::try_join!(
            evidence.cosign(Size(size), &one, &policy),
            evidence.cosign(Size(size), &other, &policy)
        );
        kept.expect("kept");
        let witnessed = evidence.newest_witnessed(Size(size)).await.expect("read");
        assert!(witnessed.is_some(), "{size}");
    }
}

pub(super) async fn a_receipt_verifies_and_prefers_what_is_witnessed(evidence: Arc<dyn Evidence>) {
    let evidence = evidence.as_ref();
    let policy = policy(1);
    integrate(evidence, 3).await;
    let early = receipt(evidence, Index(0), Some(&policy)).await;
    assert_eq!(early.expect("none yet"), None);
    let witnessed = publish(evidence, 40).await;
    let line = cosignature(&witnessed, 3, 100);
    evidence
        .cosign(Size(40), &line, &policy)
        .await
        .expect("kept");
    publish(evidence, 50).await;
    publish(evidence, 53).await;
    integrate(evidence, 55).await;
    for index in 0..53 {
        let receipt = receipt(evidence, Index(index), Some(&policy)).await;
        let receipt = receipt.expect("read").expect("covered");
        let shown = receipt.verify(&leaf(index), &policy).expect("verifies");
        let expected = if index < 40 { (40, true) } else { (53, false) };
        let seen = (shown.checkpoint.head.size.0, shown.is_quorum_met);
        assert_eq!(seen, expected, "{index}");
    }
    let late = receipt(evidence, Index(53), None).await;
    assert_eq!(late.expect("not yet"), None);
    // under a policy that asks for more, the newest one is as good as any
    let stricter = super::policy(2);
    let receipt = receipt(evidence, Index(0), Some(&stricter)).await;
    let receipt = receipt.expect("read").expect("covered");
    assert_eq!(receipt.checkpoint.checkpoint().head, head(53));
}

pub(super) async fn proofs_and_tiles_come_from_what_is_stored(evidence: Arc<dyn Evidence>) {
    let evidence = evidence.as_ref();
    integrate(evidence, 300).await;
    for (old, new) in [
        (0, 300),
        (1, 2),
        (255, 256),
        (256, 300),
        (7, 299),
        (300, 300),
    ] {
        let proof = consistency(evidence, Size(old), Size(new)).await;
        let proof = proof.expect("a proof");
        assert_eq!(
            verify_consistency(&head(old), &head(new), &proof),
            Ok(()),
            "{old} to {new}"
        );
    }
    for (path, hashes) in [
        ("/tile/0/000", Some(256)),
        ("/tile/0/001.p/44", Some(44)),
        ("/tile/1/000.p/1", Some(1)),
        ("/tile/0/001.p/45", None),
        ("/tile/1/000.p/2", None),
    ] {
        let data = tile(evidence, Tile::parse(path).expect("a path"), Size(300)).await;
        assert_eq!(data.ok().map(|data| data.len() / 32), hashes, "{path}");
    }
    let beyond = consistency(evidence, Size(300), Size(299)).await;
    assert!(matches!(beyond, Err(EvidenceError::Outside)), "{beyond:?}");
}
