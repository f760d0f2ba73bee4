//! Who will soon put keys: while somebody is on the way, a group that has keys and room waits for them. All that is in such a
//! group waits with it; every other group goes at once.

#[cfg(test)]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::held;

/// How many are on the way. Clones count the same.
#[derive(Clone, Default)]
pub(crate) struct Arrivals(Arc<Counted>);

#[derive(Default)]
struct Counted {
    count: Mutex<usize>,
    #[cfg(test)]
    is_waited_for: AtomicBool,
    is_nobody: Condvar,
}

impl Arrivals {
    /// One more, until what is returned is dropped.
    pub(crate) fn one(&self) -> Coming {
        *held(&self.0.count) += 1;
        Coming(self.clone())
    }

    /// Waits until nobody is on the way. False when nobody was.
    pub(crate) fn wait(&self, at_most: Duration) -> bool {
        let count = held(&self.0.count);
        let was_anybody = *count > 0;
        #[cfg(test)]
        self.0.is_waited_for.store(was_anybody, Ordering::Release);
        let waited = self
            .0
            .is_nobody
            .wait_timeout_while(count, at_most, |count| *count > 0);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        was_anybody
    }

    /// Whether somebody waits or has waited, while who is waited for holds on.
    #[cfg(test)]
    pub(crate) fn is_waited_for(&self) -> bool {
        self.0.is_waited_for.load(Ordering::Acquire)
    }
}

/// A call that will put keys and has been let in. To be dropped just before it does.
#[must_use = "nobody waits for whoever is not announced"]
pub struct Coming(Arrivals);

impl Drop for Coming {
    fn drop(&mut self) {
        let Arrivals(counted) = &self.0;
        let mut count = held(&counted.count);
        *count -= 1;
        if *count == 0 {
            counted.is_nobody.notify_all();
        }
    }
}
