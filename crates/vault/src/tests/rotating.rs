//! Claims about a change of the root key: whenever it is killed, whoever makes keys meanwhile, whatever is missing.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use tokio::task::{JoinSet, yield_now};

use super::copying::{stocked, told};
use super::*;
use crate::copy::copy;
use crate::keys::{KeyName, KeyPlace, NO_EPOCH, Purpose};
use crate::limits::REWRAPPED_MAX;
use crate::rotation::Step;
use crate::store::{Change, Rewrapped, WrappedKey};
use crate::{OpenError, RootKeys, RootUse, root_uses};

/// So many authorities get their first keys while the root key changes.
const AUTHORITIES: u16 = 120;

impl House {
    /// A root key, made when it is not there.
    pub(super) fn key(&self, name: &str) -> RootKey {
        let path = self.folder.path().join(name);
        RootKey::read(&path)
            .or_else(|_missing| RootKey::create(&path))
            .expect("a root key")
    }

    /// The root keys of these files, the newest first.
    pub(super) fn keys<const N: usize>(&self, names: [&str; N]) -> RootKeys {
        let mut keys = names.map(|name| self.key(name)).into_iter();
        let newest = keys.next().expect("at least one");
        RootKeys::new(newest, keys.collect()).expect("different ones")
    }

    /// A root key with the id of another one, and with bytes of its own.
    pub(super) fn false_key(&self, name: &str) -> RootKey {
        let path = self.folder.path().join(format!("false-{name}"));
        RootKey::create(&path).expect("a root key");
        let text = fs::read_to_string(&path).expect("text");
        let bytes = text.lines().nth(1).expect("a second line");
        fs::write(&path, format!("id {}\n{bytes}\n", self.key(name).id())).expect("written");
        RootKey::read(&path).expect("a root key")
    }

    /// Whoever may change the root key: the owner of a database, the service that has a file.
    pub(super) async fn mover(&self, roots: RootKeys) -> Vault {
        let opened = match &self.database {
            Some(database) => Vault::connect(database.owner(), roots, YEAR).await,
            None => Vault::unlock(&self.path(), roots, YEAR),
        };
        opened.expect("a vault")
    }

    /// Every wrap there is.
    pub(super) async fn wraps(&self) -> Vec<Vec<u8>> {
        let sql = "SELECT wrapped FROM authority_keys";
        if let Some(database) = &self.database {
            let client = database.client("owner").await.expect("a connection");
            let sql = sql.replace("FROM ", "FROM flyttbud_keys.");
            let rows = client.query(&sql, &[]).await.expect("wraps");
            return rows.iter().map(|row| row.get(0)).collect();
        }
        let file = Connection::open(self.path()).expect("a file");
        let mut wraps = file.prepare(sql).expect("a statement");
        let wraps = wraps.query_map([], |row| row.get(0)).expect("wraps");
        wraps.collect::<Result<_, _>>().expect("wraps")
    }
}

/// What is missing when these are all there is; none when nothing is.
async fn missing(house: &House, roots: RootKeys) -> Option<String> {
    match house.open(roots).await {
        Ok(_vault) => None,
        Err(OpenError::WrongRoot { wanted, .. }) => Some(wanted),
        Err(error) => panic!("{error:?}"),
    }
}

fn uses(vault: &[RootUse]) -> Vec<(&str, u64)> {
    let each = vault.iter().map(|root| (root.id.as_str(), root.keys));
    each.collect()
}

