//! Who may do what: each table and function is tried.

use std::collections::BTreeSet;

use daemon::postgres::testing::Database;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::superuser;
use crate::PostgresJournal;
use crate::postgres::{migrate, testing};

/// Each table with a column, and what a ledger may do to it beside reading. A gateway may read.
const TABLES: [(&str, &str, &[&str]); 22] = [
    ("alarm", "text", &["UPDATE"]),
    ("alarm", "needs_word", &["UPDATE"]),
    ("alerts", "state", &["INSERT", "UPDATE"]),
    ("arrivals", "state", &["INSERT", "UPDATE"]),
    ("checkpoints", "note", &["INSERT"]),
    ("checkpoints", "witnessed", &["INSERT", "UPDATE"]),
    ("connected", "municipality", &["INSERT", "UPDATE"]),
    ("cosignatures", "line", &["INSERT", "UPDATE"]),
    ("definitions", "version", &["INSERT", "UPDATE"]),
    ("edge", "one", &[]),
    ("entries", "bytes", &[]),
    ("hashes", "hashes", &["INSERT"]),
    ("lead", "fence", &["UPDATE"]),
    ("lifted_alarms", "reason", &["INSERT"]),
    ("marks", "position", &["INSERT", "UPDATE"]),
    ("notices", "chain", &[]),
    ("open_relocations", "person", &[]),
    ("own", "municipality", &["INSERT", "UPDATE"]),
    ("relocations", "state", &["INSERT", "UPDATE"]),
    ("requests", "id", &[]),
    ("schema", "version", &[]),
    ("unique_keys", "key", &[]),
];

async fn is_allowed(client: &Client, sql: &str) -> bool {
    match client.batch_execute(sql).await {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(
                error.code(),
                Some(&SqlState::INSUFFICIENT_PRIVILEGE),
                "{sql}: {error}"
            );
            false
        }
    }
}

/// What would change no row, were it allowed.
fn statements(table: &str, column: &str) -> [(&'static str, String); 5] {
    let table = format!("flyttbud.{table}");
    [
        ("SELECT", format!("SELECT FROM {table} LIMIT 0")),
        (
            "INSERT",
            format!("INSERT INTO {table} SELECT * FROM {table} LIMIT 0"),
        ),
        (
            "UPDATE",
            format!("UPDATE {table} SET {column} = {column} WHERE false"),
        ),
        ("DELETE", format!("DELETE FROM {table} WHERE false")),
        ("TRUNCATE", format!("TRUNCATE {table}")),
    ]
}

#[tokio::test]
async fn a_service_writes_nothing_but_what_is_its_own() {
    let database = testing::database().await.expect("a database");
    let gateway = database.client("gateway").await.expect("a connection");
    let ledger = database.client("ledger").await.expect("a connection");
    let known = superuser(&database)
        .await
        .query(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'flyttbud'",
            &[],
        )
        .await
        .expect("tables");
    let known: BTreeSet<&str> = known.iter().map(|row| row.get(0)).collect();
    let tried: BTreeSet<&str> = TABLES.iter().map(|(table, ..)| *table).collect();
    assert_eq!(known, tried, "each table is tried");
    for (table, column, ledgers) in TABLES {
        for (verb, sql) in statements(table, column) {
            let is_read = verb == "SELECT";
            let is_ledgers = is_read || ledgers.contains(&verb);
            assert_eq!(is_allowed(&gateway, &sql).await, is_read, "gateway: {sql}");
            assert_eq!(is_allowed(&ledger, &sql).await, is_ledgers, "ledger: {sql}");
        }
    }
}

#[tokio::test]
async fn a_service_makes_nothing_and_runs_one_function() {
    let database = testing::database().await.expect("a database");
    for service in ["gateway", "ledger"] {
        let client = database.client(service).await.expect("a connection");
        for sql in [
            "SELECT flyttbud.varint(1)",
            "CREATE TABLE flyttbud.mine ()",
            "CREATE TABLE public.mine ()",
            "CREATE TEMPORARY TABLE mine ()",
            "CREATE SCHEMA mine",
            "CREATE FUNCTION flyttbud.mine() RETURNS int LANGUAGE sql RETURN 1",
            "ALTER FUNCTION flyttbud.append SET search_path = public",
            "SET ROLE owner",
        ] {
            assert!(!is_allowed(&client, sql).await, "{service}: {sql}");
        }
    }
    let may = "SELECT array_agg(proname::text ORDER BY proname) FROM pg_proc \
         WHERE pronamespace = 'flyttbud'::regnamespace AND has_function_privilege('gateway', oid, 'EXECUTE')";
    let superuser = superuser(&database).await;
    let may: Vec<String> = superuser
        .query_one_scalar(may, &[])
        .await
        .expect("functions");
    assert_eq!(may, ["append"]);
}

#[tokio::test]
async fn a_stranger_is_not_let_in() {
    let database = testing::database().await.expect("a database");
    let superuser = superuser(&database).await;
    let stranger = format!("stranger_of_{}", database.name);
    let sql = format!("CREATE ROLE {stranger} LOGIN");
    superuser.batch_execute(&sql).await.expect("a role");
    let refused = database.client(&stranger).await.expect_err("not let in");
    assert!(format!("{refused:?}").contains("42501"), "{refused:?}");
}

/// Whoever may call the function cannot make it answer before what it writes is on the disk.
#[tokio::test]
async fn nothing_is_appended_by_who_does_not_wait_for_the_disk() {
    let database = testing::database().await.expect("a database");
    let client = database.client("gateway").await.expect("a connection");
    let nothing = "SELECT outcomes FROM flyttbud.append(0, '{}', '{}', '{}', '{}', '{}', '{}', '{}', \
         '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')";
    client
        .batch_execute(nothing)
        .await
        .expect("a group of none");
    for (level, is_safe) in [
        ("remote_apply", true),
        ("remote_write", false),
        ("local", false),
        ("off", false),
    ] {
        let set = format!("SET synchronous_commit = {level}");
        client.batch_execute(&set).await.expect("set");
        assert_eq!(
            client.batch_execute(nothing).await.is_ok(),
            is_safe,
            "{level}"
        );
    }
}

#[tokio::test]
async fn who_is_let_in_again_gets_back_what_was_revoked() {
    let database = Database::new().await.expect("a database");
    migrate(&database.owner()).await.expect("migrated");
    let superuser = superuser(&database).await;
    let admit = async || {
        let admitted = database.admit("revoked", "flyttbud_gateway").await;
        admitted.expect("admitted");
        PostgresJournal::connect(database.settings("revoked")).await
    };
    admit().await.expect("a journal");
    let revoke = "REVOKE flyttbud_gateway FROM revoked";
    superuser.batch_execute(revoke).await.expect("revoked");
    let refused = PostgresJournal::connect(database.settings("revoked")).await;
    refused.expect_err("not any more");
    admit().await.expect("a journal");
}
