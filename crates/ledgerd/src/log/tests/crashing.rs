//! Crashes between every two steps, and stores that fail in them: one way to go on, and one root for each size.

use std::sync::Arc;

use tlog::tree::Size;

use super::troubled::{Signed, Step, Trouble, Troubled};
use super::{House, Running, Stores};
use crate::Leadership;

impl Stores {
    /// The same, with trouble.
    pub(super) fn with(mut self, trouble: Trouble, signed: &Signed) -> (Self, Arc<Troubled>) {
        let troubled = Troubled::new(self.evidence, trouble, signed);
        self.evidence = troubled.clone();
        (self, troubled)
    }

    /// What was ever signed is the journal's tree.
    async fn check_signed(&self, signed: &Signed) {
        let signed = signed.lock().expect("whole").clone();
        for head in signed {
            assert_eq!(head, self.computed(head.size).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_any_two_steps_leads_to_no_second_root() {
    let house = House::new();
    let signed = Signed::default();
    let mut entries = 0;
    let pairs = Step::ALL
        .iter()
        .flat_map(|one| Step::ALL.map(|other| [*one, other]));
    for step in pairs.flatten() {
        let (stores, troubled) = house.open().with(Trouble::Stop(step), &signed);
        let running = Running::start(stores.log(Leadership::always()));
        stores.append(2).await;
        troubled.met().await;
        running.crash().await;
        // some come in while it is down
        let more = u64::from(step == Step::Signed);
        stores.append(more).await;
        entries += 2 + more;
    }
    let (stores, _) = house.open().with(Trouble::None, &signed);
    let running = Running::start(stores.log(Leadership::always()));
    let newest = stores.published(entries).await;
    running.end().await;
    assert_eq!(newest.checkpoint().head.size, Size(entries));
    let published = stores.check().await;
    // those that stopped after it was published
    assert!(published.len() >= 8, "{published:?}");
    stores.check_signed(&signed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_and_not_stored_is_signed_the_same_again() {
    let house = House::new();
    let signed = Signed::default();
    house.open().append(5).await;
    for _ in 0..2 {
        let (stores, troubled) = house.open().with(Trouble::Stop(Step::Signed), &signed);
        let running = Running::start(stores.log(Leadership::always()));
        troubled.met().await;
        assert_eq!(stores.evidence.newest().await.expect("read"), None);
        running.crash().await;
    }
    let (stores, _) = house.open().with(Trouble::None, &signed);
    let running = Running::start(stores.log(Leadership::always()));
    stores.published(5).await;
    running.end().await;
    let expected = stores.computed(Size(5)).await;
    assert_eq!(*signed.lock().expect("whole"), [expected; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_is_tried_again_whether_it_was_done_or_not() {
    for step in Step::ALL {
        let house = House::new();
        let signed = Signed::default();
        let (stores, troubled) = house.open().with(Trouble::Fail(step), &signed);
        stores.append(3).await;
        let running = Running::start(stores.log(Leadership::always()));
        troubled.met().await;
        stores.append(3).await;
        stores.published(6).await;
        running.end().await;
        stores.check().await;
        stores.check_signed(&signed).await;
        assert_eq!(
            stores.evidence.alarm().await.expect("none"),
            None,
            "{step:?}"
        );
    }
}
