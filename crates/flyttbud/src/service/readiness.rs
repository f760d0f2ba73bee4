//! Whether a process can answer: its stores are asked again and again, so that health says what a call would meet.
//! Nothing is written for it, and no call waits for it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use domain::subject::Position;
use journal::Journal;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use vault::{Round, Vault};

use super::Process;

/// Between two looks: with the patience, a store that went away is told of within four seconds.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a store may take to answer. A look that takes longer goes on, since of several hosts one that is silent may
/// be tried before the one that answers.
const PATIENCE: Duration = Duration::from_secs(3);

/// Follows whether this process can answer: whatever it must catch up with is caught up with, and its stores answer.
pub(super) fn follow(process: &Process, caught_up: watch::Receiver<bool>) -> watch::Receiver<bool> {
    let (ready, told) = watch::channel(false);
    let stores = &process.stores;
    let journal = stores.journal.clone();
    let vault = stores.gateway.as_ref().map(|own| own.vault.clone());
    let drain = process.tasks.drain();
    process.tasks.spawn("readiness", async move {
        let looking = look(&ready, caught_up, || ask(journal.clone(), vault.clone()));
        drain.run_until_cancelled(looking).await;
    });
    told
}

/// A read of each store that is there.
async fn ask(journal: Arc<dyn Journal>, vault: Option<Vault>) -> anyhow::Result<()> {
    let record = async { journal.reaches(Position(1)).await.context("the record") };
    let keys = async {
        match &vault {
            Some(vault) => vault
                .mark(Round::Erasing)
                .await
                .map(drop)
                .context("the key store"),
            None => Ok(()),
        }
    };
    tokio::try_join!(record, keys).map(drop)
}

/// Looks for as long as it is polled, and says what it sees when that changes.
async fn look<F>(
    ready: &watch::Sender<bool>,
    mut caught_up: watch::Receiver<bool>,
    ask: impl Fn() -> F,
) where
    F: Future<Output = anyhow::Result<()>>,
{
    // one that never will ends the process by itself
    if caught_up.wait_for(|caught_up| *caught_up).await.is_err() {
        return;
    }
    let mut was_away = false;
    loop {
        let mut asked = pin!(ask());
        let answer = match timeout(PATIENCE, &mut asked).await {
            Ok(answer) => answer,
            Err(_elapsed) => {
                let silent = Err(anyhow!("no answer in {} seconds", PATIENCE.as_secs()));
                tell(ready, &silent, &mut was_away);
                asked.await
            }
        };
        tell(ready, &answer, &mut was_away);
        sleep(LOOK_EVERY).await;
    }
}

fn tell(ready: &watch::Sender<bool>, answer: &anyhow::Result<()>, was_away: &mut bool) {
    match answer {
        Ok(()) if *was_away => tracing::info!("stores answer again, ready"),
        Err(away) if !*was_away => {
            tracing::warn!(
                error = format!("{away:#}"),
                "stores do not answer, not ready"
            );
        }
        Ok(()) | Err(_) => {}
    }
    *was_away = answer.is_err();
    ready.send_if_modified(|ready| std::mem::replace(ready, answer.is_ok()) != answer.is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks a store that answers as it is told to, each after a time.
    async fn seen(answers: &[(Duration, bool)]) -> Vec<bool> {
        let (ready, mut told) = watch::channel(false);
        let next = std::sync::Mutex::new(answers.iter());
        let ask = || {
            let next = next.lock().expect("nobody panics").next();
            async move {
                let Some((takes, is_there)) = next else {
                    return std::future::pending().await;
                };
                sleep(*takes).await;
                is_there.then_some(()).context("it is away")
            }
        };
        let mut seen = Vec::new();
        let following = async {
            while timeout(Duration::from_mins(1), told.changed())
                .await
                .is_ok()
            {
                seen.push(*told.borrow_and_update());
            }
        };
        tokio::select! {
            () = look(&ready, watch::channel(true).1, ask) => {}
            () = following => {}
        }
        seen
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_ready_while_its_stores_answer_in_time() {
        let [quick, late] = [Duration::from_millis(5), Duration::from_secs(4)];
        // the last look never ends
        for (answers, expected) in [
            (&[(quick, true)][..], &[true, false][..]),
            (&[(quick, true), (quick, true)], &[true, false]),
            (&[(quick, false), (quick, true)], &[true, false]),
            (
                &[(quick, true), (quick, false), (quick, false), (quick, true)],
                &[true, false, true, false],
            ),
            (
                // one that takes its time is away meanwhile, and there when it answers at last
                &[(quick, true), (late, true), (quick, true)],
                &[true, false, true, false],
            ),
            (&[(late, false)], &[]),
        ] {
            assert_eq!(seen(answers).await, expected, "{answers:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_not_caught_up_is_not_ready() {
        let (catching_up, caught_up) = watch::channel(false);
        let (ready, mut told) = watch::channel(false);
        let looking = look(&ready, caught_up, || async { Ok(()) });
        let followed = async {
            let minute = Duration::from_mins(1);
            assert!(timeout(minute, told.changed()).await.is_err());
            catching_up.send_replace(true);
            told.changed().await.expect("it is told");
            assert!(*told.borrow());
        };
        tokio::select! {
            () = looking => panic!("it looks for as long as it is polled"),
            () = followed => {}
        }
    }
}
