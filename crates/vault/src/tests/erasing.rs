//! Claims about the marks of what a journal was gone over for.

use domain::subject::Position;
use futures_util::future::join_all;

use super::*;
use crate::{Backup, Mark, OpenError, Round};

pub(super) fn mark(position: u64) -> Mark {
    let leaf = [u8::try_from(position).expect("small"); 32];
    Mark {
        position: Position(position),
        leaf,
    }
}

pub(super) async fn a_mark_moves_forward_only_until_it_is_forgotten_and_outlives_the_process(
    house: House,
) {
    for round in [Round::Erasing, Round::Following] {
        moves_forward_only(&house, round).await;
    }
}

async fn moves_forward_only(house: &House, round: Round) {
    let vault = house.vault().await;
    assert_eq!(vault.mark(round).await.expect("read"), None);
    for (set, expect) in [(7, 7), (9, 9), (8, 9), (9, 9)] {
        vault.set_mark(round, mark(set)).await.expect("set");
        assert_eq!(vault.mark(round).await.expect("read"), Some(mark(expect)));
    }
    // of two histories the one that was told first stays
    let other = Mark {
        leaf: [1; 32],
        ..mark(9)
    };
    vault.set_mark(round, other).await.expect("set");
    drop(vault);
    let vault = house.vault().await;
    assert_eq!(vault.mark(round).await.expect("read"), Some(mark(9)));
    vault.forget_mark(round).await.expect("forgotten");
    assert_eq!(vault.mark(round).await.expect("read"), None);
    vault.set_mark(round, mark(3)).await.expect("set");
    assert_eq!(vault.mark(round).await.expect("read"), Some(mark(3)));
}

pub(super) async fn each_round_has_a_mark_of_its_own(house: House) {
    let vault = house.vault().await;
    let (erasing, following) = (Round::Erasing, Round::Following);
    vault.set_mark(erasing, mark(9)).await.expect("set");
    assert_eq!(vault.mark(following).await.expect("read"), None);
    vault.set_mark(following, mark(3)).await.expect("set");
    assert_eq!(vault.mark(erasing).await.expect("read"), Some(mark(9)));
    assert_eq!(vault.mark(following).await.expect("read"), Some(mark(3)));
    vault.forget_mark(erasing).await.expect("forgotten");
    assert_eq!(vault.mark(erasing).await.expect("read"), None);
    assert_eq!(vault.mark(following).await.expect("read"), Some(mark(3)));
}

pub(super) async fn marks_set_at_once_leave_the_newest(house: House) {
    let round = Round::Following;
    let vault = house.vault().await;
    let setting = (1..=50).map(|at| vault.set_mark(round, mark(at * 37 % 51)));
    for set in join_all(setting).await {
        set.expect("set");
    }
    // each of 1 to 50 once, in another order
    assert_eq!(vault.mark(round).await.expect("read"), Some(mark(50)));
}

#[tokio::test]
async fn a_backup_has_the_mark_with_which_it_began_whatever_was_gone_over_meanwhile() {
    let round = Round::Erasing;
    let house = House::over_sqlite();
    let vault = house.vault().await;
    for before in [None, Some(mark(3))] {
        if let Some(mark) = before {
            vault.forget_mark(round).await.expect("forgotten");
            vault.set_mark(round, mark).await.expect("set");
        }
        let backup = Backup::begin(&house.path(), &house.root().into()).expect("begun");
        vault.set_mark(round, mark(5)).await.expect("set");
        let copy = House::over_sqlite();
        fs::copy(
            house.folder.path().join("root.key"),
            copy.folder.path().join("root.key"),
        )
        .expect("the same root key");
        let sql = format!("VACUUM INTO '{}'", copy.path().display());
        house.alter(&sql).await;
        backup.end(&copy.path()).expect("ended");
        let restored = copy.vault().await;
        assert_eq!(restored.mark(round).await.expect("read"), before);
        assert_eq!(vault.mark(round).await.expect("read"), Some(mark(5)));
    }
}

#[tokio::test]
async fn a_backup_is_not_begun_without_the_root_key_of_a_store_of_this_version() {
    let house = House::over_sqlite();
    let begin = |root: RootKey| Backup::begin(&house.path(), &root.into());
    assert!(
        matches!(begin(house.root()), Err(OpenError::Store(_))),
        "nothing is there"
    );
    drop(house.vault().await);
    let other = RootKey::create(&house.folder.path().join("other.key")).expect("a root key");
    assert!(matches!(begin(other), Err(OpenError::WrongRoot { .. })));
    house.alter("PRAGMA user_version = 2;").await;
    assert!(matches!(begin(house.root()), Err(OpenError::Older(2))));
    house.alter("PRAGMA user_version = 99;").await;
    assert!(matches!(begin(house.root()), Err(OpenError::Newer(99))));
}
