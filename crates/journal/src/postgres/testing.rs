//! A database with the journal's schema on a real server, for the tests of this room and of those above. Nothing
//! here is for production.

use std::sync::Arc;

use daemon::postgres::testing::{Database, Server, TestingError};

use super::migrate;

/// A new database on the server that the tests of a process share; its logins are `gateway` and `ledger`.
pub async fn database() -> Result<Database, TestingError> {
    database_on(Server::shared().await?).await
}

/// A new database on a server; its logins are `gateway` and `ledger`.
pub async fn database_on(server: Arc<Server>) -> Result<Database, TestingError> {
    let database = Database::on(server).await?;
    migrate(&database.owner()).await?;
    for service in ["gateway", "ledger"] {
        database
            .admit(service, &format!("flyttbud_{service}"))
            .await?;
    }
    Ok(database)
}
