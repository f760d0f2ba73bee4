//! Removing keys whose entry never came: a crash, or a call that was cut off, between the key store and the journal leaves
//! them. Keys of an entry that stands are never removed here, whatever became of its text.

use std::collections::BTreeMap;

use domain::entry::Entry;
use domain::subject::{Subject, SubjectKind, Version};
use uuid::Uuid;

use crate::limits::SWEEP_SUBJECTS_MAX;
use crate::part::{KeysId, sealing_of, was_made_before};
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
    /// Looks at the next `limit` subjects (at most a thousand) whose id was made before `older_than_micros` (since 1970),
    /// and removes the keys to what `entries`, a subject's in the journal, do not hold: all of a subject without any, and
    /// of the others, and of municipalities, those that were made before that instant or come too late for their version.
    /// None where the journal cannot be read: then all is kept. Choose an instant so long ago that no append of then can
    /// still be under way, an hour at least. The system itself is never swept.
    pub async fn sweep<F: Future<Output = Option<Vec<Entry>>>>(
        &self,
        entries: impl Fn(Subject) -> F,
        older_than_micros: i64,
        limit: usize,
    ) -> Result<Swept, Error> {
        let limit = limit.clamp(1, SWEEP_SUBJECTS_MAX);
        let after = *held(&self.inner.swept);
        let before = first_id_of(older_than_micros);
        let seen = self.inner.store.subjects(after, before, limit).await?;
        // before the entries are read: what is put from now on is not looked at
        let put = self.put_for(&seen).await?;
        let (mut orphans, mut left_over) = (Vec::new(), Vec::new());
        for subject in &seen {
            let Some(entries) = entries(*subject).await else {
                continue;
            };
            // a municipality's id tells nothing of when its first entry was tried
            if entries.is_empty() && subject.kind != SubjectKind::Municipality {
                orphans.push(subject.id);
                continue;
            }
            let put = put.get(&subject.id).map_or(&[][..], Vec::as_slice);
            let over = put
                .iter()
                .filter(|id| is_left_over(id, put, &entries, before));
            left_over.extend(over);
        }
        let keys = if orphans.is_empty() && left_over.is_empty() {
            0
        } else {
            let change = Change::Sweep(orphans, left_over);
            self.inner.store.apply(change).await?
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

    /// The sealings that there are keys for, of subjects that follow each other.
    async fn put_for(&self, seen: &[Subject]) -> Result<BTreeMap<Uuid, Vec<KeysId>>, Error> {
        let mut put: BTreeMap<Uuid, Vec<KeysId>> = BTreeMap::new();
        if let (Some(first), Some(last)) = (seen.first(), seen.last()) {
            for id in self.inner.store.sealings(first.id, last.id).await? {
                put.entry(id.subject.id).or_default().push(id);
            }
        }
        Ok(put)
    }
}

/// Whether no entry that stands, and none that may still come, has a sealing's parts. `put` are all that there are keys
/// for: an entry that was damaged must not look as if it had another sealing's.
fn is_left_over(id: &KeysId, put: &[KeysId], entries: &[Entry], before: Uuid) -> bool {
    let newest = entries.last().map_or(Version(0), |entry| entry.version);
    if id.version > newest {
        return was_made_before(id.sealing, before);
    }
    let Some(entry) = entries.iter().find(|entry| entry.version == id.version) else {
        return false;
    };
    entry.sealed.iter().all(|part| {
        sealing_of(part).is_some_and(|sealing| {
            let is_put = |other: &KeysId| other.version == id.version && other.sealing == sealing;
            sealing != id.sealing && put.iter().any(is_put)
        })
    })
}

/// The smallest id that can be made at an instant: its milliseconds are the first 48 bits (RFC 9562).
fn first_id_of(micros: i64) -> Uuid {
    let millis = u128::try_from(micros / 1000)
        .unwrap_or(0)
        .min((1 << 48) - 1);
    Uuid::from_u128(millis << 80)
}
