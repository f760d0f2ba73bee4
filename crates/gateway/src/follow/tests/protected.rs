//! Protection that is cut off, or cannot be carried out at one place.

use api::generated::journal::v1::OwnPart;
use domain::reason::Reason;

use super::*;
use crate::testing::acts::NUMBER;

/// Solna ends its announcement, and all that it has of the person.
async fn redact(core: &Core, name: &str) -> Result<v1::RedactRelocationResponse, Refusal> {
    let call = call_of(solna(), Role::CaseSystem, "RedactRelocation");
    let request = v1::RedactRelocationRequest {
        municipality: solna().resource_name(),
        actor: Some(actor()),
        request_id: Uuid::now_v7().to_string(),
        name: name.to_owned(),
        text: "skydd".to_owned(),
        whole_person: true,
        ..v1::RedactRelocationRequest::default()
    };
    Box::pin(crate::relocation::redact_relocation(core, &call, request)).await
}

#[tokio::test]
async fn what_was_said_by_hand_is_said_though_the_call_was_cut_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let (core, cut) = cutting(folder.path());
    let announced = announce(&core, Uuid::now_v7()).await.expect("announced");
    let name = announced.relocation.expect("one").name;
    cut_off(&cut, redact(&core, &name), async {}).await;
    assert_eq!(record(&core).await, ["announced", "redacted"]);
    told(&core, solna(), NONE).await;
    let refused = announce(&core, Uuid::now_v7()).await;
    let refused = refused.expect_err("the manual route");
    assert_eq!(refused.reason, Reason::ManualRouteRequired);
}

#[tokio::test]
async fn one_that_cannot_be_ended_keeps_no_other_one_readable() {
    let folder = tempfile::tempdir().expect("a folder");
    let (core, cut) = cutting(folder.path());
    announce(&core, Uuid::now_v7()).await.expect("announced");
    report(&core, Uuid::now_v7()).await.expect("reported");
    let party = Party::for_tests(solleftea());
    let number = IdentityNumber::parse(NUMBER, core.today()).expect("a number");
    let now = core.journal.now();
    let protected = || async {
        let told = (now, domain::disclosure::Protection::ProtectedRegistration);
        protection::told(&core, party, &number, told, &OwnPart::default()).await
    };
    cut.fails.store(true, Ordering::Relaxed);
    protected().await.expect_err("the first is told");
    let mut expected = vec!["announced", "reported", "taken back"];
    assert_eq!(record(&core).await, expected);
    protected().await.expect("all of it");
    expected.push("redacted");
    assert_eq!(record(&core).await, expected);
}
