//! Claims about what is found, remembered, swept and written.

use std::pin::pin;
use std::task::{Context, Waker};

use domain::entry::{Entry, Event};
use domain::subject::Position;
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::task::yield_now;

use super::*;
use crate::limits::{ACCESSES_MAX, FOUND_MAX, SMALL_BYTES_MAX, SWEEP_SUBJECTS_MAX};
use crate::{AccessFilter, AccessPlace, Accessed, NewAccess, OpenError};

pub(super) async fn a_search_finds_the_newest_hundred_with_their_kinds(house: House) {
    let vault = house.vault().await;
    let arrival = Subject::arrival(Uuid::from_u128(1000));
    let subjects = (1..=FOUND_MAX).map(|id| subject(u128::try_from(id).expect("small")));
    for subject in subjects.chain([arrival]) {
        put(&vault, subject, "SOC 2026-1").await;
    }
    put(&vault, subject(2000), "SOC 2026-2").await;
    let subjects = found(&vault, solna(), "SOC 2026-1").await;
    assert_eq!(subjects.len(), FOUND_MAX);
    assert_eq!(subjects.first(), Some(&arrival));
    assert_eq!(subjects.last(), Some(&subject(2)));
    assert!(subjects.is_sorted_by(|newer, older| newer.id > older.id));
    assert_eq!(found(&vault, heby(), "SOC 2026-1").await, []);
    // of each of several terms, and everything once
    put(&vault, subject(2000), "SOC 2026-1").await;
    let terms = ["SOC 2026-2", "SOC 2026-3", "SOC 2026-1"];
    let all = found_under(&vault, solna(), &terms).await;
    assert_eq!(all.len(), FOUND_MAX);
    assert_eq!(all.first(), Some(&subject(2000)));
    put(&vault, subject(1), "SOC 2026-3").await;
    let all = found_under(&vault, solna(), &terms).await;
    assert_eq!(all.len(), FOUND_MAX + 1, "a hundred of each");
    assert_eq!(all.last(), Some(&subject(1)));
    assert_eq!(found_under(&vault, solna(), &[]).await, []);
}

pub(super) async fn accesses_are_read_back_by_their_authority_newest_first(house: House) {
    let vault = house.vault().await;
    let at = |micros| Timestamp::from_microsecond(micros).expect("an instant");
    for micros in [1_000_001, 2_000_002] {
        let actor = format!("officer at {micros}");
        vault
            .record_access(access(subject(1), at(micros), actor.as_bytes()))
            .await
            .expect("recorded");
    }
    let read = async |who| accesses(&vault, who, subject(1)).await;
    let seen = read(solna()).await.expect("no fault");
    let found: Vec<_> = seen
        .iter()
        .map(|access| (access.at, access.content.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            (at(2_000_002), Some(b"officer at 2000002".as_slice())),
            (at(1_000_001), Some(b"officer at 1000001".as_slice())),
        ]
    );
    assert_eq!(read(heby()).await.expect("no fault"), []);
    // a row that was moved to another instant is a fault
    house
        .alter("UPDATE accesses SET at_micros = at_micros + 1;")
        .await;
    assert!(matches!(read(solna()).await, Err(Error::Tampered)));
}

pub(super) async fn an_access_log_takes_actors_up_to_the_bound_and_shows_its_newest_thousand(
    house: House,
) {
    let vault = house.vault().await;
    let record = async |actor: Vec<u8>| {
        vault
            .record_access(access(subject(1), Timestamp::UNIX_EPOCH, &actor))
            .await
    };
    record(vec![0; SMALL_BYTES_MAX]).await.expect("as large");
    let result = record(vec![0; SMALL_BYTES_MAX + 1]).await;
    assert!(matches!(result, Err(Error::TooLarge(_))));
    let callers = (0..ACCESSES_MAX).map(|_| record(b"officer".to_vec()));
    for recorded in join_all(callers).await {
        recorded.expect("recorded");
    }
    let read = accesses(&vault, solna(), subject(1)).await;
    let read = read.expect("no fault");
    assert_eq!(read.len(), ACCESSES_MAX);
    let officer = Some(b"officer".as_slice());
    assert!(
        read.iter()
            .all(|access| access.content.as_deref() == officer)
    );
}

