//! Looks that are asked for at the same time, and answered by one statement: one under way while the next one forms. It
//! never waits for company, so a lonely caller pays a hand-over between two tasks; of many, none pays a round trip of its
//! own.

use std::error::Error;
use std::fmt;

use tokio::sync::{mpsc, oneshot};

use super::LinkError;
use crate::ErrorChain;

/// There is no answer: the statement failed, and the log says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database did not answer what was asked together")]
pub struct Unanswered;

type Asked<Q, A> = (Q, oneshot::Sender<A>);

/// Why questions that were asked together have no answers.
pub trait Refused: Error + Send + 'static {
    /// Whether it may be one question's own, so that the others have answers. When the connection was lost or the server
    /// has no room it is everybody's.
    fn is_of_one(&self) -> bool;
}

impl Refused for LinkError {
    fn is_of_one(&self) -> bool {
        self.is_of_what_is_stored()
    }
}

/// Questions of one kind. Dropping it ends its task.
pub struct Gathered<Q, A>(mpsc::Sender<Asked<Q, A>>);

impl<Q, A> fmt::Debug for Gathered<Q, A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Gathered")
    }
}

impl<Q: Clone + Send + Sync + 'static, A: Send + 'static> Gathered<Q, A> {
    /// Answers at most so many questions at once. `together` gives one answer for each question, in their order. When one
    /// of them may have failed all, they are asked in halves, so that only that one has no answer.
    pub fn start<F, W, E>(questions_max: usize, together: F) -> Self
    where
        F: Fn(Vec<Q>) -> W + Send + Sync + 'static,
        W: Future<Output = Result<Vec<A>, E>> + Send,
        E: Refused,
    {
        let (queue, mut asked) = mpsc::channel::<Asked<Q, A>>(questions_max.max(1));
        crate::spawn(async move {
            let mut group = Vec::new();
            while asked.recv_many(&mut group, questions_max.max(1)).await > 0 {
                // whoever went away needs no answer
                group.retain(|(_, reply)| !reply.is_closed());
                if !group.is_empty() {
                    answer(&together, std::mem::take(&mut group)).await;
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

/// Asks a group, and its halves if one in it may have failed it.
async fn answer<Q, A, F, W, E>(together: &F, group: Vec<Asked<Q, A>>)
where
    Q: Clone,
    F: Fn(Vec<Q>) -> W,
    W: Future<Output = Result<Vec<A>, E>>,
    E: Refused,
{
    let mut groups = vec![group];
    while let Some(mut group) = groups.pop() {
        let questions = group.iter().map(|(question, _reply)| question.clone());
        match together(questions.collect()).await {
            Ok(answers) => {
                for ((_question, reply), answer) in group.into_iter().zip(answers) {
                    reply.send(answer).ok();
                }
            }
            Err(error) if group.len() > 1 && error.is_of_one() => {
                groups.push(group.split_off(group.len() / 2));
                groups.push(group);
            }
            // who is let go without an answer knows
            Err(error) => tracing::warn!(error = %ErrorChain(&error), "looks failed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures_util::future::{join, join_all};
    use tokio::sync::Semaphore;

    use super::*;

    type Groups = Arc<Mutex<Vec<Vec<u32>>>>;

    #[derive(Debug, thiserror::Error)]
    enum Trouble {
        #[error("one cannot be read")]
        One,
        #[error("nobody is there")]
        All,
    }

    impl Refused for Trouble {
        fn is_of_one(&self) -> bool {
            matches!(self, Self::One)
        }
    }

    /// Doubles numbers, when it is let; a 13 cannot be read, and with a 99 nobody is there. Remembers the groups.
    fn doubling(let_go: &Arc<Semaphore>) -> (Gathered<u32, u32>, Groups) {
        let groups = Groups::default();
        let (seen, let_go) = (groups.clone(), let_go.clone());
        let gathered = Gathered::start(4, move |numbers: Vec<u32>| {
            let (seen, let_go) = (seen.clone(), let_go.clone());
            async move {
                seen.lock().expect("whole").push(numbers.clone());
                let_go.acquire().await.expect("open").forget();
                if numbers.contains(&99) {
                    return Err(Trouble::All);
                }
                if numbers.contains(&13) {
                    return Err(Trouble::One);
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
    async fn what_cannot_be_read_is_the_trouble_of_whoever_asked_for_it_alone() {
        for (numbers, expected, statements) in [
            ([1, 13, 2, 3], [Some(2), None, Some(4), Some(6)], 5),
            ([13, 13, 2, 3], [None, None, Some(4), Some(6)], 5),
            // no half would do better
            ([1, 99, 13, 3], [None; 4], 1),
        ] {
            let let_go = Arc::new(Semaphore::new(0));
            let (gathered, groups) = doubling(&let_go);
            // one that is asked alone holds the others up until they are one group
            let mut first = Box::pin(gathered.ask(7));
            while groups.lock().expect("whole").is_empty() {
                assert!(futures_util::poll!(&mut first).is_pending());
                tokio::task::yield_now().await;
            }
            let mut asked = Box::pin(join_all(numbers.map(|number| gathered.ask(number))));
            assert!(futures_util::poll!(&mut asked).is_pending());
            let_go.add_permits(10);
            let (first, answers) = join(first, asked).await;
            assert_eq!(first, Ok(14));
            let answers: Vec<_> = answers.into_iter().map(Result::ok).collect();
            assert_eq!(answers, expected, "{numbers:?}");
            let groups = groups.lock().expect("whole").clone();
            assert_eq!(groups.len(), 1 + statements, "{groups:?}");
        }
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
