//! Claims about notes: found by a token, sealed, changed one at a time.

use futures_util::future::join_all;

use super::*;
use crate::{NoteKind, NoteName, SearchTerm};

async fn about(vault: &Vault, authority: MunicipalityCode, kind: NoteKind) -> NoteName {
    let person = number("19900101-2385");
    let name = vault.note_of(authority, kind, SearchTerm::Number(&person));
    name.await.expect("a name")
}

async fn said(vault: &Vault, name: NoteName) -> Option<(i64, Vec<u8>)> {
    let note = vault.note(name).await.expect("no fault")?;
    Some((note.revision, note.body.expect("its key is there")))
}

pub(super) async fn a_note_follows_the_one_that_was_read_or_changes_nothing(house: House) {
    let vault = house.vault().await;
    let name = about(&vault, solna(), NoteKind::Standing).await;
    let write = async |after, text: &[u8]| {
        let written = vault.write_note(name, after, text).await;
        written.expect("no fault")
    };
    assert_eq!(said(&vault, name).await, None);
    assert!(!write(1, b"after none").await);
    assert!(write(0, b"first").await);
    assert!(!write(0, b"first too").await);
    assert!(write(1, b"second").await);
    assert!(!write(1, b"second too").await);
    assert_eq!(said(&vault, name).await, Some((2, b"second".to_vec())));
    vault.remove_note(name).await.expect("removed");
    assert!(!write(2, b"third").await, "what was removed is not there");
    assert_eq!(said(&vault, name).await, None);
}

pub(super) async fn a_note_is_its_authoritys_and_its_kinds_alone(house: House) {
    let vault = house.vault().await;
    let name = about(&vault, solna(), NoteKind::Standing).await;
    let written = vault.write_note(name, 0, b"a text").await;
    assert!(written.expect("no fault"));
    for (authority, kind) in [
        (heby(), NoteKind::Standing),
        (solna(), NoteKind::Protected),
        (solna(), NoteKind::Reference),
    ] {
        let other = about(&vault, authority, kind).await;
        assert_ne!(other.token, name.token, "{other:?}");
        assert_eq!(said(&vault, other).await, None, "{other:?}");
    }
    let shown = format!("{name:?} {:?}", vault.note(name).await);
    assert_eq!(shown, "NoteName(0184, Standing, ..) Ok(Some(Note(1, ..)))");
    // a row that was moved to another kind is a fault, once the store is read again
    drop(vault);
    house.alter("UPDATE notes SET kind = 4;").await;
    let vault = house.vault().await;
    let moved = NoteName {
        kind: NoteKind::Protected,
        ..name
    };
    assert!(matches!(vault.note(moved).await, Err(Error::Tampered)));
}

pub(super) async fn notes_are_listed_from_the_highest_token_down(house: House) {
    let vault = house.vault().await;
    let named = |authority, token| NoteName {
        authority,
        kind: NoteKind::Quarantined,
        token: [token; 16],
    };
    for (name, text) in [
        (named(solna(), 1), b"one"),
        (named(solna(), 3), b"two"),
        (named(solna(), 2), b"new"),
        (named(heby(), 9), b"not"),
    ] {
        vault.write_note(name, 0, text).await.expect("no fault");
    }
    let page = async |below| {
        let page = vault.list_notes(solna(), NoteKind::Quarantined, [below; 16], 2);
        let page = page.await.expect("no fault").into_iter();
        let shown = page.map(|(name, text)| (name.token[0], text.expect("its key is there")));
        shown.collect::<Vec<_>>()
    };
    assert_eq!(page(9).await, [(3, b"two".to_vec()), (2, b"new".to_vec())]);
    assert_eq!(page(2).await, [(1, b"one".to_vec())]);
    assert_eq!(page(1).await, []);
}

pub(super) async fn notes_are_read_in_the_order_of_their_names(house: House) {
    let vault = house.vault().await;
    let mut names = Vec::new();
    for (authority, kind) in [
        (solna(), NoteKind::Standing),
        (heby(), NoteKind::Standing),
        (solna(), NoteKind::Protected),
        (heby(), NoteKind::Reference),
    ] {
        names.push(about(&vault, authority, kind).await);
    }
    for (place, text) in [(3, b"a"), (0, b"b"), (1, b"c")] {
        let written = vault.write_note(names[place], 0, text).await;
        assert!(written.expect("no fault"));
    }
    let notes = vault.notes(&names).await.expect("no fault").into_iter();
    let said: Vec<_> = notes
        .map(|note| note.and_then(|note| note.body).unwrap_or_default())
        .collect();
    assert_eq!(said, [&b"b"[..], b"c", b"", b"a"]);
    // and as many as anybody asks for
    let many = names.repeat(5);
    let notes = vault.notes(&many).await.expect("no fault");
    let revisions: Vec<_> = notes
        .iter()
        .map(|note| note.as_ref().map_or(0, |note| note.revision))
        .collect();
    assert_eq!(revisions, [1, 1, 0, 1].repeat(5));
    assert!(vault.notes(&[]).await.expect("no fault").is_empty());
}

pub(super) async fn of_many_who_look_at_once_each_is_told_its_own(house: House) {
    let vault = house.vault().await;
    let name = |token: u8| NoteName {
        authority: solna(),
        kind: NoteKind::Quarantined,
        token: [token; 16],
    };
    for token in 0..20 {
        let written = vault.write_note(name(token), 0, &[token]).await;
        assert!(written.expect("no fault"));
        let case = format!("SOC 2026-{token}");
        put(&vault, subject(u128::from(token) + 1), &case).await;
    }
    // each asks for some that are there and some that are not, or for none
    let (vault, cases) = (&vault, 0..200_u8);
    let looks = cases.map(async |first| {
        let names: Vec<_> = (first..first.saturating_add(first % 4)).map(name).collect();
        let notes = vault.notes(&names).await.expect("no fault").into_iter();
        let said = notes.map(|note| note.and_then(|note| note.body));
        let expected = names.iter().map(|name| name.token[0]);
        assert!(said.eq(expected.map(|token| (token < 20).then(|| vec![token]))));
        let case = format!("SOC 2026-{first}");
        let (ours, theirs) = (found(vault, solna(), &case), found(vault, heby(), &case));
        let there = (first < 20).then(|| subject(u128::from(first) + 1));
        assert!(ours.await.into_iter().eq(there), "{case}");
        assert_eq!(theirs.await, []);
    });
    join_all(looks).await;
}
