//! Reads answer what was asked: a subject up to a position, entries after one, never another's.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a conformance suite says what went wrong by panicking"
)]

use std::sync::Arc;

use domain::subject::{Position, Subject, Version};
use tokio::task::JoinSet;

use super::given::{PATIENCE, append, batch, new_relocation, registered, supplemented};
use super::whole;
use crate::Journal;

/// A subject is read as it was at a position; the wrong kind and an unknown id find nothing.
pub async fn a_subject_is_read_as_it_was(journal: Arc<dyn Journal>) {
    let (one, two) = (new_relocation(), new_relocation());
    append(&journal, batch(vec![registered(one)])).await;
    append(&journal, batch(vec![registered(two), supplemented(one, 2)])).await;
    append(&journal, batch(vec![supplemented(one, 3)])).await;
    let cases: [(Subject, u64, &[u32]); 9] = [
        (one, 0, &[]),
        (one, 1, &[1]),
        (one, 2, &[1]),
        (one, 3, &[1, 2]),
        (one, 4, &[1, 2, 3]),
        (one, 1_000_000, &[1, 2, 3]),
        (two, 4, &[1]),
        (Subject::alert(one.id), 4, &[]),
        (new_relocation(), 4, &[]),
    ];
    for (subject, up_to, expected) in cases {
        let entries = journal
            .subject(subject, Position(up_to))
            .await
            .expect("a subject");
        let versions: Vec<Version> = entries.iter().map(|entry| entry.version).collect();
        let expected: Vec<Version> = expected.iter().copied().map(Version).collect();
        assert_eq!(versions, expected, "{subject} up to {up_to}");
    }
    whole::check(&journal).await;
}

/// Of many who read subjects at the same time, each is answered its own, up to its own position.
pub async fn of_many_who_read_at_once_each_is_answered_its_own(journal: Arc<dyn Journal>) {
    let subjects: Vec<Subject> = (0..7).map(|_| new_relocation()).collect();
    for subject in &subjects {
        append(&journal, batch(vec![registered(*subject)])).await;
        append(&journal, batch(vec![supplemented(*subject, 2)])).await;
    }
    let mut looks = JoinSet::new();
    for look in 0..300_u64 {
        let (journal, up_to) = (journal.clone(), Position(look % 15));
        // every eighth asks for one that is not there
        let place = usize::try_from(look % 8).expect("small");
        let subject = subjects.get(place).copied().unwrap_or_else(new_relocation);
        looks.spawn(async move {
            let read = journal.subject(subject, up_to).await.expect("a subject");
            assert!(read.iter().all(|entry| entry.subject == subject));
            let first = 2 * (look % 8) + 1;
            let is_there = |position: &u64| place < 7 && *position <= up_to.0;
            let positions = read.iter().map(|entry| entry.position.0);
            assert!(positions.eq([first, first + 1].into_iter().filter(is_there)));
        });
    }
    let all = tokio::time::timeout(PATIENCE, looks.join_all()).await;
    all.expect("every look is answered");
}

/// Entries are read after any position, as many as are asked for, in order.
pub async fn entries_are_read_page_by_page(journal: Arc<dyn Journal>) {
    for _ in 0..5 {
        append(&journal, batch(vec![registered(new_relocation())])).await;
    }
    let cases: [(u64, usize, &[u64]); 6] = [
        (0, 10, &[1, 2, 3, 4, 5]),
        (0, 2, &[1, 2]),
        (2, 2, &[3, 4]),
        (4, 2, &[5]),
        (5, 2, &[]),
        (0, 0, &[]),
    ];
    for (after, limit, expected) in cases {
        let page = journal
            .read_after(Position(after), limit)
            .await
            .expect("entries");
        let positions: Vec<u64> = page.iter().map(|stored| stored.entry.position.0).collect();
        assert_eq!(positions, expected, "after {after}, at most {limit}");
    }
}
