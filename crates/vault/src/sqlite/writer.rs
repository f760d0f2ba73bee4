//! The writer thread: one group in flight while the next one forms. It waits for whoever is on the way and for nobody
//! else, and moves search rows when everybody is answered.

use std::ops::Bound;
use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::gathered::{self, Fate, Gathered, Key};
use super::group::{Group, insert};
use super::noted::Noted;
use crate::Error;
use crate::coming::Arrivals;
use crate::limits::{GATHERED_FOR, GROUP_CHANGES_MAX, MOVED_ROWS_MAX};
use crate::store::Change;

/// A change and who waits for it.
pub(super) type Waiting = (Change, oneshot::Sender<Result<usize, Error>>);

/// What the thread owns.
pub(super) struct Writer {
    connection: Connection,
    gathered: Arc<Gathered>,
    noted: Arc<Noted>,
    arrivals: Arrivals,
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
        (gathered, noted): (Arc<Gathered>, Arc<Noted>),
        arrivals: Arrivals,
    ) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            mark: gathered::mark(&connection)?,
            connection,
            gathered,
            noted,
            arrivals,
            run: None,
            wipe_due: false,
        })
    }

    /// Runs until the queue is closed and empty.
    pub(super) fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
        let mut group = Vec::with_capacity(GROUP_CHANGES_MAX);
        while waiting.blocking_recv_many(&mut group, GROUP_CHANGES_MAX) > 0 {
            self.gather(&mut group, &mut waiting);
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

    /// Lets those come along who are on the way: what one of them waits, another one gains, and all share a commit.
    fn gather(&self, group: &mut Vec<Waiting>, waiting: &mut mpsc::Receiver<Waiting>) {
        if self.arrivals.wait(GATHERED_FOR) {
            while group.len() < GROUP_CHANGES_MAX
                && let Ok(next) = waiting.try_recv()
            {
                group.push(next);
            }
        }
    }

    fn commit(&mut self, group: &[Waiting]) -> Result<Vec<usize>, rusqlite::Error> {
        for (change, _reply) in group {
            if let Change::Note(note) = change {
                self.noted.insert(note.name);
            }
        }
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
    use std::path::Path;

    use super::*;
    use crate::limits::GATHERED_ROWS;
    use crate::mark::Round;
    use crate::sqlite::schema;

    /// A writer over an empty store.
    fn writer(folder: &Path, arrivals: Arrivals) -> Writer {
        let connection = Connection::open(folder.join("v.db")).expect("a database");
        schema::prepare(&connection).expect("prepared");
        let gathered = Arc::new(Gathered::load(&connection).expect("nothing yet"));
        let noted = Arc::new(Noted::load(&connection).expect("nothing yet"));
        Writer::new(connection, (gathered, noted), arrivals).expect("a writer")
    }

    fn change() -> Waiting {
        (Change::ForgetMark(Round::Erasing), oneshot::channel().0)
    }

    #[test]
    fn a_group_waits_for_whoever_is_on_the_way_and_for_nobody_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let arrivals = Arrivals::default();
        let writer = writer(folder.path(), arrivals.clone());
        let (queue, mut waiting) = mpsc::channel(8);
        let mut group = vec![change()];
        queue.try_send(change()).expect("room");
        writer.gather(&mut group, &mut waiting);
        assert_eq!(group.len(), 1, "nobody is on the way: it goes at once");
        let coming = arrivals.one();
        writer.gather(&mut group, &mut waiting);
        assert_eq!(group.len(), 2, "who does not come is not waited for longer");
        queue.try_send(change()).expect("room");
        drop(coming);
        writer.gather(&mut group, &mut waiting);
        assert_eq!(group.len(), 2, "nobody is on the way any more");
    }

    #[test]
    fn rows_that_have_moved_leave_memory() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = writer(folder.path(), Arrivals::default());
        let gathered = Arc::clone(&writer.gathered);
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
