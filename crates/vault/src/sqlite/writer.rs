//! The writer thread: one group in flight while the next one forms. It never waits for company, and moves
//! search rows when everybody is answered.

use std::ops::Bound;
use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::gathered::{self, Fate, Gathered, Key};
use super::group::{Group, insert};
use crate::Error;
use crate::limits::{GROUP_CHANGES_MAX, MOVED_ROWS_MAX};
use crate::store::Change;

/// A change and who waits for it.
pub(super) type Waiting = (Change, oneshot::Sender<Result<usize, Error>>);

/// What the thread owns.
pub(super) struct Writer {
    connection: Connection,
    gathered: Arc<Gathered>,
    /// Search rows of newer subjects are gathered; those of older ones go where they are found at once.
    mark: Uuid,
    /// How far a run has come that moves everything up to the mark.
    run: Option<Bound<Key>>,
    /// A wipe that readers kept from happening is tried again with the next group.
    wipe_due: bool,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        gathered: Arc<Gathered>,
    ) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            mark: gathered::mark(&connection)?,
            connection,
            gathered,
            run: None,
            wipe_due: false,
        })
    }

    /// Runs until the queue is closed and empty.
    pub(super) fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
        let mut group = Vec::with_capacity(GROUP_CHANGES_MAX);
        while waiting.blocking_recv_many(&mut group, GROUP_CHANGES_MAX) > 0 {
            let result = self.commit(&group);
            self.wipe(&group);
            // a caller that went away needs no answer
            match result {
                Ok(counts) => {
                    for ((_change, reply), count) in group.drain(..).zip(counts) {
                        reply.send(Ok(count)).ok();
                    }
                }
                Err(error) => {
                    tracing::error!(error = %error, "vault group failed");
                    for (_change, reply) in group.drain(..) {
                        reply.send(Err(Error::Unavailable)).ok();
                    }
                }
            }
            if let Err(error) = self.move_some() {
                tracing::warn!(error = %error, "search rows not moved yet");
            }
        }
    }

    fn commit(&mut self, group: &[Waiting]) -> Result<Vec<usize>, rusqlite::Error> {
        let mut open = Group {
            transaction: self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?,
            mark: self.mark,
            fates: Vec::new(),
        };
        let counts = group
            .iter()
            .map(|(change, _reply)| open.apply(change))
            .collect::<Result<_, _>>()?;
        open.transaction.commit()?;
        self.gathered.settle(open.fates);
        Ok(counts)
    }

    /// After something was deleted for good, or wrapped anew, moves all pages into the file and empties the log, where
    /// the deleted rows and old wraps would live on.
    fn wipe(&mut self, group: &[Waiting]) {
        self.wipe_due |= group.iter().any(|(change, _reply)| {
            matches!(
                change,
                Change::Erase(..)
                    | Change::EraseVersion(..)
                    | Change::DropPseudonymKeys(_)
                    | Change::RemoveNote(_)
                    | Change::Rewrap(..)
            )
        });
        if !self.wipe_due {
            return;
        }
        let busy = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        match busy {
            Ok(false) => self.wipe_due = false,
            Ok(true) => tracing::warn!("vault log not emptied yet: somebody reads it"),
            Err(error) => tracing::warn!(error = %error, "vault log not emptied yet"),
        }
    }

    /// Moves the next rows of a run, in the order of tokens. A run that a crash interrupts is begun anew:
    /// a row that stands there already is left alone.
    fn move_some(&mut self) -> Result<(), rusqlite::Error> {
        let after = match self.run {
            Some(after) => after,
            None => match self.gathered.next_mark() {
                Some(mark) => {
                    self.mark = mark;
                    Bound::Unbounded
                }
                None => return Ok(()),
            },
        };
        self.run = Some(after);
        let rows = self.gathered.next(after, self.mark, MOVED_ROWS_MAX);
        let is_last = rows.len() < MOVED_ROWS_MAX;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (key, kind) in &rows {
            insert(&transaction, key, *kind)?;
        }
        if is_last {
            transaction.execute(
                "UPDATE search_mark SET subject = ?1",
                [self.mark.as_bytes()],
            )?;
        }
        transaction.commit()?;
        self.run = match rows.last() {
            Some((key, _kind)) if !is_last => Some(Bound::Excluded(*key)),
            _ => None,
        };
        let moved = rows.into_iter().map(|(key, _kind)| Fate::Went(key));
        self.gathered.settle(moved);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::GATHERED_ROWS;
    use crate::sqlite::schema;

    #[test]
    fn rows_that_have_moved_leave_memory() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = Connection::open(folder.path().join("v.db")).expect("a database");
        schema::prepare(&connection).expect("prepared");
        let gathered = Arc::new(Gathered::load(&connection).expect("nothing yet"));
        let fates = (0..GATHERED_ROWS).map(|index| {
            let id = u128::try_from(index).expect("small");
            let key = Key {
                authority: 184,
                token: (id ^ 0x5555).to_be_bytes(),
                subject: Uuid::from_u128(id),
            };
            Fate::Came(key, 2)
        });
        gathered.settle(fates);
        let mut writer = Writer::new(connection, Arc::clone(&gathered)).expect("a writer");
        loop {
            writer.move_some().expect("moved");
            if writer.run.is_none() {
                break;
            }
        }
        let left = gathered.next(Bound::Unbounded, Uuid::max(), usize::MAX);
        assert_eq!(left.len(), GATHERED_ROWS / 16);
        assert!(left.iter().all(|(key, _kind)| key.subject > writer.mark));
    }
}
