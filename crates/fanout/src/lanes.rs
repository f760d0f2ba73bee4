//! A lane for each municipality that somebody watches. Dispatching never waits: a watcher that is slow, or
//! hangs, falls behind in its own lane, is told to recheck, and delays nobody else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use domain::municipality::MunicipalityCode;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};
use tokio::sync::watch;

use crate::limits::LANE_NOTICES;
use crate::message::Notice;

/// What wakes a watcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A notice came.
    Notice(Arc<Notice>),
    /// Something may have been missed: read the journal.
    Recheck,
}

type Open = BTreeMap<MunicipalityCode, Sender<Wake>>;

/// All lanes of a gateway. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    open: Arc<Mutex<Open>>,
    fed: Arc<watch::Sender<bool>>,
}

impl Lanes {
    /// No lanes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Follows whether the first consumer was made: from then on notices come without reading the journal.
    pub fn fed(&self) -> watch::Receiver<bool> {
        self.fed.subscribe()
    }

    pub(crate) fn begin(&self) {
        self.fed.send_replace(true);
    }

    /// Opens a lane, or joins it.
    pub fn subscribe(&self, recipient: MunicipalityCode) -> Lane {
        let receiver = self
            .open()
            .entry(recipient)
            .or_insert_with(|| broadcast::channel(LANE_NOTICES).0)
            .subscribe();
        Lane {
            open: Arc::downgrade(&self.open),
            recipient,
            receiver,
        }
    }

    /// Hands a notice to its lane, if it is open.
    pub(crate) fn dispatch(&self, notice: Notice) {
        if let Some(lane) = self.open().get(&notice.recipient) {
            // fails only while the last watcher is leaving
            lane.send(Wake::Notice(Arc::new(notice))).ok();
        }
    }

    /// Tells every watcher to read the journal.
    pub fn recheck(&self) {
        for lane in self.open().values() {
            // fails only while the last watcher is leaving
            lane.send(Wake::Recheck).ok();
        }
    }

    /// How many lanes are open.
    pub fn count(&self) -> usize {
        self.open().len()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        lock(&self.open)
    }
}

/// A lock that somebody left by a panic still holds a whole map: no change to it stops halfway.
fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One watcher's end of a lane. The last one that is dropped closes the lane.
#[derive(Debug)]
pub struct Lane {
    open: Weak<Mutex<Open>>,
    recipient: MunicipalityCode,
    receiver: Receiver<Wake>,
}

impl Lane {
    /// What comes next; none when the gateway's lanes are gone. A watcher that fell behind is told to recheck once; what waited for it is dropped,
    /// since the journal had it before NATS.
    pub async fn next(&mut self) -> Option<Wake> {
        match self.receiver.recv().await {
            Ok(wake) => Some(wake),
            Err(RecvError::Lagged(_)) => {
                self.receiver = self.receiver.resubscribe();
                Some(Wake::Recheck)
            }
            Err(RecvError::Closed) => None,
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let Some(open) = self.open.upgrade() else {
            return;
        };
        let mut open = lock(&open);
        // this one still counts
        if open
            .get(&self.recipient)
            .is_some_and(|lane| lane.receiver_count() <= 1)
        {
            open.remove(&self.recipient);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::notice;

    #[tokio::test]
    async fn a_watcher_that_hangs_delays_nobody_and_is_told_to_recheck_once() {
        let lanes = Lanes::new();
        let mut hanging = lanes.subscribe(notice("2283", 1).recipient);
        let mut quick = lanes.subscribe(notice("0184", 1).recipient);
        for number in 1..=u64::try_from(LANE_NOTICES + 1).expect("few") {
            lanes.dispatch(notice("2283", number));
            lanes.dispatch(notice("0184", number));
            let expected = Some(Wake::Notice(Arc::new(notice("0184", number))));
            assert_eq!(quick.next().await, expected);
        }
        assert_eq!(hanging.next().await, Some(Wake::Recheck));
        lanes.dispatch(notice("2283", 1000));
        let expected = Some(Wake::Notice(Arc::new(notice("2283", 1000))));
        assert_eq!(hanging.next().await, expected);
    }

    #[tokio::test]
    async fn a_watcher_that_keeps_within_the_bound_misses_nothing() {
        let lanes = Lanes::new();
        let mut lane = lanes.subscribe(notice("2283", 1).recipient);
        let numbers = 1..=u64::try_from(LANE_NOTICES).expect("few");
        for number in numbers.clone() {
            lanes.dispatch(notice("2283", number));
        }
        for number in numbers {
            let expected = Some(Wake::Notice(Arc::new(notice("2283", number))));
            assert_eq!(lane.next().await, expected);
        }
    }

    #[test]
    fn a_lane_closes_with_its_last_watcher() {
        let lanes = Lanes::new();
        let first = lanes.subscribe(notice("2283", 1).recipient);
        let second = lanes.subscribe(notice("2283", 1).recipient);
        assert_eq!(lanes.count(), 1);
        drop(first);
        assert_eq!(lanes.count(), 1);
        drop(second);
        assert_eq!(lanes.count(), 0);
        lanes.dispatch(notice("2283", 1));
        assert_eq!(lanes.count(), 0);
    }
}
