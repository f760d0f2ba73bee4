//! The versions of a schema, forward only. A migration is run by the owner of the database, never by a service.

use std::cmp::Ordering;

use super::{ConnectError, Link, LinkError, Settings};
use crate::limits::MIGRATE;

/// A schema of ours. Its table `<name>.schema` holds the version that it has.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Its name in the database.
    pub name: &'static str,
    /// Each brings it one version further. Add to them; never edit one.
    pub migrations: &'static [&'static str],
}

/// The lock that two migrations at the same time wait for each other with. The number says nothing.
const LOCK: i64 = 7_095_214;

impl Schema {
    /// Brings the schema up to date, all at once or not at all. Two that do so at the same time do it once.
    pub async fn migrate(&self, owner: &Settings) -> Result<(), ConnectError> {
        let name = self.name;
        let mut link = Link::open(owner, &(), |_notification| {}).await?;
        link.be_patient(MIGRATE);
        link.begin().await?;
        link.run(&format!(
            "SET LOCAL statement_timeout = 0; \
             SELECT pg_advisory_xact_lock({LOCK}); \
             CREATE SCHEMA IF NOT EXISTS {name}; \
             CREATE TABLE IF NOT EXISTS {name}.schema ( \
                 one boolean PRIMARY KEY DEFAULT true CHECK (one), version integer NOT NULL \
             ); \
             INSERT INTO {name}.schema (version) VALUES (0) ON CONFLICT DO NOTHING"
        ))
        .await?;
        let found = self.found(&mut link).await?;
        if found > self.known() {
            return self.compare(found);
        }
        let done = usize::try_from(found).unwrap_or_default();
        for sql in self.migrations.iter().skip(done) {
            link.run(sql).await?;
        }
        let known = self.known();
        link.run(&format!("UPDATE {name}.schema SET version = {known}"))
            .await?;
        link.commit().await?;
        Ok(())
    }

    /// Whether the schema is the one that this program was written for.
    pub async fn is_current(&self, link: &mut Link) -> Result<(), ConnectError> {
        match self.found(link).await {
            Ok(found) => self.compare(found),
            Err(error) if error.is_missing_table() => self.compare(0),
            Err(error) => Err(error.into()),
        }
    }

    async fn found(&self, link: &mut Link) -> Result<i32, LinkError> {
        let sql = format!("SELECT version FROM {}.schema", self.name);
        let rows = link.rows_once(&sql, &[]).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.try_get(0))?)
    }

    fn compare(&self, found: i32) -> Result<(), ConnectError> {
        let known = self.known();
        match found.cmp(&known) {
            Ordering::Equal => Ok(()),
            Ordering::Less => Err(ConnectError::Older { found, known }),
            Ordering::Greater => Err(ConnectError::Newer { found, known }),
        }
    }

    /// The version that this program reads and writes.
    fn known(&self) -> i32 {
        i32::try_from(self.migrations.len()).unwrap_or(i32::MAX)
    }
}
