//! Many registrations at once, from the municipalities that a vendor's system serves, all to one recipient.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use api::v1;
use client::Refused;
use client::tonic::{Code, Status};
use tests::{Party, World, announcement, verify};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Calls at once.
const AT_ONCE: usize = 32;
/// Longer than any call takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was sent, and what came of it: the relocation's name, or why there is none.
pub(crate) struct Sent {
    pub(crate) request: v1::RegisterRelocationRequest,
    pub(crate) answer: Result<String, Refused>,
}

/// `count` announcements of different people, or of the same from different senders.
pub(crate) async fn announcements(
    world: &World,
    to: &str,
    count: usize,
) -> Vec<v1::RegisterRelocationRequest> {
    announcements_of(&world.served().await, to, count)
}

/// The same, from these senders.
pub(crate) fn announcements_of(
    served: &[Party],
    to: &str,
    count: usize,
) -> Vec<v1::RegisterRelocationRequest> {
    let each = |party: &Party| [0, 1, 2, 3, 4].map(|index| announcement(party, to, index));
    let all: Vec<_> = served.iter().flat_map(each).take(count).collect();
    assert_eq!(all.len(), count, "the vendor serves enough municipalities");
    all
}

/// Registers them all, some at once. `acknowledged` is called with the number of answers so far.
pub(crate) async fn register_all(
    world: &World,
    requests: Vec<v1::RegisterRelocationRequest>,
    mut acknowledged: impl FnMut(usize),
) -> Vec<Sent> {
    let served = world.served().await;
    let mut answers = 0;
    register_by(&served[..1], requests, PATIENCE, |one| {
        if one.answer.is_ok() {
            answers += 1;
            acknowledged(answers);
        }
    })
    .await
}

/// Registers them through several connections by turns. Whoever calls waits so long for an answer and no longer.
/// `seen` is shown what came of each.
pub(crate) async fn register_by(
    callers: &[Party],
    requests: Vec<v1::RegisterRelocationRequest>,
    patience: Duration,
    mut seen: impl FnMut(&Sent),
) -> Vec<Sent> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut calls = JoinSet::new();
    for (request, caller) in requests.into_iter().zip(callers.iter().cycle()) {
        let (caller, places) = (caller.clone(), places.clone());
        calls.spawn(async move {
            let _place = places.acquire_owned().await.expect("places stay open");
            let answer = match timeout(patience, caller.register(request.clone())).await {
                Ok(answer) => answer,
                Err(_elapsed) => Err(Status::deadline_exceeded("no answer in time").into()),
            };
            let answer = answer.map(|a| a.relocation.expect("a relocation").name);
            Sent { request, answer }
        });
    }
    let mut sent = Vec::new();
    while let Some(ended) = calls.join_next().await {
        let one = ended.expect("a call ends");
        seen(&one);
        sent.push(one);
    }
    sent
}

/// Sends everything once more, as a case system would whose answer got lost: what was answered is answered
/// the same, the rest is accepted now. Returns the names of all.
pub(crate) async fn retry_all(world: &World, sent: Vec<Sent>) -> BTreeSet<String> {
    retry_by(&world.served().await[..1], sent).await
}

/// The same, through several connections by turns.
pub(crate) async fn retry_by(callers: &[Party], sent: Vec<Sent>) -> BTreeSet<String> {
    let mut before = Vec::new();
    let mut requests = Vec::new();
    for one in sent {
        if let Err(refused) = &one.answer {
            assert!(
                matches!(
                    refused.code,
                    Code::Unavailable | Code::Unknown | Code::Cancelled | Code::DeadlineExceeded
                ),
                "{refused:?}"
            );
        }
        before.push((one.request.request_id.clone(), one.answer.ok()));
        requests.push(one.request);
    }
    let mut names = BTreeSet::new();
    for again in register_by(callers, requests, PATIENCE, |_| {}).await {
        let name = again.answer.expect("a retry is answered");
        let id = &again.request.request_id;
        let (_, first) = before.iter().find(|(b, _)| b == id).expect("it was sent");
        if let Some(first) = first {
            assert_eq!(&name, first, "acknowledged before, and the same now");
        }
        names.insert(name);
    }
    assert_eq!(names.len(), before.len(), "as many relocations as requests");
    names
}

/// The inbox holds one notice for each relocation, with dense numbers and a sound chain.
pub(crate) async fn told_once(recipient: &Party, names: &BTreeSet<String>) {
    let notices = recipient.notices().await.expect("a list");
    verify(recipient.code(), &notices);
    // a clock that was moved reminds of what nobody took in
    let told: Vec<String> = notices
        .into_iter()
        .filter(|notice| notice.kind() == v1::NoticeKind::RelocationRegistered)
        .map(|notice| notice.resource)
        .collect();
    assert_eq!(told.len(), names.len(), "one notice each");
    let told: BTreeSet<String> = told.into_iter().collect();
    assert_eq!(&told, names, "each is told");
}
