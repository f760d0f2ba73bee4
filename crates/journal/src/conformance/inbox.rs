//! Notice numbers are dense per recipient, and each carries the chain over all before it.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a conformance suite says what went wrong by panicking"
)]

use std::sync::Arc;

use domain::subject::{NoticeNumber, Position};

use super::given::{
    CALLERS, append, append_at_once, appended, batch, municipality, new_relocation, notifying,
    registered, solleftea, solna, supplemented, try_append,
};
use super::whole::{self, EMPTY_INBOX};
use crate::Journal;

/// Many at once, to recipients that overlap: no number is missing or double, and every chain can be recomputed.
pub async fn numbers_are_dense_and_chained(
    journal: Arc<dyn Journal>,
    reopen: impl AsyncFnOnce() -> Arc<dyn Journal>,
) {
    let batches = |from: usize| {
        (from..from + CALLERS).map(|index| {
            let third = municipality(u16::try_from(1 + index % 7).expect("a small number"));
            let recipients = [solna(), third, solleftea()];
            let told = recipients.get(..index % 4).unwrap_or_default();
            batch(vec![notifying(registered(new_relocation()), told)])
        })
    };
    for outcome in append_at_once(&journal, batches(0).collect()).await {
        appended(outcome);
    }
    whole::check(&journal).await;
    drop(journal);
    let journal = reopen().await;
    for outcome in append_at_once(&journal, batches(3).collect()).await {
        appended(outcome);
    }
    let entries = whole::check(&journal).await;
    let to_solna = entries
        .iter()
        .flat_map(|entry| &entry.notices)
        .filter(|notice| notice.recipient == solna())
        .count();
    let head = journal.inbox_head(solna()).await.expect("a head");
    assert_eq!(
        head.number,
        NoticeNumber(u64::try_from(to_solna).expect("few"))
    );
}

/// One entry may give rise to several notices, and to several for the same recipient: each has its number.
pub async fn an_entry_may_notify_the_same_recipient_twice(journal: Arc<dyn Journal>) {
    let told = [solna(), solleftea(), solna()];
    append(
        &journal,
        batch(vec![notifying(registered(new_relocation()), &told)]),
    )
    .await;
    append(
        &journal,
        batch(vec![notifying(registered(new_relocation()), &told)]),
    )
    .await;
    let entries = whole::check(&journal).await;
    let numbers: Vec<_> = entries
        .iter()
        .flat_map(|entry| &entry.notices)
        .map(|notice| (notice.recipient, notice.number.0))
        .collect();
    let expected = [
        (solna(), 1),
        (solleftea(), 1),
        (solna(), 2),
        (solna(), 3),
        (solleftea(), 2),
        (solna(), 4),
    ];
    assert_eq!(numbers, expected);
}

/// A batch that is refused uses up no notice number.
pub async fn a_refused_batch_uses_up_no_number(journal: Arc<dyn Journal>) {
    let good = || notifying(registered(new_relocation()), &[solna()]);
    append(&journal, batch(vec![good()])).await;
    let stale = supplemented(new_relocation(), 5);
    let outcome = try_append(&journal, batch(vec![good(), notifying(stale, &[solna()])])).await;
    assert!(outcome.is_err(), "{outcome:?}");
    append(&journal, batch(vec![good()])).await;
    whole::check(&journal).await;
    let head = journal.inbox_head(solna()).await.expect("a head");
    assert_eq!(head.number, NoticeNumber(2));
}

/// Notices are read from any number on, as many as are asked for, in their order; others' are not among them.
pub async fn notices_are_read_page_by_page(journal: Arc<dyn Journal>) {
    assert_eq!(
        journal.inbox_head(solna()).await.expect("a head"),
        EMPTY_INBOX
    );
    for _ in 0..5 {
        let mine = notifying(registered(new_relocation()), &[solna()]);
        let theirs = notifying(registered(new_relocation()), &[solleftea()]);
        append(&journal, batch(vec![mine, theirs])).await;
    }
    let cases: [(u64, usize, &[u64]); 6] = [
        (0, 10, &[1, 3, 5, 7, 9]),
        (0, 2, &[1, 3]),
        (2, 2, &[5, 7]),
        (4, 2, &[9]),
        (5, 2, &[]),
        (0, 0, &[]),
    ];
    for (after, limit, expected) in cases {
        let page = journal
            .notices(solna(), NoticeNumber(after), limit)
            .await
            .expect("notices");
        let positions: Vec<u64> = page.iter().map(|entry| entry.position.0).collect();
        assert_eq!(positions, expected, "after {after}, at most {limit}");
    }
    let nobody = journal.notices(municipality(1440), NoticeNumber(0), 10);
    assert_eq!(nobody.await.expect("notices"), Vec::new());
    assert_eq!(*journal.edge().borrow(), Position(10));
}
