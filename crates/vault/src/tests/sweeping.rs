//! Claims about what a sweep removes, and what it keeps.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use domain::entry::{Entry, Event};
use domain::subject::Position;
use futures_util::future::join_all;
use jiff::Timestamp;

use super::verifying::turned;
use super::*;
use crate::Record;
use crate::copy::TABLES;
use crate::limits::SWEEP_SUBJECTS_MAX;

/// A record, and how its entries are found.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) found: BTreeMap<Uuid, Vec<Entry>>,
    pub(super) all: Vec<Entry>,
    pub(super) is_read: fn(Uuid) -> bool,
}

impl Told {
    /// Each of its entries is found under what it is about.
    pub(super) fn by(entries: impl IntoIterator<Item = Entry>) -> Self {
        let all = Vec::from_iter(entries);
        let mut found: BTreeMap<Uuid, Vec<Entry>> = BTreeMap::new();
        for entry in &all {
            let of = found.entry(entry.subject.id).or_default();
            of.push(entry.clone());
        }
        Self {
            found,
            all,
            is_read: |_id| true,
        }
    }
}

#[async_trait]
impl Record for Told {
    async fn under(&self, id: Uuid) -> Option<Vec<Entry>> {
        let found = || self.found.get(&id).cloned().unwrap_or_default();
        (self.is_read)(id).then(found)
    }

    async fn about(&self, ids: &BTreeSet<Uuid>) -> Option<Vec<Entry>> {
        let about = self
            .all
            .iter()
            .filter(|entry| ids.contains(&entry.subject.id));
        ids.iter()
            .all(|id| (self.is_read)(*id))
            .then(|| about.cloned().collect())
    }
}

/// An instant after all that is made here.
fn soon() -> i64 {
    Timestamp::now().as_microsecond() + 3_600_000_000
}

/// An id made so many milliseconds after 1970.
fn made_at(millis: u64) -> Subject {
    let seconds = millis / 1000;
    let nanos = u32::try_from(millis % 1000).expect("small") * 1_000_000;
    let moment = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos);
    Subject::relocation(Uuid::new_v7(moment))
}

pub(super) async fn a_sweep_removes_old_orphans_only_and_goes_on_where_it_stopped(house: House) {
    let vault = house.vault().await;
    let subjects: Vec<_> = (1..=6).map(|index| made_at(index * 1000)).collect();
    let mut record = Vec::new();
    for subject in &subjects {
        let (shared, own) = put(&vault, *subject, "SOC 2026-1").await;
        record.push(entry(*subject, 1, &[shared, own]));
    }
    // the 2nd, 4th and 6th never reached the journal; the 6th may still do so
    let record = Told::by(record.into_iter().step_by(2));
    let mut seen = Vec::new();
    loop {
        let swept = vault.sweep(&record, 6_000_000, 2).await.expect("swept");
        seen.push((swept.subjects, swept.keys));
        if swept.done {
            break;
        }
    }
    assert_eq!(seen, [(2, 2), (2, 2), (1, 0)]);
    assert_eq!(house.count("body_keys").await, 8);
    assert_eq!(
        found(&vault, solna(), "SOC 2026-1").await,
        [subjects[5], subjects[4], subjects[2], subjects[0]]
    );
    // begun anew, nothing is left to remove, until the 6th is old too
    let swept = vault.sweep(&record, 6_000_000, 10).await.expect("swept");
    assert_eq!((swept.subjects, swept.keys, swept.done), (3, 0, true));
    let swept = vault.sweep(&record, 6_001_000, 10).await.expect("swept");
    assert_eq!((swept.subjects, swept.keys), (4, 2));
}

pub(super) async fn one_sweep_looks_at_a_thousand_subjects_at_most(house: House) {
    let vault = house.vault().await;
    let count = u64::try_from(SWEEP_SUBJECTS_MAX).expect("small") + 1;
    let callers = (1..=count).map(|index| put(&vault, made_at(index), "SOC 2026-1"));
    join_all(callers).await;
    // what cannot be read is kept
    let unread = Told {
        is_read: |_id| false,
        ..Told::by([])
    };
    let swept = vault.sweep(&unread, i64::MAX, usize::MAX).await;
    let swept = swept.expect("swept");
    let seen = (swept.subjects, swept.keys, swept.done);
    assert_eq!(seen, (SWEEP_SUBJECTS_MAX, 0, false));
    let no = Told::by([]);
    let swept = vault.sweep(&no, i64::MAX, 0).await.expect("swept");
    assert_eq!((swept.subjects, swept.keys, swept.done), (1, 2, false));
    // before 1970 nothing was made
    let swept = vault.sweep(&no, -1, 10).await.expect("swept");
    assert_eq!((swept.subjects, swept.done), (0, true));
}

