//! What happens once: one open relocation per sender, recipient and person, one report of an arrival a month, and
//! keys that are unique for ever.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a conformance suite says what went wrong by panicking"
)]

use std::sync::Arc;

use domain::month::Month;
use domain::subject::{Pseudonym, Subject};
use jiff::civil::date;
use uuid::Uuid;

use super::given::{
    CALLERS, append, append_at_once, appended, batch, new_relocation, open_key, pseudonym,
    registered, reported, request, solleftea, solna, supplemented, try_append,
};
use super::whole;
use crate::batch::{Answer, Batch, OpenClaim, OpenKey, Outcome};
use crate::{AppendError, Journal};

fn announced(subject: Subject, key: OpenKey, also: Vec<Pseudonym>) -> Batch {
    Batch {
        claim: Some(OpenClaim { key, also }),
        ..batch(vec![registered(subject)])
    }
}

fn ended(subject: Subject, key: OpenKey) -> Batch {
    Batch {
        release: Some(key),
        ..batch(vec![supplemented(subject, 2)])
    }
}

/// The one that stands, which is also who is said to hold the claim before it is tried.
async fn already_open(journal: &Arc<dyn Journal>, batch: Batch) -> Answer {
    let claim = batch.claim.clone().expect("a claim");
    let holder = journal.holder(&claim).await.expect("read");
    match try_append(journal, batch).await {
        Ok(Outcome::AlreadyOpen(answer)) if holder != Some(answer.subject.id) => {
            panic!("{holder:?} is said to hold what is held by {answer:?}")
        }
        Ok(Outcome::AlreadyOpen(answer)) => answer,
        other => panic!("expected the open relocation, got {other:?}"),
    }
}

/// A second announcement is answered with the first, takes no position, and keeps that answer for ever:
/// after the first came to its end, and after a restart.
pub async fn a_second_announcement_is_answered_with_the_first(
    journal: Arc<dyn Journal>,
    reopen: impl AsyncFnOnce() -> Arc<dyn Journal>,
) {
    let first = new_relocation();
    append(&journal, announced(first, open_key(1), Vec::new())).await;
    let second = || Batch {
        request: Some(request(2, 2)),
        ..announced(new_relocation(), open_key(1), Vec::new())
    };
    let answer = already_open(&journal, second()).await;
    assert_eq!((answer.subject, answer.already_open), (first, true));
    assert_eq!(whole::check(&journal).await.len(), 1, "no position taken");

    append(&journal, ended(first, open_key(1))).await;
    drop(journal);
    let journal = reopen().await;
    match try_append(&journal, second()).await {
        Ok(Outcome::Repeated(kept)) => assert_eq!(kept, answer),
        other => panic!("expected the answer of then, got {other:?}"),
    }
    assert_eq!(whole::check(&journal).await.len(), 2);
}

/// After its end the person can be announced again, and only then; a claim outlives a restart.
pub async fn a_claim_is_held_until_it_is_released(
    journal: Arc<dyn Journal>,
    reopen: impl AsyncFnOnce() -> Arc<dyn Journal>,
) {
    let (first, second) = (new_relocation(), new_relocation());
    append(&journal, announced(first, open_key(1), Vec::new())).await;
    drop(journal);
    let journal = reopen().await;
    let answer = already_open(&journal, announced(second, open_key(1), Vec::new())).await;
    assert_eq!(answer.subject, first);
    // an end that is refused releases nothing
    let stale = Batch {
        release: Some(open_key(1)),
        ..batch(vec![supplemented(first, 9)])
    };
    let outcome = try_append(&journal, stale).await;
    assert!(matches!(outcome, Err(AppendError::VersionConflict)));
    already_open(&journal, announced(second, open_key(1), Vec::new())).await;

    append(&journal, ended(first, open_key(1))).await;
    let again = announced(second, open_key(1), Vec::new());
    let claim = again.claim.clone().expect("a claim");
    assert_eq!(journal.holder(&claim).await.expect("read"), None);
    append(&journal, again).await;
    let answer = already_open(
        &journal,
        announced(new_relocation(), open_key(1), Vec::new()),
    )
    .await;
    assert_eq!(answer.subject, second);
    whole::check(&journal).await;
}

/// The same person under the key of the year before holds the claim too.
pub async fn a_claim_of_an_earlier_epoch_holds(journal: Arc<dyn Journal>) {
    let old_key = OpenKey {
        pseudonym: pseudonym(2025, 9),
        ..open_key(1)
    };
    let first = new_relocation();
    append(&journal, announced(first, old_key.clone(), Vec::new())).await;
    let also = || vec![pseudonym(2024, 3), old_key.pseudonym];
    let answer = already_open(&journal, announced(new_relocation(), open_key(1), also())).await;
    assert_eq!(answer.subject, first);
    append(&journal, ended(first, old_key.clone())).await;
    append(&journal, announced(new_relocation(), open_key(1), also())).await;
    whole::check(&journal).await;
}

