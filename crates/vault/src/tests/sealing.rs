//! Claims about who can open what, and for how long.

use domain::entry::Part;

use super::*;
use crate::limits::{PART_READERS_MAX, PUT_TOKENS_MAX};
use crate::{SearchTerm, verify_commitment};

#[tokio::test]
async fn both_read_the_shared_part_and_the_acting_one_its_own() {
    let house = House::new();
    let vault = house.vault();
    let (shared, own, keys) = seal(&vault, subject(1)).expect("sealed");
    vault.put(keys, Vec::new()).await.expect("put");
    let read = |who, part| open(&vault, who, subject(1), part).expect("no fault");
    let body = b"what both may read".as_slice();
    assert_eq!(read(solna(), &shared).as_deref(), Some(body));
    assert_eq!(read(heby(), &shared).as_deref(), Some(body));
    assert_eq!(
        read(solna(), &own).as_deref(),
        Some(b"what one may read".as_slice())
    );
    assert_eq!(read(heby(), &own), None);
    assert_eq!(read(kiruna(), &shared), None);
}

#[tokio::test]
async fn a_part_says_nothing_before_its_keys_are_put() {
    let house = House::new();
    let vault = house.vault();
    let (shared, _own, _keys) = seal(&vault, subject(1)).expect("sealed");
    assert_eq!(
        open(&vault, solna(), subject(1), &shared).expect("no fault"),
        None
    );
}

#[tokio::test]
async fn a_part_in_another_place_is_a_fault() {
    let house = House::new();
    let vault = house.vault();
    let (shared, own, keys) = seal(&vault, subject(1)).expect("sealed");
    vault.put(keys, Vec::new()).await.expect("put");
    let read =
        |parties, part: &SealedPart| vault.open(solna(), subject(1), Version(1), parties, part);
    assert!(read((solna(), heby()), &shared).is_ok());
    for parties in [(heby(), solna()), (solna(), kiruna()), (kiruna(), heby())] {
        assert!(matches!(read(parties, &shared), Err(Error::Tampered)));
    }
    let moved = SealedPart {
        part: Part::Own,
        ..shared.clone()
    };
    assert!(matches!(
        read((solna(), heby()), &moved),
        Err(Error::Tampered)
    ));
    let swapped = SealedPart {
        commitment: own.commitment,
        ..shared.clone()
    };
    assert!(matches!(
        read((solna(), heby()), &swapped),
        Err(Error::Tampered)
    ));
    let unknown_format = SealedPart {
        ciphertext: vec![2; 80],
        ..shared
    };
    assert!(matches!(
        read((solna(), heby()), &unknown_format),
        Err(Error::Tampered)
    ));
    // keys are found under their own subject and version only
    for (id, version) in [(2, 1), (1, 2)] {
        let found = vault.open(
            solna(),
            subject(id),
            Version(version),
            (solna(), heby()),
            &own,
        );
        assert_eq!(found.expect("no fault"), None);
    }
}

#[tokio::test]
async fn a_row_of_keys_that_was_moved_is_a_fault() {
    let house = House::new();
    let vault = house.vault();
    let (shared, own, keys) = seal(&vault, subject(1)).expect("sealed");
    vault.put(keys, Vec::new()).await.expect("put");
    vault.fingerprint(heby(), b"").expect("a hash");
    let alter = |sql: &str| {
        vault
            .inner
            .store
            .write_now(|transaction| Ok(transaction.execute_batch(sql)?))
            .expect("altered");
    };
    alter("DELETE FROM body_keys WHERE authority = 331; UPDATE body_keys SET authority = 331;");
    for part in [&shared, &own] {
        assert!(matches!(
            open(&vault, heby(), subject(1), part),
            Err(Error::Tampered)
        ));
    }
    alter("UPDATE body_keys SET authority = 184, kind = 3;");
    assert!(
        open(&vault, solna(), subject(1), &own)
            .expect("no fault")
            .is_some()
    );
    alter("UPDATE body_keys SET version = 2;");
    assert!(matches!(
        vault.open(solna(), subject(1), Version(2), (solna(), heby()), &own),
        Err(Error::Tampered)
    ));
}

#[tokio::test]
async fn erasing_at_one_authority_is_final_and_leaves_the_other() {
    let house = House::new();
    let vault = house.vault();
    let (shared, own, keys) = seal(&vault, subject(1)).expect("sealed");
    let (shared_2, _own, keys_2) = seal(&vault, subject(2)).expect("sealed");
    let wrapped: Vec<_> = keys.rows().iter().map(|row| row.wrapped.clone()).collect();
    let term = SearchTerm::CaseNumber("SOC 2026-1");
    let row = |who, id| vault.search_row(who, term, subject(id)).expect("a row");
    vault
        .put(keys, vec![row(solna(), 1), row(heby(), 1)])
        .await
        .expect("put");
    vault.put(keys_2, vec![row(solna(), 2)]).await.expect("put");

    assert_eq!(vault.erase(solna(), subject(1)).await.expect("erased"), 1);
    assert_eq!(vault.erase(solna(), subject(1)).await.expect("nothing"), 0);
    let read = |who, id, part| open(&vault, who, subject(id), part).expect("no fault");
    assert_eq!(read(solna(), 1, &shared), None);
    assert_eq!(read(solna(), 1, &own), None);
    assert!(read(heby(), 1, &shared).is_some());
    assert!(read(solna(), 2, &shared_2).is_some());
    let found = |who| {
        let token = vault.search_token(who, term).expect("a token");
        vault.search(who, token).expect("no fault")
    };
    assert_eq!(found(solna()), [subject(2)]);
    assert_eq!(found(heby()), [subject(1)]);
    // rows stand in the order of authorities; no copy is left in the file or its log
    assert!(!house.holds(&wrapped[0]));
    assert!(house.holds(&wrapped[1]));
}

