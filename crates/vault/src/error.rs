//! What goes wrong. No text here ever holds a key, a number or a body.

use std::error::Error as Source;
use std::path::PathBuf;

use daemon::postgres::{ConnectError, LinkError, Refused, Unanswered};

use crate::KeyPlace;

/// Why a call could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused, or cannot be reached.
    #[error("the key store failed")]
    Store(#[source] Box<dyn Source + Send + Sync>),
    /// The writer could not; whether the change is stored is unknown.
    #[error("the key store is not available")]
    Unavailable,
    /// A sealed value was changed, or stands where it does not belong.
    #[error("a sealed value was changed or moved")]
    Tampered,
    /// No random bytes, or the cryptographic library refused.
    #[error("the cryptographic library refused")]
    Crypto,
    /// A key is wrapped by a root key that this process does not have. Nothing is made in its place.
    #[error(
        "root key '{0}' is needed and not among those of this process: name its file, and send SIGHUP"
    )]
    UnknownRoot(String),
    /// A root key has the right id, and the key store's has other bytes. Nothing is wrapped by it.
    #[error(
        "the file of root key '{0}' has other bytes than the key store's: put the right one in its place, and send \
         SIGHUP to a service that runs"
    )]
    FalseRoot(String),
    /// Keys that nothing opens are not wrapped anew; all others are.
    #[error("damaged keys stay under their root key: {count}, the first of them {first}")]
    Damaged {
        /// The first.
        first: KeyPlace,
        /// How many there are.
        count: usize,
    },
    /// Two move the key store to different root keys at the same time.
    #[error("another root key than '{0}' was named the newest meanwhile")]
    Contested(String),
    /// More or larger than the bounds allow.
    #[error("over a limit of the key store: {0}")]
    TooLarge(&'static str),
}

/// Why the key store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("'{}' is held by another process; stop that one first", path.display())]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// A file could not be made or opened.
    #[error("'{}' cannot be opened", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The store is from a newer version of Flyttbud.
    #[error("the key store has schema version {0}, which is newer than this program knows")]
    Newer(i64),
    /// The store is from an older version of Flyttbud, or is none.
    #[error(
        "no key store of this version: start the service over it first, which brings it up to date"
    )]
    Older(i64),
    /// Keys in it are wrapped by another root key.
    #[error("the key store needs root key '{wanted}', and only '{given}' is given")]
    WrongRoot {
        /// The id of the root key that is needed; the newest one, when several are.
        wanted: String,
        /// The ids of those that were given.
        given: String,
    },
    /// The root key has the right id and the wrong bytes, or the cryptographic library refused.
    #[error("the root key does not open the key store")]
    Root(#[source] Error),
    /// The store refused.
    #[error("the key store cannot be opened")]
    Store(#[source] Box<dyn Source + Send + Sync>),
    /// The database is not used.
    #[error("the key store cannot be connected to")]
    Connect(#[from] ConnectError),
    /// The writer thread could not start.
    #[error("the writer cannot start")]
    Thread(#[source] std::io::Error),
}

impl Refused for Error {
    fn is_of_one(&self) -> bool {
        match self {
            Self::Tampered => true,
            Self::Store(error) => {
                let link = error.downcast_ref::<LinkError>();
                link.is_some_and(LinkError::is_of_one)
            }
            Self::Unavailable
            | Self::Crypto
            | Self::UnknownRoot(_)
            | Self::FalseRoot(_)
            | Self::Damaged { .. }
            | Self::Contested(_)
            | Self::TooLarge(_) => false,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<LinkError> for Error {
    fn from(error: LinkError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<Unanswered> for Error {
    fn from(error: Unanswered) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<LinkError> for OpenError {
    fn from(error: LinkError) -> Self {
        Self::Connect(error.into())
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(Box::new(error))
    }
}
