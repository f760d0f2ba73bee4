//! Removing keys whose entry never came: a crash, or a call that was cut off, between the key store and the journal leaves
//! them. Keys of an entry that stands are never removed here, whatever became of its text, and whichever one value of the
//! record's tables or of the key store was changed: a row goes only when it opens where it stands, and when the entries
//! themselves, beside what finds them, say that none came to it.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use domain::entry::Entry;
use domain::subject::{SubjectKind, Version};
use uuid::Uuid;

use crate::limits::SWEEP_SUBJECTS_MAX;
use crate::part::{KeysId, sealing_of, was_made_before};
use crate::seal::row_data;
use crate::store::{Change, StoredBodyKeys, kind_number};
use crate::{Error, Vault, held};

/// What a sweep asks of the record. None where it cannot be read: then all is kept.
#[async_trait]
pub trait Record: Send + Sync {
    /// The entries that are found under an id, in version order, whatever they are about.
    async fn under(&self, id: Uuid) -> Option<Vec<Entry>>;
    /// The entries about some ids, in version order, looked for among all of the record's.
    async fn about(&self, ids: &BTreeSet<Uuid>) -> Option<Vec<Entry>>;
}

/// What one sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Subjects that it looked at.
    pub subjects: usize,
    /// Rows of keys that it removed.
    pub keys: usize,
    /// Whether it came to the end; the next one begins anew.
    pub done: bool,
    /// Subjects that it kept because a row of their keys is not what was put.
    pub damaged: Vec<Uuid>,
    /// Subjects that it kept because what finds their entries does not say what the entries do.
    pub contradicted: Vec<Uuid>,
}

/// What entries say of the keys to a subject.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// All is as it should be.
    Stays,
    /// None came to any of them.
    Orphan,
    /// None came to those of these sealings.
    LeftOver(Vec<KeysId>),
    /// They are about another kind of subject than the keys.
    OfAnotherKind,
    /// They are about another id.
    OfAnother,
}

impl Vault {
    /// Looks at the next `limit` subjects (at most a thousand) whose id was made before `older_than_micros` (since 1970),
    /// and removes the keys to what their entries do not hold: all of a subject without any, and of the others, and of
    /// municipalities, those that were made before that instant or come too late for their version. Choose an instant so
    /// long ago that no append of then can still be under way, an hour at least. The system itself is never swept.
    pub async fn sweep(
        &self,
        record: &dyn Record,
        older_than_micros: i64,
        limit: usize,
    ) -> Result<Swept, Error> {
        let limit = limit.clamp(1, SWEEP_SUBJECTS_MAX);
        let after = *held(&self.inner.swept);
        let before = first_id_of(older_than_micros);
        let seen = self.inner.store.subjects(after, before, limit).await?;
        let mut swept = Swept {
            subjects: seen.len(),
            done: seen.len() < limit,
            ..Swept::default()
        };
        // before the entries are read: what is put from now on is not looked at
        let put = self.put_for(&seen).await?;
        let mut going = BTreeMap::new();
        for (id, rows) in &put {
            let Some(entries) = record.under(*id).await else {
                continue;
            };
            match verdict(rows, &entries, before) {
                Verdict::Stays => {}
                Verdict::OfAnotherKind => swept.damaged.push(*id),
                Verdict::OfAnother => swept.contradicted.push(*id),
                goes @ (Verdict::Orphan | Verdict::LeftOver(_)) => {
                    going.insert(*id, (rows.as_slice(), goes));
                }
            }
        }
        swept.keys = self.remove(going, record, before, &mut swept).await?;
        // only now: what failed is looked at again
        *held(&self.inner.swept) = match seen.last() {
            Some(last) if !swept.done => *last,
            _ => Uuid::nil(),
        };
        Ok(swept)
    }

