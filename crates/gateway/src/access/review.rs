//! Recording a review of the access log, and telling how far it has been reviewed.

use std::collections::BTreeSet;

use api::generated::journal::v1 as sealed;
use api::parse::Faults;
use api::status::Refusal;
use api::time::to_wire;
use api::v1;
use domain::reason::Reason;
use domain::subject::{Position, Subject};
use jiff::Timestamp;
use journal::Scope;
use prost::Message as _;
use vault::{NewReview, Review};

use super::sample::{Plan, Sample};
use super::{Opening, name_of};
use crate::call::Call;
use crate::core::{Core, no_keys};
use crate::limits::FINDING_SIGNS_MAX;
use crate::page::Page;
use crate::permit::Reviewer;

/// The method's name in fingerprints.
const METHOD: &str = "RecordReview";

pub(super) async fn record(
    core: &Core,
    call: &Call,
    request: v1::RecordReviewRequest,
) -> Result<v1::RecordReviewResponse, Refusal> {
    let reviewer = Reviewer::of(core, call, &request.municipality)?;
    let mut faults = Faults::default();
    let id = faults.request_id(&request.request_id);
    let actor = faults.actor(request.actor.as_ref());
    let now = core.journal.now();
    let period = [request.from, request.until];
    let plan = Plan::read(&mut faults, now, period, (request.size, request.seed));
    faults.end()?;
    let plan = plan.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let normalised = v1::RecordReviewRequest {
        request_id: String::new(),
        validate_only: false,
        ..request.clone()
    };
    let scope = Scope::Municipality(reviewer.code());
    let fingerprint = core.request(scope, id, METHOD, &normalised).await?;
    let fingerprint = fingerprint.fingerprint;
    // what was answered once is answered again, whatever the log holds now
    if let Some(review) = core.recorded(reviewer, id, fingerprint).await? {
        return Ok(answer(&review));
    }
    let sample = core.sample(reviewer, plan).await?;
    check(&request.findings, &sample)?;
    let part = sealed::ReviewPart {
        actor: Some(actor),
        population: i64::try_from(sample.population).unwrap_or(i64::MAX),
        seed: request.seed,
        findings: request.findings,
    };
    let content = part.encode_to_vec();
    if request.validate_only {
        return Ok(answer(&Review {
            number: 0,
            request_id: id,
            fingerprint,
            at: now,
            from: plan.from,
            until: plan.until,
            content: Some(content),
        }));
    }
    let review = NewReview {
        authority: reviewer.code(),
        request_id: id,
        fingerprint,
        at: now,
        from: plan.from,
        until: plan.until,
        content: &content,
    };
    core.vault.record_review(review).await.map_err(no_keys)?;
    // of requests at once with one id the first stands, and this may be another one
    let recorded = core.recorded(reviewer, id, fingerprint).await?;
    let recorded = recorded.ok_or_else(|| Refusal::new(Reason::KeysUnavailable))?;
    Ok(answer(&recorded))
}

fn answer(review: &Review) -> v1::RecordReviewResponse {
    v1::RecordReviewResponse {
        review: Some(shown(review)),
    }
}

/// Each access of the sample has one finding, and no other has any.
fn check(findings: &[v1::ReviewedAccess], sample: &Sample) -> Result<(), Refusal> {
    let mut faults = Faults::default();
    let mut missing: BTreeSet<String> = sample.places.keys().map(|id| name_of(*id)).collect();
    for (index, finding) in findings.iter().enumerate() {
        let field = |name: &str| format!("findings[{index}].{name}");
        if !missing.remove(&finding.access) {
            faults.add(&field("access"), Reason::ValueUnknown);
        }
        let at_least = match finding.finding() {
            v1::AccessFinding::Unspecified => {
                faults.add(&field("finding"), Reason::FieldRequired);
                0
            }
            v1::AccessFinding::InOrder => 0,
            v1::AccessFinding::ToBeInvestigated => 1,
        };
        faults.free_text(&field("text"), &finding.text, at_least, FINDING_SIGNS_MAX);
    }
    if !missing.is_empty() {
        faults.add("findings", Reason::FieldRequired);
    }
    faults.end()
}

fn shown(review: &Review) -> v1::Review {
    let part = review.content.as_deref().map(sealed::ReviewPart::decode);
    // what is authentic and yet no message of ours shows as one without anybody
    let part = part.and_then(Result::ok).unwrap_or_default();
    v1::Review {
        name: format!("reviews/{}", review.request_id),
        recorded_at: Some(to_wire(review.at)),
        actor: part.actor,
        from: Some(to_wire(review.from)),
        until: Some(to_wire(review.until)),
        population: part.population,
        seed: part.seed,
        findings: part.findings,
    }
}

pub(super) async fn list(
    core: &Core,
    call: &Call,
    request: v1::ListReviewsRequest,
) -> Result<v1::ListReviewsResponse, Refusal> {
    let reviewer = Reviewer::of(core, call, &request.municipality)?;
    let mut faults = Faults::default();
    let actor = faults.actor(request.actor.as_ref());
    faults.end()?;
    let filters = v1::ListReviewsRequest {
        page_size: 0,
        page_token: String::new(),
        actor: None,
        ..request.clone()
    };
    let page = Page::read(request.page_size, &request.page_token, &filters)?;
    let opening = Opening::of(Subject::SYSTEM, &actor);
    core.record_access(call, reviewer, opening).await?;
    let (vault, code) = (&core.vault, reviewer.code());
    let found = vault.reviews(code, page.below.0, page.size).await;
    let found = found.map_err(no_keys)?;
    let reviewed = vault.reviewed(code).await.map_err(no_keys)?;
    let since = reviewed.map_or(Timestamp::MIN, |reviewed| reviewed.until);
    let unreviewed = vault.count_accesses(code, since, Timestamp::MAX).await;
    let rows: Vec<_> = found
        .iter()
        .map(|review| (shown(review), Position(review.number)))
        .collect();
    Ok(v1::ListReviewsResponse {
        next_page_token: page.next(&rows),
        reviews: rows.into_iter().map(|(review, _number)| review).collect(),
        last_recorded_at: reviewed.map(|reviewed| to_wire(reviewed.at)),
        reviewed_until: reviewed.map(|reviewed| to_wire(reviewed.until)),
        unreviewed: i64::try_from(unreviewed.map_err(no_keys)?).unwrap_or(i64::MAX),
    })
}

impl Core {
    /// The review that a request id was recorded with; refused when it was for other content.
    async fn recorded(
        &self,
        reviewer: Reviewer,
        id: uuid::Uuid,
        fingerprint: [u8; 16],
    ) -> Result<Option<Review>, Refusal> {
        let review = self.vault.review(reviewer.code(), id).await;
        match review.map_err(no_keys)? {
            Some(review) if review.fingerprint != fingerprint => {
                Err(Refusal::new(Reason::RequestIdReused))
            }
            review => Ok(review),
        }
    }
}
