//! Another server takes over.

use std::collections::BTreeMap;

use daemon::postgres::Settings;
use daemon::postgres::testing::Pair;
use domain::subject::Position;
use tokio::task::JoinSet;

use super::outage::{check_answers, registered_at, registration};
use super::{connect, reaches, superuser, wait_until};
use crate::Request;
use crate::conformance::given::{append, request};
use crate::conformance::whole;
use crate::postgres::testing;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn another_server_takes_over_with_all_that_was_answered() {
    let pair = Pair::start().await.expect("two servers");
    let database = testing::database_on(pair.primary.clone());
    let database = database.await.expect("a database");
    let journal = connect(Settings::new(pair.url("gateway", &database.name))).await;
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
    pair.primary.kill().expect("killed");
    pair.promote().await.expect("promoted");
    let answered = callers.join_all().await.into_iter().flatten().collect();
    check_answers(&journal, &answered).await;

    // the former one comes back, takes writes, and is named first: but it lacks what the other has
    append(&journal, registration(1_000)).await;
    pair.primary.restart().await.expect("restarted");
    let promoted = pair.standby.client("postgres", "postgres").await;
    let promoted = promoted.expect("a connection");
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gateway'";
    promoted.batch_execute(cut).await.expect("cut");
    append(&journal, registration(1_001)).await;
    assert_eq!(whole::check(&journal).await.len(), answered.len() + 2);
}

/// Somebody waits at a commit until the standby has it.
const COMMIT_WAITS: &str = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

#[tokio::test(flavor = "multi_thread")]
async fn what_the_standby_lacks_is_not_yet_an_answer() {
    let pair = Pair::start().await.expect("two servers");
    let database = testing::database_on(pair.primary.clone());
    let database = database.await.expect("a database");
    let journal = connect(Settings::new(pair.url("gateway", &database.name))).await;
    append(&journal, registration(0)).await;
    pair.standby.kill().expect("killed");
    let client = superuser(&database).await;
    tokio::select! {
        outcome = journal.append(registration(1)) => panic!("on one disk: {outcome:?}"),
        () = wait_until(&client, COMMIT_WAITS) => {}
    }
    // a server that starts anew shows what it has, and asks no standby
    pair.primary.kill().expect("killed");
    pair.primary.restart().await.expect("restarted");
    let client = superuser(&database).await;
    let Request { scope, id, .. } = request(1, 1);
    let mut asked = journal.answer(scope, id);
    tokio::select! {
        answer = &mut asked => panic!("on one disk: {answer:?}"),
        () = wait_until(&client, COMMIT_WAITS) => {}
    }
    pair.standby.restart().await.expect("restarted");
    let kept = asked.await.expect("read").expect("an answer");
    assert_eq!(kept.1.position, Position(2));
}
