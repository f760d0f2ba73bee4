//! Request ids are kept for ever: the same request gets the same answer, other content is refused.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a conformance suite says what went wrong by panicking"
)]

use std::sync::Arc;

use domain::subject::Position;

use super::given::{
    CALLERS, append, append_at_once, batch, new_relocation, registered, request, solleftea,
    supplemented, try_append,
};
use super::whole;
use crate::batch::{Answer, Batch, Outcome, Request, Scope};
use crate::limits::BATCH_ENTRIES_MAX;
use crate::{AppendError, Journal};

fn asked(request: Request) -> Batch {
    Batch {
        request: Some(request),
        ..batch(vec![registered(new_relocation())])
    }
}

async fn repeated(journal: &Arc<dyn Journal>, request: Request) -> Answer {
    match try_append(journal, asked(request)).await {
        Ok(Outcome::Repeated(answer)) => answer,
        other => panic!("expected the answer of then, got {other:?}"),
    }
}

async fn refused_as_reused(journal: &Arc<dyn Journal>, request: Request) {
    let outcome = try_append(journal, asked(request)).await;
    assert!(
        matches!(outcome, Err(AppendError::RequestReused)),
        "expected a reused request id, got {outcome:?}"
    );
}

/// The same request is answered as then, after a restart too; other content under its id is refused.
pub async fn a_request_is_answered_the_same_for_ever(
    journal: Arc<dyn Journal>,
    reopen: impl AsyncFnOnce() -> Arc<dyn Journal>,
) {
    let first = asked(request(1, 1));
    let subject = first.drafts.first().expect("a draft").subject;
    let appended = append(&journal, first).await;
    append(&journal, asked(request(2, 2))).await;
    let expected = Answer {
        subject,
        position: appended.last,
        already_open: false,
    };
    assert_eq!(repeated(&journal, request(1, 1)).await, expected);
    refused_as_reused(&journal, request(1, 2)).await;
    drop(journal);
    let journal = reopen().await;
    assert_eq!(repeated(&journal, request(1, 1)).await, expected);
    refused_as_reused(&journal, request(1, 2)).await;
    assert_eq!(whole::check(&journal).await.len(), 2);
}

/// What an id was answered with can be looked up, with the fingerprint of its request.
pub async fn an_answer_is_found_by_its_request_id(journal: Arc<dyn Journal>) {
    let known = request(1, 1);
    let found = journal.answer(known.scope, known.id).await.expect("read");
    assert_eq!(found, None, "nothing was asked yet");
    let two = {
        let subject = new_relocation();
        let drafts = vec![registered(subject), supplemented(subject, 2)];
        Batch {
            request: Some(known.clone()),
            ..batch(drafts)
        }
    };
    let subject = two.drafts.first().expect("a draft").subject;
    append(&journal, two).await;
    let answer = Answer {
        subject,
        position: Position(2),
        already_open: false,
    };
    let found = journal.answer(known.scope, known.id).await.expect("read");
    assert_eq!(found, Some((known.fingerprint, answer)));
}

/// The same id of another scope is another id.
pub async fn an_id_is_unique_within_its_scope(journal: Arc<dyn Journal>) {
    let scopes = [
        request(1, 1).scope,
        Scope::Municipality(solleftea()),
        Scope::Operators,
        Scope::Administrators,
    ];
    for (index, scope) in scopes.into_iter().enumerate() {
        let fingerprint = u8::try_from(index).expect("few scopes");
        let request = Request {
            scope,
            ..request(1, fingerprint)
        };
        append(&journal, asked(request.clone())).await;
        repeated(&journal, request).await;
    }
    assert_eq!(whole::check(&journal).await.len(), scopes.len());
}

/// Sent many times at once, it is appended once, and everybody gets that answer.
pub async fn a_request_sent_many_times_at_once_is_appended_once(journal: Arc<dyn Journal>) {
    let batches = (0..CALLERS).map(|_| asked(request(1, 1)));
    let outcomes = append_at_once(&journal, batches.collect()).await;
    let entries = whole::check(&journal).await;
    assert_eq!(entries.len(), 1, "appended once");
    let subject = entries.first().expect("one").subject;
    let mut times_appended = 0;
    for outcome in outcomes {
        match outcome {
            Ok(Outcome::Appended(_)) => times_appended += 1,
            Ok(Outcome::Repeated(answer)) => assert_eq!(answer.subject, subject),
            other => panic!("expected the one answer, got {other:?}"),
        }
    }
    assert_eq!(times_appended, 1);
}

/// A refusal consumes no id: with its fault mended, the same request is appended.
pub async fn a_refused_batch_consumes_no_request_id(journal: Arc<dyn Journal>) {
    let taken = Batch {
        unique_key: Some("taken".to_owned()),
        ..batch(vec![registered(new_relocation())])
    };
    append(&journal, taken.clone()).await;
    let drafts = (0..=BATCH_ENTRIES_MAX).map(|_| registered(new_relocation()));
    let refused = [
        batch(vec![supplemented(new_relocation(), 7)]),
        batch(drafts.collect()),
        Batch {
            unique_key: taken.unique_key,
            ..batch(vec![registered(new_relocation())])
        },
    ];
    for (id, refused) in (1..).zip(refused) {
        let request = request(id, 1);
        let outcome = try_append(
            &journal,
            Batch {
                request: Some(request.clone()),
                ..refused
            },
        )
        .await;
        assert!(outcome.is_err(), "{outcome:?}");
        let found = journal.answer(request.scope, request.id).await;
        assert_eq!(found.expect("read"), None);
        append(&journal, asked(request)).await;
    }
    assert_eq!(whole::check(&journal).await.len(), 4);
}
