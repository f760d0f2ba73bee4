//! Claims about search rows in the file: gathered in the order of time, moved into the order of tokens.

use jiff::Timestamp;
use rusqlite::TransactionBehavior;

use super::sweeping::Told;
use super::*;
use crate::limits::{GATHERED_ROWS, MOVED_ROWS_MAX};

/// Subjects that are looked for, among many that are not.
const SUBJECTS: u128 = 40;

/// A store whose rows have gathered up to one less than a run needs.
struct Brink {
    house: House,
    vault: Vault,
}

impl Brink {
    async fn new() -> Self {
        let house = House::over_sqlite();
        drop(house.vault().await);
        let fillers = GATHERED_ROWS - usize::try_from(SUBJECTS).expect("small") - 1;
        house
            .alter(&format!(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT {fillers}) \
                 INSERT INTO search_rows (subject, authority, token, kind) \
                 SELECT CAST(printf('%016d', n) AS BLOB), 184, randomblob(16), 2 FROM n"
            ))
            .await;
        let vault = house.vault().await;
        for id in 1..=SUBJECTS {
            put(&vault, subject(id), &case(id)).await;
        }
        Self { house, vault }
    }

    /// Lets a run begin, with a row that is newer than all others and stays behind.
    async fn step_over(&self) {
        put(&self.vault, newest(), "newest").await;
    }

    /// Has the next rows moved, if there is a run; those that the step before moved are in their place then.
    async fn step(&self) {
        let at = Timestamp::UNIX_EPOCH;
        let new = crate::NewAccess {
            authority: heby(),
            ..access(subject(1), at, b"")
        };
        let recorded = self.vault.record_access(new).await;
        recorded.expect("recorded");
    }

    async fn run_to_the_end(&self) {
        for _ in 0..=GATHERED_ROWS / MOVED_ROWS_MAX {
            self.step().await;
        }
    }

    async fn moved(&self) -> i64 {
        self.house.count("search").await
    }

    /// The store as a crash at this moment would leave it.
    async fn crashed(&self) -> (House, Vault) {
        let house = House::over_sqlite();
        // nothing is written meanwhile
        let mut other = Connection::open(self.house.path()).expect("a file");
        let still = other.transaction_with_behavior(TransactionBehavior::Immediate);
        let _still = still.expect("the writer kept out");
        for name in ["root.key", "vault.db", "vault.db-wal"] {
            let from = self.house.folder.path().join(name);
            fs::copy(from, house.folder.path().join(name)).expect("copied");
        }
        let vault = house.vault().await;
        (house, vault)
    }
}

fn case(id: u128) -> String {
    format!("SOC 2026-{id}")
}

fn newest() -> Subject {
    Subject::relocation(Uuid::max())
}

/// Of the subjects that are looked for, those that are found.
async fn all_found(vault: &Vault) -> Vec<u128> {
    let mut ids = Vec::new();
    for id in 1..=SUBJECTS {
        match found(vault, solna(), &case(id)).await.as_slice() {
            [] => {}
            [one] if *one == subject(id) => ids.push(id),
            other => panic!("{id}: {other:?}"),
        }
    }
    ids
}

#[tokio::test]
async fn rows_are_found_before_while_and_after_they_move_and_whenever_it_crashes() {
    let brink = Brink::new().await;
    let every: Vec<u128> = (1..=SUBJECTS).collect();
    brink.step().await;
    brink.step().await;
    assert_eq!(brink.moved().await, 0);
    brink.step_over().await;
    let check = async |vault: &Vault| {
        assert_eq!(all_found(vault).await, every);
        assert_eq!(found(vault, solna(), "newest").await, [newest()]);
    };
    let all = i64::try_from(GATHERED_ROWS - GATHERED_ROWS / 16).expect("small");
    let (mut moved, mut stages) = (0, 0);
    while moved < all {
        for _ in 0..30 {
            brink.step().await;
        }
        assert!(brink.moved().await > moved);
        moved = brink.moved().await;
        check(&brink.vault).await;
        check(&brink.crashed().await.1).await;
        stages += 1;
    }
    assert_eq!((moved, stages), (all, 4));
    // the next run begins when as many have gathered again
    brink.run_to_the_end().await;
    assert_eq!(brink.moved().await, all);
    let Brink { house, vault } = brink;
    drop(vault);
    check(&house.vault().await).await;
}

#[tokio::test]
async fn what_is_deleted_before_while_or_after_it_moves_never_comes_back() {
    let brink = Brink::new().await;
    let vault = &brink.vault;
    let (_shared, _own, keys) = seal(vault, subject(100)).await;
    let dropped = keys.id();
    vault.put(keys, Vec::new()).await.expect("put");
    let erase = async |ids: std::ops::RangeInclusive<u128>| {
        for id in ids {
            vault.erase(solna(), subject(id)).await.expect("erased");
        }
    };
    erase(1..=10).await;
    for filler in 1..=10 {
        put(
            vault,
            Subject::relocation(Uuid::from_u128(u128::MAX - filler)),
            "late",
        )
        .await;
    }
    brink.step_over().await;
    for _ in 0..40 {
        brink.step().await;
    }
    erase(11..=20).await;
    vault.drop_keys(dropped).await.expect("dropped");
    // of the others the journal tells nothing now
    let record = Told {
        is_read: |id| id.as_u128() == 30,
        ..Told::by([])
    };
    vault.sweep(&record, i64::MAX, 1000).await.expect("swept");
    brink.run_to_the_end().await;
    erase(21..=25).await;
    let expected: Vec<u128> = (26..=SUBJECTS).filter(|id| *id != 30).collect();
    assert_eq!(all_found(vault).await, expected);
    assert_eq!(all_found(&brink.crashed().await.1).await, expected);
    for table in ["search", "search_rows"] {
        let rows = format!("{table} WHERE authority = 184 AND hex(subject) < '30'");
        let left = brink.house.count(&rows).await;
        assert_eq!(
            usize::try_from(left).expect("small"),
            expected.len(),
            "{table}"
        );
    }
}

#[tokio::test]
async fn a_row_of_an_older_subject_is_found_at_once_and_for_ever() {
    let brink = Brink::new().await;
    brink.step_over().await;
    brink.run_to_the_end().await;
    let moved = brink.moved().await;
    put(&brink.vault, subject(0x1000), "late").await;
    assert_eq!(brink.moved().await, moved + 1);
    assert_eq!(
        found(&brink.vault, solna(), "late").await,
        [subject(0x1000)]
    );
    // it is found once, though it is put again, and beside one that is still gathered
    put(&brink.vault, subject(0x1000), "late").await;
    put(&brink.vault, newest(), "late").await;
    let both = [newest(), subject(0x1000)];
    assert_eq!(found(&brink.vault, solna(), "late").await, both);
    assert_eq!(found(&brink.crashed().await.1, solna(), "late").await, both);
}
