//! Calls that were cut off between their commit and what follows from it, over real stores: by the caller, by a kill, and
//! with or without being sent again.

mod drills;
mod protected;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::v1;
use async_trait::async_trait;
use domain::reason::Reason;
use journal::conformance::double::{Double, Doubled};
use journal::conformance::given::{batch, solleftea, solna, system};
use journal::{AppendError, Batch, Journal, Outcome, SqliteJournal};
use tokio::sync::Notify;
use uuid::Uuid;

use super::*;
use crate::call::within;
use crate::caller::Role;
use crate::testing::acts::{
    NONE, PROTECTED, actor, announce, found, other_person, report, report_of, told,
};
use crate::testing::{call_of, core as core_anew, core_over};

/// A journal that keeps one append waiting, and then never answers it although what was appended stands; or refuses one.
struct Cut {
    journal: Arc<dyn Journal>,
    cuts: AtomicBool,
    fails: AtomicBool,
    /// Nothing about Sollefteå itself is appended.
    refuses: AtomicBool,
    /// The next text is stored with a bit turned.
    damages: AtomicBool,
    reached: Notify,
    go: Notify,
    stands: Notify,
}

#[async_trait]
impl Double for Cut {
    fn behind(&self) -> &dyn Journal {
        self.journal.as_ref()
    }

    async fn append(&self, mut batch: Batch) -> Result<Outcome, AppendError> {
        if self.fails.swap(false, Ordering::Relaxed) {
            return Err(AppendError::TooLarge);
        }
        let there = Subject::municipality(solleftea());
        let mut drafts = batch.drafts.iter();
        if self.refuses.load(Ordering::Relaxed) && drafts.any(|draft| draft.subject == there) {
            return Err(AppendError::TooLarge);
        }
        if self.damages.swap(false, Ordering::Relaxed) {
            let parts = batch.drafts.iter_mut().flat_map(|draft| &mut draft.sealed);
            for byte in parts.filter_map(|part| part.ciphertext.last_mut()) {
                *byte ^= 1;
            }
        }
        if !self.cuts.swap(false, Ordering::Relaxed) {
            return self.journal.append(batch).await;
        }
        self.reached.notify_one();
        self.go.notified().await;
        self.journal.append(batch).await?;
        self.stands.notify_one();
        std::future::pending().await
    }
}

/// A gateway whose next append is cut off when that is asked for.
fn cutting(folder: &Path) -> (Arc<Core>, Arc<Cut>) {
    let (journal, cut) = Doubled::new(Cut {
        journal: SqliteJournal::open(&folder.join("journal.db")).expect("a journal"),
        cuts: AtomicBool::new(false),
        fails: AtomicBool::new(false),
        refuses: AtomicBool::new(false),
        damages: AtomicBool::new(false),
        reached: Notify::new(),
        go: Notify::new(),
        stands: Notify::new(),
    });
    (core_over(folder, journal), cut)
}

/// Lets a call go as far as its commit and no further; something else happens just before the commit.
async fn cut_off<T>(cut: &Cut, call: impl Future<Output = T>, meanwhile: impl Future<Output = ()>) {
    cut.cuts.store(true, Ordering::Relaxed);
    let other = async {
        cut.reached.notified().await;
        meanwhile.await;
        cut.go.notify_one();
        cut.stands.notified().await;
    };
    tokio::select! {
        _ = call => panic!("it was answered"),
        () = other => {}
    }
}

#[tokio::test]
async fn a_call_that_outlasts_its_deadline_is_answered_and_stands_once() {
    for stands in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let (core, cut) = cutting(folder.path());
        cut.cuts.store(true, Ordering::Relaxed);
        if stands {
            cut.go.notify_one();
        }
        let id = Uuid::now_v7();
        let late = within(Duration::from_millis(300), announce(&core, id)).await;
        let reason = late.expect_err("too late").reason;
        assert_eq!(reason, Reason::DeadlineExceeded);
        let before = if stands { &["announced"][..] } else { &[] };
        assert_eq!(record(&core).await, before);
        announce(&core, id).await.expect("a retry is answered");
        assert_eq!(record(&core).await, ["announced"], "{stands}");
    }
}

