//! The second clock: deadlines pass only when the system's monotonic clock agrees with the wall clock, so that
//! a clock set wrong does not ask hundreds of municipalities at once.

use std::time::Instant;

use domain::entry::{Entry, Event};
use jiff::{SignedDuration, Timestamp};

/// How far the wall clock may run ahead of the monotonic one.
const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(2);
/// A pause longer than this at a start needs somebody's word that the clock is right.
const PAUSE_MAX: SignedDuration = SignedDuration::from_hours(40 * 24);

/// What the two clocks say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Deadlines may pass.
    Agrees,
    /// The wall clock jumped forward while running.
    Jumped,
}

/// Guards deadlines.
#[derive(Debug)]
pub(crate) struct Guard {
    started: Instant,
    started_at: Timestamp,
    /// Moves of the clock by entries since the start.
    moved: SignedDuration,
}

/// Whether a clock may be believed that was last seen at the newest entry: a pause of more than forty days
/// needs somebody's word.
pub(crate) fn is_plausible(now: Timestamp, newest: Timestamp) -> bool {
    now.duration_since(newest) <= PAUSE_MAX
}

impl Guard {
    /// Begins when the journal is replayed; `now` is the record's clock.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            started: Instant::now(),
            started_at: now,
            moved: SignedDuration::ZERO,
        }
    }

    /// Takes an entry in.
    pub(crate) fn apply(&mut self, entry: &Entry) {
        if let Event::ClockAdvanced { seconds } = entry.event {
            self.moved = self
                .moved
                .saturating_add(SignedDuration::from_secs(seconds));
        }
    }

    /// Whether deadlines up to `now` may pass.
    pub(crate) fn verdict(&self, now: Timestamp) -> Verdict {
        self.verdict_after(
            now,
            self.started
                .elapsed()
                .try_into()
                .unwrap_or(SignedDuration::MAX),
        )
    }

    fn verdict_after(&self, now: Timestamp, elapsed: SignedDuration) -> Verdict {
        let allowed = elapsed.saturating_add(self.moved).saturating_add(AHEAD_MAX);
        if now.duration_since(self.started_at) > allowed {
            return Verdict::Jumped;
        }
        Verdict::Agrees
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::subject::{Position, Subject, Version};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn entry(recorded_at: Timestamp, event: Event) -> Entry {
        Entry {
            position: Position(1),
            recorded_at,
            subject: Subject::SYSTEM,
            version: Version(1),
            event,
            notices: Vec::new(),
            sealed: Vec::new(),
        }
    }

    #[test]
    fn a_wall_clock_that_jumps_is_not_believed_and_a_moved_one_is() {
        let start = at("2026-11-24T12:00:00Z");
        let mut guard = Guard::new(start);
        let second = SignedDuration::from_secs(1);
        assert_eq!(guard.verdict_after(start + second, second), Verdict::Agrees);
        assert_eq!(
            guard.verdict_after(start + AHEAD_MAX, SignedDuration::ZERO),
            Verdict::Agrees
        );
        let beyond = start + AHEAD_MAX + second;
        assert_eq!(
            guard.verdict_after(beyond, SignedDuration::ZERO),
            Verdict::Jumped
        );
        guard.apply(&entry(start, Event::ClockAdvanced { seconds: 86_400 }));
        let day = SignedDuration::from_hours(24);
        assert_eq!(
            guard.verdict_after(start + day, SignedDuration::ZERO),
            Verdict::Agrees
        );
    }

    #[test]
    fn a_pause_of_more_than_forty_days_needs_a_word() {
        let now = at("2026-11-24T12:00:00Z");
        for (days, expected) in [(40, true), (41, false)] {
            let newest = now - SignedDuration::from_hours(24 * days);
            assert_eq!(is_plausible(now, newest), expected, "{days}");
        }
    }
}
