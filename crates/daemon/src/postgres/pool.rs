//! Connections for reads, at most so many, handed from one reader to the next.

use std::error::Error;
use std::sync::Arc;

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::{ConnectError, Link, LinkError, Proof, Settings};
use crate::limits::POOL_WAIT;

/// Makes connections.
#[derive(Debug)]
pub struct Links {
    settings: Arc<Settings>,
    proof: Arc<dyn Proof>,
}

impl managed::Manager for Links {
    type Type = Link;
    type Error = ConnectError;

    async fn create(&self) -> Result<Link, ConnectError> {
        // on the heap: connecting takes a large future, and nearly no read needs it
        let link = Link::open(&self.settings, self.proof.as_ref(), |_notification| {});
        Box::pin(link).await
    }

    async fn recycle(&self, link: &mut Link, _: &Metrics) -> RecycleResult<ConnectError> {
        if link.is_usable() {
            Ok(())
        } else {
            Err(RecycleError::message("the connection is lost"))
        }
    }
}

/// The connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pool(managed::Pool<Links>);

impl Pool {
    /// None yet; as many as the settings say at most. Each passes the proof.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "it fails only without a runtime, which is named"
    )]
    pub fn new(settings: Arc<Settings>, proof: Arc<dyn Proof>) -> Self {
        let connections_max = settings.connections_max.max(1);
        let pool = managed::Pool::builder(Links { settings, proof })
            .max_size(connections_max)
            .wait_timeout(Some(POOL_WAIT))
            .runtime(Runtime::Tokio1)
            .build()
            .expect("a runtime is named");
        Self(pool)
    }

    /// A connection, for as long as it is held.
    pub async fn link(&self) -> Result<Object<Links>, LinkError> {
        self.0.get().await.map_err(|error| {
            let why: Box<dyn Error + Send + Sync> = if let PoolError::Backend(error) = error {
                Box::new(error)
            } else {
                Box::new(error)
            };
            LinkError::Unreachable(why)
        })
    }

    /// The rows of a statement that only reads.
    pub async fn rows(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, LinkError> {
        match self.link().await?.rows(sql, values).await {
            // a server that went away takes its connections with it; another may have taken over
            Err(error) if error.is_lost() => self.link().await?.rows(sql, values).await,
            result => result,
        }
    }
}
