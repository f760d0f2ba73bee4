//! Claims about several processes over one PostgreSQL whose root key changes: who has which, and what becomes of
//! whoever lacks one.

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use tokio_postgres::error::SqlState;

use super::sharing::{client, eventually};
use super::*;
use crate::{OpenError, RootUse};

#[tokio::test]
async fn a_gateway_names_the_first_root_key_of_a_store_and_no_other_one() {
    let house = House::over_postgres().await;
    // of those that come at once one begins the store
    drop(join_all((0..4).map(|_nth| house.vault())).await);
    assert_eq!(house.count("roots").await, 1);
    let keeper = client(&house, "keeper").await;
    let refused = async |when: &str| {
        let sql = "INSERT INTO flyttbud_keys.roots (id, proof) VALUES ('another', '')";
        let error = keeper.batch_execute(sql).await.expect_err(when);
        let refused = Some(&SqlState::INSUFFICIENT_PRIVILEGE);
        assert_eq!(error.code(), refused, "{when}");
    };
    refused("before a change").await;
    let mover = house.mover(house.keys(["new.key", "root.key"])).await;
    mover.rotate_step(1).await.expect("named");
    refused("in a change").await;
    // called off: the first number is free
    let back = mover.use_roots(house.keys(["root.key", "new.key"])).await;
    back.expect("both are there");
    mover.rotate_root(|_uses| {}).await.expect("back");
    refused("after a change").await;
    drop(house.vault().await);
}

#[tokio::test]
async fn a_gateway_with_a_false_file_of_the_new_root_key_lacks_it_and_makes_nothing_under_it() {
    let house = House::over_postgres().await;
    let gateway = house.vault().await;
    let print = async |number| {
        let authority = MunicipalityCode::from_number(number).expect("a code");
        gateway.fingerprint(authority, b"request").await
    };
    print(1).await.expect("made");
    let new = house.key("new.key");
    let false_new = house.false_key("new.key");
    let with_old = |newest: RootKey| RootKeys::new(newest, vec![house.root()]).expect("two ids");
    let false_ones = with_old(false_new);
    // nothing is there yet that shows it
    let given = gateway.use_roots(false_ones.clone()).await;
    given.expect("the old one opens all");
    let owner = house.database.as_ref().expect("a database").owner();
    let lacking = postgres::without_root(&owner, &new).await;
    assert_eq!(lacking.expect("no fault").len(), 1);
    // somebody else has the false file too, and moves the store
    let false_mover = house.mover(false_ones.clone()).await;
    let uses = false_mover.inner.store.root_uses().await;
    assert_eq!(uses.expect("a connection for reads").len(), 1);
    let mover = house.mover(with_old(house.key("new.key"))).await;
    mover.rotate_step(1).await.expect("named");
    let is_false = |error: &Error| matches!(error, Error::FalseRoot(id) if id == new.id());
    let refused = false_mover.rotate_step(1).await;
    assert!(refused.as_ref().is_err_and(is_false), "{refused:?}");
    mover.rotate_root(|_uses| {}).await.expect("moved");
    let refused = print(2).await;
    assert!(refused.as_ref().is_err_and(is_false), "{refused:?}");
    assert_eq!(house.count("authority_keys").await, 1, "nothing was made");
    let refused = gateway.use_roots(false_ones).await;
    assert!(
        matches!(&refused, Err(OpenError::Root(error)) if is_false(error)),
        "{refused:?}"
    );

    let given = gateway.use_roots(house.key("new.key").into()).await;
    given.expect("the right file opens all");
    print(2).await.expect("made");
    let lacking = postgres::without_root(&owner, &new).await;
    assert_eq!(lacking.expect("no fault").len(), 1, "the false mover");
}