/// An entry with sealed parts, as the journal holds it.
fn entry(subject: Subject, version: u32, sealed: &[SealedPart]) -> Entry {
    Entry {
        position: Position(version.into()),
        recorded_at: Timestamp::UNIX_EPOCH,
        subject,
        version: Version(version),
        event: Event::RelocationSupplemented,
        notices: Vec::new(),
        sealed: sealed.to_vec(),
    }
}

/// Seals a version and puts its keys, and the entry that it may come to.
async fn put_version(vault: &Vault, subject: Subject, version: u32) -> Entry {
    let own = Some((&b"what one may read"[..], solna()));
    let sealed = vault.seal(subject, Version(version), (solna(), heby()), None, own);
    let (parts, keys) = sealed.await.expect("sealed");
    vault.put(keys, Vec::new()).await.expect("put");
    entry(subject, version, &parts)
}

pub(super) async fn keys_that_no_entry_came_to_go_and_those_of_an_entry_stay(house: House) {
    let vault = house.vault().await;
    let one = made_at(1000);
    let (shared, own) = put(&vault, one, "SOC 2026-1").await;
    let first = entry(one, 1, &[shared, own]);
    // of two that raced for the second version one came first; the next was cut off, and another one is on its way
    put_version(&vault, one, 2).await;
    let second = put_version(&vault, one, 2).await;
    put_version(&vault, one, 3).await;
    assert_eq!(house.count("body_keys").await, 5);
    let swept = async |record: &[Entry], older_than: i64| {
        let record = Told::by(record.to_vec());
        let swept = vault.sweep(&record, older_than, 10).await.expect("swept");
        assert!(swept.done);
        swept.keys
    };
    let soon = soon();
    let record = [first, second];

    // an entry that was damaged tells of no sealing, and nothing is taken for another one's
    let mut damaged = record.clone();
    damaged[1].sealed[0].ciphertext[7] ^= 1;
    assert_eq!(swept(&damaged, 5_000_000).await, 0, "another sealing");
    damaged[1].sealed[0].ciphertext[0] ^= 1;
    assert_eq!(swept(&damaged, 5_000_000).await, 0, "no sealing");
    // the third version may still come
    assert_eq!(swept(&record, 5_000_000).await, 1);
    assert_eq!(swept(&record, 5_000_000).await, 0);
    assert_eq!(swept(&record, soon).await, 1);
    assert_eq!(swept(&record, soon).await, 0);
    let mut opened = Vec::new();
    for entry in &record {
        for part in &entry.sealed {
            opened.push(open_version(&vault, entry, part).await);
        }
    }
    assert_eq!(opened, [true, true, true]);
    assert_eq!(found(&vault, solna(), "SOC 2026-1").await, [one]);
    // one of an earlier program does not tell when it was made: it goes when its version is taken
    let own = Some((&b"what one may read"[..], solna()));
    let sealed = vault.seal(one, Version(3), (solna(), heby()), None, own);
    let (_parts, keys) = sealed.await.expect("sealed");
    let random = Uuid::from_u128(0x0190_f4f0_0000_4000_8000_0000_0000_0000);
    let put = vault.put(keys.of_sealing(random.into_bytes()), Vec::new());
    put.await.expect("put");
    assert_eq!(swept(&record, soon).await, 0);
    let [first, second] = record;
    let without_parts = entry(one, 3, &[]);
    assert_eq!(swept(&[first, second, without_parts], soon).await, 1);
}

pub(super) async fn keys_to_a_municipalitys_first_entry_stay_while_it_may_come(house: House) {
    let vault = house.vault().await;
    let first = put_version(&vault, Subject::municipality(solna()), 1).await;
    let none = Told::by([]);
    let swept = vault.sweep(&none, 5_000_000, 10).await.expect("swept");
    assert_eq!((swept.subjects, swept.keys), (1, 0));
    assert!(open_version(&vault, &first, &first.sealed[0]).await);
    let swept = vault.sweep(&none, soon(), 10).await.expect("swept");
    assert_eq!((swept.subjects, swept.keys), (1, 1));
}

