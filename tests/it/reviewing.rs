//! Reviews of the access log: a sample that can be drawn again, a finding for each of it, and no review goes missing.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use api::generated::Timestamp as Wire;
use api::v1;
use client::request_id;
use tests::{Apart, OPERATOR, Party, REVIEWER, REVIEWER_THERE, SOLNA, World, run};

use crate::access::{announced, log};
use crate::receipts::profile;

/// Solna's officers read an announcement so often, each for one purpose.
async fn readings(solna: &Party, counts: &[(&str, &str, usize)]) {
    let name = announced(solna, 0).await;
    for (officer, purpose, count) in counts {
        for _ in 0..*count {
            let mut request = solna.reading(&name);
            let actor = request.actor.as_mut().expect("somebody");
            (*officer).clone_into(&mut actor.officer_id);
            (*purpose).clone_into(&mut actor.purpose);
            solna.get_relocation(request).await.expect("read");
        }
    }
}

/// A period that ends now, by the record's clock.
pub(crate) async fn until_now(reviewer: &Party) -> [Option<Wire>; 2] {
    let look = v1::ListAccessesRequest {
        page_size: 1,
        ..log(reviewer)
    };
    reviewer.list_accesses(look.clone()).await.expect("a look");
    // the first look is seen by the second
    let newest = reviewer.list_accesses(look).await.expect("a look");
    let newest = newest.accesses.first().expect("the first look").accessed_at;
    [
        Some(Wire {
            seconds: 0,
            nanos: 0,
        }),
        newest,
    ]
}

pub(crate) fn sample(reviewer: &Party, period: [Option<Wire>; 2]) -> v1::SampleAccessesRequest {
    let [from, until] = period;
    v1::SampleAccessesRequest {
        municipality: reviewer.municipality(),
        actor: reviewer.actor(),
        from,
        until,
        size: 4,
        seed: 17,
    }
}

/// A review of a sample in which all is in order.
pub(crate) fn review(
    drawn: &v1::SampleAccessesRequest,
    answer: &v1::SampleAccessesResponse,
) -> v1::RecordReviewRequest {
    let finding = |access: &v1::Access| v1::ReviewedAccess {
        access: access.name.clone(),
        finding: v1::AccessFinding::InOrder.into(),
        text: String::new(),
    };
    v1::RecordReviewRequest {
        municipality: drawn.municipality.clone(),
        actor: drawn.actor.clone(),
        request_id: request_id(),
        validate_only: false,
        from: drawn.from,
        until: drawn.until,
        size: drawn.size,
        seed: answer.seed,
        findings: answer.accesses.iter().map(finding).collect(),
    }
}