/// What happened, as the record has it.
async fn record(core: &Core) -> Vec<&'static str> {
    let page = core.journal.read_after(Position(0), 100).await;
    let entries = page.expect("read").into_iter();
    let named = entries.map(|stored| {
        let event = stored.entry.event;
        if let Event::ArrivalReported { is_exempt, .. } = event {
            return if is_exempt { "arrived" } else { "reported" };
        }
        let of = [
            (
                matches!(event, Event::RelocationRegistered { .. }),
                "announced",
            ),
            (
                matches!(event, Event::RelocationRedacted { .. }),
                "redacted",
            ),
            (matches!(event, Event::ArrivalWithdrawn), "taken back"),
        ];
        let named = of.into_iter().find(|(is_it, _name)| *is_it);
        named.map_or("something else", |(_is_it, name)| name)
    });
    named.collect()
}

#[tokio::test]
async fn a_move_that_was_told_before_is_settled_though_the_announcement_was_cut_off() {
    for sent_again in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let (core, cut) = cutting(folder.path());
        told(&core, solleftea(), NONE).await;
        let id = Uuid::now_v7();
        cut_off(&cut, announce(&core, id), async {}).await;
        assert_eq!(record(&core).await, ["announced"], "and no more");
        if sent_again {
            let answer = announce(&core, id).await.expect("answered as then");
            assert_eq!(answer.position, 1);
        } else {
            assert_eq!(follow_behind(&core).await.expect("gone over"), 1);
        }
        assert_eq!(
            record(&core).await,
            ["announced", "arrived"],
            "{sent_again}"
        );
        follow_behind(&core).await.expect("gone over");
        announce(&core, id).await.expect("answered as then");
        assert_eq!(record(&core).await, ["announced", "arrived"], "once");
    }
}

#[tokio::test]
async fn who_became_protected_just_before_the_commit_is_held_to_that_though_the_call_was_cut_off() {
    for sent_again in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let (core, cut) = cutting(folder.path());
        let id = Uuid::now_v7();
        let protected = told(&core, solna(), PROTECTED);
        cut_off(&cut, announce(&core, id), protected).await;
        assert_eq!(
            record(&core).await,
            ["announced"],
            "nothing was there to end"
        );
        if sent_again {
            announce(&core, id).await.expect("answered as then");
        }
        follow_behind(&core).await.expect("gone over");
        assert_eq!(record(&core).await, ["announced", "redacted"]);

        let id = Uuid::now_v7();
        let protected = told(&core, solleftea(), PROTECTED);
        cut_off(&cut, report(&core, id), protected).await;
        let expected = ["announced", "redacted", "reported"];
        assert_eq!(record(&core).await, expected);
        if sent_again {
            report(&core, id).await.expect("answered as then");
        } else {
            follow_behind(&core).await.expect("gone over");
        }
        assert_eq!(record(&core).await.last(), Some(&"taken back"));
    }
}

/// What a kill leaves is the record and the keys alone: the next process knows nothing else.
#[tokio::test]
async fn what_a_gateway_that_was_killed_left_undone_the_next_one_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let (core, cut) = cutting(folder.path());
    told(&core, solleftea(), NONE).await;
    cut_off(&cut, announce(&core, Uuid::now_v7()), async {}).await;
    drop((core, cut));
    let core = core_anew(folder.path());
    assert_eq!(follow_behind(&core).await.expect("gone over"), 1);
    assert_eq!(record(&core).await, ["announced", "arrived"]);
    // the mark stands behind what followed, so that no record has the one and not the other
    let mark = core.vault.mark(Round::Following).await.expect("read");
    assert_eq!(mark.map(|mark| mark.position), Some(Position(2)));
    assert_eq!(follow_behind(&core).await.expect("gone over"), 0);
}

