//! One order without gaps; durable before it is answered; versions are unique; limits hold.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a conformance suite says what went wrong by panicking"
)]

use std::sync::Arc;

use domain::entry::{Event, Part, SealedPart};
use domain::subject::{Position, Version};

use super::given::{
    CALLERS, PATIENCE, append, append_at_once, appended, batch, new_relocation, registered,
    supplemented, system, try_append,
};
use super::whole;
use crate::batch::{Batch, Outcome};
use crate::limits::{BATCH_ENTRIES_MAX, ENTRY_BYTES_MAX};
use crate::{AppendError, Journal};

/// Batches of one, two and three entries from many tasks: every position once, a batch's entries together.
pub async fn appends_at_once_stand_in_one_order_without_gaps(journal: Arc<dyn Journal>) {
    let batches: Vec<Batch> = (0..CALLERS)
        .map(|index| {
            let subject = new_relocation();
            let drafts = (0..=index % 3).map(|more| match u32::try_from(more + 1) {
                Ok(1) => registered(subject),
                Ok(version) => supplemented(subject, version),
                Err(error) => panic!("a small number: {error}"),
            });
            batch(drafts.collect())
        })
        .collect();
    let subjects: Vec<_> = batches.iter().map(subject_of).collect();
    let lengths: Vec<usize> = batches.iter().map(|batch| batch.drafts.len()).collect();
    let outcomes = append_at_once(&journal, batches).await;
    let entries = whole::check(&journal).await;
    assert_eq!(entries.len(), lengths.iter().sum::<usize>());
    for ((outcome, subject), length) in outcomes.into_iter().zip(subjects).zip(lengths) {
        let appended = appended(outcome);
        let own: Vec<_> = entries
            .iter()
            .filter(|entry| entry.subject == subject)
            .collect();
        assert_eq!(own.len(), length);
        let span = appended.last.0 - appended.first.0 + 1;
        assert_eq!(usize::try_from(span).expect("few entries"), length);
        for entry in own {
            assert!((appended.first..=appended.last).contains(&entry.position));
            assert_eq!(entry.recorded_at, appended.recorded_at);
        }
    }
}

/// Whatever was answered is there after a restart, byte for byte, and the order goes on behind it.
pub async fn what_is_answered_is_durable(
    journal: Arc<dyn Journal>,
    reopen: impl AsyncFnOnce() -> Arc<dyn Journal>,
) {
    let batches = (0..CALLERS).map(|_| batch(vec![registered(new_relocation())]));
    for outcome in append_at_once(&journal, batches.collect()).await {
        appended(outcome);
    }
    let before = whole::read(&journal).await;
    drop(journal);
    let journal = reopen().await;
    let after = whole::read(&journal).await;
    let bytes = |all: &[crate::Stored]| -> Vec<Vec<u8>> {
        all.iter().map(|stored| stored.bytes.clone()).collect()
    };
    assert_eq!(bytes(&before), bytes(&after), "the same after a restart");
    let edge = Position(u64::try_from(before.len()).expect("few entries"));
    assert_eq!(*journal.edge().borrow(), edge, "the edge after a restart");
    let next = append(&journal, batch(vec![registered(new_relocation())])).await;
    assert_eq!(next.first, Position(edge.0 + 1), "the order goes on");
    whole::check(&journal).await;
}

/// Whoever was answered reads what it wrote.
pub async fn writes_are_read_at_once(journal: Arc<dyn Journal>) {
    for _ in 0..20 {
        let subject = new_relocation();
        let appended = append(&journal, batch(vec![registered(subject)])).await;
        let found = journal
            .subject(subject, appended.last)
            .await
            .expect("a subject");
        assert_eq!(found.len(), 1);
        assert!(*journal.edge().borrow() >= appended.last);
    }
    whole::check(&journal).await;
}

/// A batch whose version is stale, or ahead, takes no position, and the others of its group stand.
pub async fn a_stale_version_takes_no_position_and_fails_nobody_else(journal: Arc<dyn Journal>) {
    let old = new_relocation();
    append(&journal, batch(vec![registered(old)])).await;
    let batches = (0..CALLERS).map(|index| {
        batch(vec![match index % 4 {
            0 => registered(old),
            1 => supplemented(old, 3),
            2 => supplemented(new_relocation(), 2),
            _ => registered(new_relocation()),
        }])
    });
    let outcomes = append_at_once(&journal, batches.collect()).await;
    for (index, outcome) in outcomes.into_iter().enumerate() {
        if index % 4 == 3 {
            appended(outcome);
        } else {
            refused_as_stale(&outcome);
        }
    }
    let entries = whole::check(&journal).await;
    assert_eq!(entries.len(), 1 + CALLERS / 4);
}