pub(super) async fn accesses_are_found_by_officer_subject_and_period_in_pages(house: House) {
    let vault = house.vault().await;
    let at = |micros| Timestamp::from_microsecond(micros).expect("an instant");
    let search = Accessed::Search([7; 16]);
    // two at one instant, and a search
    for (micros, officer, what) in [
        (10, "one", Accessed::Subject(subject(1))),
        (20, "two", Accessed::Subject(subject(1))),
        (20, "one", Accessed::Subject(subject(2))),
        (30, "one", search),
    ] {
        let new = NewAccess {
            authority: solna(),
            what,
            at: at(micros),
            officer,
            content: officer.as_bytes(),
        };
        vault.record_access(new).await.expect("recorded");
    }
    let found = async |filter: AccessFilter<'_>| {
        let (mut seen, mut before) = (Vec::new(), AccessPlace::END);
        loop {
            let page = vault.accesses(solna(), &filter, before, 1).await;
            let Some(access) = page.expect("no fault").pop() else {
                return seen;
            };
            before = access.place;
            seen.push((access.at.as_microsecond(), access.what));
        }
    };
    let all = AccessFilter::default();
    let one = Accessed::Subject(subject(1));
    let two = Accessed::Subject(subject(2));
    let everything = [(30, search), (20, two), (20, one), (10, one)];
    assert_eq!(found(all).await, everything);
    let of_one = AccessFilter {
        officer: Some("one"),
        ..all
    };
    assert_eq!(found(of_one).await, [(30, search), (20, two), (10, one)]);
    let to_one = AccessFilter {
        what: Some(one),
        ..all
    };
    assert_eq!(found(to_one).await, [(20, one), (10, one)]);
    let both = AccessFilter {
        officer: Some("one"),
        ..to_one
    };
    assert_eq!(found(both).await, [(10, one)]);
    let searched = AccessFilter {
        what: Some(search),
        ..all
    };
    assert_eq!(found(searched).await, [(30, search)]);
    let between = AccessFilter {
        from: Some(at(11)),
        until: Some(at(30)),
        ..all
    };
    assert_eq!(found(between).await, [(20, two), (20, one)]);
    let counted = vault.count_accesses(solna(), at(11), at(30)).await;
    assert_eq!(counted.expect("no fault"), 2);
    let nobody = AccessFilter {
        officer: Some("three"),
        ..all
    };
    assert_eq!(found(nobody).await, []);
}