#[tokio::test]
async fn two_sealings_of_one_version_do_not_touch_each_other() {
    let house = House::new();
    let vault = house.vault();
    let (first, _own, keys_first) = seal(&vault, subject(1)).expect("sealed");
    let (second, _own, keys_second) = seal(&vault, subject(1)).expect("sealed");
    let refused = keys_second.id();
    let term = SearchTerm::CaseNumber("SOC 2026-1");
    let row = vault.search_row(solna(), term, subject(1)).expect("a row");
    let token = row.token;
    vault.put(keys_first, vec![row.clone()]).await.expect("put");
    vault.put(keys_second, vec![row]).await.expect("put");
    let read = |part| open(&vault, heby(), subject(1), part).expect("no fault");
    assert!(read(&first).is_some() && read(&second).is_some());
    vault.drop_keys(refused).await.expect("dropped");
    assert!(read(&first).is_some());
    assert_eq!(read(&second), None);
    assert_eq!(
        vault.search(solna(), token).expect("no fault"),
        [subject(1)]
    );
}

#[tokio::test]
async fn a_subject_whose_only_keys_are_dropped_is_no_longer_found() {
    let house = House::new();
    let vault = house.vault();
    let (_shared, _own, keys) = seal(&vault, subject(1)).expect("sealed");
    let id = keys.id();
    let term = SearchTerm::CaseNumber("SOC 2026-1");
    let row = vault.search_row(solna(), term, subject(1)).expect("a row");
    let token = row.token;
    vault.put(keys, vec![row]).await.expect("put");
    assert_eq!(
        vault.search(solna(), token).expect("no fault"),
        [subject(1)]
    );
    vault.drop_keys(id).await.expect("dropped");
    assert_eq!(vault.search(solna(), token).expect("no fault"), []);
}

#[tokio::test]
async fn a_new_year_wraps_with_a_new_key_and_the_old_ones_still_open() {
    let house = House::new();
    let vault = house.vault();
    let (old, _own, keys) = seal(&vault, subject(1)).expect("sealed");
    assert!(keys.rows().iter().all(|row| row.epoch == YEAR));
    vault.put(keys, Vec::new()).await.expect("put");
    vault.enter_epoch(YEAR + 1);
    vault.enter_epoch(YEAR);
    let (new, _own, keys) = seal(&vault, subject(2)).expect("sealed");
    assert!(keys.rows().iter().all(|row| row.epoch == YEAR + 1));
    vault.put(keys, Vec::new()).await.expect("put");
    drop(vault);
    let vault = house.vault();
    assert!(
        open(&vault, heby(), subject(1), &old)
            .expect("no fault")
            .is_some()
    );
    assert!(
        open(&vault, heby(), subject(2), &new)
            .expect("no fault")
            .is_some()
    );
}

#[tokio::test]
async fn an_opened_part_proves_its_commitment() {
    let house = House::new();
    let vault = house.vault();
    let (shared, _own, keys) = seal(&vault, subject(1)).expect("sealed");
    vault.put(keys, Vec::new()).await.expect("put");
    let opened = vault
        .open_part(heby(), subject(1), Version(1), (solna(), heby()), &shared)
        .expect("no fault")
        .expect("a body");
    assert!(verify_commitment(
        Part::Shared,
        &opened.salt,
        &opened.body,
        &shared.commitment
    ));
}

#[test]
fn an_entry_may_have_one_part_or_none() {
    let house = House::new();
    let vault = house.vault();
    let seal = |shared, own| {
        vault
            .seal(subject(1), Version(1), (solna(), heby()), shared, own)
            .expect("sealed")
    };
    let (parts, keys) = seal(None, Some((b"own".as_slice(), solna())));
    assert_eq!(
        (parts.len(), parts[0].part, keys.rows().len()),
        (1, Part::Own, 1)
    );
    // a reader named twice holds one key
    let readers = [solna(), solna()];
    let (parts, keys) = seal(Some((b"shared".as_slice(), readers.as_slice())), None);
    assert_eq!(
        (parts.len(), parts[0].part, keys.rows().len()),
        (1, Part::Shared, 1)
    );
    let (parts, keys) = seal(None, None);
    assert_eq!((parts.len(), keys.rows().len()), (0, 0));
}

#[tokio::test]
async fn as_many_readers_and_search_rows_as_the_bounds_say_and_no_more() {
    let house = House::new();
    let vault = house.vault();
    let seal = |readers: &[MunicipalityCode]| {
        let shared = Some((b"shared".as_slice(), readers));
        vault.seal(subject(1), Version(1), (solna(), heby()), shared, None)
    };
    let readers: Vec<_> = (0..=PART_READERS_MAX)
        .map(|index| code(&format!("{:04}", 114 + index)))
        .collect();
    let (_parts, keys) = seal(&readers[1..]).expect("as many");
    assert!(matches!(seal(&readers), Err(Error::TooLarge(_))));
    let row = vault.search_row(solna(), SearchTerm::CaseNumber("1"), subject(1));
    let row = row.expect("a row");
    let (_parts, other_keys) = seal(&readers[1..]).expect("sealed");
    vault
        .put(keys, vec![row.clone(); PUT_TOKENS_MAX])
        .await
        .expect("as many");
    let result = vault.put(other_keys, vec![row; PUT_TOKENS_MAX + 1]).await;
    assert!(matches!(result, Err(Error::TooLarge(_))));
}
