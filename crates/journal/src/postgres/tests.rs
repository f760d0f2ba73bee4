//! The journal in PostgreSQL under the conformance suite, and what only a database server can get wrong.

mod access;
mod conforms;
mod failover;
mod gateways;
mod lead;
mod outage;
mod server;
mod stored;
mod tls;

use std::sync::Arc;

use daemon::postgres::Settings;
use daemon::postgres::testing::Database;
use domain::subject::Position;
use tokio_postgres::Client;

use super::PostgresJournal;
use crate::Journal;
use crate::conformance::given::PATIENCE;

async fn connect(settings: Settings) -> Arc<dyn Journal> {
    PostgresJournal::connect(settings).await.expect("a journal")
}

/// Whoever may do everything.
async fn superuser(database: &Database) -> Client {
    database.client("postgres").await.expect("a connection")
}

async fn reaches(journal: &Arc<dyn Journal>, position: u64) {
    let mut edge = journal.edge();
    let reached = edge.wait_for(|edge| *edge >= Position(position));
    let reached = tokio::time::timeout(PATIENCE, reached).await;
    reached.expect("in time").expect("the journal lives");
}

/// Asks until the answer is yes.
async fn wait_until(client: &Client, question: &str) {
    let answered = async {
        while !client
            .query_one_scalar::<bool, _>(question, &[])
            .await
            .expect("an answer")
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, answered)
        .await
        .expect("in time");
}