pub(super) async fn an_access_from_before_kinds_were_kept_is_read_as_it_was(house: House) {
    let vault = house.vault().await;
    let arrival = Subject::arrival(Uuid::from_u128(5));
    let new = access(arrival, Timestamp::UNIX_EPOCH, b"somebody");
    let recorded = vault.record_access_as_before(new).await;
    recorded.expect("recorded");
    house
        .alter("UPDATE accesses SET kind = 0, officer = subject;")
        .await;
    let read = accesses(&vault, solna(), arrival).await.expect("no fault");
    let read = read.first().expect("one");
    assert_eq!(read.what, Accessed::Subject(arrival));
    assert_eq!(read.content.as_deref(), Some(b"somebody".as_slice()));
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
    let entries = async |subject: Subject| {
        let index = subjects.iter().position(|known| *known == subject);
        let there = index.filter(|index| index % 2 == 0);
        Some(Vec::from_iter(there.map(|index| record[index].clone())))
    };
    let mut seen = Vec::new();
    loop {
        let swept = vault.sweep(entries, 6_000_000, 2).await.expect("swept");
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
    let swept = vault.sweep(entries, 6_000_000, 10).await.expect("swept");
    assert_eq!((swept.subjects, swept.keys, swept.done), (3, 0, true));
    let swept = vault.sweep(entries, 6_001_000, 10).await.expect("swept");
    assert_eq!((swept.subjects, swept.keys), (4, 2));
}

pub(super) async fn one_sweep_looks_at_a_thousand_subjects_at_most(house: House) {
    let vault = house.vault().await;
    let count = u64::try_from(SWEEP_SUBJECTS_MAX).expect("small") + 1;
    let callers = (1..=count).map(|index| put(&vault, made_at(index), "SOC 2026-1"));
    join_all(callers).await;
    // what cannot be read is kept
    let unread = async |_| None;
    let swept = vault.sweep(unread, i64::MAX, usize::MAX).await;
    let swept = swept.expect("swept");
    let seen = (swept.subjects, swept.keys, swept.done);
    assert_eq!(seen, (SWEEP_SUBJECTS_MAX, 0, false));
    let no = async |_| Some(Vec::new());
    let swept = vault.sweep(no, i64::MAX, 0).await.expect("swept");
    assert_eq!((swept.subjects, swept.keys, swept.done), (1, 2, false));
    // before 1970 nothing was made
    let swept = vault.sweep(no, -1, 10).await.expect("swept");
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
        let entries = async |_| Some(record.to_vec());
        let swept = vault.sweep(entries, older_than, 10).await.expect("swept");
        assert!(swept.done);
        swept.keys
    };
    let soon = Timestamp::now().as_microsecond() + 3_600_000_000;
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
    put_version(&vault, one, 3).await;
    let random = "UPDATE body_keys SET sealing = ";
    let random = match house.database {
        Some(_) => format!("{random} '0190f4f0-0000-4000-8000-000000000000' WHERE version = 3;"),
        None => format!("{random} x'0190f4f0000040008000000000000000' WHERE version = 3;"),
    };
    house.alter(&random).await;
    assert_eq!(swept(&record, soon).await, 0);
    let [first, second] = record;
    let without_parts = entry(one, 3, &[]);
    assert_eq!(swept(&[first, second, without_parts], soon).await, 1);
}

pub(super) async fn keys_to_a_municipalitys_first_entry_stay_while_it_may_come(house: House) {
    let vault = house.vault().await;
    let first = put_version(&vault, Subject::municipality(solna()), 1).await;
    let none = async |_| Some(Vec::new());
    let swept = vault.sweep(none, 5_000_000, 10).await.expect("swept");
    assert_eq!((swept.subjects, swept.keys), (1, 0));
    assert!(open_version(&vault, &first, &first.sealed[0]).await);
    let soon = Timestamp::now().as_microsecond() + 3_600_000_000;
    let swept = vault.sweep(none, soon, 10).await.expect("swept");
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

pub(super) async fn what_was_handed_over_is_written_though_nobody_waits_for_it(house: House) {
    let vault = house.vault().await;
    for id in 1..=300 {
        let (_shared, _own, keys) = seal(&vault, subject(id)).await;
        // handed over, then given up
        let mut put = pin!(vault.put(keys, Vec::new()));
        let _pending = put.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        yield_now().await;
    }
    // changes are made in their order
    put(&vault, subject(301), "SOC 2026-1").await;
    assert_eq!(house.count("body_keys").await, 602);
}

pub(super) async fn another_root_key_is_refused_by_name_and_a_false_one_by_proof(house: House) {
    drop(house.vault().await);
    let path = house.folder.path().join("other.key");
    let other = RootKey::create(&path).expect("a root key");
    let error = house.open(other).await.expect_err("refused");
    assert!(matches!(&error, OpenError::WrongRoot { wanted, .. } if wanted == house.root().id()));
    let text = fs::read_to_string(&path).expect("text");
    let key = text.lines().nth(1).expect("a second line");
    fs::write(&path, format!("id {}\n{key}\n", house.root().id())).expect("written");
    let other = RootKey::read(&path).expect("a root key");
    let error = house.open(other).await.expect_err("refused");
    assert!(matches!(error, OpenError::Root(Error::FalseRoot(id)) if id == house.root().id()));
    drop(house.vault().await);
}
