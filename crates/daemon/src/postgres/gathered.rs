//! Looks that are asked for at the same time, and answered by one statement: one under way while the next one forms. It
//! never waits for company, so a lonely caller pays a hand-over between two tasks; of many, none pays a round trip of its
//! own.

use std::error::Error;
use std::fmt;

use tokio::sync::{mpsc, oneshot};

use crate::ErrorChain;

/// There is no answer: the statement failed, and the log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database did not answer what was asked together")]
pub struct Unanswered;

type Asked<Q, A> = (Q, oneshot::Sender<A>);

/// Questions of one kind. Dropping it ends its task.
pub struct Gathered<Q, A>(mpsc::Sender<Asked<Q, A>>);

impl<Q, A> fmt::Debug for Gathered<Q, A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Gathered")
    }
}

impl<Q: Send + 'static, A: Send + 'static> Gathered<Q, A> {
    /// Answers at most so many questions at once. `together` gives one answer for each question, in their order.
    pub fn start<F, W, E>(questions_max: usize, together: F) -> Self
    where
        F: Fn(Vec<Q>) -> W + Send + 'static,
        W: Future<Output = Result<Vec<A>, E>> + Send,
        E: Error + Send + 'static,
    {
        let (queue, mut asked) = mpsc::channel::<Asked<Q, A>>(questions_max.max(1));
        crate::spawn(async move {
            let mut group = Vec::new();
            while asked.recv_many(&mut group, questions_max.max(1)).await > 0 {
                // whoever went away needs no answer
                group.retain(|(_, reply)| !reply.is_closed());
                if group.is_empty() {
                    continue;
                }
                let (questions, replies): (Vec<_>, Vec<_>) = group.drain(..).unzip();
                match together(questions).await {
                    Ok(answers) => {
                        for (reply, answer) in replies.into_iter().zip(answers) {
                            reply.send(answer).ok();
                        }
                    }
                    // who is let go without an answer knows
                    Err(error) => tracing::warn!(error = %ErrorChain(&error), "looks failed"),
                }
            }
        });
        Self(queue)
    }

    /// The answer to one question.
    pub async fn ask(&self, question: Q) -> Result<A, Unanswered> {
        let (reply, answer) = oneshot::channel();
        let sent = self.0.send((question, reply)).await;
        sent.map_err(|_ended| Unanswered)?;
        answer.await.map_err(|_dropped| Unanswered)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures_util::future::{join, join_all};
    use tokio::sync::Semaphore;

    use super::*;

    type Groups = Arc<Mutex<Vec<Vec<u32>>>>;

    /// Doubles numbers, when it is let; refuses a group with a 13 in it. Remembers the groups.
    fn doubling(let_go: &Arc<Semaphore>) -> (Gathered<u32, u32>, Groups) {
        let groups = Groups::default();
        let (seen, let_go) = (groups.clone(), let_go.clone());
        let gathered = Gathered::start(4, move |numbers: Vec<u32>| {
            let (seen, let_go) = (seen.clone(), let_go.clone());
            async move {
                seen.lock().expect("whole").push(numbers.clone());
                let_go.acquire().await.expect("open").forget();
                if numbers.contains(&13) {
                    return Err(fmt::Error);
                }
                Ok(numbers.into_iter().map(|number| 2 * number).collect())
            }
        });
        (gathered, groups)
    }

    #[tokio::test]
    async fn what_waits_is_asked_together_and_each_gets_its_own_answer() {
        let let_go = Arc::new(Semaphore::new(0));
        let (gathered, groups) = doubling(&let_go);
        let asked = join_all((1..=6).map(|number| gathered.ask(number)));
        let later = async {
            while groups.lock().expect("whole").is_empty() {
                tokio::task::yield_now().await;
            }
            let_go.add_permits(3);
        };
        let (answers, ()) = join(asked, later).await;
        let doubled: Vec<_> = (1..=6).map(|number| Ok(2 * number)).collect();
        assert_eq!(answers, doubled);
        let groups = groups.lock().expect("whole").clone();
        assert_eq!(groups.concat(), [1, 2, 3, 4, 5, 6]);
        assert!(groups.len() <= 3, "one, then together: {groups:?}");
        assert!(groups.iter().all(|group| group.len() <= 4), "{groups:?}");
    }

    #[tokio::test]
    async fn a_failure_is_its_groups_and_the_next_one_is_answered() {
        let (gathered, _) = doubling(&Arc::new(Semaphore::new(8)));
        assert_eq!(gathered.ask(13).await, Err(Unanswered));
        assert_eq!(gathered.ask(5).await, Ok(10));
    }

    #[tokio::test]
    async fn who_went_away_is_not_asked_for() {
        let let_go = Arc::new(Semaphore::new(0));
        let (gathered, groups) = doubling(&let_go);
        let mut first = Box::pin(gathered.ask(1));
        let mut gone = Box::pin(gathered.ask(2));
        while groups.lock().expect("whole").is_empty() {
            assert!(futures_util::poll!(&mut first).is_pending());
            tokio::task::yield_now().await;
        }
        assert!(futures_util::poll!(&mut gone).is_pending());
        drop(gone);
        let_go.add_permits(2);
        assert_eq!(join(first, gathered.ask(3)).await, (Ok(2), Ok(6)));
        assert_eq!(*groups.lock().expect("whole"), [vec![1], vec![3]]);
    }
}