/// Of many that decided on the same version, one is appended.
pub async fn a_version_is_made_once(journal: Arc<dyn Journal>) {
    let subject = new_relocation();
    append(&journal, batch(vec![registered(subject)])).await;
    let batches = (0..CALLERS).map(|_| batch(vec![supplemented(subject, 2)]));
    let outcomes = append_at_once(&journal, batches.collect()).await;
    let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(made, 1, "one of many");
    for outcome in outcomes.iter().filter(|outcome| outcome.is_err()) {
        refused_as_stale(outcome);
    }
    assert_eq!(whole::check(&journal).await.len(), 2);
}

/// When one entry of a batch does not fit, none is appended; several of one subject follow each other.
pub async fn a_batch_is_appended_wholly_or_not_at_all(journal: Arc<dyn Journal>) {
    let (one, two) = (new_relocation(), new_relocation());
    let outcome = try_append(&journal, batch(vec![registered(one), supplemented(two, 2)])).await;
    refused_as_stale(&outcome);
    let twice = vec![registered(one), registered(one)];
    refused_as_stale(&try_append(&journal, batch(twice)).await);
    assert_eq!(whole::check(&journal).await.len(), 0);
    let drafts = vec![registered(one), registered(two), supplemented(one, 2)];
    append(&journal, batch(drafts)).await;
    assert_eq!(whole::check(&journal).await.len(), 3);
}

/// The versions of the system are given by the journal, whatever a draft says.
pub async fn the_system_has_dense_versions(
    journal: Arc<dyn Journal>,
    reopen: impl AsyncFnOnce() -> Arc<dyn Journal>,
) {
    let now = journal.now();
    let passed = |version: u32| {
        let mut draft = system(Event::TimePassed { now });
        draft.version = Version(version);
        draft
    };
    let batches = (0..CALLERS).map(|index| {
        let version = u32::try_from(index % 5).expect("a small number");
        batch(vec![
            passed(version),
            registered(new_relocation()),
            passed(version),
        ])
    });
    for outcome in append_at_once(&journal, batches.collect()).await {
        appended(outcome);
    }
    whole::check(&journal).await;
    drop(journal);
    let journal = reopen().await;
    append(&journal, batch(vec![passed(1)])).await;
    let entries = whole::check(&journal).await;
    let last = entries.last().expect("an entry").version;
    assert_eq!(last, Version(u32::try_from(CALLERS * 2 + 1).expect("few")));
}

/// Both sides of each limit; what is over it takes no position.
pub async fn limits_hold_on_both_sides(journal: Arc<dyn Journal>) {
    let of_entries = |count: usize| {
        let drafts = (0..count).map(|_| registered(new_relocation()));
        batch(drafts.collect())
    };
    let of_bytes = |bytes: usize| {
        let mut draft = registered(new_relocation());
        // in two parts: their sum counts
        draft.sealed = [(Part::Shared, bytes / 2), (Part::Own, bytes - bytes / 2)]
            .map(|(part, bytes)| SealedPart {
                part,
                ciphertext: vec![7; bytes],
                commitment: [9; 32],
            })
            .to_vec();
        batch(vec![draft])
    };
    for over in [
        of_entries(0),
        of_entries(BATCH_ENTRIES_MAX + 1),
        of_bytes(ENTRY_BYTES_MAX + 1),
    ] {
        let outcome = try_append(&journal, over).await;
        assert!(matches!(outcome, Err(AppendError::TooLarge)), "{outcome:?}");
    }
    append(&journal, of_entries(BATCH_ENTRIES_MAX)).await;
    append(&journal, of_bytes(ENTRY_BYTES_MAX)).await;
    assert_eq!(whole::check(&journal).await.len(), BATCH_ENTRIES_MAX + 1);
}

/// Whoever tails is woken by each append, and finds then what woke it.
pub async fn the_edge_wakes_whoever_tails(journal: Arc<dyn Journal>) {
    let mut edge = journal.edge();
    assert_eq!(*edge.borrow_and_update(), Position(0));
    for expected in 1..=10 {
        let writer = journal.clone();
        let (woken, outcome) =
            tokio::join!(tokio::time::timeout(PATIENCE, edge.changed()), async move {
                append(&writer, batch(vec![registered(new_relocation())])).await
            });
        woken.expect("woken in time").expect("the journal lives");
        assert_eq!(outcome.last, Position(expected));
        let reached = *edge.borrow_and_update();
        assert_eq!(reached, Position(expected));
        let before = Position(expected - 1);
        let found = journal.read_after(before, 10).await.expect("entries");
        assert_eq!(found.len(), 1, "what woke it is there");
    }
    whole::check(&journal).await;
}

fn subject_of(batch: &Batch) -> domain::subject::Subject {
    batch.drafts.first().expect("a draft").subject
}

fn refused_as_stale(outcome: &Result<Outcome, AppendError>) {
    assert!(
        matches!(outcome, Err(AppendError::VersionConflict)),
        "expected a version conflict, got {outcome:?}"
    );
}