#[tokio::test]
async fn what_was_done_at_once_is_not_done_again_here_and_is_by_whoever_does_not_know() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = core_anew(folder.path());
    told(&gateway, solleftea(), NONE).await;
    announce(&gateway, Uuid::now_v7()).await.expect("announced");
    assert_eq!(record(&gateway).await, ["announced", "arrived"]);
    assert_eq!(follow_behind(&gateway).await.expect("gone over"), 0);
    // of a journal that is another one than the key store knew, nobody knows
    let mark = gateway.vault.mark(Round::Following).await.expect("read");
    let beyond = Mark {
        position: Position(9),
        ..mark.expect("a mark")
    };
    let set = gateway.vault.set_mark(Round::Following, beyond).await;
    set.expect("set");
    assert_eq!(follow_behind(&gateway).await.expect("gone over"), 1);
    assert_eq!(record(&gateway).await, ["announced", "arrived"]);
}

#[tokio::test]
async fn what_an_officer_took_back_is_not_settled_again_whoever_goes_over_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = core_anew(folder.path());
    told(&gateway, solleftea(), NONE).await;
    announce(&gateway, Uuid::now_v7()).await.expect("announced");
    let page = gateway.journal.read_after(Position(0), 2).await;
    let subjects: Vec<_> = page
        .expect("read")
        .iter()
        .map(|it| it.entry.subject)
        .collect();
    let [relocation, arrival] = subjects[..] else {
        panic!("{subjects:?}")
    };
    let arrived = Event::RelocationArrived {
        arrival: arrival.id,
    };
    found(&gateway, relocation, 2, arrived).await;
    let matched = Event::ArrivalMatched {
        relocation: relocation.id,
    };
    found(&gateway, arrival, 2, matched).await;
    let call = call_of(solleftea(), Role::CaseSystem, "WithdrawArrival");
    let request = v1::WithdrawArrivalRequest {
        municipality: solleftea().resource_name(),
        actor: Some(actor()),
        request_id: Uuid::now_v7().to_string(),
        name: arrival.to_string(),
        ..v1::WithdrawArrivalRequest::default()
    };
    let withdrawn = crate::arrival::withdraw(&gateway, &call, request);
    Box::pin(withdrawn).await.expect("taken back");
    found(&gateway, relocation, 3, Event::RelocationReopened).await;
    let before = record(&gateway).await;
    drop(gateway);
    // the next process knows nothing of what was done, and no mark is there
    let gateway = core_anew(folder.path());
    assert_eq!(follow_behind(&gateway).await.expect("gone over"), 1);
    assert_eq!(record(&gateway).await, before);
}

#[tokio::test]
async fn at_the_first_start_a_month_is_gone_over_and_not_the_years_before_it() {
    for (days, expected) in [(30, 1), (32, 0)] {
        let folder = tempfile::tempdir().expect("a folder");
        let (core, cut) = cutting(folder.path());
        told(&core, solleftea(), NONE).await;
        cut_off(&cut, announce(&core, Uuid::now_v7()), async {}).await;
        let later = Event::ClockAdvanced {
            seconds: days * 86_400,
        };
        let later = core.journal.append(batch(vec![system(later)])).await;
        later.expect("later");
        for _ in 0..3 {
            let other = Event::RulesVersionSet { version: 1 };
            let other = core.journal.append(batch(vec![system(other)])).await;
            other.expect("appended");
        }
        let followed = follow_behind(&core).await.expect("gone over");
        assert_eq!(followed, expected, "after {days} days");
        assert_eq!(follow_behind(&core).await.expect("gone over"), 0);
    }
}

#[tokio::test]
async fn a_text_that_nobody_can_open_stops_nothing_behind_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (core, cut) = cutting(folder.path());
    cut.damages.store(true, Ordering::Relaxed);
    let reported = report_of(&core, Uuid::now_v7(), other_person()).await;
    reported.expect("reported");
    told(&core, solleftea(), NONE).await;
    cut_off(&cut, announce(&core, Uuid::now_v7()), async {}).await;
    drop((core, cut));
    let core = core_anew(folder.path());
    assert_eq!(follow_behind(&core).await.expect("gone over"), 2);
    assert_eq!(record(&core).await, ["reported", "announced", "arrived"]);
    let mark = core.vault.mark(Round::Following).await.expect("read");
    assert!(mark.is_some());
}
