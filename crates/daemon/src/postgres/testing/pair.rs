//! A server and one that follows it, to take over from it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::{LOOK, Server, TestingError};

/// How long it may take until the one follows the other.
const FOLLOWING: Duration = Duration::from_secs(30);

/// A primary and its synchronous standby: what the one answers, both have on their disks.
#[derive(Debug)]
pub struct Pair {
    /// Takes writes, until it is killed.
    pub primary: Arc<Server>,
    /// Follows it, and takes writes once it is promoted.
    pub standby: Arc<Server>,
}

impl Pair {
    /// Starts both.
    pub async fn start() -> Result<Self, TestingError> {
        let primary = Server::start().await?;
        let standby = primary.standby().await?;
        let superuser = primary.client("postgres", "postgres").await?;
        superuser
            .batch_execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            .await?;
        superuser.batch_execute("SELECT pg_reload_conf()").await?;
        let follows = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        let followed = async {
            while superuser.query_one_scalar::<i64, _>(follows, &[]).await? == 0 {
                tokio::time::sleep(LOOK).await;
            }
            Ok(())
        };
        timeout(FOLLOWING, followed)
            .await
            .unwrap_or_else(|_elapsed| Err(TestingError::NotReady("it does not follow".into())))?;
        Ok(Self {
            primary: Arc::new(primary),
            standby: Arc::new(standby),
        })
    }

    /// Where a user finds a database, on whichever of the two takes writes.
    pub fn url(&self, user: &str, database: &str) -> String {
        let [one, other] = [&self.primary, &self.standby].map(|server| server.host());
        format!("postgresql://{user}@{one},{other}/{database}")
    }

    /// Lets the standby take over, once the primary is gone.
    pub async fn promote(&self) -> Result<(), TestingError> {
        let superuser = self.standby.client("postgres", "postgres").await?;
        superuser.batch_execute("SELECT pg_promote()").await?;
        Ok(())
    }
}
