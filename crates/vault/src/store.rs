//! The file: one process, one writing connection, some reading ones. It knows no plaintext and no key.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::limits::{QUEUE_CHANGES_MAX, READERS_IDLE_MAX};
use crate::lock::{Lock, private_file};
use crate::writer::{self, Change, Waiting};
use crate::{Error, OpenError, RootKey, schema};

/// The store. Dropping it writes what waits and closes the file.
pub(crate) struct Store {
    path: PathBuf,
    // dropped before the thread is joined, which ends it
    queue: Option<mpsc::Sender<Waiting>>,
    thread: Option<JoinHandle<()>>,
    pub(crate) writing: Arc<Mutex<Connection>>,
    readers: Mutex<Vec<Connection>>,
    _lock: Lock,
}

impl Store {
    pub(crate) fn open(path: &Path, root: &RootKey) -> Result<Self, OpenError> {
        let lock = Lock::take(path)?;
        // SQLite gives its other files the mode of this one
        drop(private_file(path)?);
        let connection = Connection::open(path)?;
        schema::prepare(&connection)?;
        schema::prove(&connection, root)?;
        let writing = Arc::new(Mutex::new(connection));
        let (queue, waiting) = mpsc::channel(QUEUE_CHANGES_MAX);
        let thread = std::thread::Builder::new()
            .name("vault-writer".into())
            .spawn({
                let writing = Arc::clone(&writing);
                move || writer::run(&writing, waiting)
            })
            .map_err(OpenError::Thread)?;
        Ok(Self {
            path: path.to_owned(),
            queue: Some(queue),
            thread: Some(thread),
            writing,
            readers: Mutex::new(Vec::new()),
            _lock: lock,
        })
    }

    /// Makes a change durable, together with those that others wait for. Returns how many rows it
    /// touched. Whoever drops the future does not stop the change.
    pub(crate) async fn write(&self, change: Change) -> Result<usize, Error> {
        let queue = self.queue.as_ref().ok_or(Error::Unavailable)?;
        let (reply, answer) = oneshot::channel();
        queue
            .send((change, reply))
            .await
            .map_err(|_closed| Error::Unavailable)?;
        answer.await.map_err(|_closed| Error::Unavailable)?
    }

    /// Runs a short transaction between two groups of the writer, and waits for it where it is called.
    /// For what is rare and needed at once: a key that does not exist yet.
    pub(crate) fn write_now<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut connection = held(&self.writing);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// Runs a short read. Reads take microseconds and never wait for the writer, so they run where they
    /// are called.
    pub(crate) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, Error> {
        let idle = held(&self.readers).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::reader(&self.path)?,
        };
        let result = query(&connection);
        let mut readers = held(&self.readers);
        if readers.len() < READERS_IDLE_MAX {
            readers.push(connection);
        }
        Ok(result?)
    }

    /// Moves all pages into the file and empties the log, so that no deleted row remains in it.
    pub(crate) fn wipe(&self) -> Result<(), Error> {
        writer::wipe(&held(&self.writing)).map_err(Error::Store)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.queue.take();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("vault writer panicked");
        }
    }
}

/// A panic elsewhere leaves these whole: a transaction that was not committed is rolled back.
pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
