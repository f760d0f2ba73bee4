//! AccessService: the access log, for the municipality's reviewers. A look at the log is an access too.

mod extract;
mod readings;
mod record;
mod review;
mod sample;

use std::sync::Arc;

use api::parse::Faults;
use api::status::Refusal;
use api::time::{from_wire, to_wire};
use api::v1;
use api::v1::access_service_server::AccessService;
use domain::reason::Reason;
use domain::subject::{Subject, SubjectKind};
use jiff::Timestamp;
use tonic::{Request, Response, Status};
use uuid::Uuid;
use vault::{Access, AccessFilter, Accessed};

use crate::call::Call;
use crate::core::Core;
use crate::page::LogPage;
use crate::permit::Reviewer;
use crate::relocation::method;

pub(crate) use record::Opening;

/// The service.
#[derive(Clone)]
pub(crate) struct Accesses(pub(crate) Arc<Core>);

#[tonic::async_trait]
impl AccessService for Accesses {
    method!(
        list_accesses,
        "ListAccesses",
        v1::ListAccessesRequest,
        v1::ListAccessesResponse,
        list
    );
    method!(
        sample_accesses,
        "SampleAccesses",
        v1::SampleAccessesRequest,
        v1::SampleAccessesResponse,
        sample::draw
    );
    method!(
        record_review,
        "RecordReview",
        v1::RecordReviewRequest,
        v1::RecordReviewResponse,
        review::record
    );
    method!(
        list_reviews,
        "ListReviews",
        v1::ListReviewsRequest,
        v1::ListReviewsResponse,
        review::list
    );

    type ProducePersonExtractStream = extract::Items;

    async fn produce_person_extract(
        &self,
        request: Request<v1::ProducePersonExtractRequest>,
    ) -> Result<Response<Self::ProducePersonExtractStream>, Status> {
        let core = self.0.clone();
        self.0
            .answer(
                "ProducePersonExtract",
                request,
                |call, request| async move { extract::produce(&core, &call, request).await },
            )
            .await
    }
}

async fn list(
    core: &Core,
    call: &Call,
    request: v1::ListAccessesRequest,
) -> Result<v1::ListAccessesResponse, Refusal> {
    let reviewer = Reviewer::of(core, call, &request.municipality)?;
    let mut faults = Faults::default();
    let actor = faults.actor(request.actor.as_ref());
    faults.text("officer_id", &request.officer_id, 0, 64);
    let from = instant(&mut faults, "from", request.from);
    let until = instant(&mut faults, "until", request.until);
    let what = named(&mut faults, "subject", &request.subject);
    faults.end()?;
    let filters = v1::ListAccessesRequest {
        page_size: 0,
        page_token: String::new(),
        actor: None,
        ..request.clone()
    };
    let page = LogPage::read(request.page_size, &request.page_token, &filters)?;
    // this very look is told to the next one
    let now = core.journal.now();
    core.record_access(call, reviewer, Opening::of(Subject::SYSTEM, &actor))
        .await?;
    let filter = AccessFilter {
        officer: Some(request.officer_id.as_str()).filter(|officer| !officer.is_empty()),
        what: what.map(Accessed::Subject),
        from,
        until: Some(until.map_or(now, |until| until.min(now))),
    };
    let found = core.log(reviewer, &filter, page.before, page.size).await?;
    Ok(v1::ListAccessesResponse {
        next_page_token: page.next(found.last().map(|access| access.place), found.len()),
        accesses: found.iter().map(shown).collect(),
    })
}

/// An instant that may be missing.
fn instant(
    faults: &mut Faults,
    field: &str,
    at: Option<prost_types::Timestamp>,
) -> Option<Timestamp> {
    let at = at?;
    let read = from_wire(&at);
    if read.is_none() {
        faults.add(field, Reason::DateInvalid);
    }
    read
}

/// What can be opened, by its name; none when no name is given.
fn named(faults: &mut Faults, field: &str, name: &str) -> Option<Subject> {
    let kinds = [
        SubjectKind::Relocation,
        SubjectKind::Arrival,
        SubjectKind::Alert,
    ];
    let subject = kinds
        .into_iter()
        .find_map(|kind| Subject::parse(kind, name));
    if subject.is_none() && !name.is_empty() {
        faults.add(field, Reason::NameInvalid);
    }
    subject
}

/// An access as the wire shows it.
fn shown(access: &Access) -> v1::Access {
    let told = record::told(access);
    let subject = match access.what {
        Accessed::Subject(subject) if subject != Subject::SYSTEM => subject.to_string(),
        Accessed::Subject(_) | Accessed::Search(_) => String::new(),
    };
    let part = told.unwrap_or_default();
    v1::Access {
        name: name_of(access.id),
        accessed_at: Some(to_wire(access.at)),
        search_term: part.search_term,
        found: part.found,
        exception: part.exception,
        secrecy: part.secrecy,
        actor: access.content.as_ref().map(|_| v1::Actor {
            officer_id: part.officer_id,
            function: part.function,
            case_number: part.case_number,
            purpose: part.purpose,
        }),
        method: part.method,
        organisation_number: part.organisation_number,
        subject,
    }
}

fn name_of(id: Uuid) -> String {
    format!("accesses/{id}")
}
