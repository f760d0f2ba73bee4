//! The database goes away, in each of the ways that leave somebody without an answer.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use daemon::postgres::testing::Server;
use domain::subject::Position;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{connect, reaches, superuser, wait_until};
use crate::batch::Request;
use crate::conformance::given::{
    append, appended, batch, new_relocation, notifying, registered, request, solleftea, try_append,
};
use crate::conformance::whole;
use crate::postgres::limits::APPEND;
use crate::postgres::testing;
use crate::{AppendError, Batch, Journal, Outcome};

/// A gateway's connections that wait for a lock, as a condition.
const LOCKED: &str = "FROM pg_stat_activity WHERE datname = current_database() \
     AND usename = 'gateway' AND wait_event_type = 'Lock'";
/// Likewise those whose commit waits for a standby.
const UNCONFIRMED: &str = "FROM pg_stat_activity WHERE datname = current_database() \
     AND usename = 'gateway' AND wait_event = 'SyncRep'";

fn one() -> Batch {
    batch(vec![notifying(
        registered(new_relocation()),
        &[solleftea()],
    )])
}

/// What a case system sends under a request id, and sends again with a new relocation's id when it got no answer.
pub(super) fn registration(id: u128) -> Batch {
    Batch {
        request: Some(request(id, 1)),
        ..one()
    }
}

fn is_unavailable(outcome: &Result<Outcome, AppendError>) -> bool {
    matches!(outcome, Err(AppendError::Unavailable))
}

#[tokio::test]
async fn a_session_that_is_ended_before_its_commit_is_settled() {
    let database = testing::database().await.expect("a database");
    let journal = connect(database.settings("gateway")).await;
    append(&journal, one()).await;
    let superuser = superuser(&database).await;
    let execute = async |sql: &str| superuser.batch_execute(sql).await.expect("executed");
    for (batch, is_settled) in [(registration(1), true), (one(), false)] {
        execute("BEGIN; SELECT FROM flyttbud.edge FOR UPDATE").await;
        let (outcome, ()) = tokio::join!(try_append(&journal, batch), async {
            wait_until(&superuser, &format!("SELECT count(*) = 1 {LOCKED}")).await;
            execute(&format!("SELECT pg_terminate_backend(pid) {LOCKED}")).await;
            execute("COMMIT").await;
        });
        assert_eq!(outcome.is_ok(), is_settled, "{outcome:?}");
        assert_eq!(is_unavailable(&outcome), !is_settled);
    }
    append(&journal, one()).await;
    assert_eq!(whole::check(&journal).await.len(), 3);
}

/// The commit is done, and only its answer is lost: the same batch, sent again, is known by its random bytes.
/// It was appended, once, and that is the answer. And nobody is answered before a standby has it.
#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_settled_as_what_it_was() {
    let server = Arc::new(Server::start().await.expect("a server"));
    let database = testing::database_on(server.clone())
        .await
        .expect("a database");
    let journal = connect(database.settings("gateway")).await;
    let first = append(&journal, one()).await;
    let set = "ALTER SYSTEM SET synchronous_standby_names = 'nobody'";
    superuser(&database)
        .await
        .batch_execute(set)
        .await
        .expect("set");
    server.restart().await.expect("restarted");

    let superuser = superuser(&database).await;
    let execute = async |sql: &str| superuser.batch_execute(sql).await.expect("executed");
    let end_unconfirmed = async || {
        wait_until(&superuser, &format!("SELECT count(*) = 1 {UNCONFIRMED}")).await;
        let end = format!("SELECT min(pid), bool_and(pg_terminate_backend(pid)) {UNCONFIRMED}");
        let ended = superuser.query_one(&end, &[]).await.expect("ended");
        ended.get::<_, i32>(0)
    };
    let (outcome, _) = tokio::join!(try_append(&journal, one()), end_unconfirmed());
    assert!(
        is_unavailable(&outcome),
        "without a request id nobody knows: {outcome:?}"
    );

    let mut settled = pin!(try_append(&journal, registration(1)));
    tokio::select! {
        outcome = &mut settled => panic!("answered before a standby has it: {outcome:?}"),
        () = async {
            let ended = end_unconfirmed().await;
            let again = format!("SELECT count(*) = 1 {UNCONFIRMED} AND pid <> {ended}");
            wait_until(&superuser, &again).await;
        } => {}
    }
    execute("ALTER SYSTEM RESET synchronous_standby_names").await;
    execute("SELECT pg_reload_conf()").await;
    let outcome = appended(settled.await);
    let entries = whole::check(&journal).await;
    let positions = (
        first.first.0,
        outcome.first.0,
        outcome.last.0,
        entries.len(),
    );
    assert_eq!(
        positions,
        (1, 3, 3, 3),
        "each once, and the unknown one between them"
    );
    assert_eq!(entries[2].recorded_at, outcome.recorded_at);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_kill_under_load_loses_nothing_that_was_answered_and_doubles_nothing() {
    const CALLERS: u128 = 32;
    const EACH: u128 = 20;
    let server = Arc::new(Server::start().await.expect("a server"));
    let database = testing::database_on(server.clone())
        .await
        .expect("a database");
    let journal = connect(database.settings("gateway")).await;
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let journal = journal.clone();
        callers.spawn(async move {
            let mut answered = BTreeMap::new();
            for nth in 0..EACH {
                let id = caller * EACH + nth;
                answered.insert(id, registered_at(&journal, id).await);
            }
            answered
        });
    }
    reaches(&journal, 100).await;
    server.kill().expect("killed");
    let before = *journal.edge().borrow();
    server.restart().await.expect("restarted");
    let answered: BTreeMap<u128, u64> = callers.join_all().await.into_iter().flatten().collect();
    assert!(before.0 < 640, "it was killed under load");
    assert_eq!(answered.len(), 640);
    check_answers(&journal, &answered).await;
}

