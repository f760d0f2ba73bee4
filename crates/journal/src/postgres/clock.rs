//! The record's clock: the database's, carried on by this machine's monotonic clock between two looks, and moved
//! by entries of the journal. This machine's wall clock has no say.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use jiff::Timestamp;

/// Microseconds in a second.
const MICROS: i64 = 1_000_000;

#[derive(Debug)]
pub(super) struct Clock {
    started: Instant,
    /// What the database's clock showed when this one started.
    started_micros: AtomicI64,
    ahead_seconds: AtomicI64,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            started_micros: AtomicI64::new(0),
            ahead_seconds: AtomicI64::new(0),
        }
    }

    /// Now, by the record's clock.
    pub(super) fn now(&self) -> Timestamp {
        let ahead = self
            .ahead_seconds
            .load(Ordering::Relaxed)
            .saturating_mul(MICROS);
        let started = self.started_micros.load(Ordering::Relaxed);
        let micros = started.saturating_add(self.elapsed()).saturating_add(ahead);
        Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
    }

    /// Microseconds on the monotonic clock.
    pub(super) fn elapsed(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    /// The database's clock showed `micros` at some moment since `asked`.
    pub(super) fn set(&self, micros: i64, asked: i64) {
        let between = asked.midpoint(self.elapsed());
        self.started_micros
            .store(micros.saturating_sub(between), Ordering::Relaxed);
    }

    /// Entries have moved it so far.
    pub(super) fn set_ahead(&self, seconds: i64) {
        self.ahead_seconds.store(seconds, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_databases_moved_by_entries_and_never_this_machines() {
        let clock = Clock::new();
        // the database lives in 1973
        let database = 100_000_000;
        let seconds_since = |at: i64| clock.now().as_second() - at;
        clock.set(database * MICROS, clock.elapsed());
        assert!((0..60).contains(&seconds_since(database)));
        clock.set_ahead(86_400);
        assert!((0..60).contains(&seconds_since(database + 86_400)));
        // set right meanwhile, and asked for a minute ago: it is taken for half a minute old
        clock.set(2 * database * MICROS, clock.elapsed() - 60 * MICROS);
        let ahead = seconds_since(2 * database + 86_400);
        assert!((30..90).contains(&ahead), "{ahead}");
        clock.set_ahead(i64::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }
}
