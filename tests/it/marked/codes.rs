//! What the register told of a person under another code of the same municipality: Heby was 1917, and is 0331.

use api::v1;
use jiff::Timestamp;
use tests::{
    HEBY, PERSONS, Party, SIGTUNA, SOLNA, World, announcement, arrival, outcome, today, wait_for,
};

use super::{assert_refused, handles};

use v1::ProtectionLevel::{None as Unprotected, ProtectedRegistration, SecrecyMarking};

/// What Heby was.
pub(super) const OLD: &str = "1917";

/// What the register told at some hour of a test person, who came to Heby from Solna today.
fn event(index: usize, hour: i64, protection: v1::ProtectionLevel) -> v1::RegisterEvent {
    let registered = |code: &str, on: String| v1::Registration {
        municipality: format!("municipalities/{code}"),
        registered_on: on,
        ..v1::Registration::default()
    };
    let changed_at = Timestamp::from_second(1_767_225_600 + hour * 3600);
    v1::RegisterEvent {
        source_id: format!("{index} at {hour}"),
        changed_at: Some(api::time::to_wire(changed_at.expect("an instant"))),
        identity_number: PERSONS[index].0.to_owned(),
        protection: protection.into(),
        registration: Some(registered("0331", today())),
        history: vec![registered("0184", "2020-01-01".to_owned())],
        ..v1::RegisterEvent::default()
    }
}

async fn told(by: &Party, event: v1::RegisterEvent) {
    let results = by.import(vec![event]).await.expect("an answer");
    assert_eq!(outcome(&results[0]), "ACCEPTED");
}

/// Announces a person without any marking; what came of it.
async fn announced(by: &Party, to: &str, index: usize) -> Result<v1::Relocation, String> {
    let answer = by.register(announcement(by, to, index)).await;
    let answer = answer.map_err(|refused| refused.reason)?;
    Ok(answer.relocation.expect("one"))
}

async fn reported(by: &Party, index: usize) -> Result<(), String> {
    let answer = by.report(arrival(by, SIGTUNA.code, index)).await;
    answer.map(|_| ()).map_err(|refused| refused.reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marking_told_under_the_old_code_holds_until_either_code_tells_of_none() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let heby = world.party(HEBY).await;
    holds_under_either(&solna, &heby, &heby.acting_for(OLD)).await;
}

pub(super) async fn holds_under_either(solna: &Party, heby: &Party, old: &Party) {
    for id in ["barn", "vuxna"] {
        handles(heby, id, true).await;
    }
    for (index, lifted_by) in [(0, heby), (1, old)] {
        let name = announced(solna, "0331", index).await.expect("told").name;
        heby.read(&name).await.expect("as of anybody");
        told(old, event(index, 1, SecrecyMarking)).await;
        // an older one lifts nothing
        told(heby, event(index, 0, Unprotected)).await;
        assert_refused(heby.read(&name).await, "barn, vuxna");
        let children = heby.acting_in("barn");
        children.read(&name).await.expect("it handles such cases");
        let refused = announced(heby, "0191", index).await;
        assert_eq!(refused.expect_err("marked"), "SECRECY_MARKING_KNOWN");
        let refused = reported(heby, index).await;
        assert_eq!(refused.expect_err("marked"), "MANUAL_ROUTE_REQUIRED");
        told(lifted_by, event(index, 2, Unprotected)).await;
        heby.read(&name).await.expect("as of anybody");
        announced(heby, "0191", index).await.expect("as anybody");
    }
    // what is told under the new code, the old one knows too: nothing of it is lost where only that one is looked at
    told(heby, event(2, 1, SecrecyMarking)).await;
    told(old, event(2, 2, Unprotected)).await;
    announced(heby, "0191", 2).await.expect("as anybody");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protection_told_under_the_old_code_ends_what_stands_under_the_new() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let heby = world.party(HEBY).await;
    let sent = announced(&heby, "0191", 0).await.expect("told").name;
    let received = announced(&solna, "0331", 0).await.expect("told").name;
    told(&heby.acting_for(OLD), event(0, 1, ProtectedRegistration)).await;
    // no function handles such cases there, so nobody opens what it received
    for (name, opens) in [(&sent, true), (&received, false)] {
        assert_eq!(heby.read(name).await.is_ok(), opens);
        let envelope = v1::GetRelocationRequest {
            view: v1::View::Basic.into(),
            ..heby.reading(name)
        };
        let envelope = heby.get_relocation(envelope).await.expect("the envelope");
        let state = envelope.relocation.expect("one").state();
        assert_eq!(state, v1::RelocationState::Withdrawn);
    }
    let refused = announced(&heby, "0191", 0).await;
    assert_eq!(refused.expect_err("protected"), "MANUAL_ROUTE_REQUIRED");
    let refused = reported(&heby, 0).await;
    assert_eq!(refused.expect_err("protected"), "MANUAL_ROUTE_REQUIRED");
    told(&heby, event(0, 2, Unprotected)).await;
    announced(&heby, "0191", 0).await.expect("as anybody");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_marked_under_the_old_code_is_not_compared_under_the_new() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let heby = world.party(HEBY).await;
    // the register told of both moves before they were announced
    for index in [0, 1] {
        told(&heby, event(index, 1, Unprotected)).await;
    }
    told(&heby.acting_for(OLD), event(0, 2, SecrecyMarking)).await;
    let marked = announced(&solna, "0331", 0).await.expect("told").name;
    let usual = announced(&solna, "0331", 1).await.expect("told").name;
    let state = async |name: &str| solna.read(name).await.expect("its own").state();
    wait_for("the later one's arrival", || async {
        (state(&usual).await == v1::RelocationState::Arrived).then_some(())
    })
    .await;
    assert_eq!(state(&marked).await, v1::RelocationState::Registered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_was_replaced_under_the_old_code_leads_to_its_marking_under_the_new() {
    let world = World::start().await;
    let heby = world.party(HEBY).await;
    let old = heby.acting_for(OLD);
    let replaced = v1::RegisterEvent {
        referred_identity_number: PERSONS[0].0.to_owned(),
        ..event(1, 1, Unprotected)
    };
    told(&old, replaced).await;
    told(&old, event(0, 2, SecrecyMarking)).await;
    let refused = announced(&heby, "0191", 1).await;
    assert_eq!(refused.expect_err("marked"), "SECRECY_MARKING_KNOWN");
    announced(&heby, "0191", 2).await.expect("somebody else");
}
