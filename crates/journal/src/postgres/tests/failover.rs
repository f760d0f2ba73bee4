//! Another server takes over.

use std::collections::BTreeMap;
use std::sync::Arc;

use daemon::postgres::Settings;
use daemon::postgres::testing::{Database, Server};
use tokio::task::JoinSet;

use super::outage::{check_answers, registered_at, registration};
use super::{connect, reaches, superuser, wait_until};
use crate::conformance::given::append;
use crate::conformance::whole;
use crate::postgres::testing;

/// A server and its synchronous standby, and a URL that names both.
async fn pair() -> (Database, Arc<Server>, Settings) {
    let primary = Arc::new(Server::start().await.expect("a server"));
    let database = testing::database_on(primary.clone())
        .await
        .expect("a database");
    let standby = Arc::new(primary.standby().await.expect("a standby"));
    let superuser = superuser(&database).await;
    for sql in [
        "ALTER SYSTEM SET synchronous_standby_names = '*'",
        "SELECT pg_reload_conf()",
    ] {
        superuser.batch_execute(sql).await.expect(sql);
    }
    let is_synchronous = "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'";
    wait_until(&superuser, is_synchronous).await;
    let one = primary.url("gateway", &database.name);
    let other = standby.url("gateway", &database.name);
    let (host, _) = one.rsplit_once('/').expect("a database");
    let (_, rest) = other.split_once('@').expect("a user");
    let settings = Settings::new(format!("{host},{rest}"));
    (database, standby, settings)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn another_server_takes_over_with_all_that_was_answered() {
    let (database, standby, settings) = pair().await;
    let journal = connect(settings).await;
    let mut callers = JoinSet::new();
    for caller in 0..16u128 {
        let journal = journal.clone();
        callers.spawn(async move {
            let mut answered = BTreeMap::new();
            for id in caller * 20..caller * 20 + 20 {
                answered.insert(id, registered_at(&journal, id).await);
            }
            answered
        });
    }
    reaches(&journal, 100).await;
    database.server.kill().expect("killed");
    let promoted = standby
        .client("postgres", "postgres")
        .await
        .expect("a connection");
    promoted
        .batch_execute("SELECT pg_promote()")
        .await
        .expect("promoted");
    let answered = callers.join_all().await.into_iter().flatten().collect();
    check_answers(&journal, &answered).await;

    // the former one comes back, takes writes, and is named first: but it lacks what the other has
    append(&journal, registration(1_000)).await;
    database.server.restart().await.expect("restarted");
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gateway'";
    promoted.batch_execute(cut).await.expect("cut");
    append(&journal, registration(1_001)).await;
    assert_eq!(whole::check(&journal).await.len(), answered.len() + 2);
}
