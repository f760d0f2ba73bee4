//! Why the database is not used, in words that say what to do.

use std::path::PathBuf;

use tokio_postgres::error::SqlState;

/// Why a database is not used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL is none.
    #[error("the database's URL cannot be read")]
    Url(#[source] tokio_postgres::Error),
    /// The URL names no host.
    #[error("the database's URL names no host")]
    NoHost,
    /// Another machine would be spoken to in the clear.
    #[error("'{host}' is another machine: name the authorities of its certificate, for TLS")]
    Plaintext {
        /// Which.
        host: String,
    },
    /// A file cannot be read.
    #[error("'{}' cannot be read", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file holds no certificate or key.
    #[error("'{}' holds no usable PEM", path.display())]
    Pem {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Certificates and key do not fit.
    #[error("the certificates do not fit together")]
    Tls(#[source] rustls::Error),
    /// No host takes writes; the reason of the last one.
    #[error("no host of the database takes writes")]
    Unreachable(#[source] tokio_postgres::Error),
    /// No host answered in time.
    #[error("no host of the database answers in time")]
    Silent,
    /// The server is older than PostgreSQL 15.
    #[error("the server is PostgreSQL {0}, and 15 or newer is needed")]
    Old(i32),
    /// The server is set so that what is answered could be lost or changed.
    #[error("the server's '{name}' is '{found}', and must be '{wanted}': {remedy}")]
    Unsafe {
        /// The setting.
        name: &'static str,
        /// As it is.
        found: String,
        /// As it must be.
        wanted: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// The server does not hold what it should.
    #[error("the server is not the one that is wanted")]
    Unfit(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The schema is from a newer Flyttbud.
    #[error("the schema has version {found}, and this program knows {known}: use a newer one")]
    Newer {
        /// The schema's.
        found: i32,
        /// The newest known.
        known: i32,
    },
    /// The schema is missing, or from an older Flyttbud.
    #[error("the schema has version {found}, and {known} is needed: migrate the database first")]
    Older {
        /// The schema's; 0 when there is none.
        found: i32,
        /// The needed one.
        known: i32,
    },
    /// The server refused.
    #[error("the database refused")]
    Store(#[from] LinkError),
}

impl ConnectError {
    /// Whether it tells what is wrong with a server that was reached.
    pub fn is_of_a_server(&self) -> bool {
        matches!(
            self,
            Self::Old(_) | Self::Unsafe { .. } | Self::Unfit(_) | Self::Store(_)
        )
    }
}

/// Why a statement has no answer.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The server refused, or the connection broke.
    #[error(transparent)]
    Store(#[from] tokio_postgres::Error),
    /// There was no answer in time.
    #[error("the database does not answer in time")]
    Silent,
    /// No connection was to be had.
    #[error("no connection to the database")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl LinkError {
    /// Whether another connection may do better: this one was lost, or its server is ending.
    pub fn is_lost(&self) -> bool {
        match self {
            Self::Silent | Self::Unreachable(_) => false,
            Self::Store(error) => error.code().map_or(error.is_closed(), |code| {
                [
                    SqlState::ADMIN_SHUTDOWN,
                    SqlState::CRASH_SHUTDOWN,
                    SqlState::CANNOT_CONNECT_NOW,
                ]
                .contains(code)
            }),
        }
    }

    /// Whether it is about what is stored: a page that cannot be read, a row that is not what it should be.
    pub(super) fn is_of_what_is_stored(&self) -> bool {
        let Self::Store(error) = self else {
            return false;
        };
        error.code().is_some_and(is_of_what_is_stored)
    }

    /// Whether the table or its schema is not there.
    pub(super) fn is_missing_table(&self) -> bool {
        let Self::Store(error) = self else {
            return false;
        };
        let missing = [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME];
        error.code().is_some_and(|code| missing.contains(code))
    }
}

/// Classes of the SQL standard and of PostgreSQL: a value that cannot be, a file that cannot be read, a damaged page.
fn is_of_what_is_stored(code: &SqlState) -> bool {
    ["22", "58", "XX"]
        .iter()
        .any(|class| code.code().starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_page_is_of_what_is_stored_and_a_server_without_room_is_not() {
        for (code, expected) in [
            (SqlState::DATA_CORRUPTED, true),
            (SqlState::INDEX_CORRUPTED, true),
            (SqlState::INTERNAL_ERROR, true),
            (SqlState::IO_ERROR, true),
            (SqlState::NUMERIC_VALUE_OUT_OF_RANGE, true),
            (SqlState::OUT_OF_MEMORY, false),
            (SqlState::TOO_MANY_CONNECTIONS, false),
            (SqlState::ADMIN_SHUTDOWN, false),
            (SqlState::QUERY_CANCELED, false),
            (SqlState::INSUFFICIENT_PRIVILEGE, false),
            (SqlState::UNDEFINED_TABLE, false),
        ] {
            assert_eq!(is_of_what_is_stored(&code), expected, "{code:?}");
        }
    }
}
