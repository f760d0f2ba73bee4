//! A vendor's system acts for those that granted it, within what they granted, and no longer than they wish.

use api::v1;
use client::{Refused, request_id};
use tests::{
    Apart, FEED, OPERATOR, Party, SHARED, SIGTUNA, SOLLEFTEA, SOLNA, World, announcement, arrival,
    function, granted_to, wait_for,
};

use crate::confirming::confirmation;
use crate::functions::set;
use crate::receipts::{by_name, by_position, receipt};
use crate::redacting::redaction;
use crate::references::{number, replaced};

pub(crate) async fn grant(by: &Party, vendor: v1::Vendor) -> Result<v1::Vendor, Refused> {
    let request = v1::GrantVendorRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        request_id: request_id(),
        validate_only: false,
        vendor: Some(vendor),
    };
    let answer = by.grant(request).await?;
    Ok(answer.vendor.expect("an answer holds the vendor"))
}

pub(crate) async fn withdraw(by: &Party) -> Result<(), Refused> {
    let request = v1::WithdrawVendorRequest {
        municipality: by.municipality(),
        actor: by.actor(),
        request_id: request_id(),
        validate_only: false,
        organisation_number: SHARED.number.to_owned(),
    };
    by.withdraw_grant(request).await.map(|_nothing| ())
}

async fn vendors(of: &Party) -> Vec<v1::Vendor> {
    let request = v1::ListVendorsRequest {
        municipality: of.municipality(),
        ..v1::ListVendorsRequest::default()
    };
    of.list_vendors(request).await.expect("a list").vendors
}

async fn register(by: &Party, to: &str, index: usize, kind: v1::RelocationKind) -> String {
    let mut request = announcement(by, to, index);
    request.kind = kind.into();
    let answer = by.register(request).await.expect("accepted");
    answer.relocation.expect("one").name
}

async fn listed(by: &Party) -> Vec<String> {
    let request = v1::ListRelocationsRequest {
        municipality: by.municipality(),
        ..v1::ListRelocationsRequest::default()
    };
    let listed = by.list_relocations(request).await.expect("a list");
    listed.relocations.into_iter().map(|it| it.name).collect()
}

const INVOLVEMENT: v1::RelocationKind = v1::RelocationKind::ActiveInvolvement;
const PLACEMENT: v1::RelocationKind = v1::RelocationKind::Placement;

