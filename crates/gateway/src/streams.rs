//! Streams that a caller holds open: how many each has at this process, so that one caller's loop does not take them all,
//! and how one ends with its reason, however slowly it is read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use api::status::Refusal;
use domain::reason::Reason;
use tokio::sync::mpsc::{self, OwnedPermit};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::call::Call;
use crate::limits::STREAM_BUFFER;

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

/// Where what a stream tells is put in.
pub(crate) type Sender<T> = mpsc::Sender<Result<T, Status>>;

/// The place of a stream's last word, kept from the beginning: a reader that is slow finds it when it comes to it.
#[derive(Debug)]
pub(crate) struct LastWord<T>(OwnedPermit<Result<T, Status>>);

/// A stream: where it is told, its last word, and what is read.
pub(crate) fn stream<T>() -> (Sender<T>, LastWord<T>, ReceiverStream<Result<T, Status>>) {
    let (sender, receiver) = mpsc::channel(STREAM_BUFFER + 1);
    #[expect(clippy::expect_used, reason = "nothing was sent yet")]
    let last = sender.clone().try_reserve_owned().expect("there is room");
    (sender, LastWord(last), ReceiverStream::new(receiver))
}

impl<T> LastWord<T> {
    /// Says why it ends.
    pub(crate) fn say(self, refusal: &Refusal, call: &Call) {
        let status = refusal.to_status(&call.request_id, call.swedish);
        self.0.send(Err(status));
    }
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
