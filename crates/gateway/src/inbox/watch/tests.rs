//! A stream that ends with its caller's certificate.

use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use journal::conformance::given::solleftea;

use super::*;
use crate::caller::{Caller, Role};
use crate::testing::{call_of, core};

#[tokio::test(start_paused = true)]
async fn a_stream_outlives_no_certificate_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = core(folder.path());
    let known = call_of(solleftea(), Role::CaseSystem, "WatchInbox");
    let caller = Caller {
        valid_until: Timestamp::now() + Duration::from_mins(2),
        ..Caller::clone(&known.caller)
    };
    let call = Call::new(Arc::new(caller), "WatchInbox", String::new(), false);
    let request = v1::WatchInboxRequest {
        municipality: solleftea().resource_name(),
        ..v1::WatchInboxRequest::default()
    };
    let stream = watch(core, call, request)
        .await
        .unwrap_or_else(|_| panic!("a stream"));
    let items: Vec<_> = stream.collect().await;
    let (last, before) = items.split_last().expect("a last word");
    assert!(before.iter().all(Result::is_ok), "heartbeats until then");
    let expired = Refusal::new(Reason::CertificateExpired).to_status("", false);
    let status = last.as_ref().expect_err("why it ended");
    assert_eq!(
        (status.code(), status.message()),
        (expired.code(), expired.message())
    );
}