#[tokio::test(flavor = "multi_thread")]
async fn each_municipality_sees_who_acts_for_it_and_the_vendor_for_whom() {
    let world = World::start().await;
    let [solna, solleftea] = [world.party(SOLNA).await, world.party(SOLLEFTEA).await];
    let vendor = world.party(SHARED).await;
    let limited = v1::Vendor {
        methods: vec!["RegisterRelocation".to_owned()],
        kinds: vec![PLACEMENT.into()],
        ..granted_to(SHARED)
    };
    for (by, given) in [(&solna, granted_to(SHARED)), (&solleftea, limited)] {
        let granted = grant(by, given.clone()).await.expect("granted");
        let name = format!("{}/vendors/{}", by.municipality(), SHARED.number);
        assert_eq!(granted, v1::Vendor { name, ..given });
        assert_eq!(vendors(by).await, [granted]);
    }
    let me = vendor.who_am_i(v1::WhoAmIRequest {}).await.expect("me");
    assert_eq!(me.municipalities, Vec::<String>::new(), "it is none itself");
    let [first, second] = [&solna, &solleftea].map(vendors);
    assert_eq!(me.grants, [first.await, second.await].concat());
    withdraw(&solna).await.expect("withdrawn");
    assert_eq!(vendors(&solna).await, []);
    let again = withdraw(&solna).await.expect_err("gone");
    assert_eq!(again.reason, "NOT_FOUND");
    let me = vendor.who_am_i(v1::WhoAmIRequest {}).await.expect("me");
    assert_eq!(me.grants, vendors(&solleftea).await);
    // a municipality names only functions that it has
    let wrong = v1::Vendor {
        functions: vec!["municipalities/0184/functions/barn".to_owned()],
        ..granted_to(SHARED)
    };
    let refused = grant(&solna, wrong).await.expect_err("unknown");
    assert_eq!(refused.reason, "FUNCTION_UNKNOWN");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_acts_within_its_kinds_and_functions_and_sees_nothing_else() {
    let world = World::start().await;
    let [solna, solleftea] = [world.party(SOLNA).await, world.party(SOLLEFTEA).await];
    let vendor = world.party(SHARED).await;
    let described = function(&solleftea, "barn", &[PLACEMENT]);
    set(&solleftea, described).await.expect("accepted");
    let placed = register(&solna, "2283", 0, PLACEMENT).await;
    let involved = register(&solna, "2283", 2, INVOLVEMENT).await;

    let for_placements = vendor.acting_for("0184");
    let kinds = v1::Vendor {
        kinds: vec![PLACEMENT.into()],
        ..granted_to(SHARED)
    };
    grant(&solna, kinds).await.expect("granted");
    let for_children = vendor.acting_for("2283");
    let functions = v1::Vendor {
        functions: vec!["municipalities/2283/functions/barn".to_owned()],
        ..granted_to(SHARED)
    };
    grant(&solleftea, functions).await.expect("granted");
    for limited in [&for_placements, &for_children] {
        // a list is of the read tables, which follow
        let found = wait_for("the list", || async {
            Some(listed(limited).await).filter(|found| !found.is_empty())
        });
        assert_eq!(found.await, std::slice::from_ref(&placed));
        limited.read(&placed).await.expect("granted");
        let outside = limited.read(&involved).await.expect_err("outside");
        assert_eq!(outside.reason, "NOT_FOUND");
        let report = limited.report(arrival(limited, "0191", 3)).await;
        let report = report.expect_err("it has no kind");
        assert_eq!(report.reason, "VENDOR_NOT_GRANTED");
        let alerts = limited.alerts().await.expect_err("they have no kind");
        assert_eq!(alerts.reason, "VENDOR_NOT_GRANTED");
    }
    let notices = for_children.notices().await.expect("a list");
    let resources: Vec<_> = notices.iter().map(|it| it.resource.as_str()).collect();
    assert_eq!(resources, [placed.as_str()]);
    let mut stream = for_children.watch("").await.expect("a stream");
    assert_eq!(stream.backlog().await, notices);
    for_children.take_in(&placed, "").await.expect("granted");

    let wrong = announcement(&for_placements, "0191", 3);
    let wrong = for_placements.register(wrong).await.expect_err("outside");
    assert_eq!(wrong.reason, "VENDOR_NOT_GRANTED");
    // what stands already and is outside does not exist for it, and is no answer either
    let mut stands = announcement(&for_placements, "2283", 2);
    stands.kind = PLACEMENT.into();
    for _ in 0..2 {
        let refused = for_placements.register(stands.clone()).await;
        assert_eq!(refused.expect_err("outside").reason, "VENDOR_NOT_GRANTED");
    }
    register(&for_placements, "0191", 3, PLACEMENT).await;
    // a function receives; it sends nothing
    let mut sent = announcement(&for_children, "0191", 4);
    sent.kind = PLACEMENT.into();
    let sent = for_children.register(sent).await.expect_err("outside");
    assert_eq!(sent.reason, "VENDOR_NOT_GRANTED");
    // what was refused to it is told to the municipality, with the vendor's number
    let refusals = v1::ListRefusalsRequest {
        municipality: solna.municipality(),
        ..v1::ListRefusalsRequest::default()
    };
    wait_for("the refusals", || async {
        let list = solna.list_refusals(refusals.clone()).await.expect("a list");
        let told = |it: &v1::Refusal| {
            it.organisation_number == SHARED.number && it.reason == "VENDOR_NOT_GRANTED"
        };
        list.refusals.iter().any(told).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_of_some_kinds_has_receipts_of_those_alone() {
    let world = World::start().await;
    let [solna, solleftea] = [world.party(SOLNA).await, world.party(SOLLEFTEA).await];
    let placed = register(&solna, "2283", 0, PLACEMENT).await;
    solleftea.take_in(&placed, "").await.expect("taken in");
    let told = solna.notices().await.expect("a list");
    let told = told.last().expect("that it was");
    let confirmed = confirmation(&solna, told.number, &told.chain);
    solna.confirm(confirmed).await.expect("confirmed");
    let feed = world.party(FEED).await;
    let event = replaced(&number(1), &number(2));
    feed.import(vec![event]).await.expect("taken in");
    let kinds = v1::Vendor {
        kinds: vec![PLACEMENT.into()],
        ..granted_to(SHARED)
    };
    grant(&solna, kinds).await.expect("granted");
    let limited = world.party(SHARED).await.acting_for("0184");
    let its = receipt(&limited, &by_name(&limited, &placed)).await;
    its.expect("of its kind");
    let list = v1::ListEntriesRequest {
        municipality: solna.municipality(),
        ..v1::ListEntriesRequest::default()
    };
    let entries = solna.list_entries(list).await.expect("a list").entries;
    for kind in [
        v1::EntryKind::NoticesConfirmed,
        v1::EntryKind::IdentityReferred,
    ] {
        let entry = entries.iter().find(|entry| entry.kind() == kind);
        let position = entry.expect("one").position;
        let own = receipt(&solna, &by_position(&solna, position)).await;
        own.expect("its own");
        let outside = limited.get_receipt(by_position(&limited, position)).await;
        let outside = outside.expect_err("it has no kind");
        assert_eq!(outside.reason, "NOT_FOUND", "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_vendor_of_some_kinds_ends_for_a_person_is_all_that_the_municipality_has() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let placed = register(&solna, "2283", 0, PLACEMENT).await;
    let involved = register(&solna, "0191", 0, INVOLVEMENT).await;
    let reported = solna.report(arrival(&solna, "2283", 0)).await;
    let reported = reported.expect("accepted").arrival.expect("one").name;
    let kinds = v1::Vendor {
        kinds: vec![PLACEMENT.into()],
        ..granted_to(SHARED)
    };
    grant(&solna, kinds).await.expect("granted");
    let limited = world.party(SHARED).await.acting_for("0184");
    let request = v1::RedactRelocationRequest {
        whole_person: true,
        ..redaction(&limited, &placed)
    };
    limited.redact(request).await.expect("ended");
    for name in [&placed, &involved] {
        let state = solna.read(name).await.expect("its own").state();
        assert_eq!(state, v1::RelocationState::Withdrawn);
    }
    let taken_back = solna.see_arrival(&reported).await.expect("its own");
    assert_eq!(taken_back.state(), v1::ArrivalState::Withdrawn);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_is_withdrawn_or_over_ends_calls_and_streams_at_once() {
    let world = World::start().await;
    let solleftea = world.party(SOLLEFTEA).await;
    let vendor = world.party(SHARED).await.acting_for("2283");
    let refused = vendor.watch("").await.expect_err("not granted");
    assert_eq!(refused.reason, "SENDER_NOT_YOURS");
    grant(&solleftea, granted_to(SHARED))
        .await
        .expect("granted");
    let mut stream = vendor.watch("").await.expect("a stream");
    assert_eq!(stream.backlog().await, []);
    withdraw(&solleftea).await.expect("withdrawn");
    let gone = vendor.notices().await.expect_err("withdrawn");
    assert_eq!(gone.reason, "SENDER_NOT_YOURS");
    let end = stream.end().await.expect("a reason");
    assert_eq!(end.reason, "GRANT_ENDED");
    // what comes afterwards reaches the municipality alone
    let solna = world.party(SOLNA).await;
    register(&solna, "2283", 0, INVOLVEMENT).await;
    assert_eq!(solleftea.notices().await.expect("a list").len(), 1);

    grant(&solleftea, granted_to(SHARED))
        .await
        .expect("granted");
    let mut stream = vendor.watch("").await.expect("a stream");
    assert_eq!(stream.backlog().await.len(), 1);
    // less than before is another grant: whoever reads must ask anew
    let less = v1::Vendor {
        methods: vec!["WatchInbox".to_owned()],
        kinds: vec![PLACEMENT.into()],
        ..granted_to(SHARED)
    };
    grant(&solleftea, less).await.expect("granted");
    let end = stream.end().await.expect("a reason");
    assert_eq!(end.reason, "GRANT_ENDED");
    let stream = vendor.watch("").await.expect("a stream");
    let operator = world.party(OPERATOR).await;
    operator.advance(28).await.expect("moved");
    let still = vendor.watch("").await.expect("before the last day");
    drop(still);
    operator.advance(4).await.expect("moved");
    let over = vendor.watch("").await.expect_err("over");
    assert_eq!(over.reason, "GRANT_ENDED");
    let end = stream.end().await.expect("a reason");
    assert_eq!(end.reason, "GRANT_ENDED");
    let listed = vendors(&solleftea).await;
    assert!(listed.first().expect("still listed").ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_one_gateway_withdraws_is_gone_at_the_other() {
    let apart = Apart::start().await;
    let sigtuna = apart.party(SIGTUNA, 0).await;
    let vendor = apart.party(SHARED, 1).await.acting_for("0191");
    grant(&sigtuna, granted_to(SHARED)).await.expect("granted");
    let mut stream = vendor.watch("").await.expect("a stream");
    assert_eq!(stream.backlog().await, []);
    let alerts = vendor.alerts().await.expect("granted");
    assert_eq!(alerts.alerts, []);
    withdraw(&sigtuna).await.expect("withdrawn");
    let gone = vendor.alerts().await.expect_err("withdrawn");
    assert_eq!(gone.reason, "SENDER_NOT_YOURS");
    let end = stream.end().await.expect("a reason");
    assert_eq!(end.reason, "GRANT_ENDED");
}
