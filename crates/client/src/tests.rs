//! When a call is made again, and what a refusal tells. Time is the test's own.

use std::cell::Cell;

use api::status::Refusal;
use domain::reason::Reason;
use tonic::Response;

use super::*;

/// Makes calls that answer with these codes in turn, then succeed, and counts them.
async fn check(answers: &[Code], calls: usize, expect: Result<(), Code>) {
    let made = Cell::new(0);
    let outcome = with_retry(|| {
        let answer = answers.get(made.get()).copied();
        made.set(made.get() + 1);
        async move {
            match answer {
                None => Ok(Response::new(())),
                Some(code) => Err(Status::new(code, "no")),
            }
        }
    })
    .await;
    assert_eq!(
        outcome.map_err(|refused| refused.code),
        expect,
        "{answers:?}"
    );
    assert_eq!(made.get(), calls, "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_is_made_again_while_the_server_is_away() {
    let away = Code::Unavailable;
    check(&[], 1, Ok(())).await;
    check(&[away], 2, Ok(())).await;
    check(&[away, Code::DeadlineExceeded, away], 4, Ok(())).await;
    check(&[away; 9], 4, Err(away)).await;
    check(&[Code::Unknown, Code::Cancelled], 3, Ok(())).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_server_decided_is_not_asked_again() {
    for code in [
        Code::InvalidArgument,
        Code::FailedPrecondition,
        Code::NotFound,
        Code::AlreadyExists,
        Code::Aborted,
        Code::PermissionDenied,
        Code::Unauthenticated,
        Code::ResourceExhausted,
        Code::Internal,
    ] {
        check(&[code], 1, Err(code)).await;
        check(&[Code::Unavailable, code], 2, Err(code)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_ends_at_its_deadline() {
    let begun = tokio::time::Instant::now();
    let outcome: Result<(), Refused> =
        with_retry(std::future::pending::<Result<Response<()>, Status>>).await;
    let refused = outcome.expect_err("no answer");
    assert_eq!(refused.code, Code::DeadlineExceeded);
    assert!(refused.is_unreachable());
    let took = begun.elapsed();
    assert!(
        took >= CALL * TRIES_MAX && took < CALL * (TRIES_MAX + 1),
        "{took:?}"
    );
}

#[test]
fn a_refusal_is_read_with_all_that_it_tells() {
    let refusal = Refusal::field("content.wish", Reason::KindContradictsWish)
        .with("nearest", "0184 Solna".to_owned());
    let refused = Refused::from(refusal.to_status("id-1", true));
    let reason = Reason::KindContradictsWish;
    let expect = Refused {
        code: Code::FailedPrecondition,
        reason: reason.code().to_owned(),
        message: reason.message().to_owned(),
        localized: reason.message_sv().to_owned(),
        violations: vec![(
            "content.wish".to_owned(),
            format!("{}: {}", reason.code(), reason.message_sv()),
        )],
        metadata: vec![("nearest".to_owned(), "0184 Solna".to_owned())],
        request_id: "id-1".to_owned(),
        help: format!("https://flyttbud.se/docs/errors/{}", reason.page()),
    };
    assert_eq!(refused, expect);
    assert!(!refused.is_unreachable());
}

#[test]
fn an_answer_that_is_not_flyttbuds_has_no_reason() {
    let refused = Refused::from(Status::unavailable("connection refused"));
    assert_eq!((refused.reason.as_str(), refused.help.as_str()), ("", ""));
    assert!(refused.is_unreachable());
}

#[test]
fn each_request_id_is_new_and_a_uuid() {
    let (one, two) = (request_id(), request_id());
    assert_ne!(one, two);
    assert!(uuid::Uuid::try_parse(&one).is_ok());
}

#[tokio::test]
async fn a_file_that_is_missing_is_named() {
    let target = Target {
        url: "https://localhost:1".to_owned(),
        authority: "/nowhere/ca.pem".into(),
        certificate: "/nowhere/a.pem".into(),
        key: "/nowhere/a.key".into(),
    };
    let error = Client::connect(&target).await.expect_err("no files");
    assert_eq!(error.to_string(), "'/nowhere/ca.pem' cannot be read");
}
