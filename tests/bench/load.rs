//! Load: so many callers take the next piece of work as soon as they have the answer to the last one. It
//! counts and times, and knows nothing of what is called.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// One run may take so long: a hundred times what is expected of it.
const RUN: Duration = Duration::from_mins(3);

/// One call that was answered.
pub(crate) struct Answered<T> {
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    pub(crate) answer: T,
}

/// All calls of a run.
pub(crate) struct Run<T> {
    /// From the first call's beginning to the last one's end.
    pub(crate) took: Duration,
    pub(crate) answers: Vec<Answered<T>>,
}

impl<T> Run<T> {
    /// How long each call took.
    pub(crate) fn spans(&self) -> Vec<Duration> {
        let span = |call: &Answered<T>| call.ended - call.began;
        self.answers.iter().map(span).collect()
    }
}

/// Does all the work with these callers. One that fails fails the run.
pub(crate) async fn run<C, W, T, F>(
    callers: Vec<C>,
    work: Vec<W>,
    call: impl Fn(C, W) -> F + Clone + Send + 'static,
) -> anyhow::Result<Run<T>>
where
    C: Clone + Send + 'static,
    W: Send + 'static,
    T: Send + 'static,
    F: Future<Output = anyhow::Result<T>> + Send,
{
    let mut answers = Vec::with_capacity(work.len());
    let work = Arc::new(Mutex::new(work.into_iter()));
    let next = move || work.lock().unwrap_or_else(PoisonError::into_inner).next();
    let mut tasks = JoinSet::new();
    let began = Instant::now();
    for caller in callers {
        let (next, call) = (next.clone(), call.clone());
        tasks.spawn(async move {
            let mut answers = Vec::new();
            while let Some(piece) = next() {
                let began = Instant::now();
                let answer = call(caller.clone(), piece).await?;
                answers.push(Answered {
                    began,
                    ended: Instant::now(),
                    answer,
                });
            }
            anyhow::Ok(answers)
        });
    }
    let all = async {
        while let Some(ended) = tasks.join_next().await {
            answers.extend(ended??);
        }
        anyhow::Ok(())
    };
    timeout(RUN, all)
        .await
        .context("a run took longer than is sensible")??;
    Ok(Run {
        took: began.elapsed(),
        answers,
    })
}
