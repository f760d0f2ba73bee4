//! Claims about several processes over one PostgreSQL, and about what it does with what is deleted.

use std::time::Duration;

use daemon::postgres::ConnectError;
use daemon::postgres::testing::Server;
use tokio::time::{Instant, advance, pause, resume, sleep};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::*;
use crate::limits::PSEUDONYM_KEYS_TRUSTED;
use crate::{OpenError, SearchTerm};

/// Waits for what the server does in its own time.
pub(super) async fn eventually(mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so().await {
        assert!(Instant::now() < deadline, "it never came to be");
        sleep(Duration::from_millis(20)).await;
    }
}

pub(super) async fn client(house: &House, user: &str) -> Client {
    let database = house.database.as_ref().expect("a database");
    database.client(user).await.expect("a connection")
}

#[tokio::test]
async fn two_gateways_give_the_same_names_open_what_the_other_sealed_and_erase_for_both() {
    let house = House::over_postgres().await;
    let (one, other) = (house.vault().await, house.vault().await);
    let person = number("19900101-2385");
    let name = async |vault: &Vault| {
        let pseudonym = vault.pseudonym(solna(), YEAR, &person, solna()).await;
        let token = vault
            .search_token(heby(), SearchTerm::Number(&person))
            .await;
        let hash = vault.fingerprint(solna(), b"request").await;
        (
            pseudonym.expect("a pseudonym"),
            token.expect("a token"),
            hash.expect("a hash"),
        )
    };
    // both make them at the same time
    let (names, names_too) = tokio::join!(name(&one), name(&other));
    assert_eq!(names, names_too);

    let (shared, own) = put(&one, subject(1), "SOC 2026-1").await;
    let (shared_2, _own) = put(&other, subject(2), "SOC 2026-1").await;
    for (vault, id, part) in [
        (&other, 1, &shared),
        (&other, 1, &own),
        (&one, 2, &shared_2),
    ] {
        assert!(read(vault, solna(), subject(id), part).await.is_some());
    }
    let both = [subject(2), subject(1)];
    assert_eq!(found(&one, solna(), "SOC 2026-1").await, both);

    assert_eq!(one.erase(solna(), subject(1)).await.expect("erased"), 1);
    assert_eq!(read(&other, solna(), subject(1), &shared).await, None);
    assert!(read(&other, heby(), subject(1), &shared).await.is_some());
    assert_eq!(found(&other, solna(), "SOC 2026-1").await, [subject(2)]);
}

#[tokio::test]
async fn a_year_that_one_gateway_drops_is_gone_from_the_others_after_ten_seconds() {
    let house = House::over_postgres().await;
    let (one, other) = (house.vault().await, house.vault().await);
    let person = number("19900101-2385");
    let of = async |vault: &Vault, epoch| {
        let pseudonym = vault.pseudonym(solna(), epoch, &person, solna()).await;
        pseudonym.expect("a pseudonym")
    };
    let old = of(&one, YEAR - 1).await;
    let kept = of(&one, YEAR).await;
    assert_eq!(of(&other, YEAR - 1).await, old);
    assert_eq!(one.drop_pseudonym_keys(YEAR - 1).await.expect("dropped"), 1);
    let new = of(&one, YEAR - 1).await;
    assert_ne!(new, old);
    // time goes on
    pause();
    advance(PSEUDONYM_KEYS_TRUSTED + Duration::from_millis(1)).await;
    resume();
    assert_eq!(of(&other, YEAR - 1).await, new);
    assert_eq!(of(&other, YEAR).await, kept);
}

#[tokio::test]
async fn a_store_that_has_forgotten_a_drop_is_not_trusted_with_its_keys() {
    let house = House::over_postgres().await;
    let vault = house.vault().await;
    let person = number("19900101-2385");
    let of = async |epoch| vault.pseudonym(solna(), epoch, &person, solna()).await;
    of(YEAR).await.expect("a pseudonym");
    vault.drop_pseudonym_keys(YEAR - 1).await.expect("dropped");
    // an old copy was put in its place
    house.alter("DELETE FROM drops;").await;
    assert!(matches!(of(YEAR).await, Err(Error::Unavailable)));
}