    /// The rows of keys that there are to some ids, which follow each other.
    async fn put_for(&self, seen: &[Uuid]) -> Result<BTreeMap<Uuid, Vec<StoredBodyKeys>>, Error> {
        let mut put: BTreeMap<Uuid, Vec<StoredBodyKeys>> = BTreeMap::new();
        if let (Some(first), Some(last)) = (seen.first(), seen.last()) {
            for row in self.inner.store.body_keys(*first, *last).await? {
                put.entry(row.subject).or_default().push(row);
            }
        }
        Ok(put)
    }

    /// Removes what no entry came to, when the entries themselves say so too and each row is what was put.
    async fn remove(
        &self,
        going: BTreeMap<Uuid, (&[StoredBodyKeys], Verdict)>,
        record: &dyn Record,
        before: Uuid,
        swept: &mut Swept,
    ) -> Result<usize, Error> {
        if going.is_empty() {
            return Ok(0);
        }
        let ids = going.keys().copied().collect();
        let Some(entries) = record.about(&ids).await else {
            return Ok(0);
        };
        let mut told: BTreeMap<Uuid, Vec<Entry>> = BTreeMap::new();
        for entry in entries {
            told.entry(entry.subject.id).or_default().push(entry);
        }
        let (mut orphans, mut left_over) = (Vec::new(), Vec::new());
        for (id, (rows, goes)) in going {
            let entries = told.get(&id).map_or(&[][..], Vec::as_slice);
            if verdict(rows, entries, before) != goes {
                swept.contradicted.push(id);
            } else if !self.open_where_they_stand(rows, &goes).await? {
                swept.damaged.push(id);
            } else if let Verdict::LeftOver(over) = goes {
                left_over.extend(over);
            } else {
                orphans.push(id);
            }
        }
        if orphans.is_empty() && left_over.is_empty() {
            return Ok(0);
        }
        let change = Change::Sweep(orphans, left_over);
        self.inner.store.apply(change).await
    }

    /// Whether all rows that would go are what was put.
    async fn open_where_they_stand(
        &self,
        rows: &[StoredBodyKeys],
        goes: &Verdict,
    ) -> Result<bool, Error> {
        let stays = |row: &StoredBodyKeys| {
            let id = row.id();
            matches!((goes, id), (Verdict::LeftOver(over), Some(id)) if !over.contains(&id))
        };
        for row in rows {
            if !stays(row) && !self.opens(row).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn opens(&self, row: &StoredBodyKeys) -> Result<bool, Error> {
        let (Some(id), Some((authority, epoch))) = (row.id(), row.wrapped_for()) else {
            return Ok(false);
        };
        match self.old_wrap_key(authority, epoch).await {
            Ok(Some(key)) => Ok(key
                .open(&row_data(&id, authority, epoch), &row.wrapped)
                .is_ok()),
            Ok(None) | Err(Error::Tampered) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// What the entries of a subject say of the rows of keys to it.
fn verdict(rows: &[StoredBodyKeys], entries: &[Entry], before: Uuid) -> Verdict {
    let municipality = i64::from(kind_number(SubjectKind::Municipality));
    // a municipality's id tells nothing of when its first entry was tried
    if entries.is_empty() && rows.iter().all(|row| row.kind != municipality) {
        return Verdict::Orphan;
    }
    let is_about = |entry: &Entry| rows.iter().all(|row| row.subject == entry.subject.id);
    if !entries.iter().all(is_about) {
        return Verdict::OfAnother;
    }
    let is_of_kind = |entry: &Entry| {
        let kind = i64::from(kind_number(entry.subject.kind));
        rows.iter().all(|row| row.kind == kind)
    };
    if !entries.iter().all(is_of_kind) {
        return Verdict::OfAnotherKind;
    }
    let put: Vec<KeysId> = rows.iter().filter_map(StoredBodyKeys::id).collect();
    let mut over: Vec<KeysId> = Vec::new();
    for id in &put {
        if !over.contains(id) && is_left_over(id, &put, entries, before) {
            over.push(*id);
        }
    }
    if over.is_empty() {
        Verdict::Stays
    } else {
        Verdict::LeftOver(over)
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
