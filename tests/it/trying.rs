//! Dry runs: each is answered as the call would be, also by what stands already, and leaves nothing.

use api::v1;
use client::request_id;
use tests::{
    FEED, OPERATOR, PERSONS, Party, SOLLEFTEA, SOLNA, World, announcement, arrival, outcome,
    settle, today,
};

use crate::confirming::confirmation;

/// A dry run of the same request.
fn dry(request: &v1::RegisterRelocationRequest) -> v1::RegisterRelocationRequest {
    v1::RegisterRelocationRequest {
        validate_only: true,
        ..request.clone()
    }
}

fn reasons(warnings: &[v1::Warning]) -> Vec<&str> {
    let reasons = warnings.iter().map(|it| it.reason.as_str());
    // whether somebody takes it is told in either case
    reasons
        .filter(|reason| *reason != "RECIPIENT_NOT_CONNECTED")
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_registration_is_answered_as_the_call_would_be_and_leaves_nothing() {
    let world = World::start().await;
    let (solna, administrator) = (world.party(SOLNA).await, world.party(OPERATOR).await);
    let request = announcement(&solna, "2283", 0);
    let would = solna.register(dry(&request)).await.expect("right");
    assert!(would.dry_run.is_some() && would.relocation.is_none());
    let first = solna.register(request.clone()).await.expect("accepted");
    let relocation = first.relocation.clone().expect("one");

    // in earnest it is repeated: the answer of then
    let again = solna.register(dry(&request)).await.expect("answered");
    assert_eq!(again, first);
    // other content under that id
    let mut other = dry(&request);
    other.content.as_mut().expect("content").free_text = "Något annat.".into();
    let refused = solna.register(other.clone()).await.expect_err("refused");
    assert_eq!(refused.reason, "REQUEST_ID_REUSED");
    // what the rules refuse is told as that, and what was answered once is answered again
    other.legal_ground = None;
    let refused = solna.register(other).await.expect_err("refused");
    assert_eq!(refused.reason, "REQUEST_ID_REUSED");

    // the same person, spelled otherwise, by another colleague
    let mut second = announcement(&solna, "2283", 0);
    let content = second.content.as_mut().expect("content");
    content.person.as_mut().expect("a person").identity_number = "900101-2385".to_owned();
    let would = solna.register(dry(&second)).await.expect("answered");
    assert_eq!(reasons(&would.warnings), ["ALREADY_ANNOUNCED"]);
    assert_eq!(
        (&would.relocation, &would.dry_run),
        (&first.relocation, &None)
    );
    assert_eq!(would.position, first.position);
    let did = solna.register(second.clone()).await.expect("answered");
    assert_eq!(did, would);

    // to another municipality, and after its end, it would be another one
    let elsewhere = dry(&announcement(&solna, "0191", 0));
    let would = solna.register(elsewhere).await.expect("right");
    assert!(would.dry_run.is_some(), "{would:?}");
    let withdrawal = v1::WithdrawRelocationRequest {
        municipality: solna.municipality(),
        actor: solna.actor(),
        request_id: request_id(),
        name: relocation.name,
        reason: v1::WithdrawalReason::MoveCancelled.into(),
        ..v1::WithdrawRelocationRequest::default()
    };
    solna.withdraw(withdrawal).await.expect("withdrawn");
    second.request_id = request_id();
    let would = solna.register(dry(&second)).await.expect("right");
    assert!(would.dry_run.is_some() && would.relocation.is_none());
    settle(&administrator, first.position + 1).await;
    let listed = solna.list_relocations(v1::ListRelocationsRequest {
        municipality: solna.municipality(),
        ..v1::ListRelocationsRequest::default()
    });
    assert_eq!(listed.await.expect("a list").relocations.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_that_today_would_refuse_is_repeated_in_a_dry_run_too() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let request = announcement(&solna, "2283", 0);
    let first = solna.register(request.clone()).await.expect("accepted");
    // the planned day is more than two years back by then
    let administrator = world.party(OPERATOR).await;
    for _ in 0..3 {
        administrator.advance(365).await.expect("moved");
    }
    let other = v1::RegisterRelocationRequest {
        request_id: request_id(),
        ..dry(&request)
    };
    let refused = solna.register(other).await.expect_err("too late");
    assert_eq!(refused.reason, "DATE_TOO_FAR");
    for request in [request.clone(), dry(&request)] {
        let again = solna.register(request).await.expect("the answer of then");
        assert_eq!(again.relocation, first.relocation);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_report_is_answered_as_the_call_would_be() {
    let world = World::start().await;
    let solleftea = world.party(SOLLEFTEA).await;
    let dry = |request: &v1::ReportArrivalRequest| v1::ReportArrivalRequest {
        validate_only: true,
        ..request.clone()
    };
    let request = arrival(&solleftea, "0184", 0);
    let would = solleftea.report(dry(&request)).await.expect("right");
    assert!(would.dry_run.is_some() && would.arrival.is_none());
    let first = solleftea.report(request.clone()).await.expect("accepted");
    let again = solleftea.report(dry(&request)).await.expect("answered");
    assert_eq!(again, first);
    let other = v1::ReportArrivalRequest {
        alternate_residence: true,
        ..dry(&request)
    };
    let refused = solleftea.report(other).await.expect_err("refused");
    assert_eq!(refused.reason, "REQUEST_ID_REUSED");

    let second = arrival(&solleftea, "0184", 0);
    let would = solleftea.report(dry(&second)).await.expect("answered");
    assert_eq!(reasons(&would.warnings), ["ALREADY_REPORTED"]);
    assert_eq!((&would.arrival, &would.dry_run), (&first.arrival, &None));
    let did = solleftea.report(second).await.expect("answered");
    assert_eq!(did, would);
    // from elsewhere it would be another one
    let would = solleftea.report(dry(&arrival(&solleftea, "0191", 0))).await;
    assert!(would.expect("right").dry_run.is_some());
}

/// A child of Solna's that stays there.
fn event(source_id: &str) -> v1::RegisterEvent {
    v1::RegisterEvent {
        source_id: source_id.to_owned(),
        changed_at: Some(api::time::to_wire(jiff::Timestamp::UNIX_EPOCH)),
        identity_number: PERSONS[0].0.to_owned(),
        protection: v1::ProtectionLevel::None.into(),
        registration: Some(v1::Registration {
            municipality: "municipalities/0184".to_owned(),
            registered_on: today(),
            ..v1::Registration::default()
        }),
        ..v1::RegisterEvent::default()
    }
}

/// What a dry run of one event says, and what the call says.
async fn imported(feed: &Party, event: &v1::RegisterEvent) -> [String; 2] {
    let dry = feed.try_import(vec![event.clone()]).await;
    let real = feed.import(vec![event.clone()]).await;
    [dry, real].map(|results| match results.expect("answered").as_slice() {
        [result] => outcome(result),
        other => panic!("{other:?}"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_import_says_of_each_event_what_the_call_would() {
    let world = World::start().await;
    let feed = world.party(FEED).await;
    let known = event("navet-1");
    assert_eq!(imported(&feed, &known).await, ["ACCEPTED"; 2]);
    assert_eq!(imported(&feed, &known).await, ["REPEATED"; 2]);
    let other = v1::RegisterEvent {
        identity_number: PERSONS[1].0.to_owned(),
        ..known
    };
    assert_eq!(
        imported(&feed, &other).await,
        ["REFUSED REQUEST_ID_REUSED"; 2]
    );
    // what is in quarantine is still not understood
    let unknown = v1::RegisterEvent {
        deregistration: Some(v1::Deregistration {
            code: "XX".to_owned(),
            deregistered_on: today(),
        }),
        registration: None,
        ..event("navet-2")
    };
    for _ in 0..2 {
        let said = imported(&feed, &unknown).await;
        assert_eq!(said[0], said[1]);
        assert!(said[0].starts_with("QUARANTINED"), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_runs_of_confirmations_definitions_and_the_clock_know_their_request_ids() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let (solleftea, administrator) = (world.party(SOLLEFTEA).await, world.party(OPERATOR).await);
    let registered = solna.register(announcement(&solna, "2283", 0)).await;
    registered.expect("accepted");
    let notices = solleftea.notices().await.expect("a list");
    let right = confirmation(&solleftea, 1, &notices[0].chain);
    assert!(solleftea.confirm(right.clone()).await.expect("told").agrees);
    let again = v1::ConfirmNoticeRequest {
        validate_only: true,
        ..right.clone()
    };
    assert!(solleftea.confirm(again.clone()).await.expect("told").agrees);
    let other = v1::ConfirmNoticeRequest {
        chain: vec![7; 32],
        ..again
    };
    let refused = solleftea.confirm(other).await.expect_err("refused");
    assert_eq!(refused.reason, "REQUEST_ID_REUSED");

    let request = v1::GetDefinitionRequest {};
    let mut definition = administrator.get_definition(request).await;
    let definition = definition.as_mut().expect("one").definition.as_mut();
    let definition = definition.expect("one");
    definition.version += 1;
    let set = v1::SetDefinitionRequest {
        request_id: request_id(),
        validate_only: false,
        definition: Some(*definition),
    };
    let first = administrator
        .set_definition(set.clone())
        .await
        .expect("in force");
    let again = v1::SetDefinitionRequest {
        validate_only: true,
        ..set
    };
    let again = administrator.set_definition(again).await;
    assert_eq!(again.expect("the answer of then"), first);

    let move_clock = |seconds, validate_only| v1::AdvanceClockRequest {
        request_id: "0190f3d8-1111-7000-8000-000000000001".to_owned(),
        validate_only,
        seconds,
    };
    let first = administrator.advance_clock(move_clock(3600, false)).await;
    let first = first.expect("moved");
    // a retry moves nothing, and tells the time of then
    administrator.advance(1).await.expect("moved");
    for validate_only in [false, true] {
        let again = administrator.advance_clock(move_clock(3600, validate_only));
        assert_eq!(again.await.expect("the answer of then"), first);
        let other = administrator.advance_clock(move_clock(60, validate_only));
        let refused = other.await.expect_err("refused");
        assert_eq!(refused.reason, "REQUEST_ID_REUSED");
    }
}