#[tokio::test]
async fn a_gateway_may_make_read_and_delete_keys_and_change_nothing() {
    let house = House::over_postgres().await;
    put(&house.vault().await, subject(1), "SOC 2026-1").await;
    let keeper = client(&house, "keeper").await;
    for sql in [
        "UPDATE flyttbud_keys.body_keys SET epoch = 0",
        "UPDATE flyttbud_keys.authority_keys SET epoch = 0",
        "UPDATE flyttbud_keys.search SET kind = 0",
        "UPDATE flyttbud_keys.erased SET position = 0",
        "UPDATE flyttbud_keys.schema SET version = 0",
        "UPDATE flyttbud_keys.refusals SET reason = ''",
        "DELETE FROM flyttbud_keys.accesses",
        "UPDATE flyttbud_keys.accesses SET at_micros = 0",
        "DELETE FROM flyttbud_keys.reviews",
        "UPDATE flyttbud_keys.reviews SET until_micros = 0",
        "DELETE FROM flyttbud_keys.drops",
        "DELETE FROM flyttbud_keys.roots",
        "UPDATE flyttbud_keys.roots SET nr = 9",
        "INSERT INTO flyttbud_keys.roots (nr, id, proof) VALUES (9, 'another', '')",
        "UPDATE flyttbud_keys.authority_keys SET root = 'another'",
        "TRUNCATE flyttbud_keys.body_keys",
        "DROP TABLE flyttbud_keys.body_keys",
        "ALTER TABLE flyttbud_keys.body_keys SET (autovacuum_enabled = off)",
        "CREATE TABLE flyttbud_keys.other (x integer)",
        "CREATE TABLE public.other (x integer)",
    ] {
        let error = keeper.batch_execute(sql).await.expect_err(sql);
        let refused = Some(&SqlState::INSUFFICIENT_PRIVILEGE);
        assert_eq!(error.code(), refused, "{sql}");
    }
}

#[tokio::test]
async fn a_change_on_a_lost_connection_is_unavailable_and_the_next_one_is_made() {
    let house = House::over_postgres().await;
    let vault = house.vault().await;
    let (shared, _own) = put(&vault, subject(1), "SOC 2026-1").await;
    let owner = client(&house, "owner").await;
    let superuser = client(&house, "postgres").await;
    owner
        .batch_execute("BEGIN; LOCK TABLE flyttbud_keys.body_keys IN EXCLUSIVE MODE")
        .await
        .expect("locked");
    let (_shared, _own, keys) = seal(&vault, subject(2)).await;
    let lost = async {
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE datname = current_database() AND usename = 'keeper' \
                    AND wait_event_type = 'Lock'";
        eventually(async || superuser.execute(kill, &[]).await.expect("killed") > 0).await;
    };
    let (result, ()) = tokio::join!(vault.put(keys, Vec::new()), lost);
    assert!(matches!(result, Err(Error::Unavailable)), "{result:?}");
    owner.batch_execute("ROLLBACK").await.expect("let go");
    // idle connections are lost too
    let kill = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
                WHERE datname = current_database() AND usename = 'keeper'";
    superuser.execute(kill, &[]).await.expect("killed");
    assert!(read(&vault, heby(), subject(1), &shared).await.is_some());
    put(&vault, subject(3), "SOC 2026-1").await;
    let both = [subject(3), subject(1)];
    assert_eq!(found(&vault, solna(), "SOC 2026-1").await, both);
}

#[tokio::test]
async fn what_is_deleted_leaves_the_tables_files_by_itself() {
    let house = House::over_postgres().await;
    let vault = house.vault().await;
    let (_shared, _own, keys) = seal(&vault, subject(1)).await;
    let term = SearchTerm::CaseNumber("SOC 2026-1");
    let row = vault.search_row(solna(), term, subject(1)).await;
    let row = row.expect("a row");
    let token = row.token;
    vault.put(keys, vec![row]).await.expect("put");
    let wrapped = house.wrapped_for(subject(1)).await;
    // rows that come after them on their page are moved over them
    for id in 2..=20 {
        put(&vault, subject(id), "SOC 2026-2").await;
    }
    let superuser = client(&house, "postgres").await;
    let database = house.database.as_ref().expect("a database");
    let data = database.server.folder().join("data");
    let holds = async |bytes: &[u8]| {
        superuser
            .batch_execute("CHECKPOINT")
            .await
            .expect("written");
        let files = superuser
            .query(
                "SELECT pg_relation_filepath(oid) FROM pg_class \
                 WHERE relnamespace = 'flyttbud_keys'::regnamespace AND relkind IN ('r', 'i')",
                &[],
            )
            .await
            .expect("files");
        files.iter().any(|file| {
            let content = fs::read(data.join(file.get::<_, String>(0))).expect("bytes");
            contains(&content, bytes)
        })
    };
    assert!(holds(&wrapped[0]).await && holds(&wrapped[1]).await && holds(&token).await);
    vault.erase(solna(), subject(1)).await.expect("erased");
    eventually(async || !holds(&wrapped[0]).await && !holds(&token).await).await;
    assert!(holds(&wrapped[1]).await);
}

