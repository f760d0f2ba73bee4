//! Counts each caller's streams at this process, so that one caller's loop does not take them all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::status::Refusal;
use domain::reason::Reason;

type Counts = Arc<Mutex<BTreeMap<String, u32>>>;

/// Streams open now, by caller.
#[derive(Clone, Debug)]
pub(crate) struct Streams {
    most: u32,
    open: Counts,
}

/// A place among the caller's streams, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    caller: String,
    open: Counts,
}

impl Streams {
    pub(crate) fn new(most: u32) -> Self {
        Self {
            most,
            open: Arc::default(),
        }
    }

    pub(crate) fn take(&self, caller: &str) -> Result<Place, Refusal> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(caller.to_owned()).or_default();
        if *count >= self.most {
            return Err(Refusal::new(Reason::TooManyStreams).with("limit", self.most.to_string()));
        }
        *count += 1;
        Ok(Place {
            caller: caller.to_owned(),
            open: self.open.clone(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.caller) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_gets_its_places_and_not_one_more() {
        let streams = Streams::new(2);
        let first = streams.take("a").expect("one");
        let _second = streams.take("a").expect("two");
        assert_eq!(
            streams.take("a").expect_err("three").reason,
            Reason::TooManyStreams
        );
        streams.take("b").expect("another caller's first");
        drop(first);
        streams.take("a").expect("a place was given back");
    }
}
