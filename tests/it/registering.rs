//! A relocation is registered, and its receiver is notified: once.

use api::v1;
use client::tonic::Code;
use tests::{SIGTUNA, SOLLEFTEA, SOLNA, World, announcement, verify};

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_is_notified_once_and_read_by_its_two_parties_only() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let sigtuna = world.party(SIGTUNA).await;
    let mut inbox = solleftea.watch("").await.expect("a stream");
    assert_eq!(inbox.backlog().await, []);

    let request = announcement(&solna, "2283", 0);
    let registered = solna.register(request.clone()).await.expect("accepted");
    let relocation = registered.relocation.expect("a relocation");
    assert_eq!(relocation.state(), v1::RelocationState::Registered);
    assert_eq!(relocation.content, None, "an answer is an envelope");

    let notice = inbox.notice().await;
    assert_eq!(
        (notice.number, notice.resource.as_str()),
        (1, relocation.name.as_str())
    );
    assert_eq!(notice.kind(), v1::NoticeKind::RelocationRegistered);
    assert_eq!(notice.position, registered.position);
    let listed = solleftea.notices().await.expect("a list");
    assert_eq!(listed, [notice], "the list and the stream tell the same");
    verify("2283", &listed);

    for party in [&solna, &solleftea] {
        let read = party.read(&relocation.name).await.expect("a party reads");
        assert_eq!(read.content, request.content);
        assert_eq!(read.legal_ground(), v1::LegalGroundCode::Consent);
    }
    let refused = sigtuna.read(&relocation.name).await.expect_err("no party");
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (Code::NotFound, "NOT_FOUND")
    );
    assert_eq!(sigtuna.notices().await.expect("a list"), []);
}