/// Where a database keeps its tables.
async fn table_holds(house: &House, table: &str, bytes: &[u8]) -> bool {
    let superuser = client(house, "postgres").await;
    let written = superuser.batch_execute("CHECKPOINT").await;
    written.expect("written");
    let path = superuser
        .query_one("SELECT pg_relation_filepath($1::text::regclass)", &[&table])
        .await
        .expect("a path");
    let database = house.database.as_ref().expect("a database");
    let data = database.server.folder().join("data");
    let content = fs::read(data.join(path.get::<_, String>(0))).expect("bytes");
    contains(&content, bytes)
}

#[tokio::test]
async fn what_is_wrapped_anew_leaves_the_tables_file_when_nobody_can_read_it_any_more() {
    let house = House::over_postgres().await;
    put(&house.vault().await, subject(1), "SOC 2026-1").await;
    let table = "flyttbud_keys.authority_keys";
    let wraps = house.wraps().await;
    for wrap in &wraps {
        assert!(table_holds(&house, table, wrap).await);
    }
    // a transaction that was left open
    let reader = client(&house, "owner").await;
    let open = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM flyttbud_keys.drops";
    reader.batch_execute(open).await.expect("open");
    let mover = house.mover(house.keys(["new.key", "root.key"])).await;
    mover.rotate_root(|_uses| {}).await.expect("moved");
    let owner = house.database.as_ref().expect("a database").owner();
    postgres::wipe_wraps(&owner).await.expect("wiped");
    for wrap in &wraps {
        assert!(
            table_holds(&house, table, wrap).await,
            "somebody may read it"
        );
    }
    // as docs/operation.md has it: run again when that has ended
    reader.batch_execute("COMMIT").await.expect("ended");
    postgres::wipe_wraps(&owner).await.expect("wiped");
    for wrap in &wraps {
        assert!(!table_holds(&house, table, wrap).await);
    }
    for wrap in &house.wraps().await {
        assert!(table_holds(&house, table, wrap).await);
    }
}

#[tokio::test]
async fn a_schema_that_is_missing_or_newer_and_a_server_that_may_lose_keys_are_refused() {
    let house = House::over_postgres().await;
    let refused = async || {
        let error = house.open(house.root()).await.expect_err("refused");
        let OpenError::Connect(error) = error else {
            panic!("{error:?}")
        };
        error
    };
    house.alter("UPDATE schema SET version = 0;").await;
    let error = refused().await;
    assert!(
        matches!(error, ConnectError::Older { found: 0, .. }),
        "{error:?}"
    );
    house.alter("UPDATE schema SET version = 99;").await;
    let error = refused().await;
    assert!(
        matches!(error, ConnectError::Newer { found: 99, .. }),
        "{error:?}"
    );
    let known = postgres::SCHEMA.migrations.len();
    let known = format!("UPDATE schema SET version = {known};");
    house.alter(&known).await;
    drop(house.vault().await);
    let database = &house.database.as_ref().expect("a database").name;
    house
        .alter(&format!(
            "ALTER DATABASE {database} SET synchronous_commit = off;"
        ))
        .await;
    assert_eq!(
        refused().await.to_string(),
        "the server's 'synchronous_commit' is 'off', and must be 'on': set it in postgresql.conf, \
         and not otherwise for the role or the database"
    );
}

#[tokio::test]
async fn a_server_that_does_not_vacuum_is_refused() {
    let server = Server::start_with(5432, "autovacuum = off").await;
    let database = Database::on(server.expect("a server").into()).await;
    let error = postgres::migrate(&database.expect("a database").owner()).await;
    let error = error.expect_err("refused");
    assert!(
        matches!(
            &error,
            ConnectError::Unsafe {
                name: "autovacuum",
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_connection_that_comes_to_lead_elsewhere_is_not_used() {
    let house = House::over_postgres().await;
    let vault = house.vault().await;
    let (shared, _own) = put(&vault, subject(1), "SOC 2026-1").await;
    assert!(read(&vault, heby(), subject(1), &shared).await.is_some());
    // as if another server had taken over the address
    house
        .alter("INSERT INTO roots (nr, id, proof) VALUES (9, 'another', '');")
        .await;
    let superuser = client(&house, "postgres").await;
    let kill = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
                WHERE datname = current_database() AND usename = 'keeper'";
    superuser.execute(kill, &[]).await.expect("killed");
    let result = open(&vault, heby(), subject(1), &shared).await;
    assert!(matches!(result, Err(Error::Store(_))), "{result:?}");
    let (_shared, _own, keys) = seal(&vault, subject(2)).await;
    let result = vault.put(keys, Vec::new()).await;
    assert!(matches!(result, Err(Error::Unavailable)), "{result:?}");
}
