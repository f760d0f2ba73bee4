//! Reads answer what was asked: a subject up to a position, entries after one, never another's.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a conformance suite says what went wrong by panicking"
)]

use std::sync::Arc;

use domain::subject::{Position, Subject, Version};

use super::given::{append, batch, new_relocation, registered, supplemented};
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
