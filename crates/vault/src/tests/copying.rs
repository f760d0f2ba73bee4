//! Claims about a key store that moves from one place to another.

use std::path::Path;

use jiff::Timestamp;

use super::*;
use crate::copy::{CopyError, Place, copy};
use crate::{NoteKind, OpenError, SearchTerm};

impl House {
    pub(super) fn place(&self) -> Place {
        match &self.database {
            Some(database) => Place::Database(database.owner()),
            None => Place::File(self.path()),
        }
    }

    /// As many rows as there are of each table.
    async fn counts(&self) -> Vec<i64> {
        let search = match &self.database {
            Some(_) => "search",
            None => "search_rows",
        };
        let mut counts = Vec::new();
        for table in [
            "authority_keys",
            "drops",
            "body_keys",
            search,
            "accesses",
            "reviews",
            "notes",
        ] {
            counts.push(self.count(table).await);
        }
        counts
    }
}

/// What the vault of a house tells: names, what is found, what opens, who read.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    names: Vec<[u8; 16]>,
    pub(super) found: Vec<Subject>,
    pub(super) opened: Vec<Option<Vec<u8>>>,
    pub(super) accesses: Vec<crate::Access>,
    pub(super) reviews: Vec<crate::Review>,
    pub(super) note: Option<crate::Note>,
}

impl Told {
    /// Whether persons have the same names.
    pub(super) fn is_named_as(&self, other: &Self) -> bool {
        self.names.first() == other.names.first()
    }
}

/// What was put before is told alike, whichever place it is in.
pub(super) async fn told(vault: &Vault, parts: &[SealedPart; 2]) -> Told {
    let person = number("19900101-2385");
    let pseudonym = vault.pseudonym(solna(), YEAR, &person, solna()).await;
    let token = vault
        .search_token(solna(), SearchTerm::Number(&person))
        .await;
    let fingerprint = vault.fingerprint(solna(), b"request").await;
    let note = vault.note_of(solna(), NoteKind::Standing, SearchTerm::Number(&person));
    let note = vault.note(note.await.expect("a name")).await;
    let mut opened = Vec::new();
    for (part, id) in parts.iter().zip(1..) {
        for who in [solna(), heby()] {
            opened.push(read(vault, who, subject(id), part).await);
        }
    }
    Told {
        names: vec![
            pseudonym.expect("a pseudonym").value,
            token.expect("a token"),
            fingerprint.expect("a hash"),
        ],
        found: found(vault, solna(), "SOC 2026-1").await,
        opened,
        accesses: accesses(vault, solna(), subject(1)).await.expect("a log"),
        reviews: vault.reviews(solna(), u64::MAX, 9).await.expect("reviews"),
        note: note.expect("no fault"),
    }
}

/// A store with something in every table. Returns what Solna sent in two entries.
pub(super) async fn stocked(house: &House) -> [SealedPart; 2] {
    let vault = house.vault().await;
    let (one, _own) = put(&vault, subject(1), "SOC 2026-1").await;
    let (two, _own) = put(&vault, subject(2), "SOC 2026-1").await;
    for actor in [b"first".as_slice(), b"second"] {
        let remembered = vault
            .record_access_as_before(access(subject(1), Timestamp::UNIX_EPOCH, actor))
            .await;
        remembered.expect("remembered");
    }
    let reviewed = vault
        .record_review(crate::NewReview {
            authority: solna(),
            request_id: Uuid::from_u128(1),
            fingerprint: [7; 16],
            at: Timestamp::UNIX_EPOCH,
            from: Timestamp::UNIX_EPOCH,
            until: Timestamp::UNIX_EPOCH,
            content: b"in order",
        })
        .await;
    reviewed.expect("reviewed");
    let person = number("19900101-2385");
    let name = vault.note_of(solna(), NoteKind::Standing, SearchTerm::Number(&person));
    let written = vault.write_note(name.await.expect("a name"), 0, b"a note");
    assert!(written.await.expect("no fault"));
    let old = vault.pseudonym(solna(), YEAR - 1, &person, solna()).await;
    old.expect("a pseudonym");
    assert_eq!(
        vault.drop_pseudonym_keys(YEAR - 1).await.expect("dropped"),
        1
    );
    assert_eq!(vault.erase(heby(), subject(2)).await.expect("erased"), 1);
    let parts = [one, two];
    told(&vault, &parts).await;
    parts
}