/// Each request is there once, and is answered the same for ever.
pub(super) async fn check_answers(journal: &Arc<dyn Journal>, answered: &BTreeMap<u128, u64>) {
    let entries = whole::check(journal).await;
    assert_eq!(entries.len(), answered.len(), "each once");
    for (id, position) in answered {
        let Request { scope, id, .. } = request(*id, 1);
        let kept = journal.answer(scope, id).await.expect("read");
        let (_, answer) = kept.expect("an answer");
        assert_eq!(answer.position, Position(*position));
        let index = usize::try_from(position - 1).expect("few entries");
        assert_eq!(entries[index].subject, answer.subject);
    }
}

/// Sends a registration until it is answered, and says at which position it is.
pub(super) async fn registered_at(journal: &Arc<dyn Journal>, id: u128) -> u64 {
    loop {
        match try_append(journal, registration(id)).await {
            Ok(Outcome::Appended(appended)) => return appended.last.0,
            Ok(Outcome::Repeated(answer)) => return answer.position.0,
            Err(AppendError::Unavailable) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn without_a_database_an_append_is_unavailable_in_time_and_then_goes_on() {
    let server = Arc::new(Server::start().await.expect("a server"));
    let database = testing::database_on(server.clone())
        .await
        .expect("a database");
    let journal = connect(database.settings("gateway")).await;
    append(&journal, one()).await;
    server.kill().expect("killed");
    // nobody listens there, so nothing but time is waited for
    tokio::time::pause();
    let began = Instant::now();
    let outcome = try_append(&journal, registration(1)).await;
    assert!(is_unavailable(&outcome), "{outcome:?}");
    assert!(began.elapsed() <= APPEND * 2, "{:?}", began.elapsed());
    assert!(
        journal.read_after(Position(0), 1).await.is_err(),
        "nothing is read"
    );
    tokio::time::resume();
    server.restart().await.expect("restarted");
    // the one that nobody waits for any more may have come first: then this is its answer
    let outcome = try_append(&journal, registration(1)).await;
    let is_there = matches!(outcome, Ok(Outcome::Appended(_) | Outcome::Repeated(_)));
    assert!(is_there, "{outcome:?}");
    assert_eq!(whole::check(&journal).await.len(), 2);
}

#[tokio::test]
async fn connections_that_are_cut_are_made_anew_and_what_was_missed_is_seen() {
    let database = testing::database().await.expect("a database");
    let journal = connect(database.settings("gateway")).await;
    append(&journal, one()).await;
    assert_eq!(
        journal
            .read_after(Position(0), 9)
            .await
            .expect("read")
            .len(),
        1
    );
    let other = connect(database.settings("ledger")).await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND usename = 'gateway'";
    superuser(&database)
        .await
        .batch_execute(cut)
        .await
        .expect("cut");
    append(&other, one()).await;
    reaches(&journal, 2).await;
    append(&journal, registration(1)).await;
    assert_eq!(whole::check(&journal).await.len(), 3);
}

#[tokio::test]
async fn a_server_that_has_lost_entries_gets_no_others() {
    let database = testing::database().await.expect("a database");
    let journal = connect(database.settings("gateway")).await;
    append(&journal, one()).await;
    append(&journal, one()).await;
    let lost = "DELETE FROM flyttbud.entries WHERE position = 2; \
         DELETE FROM flyttbud.notices WHERE position = 2; \
         UPDATE flyttbud.edge SET position = 1";
    let superuser = superuser(&database).await;
    superuser.batch_execute(lost).await.expect("lost");
    for batch in [registration(1), one()] {
        let outcome = try_append(&journal, batch).await;
        assert!(is_unavailable(&outcome), "{outcome:?}");
    }
    assert!(
        journal.read_after(Position(0), 9).await.is_err(),
        "nor is it read"
    );
    assert_eq!(
        *journal.edge().borrow(),
        Position(2),
        "what was told stays told"
    );
    let count = "SELECT count(*) FROM flyttbud.entries";
    let count: i64 = superuser
        .query_one_scalar(count, &[])
        .await
        .expect("a count");
    assert_eq!(count, 1);
}
