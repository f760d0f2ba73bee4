//! Claims about pseudonyms, search tokens and fingerprints.

use std::collections::BTreeSet;

use domain::subject::Pseudonym;
use futures_util::future::join_all;

use super::*;
use crate::SearchTerm;
use crate::keys::{KeyName, NO_EPOCH, Purpose};
use crate::store::{Change, WrappedKey};

async fn pseudonym(
    vault: &Vault,
    scope: MunicipalityCode,
    epoch: i16,
    text: &str,
    issuer: MunicipalityCode,
) -> Pseudonym {
    vault
        .pseudonym(scope, epoch, &number(text), issuer)
        .await
        .expect("a pseudonym")
}

async fn token(vault: &Vault, who: MunicipalityCode, term: SearchTerm<'_>) -> [u8; 16] {
    vault.search_token(who, term).await.expect("a token")
}

async fn fingerprint(vault: &Vault, who: MunicipalityCode, bytes: &[u8]) -> [u8; 16] {
    vault.fingerprint(who, bytes).await.expect("a hash")
}

pub(super) async fn a_person_has_one_pseudonym_in_a_scope_and_year_and_others_elsewhere(
    house: House,
) {
    let vault = house.vault().await;
    let of = |scope, epoch, text| pseudonym(&vault, scope, epoch, text, scope);
    let person = of(solna(), YEAR, "19900101-2385").await;
    assert_eq!(person, of(solna(), YEAR, "900101-2385").await);
    assert_eq!(person.epoch, YEAR);
    let all = [
        person,
        of(solna(), YEAR - 1, "19900101-2385").await,
        of(heby(), YEAR, "19900101-2385").await,
        of(heby(), YEAR - 1, "19900101-2385").await,
        of(solna(), YEAR, "20110106-2394").await,
        of(solna(), YEAR, "19150072-2390").await,
    ];
    let values: BTreeSet<_> = all.iter().map(|pseudonym| pseudonym.value).collect();
    assert_eq!(values.len(), all.len());
}

pub(super) async fn a_reserve_number_never_matches_across_issuers_and_other_numbers_do(
    house: House,
) {
    let vault = house.vault().await;
    let of = |text, issuer| pseudonym(&vault, solna(), YEAR, text, issuer);
    let reserve = of("19900101-TF10", heby()).await;
    assert_eq!(reserve, of("19900101-TF10", heby()).await);
    assert_ne!(reserve, of("19900101-TF10", kiruna()).await);
    for text in ["19900101-2385", "19171160-2399"] {
        assert_eq!(of(text, heby()).await, of(text, kiruna()).await);
    }
}

pub(super) async fn a_reopened_store_gives_the_same_names(house: House) {
    let names = async || {
        let vault = house.vault().await;
        let person = number("19140168-2396");
        (
            pseudonym(&vault, solna(), YEAR, "19140168-2396", solna()).await,
            token(&vault, solna(), SearchTerm::Number(&person)).await,
            fingerprint(&vault, solna(), b"request").await,
        )
    };
    assert_eq!(names().await, names().await);
}

pub(super) async fn search_tokens_differ_by_authority_and_by_term_and_not_by_year(house: House) {
    let vault = house.vault().await;
    let person = number("19900101-2385");
    let token = |who, term| token(&vault, who, term);
    let by_number = token(solna(), SearchTerm::Number(&person)).await;
    let of_heby = token(heby(), SearchTerm::Number(&person)).await;
    assert_ne!(by_number, of_heby);
    // a case number that looks like an identity number is still a case number
    let look_alike = token(solna(), SearchTerm::CaseNumber(person.canonical())).await;
    assert_ne!(by_number, look_alike);
    assert_ne!(
        token(solna(), SearchTerm::CaseNumber("SOC 2026-1")).await,
        token(solna(), SearchTerm::CaseNumber("SOC 2026-2")).await
    );
    let [pair, shifted] = [("anna", "svensson"), ("annas", "vensson")]
        .map(|(one, other)| (one.to_owned(), other.to_owned()));
    let by_name = token(solna(), SearchTerm::Name(&pair)).await;
    let others = [
        token(solna(), SearchTerm::Name(&shifted)).await,
        token(solna(), SearchTerm::CaseNumber("anna svensson")).await,
        token(heby(), SearchTerm::Name(&pair)).await,
    ];
    assert!(!others.contains(&by_name));
    vault.enter_epoch(YEAR + 1);
    let next_year = token(solna(), SearchTerm::Number(&person)).await;
    assert_eq!(by_number, next_year);
}

