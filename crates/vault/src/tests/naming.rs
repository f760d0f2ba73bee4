//! Claims about pseudonyms, search tokens and fingerprints.

use std::collections::BTreeSet;

use super::*;
use crate::SearchTerm;

#[test]
fn a_person_has_one_pseudonym_in_a_scope_and_year_and_others_elsewhere() {
    let house = House::new();
    let vault = house.vault();
    let of = |scope, epoch, text: &str| {
        vault
            .pseudonym(scope, epoch, &number(text), scope)
            .expect("a pseudonym")
    };
    let person = of(solna(), YEAR, "19900101-2385");
    assert_eq!(person, of(solna(), YEAR, "900101-2385"));
    assert_eq!(person.epoch, YEAR);
    let all = [
        person,
        of(solna(), YEAR - 1, "19900101-2385"),
        of(heby(), YEAR, "19900101-2385"),
        of(heby(), YEAR - 1, "19900101-2385"),
        of(solna(), YEAR, "20110106-2394"),
        of(solna(), YEAR, "19150072-2390"),
    ];
    let values: BTreeSet<_> = all.iter().map(|pseudonym| pseudonym.value).collect();
    assert_eq!(values.len(), all.len());
}

#[test]
fn a_reserve_number_never_matches_across_issuers_and_other_numbers_do() {
    let house = House::new();
    let vault = house.vault();
    let of = |text: &str, issuer| {
        vault
            .pseudonym(solna(), YEAR, &number(text), issuer)
            .expect("a pseudonym")
    };
    assert_eq!(of("19900101-TF10", heby()), of("19900101-TF10", heby()));
    assert_ne!(of("19900101-TF10", heby()), of("19900101-TF10", kiruna()));
    for text in ["19900101-2385", "19171160-2399"] {
        assert_eq!(of(text, heby()), of(text, kiruna()));
    }
}

#[test]
fn a_reopened_store_gives_the_same_names() {
    let house = House::new();
    let names = || {
        let vault = house.vault();
        let person = number("19140168-2396");
        (
            vault
                .pseudonym(solna(), YEAR, &person, solna())
                .expect("a pseudonym"),
            vault
                .search_token(solna(), SearchTerm::Number(&person))
                .expect("a token"),
            vault.fingerprint(solna(), b"request").expect("a hash"),
        )
    };
    assert_eq!(names(), names());
}

#[test]
fn search_tokens_differ_by_authority_and_by_term_and_not_by_year() {
    let house = House::new();
    let vault = house.vault();
    let person = number("19900101-2385");
    let token = |who, term| vault.search_token(who, term).expect("a token");
    let by_number = token(solna(), SearchTerm::Number(&person));
    assert_ne!(by_number, token(heby(), SearchTerm::Number(&person)));
    // a case number that looks like an identity number is still a case number
    assert_ne!(
        by_number,
        token(solna(), SearchTerm::CaseNumber(person.canonical()))
    );
    assert_ne!(
        token(solna(), SearchTerm::CaseNumber("SOC 2026-1")),
        token(solna(), SearchTerm::CaseNumber("SOC 2026-2"))
    );
    vault.enter_epoch(YEAR + 1);
    assert_eq!(by_number, token(solna(), SearchTerm::Number(&person)));
}

#[test]
fn fingerprints_differ_by_authority_and_by_content() {
    let house = House::new();
    let vault = house.vault();
    let of = |who, bytes| vault.fingerprint(who, bytes).expect("a hash");
    assert_eq!(of(solna(), b"one"), of(solna(), b"one"));
    assert_ne!(of(solna(), b"one"), of(solna(), b"two"));
    assert_ne!(of(solna(), b"one"), of(heby(), b"one"));
    assert_ne!(of(MunicipalityCode::HOUSE, b"one"), of(heby(), b"one"));
}

#[test]
fn a_key_that_many_ask_for_first_is_made_once() {
    let house = House::new();
    let vault = house.vault();
    let values: BTreeSet<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| vault.fingerprint(solna(), b"request").expect("a hash")))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a thread"))
            .collect()
    });
    assert_eq!(values.len(), 1);
    drop(vault);
    let again = house.vault().fingerprint(solna(), b"request");
    assert!(values.contains(&again.expect("a hash")));
}

#[test]
fn dropping_a_year_unlinks_it_for_good_and_leaves_the_other_years_and_keys() {
    let house = House::new();
    let vault = house.vault();
    let person = number("19900101-2385");
    let of = |vault: &Vault, epoch| {
        vault
            .pseudonym(solna(), epoch, &person, solna())
            .expect("a pseudonym")
    };
    let (old, new) = (of(&vault, YEAR - 1), of(&vault, YEAR));
    let hash = vault.fingerprint(solna(), b"request").expect("a hash");
    let wrapped: Vec<u8> = vault
        .inner
        .store
        .read(|connection| {
            connection.query_row(
                "SELECT wrapped FROM authority_keys WHERE epoch = ?1",
                [YEAR - 1],
                |row| row.get(0),
            )
        })
        .expect("a row");
    assert!(house.holds(&wrapped));

    assert_eq!(vault.drop_pseudonym_keys(YEAR - 1).expect("dropped"), 1);
    assert_eq!(vault.drop_pseudonym_keys(YEAR - 1).expect("nothing"), 0);
    assert!(!house.holds(&wrapped));
    assert_ne!(of(&vault, YEAR - 1), old);
    assert_eq!(of(&vault, YEAR), new);
    assert_eq!(
        vault.fingerprint(solna(), b"request").expect("a hash"),
        hash
    );
}

#[test]
fn nothing_shows_what_it_holds() {
    let house = House::new();
    let vault = house.vault();
    let person = number("19900101-2385");
    let term = SearchTerm::Number(&person);
    let row = vault.search_row(solna(), term, subject(1)).expect("a row");
    let (_shared, _own, keys) = seal(&vault, subject(1)).expect("sealed");
    let opened = crate::Opened {
        salt: [7; 32],
        body: vec![7; 9],
    };
    let access = crate::Access {
        at: jiff::Timestamp::UNIX_EPOCH,
        actor: Some(vec![7; 9]),
    };
    let term_case = SearchTerm::CaseNumber("SOC 2026-1");
    assert_eq!(
        format!("{vault:?} {term:?} {term_case:?} {row:?} {opened:?} {access:?}"),
        "Vault(..) Number(..) CaseNumber(..) SearchRow(0184, ..) Opened(..) \
         Access(1970-01-01T00:00:00Z, ..)"
    );
    assert_eq!(
        format!("{keys:?}"),
        "KeyRows(relocations/00000000-0000-0000-0000-000000000001, 2 rows)"
    );
}
