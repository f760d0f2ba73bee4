//! Several gateways over one database.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Instant;

use daemon::postgres::Settings;
use daemon::postgres::testing::Database;
use domain::entry::Event;
use domain::subject::Position;
use tlog::tree::Size;
use tokio_postgres::{AsyncMessage, NoTls};

use super::{connect, reaches, superuser};
use crate::conformance::given::{
    CALLERS, PATIENCE, append, append_at_once, appended, batch, new_relocation, notifying,
    open_key, registered, request, solleftea, solna, supplemented, system,
};
use crate::conformance::whole;
use crate::postgres::limits::POLL;
use crate::postgres::{PostgresJournal, testing};
use crate::{AppendError, Batch, Journal, OpenClaim, Outcome};

async fn two(database: &Database) -> (Arc<dyn Journal>, Arc<dyn Journal>) {
    (
        connect(database.settings("gateway")).await,
        connect(database.settings("gateway")).await,
    )
}

/// Appends from both at once. The outcomes of both, together.
async fn append_from_both(
    (one, other): &(Arc<dyn Journal>, Arc<dyn Journal>),
    batch: impl Fn(usize) -> Batch,
) -> Vec<Result<Outcome, AppendError>> {
    let half = CALLERS / 2;
    let (mut outcomes, others) = tokio::join!(
        append_at_once(one, (0..half).map(&batch).collect()),
        append_at_once(other, (half..CALLERS).map(&batch).collect()),
    );
    outcomes.extend(others);
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_gateways_append_in_one_order_without_gaps() {
    let database = testing::database().await.expect("a database");
    let journals = two(&database).await;
    let outcomes = append_from_both(&journals, |_| {
        batch(vec![
            notifying(registered(new_relocation()), &[solna(), solleftea()]),
            system(Event::TimePassed {
                now: jiff::Timestamp::UNIX_EPOCH,
            }),
        ])
    })
    .await;
    for outcome in outcomes {
        appended(outcome);
    }
    for journal in [journals.0, journals.1] {
        reaches(&journal, 2 * 256).await;
        assert_eq!(whole::check(&journal).await.len(), 2 * CALLERS);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_gateways_one_makes_what_is_made_once() {
    let database = testing::database().await.expect("a database");
    let journals = two(&database).await;
    let subject = new_relocation();
    append(&journals.0, batch(vec![registered(subject)])).await;
    let version = |_| batch(vec![supplemented(subject, 2)]);
    let key = |_| Batch {
        unique_key: Some("alert/1".to_owned()),
        ..batch(vec![registered(new_relocation())])
    };
    let claim = |_| Batch {
        claim: Some(OpenClaim {
            key: open_key(1),
            also: Vec::new(),
        }),
        ..batch(vec![registered(new_relocation())])
    };
    let same_request = |_| Batch {
        request: Some(request(1, 1)),
        ..batch(vec![registered(new_relocation())])
    };
    let cases: [&dyn Fn(usize) -> Batch; 4] = [&version, &key, &claim, &same_request];
    for (nth, case) in cases.into_iter().enumerate() {
        let outcomes = append_from_both(&journals, case).await;
        let is_made = |outcome: &&_| matches!(outcome, Ok(Outcome::Appended(_)));
        assert_eq!(outcomes.iter().filter(is_made).count(), 1, "case {nth}");
    }
    reaches(&journals.1, 5).await;
    assert_eq!(whole::check(&journals.1).await.len(), 5);
}

#[tokio::test]
async fn what_is_appended_is_told() {
    let database = testing::database().await.expect("a database");
    let journal = connect(database.settings("gateway")).await;
    let url = database.server.url("gateway", &database.name);
    let connected = tokio_postgres::connect(&url, NoTls).await;
    let (client, mut connection) = connected.expect("connected");
    let told = async {
        loop {
            match poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(told))) => return told.payload().to_owned(),
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    let (told, ()) = tokio::join!(tokio::time::timeout(PATIENCE, told), async {
        let listen = client.batch_execute("LISTEN flyttbud_journal").await;
        listen.expect("listening");
        let advance = system(Event::ClockAdvanced { seconds: 60 });
        append(&journal, batch(vec![registered(new_relocation()), advance])).await;
    });
    assert_eq!(told.expect("in time"), "2 60", "the edge, and the clock");
}

/// A look comes once a second anyway: whoever only looked would need nearly that long each time.
#[tokio::test]
async fn what_another_appends_is_heard() {
    let database = testing::database().await.expect("a database");
    let (here, there) = two(&database).await;
    let mut quickest = PATIENCE;
    for position in 1..=10 {
        append(&there, batch(vec![registered(new_relocation())])).await;
        let asked = Instant::now();
        reaches(&here, position).await;
        quickest = quickest.min(asked.elapsed());
    }
    assert!(quickest < POLL / 4, "{quickest:?}");
}

/// Every login may notify, of whatever it likes.
#[tokio::test]
async fn what_a_notification_says_is_not_believed() {
    let database = testing::database().await.expect("a database");
    let journal = PostgresJournal::connect(database.settings("gateway")).await;
    let journal = journal.expect("a journal");
    let stranger = database.client("gateway").await.expect("a connection");
    for (channel, payload) in [
        ("flyttbud_journal", "999999999 86400"),
        ("flyttbud_journal", "-1 -1"),
        ("flyttbud_views", "999999999"),
        ("flyttbud_log", "999999999"),
        ("flyttbud_log", ""),
    ] {
        let notify = format!("NOTIFY {channel}, '{payload}'");
        stranger.batch_execute(&notify).await.expect("told");
    }
    // notifications come in their order: those were heard before this one
    let another = connect(database.settings("gateway")).await;
    append(&another, batch(vec![registered(new_relocation())])).await;
    let before = journal.now();
    let as_journal: Arc<dyn Journal> = journal.clone();
    reaches(&as_journal, 1).await;
    assert_eq!(*journal.edge().borrow(), Position(1));
    assert_eq!(*journal.views().borrow(), Position(0));
    assert_eq!(*journal.log().borrow(), Size(0));
    let ahead = journal.now().duration_since(before);
    assert_eq!(ahead.as_hours(), 0, "{ahead}");
    // on a connection that is made now, and so asks the server what was reached
    append(&as_journal, batch(vec![registered(new_relocation())])).await;
    assert_eq!(whole::check(&as_journal).await.len(), 2);
}

#[tokio::test]
async fn what_nobody_tells_is_seen() {
    let database = testing::database().await.expect("a database");
    let journal = connect(database.settings("gateway")).await;
    let before = journal.now();
    let moved = "UPDATE flyttbud.edge SET position = 7, ahead_seconds = 86400";
    let superuser = superuser(&database).await;
    superuser.batch_execute(moved).await.expect("moved");
    reaches(&journal, 7).await;
    let ahead = journal.now().duration_since(before);
    assert!(ahead.as_hours() == 24, "{ahead}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_gateway_takes_no_more_connections_than_it_is_given() {
    let database = testing::database().await.expect("a database");
    let journal = connect(Settings {
        connections_max: 3,
        ..database.settings("gateway")
    })
    .await;
    append(&journal, batch(vec![registered(new_relocation())])).await;
    let mut reads = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let journal = journal.clone();
        reads.spawn(async move {
            journal
                .read_after(Position(0), 1)
                .await
                .expect("read")
                .len()
        });
    }
    assert_eq!(reads.join_all().await, [1; CALLERS]);
    let counted = "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND usename = 'gateway'";
    let superuser = superuser(&database).await;
    let count: i64 = superuser
        .query_one_scalar(counted, &[])
        .await
        .expect("a count");
    assert!((2..=5).contains(&count), "{count} connections");
}
