//! Removing keys whose entry never came: a crash between the key store and the journal leaves them.

use domain::subject::Subject;
use uuid::Uuid;

use crate::limits::SWEEP_SUBJECTS_MAX;
use crate::store::Change;
use crate::{Error, Vault, held};

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
    pub async fn sweep<F: Future<Output = bool>>(
        &self,
        exists: impl Fn(Subject) -> F,
        older_than_micros: i64,
        limit: usize,
    ) -> Result<Swept, Error> {
        let limit = limit.clamp(1, SWEEP_SUBJECTS_MAX);
        let after = *held(&self.inner.swept);
        let before = first_id_of(older_than_micros);
        let seen = self.inner.store.subjects(after, before, limit).await?;
        let mut orphans = Vec::new();
        for subject in &seen {
            if !exists(*subject).await {
                orphans.push(subject.id);
            }
        }
        let keys = if orphans.is_empty() {
            0
        } else {
            self.inner.store.apply(Change::Sweep(orphans)).await?
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
}

/// The smallest id that can be made at an instant: its milliseconds are the first 48 bits (RFC 9562).
fn first_id_of(micros: i64) -> Uuid {
    let millis = u128::try_from(micros / 1000)
        .unwrap_or(0)
        .min((1 << 48) - 1);
    Uuid::from_u128(millis << 80)
}