#[tokio::test]
async fn whoever_lacks_a_root_key_is_seen_until_it_has_it_or_has_gone() {
    let house = House::over_postgres().await;
    let (one, other) = (house.vault().await, house.vault().await);
    let owner = house.database.as_ref().expect("a database").owner();
    let [old, new] = ["root.key", "new.key"].map(|name| house.key(name));
    let lacking = async |root: &RootKey| {
        let lacking = postgres::without_root(&owner, root).await;
        let lacking = lacking.expect("no fault");
        assert!(
            lacking.iter().all(|who| who.starts_with("keeper (")),
            "{lacking:?}"
        );
        lacking.len()
    };
    assert_eq!((lacking(&old).await, lacking(&new).await), (0, 2));
    let both = || house.keys(["new.key", "root.key"]);
    one.use_roots(both()).await.expect("all of it");
    assert_eq!((lacking(&old).await, lacking(&new).await), (0, 1));
    // it says so again when it comes back
    let superuser = client(&house, "postgres").await;
    let kill = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
                WHERE datname = current_database() AND usename = 'keeper'";
    superuser.execute(kill, &[]).await.expect("killed");
    // though it has nothing to write
    eventually(async || lacking(&new).await == 1).await;
    assert_eq!((lacking(&old).await, lacking(&new).await), (0, 1));
    other.use_roots(both()).await.expect("all of it");
    assert_eq!((lacking(&old).await, lacking(&new).await), (0, 0));
    other
        .use_roots(house.root().into())
        .await
        .expect("all of it");
    assert_eq!(lacking(&new).await, 1);
    drop(other);
    eventually(async || lacking(&new).await == 0).await;
}

#[tokio::test]
async fn a_gateway_that_cannot_say_which_root_keys_it_has_writes_nothing_on_a_new_connection() {
    let house = House::over_postgres().await;
    let vault = house.vault().await;
    let owner = house.database.as_ref().expect("a database").owner();
    let [old, new] = ["root.key", "new.key"].map(|name| house.key(name));
    let lacking = async |root: &RootKey| {
        let lacking = postgres::without_root(&owner, root).await;
        lacking.expect("no fault").len()
    };
    let put = async |id| {
        let (_shared, _own, keys) = seal(&vault, subject(id)).await;
        vault.put(keys, Vec::new()).await
    };
    put(1).await.expect("put");
    let mover = house.mover(house.keys(["new.key", "root.key"])).await;
    mover.rotate_root(|_uses| {}).await.expect("moved");
    drop(mover);
    let superuser = client(&house, "postgres").await;
    // the database's own table of functions
    let may = async |may: &str| {
        let function = "EXECUTE ON FUNCTION pg_try_advisory_lock_shared(integer, integer)";
        let sql = match may {
            "nothing" => format!("REVOKE {function} FROM PUBLIC"),
            _ => format!("GRANT {function} TO PUBLIC"),
        };
        superuser.batch_execute(&sql).await.expect("changed");
    };
    may("nothing").await;
    // those are in use, and others do not know
    let given = vault.use_roots(house.keys(["new.key"])).await;
    given.expect("it opens all");
    assert_eq!((lacking(&old).await, lacking(&new).await), (0, 1));
    let kill = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
                WHERE datname = current_database() AND usename = 'keeper'";
    superuser.execute(kill, &[]).await.expect("killed");
    for id in [2, 3] {
        let refused = put(id).await;
        assert!(matches!(refused, Err(Error::Unavailable)), "{refused:?}");
    }
    may("all").await;
    put(4).await.expect("put");
    assert_eq!((lacking(&old).await, lacking(&new).await), (1, 0));
}

