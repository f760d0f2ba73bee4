//! Sends groups of batches, one after the other: one is under way while the next one forms. It never waits for
//! company. An append whose outcome is unknown is settled on a new connection: a batch under a request id is
//! sent again, which the database answers with what it did, or does now. Others are told that nobody knows.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use daemon::ErrorChain;
use daemon::postgres::{ConnectError, Link, Settings};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use super::follow::Known;
use super::group;
use super::limits::{GROUP_BYTES, RETRY};
use super::packed::Packed;
use super::reached::Reached;
use crate::AppendError;
use crate::batch::Outcome;
use crate::limits::{GROUP_BATCHES_MAX, QUEUE_BATCHES_MAX};

/// A batch and who waits for its outcome.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) packed: Packed,
    pub(super) reply: oneshot::Sender<Result<Outcome, AppendError>>,
}

impl Waiting {
    fn answer(self, outcome: Result<Outcome, AppendError>) {
        // a caller that went away finds its answer by request id
        self.reply.send(outcome).ok();
    }
}

/// Owns the connection that writes.
#[derive(Debug)]
pub(super) struct Writer {
    settings: Arc<Settings>,
    known: Known,
    queue: mpsc::Receiver<Waiting>,
    waiting: VecDeque<Waiting>,
    link: Option<Link>,
    reached: Reached,
}

impl Writer {
    pub(super) fn new(
        settings: Arc<Settings>,
        known: Known,
        queue: mpsc::Receiver<Waiting>,
    ) -> Self {
        Self {
            settings,
            reached: known.reached(),
            known,
            queue,
            waiting: VecDeque::new(),
            link: None,
        }
    }

    /// Runs until the queue is closed and empty.
    pub(super) async fn run(mut self) {
        while self.fill().await {
            let group = take_group(&mut self.waiting);
            self.settle(group).await;
        }
    }

    /// Takes what waits, and waits only when nothing does.
    async fn fill(&mut self) -> bool {
        if self.waiting.is_empty() {
            match self.queue.recv().await {
                Some(first) => self.waiting.push_back(first),
                None => return false,
            }
        }
        while self.waiting.len() < QUEUE_BATCHES_MAX
            && let Ok(next) = self.queue.try_recv()
        {
            self.waiting.push_back(next);
        }
        true
    }

    /// Appends a group and answers everybody in it.
    async fn settle(&mut self, mut group: Vec<Waiting>) {
        let mut is_unknown = false;
        loop {
            // whoever gave up was told that nobody knows
            group.retain(|waiting| !waiting.reply.is_closed());
            if group.is_empty() {
                return;
            }
            let edge = *self.known.edge.borrow();
            let link = match self.reach().await {
                Ok(link) => link,
                // a server that must not be used will not be of use a moment later
                Err(error) if error.is_of_a_server() => return give_up(group),
                Err(_gone) => {
                    sleep(RETRY).await;
                    continue;
                }
            };
            let packed: Vec<&Packed> = group.iter().map(|waiting| &waiting.packed).collect();
            match group::append(link, &packed, edge).await {
                Ok(settled) => {
                    self.known.reach(settled.edge, settled.ahead_seconds);
                    for (waiting, outcome) in group.into_iter().zip(settled.outcomes) {
                        waiting.answer(outcome);
                    }
                    return;
                }
                Err(error) => {
                    let batches = group.len();
                    tracing::error!(error = %ErrorChain(&error), batches, "journal group failed");
                    self.link = None;
                    let (again, given_up): (_, Vec<Waiting>) = group
                        .into_iter()
                        .partition(|waiting| !is_unknown && waiting.packed.request.is_some());
                    give_up(given_up);
                    group = again;
                    is_unknown = true;
                }
            }
        }
    }

    /// The connection, made anew when it is lost. Why it cannot be made, the follower says aloud.
    async fn reach(&mut self) -> Result<&mut Link, ConnectError> {
        let usable = match self.link.take() {
            Some(usable) if usable.is_usable() => usable,
            _ => Link::open(&self.settings, &self.reached, |_notification| {}).await?,
        };
        Ok(self.link.insert(usable))
    }
}

fn give_up(group: Vec<Waiting>) {
    for waiting in group {
        waiting.answer(Err(AppendError::Unavailable));
    }
}

/// Takes the next group off what waits: no two of it touch the same, so the database can look at all of them
/// at once. What has to wait comes first the next time.
fn take_group(waiting: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let mut group = Vec::new();
    let mut later = VecDeque::new();
    let mut touched = HashSet::new();
    let mut bytes = 0;
    while group.len() < GROUP_BATCHES_MAX
        && bytes < GROUP_BYTES
        && let Some(next) = waiting.pop_front()
    {
        let packed = &next.packed;
        if packed.touches.iter().any(|touch| touched.contains(touch)) {
            later.push_back(next);
            continue;
        }
        touched.extend(packed.touches.iter().copied());
        bytes += packed.bytes;
        group.push(next);
    }
    later.append(waiting);
    *waiting = later;
    group
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::given::{batch, new_relocation, registered};

    /// Batches that each touch what the numbers say.
    fn waiting(touches: &[&[u64]]) -> VecDeque<Waiting> {
        let random = ring::rand::SystemRandom::new();
        let one = |touches: &&[u64]| {
            let batch = batch(vec![registered(new_relocation())]);
            let mut packed = Packed::new(batch, &random).expect("packed");
            packed.touches = touches.to_vec();
            let (reply, _outcome) = oneshot::channel();
            Waiting { packed, reply }
        };
        touches.iter().map(one).collect()
    }

    /// The groups that what waits is sent in, by what their batches touch first.
    fn groups(mut waiting: VecDeque<Waiting>) -> Vec<Vec<u64>> {
        let mut groups = Vec::new();
        while !waiting.is_empty() {
            let group = take_group(&mut waiting);
            groups.push(group.iter().map(|one| one.packed.touches[0]).collect());
        }
        groups
    }

    #[test]
    fn no_two_batches_of_a_group_touch_the_same_and_who_waited_comes_first() {
        type Touches = &'static [&'static [u64]];
        let cases: [(Touches, Touches); 4] = [
            (&[&[1], &[2], &[3]], &[&[1, 2, 3]]),
            (&[&[1, 9], &[2, 9], &[3], &[4, 9]], &[&[1, 3], &[2], &[4]]),
            (&[&[1], &[1], &[1], &[2]], &[&[1, 2], &[1], &[1]]),
            // a batch may touch the same twice
            (&[&[1, 1], &[2]], &[&[1, 2]]),
        ];
        for (touches, expected) in cases {
            assert_eq!(groups(waiting(touches)), expected, "{touches:?}");
        }
    }

    #[test]
    fn a_group_is_bounded_by_its_batches_and_by_their_bytes() {
        let touches: Vec<u64> = (0..600).collect();
        let touches: Vec<&[u64]> = touches.chunks(1).collect();
        let lengths = |waiting| -> Vec<usize> { groups(waiting).iter().map(Vec::len).collect() };
        assert_eq!(lengths(waiting(&touches)), [256, 256, 88]);
        let mut large = waiting(&touches[..5]);
        for waiting in &mut large {
            waiting.packed.bytes = GROUP_BYTES / 2;
        }
        assert_eq!(lengths(large), [2, 2, 1]);
    }
}
