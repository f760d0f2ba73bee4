//! PostgreSQL passes the conformance suite.

use std::sync::Arc;

use daemon::postgres::testing::Database;

use crate::Journal;
use crate::conformance::list::{House, conforms};
use crate::postgres::testing;
use crate::postgres::tests::connect;

impl House for Database {
    async fn build() -> Self {
        testing::database().await.expect("a database")
    }

    async fn journal(&self) -> Arc<dyn Journal> {
        connect(self.settings("gateway")).await
    }

    async fn empty(&self) {
        let owner = self.client("owner").await.expect("a connection");
        let sql = "TRUNCATE flyttbud.entries, flyttbud.requests, flyttbud.notices, \
             flyttbud.open_relocations, flyttbud.unique_keys; \
             UPDATE flyttbud.edge \
             SET position = 0, recorded_at = 0, system_version = 0, ahead_seconds = 0";
        owner.batch_execute(sql).await.expect("emptied");
    }
}

conforms!(Database);
