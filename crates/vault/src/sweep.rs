//! Removing keys whose entry never came: a crash between the key store and the journal leaves them.

use domain::subject::Subject;
use rusqlite::params;
use uuid::Uuid;

use crate::limits::SWEEP_SUBJECTS_MAX;
use crate::store::held;
use crate::writer::Change;
use crate::{Error, Vault, schema};

/// What one sweep did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    /// Subjects that it looked at.
    pub subjects: usize,
    /// Rows of keys that it removed.
    pub keys: usize,
    /// Whether it came to the end; the next one begins anew.
    pub done: bool,
}

impl Vault {
    /// Looks at the next `limit` subjects (at most a thousand) whose id was made before
    /// `older_than_micros` (since 1970), and removes all keys of those that do not exist in the journal.
    /// Choose an instant so long ago that no append of then can still be under way, an hour at least.
    /// The system itself is never swept.
    pub async fn sweep(
        &self,
        exists: impl Fn(Subject) -> bool,
        older_than_micros: i64,
        limit: usize,
    ) -> Result<Swept, Error> {
        let limit = limit.clamp(1, SWEEP_SUBJECTS_MAX);
        let after = *held(&self.inner.swept);
        let seen = self.old_subjects(after, older_than_micros, limit)?;
        let orphans: Vec<Uuid> = seen
            .iter()
            .filter(|subject| !exists(**subject))
            .map(|subject| subject.id)
            .collect();
        drop(exists);
        let keys = if orphans.is_empty() {
            0
        } else {
            self.inner.store.write(Change::Sweep(orphans)).await?
        };
        let done = seen.len() < limit;
        // only now: what failed is looked at again
        *held(&self.inner.swept) = match seen.last() {
            Some(last) if !done => last.id,
            _ => Uuid::nil(),
        };
        Ok(Swept {
            subjects: seen.len(),
            keys,
            done,
        })
    }

    fn old_subjects(
        &self,
        after: Uuid,
        older_than_micros: i64,
        limit: usize,
    ) -> Result<Vec<Subject>, Error> {
        let before = first_id_of(older_than_micros);
        self.inner.store.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT DISTINCT kind, subject FROM body_keys \
                     WHERE subject > ?1 AND subject < ?2 ORDER BY subject LIMIT ?3",
                )?
                .query_map(
                    params![
                        after.as_bytes(),
                        before.as_bytes(),
                        i64::try_from(limit).unwrap_or(0)
                    ],
                    schema::subject,
                )?
                .collect()
        })
    }
}

/// The smallest id that can be made at an instant: its milliseconds are the first 48 bits (RFC 9562).
fn first_id_of(micros: i64) -> Uuid {
    let millis = u128::try_from(micros / 1000)
        .unwrap_or(0)
        .min((1 << 48) - 1);
    Uuid::from_u128(millis << 80)
}
