//! Claims about who can open what, and for how long.

#![expect(
    clippy::disallowed_methods,
    reason = "the key store itself is looked into"
)]

use domain::entry::Part;

use super::*;
use crate::limits::{PART_READERS_MAX, PUT_TOKENS_MAX};
use crate::{SearchTerm, verify_commitment};

pub(super) async fn both_read_the_shared_part_and_the_acting_one_its_own(house: House) {
    let vault = house.vault().await;
    let (shared, own) = put(&vault, subject(1), "SOC 2026-1").await;
    let body = Some(b"what both may read".to_vec());
    for (who, part, expected) in [
        (solna(), &shared, body.clone()),
        (heby(), &shared, body),
        (solna(), &own, Some(b"what one may read".to_vec())),
        (heby(), &own, None),
        (kiruna(), &shared, None),
    ] {
        assert_eq!(read(&vault, who, subject(1), part).await, expected);
    }
}

pub(super) async fn a_part_says_nothing_before_its_keys_are_put(house: House) {
    let vault = house.vault().await;
    let (shared, _own, _keys) = seal(&vault, subject(1)).await;
    assert_eq!(read(&vault, solna(), subject(1), &shared).await, None);
}

pub(super) async fn a_part_in_another_place_is_a_fault(house: House) {
    let vault = house.vault().await;
    let (shared, own) = put(&vault, subject(1), "SOC 2026-1").await;
    let read = async |parties, part: &SealedPart| {
        vault
            .open_part(solna(), subject(1), Version(1), parties, part)
            .await
    };
    assert!(read((solna(), heby()), &shared).await.is_ok());
    for parties in [(heby(), solna()), (solna(), kiruna()), (kiruna(), heby())] {
        let result = read(parties, &shared).await;
        assert!(matches!(result, Err(Error::Tampered)));
    }
    let moved = SealedPart {
        part: Part::Own,
        ..shared.clone()
    };
    let swapped = SealedPart {
        commitment: own.commitment,
        ..shared.clone()
    };
    let unknown_format = SealedPart {
        ciphertext: vec![2; 80],
        ..shared
    };
    for part in [&moved, &swapped, &unknown_format] {
        let result = read((solna(), heby()), part).await;
        assert!(matches!(result, Err(Error::Tampered)));
    }
    // keys are found under their own subject and version only
    for (id, version) in [(2, 1), (1, 2)] {
        let found = vault
            .open_part(
                solna(),
                subject(id),
                Version(version),
                (solna(), heby()),
                &own,
            )
            .await;
        assert!(found.expect("no fault").is_none());
    }
}

pub(super) async fn a_row_of_keys_that_was_moved_is_a_fault(house: House) {
    let vault = house.vault().await;
    let (shared, own) = put(&vault, subject(1), "SOC 2026-1").await;
    house
        .alter("DELETE FROM body_keys WHERE authority = 331; UPDATE body_keys SET authority = 331;")
        .await;
    for part in [&shared, &own] {
        let result = open(&vault, heby(), subject(1), part).await;
        assert!(matches!(result, Err(Error::Tampered)));
    }
    house
        .alter("UPDATE body_keys SET authority = 184, kind = 3;")
        .await;
    assert!(read(&vault, solna(), subject(1), &own).await.is_some());
    house.alter("UPDATE body_keys SET version = 2;").await;
    let result = vault
        .open_part(solna(), subject(1), Version(2), (solna(), heby()), &own)
        .await;
    assert!(matches!(result, Err(Error::Tampered)));
}

pub(super) async fn erasing_at_one_authority_is_final_and_leaves_the_other(house: House) {
    let vault = house.vault().await;
    let (shared, own, keys) = seal(&vault, subject(1)).await;
    let term = SearchTerm::CaseNumber("SOC 2026-1");
    let mut rows = Vec::new();
    for who in [solna(), heby()] {
        let row = vault.search_row(who, term, subject(1)).await;
        rows.push(row.expect("a row"));
    }
    vault.put(keys, rows).await.expect("put");
    let (shared_2, _own) = put(&vault, subject(2), "SOC 2026-1").await;

    let erase = async || vault.erase(solna(), subject(1)).await.expect("erased");
    assert_eq!(erase().await, 1);
    assert_eq!(erase().await, 0);
    assert_eq!(read(&vault, solna(), subject(1), &shared).await, None);
    assert_eq!(read(&vault, solna(), subject(1), &own).await, None);
    assert!(read(&vault, heby(), subject(1), &shared).await.is_some());
    assert!(read(&vault, solna(), subject(2), &shared_2).await.is_some());
    assert_eq!(found(&vault, solna(), "SOC 2026-1").await, [subject(2)]);
    assert_eq!(found(&vault, heby(), "SOC 2026-1").await, [subject(1)]);
}

