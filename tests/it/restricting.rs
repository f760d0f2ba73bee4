//! Restriction and legal hold: each party for itself, with a reason, and what was answered before stays the answer.

use std::time::Duration;

use api::v1;
use client::{Refused, request_id};
use domain::code::NoticeKind;
use tests::{Party, REVIEWER, SOLLEFTEA, SOLNA, World, run};

use crate::access::{announced, log, seen};
use crate::recalling::{kinds, withdraw};
use crate::receipts::profile;

pub(crate) fn restriction(
    party: &Party,
    name: &str,
    kind: v1::RestrictionKind,
) -> v1::RestrictRelocationRequest {
    v1::RestrictRelocationRequest {
        municipality: party.municipality(),
        actor: party.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        kind: kind.into(),
        text: "Personen bestrider uppgifterna.".to_owned(),
        ..v1::RestrictRelocationRequest::default()
    }
}

pub(crate) async fn release(
    party: &Party,
    name: &str,
    kind: v1::RestrictionKind,
) -> Result<(), Refused> {
    let request = v1::ReleaseRelocationRequest {
        municipality: party.municipality(),
        actor: party.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        kind: kind.into(),
        text: "Uppgifterna är kontrollerade.".to_owned(),
        ..v1::ReleaseRelocationRequest::default()
    };
    party.release(request).await.map(|_answer| ())
}

async fn read(
    party: &Party,
    name: &str,
    exception: v1::RestrictionException,
) -> Result<v1::Relocation, Refused> {
    let request = v1::GetRelocationRequest {
        exception: exception.into(),
        ..party.reading(name)
    };
    let answer = party.get_relocation(request).await?;
    Ok(answer.relocation.expect("an answer holds a relocation"))
}

fn supplement(party: &Party, name: &str) -> v1::SupplementRelocationRequest {
    v1::SupplementRelocationRequest {
        municipality: party.municipality(),
        actor: party.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        text: "Mer om flytten.".to_owned(),
        ..v1::SupplementRelocationRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_party_restricted_it_opens_for_an_exception_alone_and_the_other_is_told() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let name = announced(&solna, 0).await;
    let none = v1::RestrictionException::Unspecified;
    let processing = v1::RestrictionKind::Processing;
    let restrict = restriction(&solna, &name, processing);
    let restricted = solna.restrict(restrict).await.expect("restricted");
    let restricted = restricted.relocation.expect("one");
    assert_eq!(restricted.restrictions, [i32::from(processing)]);
    let refused = read(&solna, &name, none).await.expect_err("restricted");
    assert_eq!(refused.reason, "PROCESSING_RESTRICTED");
    assert_eq!(refused.violations.first().expect("a field").0, "exception");
    let receipt = v1::GetReceiptRequest {
        municipality: solna.municipality(),
        actor: solna.actor(),
        name: name.clone(),
        view: v1::View::Full.into(),
        ..v1::GetReceiptRequest::default()
    };
    let patience = Duration::from_secs(30);
    let waited = solna.client.wait_for_receipt(&receipt, false, patience);
    let refused = format!("{:?}", waited.await.expect_err("restricted"));
    assert!(refused.contains("PROCESSING_RESTRICTED"), "{refused}");
    let claim = v1::RestrictionException::LegalClaim;
    let opened = read(&solna, &name, claim).await.expect("for a claim");
    assert!(opened.content.is_some());
    // the log knows why; what was refused opened nothing
    let reviewer = world.party(REVIEWER).await;
    let accesses = seen(&reviewer, log(&reviewer)).await;
    let exceptions: Vec<_> = accesses.iter().map(v1::Access::exception).collect();
    assert_eq!(exceptions, [claim]);
    // the receiver's own processing is its own; it is told (GDPR 19), and does not see who restricted what
    let there = read(&solleftea, &name, none).await.expect("theirs");
    assert_eq!(
        (there.content.is_some(), there.restrictions),
        (true, Vec::new())
    );
    release(&solna, &name, processing).await.expect("lifted");
    assert!(
        read(&solna, &name, none)
            .await
            .expect("again")
            .content
            .is_some()
    );
    assert_eq!(
        kinds(&solleftea).await,
        [
            NoticeKind::RelocationRegistered,
            NoticeKind::RelocationRestricted,
            NoticeKind::RelocationReleased
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_party_writes_nothing_more_and_a_retry_has_its_first_answer() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let name = announced(&solna, 0).await;
    let first = supplement(&solna, &name);
    let answer = solna.supplement(first.clone()).await.expect("supplemented");
    let processing = v1::RestrictionKind::Processing;
    let restrict = restriction(&solna, &name, processing);
    let restricted = solna.restrict(restrict.clone()).await.expect("restricted");
    let again = solna.supplement(first).await.expect("as before");
    assert_eq!(again, answer);
    assert_eq!(
        solna.restrict(restrict).await.expect("as before"),
        restricted
    );
    let refused = solna.supplement(supplement(&solna, &name)).await;
    assert_eq!(
        refused.expect_err("restricted").reason,
        "PROCESSING_RESTRICTED"
    );
    let twice = solna.restrict(restriction(&solna, &name, processing)).await;
    assert_eq!(twice.expect_err("once").reason, "STATE_NOT_ALLOWED");
    let mut wrong = restriction(&solna, &name, processing);
    (wrong.kind, wrong.text) = (0, String::new());
    let refused = solna.restrict(wrong).await.expect_err("no kind, no reason");
    assert_eq!(refused.violations.len(), 2);
    // what ends it stays open
    withdraw(&solna, &name, v1::WithdrawalReason::MoveCancelled).await;
    release(&solna, &name, processing)
        .await
        .expect("also after the end");
    let refused = release(&solna, &name, processing).await.expect_err("once");
    assert_eq!(refused.reason, "STATE_NOT_ALLOWED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legal_hold_is_seen_by_its_own_side_and_keeps_nothing_that_may_no_longer_be_read() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let name = announced(&solna, 0).await;
    let hold = v1::RestrictionKind::LegalHold;
    let held = solleftea
        .restrict(restriction(&solleftea, &name, hold))
        .await;
    let held = held.expect("held").relocation.expect("one");
    assert_eq!(held.restrictions, [i32::from(hold)]);
    let none = v1::RestrictionException::Unspecified;
    // a hold forbids nothing, and is nobody else's matter
    assert!(
        read(&solleftea, &name, none)
            .await
            .expect("theirs")
            .content
            .is_some()
    );
    assert!(
        read(&solna, &name, none)
            .await
            .expect("theirs")
            .restrictions
            .is_empty()
    );
    assert_eq!(kinds(&solna).await, []);
    withdraw(&solna, &name, v1::WithdrawalReason::ConsentRevoked).await;
    let after = read(&solleftea, &name, none).await.expect("the envelope");
    assert_eq!(
        (after.content, after.restrictions),
        (None, vec![i32::from(hold)])
    );
    let profile = profile(&world, SOLLEFTEA);
    let words = ["--profile", &profile, "relocation", "release", &name];
    let rest = ["--kind", "legal-hold", "--text", "Målet är avslutat."];
    run(world.folder(), &[&words[..], &rest].concat());
    let after = read(&solleftea, &name, none).await.expect("the envelope");
    assert!(after.restrictions.is_empty());
}
