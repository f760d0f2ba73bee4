//! What is done with the same person seldom: the register tells of her, an announcement is called back, ended, restricted,
//! all of her is produced, and the log of it reviewed.

use api::v1;
use client::request_id;
use tests::{FEED, OPERATOR, Party, REVIEWER, SIGTUNA, SOLLEFTEA, SOLNA, World, outcome};

use super::{actor, question, unusual};
use crate::redacting::redaction;
use crate::restricting::restriction;
use crate::reviewing::{review, sample, until_now};

/// An event about a test person; the feed's own name for it is nobody's business either.
fn event(index: usize, id: &str) -> v1::RegisterEvent {
    v1::RegisterEvent {
        source_id: id.to_owned(),
        changed_at: Some(api::time::to_wire(jiff::Timestamp::now())),
        identity_number: tests::PERSONS[index].0.to_owned(),
        protection: v1::ProtectionLevel::None.into(),
        ..v1::RegisterEvent::default()
    }
}

/// The register tells of her twice: once what is understood, once what is not. And of somebody whose number was replaced.
async fn told(feed: &Party) {
    let mut unknown = event(0, "Papegojkontakt-2");
    unknown.deregistration = Some(v1::Deregistration {
        code: "XX".to_owned(),
        deregistered_on: "2026-01-02".to_owned(),
    });
    let mut replaced = event(4, "Papegojkontakt-3");
    replaced.deregistration = Some(v1::Deregistration {
        code: "GS".to_owned(),
        deregistered_on: "2026-01-02".to_owned(),
    });
    tests::PERSONS[1]
        .0
        .clone_into(&mut replaced.referred_identity_number);
    let results = feed
        .import(vec![event(0, "Papegojkontakt-1"), unknown, replaced])
        .await;
    let results = results.expect("an answer to each");
    let outcomes: Vec<_> = results.iter().map(outcome).collect();
    assert_eq!((&*outcomes[0], &*outcomes[2]), ("ACCEPTED", "ACCEPTED"));
    assert!(outcomes[1].starts_with("QUARANTINED"), "{outcomes:?}");
    let listed = v1::ListQuarantinedEventsRequest {
        municipality: feed.municipality(),
        ..v1::ListQuarantinedEventsRequest::default()
    };
    let listed = feed.list_quarantined(listed).await.expect("a list");
    assert_eq!(listed.events.len(), 1);
}

/// Announced of a household and read there; its name.
async fn announced(solna: &Party, solleftea: &Party, index: usize) -> String {
    let mut request = unusual(solna, "2283", index);
    let content = request.content.as_mut().expect("content");
    let household = content.household.as_mut().expect("a household");
    "households/0199b2d0-0000-7000-8000-000000000001".clone_into(&mut household.name);
    let registered = solna.register(request).await;
    let name = registered.expect("accepted").relocation.expect("one").name;
    solleftea.read(&name).await.expect("read");
    name
}

async fn ended(solna: &Party, solleftea: &Party) {
    let recalled = announced(solna, solleftea, 2).await;
    // found out at the very moment in which it was sent
    let found_out = solna.read(&recalled).await.expect("its own").recorded_at;
    let recall = v1::RecallRelocationRequest {
        municipality: solna.municipality(),
        actor: actor(),
        request_id: request_id(),
        name: recalled,
        discovered_at: found_out,
        text: "Ett vråkmisstag.".to_owned(),
        ..v1::RecallRelocationRequest::default()
    };
    let report = solna.recall(recall).await.expect("called back").report;
    assert_eq!(report.expect("a report").readings.len(), 1);
    let redacted = announced(solna, solleftea, 3).await;
    let restricted = v1::RestrictRelocationRequest {
        text: "En tornsvalereda.".to_owned(),
        ..restriction(solna, &redacted, v1::RestrictionKind::LegalHold)
    };
    solna.restrict(restricted).await.expect("held");
    let redact = v1::RedactRelocationRequest {
        actor: actor(),
        text: "En tornsvalereda.".to_owned(),
        whole_person: true,
        ..redaction(solna, &redacted)
    };
    solna.redact(redact).await.expect("ended");
}

/// The question about her is ended too.
async fn question_ended(sigtuna: &Party) {
    let alerts = sigtuna.alerts().await.expect("a list").alerts;
    let redact = v1::RedactAlertRequest {
        municipality: sigtuna.municipality(),
        actor: actor(),
        request_id: request_id(),
        name: alerts.first().expect("the question").name.clone(),
        text: "En tornsvalereda.".to_owned(),
        ..v1::RedactAlertRequest::default()
    };
    sigtuna.redact_alert(redact).await.expect("ended");
}

/// All that is held of her, and a review of who looked at it, with words about it.
async fn reviewed(solna: &Party, reviewer: &Party) {
    let items = solna.extract(tests::PERSONS[0].0).await;
    assert!(items.expect("an extract").len() > 3);
    let drawn = sample(reviewer, until_now(reviewer).await);
    let answer = reviewer.sample_accesses(drawn.clone()).await;
    let answer = answer.expect("drawn");
    let mut request = review(&drawn, &answer);
    for finding in &mut request.findings {
        finding.finding = v1::AccessFinding::ToBeInvestigated.into();
        "En kungsörnsblick.".clone_into(&mut finding.text);
    }
    assert!(!request.findings.is_empty());
    reviewer.record_review(request).await.expect("recorded");
}

/// Plays it, the question about her included.
pub(super) async fn play(world: &World) {
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let (sigtuna, operator) = (world.party(SIGTUNA).await, world.party(OPERATOR).await);
    ended(&solna, &solleftea).await;
    question(&solleftea, &sigtuna, &operator).await;
    question_ended(&sigtuna).await;
    told(&world.party(FEED).await).await;
    reviewed(&solna, &world.party(REVIEWER).await).await;
}
