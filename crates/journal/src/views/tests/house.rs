//! Both stores of read tables, each in a place of its own.

use std::sync::Arc;

use tempfile::TempDir;
use uuid::Uuid;

use super::super::sqlite;
use crate::postgres::{Lease, SCHEMA, migrate, testing};
use crate::sqlite::earlier::take_back;
use crate::{PostgresJournal, PostgresViews, SqliteViews, Views};
use daemon::postgres::testing::Database;

pub(super) struct Sqlite(TempDir);

impl Sqlite {
    pub(super) const NEWEST: usize = sqlite::MIGRATIONS.len();

    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(super) fn views(&self) -> Arc<dyn Views> {
        SqliteViews::open(&self.0.path().join("views.db")).expect("views")
    }

    /// Makes the tables, which nobody has open, those of an earlier version.
    pub(super) fn take_back(&self, version: usize) {
        let path = self.0.path().join("views.db");
        take_back(&path, &sqlite::MIGRATIONS, version);
    }
}

pub(super) struct Postgres(Database);

impl Postgres {
    pub(super) const NEWEST: usize = SCHEMA.migrations.len();

    /// Makes the database one that was left by an earlier version, and brings it up to date.
    pub(super) async fn take_back(&self, version: usize) {
        let taken = self.0.take_back(&SCHEMA, version).await;
        taken.expect("an earlier store");
        migrate(&self.0.owner()).await.expect("up to date");
    }

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