pub(super) async fn a_change_of_the_root_key_goes_on_wherever_it_was_killed(house: House) {
    let parts = stocked(&house).await;
    let before = told(&house.vault().await, &parts).await;
    let wraps = house.wraps().await;
    let (old, new) = (house.root(), house.key("new.key"));
    let mut steps = Vec::new();
    loop {
        let mover = house.mover(house.keys(["new.key", "root.key"])).await;
        let step = mover.rotate_step(2).await.expect("a step");
        steps.push(step);
        // killed: another process finds what this one left
        drop(mover);
        let needs_new = Some(new.id().to_owned());
        assert_eq!(missing(&house, house.keys(["root.key"])).await, needs_new);
        let is_over = matches!(step, Step::Retired | Step::Done);
        let needs_old = (!is_over).then(|| old.id().to_owned());
        assert_eq!(missing(&house, house.keys(["new.key"])).await, needs_old);
        for keys in [["new.key", "root.key"], ["root.key", "new.key"]] {
            let vault = house.open(house.keys(keys)).await.expect("a vault");
            assert_eq!(told(&vault, &parts).await, before, "{steps:?}");
        }
        if step == Step::Done {
            break;
        }
    }
    let wrapped = steps.iter().map(|step| match step {
        Step::Wrapped(count) => *count,
        Step::Named | Step::Retired | Step::Done => 0,
    });
    assert_eq!(wrapped.sum::<usize>(), wraps.len(), "each once: {steps:?}");
    assert_eq!(
        (steps.first(), &steps[steps.len() - 2..]),
        (Some(&Step::Named), &[Step::Retired, Step::Done][..])
    );
    let vault = house.open(house.key("new.key")).await.expect("a vault");
    let told_now = told(&vault, &parts).await;
    assert_eq!(told_now, before);
    let kept = vault.inner.store.root_uses().await.expect("root keys");
    let all = u64::try_from(wraps.len()).expect("some");
    assert_eq!(uses(&kept), [(new.id(), all)]);
    if house.database.is_none() {
        for wrap in &wraps {
            assert!(!house.holds(wrap), "an old wrap is in a file");
        }
    }
    for wrap in &house.wraps().await {
        assert!(!wraps.contains(wrap));
    }
}

pub(super) async fn keys_that_are_made_while_the_root_key_changes_all_open_under_the_new_one(
    house: House,
) {
    drop(house.vault().await);
    let both = house.keys(["new.key", "root.key"]);
    // over a database two gateways, over a file the one service that changes the root key as well
    let (one, other, mover) = if house.database.is_some() {
        let one = house.open(both.clone()).await.expect("a vault");
        let other = house.open(both.clone()).await.expect("a vault");
        (one, other, house.mover(both.clone()).await)
    } else {
        let one = house.mover(both.clone()).await;
        (one.clone(), one.clone(), one)
    };
    let mut making = JoinSet::new();
    for (vault, nth) in [&one, &other, &one, &other].into_iter().zip(0..) {
        let vault = vault.clone();
        making.spawn(async move {
            let mut made = Vec::new();
            for number in (nth % 2..AUTHORITIES).step_by(2) {
                let authority = MunicipalityCode::from_number(number).expect("a code");
                let print = vault.fingerprint(authority, b"request").await;
                made.push((authority, print.expect("a fingerprint")));
            }
            made
        });
    }
    // there and back, and there again, as long as keys are made
    let turns = [
        house.keys(["root.key", "new.key"]),
        house.keys(["new.key", "root.key"]),
    ];
    let mut made = Vec::new();
    while !making.is_empty() {
        for turn in &turns {
            mover.use_roots(turn.clone()).await.expect("both are there");
            mover.rotate_root(|_uses| {}).await.expect("moved");
        }
        while let Some(ended) = making.try_join_next() {
            made.append(&mut ended.expect("made"));
        }
    }
    drop((one, other, mover));
    assert_eq!(made.len(), 2 * usize::from(AUTHORITIES));
    let vault = house.open(house.key("new.key")).await.expect("a vault");
    let again = made
        .iter()
        .map(|(authority, _)| vault.fingerprint(*authority, b"request"));
    for (print, (authority, first)) in join_all(again).await.into_iter().zip(&made) {
        assert_eq!(print.expect("a fingerprint"), *first, "{authority}");
    }
    assert_eq!(house.count("authority_keys").await, i64::from(AUTHORITIES));
}

