//! Keys whose entry never came to be are removed, and the vault is moved to a new year.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use daemon::{Drain, ErrorChain};
use domain::entry::Entry;
use domain::subject::Position;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use journal::{Journal, ReadError};
use uuid::Uuid;
use vault::{Swept, Vault};

use crate::limits::{
    SWEPT_AGE_MICROS, SWEPT_ENTRIES, SWEPT_EVERY, SWEPT_NAMED_MAX, SWEPT_SUBJECTS,
};
use crate::read::NOW;

/// Sweeps at the start and once a day, until the drain.
pub async fn keep_sweeping(journal: Arc<dyn Journal>, vault: Vault, drain: Drain) {
    loop {
        vault.enter_epoch(key_epoch(journal.now()));
        // ids carry the system's clock, not the record's, which may have been moved
        let older_than = Timestamp::now().as_microsecond() - SWEPT_AGE_MICROS;
        match sweep_once(&vault, journal.as_ref(), older_than).await {
            Ok(swept) => tell(&swept),
            Err(error) => tracing::warn!(error = %ErrorChain(&error), "sweep not finished"),
        }
        if tokio::time::timeout(SWEPT_EVERY, drain.cancelled())
            .await
            .is_ok()
        {
            return;
        }
    }
}

/// The year whose keys are in use.
pub fn key_epoch(now: Timestamp) -> i16 {
    now.to_zoned_datetime(TimeZone::UTC).date().year()
}

fn tell(swept: &Swept) {
    if swept.keys > 0 {
        tracing::info!(keys = swept.keys, "keys removed that no entry came to");
    }
    if !swept.damaged.is_empty() {
        let (subjects, first) = (swept.damaged.len(), named(&swept.damaged));
        tracing::error!(subjects, %first, "keys kept that are not what was put: run keys verify");
    }
    if !swept.contradicted.is_empty() {
        let (subjects, first) = (swept.contradicted.len(), named(&swept.contradicted));
        tracing::error!(subjects, %first, "keys kept whose entries are not found as they stand: run journal verify");
    }
}

fn named(subjects: &[Uuid]) -> String {
    let first = subjects.iter().take(SWEPT_NAMED_MAX).map(Uuid::to_string);
    first.collect::<Vec<_>>().join(" ")
}

/// Goes over all subjects once.
async fn sweep_once(
    vault: &Vault,
    journal: &dyn Journal,
    older_than_micros: i64,
) -> Result<Swept, vault::Error> {
    let mut all = Swept::default();
    while !all.done {
        let swept = vault
            .sweep(&Record(journal), older_than_micros, SWEPT_SUBJECTS)
            .await?;
        all.subjects += swept.subjects;
        all.keys += swept.keys;
        all.damaged.extend(swept.damaged);
        all.contradicted.extend(swept.contradicted);
        all.done = swept.done;
    }
    Ok(all)
}

/// What a sweep asks, asked of the journal.
struct Record<'a>(&'a dyn Journal);

#[async_trait]
impl vault::Record for Record<'_> {
    async fn under(&self, id: Uuid) -> Option<Vec<Entry>> {
        self.0.under(id, NOW).await.ok()
    }

    async fn about(&self, ids: &BTreeSet<Uuid>) -> Option<Vec<Entry>> {
        let about = about(self.0, ids).await;
        about.unwrap_or_else(|error| {
            tracing::warn!(error = %ErrorChain(&error), "record not read, keys kept");
            None
        })
    }
}

/// The entries about some ids, by what the entries themselves say. None when a place in the order is empty.
async fn about(
    journal: &dyn Journal,
    ids: &BTreeSet<Uuid>,
) -> Result<Option<Vec<Entry>>, ReadError> {
    let (mut about, mut read_to) = (Vec::new(), Position(0));
    loop {
        let read = journal.read_after(read_to, SWEPT_ENTRIES).await?;
        if read.is_empty() {
            return Ok(Some(about));
        }
        for stored in read {
            if stored.entry.position.0 != read_to.0 + 1 {
                tracing::error!(
                    entry.position = read_to.0 + 1,
                    "an entry is not in its place, keys kept: run journal verify"
                );
                return Ok(None);
            }
            read_to = stored.entry.position;
            if ids.contains(&stored.entry.subject.id) {
                about.push(stored.entry);
            }
        }
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests;
