//! The writer thread: one group in flight while the next one forms. A group that has keys and room waits for whoever is on
//! the way with more; every other one goes at once. Search rows are moved when everybody is answered.

use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

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
    /// How long a group waits at most.
    gathered_for: Duration,
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
            gathered_for: GATHERED_FOR,
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

    /// Lets those come along who are on the way: what one of them waits, another one gains, and all share a commit. Only
    /// keys gain from company of their kind: what else is changed is a few rows, and whoever is on the way may wait for it.
    fn gather(&self, group: &mut Vec<Waiting>, waiting: &mut mpsc::Receiver<Waiting>) {
        let has_keys = |group: &[Waiting]| {
            let mut changes = group.iter().map(|(change, _reply)| change);
            changes.any(|change| matches!(change, Change::Put(..)))
        };
        let has_room = group.len() < GROUP_CHANGES_MAX;
        if has_room && has_keys(group) && self.arrivals.wait(self.gathered_for) {
            while group.len() < GROUP_CHANGES_MAX
                && let Ok(next) = waiting.try_recv()
            {
                group.push(next);
            }
        }
    }

    fn commit(&mut self, group: &[Waiting]) -> Result<Vec<usize>, rusqlite::Error> {
        self.noted
            .before(group.iter().map(|(change, _reply)| change));
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
        self.noted
            .after(group.iter().map(|(change, _reply)| change));
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
    use std::time::Instant;

    use domain::subject::Subject;

    use super::*;
    use crate::limits::{GATHERED_ROWS, NOTED_MAX};
    use crate::mark::Round;
    use crate::seal::WrappedKeys;
    use crate::sqlite::schema;

    /// A writer over an empty store.
    fn writer(folder: &Path, arrivals: Arrivals) -> Writer {
        let connection = Connection::open(folder.join("v.db")).expect("a database");
        schema::prepare(&connection).expect("prepared");
        let gathered = Arc::new(Gathered::load(&connection).expect("nothing yet"));
        let noted = Arc::new(Noted::load(&connection, NOTED_MAX).expect("nothing yet"));
        Writer::new(connection, (gathered, noted), arrivals).expect("a writer")
    }

    /// Something that is no key.
    fn change() -> Waiting {
        (Change::ForgetMark(Round::Erasing), oneshot::channel().0)
    }

    fn keys() -> Waiting {
        let keys = WrappedKeys::none(Subject::relocation(Uuid::nil()));
        (Change::Put(keys, Vec::new()), oneshot::channel().0)
    }

    /// Far longer than any test: whoever waits for nothing, or is not told, is found out by it.
    const FOR_EVER: Duration = Duration::from_mins(2);

    /// Gathers in a thread of its own while `meanwhile` happens, which begins once the thread waits or has ended. Returns
    /// how many came along, and whether it took no longer than it had to.
    fn gathered(
        first: Vec<Waiting>,
        (arrivals, gathered_for): (&Arrivals, Duration),
        meanwhile: impl FnOnce(&mpsc::Sender<Waiting>),
    ) -> (usize, bool) {
        let folder = tempfile::tempdir().expect("a folder");
        let writer = Writer {
            gathered_for,
            ..writer(folder.path(), arrivals.clone())
        };
        let (queue, mut waiting) = mpsc::channel(GROUP_CHANGES_MAX);
        let mut group = first;
        let before = group.len();
        let begun = Instant::now();
        let gathering = std::thread::spawn(move || {
            writer.gather(&mut group, &mut waiting);
            group.len()
        });
        while !gathering.is_finished() && !arrivals.is_waited_for() {
            std::thread::yield_now();
        }
        meanwhile(&queue);
        let after = gathering.join().expect("no panic");
        (after - before, begun.elapsed() < FOR_EVER / 2)
    }

    #[test]
    fn a_group_with_keys_waits_until_whoever_is_on_the_way_has_come_or_given_up() {
        for comes in [true, false] {
            let arrivals = Arrivals::default();
            let coming = arrivals.one();
            let also = arrivals.one();
            let came = gathered(vec![keys()], (&arrivals, FOR_EVER), |queue| {
                drop(also);
                if comes {
                    queue.try_send(keys()).expect("room");
                }
                drop(coming);
            });
            assert_eq!(came, (usize::from(comes), true));
        }
    }

    #[test]
    fn who_does_not_come_is_not_waited_for_longer_than_the_bound() {
        let arrivals = Arrivals::default();
        let coming = arrivals.one();
        let came = gathered(vec![keys()], (&arrivals, GATHERED_FOR), |_queue| {});
        assert_eq!(came, (0, true));
        drop(coming);
    }

    #[test]
    fn a_group_that_is_full_or_has_no_keys_or_waits_for_nobody_goes_at_once() {
        let full = || (0..GROUP_CHANGES_MAX).map(|_| keys()).collect();
        for (group, on_the_way) in [
            (full(), true),
            (vec![change()], true),
            (vec![keys()], false),
        ] {
            let arrivals = Arrivals::default();
            let coming = on_the_way.then(|| arrivals.one());
            // it is held until the thread has ended
            let came = gathered(group, (&arrivals, FOR_EVER), |_queue| {});
            assert_eq!(came, (0, true));
            drop(coming);
        }
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
