//! Where entries are read from: an export, a journal's SQLite file, or PostgreSQL; and the log beside them. Entries
//! are only read.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec::IntoIter;

use anyhow::{Context as _, anyhow};
use clap::Args;
use daemon::postgres::Settings;
use domain::subject::Position;
use journal::audit::{PostgresRows, Rows, SqliteRows};
use journal::export::{End, ExportError, MAGIC, Reader};
use journal::views::Snapshot;
use journal::{Evidence, PostgresEvidence, PostgresJournal, ReadError, SqliteEvidence};
use ledgerd::replay::ReplayError;

use crate::failure::Failure;

/// Bytes read at once from a file.
const BUFFER_BYTES: usize = 256 * 1024;
/// Entries read at once from a store: as many as the largest fit in memory.
const PAGE: usize = 256;

/// Where a journal is.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// An export, a journal.sqlite, or postgresql://user@host/database
    source: String,
    #[command(flatten)]
    login: Login,
}

/// How to log in to PostgreSQL.
#[derive(Clone, Debug, Args)]
pub(crate) struct Login {
    /// The file with the password for PostgreSQL
    #[arg(long)]
    password_file: Option<PathBuf>,
    /// The authorities of the PostgreSQL server's certificate, PEM
    #[arg(long)]
    authorities: Option<PathBuf>,
}

impl Login {
    /// The database at a URL; none when it is no URL.
    pub(crate) fn database(&self, place: &str) -> Option<Settings> {
        let is_url = ["postgresql://", "postgres://"]
            .iter()
            .any(|scheme| place.starts_with(scheme));
        is_url.then(|| {
            let mut settings = Settings::new(place);
            settings.password_file.clone_from(&self.password_file);
            settings.authorities.clone_from(&self.authorities);
            settings
        })
    }

    /// The same authorities, and another password.
    pub(crate) fn with_password(&self, password_file: Option<PathBuf>) -> Self {
        Self {
            password_file,
            authorities: self.authorities.clone(),
        }
    }
}

/// Entries, in order.
pub(crate) enum Source {
    /// In a file.
    Export(Box<Reader<BufReader<File>>>),
    /// In a store: up to where it was when it was opened.
    Store {
        rows: Box<dyn Rows>,
        reached: Position,
        last: Position,
        page: IntoIter<(Position, Vec<u8>)>,
    },
}

impl Place {
    /// Opens it, whatever it is.
    pub(crate) async fn open(&self) -> Result<Source, Failure> {
        let Self { source, login } = self;
        if login.database(source).is_none() {
            let mut file = open_file(Path::new(source))?;
            let beginning = file
                .fill_buf()
                .map_err(|error| Failure::Failed(error.into()))?;
            if beginning.starts_with(MAGIC.as_bytes()) {
                let reader = Reader::open(file).map_err(damaged)?;
                return Ok(Source::Export(Box::new(reader)));
            }
        }
        Source::over(open_store(source, login).await?).await
    }
}

impl Place {
    /// The read tables of a service at one moment, in a file or in a database, which has the login of this place.
    pub(super) async fn views(&self, place: &str) -> Result<Snapshot, Failure> {
        if let Some(settings) = self.login.database(place) {
            return Snapshot::of_database(&settings).await.map_err(unread);
        }
        let opened = Snapshot::open(Path::new(place));
        let opened = opened.with_context(|| format!("'{place}' holds no read tables"));
        opened.map_err(Failure::Usage)
    }
}

fn open_file(path: &Path) -> Result<BufReader<File>, Failure> {
    let file = File::open(path)
        .with_context(|| format!("'{}' cannot be read", path.display()))
        .map_err(Failure::Usage)?;
    Ok(BufReader::with_capacity(BUFFER_BYTES, file))
}

/// Opens what must be an export.
pub(super) fn open_export(path: &Path) -> Result<Reader<BufReader<File>>, Failure> {
    let reader = Reader::open(open_file(path)?);
    if matches!(reader, Err(ExportError::Foreign)) {
        let wrong = anyhow!("'{}' is no export of a journal", path.display());
        return Err(Failure::Usage(wrong));
    }
    reader.map_err(damaged)
}