pub(super) async fn two_sealings_of_one_version_do_not_touch_each_other(house: House) {
    let vault = house.vault().await;
    let (first, _own) = put(&vault, subject(1), "SOC 2026-1").await;
    let (second, _own, keys) = seal(&vault, subject(1)).await;
    let refused = keys.id();
    let term = SearchTerm::CaseNumber("SOC 2026-1");
    let row = vault.search_row(solna(), term, subject(1)).await;
    vault
        .put(keys, vec![row.expect("a row")])
        .await
        .expect("put");
    assert!(read(&vault, heby(), subject(1), &first).await.is_some());
    assert!(read(&vault, heby(), subject(1), &second).await.is_some());
    vault.drop_keys(refused).await.expect("dropped");
    assert!(read(&vault, heby(), subject(1), &first).await.is_some());
    assert_eq!(read(&vault, heby(), subject(1), &second).await, None);
    assert_eq!(found(&vault, solna(), "SOC 2026-1").await, [subject(1)]);
}

pub(super) async fn a_subject_whose_only_keys_are_dropped_is_no_longer_found(house: House) {
    let vault = house.vault().await;
    let (_shared, _own, keys) = seal(&vault, subject(1)).await;
    let id = keys.id();
    let term = SearchTerm::CaseNumber("SOC 2026-1");
    let row = vault.search_row(solna(), term, subject(1)).await;
    vault
        .put(keys, vec![row.expect("a row")])
        .await
        .expect("put");
    put(&vault, subject(2), "SOC 2026-1").await;
    let both = [subject(2), subject(1)];
    assert_eq!(found(&vault, solna(), "SOC 2026-1").await, both);
    vault.drop_keys(id).await.expect("dropped");
    assert_eq!(found(&vault, solna(), "SOC 2026-1").await, [subject(2)]);
}

pub(super) async fn a_new_year_wraps_with_a_new_key_and_the_old_ones_still_open(house: House) {
    let vault = house.vault().await;
    let (old, _own, keys) = seal(&vault, subject(1)).await;
    vault.put(keys, Vec::new()).await.expect("put");
    assert_eq!(house.count("body_keys WHERE epoch = 2026").await, 2);
    vault.enter_epoch(YEAR + 1);
    vault.enter_epoch(YEAR);
    let (new, _own, keys) = seal(&vault, subject(2)).await;
    vault.put(keys, Vec::new()).await.expect("put");
    assert_eq!(house.count("body_keys WHERE epoch = 2027").await, 2);
    drop(vault);
    let vault = house.vault().await;
    assert!(read(&vault, heby(), subject(1), &old).await.is_some());
    assert!(read(&vault, heby(), subject(2), &new).await.is_some());
}

#[expect(
    clippy::disallowed_methods,
    reason = "the key store itself is looked into"
)]
pub(super) async fn an_opened_part_proves_its_commitment(house: House) {
    let vault = house.vault().await;
    let (shared, _own) = put(&vault, subject(1), "SOC 2026-1").await;
    let opened = vault
        .open_part(heby(), subject(1), Version(1), (solna(), heby()), &shared)
        .await
        .expect("no fault")
        .expect("a body");
    assert!(verify_commitment(
        Part::Shared,
        &opened.salt,
        &opened.body,
        &shared.commitment
    ));
}

pub(super) async fn an_entry_may_have_one_part_or_none(house: House) {
    let vault = house.vault().await;
    // a reader named twice holds one key
    let readers = [solna(), solna()];
    let shared = Some((b"shared".as_slice(), readers.as_slice()));
    let own = Some((b"own".as_slice(), solna()));
    for (shared, own, expected) in [
        (None, own, [Some(Part::Own), None]),
        (shared, None, [Some(Part::Shared), None]),
        (shared, own, [Some(Part::Shared), Some(Part::Own)]),
        (None, None, [None, None]),
    ] {
        let sealed = vault.seal(subject(1), Version(1), (solna(), heby()), shared, own);
        let (parts, keys) = sealed.await.expect("sealed");
        let found = [0, 1].map(|index| parts.get(index).map(|part| part.part));
        assert_eq!(found, expected);
        assert_eq!(keys.readers(), usize::from(!parts.is_empty()));
    }
}

pub(super) async fn as_many_readers_and_search_rows_as_the_bounds_say_and_no_more(house: House) {
    let vault = house.vault().await;
    let seal = async |readers: &[MunicipalityCode]| {
        let shared = Some((b"shared".as_slice(), readers));
        vault
            .seal(subject(1), Version(1), (solna(), heby()), shared, None)
            .await
    };
    let readers: Vec<_> = (0..=PART_READERS_MAX)
        .map(|index| code(&format!("{:04}", 114 + index)))
        .collect();
    let (_parts, keys) = seal(&readers[1..]).await.expect("as many");
    assert!(matches!(seal(&readers).await, Err(Error::TooLarge(_))));
    let row = vault.search_row(solna(), SearchTerm::CaseNumber("1"), subject(1));
    let row = row.await.expect("a row");
    let (_parts, other_keys) = seal(&readers[1..]).await.expect("sealed");
    vault
        .put(keys, vec![row.clone(); PUT_TOKENS_MAX])
        .await
        .expect("as many");
    let result = vault.put(other_keys, vec![row; PUT_TOKENS_MAX + 1]).await;
    assert!(matches!(result, Err(Error::TooLarge(_))));
}
