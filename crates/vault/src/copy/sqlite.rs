//! The file of a key store: read under its lock, or written under another name and renamed when it is whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use uuid::Uuid;

use super::{COUNTED, Row, Rows, Table, lost, miscounted};
use crate::limits::COPIED_ROWS;
use crate::sqlite::{Lock, prepare, private_file, schema};
use crate::{Error, OpenError};

pub(super) struct SqlitePlace {
    connection: Connection,
    /// Where a copy is on its way, and where it goes to.
    copying: Option<(Copying, PathBuf)>,
    /// None beside whoever has the file.
    _lock: Option<Lock>,
}

/// A copy that is not whole. It holds keys: it must not stay.
struct Copying(PathBuf);

impl Drop for Copying {
    fn drop(&mut self) {
        // a whole one has another name by then
        fs::remove_file(&self.0).ok();
    }
}

impl SqlitePlace {
    /// Opens a file, brought forward as a start would do it.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let lock = Lock::take(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        prepare(&connection)?;
        Ok(Self {
            connection,
            copying: None,
            _lock: Some(lock),
        })
    }

    /// One moment of a file, beside whoever has it.
    pub(super) fn beside(path: &Path) -> Result<Self, OpenError> {
        let connection = schema::reader(path)?;
        schema::is_current(&connection)?;
        connection.execute_batch("BEGIN")?;
        Ok(Self {
            connection,
            copying: None,
            _lock: None,
        })
    }

    /// Begins a copy, and locks the file's name to this process. A file that is there already is refused.
    pub(super) fn create(path: &Path) -> Result<Self, OpenError> {
        let file = |source| OpenError::File {
            path: path.to_owned(),
            source,
        };
        let lock = Lock::take(path)?;
        if path.try_exists().map_err(file)? {
            return Err(file(std::io::ErrorKind::AlreadyExists.into()));
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".copying");
        // one that a crash left is removed
        drop(Copying(name.clone().into()));
        let copying = Copying(name.into());
        drop(private_file(&copying.0)?);
        let connection = Connection::open(&copying.0)?;
        prepare(&connection)?;
        // until it is whole, a crash costs no more than the copy
        connection.pragma_update(None, "journal_mode", "OFF")?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        Ok(Self {
            connection,
            copying: Some((copying, path.to_owned())),
            _lock: Some(lock),
        })
    }
}

#[async_trait]
impl Rows for SqlitePlace {
    async fn page(&mut self, table: &Table, after: Option<&Row>) -> Result<Vec<Row>, Error> {
        let unique = table.list(table.unique, |_nth, name, _form| name.to_owned());
        let columns = table.list(usize::MAX, |_nth, name, _form| name.to_owned());
        let place = table.list(table.unique, |_nth, _name, _form| "?".to_owned());
        let beyond = match after {
            Some(_) => format!("WHERE ({unique}) > ({place})"),
            None => String::new(),
        };
        let from = table.in_file;
        let sql =
            format!("SELECT {columns} FROM {from} {beyond} ORDER BY {unique} LIMIT {COPIED_ROWS}");
        let values = after.into_iter().flatten().take(table.unique);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| {
            (0..table.columns.len())
                .map(|column| row.get(column))
                .collect()
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    async fn put(&mut self, table: &Table, rows: &[Row]) -> Result<(), Error> {
        let columns = table.list(usize::MAX, |_nth, name, _form| name.to_owned());
        let values = table.list(usize::MAX, |_nth, _name, _form| "?".to_owned());
        let into = table.in_file;
        let sql = format!("INSERT INTO {into} ({columns}) VALUES ({values})");
        let transaction = self.connection.transaction()?;
        for row in rows {
            let mut insert = transaction.prepare_cached(&sql)?;
            insert.execute(params_from_iter(row))?;
        }
        Ok(transaction.commit()?)
    }

    async fn unsound(&mut self, limit: usize) -> Result<Vec<String>, Error> {
        let bound = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut unsound = Vec::new();
        let mut check = self
            .connection
            .prepare(&format!("PRAGMA integrity_check({bound})"))?;
        for said in check.query_map([], |row| row.get::<_, String>(0))? {
            unsound.push(said?);
        }
        unsound.retain(|said| said != "ok");
        // a row that is found by its token stands among those in the order of time, and the older of these are found
        for (one, other, beside) in [
            ("search", "search_rows", ""),
            (
                "search_rows",
                "search",
                "one.subject <= (SELECT subject FROM search_mark) AND ",
            ),
        ] {
            let sql = format!(
                "SELECT authority, subject FROM {one} AS one WHERE {beside}NOT EXISTS ( \
                     SELECT 1 FROM {other} AS other WHERE other.subject = one.subject \
                     AND other.authority = one.authority AND other.token = one.token \
                     AND other.kind = one.kind) LIMIT ?1"
            );
            let mut alone = self.connection.prepare(&sql)?;
            let found = alone.query_map([bound], |row| {
                let (authority, subject): (i64, [u8; 16]) = (row.get(0)?, row.get(1)?);
                let subject = Uuid::from_bytes(subject);
                Ok(format!(
                    "{one}, {authority:04}'s of {subject}: not in {other}"
                ))
            })?;
            for told in found {
                unsound.push(told?);
            }
        }
        for table in COUNTED {
            let mut counts = self.connection.prepare(&miscounted(table, "", "INTEGER"))?;
            let found = counts.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            for counted in found {
                unsound.push(lost(table, counted?));
            }
        }
        unsound.truncate(limit);
        Ok(unsound)
    }

    async fn publish(self: Box<Self>) -> Result<(), Error> {
        let Self {
            connection,
            copying,
            _lock,
        } = *self;
        // none waits in memory to be moved: all are found by their tokens at once
        connection.execute_batch(
            "INSERT INTO search (authority, token, subject, kind) \
             SELECT authority, token, subject, kind FROM search_rows ORDER BY 1, 2, 3; \
             UPDATE search_mark \
             SET subject = (SELECT coalesce(max(subject), zeroblob(16)) FROM search);",
        )?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        drop(connection);
        let Some((copying, path)) = copying else {
            return Ok(());
        };
        let rename = || {
            File::open(&copying.0)?.sync_all()?;
            fs::rename(&copying.0, &path)?;
            daemon::file::sync_folder(&path)
        };
        rename().map_err(|source| Error::Store(Box::new(source)))
    }
}
