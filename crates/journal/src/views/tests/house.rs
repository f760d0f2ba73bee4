//! Both stores of read tables, each in a place of its own.

use std::sync::Arc;

use tempfile::TempDir;
use uuid::Uuid;

use crate::postgres::{Lease, testing};
use crate::{PostgresJournal, PostgresViews, SqliteViews, Views};
use daemon::postgres::testing::Database;

pub(super) struct Sqlite(TempDir);

impl Sqlite {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(super) fn views(&self) -> Arc<dyn Views> {
        SqliteViews::open(&self.0.path().join("views.db")).expect("views")
    }
}

pub(super) struct Postgres(Database);

impl Postgres {
    pub(super) async fn new() -> Self {
        Self(testing::database().await.expect("a database"))
    }

    pub(super) async fn views(&self) -> Arc<dyn Views> {
        let journal = PostgresJournal::connect(self.0.settings("ledger")).await;
        let lease = Lease::of(journal.expect("a journal"), Uuid::nil());
        assert!(lease.take().await.expect("asked"));
        PostgresViews::written_under(lease)
    }
}
