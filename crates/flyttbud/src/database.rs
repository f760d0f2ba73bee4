//! Making the databases: their schemas, and who may log in. Run by their owner, never by a service.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use daemon::postgres::{Link, Settings};

use crate::failure::Failure;
use crate::output;

/// What to do with a database.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Bring a database's schema up to date; it is made when missing
    Migrate {
        /// Which store it is
        #[arg(value_enum)]
        store: Store,
        #[command(flatten)]
        owner: Owner,
    },
    /// Let a login in as a service: it is granted that service's role and nothing else
    Admit {
        /// The login, which exists
        login: String,
        /// As what
        #[arg(value_enum)]
        service: Role,
        #[command(flatten)]
        owner: Owner,
    },
}

/// The stores.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Store {
    /// The record and its read tables
    Journal,
    /// The key store, a database of its own
    Keys,
}

/// What a login may be.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Role {
    /// A gateway, in the record
    Gateway,
    /// A ledger, in the record
    Ledger,
    /// A gateway, in the key store
    Keys,
}

/// Who owns the database.
#[derive(Debug, Args)]
pub(crate) struct Owner {
    /// postgresql://owner@host/database
    #[arg(long)]
    url: String,
    /// The file with the owner's password
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// The authorities of the server's certificate, PEM
    #[arg(long)]
    authorities: Option<PathBuf>,
}

impl Owner {
    fn settings(self) -> Settings {
        let mut settings = Settings::new(self.url);
        settings.password_file = self.password_file;
        settings.authorities = self.authorities;
        settings
    }
}

pub(crate) fn run(verb: Verb) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(error.into()))?;
    runtime.block_on(async {
        match verb {
            Verb::Migrate { store, owner } => migrate(store, &owner.settings()).await,
            Verb::Admit {
                login,
                service,
                owner,
            } => admit(&login, service, &owner.settings()).await,
        }
    })
}

async fn migrate(store: Store, owner: &Settings) -> Result<(), Failure> {
    match store {
        Store::Journal => journal::postgres::migrate(owner).await,
        Store::Keys => vault::postgres::migrate(owner).await,
    }
    .map_err(|error| Failure::Failed(error.into()))?;
    output::say("the schema is up to date");
    Ok(())
}

/// Grants a login a service's role.
pub(crate) async fn admit(login: &str, service: Role, owner: &Settings) -> Result<(), Failure> {
    let role = match service {
        Role::Gateway => "flyttbud_gateway",
        Role::Ledger => "flyttbud_ledger",
        Role::Keys => "flyttbud_keys",
    };
    let grant = async {
        let mut link = Link::open(owner, &(), |_notification| {}).await?;
        // a name inside quotes, with its own quotes doubled, is a name and nothing else
        let login = login.replace('"', "\"\"");
        link.run(&format!("GRANT {role} TO \"{login}\"")).await?;
        anyhow::Ok(())
    };
    grant.await.map_err(Failure::Failed)?;
    output::say(&format!("'{login}' may be {role}"));
    Ok(())
}
