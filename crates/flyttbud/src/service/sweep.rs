//! Keys whose entry never came to be are removed, and the vault is moved to a new year.

use std::sync::Arc;
use std::time::Duration;

use daemon::{Drain, ErrorChain};
use domain::subject::{Position, Subject};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use journal::Journal;
use vault::Vault;

/// An hour: no append of then can still be under way.
const AGE_MICROS: i64 = 3_600_000_000;
/// Subjects looked at in one go.
const SUBJECTS: usize = 1000;
/// Between two sweeps.
const EVERY: Duration = Duration::from_hours(24);

/// At the start and once a day.
pub(super) async fn sweep(vault: Vault, journal: Arc<dyn Journal>, drain: Drain) {
    loop {
        vault.enter_epoch(year(journal.now()));
        if let Err(error) = sweep_once(&vault, journal.as_ref()).await {
            tracing::warn!(error = %ErrorChain(&error), "sweep not finished");
        }
        if tokio::time::timeout(EVERY, drain.cancelled()).await.is_ok() {
            return;
        }
    }
}

/// The year whose keys are in use.
pub(super) fn year(now: Timestamp) -> i16 {
    now.to_zoned_datetime(TimeZone::UTC).date().year()
}

async fn sweep_once(vault: &Vault, journal: &dyn Journal) -> Result<(), vault::Error> {
    // ids carry the system's clock, not the record's, which may have been moved
    let older_than = Timestamp::now().as_microsecond() - AGE_MICROS;
    let entries = async move |subject: Subject| {
        let read = journal.subject(subject, Position(u64::MAX >> 1)).await;
        read.ok()
    };
    let mut keys = 0;
    loop {
        let swept = vault.sweep(entries, older_than, SUBJECTS).await?;
        keys += swept.keys;
        if swept.done {
            break;
        }
    }
    if keys > 0 {
        tracing::info!(keys, "keys removed that no entry came to");
    }
    Ok(())
}