pub(super) async fn a_change_can_be_called_off_halfway(house: House) {
    let parts = stocked(&house).await;
    let before = told(&house.vault().await, &parts).await;
    let mover = house.mover(house.keys(["new.key", "root.key"])).await;
    assert_eq!(mover.rotate_step(2).await.expect("named"), Step::Named);
    assert_eq!(mover.rotate_step(2).await.expect("two"), Step::Wrapped(2));
    let back = mover.use_roots(house.keys(["root.key", "new.key"])).await;
    let left = back
        .expect("both are there")
        .iter()
        .map(|root| root.keys)
        .collect::<Vec<_>>();
    assert_eq!(left.first(), Some(&2));
    assert_eq!(mover.rotate_root(|_uses| {}).await.expect("back"), Some(2));
    assert_eq!(mover.rotate_root(|_uses| {}).await.expect("nothing"), None);
    drop(mover);
    assert_eq!(told(&house.vault().await, &parts).await, before);
}

pub(super) async fn root_keys_that_do_not_open_all_of_the_store_are_not_taken_into_use(
    house: House,
) {
    let parts = stocked(&house).await;
    let before = told(&house.vault().await, &parts).await;
    let mover = house.mover(house.keys(["new.key", "root.key"])).await;
    mover.rotate_step(1).await.expect("named");
    mover.rotate_step(1).await.expect("wrapped");
    for (keys, wanted) in [("root.key", "new.key"), ("new.key", "root.key")] {
        let error = mover
            .use_roots(house.keys([keys]))
            .await
            .expect_err("refused");
        let (wanted, given) = (house.key(wanted), house.key(keys));
        assert_eq!(
            error.to_string(),
            format!(
                "the key store needs root key '{}', and only '{}' is given",
                wanted.id(),
                given.id()
            )
        );
        assert_eq!(told(&mover, &parts).await, before, "those in use stay");
    }
    let false_one = RootKeys::new(house.key("new.key"), vec![house.false_key("root.key")]);
    let refused = mover.use_roots(false_one.expect("two ids")).await;
    assert!(
        matches!(refused, Err(OpenError::Root(Error::FalseRoot(id))) if id == house.root().id())
    );
    mover.rotate_root(|_uses| {}).await.expect("moved");
    drop(mover);
    let vault = house.open(house.key("new.key")).await.expect("a vault");
    assert_eq!(told(&vault, &parts).await, before);
}

pub(super) async fn false_root_keys_wrap_and_open_nothing_while_they_are_looked_at(house: House) {
    let vault = house.vault().await;
    let false_one = RootKeys::from(house.false_key("root.key"));
    let codes =
        || (0..AUTHORITIES).map(|number| MunicipalityCode::from_number(number).expect("a code"));
    let is_made = AtomicBool::new(false);
    let look = async {
        while !is_made.load(Ordering::Relaxed) {
            let refused = vault.use_roots(false_one.clone()).await;
            assert!(
                matches!(refused, Err(OpenError::Root(Error::FalseRoot(_)))),
                "{refused:?}"
            );
            yield_now().await;
        }
    };
    let make = async {
        let mut prints = Vec::new();
        for authority in codes() {
            prints.push(
                vault
                    .fingerprint(authority, b"request")
                    .await
                    .expect("a fingerprint"),
            );
        }
        is_made.store(true, Ordering::Relaxed);
        prints
    };
    let ((), prints) = tokio::join!(look, make);
    drop(vault);
    let vault = house.vault().await;
    let again = join_all(codes().map(|authority| vault.fingerprint(authority, b"request"))).await;
    let again: Vec<_> = again
        .into_iter()
        .map(|print| print.expect("it opens"))
        .collect();
    assert_eq!(again, prints);
}

