//! The record's clock moves forward by an entry, and what is recorded never runs back.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a conformance suite says what went wrong by panicking"
)]

use std::sync::Arc;

use domain::entry::Event;
use jiff::{SignedDuration, Timestamp};

use super::given::{append, batch, new_relocation, registered, system};
use super::whole;
use crate::Journal;

/// A day, in seconds.
const DAY: i64 = 86_400;

/// The clock is ahead as soon as the entry is answered, advances add up, and a restart keeps them.
pub async fn the_clock_is_advanced_by_an_entry(
    journal: Arc<dyn Journal>,
    reopen: impl AsyncFnOnce() -> Arc<dyn Journal>,
) {
    assert!(
        days_ahead(&journal) == 0,
        "a new journal has the time of day"
    );
    append(&journal, advance(30 * DAY)).await;
    assert_eq!(days_ahead(&journal), 30);
    append(&journal, advance(10 * DAY)).await;
    assert_eq!(days_ahead(&journal), 40);
    let before = append(&journal, batch(vec![registered(new_relocation())])).await;
    drop(journal);
    let journal = reopen().await;
    assert_eq!(days_ahead(&journal), 40, "after a restart");
    let after = append(&journal, batch(vec![registered(new_relocation())])).await;
    assert!(after.recorded_at >= before.recorded_at);
    whole::check(&journal).await;
}

/// A clock that was set back does not take the record with it, after a restart neither.
pub async fn recorded_time_never_runs_back(
    journal: Arc<dyn Journal>,
    reopen: impl AsyncFnOnce() -> Arc<dyn Journal>,
) {
    append(&journal, advance(30 * DAY)).await;
    // the entry that sets it back is the last one of the time before
    let back = append(&journal, advance(-30 * DAY)).await;
    assert_eq!(days_ahead(&journal), 0);
    let after = append(&journal, batch(vec![registered(new_relocation())])).await;
    assert_eq!(after.recorded_at, back.recorded_at, "it stands still");
    drop(journal);
    let journal = reopen().await;
    let after = append(&journal, batch(vec![registered(new_relocation())])).await;
    assert_eq!(after.recorded_at, back.recorded_at, "after a restart");
    whole::check(&journal).await;
}

/// An instant is read back as it was answered: stored instants have microseconds, and so have answers.
pub async fn an_instant_is_read_back_as_answered(journal: Arc<dyn Journal>) {
    let appended = append(&journal, batch(vec![registered(new_relocation())])).await;
    let entries = whole::check(&journal).await;
    let entry = entries.first().expect("an entry");
    assert_eq!(entry.recorded_at, appended.recorded_at);
}

fn advance(seconds: i64) -> crate::Batch {
    batch(vec![system(Event::ClockAdvanced { seconds })])
}

/// Rounded, so that the moments between two looks do not count.
fn days_ahead(journal: &Arc<dyn Journal>) -> i64 {
    let ahead: SignedDuration = journal.now().duration_since(Timestamp::now());
    (ahead.as_secs() + DAY / 2).div_euclid(DAY)
}
