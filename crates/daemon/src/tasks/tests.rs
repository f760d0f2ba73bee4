//! Tasks are counted, drained, and never lost in silence.

use super::*;

#[tokio::test]
async fn the_drain_waits_for_every_task() {
    let tasks = Tasks::new();
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let drain = tasks.drain();
    tasks.spawn("waits", async move {
        drain.cancelled().await;
        sender.send("finished").ok();
    });
    assert!(tasks.end().await, "all ended");
    assert_eq!(receiver.await, Ok("finished"));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_does_not_end_is_given_up() {
    let tasks = Tasks::new();
    tasks.spawn("hangs", std::future::pending());
    let begun = tokio::time::Instant::now();
    assert!(!tasks.end().await, "one hangs");
    assert_eq!(begun.elapsed().as_secs(), DRAIN.as_secs());
}

#[tokio::test]
async fn a_task_that_panics_begins_the_drain() {
    let tasks = Tasks::new();
    tasks.spawn("panics", async { panic!("on purpose") });
    tasks.drain().cancelled().await;
    assert!(tasks.end().await, "nothing is left");
}

#[tokio::test]
async fn a_task_that_ends_well_begins_no_drain() {
    let tasks = Tasks::new();
    let (sender, receiver) = tokio::sync::oneshot::channel();
    tasks.spawn("ends", async move {
        sender.send(()).ok();
    });
    receiver.await.expect("ended");
    assert!(!tasks.drain().is_cancelled());
    assert!(tasks.end().await);
}