pub(super) async fn the_store_itself_keeps_a_root_key_as_long_as_a_key_refers_to_it(house: House) {
    stocked(&house).await;
    let refused = if let Some(database) = &house.database {
        let client = database.client("owner").await.expect("a connection");
        let deleted = client
            .batch_execute("DELETE FROM flyttbud_keys.roots")
            .await;
        deleted
            .expect_err("refused")
            .code()
            .map(|code| code.code().to_owned())
    } else {
        let file = Connection::open(house.path()).expect("a file");
        file.pragma_update(None, "foreign_keys", true).expect("set");
        let deleted = file.execute("DELETE FROM roots", []).expect_err("refused");
        deleted
            .to_string()
            .contains("FOREIGN KEY")
            .then(|| "23503".to_owned())
    };
    assert_eq!(
        refused.as_deref(),
        Some("23503"),
        "a foreign key is violated"
    );
}

pub(super) async fn a_key_under_a_root_key_that_is_no_longer_the_newest_is_not_stored(
    house: House,
) {
    drop(house.vault().await);
    let mover = house.mover(house.keys(["new.key", "root.key"])).await;
    assert_eq!(mover.rotate_step(1).await.expect("named"), Step::Named);
    let late = |root: &RootKey| {
        Change::Key(WrappedKey {
            name: KeyName {
                authority: solna(),
                epoch: NO_EPOCH,
                purpose: Purpose::Fingerprint,
            },
            root: root.id().to_owned(),
            wrapped: vec![7; 60],
        })
    };
    for (root, expect) in [("root.key", 0), ("never.key", 0), ("new.key", 1)] {
        let stored = mover.inner.store.apply(late(&house.key(root))).await;
        stored.expect("no fault");
        assert_eq!(house.count("authority_keys").await, expect, "{root}");
    }
}

pub(super) async fn a_damaged_key_stays_and_is_named_and_all_others_are_wrapped_anew(house: House) {
    let parts = stocked(&house).await;
    let before = told(&house.vault().await, &parts).await;
    let all = house.wraps().await.len();
    let mark = match house.database {
        Some(_) => "set_byte(wrapped, 20, 255 - get_byte(wrapped, 20))",
        None => "zeroblob(60)",
    };
    let damage = format!(
        "UPDATE authority_keys SET wrapped = {mark} WHERE authority = 184 AND purpose = 4;"
    );
    // a copy from before
    let copy = "CREATE TABLE copied AS SELECT wrapped FROM authority_keys WHERE authority = 184 AND purpose = 4;";
    house.alter(copy).await;
    house.alter(&damage).await;
    let mover = house.mover(house.keys(["new.key", "root.key"])).await;
    for _ in 0..2 {
        let moved = mover
            .rotate_root(|_uses| {})
            .await
            .expect_err("one is left");
        assert_eq!(
            moved.to_string(),
            "damaged keys stay under their root key: 1, the first of them 0184's of epoch 0 for purpose 4"
        );
    }
    let stored = mover.inner.store.root_uses().await.expect("root keys");
    let kept: Vec<u64> = stored.iter().map(|root| root.keys).collect();
    assert_eq!(kept, [u64::try_from(all).expect("some") - 1, 1]);
    assert!(read(&mover, heby(), subject(1), &parts[0]).await.is_some());
    // as docs/operation.md has it
    let put_back = "UPDATE authority_keys SET wrapped = (SELECT wrapped FROM copied) \
                    WHERE authority = 184 AND purpose = 4;";
    house.alter(put_back).await;
    assert_eq!(mover.rotate_root(|_uses| {}).await.expect("moved"), Some(1));
    drop(mover);
    let vault = house.open(house.key("new.key")).await.expect("a vault");
    assert_eq!(told(&vault, &parts).await, before);
}