#[expect(
    clippy::disallowed_methods,
    reason = "the key store itself is looked into"
)]
async fn open_version(vault: &Vault, entry: &Entry, part: &SealedPart) -> bool {
    let parties = (solna(), heby());
    let opened = vault.open_part(solna(), entry.subject, entry.version, parties, part);
    opened.await.expect("no fault").is_some()
}

/// Sweeps all, as if all were old, and removes nothing. Tells what was found damaged, and what contradicted.
async fn kept(vault: &Vault, record: &Told) -> (Vec<Uuid>, Vec<Uuid>) {
    let swept = vault.sweep(record, soon(), 10).await.expect("swept");
    assert_eq!((swept.keys, swept.done), (0, true), "{swept:?}");
    (swept.damaged, swept.contradicted)
}

/// The first version of a subject, with rows of two, and the second, with one.
async fn put_both(vault: &Vault, subject: Subject) -> [Entry; 2] {
    let (shared, own) = put(vault, subject, "SOC 2026-1").await;
    let first = entry(subject, 1, &[shared, own]);
    [first, put_version(vault, subject, 2).await]
}

pub(super) async fn a_turned_bit_in_a_row_of_keys_lets_a_sweep_remove_nothing(house: House) {
    let vault = house.vault().await;
    let record = Told::by(put_both(&vault, made_at(1000)).await);
    assert_eq!(kept(&vault, &record).await, (vec![], vec![]));
    let table = TABLES.iter().find(|table| table.name == "body_keys");
    let table = table.expect("one of them");
    let rows = house.literals(table).await;
    assert_eq!(rows.len(), 3);
    let mut told = Vec::new();
    for (nth, (column, _form)) in table.columns.iter().enumerate() {
        for row in &rows {
            let mut changed = row.clone();
            changed[nth] = turned(&row[nth]);
            house.set(table, row, (nth, &changed[nth])).await;
            let (damaged, contradicted) = kept(&vault, &record).await;
            assert!(contradicted.is_empty(), "{column}");
            if !damaged.is_empty() {
                told.push((*column, row[1].trim_matches('\'').to_owned()));
            }
            house.set(table, &changed, (nth, &row[nth])).await;
        }
    }
    // what else was changed lets nothing look left over
    let expected = [
        ("subject", ["1", "1", "2"].as_slice()),
        ("version", &["2"]),
        ("sealing", &["1", "1"]),
        ("kind", &["1", "1", "2"]),
    ];
    let expected = expected.iter().flat_map(|(column, versions)| {
        versions
            .iter()
            .map(|version| (*column, (*version).to_owned()))
    });
    assert_eq!(told, expected.collect::<Vec<_>>());
}

pub(super) async fn entries_that_are_not_found_keep_their_keys(house: House) {
    let vault = house.vault().await;
    let (one, other) = (made_at(1000), made_at(2000));
    let [first, second] = put_both(&vault, one).await;
    let right = Told::by([first.clone(), second.clone()]);
    let elsewhere = entry(other, 1, &[]);
    for (what, found) in [
        ("none is found", vec![]),
        ("the newest is not found", vec![first.clone()]),
        ("what is found is another's", vec![first, elsewhere]),
    ] {
        let record = Told {
            found: [(one.id, found)].into(),
            ..right.clone()
        };
        assert_eq!(
            kept(&vault, &record).await,
            (vec![], vec![one.id]),
            "{what}"
        );
    }
    // it cannot be told which entries there are
    let unread = Told {
        found: BTreeMap::new(),
        ..right.clone()
    };
    let unread = HalfRead(unread);
    let swept = vault.sweep(&unread, soon(), 10).await.expect("swept");
    assert_eq!((swept.keys, swept.contradicted), (0, vec![]));
    assert_eq!(house.count("body_keys").await, 3);
    assert_eq!(found(&vault, solna(), "SOC 2026-1").await, [one]);
}

/// What finds entries is read, and not all of them are.
struct HalfRead(Told);

#[async_trait]
impl Record for HalfRead {
    async fn under(&self, id: Uuid) -> Option<Vec<Entry>> {
        self.0.under(id).await
    }

    async fn about(&self, _ids: &BTreeSet<Uuid>) -> Option<Vec<Entry>> {
        None
    }
}
