//! A server that is not set safely is refused, with the name of what is wrong; and the schema's versions.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use daemon::postgres::testing::{Database, Server};
use daemon::postgres::{ConnectError, Link, Settings};

use super::superuser;
use crate::postgres::{PostgresJournal, migrate, testing};

async fn refusal(settings: Settings) -> ConnectError {
    let refused = PostgresJournal::connect(settings).await;
    refused.expect_err("refused")
}

/// The setting that a refusal names.
fn named(error: &ConnectError) -> &'static str {
    let ConnectError::Unsafe { name, remedy, .. } = error else {
        panic!("{error:?}");
    };
    assert!(!remedy.is_empty());
    name
}

#[tokio::test]
async fn a_server_that_could_lose_or_change_something_is_refused_by_name() {
    let unsafe_lines = "fsync = off\nfull_page_writes = off";
    let server = Server::start_new(5432, unsafe_lines, false).await;
    let server = Arc::new(server.expect("a server"));
    let database = Database::on(server.clone()).await.expect("a database");
    for name in ["fsync", "full_page_writes", "data_checksums"] {
        let error = migrate(&database.owner()).await.expect_err("refused");
        assert_eq!(named(&error), name, "{error}");
        if name != "data_checksums" {
            let set = format!("ALTER SYSTEM SET {name} = on");
            superuser(&database)
                .await
                .batch_execute(&set)
                .await
                .expect("set");
            server.restart().await.expect("restarted");
        }
    }
}

#[tokio::test]
async fn a_session_that_could_lose_or_change_something_is_refused_by_name() {
    let database = testing::database().await.expect("a database");
    let superuser = superuser(&database).await;
    for (name, value, is_safe) in [
        ("synchronous_commit", "off", false),
        ("synchronous_commit", "local", false),
        ("synchronous_commit", "remote_apply", true),
        ("default_transaction_isolation", "serializable", false),
        ("default_transaction_isolation", "read committed", true),
    ] {
        let set = format!("ALTER DATABASE {} SET {name} = '{value}'", database.name);
        superuser.batch_execute(&set).await.expect("set");
        match PostgresJournal::connect(database.settings("gateway")).await {
            Ok(_) => assert!(is_safe, "{name} = {value}"),
            Err(error) => assert_eq!((named(&error), is_safe), (name, false)),
        }
    }
}

#[tokio::test]
async fn a_schema_of_another_version_is_refused_and_left_alone() {
    let database = Database::new().await.expect("a database");
    let error = refusal(database.owner()).await;
    assert!(
        matches!(error, ConnectError::Older { found: 0, .. }),
        "{error:?}"
    );
    migrate(&database.owner()).await.expect("migrated");
    let admitted = database.admit("gateway", "flyttbud_gateway").await;
    admitted.expect("admitted");
    PostgresJournal::connect(database.settings("gateway"))
        .await
        .expect("a journal");

    let superuser = superuser(&database).await;
    let newer = "UPDATE flyttbud.schema SET version = 999";
    superuser.batch_execute(newer).await.expect("set");
    let migrated = migrate(&database.owner()).await.expect_err("refused");
    for error in [migrated, refusal(database.settings("gateway")).await] {
        assert!(
            matches!(error, ConnectError::Newer { found: 999, .. }),
            "{error:?}"
        );
    }
    let version = "SELECT version FROM flyttbud.schema";
    let version: i32 = superuser
        .query_one_scalar(version, &[])
        .await
        .expect("a version");
    assert_eq!(version, 999);
}

#[tokio::test]
async fn migrations_at_once_are_done_once() {
    let database = Database::new().await.expect("a database");
    let owner = database.owner();
    let migrated = tokio::join!(migrate(&owner), migrate(&owner), migrate(&owner));
    assert!(matches!(migrated, (Ok(()), Ok(()), Ok(()))), "{migrated:?}");
    PostgresJournal::connect(owner).await.expect("a journal");
}

/// What is under way on the connection may be a transaction, of which nobody else may become a part.
#[tokio::test]
async fn whoever_is_dropped_while_it_begins_hands_no_connection_on() {
    let database = testing::database().await.expect("a database");
    let link = Link::open(&database.settings("gateway"), &(), |_notification| {}).await;
    let mut link = link.expect("a connection");
    assert!(link.is_usable());
    {
        let mut begun = pin!(link.begin());
        let polled = begun.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "the server has not answered yet");
    }
    assert!(!link.is_usable());
}
