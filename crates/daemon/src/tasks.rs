//! Named tasks that are counted and drained. A task that panics ends the process: half a service is
//! worse than none.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::limits::DRAIN;

/// Told to everybody who must end: stop taking work, finish what you have.
pub type Drain = CancellationToken;

/// The tasks of a process.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    drain: Drain,
}

impl Tasks {
    /// No tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The token that is cancelled when the drain begins.
    pub fn drain(&self) -> Drain {
        self.drain.clone()
    }

    /// Starts a task under a name.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let drain = self.drain.clone();
        self.tracker.spawn(async move {
            // whoever leaves by a panic takes the process with it
            let guard = drain.clone().drop_guard();
            task.await;
            guard.disarm();
            tracing::debug!(task = name, "task ended");
        });
    }

    /// Begins the drain and waits for every task, at most 25 s. Says whether all ended.
    pub async fn end(&self) -> bool {
        self.drain.cancel();
        self.tracker.close();
        tokio::time::timeout(DRAIN, self.tracker.wait())
            .await
            .is_ok()
    }
}

/// Starts a task that ends by itself and belongs to nobody's drain, for example one handshake.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that the ban points to"
)]
pub fn spawn<F>(task: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(task);
}

/// Why a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// SIGTERM or SIGINT.
    Told,
    /// A task left without being told to.
    TaskLeft,
}

/// What tells a process to end or to read its certificates again. Made before the process says that it
/// serves: a signal that comes at once must find it listening.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Listens from now on.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for SIGTERM or SIGINT, or for a task that takes the process with it; calls `on_hangup` at
    /// each SIGHUP.
    pub async fn until_end(&mut self, drain: &Drain, on_hangup: impl Fn()) -> End {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return End::Told,
                _ = self.interrupt.recv() => return End::Told,
                () = drain.cancelled() => return End::TaskLeft,
                _ = self.hangup.recv() => on_hangup(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