pub(super) async fn more_damaged_keys_than_a_step_takes_keep_no_other_one_and_can_be_given_up(
    house: House,
) {
    let parts = stocked(&house).await;
    let before = told(&house.vault().await, &parts).await;
    let all = u64::try_from(house.wraps().await.len()).expect("some");
    let damaged = u64::try_from(REWRAPPED_MAX).expect("some") + 1;
    // in front of all others; every second one is for nothing that there is
    let damage = format!(
        "INSERT INTO authority_keys (authority, epoch, purpose, root, wrapped) \
         WITH RECURSIVE years (x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM years WHERE x < {damaged}) \
         SELECT 1, x, 3 + 6 * (x % 2), root, wrapped FROM years, authority_keys \
         WHERE authority = 184 AND purpose = 4;"
    );
    house.alter(&damage).await;
    let mover = house.mover(house.keys(["new.key", "root.key"])).await;
    let moved = mover.rotate_root(|_uses| {}).await;
    assert_eq!(
        moved.expect_err("some are left").to_string(),
        format!(
            "damaged keys stay under their root key: {damaged}, the first of them 0001's of epoch 1 for purpose 9"
        )
    );
    let stored = mover.inner.store.root_uses().await.expect("root keys");
    let (old, new) = (house.root(), house.key("new.key"));
    assert_eq!(uses(&stored), [(new.id(), all), (old.id(), damaged)]);
    // as docs/operation.md has it
    let given_up = format!("DELETE FROM authority_keys WHERE root = '{}';", old.id());
    house.alter(&given_up).await;
    assert_eq!(mover.rotate_root(|_uses| {}).await.expect("moved"), Some(0));
    drop(mover);
    let vault = house.open(new).await.expect("a vault");
    assert_eq!(told(&vault, &parts).await, before);
}

pub(super) async fn a_key_that_was_dropped_meanwhile_is_not_put_back(house: House) {
    drop(house.vault().await);
    let mover = house.mover(house.keys(["new.key", "root.key"])).await;
    let person = number("19900101-2385");
    let name = async |vault: &Vault| {
        let name = vault.pseudonym(solna(), YEAR, &person, solna()).await;
        name.expect("a pseudonym")
    };
    let dropped = name(&mover).await;
    // read to be wrapped anew; then it is dropped, and another one is made
    let store = &mover.inner.store;
    let read = store
        .keys_under_others("nobody's", KeyPlace::START, 9)
        .await;
    let late = read.expect("keys").into_iter().map(|key| Rewrapped {
        name: key.place.name().expect("a name"),
        before: key.wrapped.clone(),
        after: key.wrapped,
    });
    let late = Change::Rewrap(house.root().id().to_owned(), late.collect());
    assert_eq!(mover.drop_pseudonym_keys(YEAR).await.expect("dropped"), 1);
    let made = name(&mover).await;
    assert_ne!(made, dropped);
    assert_eq!(store.apply(late).await.expect("no fault"), 0);
    mover.rotate_root(|_uses| {}).await.expect("moved");
    drop(mover);
    let vault = house.open(house.key("new.key")).await.expect("a vault");
    assert_eq!(name(&vault).await, made);
}

#[tokio::test]
async fn a_store_that_is_copied_in_the_middle_of_a_change_goes_on_in_its_new_place() {
    let origin = House::over_sqlite();
    let parts = stocked(&origin).await;
    let before = told(&origin.vault().await, &parts).await;
    let both = || origin.keys(["new.key", "root.key"]);
    let mover = origin.mover(both()).await;
    mover.rotate_step(1).await.expect("named");
    mover.rotate_step(2).await.expect("two wrapped");
    drop(mover);
    let there = House::over_postgres().await;
    let copied = copy(&origin.place(), &there.place()).await;
    copied.expect("copied");
    let vault = there.open(both()).await.expect("a vault");
    assert_eq!(told(&vault, &parts).await, before);
    let mover = there.mover(both()).await;
    mover.rotate_root(|_uses| {}).await.expect("moved");
    let new = origin.key("new.key");
    let uses = root_uses(&there.place()).await.expect("root keys");
    assert_eq!(uses.len(), 1);
    assert_eq!(uses[0].id, new.id());
    let vault = there.open(new).await.expect("a vault");
    assert_eq!(told(&vault, &parts).await, before);
}