pub(super) async fn fingerprints_differ_by_authority_and_by_content(house: House) {
    let vault = house.vault().await;
    let one = fingerprint(&vault, solna(), b"one").await;
    assert_eq!(one, fingerprint(&vault, solna(), b"one").await);
    assert_ne!(one, fingerprint(&vault, solna(), b"two").await);
    let of_heby = fingerprint(&vault, heby(), b"one").await;
    assert_ne!(one, of_heby);
    let of_the_house = fingerprint(&vault, MunicipalityCode::HOUSE, b"one").await;
    assert_ne!(of_the_house, of_heby);
}

pub(super) async fn a_key_that_many_ask_for_first_is_made_once(house: House) {
    let vault = house.vault().await;
    let asked = (0..16).map(|_| fingerprint(&vault, solna(), b"request"));
    let values: BTreeSet<_> = join_all(asked).await.into_iter().collect();
    assert_eq!(values.len(), 1);
    // nor does one that comes late replace it
    let name = KeyName {
        authority: solna(),
        epoch: NO_EPOCH,
        purpose: Purpose::Fingerprint,
    };
    let late = Change::Key(WrappedKey {
        name,
        root: house.root().id().to_owned(),
        wrapped: vec![7; 60],
    });
    vault.inner.store.apply(late).await.expect("no fault");
    assert_eq!(house.count("authority_keys").await, 1);
    drop(vault);
    let again = fingerprint(&house.vault().await, solna(), b"request").await;
    assert!(values.contains(&again));
}

pub(super) async fn dropping_a_year_unlinks_it_for_good_and_leaves_the_other_years_and_keys(
    house: House,
) {
    let vault = house.vault().await;
    let of = |epoch| pseudonym(&vault, solna(), epoch, "19900101-2385", solna());
    let (old, new) = (of(YEAR - 1).await, of(YEAR).await);
    let hash = fingerprint(&vault, solna(), b"request").await;
    let drop_year = async || vault.drop_pseudonym_keys(YEAR - 1).await.expect("dropped");
    assert_eq!(drop_year().await, 1);
    assert_eq!(drop_year().await, 0);
    assert_ne!(of(YEAR - 1).await, old);
    assert_eq!(of(YEAR).await, new);
    assert_eq!(fingerprint(&vault, solna(), b"request").await, hash);
}

pub(super) async fn nothing_shows_what_it_holds(house: House) {
    let vault = house.vault().await;
    let person = number("19900101-2385");
    let term = SearchTerm::Number(&person);
    let row = vault.search_row(solna(), term, subject(1)).await;
    let row = row.expect("a row");
    let (_shared, _own, keys) = seal(&vault, subject(1)).await;
    let opened = crate::Opened {
        salt: [7; 32],
        body: vec![7; 9],
    };
    let access = crate::Access {
        id: Uuid::nil(),
        place: crate::AccessPlace::END,
        at: jiff::Timestamp::UNIX_EPOCH,
        what: crate::Accessed::Subject(subject(1)),
        content: Some(vec![7; 9]),
    };
    let term_case = SearchTerm::CaseNumber("SOC 2026-1");
    let pair = ("anna".to_owned(), "svensson".to_owned());
    let term_name = SearchTerm::Name(&pair);
    assert_eq!(
        format!("{vault:?} {term:?} {term_case:?} {term_name:?} {row:?} {opened:?} {access:?}"),
        "Vault(..) Number(..) CaseNumber(..) Name(..) SearchRow(0184, ..) Opened(..) \
         Access(1970-01-01T00:00:00Z, ..)"
    );
    let now = jiff::Timestamp::UNIX_EPOCH;
    let made = crate::NewAccess {
        authority: solna(),
        what: access.what,
        at: now,
        officer: "handlaggare-7",
        content: b"an actor",
    };
    let filter = crate::AccessFilter {
        officer: Some("handlaggare-7"),
        what: None,
        from: None,
        until: None,
    };
    let review = crate::NewReview {
        authority: solna(),
        request_id: Uuid::nil(),
        fingerprint: [7; 16],
        at: now,
        from: now,
        until: now,
        content: b"an actor",
    };
    let kept = crate::Review {
        number: 1,
        request_id: Uuid::nil(),
        fingerprint: [7; 16],
        at: now,
        from: now,
        until: now,
        content: Some(vec![7; 9]),
    };
    assert_eq!(
        format!("{made:?} {filter:?} {review:?} {kept:?}"),
        "NewAccess(0184, 1970-01-01T00:00:00Z, ..) AccessFilter(..) \
         NewReview(0184, 1970-01-01T00:00:00Z, ..) Review(1970-01-01T00:00:00Z, ..)"
    );
    assert_eq!(
        format!("{keys:?}"),
        "KeyRows(relocations/00000000-0000-0000-0000-000000000001, 2 rows)"
    );
}