/// Likewise, with more rows of one table than are carried at once.
async fn filled(house: &House) -> [SealedPart; 2] {
    let parts = stocked(house).await;
    house
        .alter(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) \
             INSERT INTO search_rows (subject, authority, token, kind) \
             SELECT randomblob(16), 184, randomblob(16), 2 FROM n",
        )
        .await;
    parts
}

#[tokio::test]
async fn a_store_that_moves_tells_the_same_and_goes_on() {
    let origin = House::over_sqlite();
    let parts = filled(&origin).await;
    let there = House::over_postgres().await;
    let back = House::over_sqlite();
    let copied = copy(&origin.place(), &there.place()).await.expect("copied");
    let again = copy(&there.place(), &back.place()).await.expect("copied");
    assert_eq!(copied, again);
    let expected = origin.counts().await;
    assert_eq!(expected[3], 2502);
    for house in [&origin, &there, &back] {
        assert_eq!(house.counts().await, expected);
    }
    let before = told(&origin.vault().await, &parts).await;
    let is_open: Vec<bool> = before.opened.iter().map(Option::is_some).collect();
    assert_eq!(is_open, [true, true, true, false], "one was erased");
    assert_eq!((before.found.len(), before.accesses.len()), (2, 2));
    for house in [&there, &back] {
        let vault = house.open(origin.root()).await.expect("the same root key");
        assert_eq!(told(&vault, &parts).await, before);
        // and new rows come behind the old ones
        put(&vault, subject(3), "SOC 2026-1").await;
        assert_eq!(found(&vault, solna(), "SOC 2026-1").await.len(), 3);
        let remembered = vault
            .record_access(access(subject(1), Timestamp::UNIX_EPOCH, b"third"))
            .await;
        remembered.expect("remembered");
        let newest = accesses(&vault, solna(), subject(1)).await.expect("a log");
        assert_eq!(newest[0].content.as_deref(), Some(&b"third"[..]));
        vault.drop_pseudonym_keys(YEAR).await.expect("dropped");
        assert_ne!(told(&vault, &parts).await.names[0], before.names[0]);
    }
    let other = there.open(there.root()).await;
    assert!(
        matches!(other, Err(OpenError::WrongRoot { .. })),
        "{other:?}"
    );
}

fn lies_beside(path: &Path) -> Vec<String> {
    let files = fs::read_dir(path.parent().expect("a folder")).expect("a folder");
    files
        .map(|file| {
            file.expect("a file")
                .file_name()
                .into_string()
                .expect("text")
        })
        .filter(|name| name.contains("copying"))
        .collect()
}

#[tokio::test]
async fn nothing_is_copied_over_a_store_from_under_a_service_or_from_nothing() {
    let (origin, new) = (House::over_sqlite(), House::over_sqlite());
    let there = House::over_postgres().await;
    filled(&origin).await;
    for taken in [&there, &new] {
        drop(taken.vault().await);
        copy(&origin.place(), &taken.place())
            .await
            .expect_err("taken");
        assert_eq!(taken.counts().await, [0; 7]);
    }
    assert!(lies_beside(&new.path()).is_empty());
    let service = origin.vault().await;
    let busy = copy(&origin.place(), &House::over_sqlite().place()).await;
    let is_busy = matches!(busy, Err(CopyError::Open(OpenError::InUse { .. })));
    assert!(is_busy, "{busy:?}");
    drop(service);
    let nothing = copy(&House::over_sqlite().place(), &House::over_sqlite().place()).await;
    assert!(matches!(nothing, Err(CopyError::Open(_))), "{nothing:?}");
    let never_used = House::over_postgres().await;
    let nothing = copy(&never_used.place(), &House::over_sqlite().place()).await;
    assert!(matches!(nothing, Err(CopyError::Missing)), "{nothing:?}");
}

#[tokio::test]
async fn a_copy_that_fails_leaves_nothing_of_itself() {
    let origin = House::over_sqlite();
    filled(&origin).await;
    // the last table to be read
    origin.alter("DROP TABLE notes").await;
    let (new, there) = (House::over_sqlite(), House::over_postgres().await);
    for target in [&new, &there] {
        let failed = copy(&origin.place(), &target.place()).await;
        assert!(matches!(failed, Err(CopyError::Store(_))), "{failed:?}");
    }
    assert!(lies_beside(&new.path()).is_empty() && !new.path().exists());
    assert_eq!(there.counts().await, [0; 7]);
}
