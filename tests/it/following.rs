//! A relocation after its registration: taken in, replied to, objected to; etags; dry runs that store nothing.

use api::v1;
use client::tonic::Code;
use client::{Refused, request_id};
use tests::{Party, SOLLEFTEA, SOLNA, World, announcement, contact, verify};
use tonic_types::StatusExt as _;

async fn reply(
    party: &Party,
    name: &str,
    etag: &str,
    objection: bool,
) -> Result<v1::Relocation, Refused> {
    let request = v1::ReplyToRelocationRequest {
        legal_ground: Some(tests::consent()),
        municipality: party.municipality(),
        actor: party.actor(),
        request_id: request_id(),
        name: name.to_owned(),
        etag: etag.to_owned(),
        text: "Vi möter upp.".to_owned(),
        objection,
        contact: Some(contact()),
        ..v1::ReplyToRelocationRequest::default()
    };
    let answer = party.reply(request).await?;
    Ok(answer.relocation.expect("a relocation"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relocation_is_taken_in_replied_to_and_objected_to() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let registered = solna.register(announcement(&solna, "2283", 0)).await;
    let relocation = registered.expect("accepted").relocation.expect("one");
    let name = &relocation.name;

    let early = reply(&solleftea, name, "", false)
        .await
        .expect_err("not taken in");
    assert_eq!(
        (early.code, early.reason.as_str()),
        (Code::FailedPrecondition, "STATE_NOT_ALLOWED")
    );
    let taken = solleftea
        .take_in(name, &relocation.etag)
        .await
        .expect("taken in");
    assert_eq!(taken.state(), v1::RelocationState::Acknowledged);
    let stale = reply(&solleftea, name, &relocation.etag, false).await;
    let stale = stale.expect_err("a stale etag");
    assert_eq!(
        (stale.code, stale.reason.as_str()),
        (Code::Aborted, "ETAG_MISMATCH")
    );
    let etag = stale.violations.first().expect("a field");
    assert_eq!(etag.0, "etag");
    let replied = reply(&solleftea, name, &taken.etag, false)
        .await
        .expect("replied");
    assert_eq!(replied.state(), v1::RelocationState::Replied);
    let objected = reply(&solleftea, name, "", true).await.expect("objected");
    assert_eq!(objected.state(), v1::RelocationState::Objected);
    let answered = reply(&solna, name, "", false)
        .await
        .expect("the sender answers");
    assert_eq!(answered.state(), v1::RelocationState::Objected);
    let own = reply(&solna, name, "", true)
        .await
        .expect_err("the sender objects");
    assert_eq!(own.reason, "STATE_NOT_ALLOWED");

    told(&solna, &solleftea).await;
    let read = solna.read(name).await.expect("read");
    let seen: Vec<(&str, bool, &str)> = read
        .replies
        .iter()
        .map(|r| (r.municipality.as_str(), r.objection, r.text.as_str()))
        .collect();
    let (ours, theirs) = ("municipalities/0184", "municipalities/2283");
    assert_eq!(
        seen,
        [
            (theirs, false, "Vi möter upp."),
            (theirs, true, "Vi möter upp."),
            (ours, false, "Vi möter upp.")
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_is_named_in_both_details() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let registered = solna.register(announcement(&solna, "2283", 0)).await;
    let name = registered.expect("accepted").relocation.expect("one").name;
    solleftea.take_in(&name, "").await.expect("taken in");
    let twice = v1::AcknowledgeRelocationRequest {
        municipality: solleftea.municipality(),
        actor: solleftea.actor(),
        request_id: request_id(),
        name,
        ..v1::AcknowledgeRelocationRequest::default()
    };
    let mut service = solleftea.client.relocations();
    let twice = service.acknowledge_relocation(twice).await;
    let details = twice.expect_err("taken in before").get_error_details();
    let fields = &details.bad_request().expect("fields").field_violations;
    let fields: Vec<&str> = fields.iter().map(|it| it.field.as_str()).collect();
    let found = &details.precondition_failure().expect("what is in the way");
    let subjects: Vec<&str> = found
        .violations
        .iter()
        .map(|it| it.subject.as_str())
        .collect();
    assert_eq!((fields, subjects), (vec!["name"], vec!["name"]));
}

/// Each act of one side was told to the other, in order.
async fn told(solna: &Party, solleftea: &Party) {
    let kinds = |notices: Vec<v1::Notice>| -> Vec<v1::NoticeKind> {
        notices.iter().map(v1::Notice::kind).collect()
    };
    let solnas = solna.notices().await.expect("a list");
    verify("0184", &solnas);
    assert_eq!(
        kinds(solnas),
        [
            v1::NoticeKind::RelocationAcknowledged,
            v1::NoticeKind::RelocationReplied,
            v1::NoticeKind::RelocationObjected
        ]
    );
    let solleftea_sees = solleftea.notices().await.expect("a list");
    assert_eq!(
        kinds(solleftea_sees),
        [
            v1::NoticeKind::RelocationRegistered,
            v1::NoticeKind::RelocationReplied
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_names_every_field_that_the_receiver_would_see_and_no_other() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let mut request = announcement(&solna, "2283", 0);
    request.validate_only = true;
    let seen = async |request: &v1::RegisterRelocationRequest| {
        let answer = solna.register(request.clone()).await;
        let answer = answer.expect("it would be accepted");
        answer.dry_run.expect("a dry run").fields_seen_by_recipient
    };
    assert_eq!(
        seen(&request).await,
        [
            "content.person",
            "content.expected_on",
            "content.supports",
            "content.wish",
            "content.groups",
            "content.dwelling",
            "content.household",
            "content.contact",
            "content.case_number",
            "content.free_text",
            "legal_ground.code",
        ]
    );
    // what is left empty is not seen
    let content = request.content.as_mut().expect("content");
    (content.supports, content.groups) = (Vec::new(), Vec::new());
    (content.dwelling, content.household) = (None, None);
    content.free_text = String::new();
    assert_eq!(
        seen(&request).await,
        [
            "content.person",
            "content.expected_on",
            "content.wish",
            "content.contact",
            "content.case_number",
            "legal_ground.code",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_happen_and_stores_nothing() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let mut request = announcement(&solna, "2283", 0);
    request.validate_only = true;
    let answer = solna
        .register(request.clone())
        .await
        .expect("it would be accepted");
    assert_eq!(answer.relocation, None);
    assert!(answer.dry_run.expect("a dry run").ground_carries);
    assert_eq!(solleftea.notices().await.expect("a list"), []);
    let find = v1::FindRelocationsRequest {
        municipality: solna.municipality(),
        actor: solna.actor(),
        term: Some(v1::find_relocations_request::Term::CaseNumber(
            "SOL-2026-1042".to_owned(),
        )),
    };
    assert_eq!(
        solna
            .find(find.clone())
            .await
            .expect("a search")
            .relocations,
        []
    );

    // the same request id, now in earnest
    request.validate_only = false;
    let registered = solna.register(request).await.expect("accepted");
    let relocation = registered.relocation.expect("a relocation");
    let found = solna.find(find).await.expect("a search").relocations;
    assert_eq!(found, std::slice::from_ref(&relocation));
    let dry = solleftea
        .acknowledge(v1::AcknowledgeRelocationRequest {
            municipality: solleftea.municipality(),
            actor: solleftea.actor(),
            request_id: request_id(),
            validate_only: true,
            name: relocation.name.clone(),
            ..v1::AcknowledgeRelocationRequest::default()
        })
        .await;
    dry.expect("it would be accepted");
    let read = solna.read(&relocation.name).await.expect("read");
    assert_eq!(read.state(), v1::RelocationState::Registered);
    assert_eq!(solna.notices().await.expect("a list"), []);
}
