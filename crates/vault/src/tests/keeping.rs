//! Claims about what is found, remembered and written.

use std::pin::pin;
use std::task::{Context, Waker};

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::task::yield_now;

use super::*;
use crate::limits::{ACCESSES_MAX, FOUND_MAX, SMALL_BYTES_MAX};
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
