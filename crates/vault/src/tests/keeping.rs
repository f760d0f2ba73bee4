//! Claims about what is found, remembered and swept.

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::*;
use crate::SearchTerm;
use crate::limits::{ACCESSES_MAX, FOUND_MAX, SMALL_BYTES_MAX, SWEEP_SUBJECTS_MAX};

#[tokio::test]
async fn a_search_finds_the_newest_hundred_with_their_kinds() {
    let house = House::new();
    let vault = house.vault();
    let term = SearchTerm::CaseNumber("SOC 2026-1");
    let token = vault.search_token(solna(), term).expect("a token");
    let arrival = Subject::arrival(Uuid::from_u128(1000));
    let subjects = (1..=FOUND_MAX).map(|id| subject(u128::try_from(id).expect("small")));
    for subject in subjects.chain([arrival]) {
        let (_shared, _own, keys) = seal(&vault, subject).expect("sealed");
        let row = vault.search_row(solna(), term, subject).expect("a row");
        vault.put(keys, vec![row]).await.expect("put");
    }
    let found = vault.search(solna(), token).expect("no fault");
    assert_eq!(found.len(), FOUND_MAX);
    assert_eq!(found.first(), Some(&arrival));
    assert_eq!(found.last(), Some(&subject(2)));
    assert!(found.is_sorted_by(|newer, older| newer.id > older.id));
    assert_eq!(vault.search(heby(), token).expect("no fault"), []);
}

#[tokio::test]
async fn accesses_are_read_back_by_their_authority_newest_first() {
    let house = House::new();
    let vault = house.vault();
    let at = |micros| Timestamp::from_microsecond(micros).expect("an instant");
    for micros in [1_000_001, 2_000_002] {
        let actor = format!("officer at {micros}");
        vault
            .record_access(solna(), subject(1), at(micros), actor.as_bytes())
            .await
            .expect("recorded");
    }
    let read = vault.accesses(solna(), subject(1)).expect("no fault");
    let found: Vec<_> = read
        .iter()
        .map(|access| (access.at, access.actor.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            (at(2_000_002), Some(b"officer at 2000002".as_slice())),
            (at(1_000_001), Some(b"officer at 1000001".as_slice())),
        ]
    );
    assert_eq!(vault.accesses(heby(), subject(1)).expect("no fault"), []);
    // a row that was moved to another instant is a fault
    vault
        .inner
        .store
        .write_now(|transaction| {
            Ok(transaction.execute("UPDATE accesses SET at_micros = at_micros + 1", [])?)
        })
        .expect("altered");
    assert!(matches!(
        vault.accesses(solna(), subject(1)),
        Err(Error::Tampered)
    ));
}

#[tokio::test]
async fn an_access_log_takes_actors_up_to_the_bound_and_shows_its_newest_thousand() {
    let house = House::new();
    let vault = house.vault();
    let record = async |bytes: usize| {
        let actor = vec![0; bytes];
        vault
            .record_access(solna(), subject(1), Timestamp::UNIX_EPOCH, &actor)
            .await
    };
    record(SMALL_BYTES_MAX).await.expect("as large");
    assert!(matches!(
        record(SMALL_BYTES_MAX + 1).await,
        Err(Error::TooLarge(_))
    ));
    let mut callers = JoinSet::new();
    for _ in 0..ACCESSES_MAX {
        let vault = vault.clone();
        callers.spawn(async move {
            vault
                .record_access(solna(), subject(1), Timestamp::UNIX_EPOCH, b"officer")
                .await
                .expect("recorded");
        });
    }
    callers.join_all().await;
    let read = vault.accesses(solna(), subject(1)).expect("no fault");
    assert_eq!(read.len(), ACCESSES_MAX);
    assert!(
        read.iter()
            .all(|access| access.actor.as_deref() == Some(b"officer"))
    );
}

/// An id made so many milliseconds after 1970.
fn made_at(millis: u64) -> Subject {
    let seconds = millis / 1000;
    let nanos = u32::try_from(millis % 1000).expect("small") * 1_000_000;
    let moment = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos);
    Subject::relocation(Uuid::new_v7(moment))
}

#[tokio::test]
async fn a_sweep_removes_old_orphans_only_and_goes_on_where_it_stopped() {
    let house = House::new();
    let vault = house.vault();
    let term = SearchTerm::CaseNumber("SOC 2026-1");
    let subjects: Vec<_> = (1..=6).map(|index| made_at(index * 1000)).collect();
    for subject in &subjects {
        let (_shared, _own, keys) = seal(&vault, *subject).expect("sealed");
        let row = vault.search_row(solna(), term, *subject).expect("a row");
        vault.put(keys, vec![row]).await.expect("put");
    }
    // the 2nd, 4th and 6th never reached the journal; the 6th may still do so
    let exists = |subject: Subject| {
        let index = subjects.iter().position(|known| *known == subject);
        index.is_some_and(|index| index % 2 == 0)
    };
    let mut seen = Vec::new();
    loop {
        let swept = vault.sweep(exists, 6_000_000, 2).await.expect("swept");
        seen.push((swept.subjects, swept.keys));
        if swept.done {
            break;
        }
    }
    assert_eq!(seen, [(2, 2), (2, 2), (1, 0)]);
    assert_eq!(key_rows(&vault), 8);
    let token = vault.search_token(solna(), term).expect("a token");
    assert_eq!(
        vault.search(solna(), token).expect("no fault"),
        [subjects[5], subjects[4], subjects[2], subjects[0]]
    );
    // begun anew, nothing is left to remove, until the 6th is old too
    let swept = vault.sweep(exists, 6_000_000, 10).await.expect("swept");
    assert_eq!((swept.subjects, swept.keys, swept.done), (3, 0, true));
    let swept = vault.sweep(exists, 6_001_000, 10).await.expect("swept");
    assert_eq!((swept.subjects, swept.keys), (4, 2));
}

#[tokio::test]
async fn one_sweep_looks_at_a_thousand_subjects_at_most() {
    let house = House::new();
    let vault = house.vault();
    let count = u64::try_from(SWEEP_SUBJECTS_MAX).expect("small") + 1;
    let mut callers = JoinSet::new();
    for index in 1..=count {
        let vault = vault.clone();
        callers.spawn(async move {
            let (_shared, _own, keys) = seal(&vault, made_at(index)).expect("sealed");
            vault.put(keys, Vec::new()).await.expect("put");
        });
    }
    callers.join_all().await;
    let swept = vault
        .sweep(|_| true, i64::MAX, usize::MAX)
        .await
        .expect("swept");
    assert_eq!((swept.subjects, swept.done), (SWEEP_SUBJECTS_MAX, false));
    let swept = vault.sweep(|_| false, i64::MAX, 0).await.expect("swept");
    assert_eq!((swept.subjects, swept.keys, swept.done), (1, 2, false));
    // before 1970 nothing was made
    let swept = vault.sweep(|_| false, -1, 10).await.expect("swept");
    assert_eq!((swept.subjects, swept.done), (0, true));
}
