//! A database of its own for each test, and logins to it.

use std::sync::Arc;

use tokio::sync::Mutex;
use tokio_postgres::Client;
use uuid::Uuid;

use super::{Server, TestingError};
use crate::postgres::Settings;

/// Roles are the whole server's: they are made one at a time.
static ROLES: Mutex<()> = Mutex::const_new(());

/// A database without a schema, and its owner.
#[derive(Debug)]
pub struct Database {
    /// Its server.
    pub server: Arc<Server>,
    /// Its name.
    pub name: String,
}

impl Database {
    /// Makes one on the server that the tests of a process share.
    pub async fn new() -> Result<Self, TestingError> {
        Self::on(Server::shared().await?).await
    }

    /// Makes one on a server.
    pub async fn on(server: Arc<Server>) -> Result<Self, TestingError> {
        let name = format!("test_{}", Uuid::now_v7().simple());
        let one_at_a_time = ROLES.lock().await;
        let superuser = server.client("postgres", "postgres").await?;
        make_role(&superuser, "owner").await?;
        superuser
            .batch_execute("ALTER ROLE owner CREATEROLE")
            .await?;
        superuser
            .batch_execute(&format!("CREATE DATABASE {name} OWNER owner"))
            .await?;
        drop(one_at_a_time);
        Ok(Self { server, name })
    }

    /// Lets a service in, as a member of a role. Done again, it mends what somebody revoked.
    pub async fn admit(&self, service: &str, role: &str) -> Result<(), TestingError> {
        let one_at_a_time = ROLES.lock().await;
        let superuser = self.server.client("postgres", "postgres").await?;
        make_role(&superuser, service).await?;
        superuser
            .batch_execute(&format!("GRANT {role} TO {service}"))
            .await?;
        drop(one_at_a_time);
        Ok(())
    }

    /// For migrations.
    pub fn owner(&self) -> Settings {
        self.settings("owner")
    }

    /// As somebody who was admitted.
    pub fn settings(&self, user: &str) -> Settings {
        Settings::new(self.server.url(user, &self.name))
    }

    /// A connection of somebody's, for what no service does.
    pub async fn client(&self, user: &str) -> Result<Client, TestingError> {
        self.server.client(user, &self.name).await
    }
}

async fn make_role(superuser: &Client, name: &str) -> Result<(), TestingError> {
    let known = "SELECT FROM pg_roles WHERE rolname = $1";
    if superuser.query_opt(known, &[&name]).await?.is_none() {
        let sql = format!("CREATE ROLE {name} LOGIN");
        superuser.batch_execute(&sql).await?;
    }
    Ok(())
}