/// Of several epochs that hold the claim, the one that is named first is the answer.
pub async fn of_several_epochs_the_first_named_answers(journal: Arc<dyn Journal>) {
    let [old, middle, new] = [2024, 2025, 2026].map(|epoch| pseudonym(epoch, 1));
    let key = |pseudonym| OpenKey {
        pseudonym,
        ..open_key(1)
    };
    let (first, second) = (new_relocation(), new_relocation());
    append(&journal, announced(first, key(old), Vec::new())).await;
    append(&journal, announced(second, key(middle), Vec::new())).await;
    for (named, also, expected) in [
        (new, vec![middle, old], second),
        (new, vec![old, middle], first),
        (middle, vec![old], second),
        (old, vec![middle], first),
    ] {
        let again = announced(new_relocation(), key(named), also);
        assert_eq!(already_open(&journal, again).await.subject, expected);
    }
    whole::check(&journal).await;
}

/// An arrival is reported once a month, whatever was announced; the answer is an arrival, and stays so.
pub async fn a_second_report_is_answered_with_the_first(
    journal: Arc<dyn Journal>,
    reopen: impl AsyncFnOnce() -> Arc<dyn Journal>,
) {
    let [old, new, next] = [(2025, 9), (2026, 1), (2027, 4)].map(|(at, of)| pseudonym(at, of));
    let november = Month::of(date(2026, 11, 1));
    let new_arrival = || Subject::arrival(Uuid::now_v7());
    let first = new_arrival();
    append(&journal, reported(first, &[new, old], november)).await;
    append(
        &journal,
        announced(new_relocation(), open_key(1), vec![old]),
    )
    .await;
    let second = || Batch {
        request: Some(request(2, 2)),
        ..reported(new_arrival(), &[new, old], november)
    };
    let answer = already_open(&journal, second()).await;
    assert_eq!((answer.subject, answer.already_open), (first, true));
    // in the year after, and when the oldest key is dropped
    for persons in [&[next, new, old][..], &[new]] {
        let again = reported(new_arrival(), persons, november);
        assert_eq!(already_open(&journal, again).await.subject, first);
    }
    append(
        &journal,
        reported(new_arrival(), &[new, old], november.plus(1)),
    )
    .await;

    let claim = OpenClaim::arrival(solleftea(), solna(), &[new, old], november);
    append(&journal, ended(first, claim.expect("a claim").key)).await;
    append(&journal, reported(new_arrival(), &[new, old], november)).await;
    drop(journal);
    let journal = reopen().await;
    match try_append(&journal, second()).await {
        Ok(Outcome::Repeated(kept)) => assert_eq!(kept, answer),
        other => panic!("expected the answer of then, got {other:?}"),
    }
    assert_eq!(whole::check(&journal).await.len(), 5);
}

/// Other persons, other pairs, the other direction and the same value of another epoch are other claims.
pub async fn claims_of_others_do_not_meet(journal: Arc<dyn Journal>) {
    let keys = [
        open_key(1),
        open_key(2),
        OpenKey {
            sender: solleftea(),
            recipient: solna(),
            ..open_key(1)
        },
        OpenKey {
            recipient: super::given::municipality(1440),
            ..open_key(1)
        },
        OpenKey {
            pseudonym: pseudonym(2025, 1),
            ..open_key(1)
        },
    ];
    let batches = keys.map(|key| announced(new_relocation(), key, Vec::new()));
    for outcome in append_at_once(&journal, batches.to_vec()).await {
        appended(outcome);
    }
    whole::check(&journal).await;
}

/// Announced many times at once, one stands, and everybody is told which.
pub async fn of_announcements_at_once_one_stands(journal: Arc<dyn Journal>) {
    let batches = (0..CALLERS).map(|_| announced(new_relocation(), open_key(1), Vec::new()));
    let outcomes = append_at_once(&journal, batches.collect()).await;
    let entries = whole::check(&journal).await;
    assert_eq!(entries.len(), 1, "one stands");
    let subject = entries.first().expect("one").subject;
    let pointed = outcomes.iter().filter(
        |outcome| matches!(outcome, Ok(Outcome::AlreadyOpen(answer)) if answer.subject == subject),
    );
    assert_eq!(pointed.count(), CALLERS - 1);
}

/// A key is used once for ever, at once and after a restart; a refused batch does not use it up.
pub async fn a_unique_key_is_used_once(
    journal: Arc<dyn Journal>,
    reopen: impl AsyncFnOnce() -> Arc<dyn Journal>,
) {
    let keyed = |drafts| Batch {
        unique_key: Some("unannounced/1".to_owned()),
        ..batch(drafts)
    };
    let stale = keyed(vec![supplemented(new_relocation(), 4)]);
    let outcome = try_append(&journal, stale).await;
    assert!(matches!(outcome, Err(AppendError::VersionConflict)));

    let batches = (0..CALLERS).map(|_| keyed(vec![registered(new_relocation())]));
    let outcomes = append_at_once(&journal, batches.collect()).await;
    let exists =
        |outcome: &Result<Outcome, AppendError>| matches!(outcome, Err(AppendError::KeyExists));
    let refused = outcomes.iter().filter(|outcome| exists(outcome)).count();
    assert_eq!(refused, CALLERS - 1, "used once");
    assert_eq!(whole::check(&journal).await.len(), 1);

    drop(journal);
    let journal = reopen().await;
    let outcome = try_append(&journal, keyed(vec![registered(new_relocation())])).await;
    assert!(exists(&outcome), "{outcome:?}");
    let other = Batch {
        unique_key: Some("unannounced/2".to_owned()),
        ..batch(vec![registered(new_relocation())])
    };
    append(&journal, other).await;
    assert_eq!(whole::check(&journal).await.len(), 2);
}