/// Opens what must be a store.
pub(crate) async fn open_store(place: &str, login: &Login) -> Result<Box<dyn Rows>, Failure> {
    if let Some(settings) = login.database(place) {
        let rows = PostgresRows::open(&settings).await;
        return Ok(Box::new(
            rows.map_err(|error| Failure::Failed(error.into()))?,
        ));
    }
    let rows =
        SqliteRows::open(Path::new(place)).with_context(|| format!("'{place}' is no journal"));
    Ok(Box::new(rows.map_err(Failure::Usage)?))
}

/// Opens a log beside whoever keeps it.
pub(super) async fn open_log(place: &str, login: &Login) -> Result<Arc<dyn Evidence>, Failure> {
    let Some(settings) = login.database(place) else {
        let log = SqliteEvidence::open_beside(Path::new(place))
            .with_context(|| format!("'{place}' is no log"));
        return Ok(log.map_err(Failure::Usage)?);
    };
    let journal = PostgresJournal::connect(settings).await;
    let journal = journal.map_err(|error| Failure::Failed(error.into()))?;
    Ok(PostgresEvidence::new(journal))
}

impl Source {
    /// The entries of a store, up to where it is now.
    async fn over(mut rows: Box<dyn Rows>) -> Result<Self, Failure> {
        let last = rows.edge().await.map_err(unread)?;
        Ok(Self::Store {
            rows,
            reached: Position(0),
            last,
            page: Vec::new().into_iter(),
        })
    }

    /// The first entry and the last.
    pub(crate) fn range(&self) -> (Position, Position) {
        match self {
            Self::Export(reader) => (reader.head().first, reader.head().last),
            Self::Store { last, .. } => (Position(1), *last),
        }
    }

    /// Refuses what does not begin at the beginning: a ledger's state follows from every entry.
    pub(crate) fn whole(self) -> Result<Self, Failure> {
        let (Position(first), _) = self.range();
        if first == 1 {
            return Ok(self);
        }
        Err(Failure::Usage(anyhow!(
            "it begins at entry {first}: what the ledger knows follows from all entries"
        )))
    }

    /// Goes on after a position, where that costs nothing.
    pub(super) fn skip_to(&mut self, after: Position) {
        if let Self::Store { reached, .. } = self {
            *reached = after;
        }
    }

    /// The next entry, as stored.
    pub(crate) async fn next(&mut self) -> Result<Option<(Position, Vec<u8>)>, Failure> {
        match self {
            Self::Export(reader) => reader.next().map_err(damaged),
            Self::Store {
                rows,
                reached,
                last,
                page,
            } => {
                if page.len() == 0 && *reached < *last {
                    *page = rows
                        .entries(*reached, PAGE)
                        .await
                        .map_err(unread)?
                        .into_iter();
                }
                let Some((position, bytes)) = page.next().filter(|(at, _)| *at <= *last) else {
                    return Ok(None);
                };
                *reached = position;
                Ok(Some((position, bytes)))
            }
        }
    }

    /// What a file says of its entries, once its end was read.
    pub(super) fn end(&self) -> Option<&End> {
        match self {
            Self::Export(reader) => reader.end(),
            Self::Store { .. } => None,
        }
    }
}

/// Entries that this program does not understand, or that contradict each other.
pub(crate) fn ended(error: ReplayError) -> Failure {
    Failure::Halted(error.into())
}

/// A file that is not whole.
pub(super) fn damaged(error: ExportError) -> Failure {
    Failure::Failed(error.into())
}

/// A store that cannot be read.
pub(crate) fn unread(error: ReadError) -> Failure {
    match error {
        ReadError::Unreadable { .. } => Failure::Halted(error.into()),
        ReadError::Store(_) | ReadError::NotLeading => Failure::Failed(error.into()),
    }
}