pub(crate) async fn listed(reviewer: &Party) -> v1::ListReviewsResponse {
    let request = v1::ListReviewsRequest {
        municipality: reviewer.municipality(),
        actor: reviewer.actor(),
        ..v1::ListReviewsRequest::default()
    };
    reviewer.list_reviews(request).await.expect("a list")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_has_each_officer_and_purpose_and_is_drawn_again_by_its_seed() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let reviewer = world.party(REVIEWER).await;
    let counts = [
        ("alva", "handlägga", 12),
        ("alva", "följa upp", 1),
        ("bo", "handlägga", 3),
    ];
    readings(&solna, &counts).await;
    let period = until_now(&reviewer).await;
    let request = sample(&reviewer, period);
    let drawn = reviewer
        .sample_accesses(request.clone())
        .await
        .expect("drawn");
    assert_eq!(
        (drawn.population, drawn.seed, drawn.accesses.len()),
        (16, 17, 4)
    );
    let strata: BTreeSet<_> = drawn
        .accesses
        .iter()
        .filter_map(|it| it.actor.clone())
        .map(|actor| (actor.officer_id, actor.purpose))
        .collect();
    assert_eq!(strata.len(), 3, "{strata:?}");
    assert!(drawn.accesses.is_sorted_by_key(|it| {
        let at = it.accessed_at.expect("an instant");
        (at.seconds, at.nanos)
    }));
    // later readings are of another period
    readings(&solna, &[("cia", "handlägga", 2)]).await;
    let again = reviewer
        .sample_accesses(request.clone())
        .await
        .expect("drawn");
    assert_eq!(again.accesses, drawn.accesses);
    let names = |answer: v1::SampleAccessesResponse| -> BTreeSet<String> {
        answer.accesses.into_iter().map(|it| it.name).collect()
    };
    let mut seen = names(drawn);
    for seed in 0..12 {
        let other = v1::SampleAccessesRequest {
            seed,
            ..request.clone()
        };
        let other = reviewer.sample_accesses(other).await.expect("drawn");
        assert!(other.seed > 0);
        seen.extend(names(other));
    }
    assert!(seen.len() > 8, "chance reaches {} of 16", seen.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_that_is_not_over_or_a_sample_that_is_too_large_is_refused() {
    let world = World::start().await;
    let reviewer = world.party(REVIEWER).await;
    let period = [0, 1_000_000_000].map(|seconds| Some(Wire { seconds, nanos: 0 }));
    let mut wrong = [(); 5].map(|()| sample(&reviewer, period));
    wrong[0].size = 101;
    wrong[1].seed = -1;
    wrong[2].from = None;
    wrong[3].until = wrong[3].from;
    wrong[4].until = Some(Wire {
        seconds: 9_000_000_000,
        nanos: 0,
    });
    let fields = ["size", "seed", "from", "until", "until"];
    for (wrong, field) in wrong.into_iter().zip(fields) {
        let refused = reviewer.sample_accesses(wrong).await.expect_err(field);
        assert_eq!(refused.violations.first().expect("a field").0, field);
    }
    let empty = reviewer.sample_accesses(sample(&reviewer, period)).await;
    let empty = empty.expect("drawn");
    assert_eq!((empty.population, empty.accesses.len()), (0, 0));
}

/// A review that is not as the sample is, with the field at fault.
fn wrong_reviews(whole: &v1::RecordReviewRequest) -> Vec<(&'static str, v1::RecordReviewRequest)> {
    let changed = |change: &dyn Fn(&mut Vec<v1::ReviewedAccess>)| {
        let mut request = whole.clone();
        change(&mut request.findings);
        request
    };
    vec![
        ("findings", changed(&|it| drop(it.pop()))),
        (
            "findings[0].access",
            changed(&|it| it[0].access = format!("accesses/{}", request_id())),
        ),
        ("findings[4].access", changed(&|it| it.push(it[3].clone()))),
        ("findings[1].finding", changed(&|it| it[1].finding = 0)),
        (
            "findings[2].text",
            changed(&|it| it[2].finding = v1::AccessFinding::ToBeInvestigated.into()),
        ),
        (
            "findings[2].text",
            changed(&|it| it[2].text = "Gäller 19900101-2385.".into()),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_has_a_finding_for_each_access_drawn_and_is_recorded_once() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let reviewer = world.party(REVIEWER).await;
    readings(&solna, &[("alva", "handlägga", 6)]).await;
    let request = sample(&reviewer, until_now(&reviewer).await);
    let drawn = reviewer.sample_accesses(request.clone()).await;
    let drawn = drawn.expect("drawn");
    let whole = review(&request, &drawn);
    for (expected, changed) in wrong_reviews(&whole) {
        let refused = reviewer.record_review(changed).await.expect_err(expected);
        assert_eq!(refused.violations.first().expect("a field").0, expected);
    }
    let dry = v1::RecordReviewRequest {
        validate_only: true,
        ..whole.clone()
    };
    reviewer.record_review(dry).await.expect("right");
    let none = listed(&reviewer).await;
    assert_eq!((none.reviews.len(), none.reviewed_until), (0, None));
    assert!(none.unreviewed > 6);

    let mut told = whole.clone();
    told.findings[1].finding = v1::AccessFinding::ToBeInvestigated.into();
    told.findings[1].text = "Ärendet är inte handläggarens.".into();
    let recorded = reviewer.record_review(told.clone()).await;
    let recorded = recorded.expect("recorded").review.expect("a review");
    assert_eq!(recorded.findings, told.findings);
    assert_eq!((recorded.population, recorded.seed), (drawn.population, 17));
    // a retry is answered as before; the same id for something else is refused
    let again = reviewer.record_review(told.clone()).await.expect("again");
    assert_eq!(again.review.as_ref(), Some(&recorded));
    let other = v1::RecordReviewRequest {
        request_id: told.request_id,
        ..whole
    };
    let refused = reviewer
        .record_review(other)
        .await
        .expect_err("other content");
    assert_eq!(refused.reason, "REQUEST_ID_REUSED");
    let found = listed(&reviewer).await;
    assert_eq!(found.reviews.as_slice(), std::slice::from_ref(&recorded));
    assert_eq!(found.reviewed_until, request.until);
    assert_eq!(found.last_recorded_at, recorded.recorded_at);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_that_did_not_happen_is_seen() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let reviewer = world.party(REVIEWER).await;
    readings(&solna, &[("alva", "handlägga", 2)]).await;
    let request = sample(&reviewer, until_now(&reviewer).await);
    let drawn = reviewer.sample_accesses(request.clone()).await;
    let whole = review(&request, &drawn.expect("drawn"));
    reviewer.record_review(whole).await.expect("recorded");
    let before = listed(&reviewer).await;
    // months go by
    world
        .party(OPERATOR)
        .await
        .advance(60)
        .await
        .expect("moved");
    readings(&solna, &[("alva", "handlägga", 3)]).await;
    let later = listed(&reviewer).await;
    assert_eq!(later.last_recorded_at, before.last_recorded_at);
    assert_eq!(later.reviewed_until, request.until);
    assert!(later.unreviewed >= before.unreviewed + 3);
    let elsewhere = listed(&world.party(REVIEWER_THERE).await).await;
    assert_eq!(
        (elsewhere.reviews.len(), elsewhere.last_recorded_at),
        (0, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_draws_fills_in_and_records_by_command_line() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    readings(&solna, &[("alva", "handlägga", 5)]).await;
    let period = until_now(&world.party(REVIEWER).await).await;
    let until = api::time::from_wire(&period[1].expect("an instant"))
        .expect("an instant")
        .to_string();
    let profile = profile(&world, REVIEWER);
    let said = |words: &[&str]| {
        let words = [&["--profile", &profile, "access"], words].concat();
        String::from_utf8(run(world.folder(), &words).stdout).expect("text")
    };
    let period = ["sample", "--from", "2020-01-01", "--until", &until];
    let drawn = said(&[&period[..], &["--size", "3", "--draft", "review.json"]].concat());
    assert!(drawn.contains("3 of 5 accesses, seed "), "{drawn}");
    let draft = world.folder().join("review.json");
    let metadata = std::fs::metadata(&draft).expect("a draft");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&draft).expect("a draft");
    let mut filled: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for finding in filled["findings"].as_array_mut().expect("findings") {
        finding["finding"] = "ACCESS_FINDING_IN_ORDER".into();
    }
    std::fs::write(&draft, filled.to_string()).expect("filled in");
    let recorded = said(&["review", "review.json"]);
    assert!(recorded.contains("3 of 5"), "{recorded}");
    let listed = said(&["reviews"]);
    assert!(
        listed.contains("3 of 5") && listed.contains("Reviewed until"),
        "{listed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_that_is_sent_to_two_gateways_at_once_is_one() {
    let world = Apart::start().await;
    let solna = world.party(SOLNA, 0).await;
    readings(&solna, &[("alva", "handlägga", 4)]).await;
    let reviewers = [
        world.party(REVIEWER, 0).await,
        world.party(REVIEWER, 1).await,
    ];
    let period = until_now(&reviewers[0]).await;
    let request = sample(&reviewers[0], period);
    let drawn = reviewers[0]
        .sample_accesses(request.clone())
        .await
        .expect("drawn");
    let there = reviewers[1]
        .sample_accesses(request.clone())
        .await
        .expect("drawn");
    assert_eq!(drawn.accesses, there.accesses, "one sample at both");
    let whole = review(&request, &drawn);
    let (one, two) = tokio::join!(
        reviewers[0].record_review(whole.clone()),
        reviewers[1].record_review(whole.clone())
    );
    assert_eq!(one.expect("recorded"), two.expect("recorded"));
    assert_eq!(listed(&reviewers[1]).await.reviews.len(), 1);
}