#[tokio::test]
async fn what_was_told_is_let_go_when_all_that_follows_it_is_told() {
    let house = House::over_postgres().await;
    let vault = house.vault().await;
    let owner = house.database.as_ref().expect("a database").owner();
    let [old, new] = ["root.key", "new.key"].map(|name| house.key(name));
    let lacking = async |root: &RootKey| {
        let lacking = postgres::without_root(&owner, root).await;
        lacking.expect("no fault").len()
    };
    // told twice, and let go once
    for _ in 0..2 {
        let both = vault.use_roots(house.keys(["new.key", "root.key"])).await;
        both.expect("all of it");
    }
    let mover = house.mover(house.keys(["new.key", "root.key"])).await;
    mover.rotate_root(|_uses| {}).await.expect("moved");
    drop(mover);
    eventually(async || lacking(&old).await == 0).await;
    vault
        .use_roots(house.root().into())
        .await
        .expect_err("refused");
    assert_eq!((lacking(&old).await, lacking(&new).await), (0, 0));
    vault
        .use_roots(house.keys(["new.key"]))
        .await
        .expect("all of it");
    assert_eq!((lacking(&old).await, lacking(&new).await), (1, 0));
    // somebody is in the way of the next one
    let both = vault.use_roots(house.keys(["new.key", "root.key"])).await;
    both.expect("all of it");
    let superuser = client(&house, "postgres").await;
    let third = house.key("third.key");
    let lock = format!(
        "SELECT pg_advisory_lock({}, {})",
        postgres::holders::CLASS,
        postgres::holders::number(&third)
    );
    superuser.batch_execute(&lock).await.expect("locked");
    let two = vault.use_roots(house.keys(["third.key", "new.key"])).await;
    two.expect("all of it");
    assert_eq!((lacking(&old).await, lacking(&third).await), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_moves_to_different_root_keys_one_gives_way() {
    let house = House::over_postgres().await;
    put(&house.vault().await, subject(1), "SOC 2026-1").await;
    let one = house
        .mover(house.keys(["new.key", "third.key", "root.key"]))
        .await;
    let other = house
        .mover(house.keys(["third.key", "new.key", "root.key"]))
        .await;
    let both = |_uses: &[RootUse]| {
        let step = other.rotate_step(1);
        block_in_place(|| Handle::current().block_on(step)).expect("a step");
    };
    let error = one
        .rotate_root(both)
        .await
        .expect_err("the other one goes on");
    assert!(matches!(error, Error::Contested(_)), "{error:?}");
    other.rotate_root(|_uses| {}).await.expect("moved");
    let vault = house.open(house.key("third.key")).await.expect("a vault");
    assert_eq!(found(&vault, solna(), "SOC 2026-1").await, [subject(1)]);
}

#[tokio::test]
async fn a_gateway_that_lacks_the_new_root_key_makes_nothing_and_goes_on_when_it_has_it() {
    let house = House::over_postgres().await;
    let gateway = house.vault().await;
    let print = async |number| {
        let authority = MunicipalityCode::from_number(number).expect("a code");
        gateway.fingerprint(authority, b"request").await
    };
    let known = print(1).await.expect("made");
    let mover = house.mover(house.keys(["new.key", "root.key"])).await;
    mover.rotate_root(|_uses| {}).await.expect("moved");
    let new = house.key("new.key").id().to_owned();
    let unknown = print(2).await;
    assert!(
        matches!(&unknown, Err(Error::UnknownRoot(id)) if *id == new),
        "{unknown:?}"
    );
    assert_eq!(house.count("authority_keys").await, 1, "nothing was made");
    // nor is a new connection made
    let superuser = client(&house, "postgres").await;
    let kill = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
                WHERE datname = current_database() AND usename = 'keeper'";
    superuser.execute(kill, &[]).await.expect("killed");
    let unknown = print(2).await.expect_err("refused");
    let told = daemon::ErrorChain(&unknown).to_string();
    let expected = format!(
        "needs root key '{new}', and only '{}' is given",
        house.root().id()
    );
    assert!(told.contains(&expected), "{told}");
    // what it knows it goes on with
    assert_eq!(print(1).await.expect("known"), known);

    let uses = gateway.use_roots(house.keys(["new.key", "root.key"])).await;
    assert_eq!(uses.expect("all of it").len(), 1);
    print(2).await.expect("made");
    gateway
        .use_roots(house.key("root.key").into())
        .await
        .expect_err("refused");
    print(3).await.expect("made");
    let again = house.open(house.key("new.key")).await.expect("a vault");
    let authority = MunicipalityCode::from_number(1).expect("a code");
    assert_eq!(
        again
            .fingerprint(authority, b"request")
            .await
            .expect("known"),
        known
    );
}
