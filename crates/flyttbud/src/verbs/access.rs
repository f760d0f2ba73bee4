//! Verbs of AccessService.

pub(super) mod extract;

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use api::generated::Timestamp as Wire;
use api::time::to_wire;
use api::v1;
use clap::{Args, Subcommand};
use domain::calendar::midnight_in_sweden;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{Session, call, completed, instant, more, submit, word};
use crate::cli::Write;
use crate::failure::Failure;
use crate::output;

/// What a reviewer does.
#[derive(Debug, Subcommand)]
pub(crate) enum Access {
    /// List who opened what, newest first
    List(List),
    /// Draw a random sample of a period, to be reviewed
    Sample(Sample),
    /// Write what your municipality holds about one person, and who opened it, as case system: GDPR article 15
    Extract(extract::Extract),
    /// Record a review
    Review {
        /// A `RecordReviewRequest` as JSON, or - for standard input: the draft of `sample` with your findings
        file: PathBuf,
        #[command(flatten)]
        write: Write,
    },
    /// List the reviews, and how far the log has been reviewed
    Reviews {
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: i32,
        /// From the answer before
        #[arg(long, default_value = "")]
        page_token: String,
    },
}

/// What to draw.
#[derive(Debug, Args)]
pub(crate) struct Sample {
    #[command(flatten)]
    period: Period,
    /// How many; at most 100. All accesses to what is marked as secret come on top
    #[arg(long, default_value_t = 20)]
    size: i32,
    /// Where chance begins; the same seed draws the same sample
    #[arg(long, default_value_t = 0)]
    seed: i64,
    /// Write a draft of the review into this file, to be filled in
    #[arg(long)]
    draft: Option<PathBuf>,
}

/// Which accesses to list.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only this officer's
    #[arg(long, default_value = "")]
    officer: String,
    /// Only to this: relocations/…, arrivals/… or alerts/…
    #[arg(long, default_value = "")]
    subject: String,
    #[command(flatten)]
    period: Period,
    /// At most this many
    #[arg(long, default_value_t = 50)]
    limit: i32,
    /// From the answer before
    #[arg(long, default_value = "")]
    page_token: String,
}

/// A period: days of Sweden, or instants.
#[derive(Debug, Args)]
pub(crate) struct Period {
    /// Not before this: a day (YYYY-MM-DD) or an instant (2026-11-30T08:00:00Z)
    #[arg(long)]
    from: Option<String>,
    /// Before this
    #[arg(long)]
    until: Option<String>,
}

impl Period {
    fn read(&self) -> Result<[Option<Wire>; 2], Failure> {
        let read = |text: &Option<String>| text.as_deref().map(moment).transpose();
        Ok([read(&self.from)?, read(&self.until)?])
    }
}

/// A day's first moment in Sweden, or an instant.
pub(super) fn moment(text: &str) -> Result<Wire, Failure> {
    let day = text.parse::<Date>().ok();
    let day = day.filter(|_| text.len() == 10);
    day.and_then(midnight_in_sweden)
        .or_else(|| text.parse::<Timestamp>().ok())
        .map(to_wire)
        .ok_or_else(|| Failure::Usage(anyhow!("'{text}' is no day and no instant")))
}

impl Session {
    pub(super) async fn access(&self, verb: Access) -> Result<(), Failure> {
        match verb {
            Access::List(list) => self.list_accesses(list).await,
            Access::Sample(sample) => self.sample_accesses(sample).await,
            Access::Review { file, write } => self.record_review(&file, &write).await,
            Access::Extract(extract) => self.extract(extract).await,
            Access::Reviews { limit, page_token } => self.list_reviews(limit, page_token).await,
        }
    }

    async fn list_accesses(&self, verb: List) -> Result<(), Failure> {
        let [from, until] = verb.period.read()?;
        let request = v1::ListAccessesRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("loggranskning", "")),
            page_size: verb.limit,
            page_token: verb.page_token,
            officer_id: verb.officer,
            subject: verb.subject,
            from,
            until,
        };
        let answer = call!(self, access.list_accesses(request))?;
        if self.json {
            return output::say_json("ListAccessesResponse", &answer);
        }
        show(&answer.accesses);
        more(&answer.next_page_token);
        Ok(())
    }

    async fn sample_accesses(&self, verb: Sample) -> Result<(), Failure> {
        let [from, until] = verb.period.read()?;
        let request = v1::SampleAccessesRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("loggranskning", "")),
            from,
            until,
            size: verb.size,
            seed: verb.seed,
        };
        let answer = call!(self, access.sample_accesses(request.clone()))?;
        if let Some(path) = &verb.draft {
            draft(path, request, &answer)?;
        }
        if self.json {
            return output::say_json("SampleAccessesResponse", &answer);
        }
        show(&answer.accesses);
        output::say(&format!(
            "{} of {} accesses, seed {}",
            answer.accesses.len(),
            answer.population,
            answer.seed
        ));
        Ok(())
    }

    async fn record_review(&self, file: &Path, write: &Write) -> Result<(), Failure> {
        let request = completed!(self, RecordReviewRequest(file, write, "loggranskning"));
        let answer = submit!(self, access.record_review(request))?;
        let review = answer.review.unwrap_or_default();
        if self.json {
            return output::say_json("Review", &review);
        }
        reviews(&[review]);
        Ok(())
    }

    async fn list_reviews(&self, limit: i32, page_token: String) -> Result<(), Failure> {
        let request = v1::ListReviewsRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("loggranskning", "")),
            page_size: limit,
            page_token,
        };
        let answer = call!(self, access.list_reviews(request))?;
        if self.json {
            return output::say_json("ListReviewsResponse", &answer);
        }
        reviews(&answer.reviews);
        output::say(&match &answer.reviewed_until {
            Some(until) => format!(
                "Reviewed until {}, last on {}; {} accesses since then.",
                instant(Some(until)),
                instant(answer.last_recorded_at.as_ref()),
                answer.unreviewed
            ),
            None => format!("Never reviewed; {} accesses.", answer.unreviewed),
        });
        more(&answer.next_page_token);
        Ok(())
    }
}

/// Writes what is left to be filled in: a finding for each access that was drawn.
fn draft(
    path: &Path,
    request: v1::SampleAccessesRequest,
    answer: &v1::SampleAccessesResponse,
) -> Result<(), Failure> {
    let drawn = answer.accesses.iter();
    let draft = v1::RecordReviewRequest {
        municipality: request.municipality,
        from: request.from,
        until: request.until,
        size: request.size,
        seed: answer.seed,
        findings: drawn
            .map(|access| v1::ReviewedAccess {
                access: access.name.clone(),
                ..v1::ReviewedAccess::default()
            })
            .collect(),
        ..v1::RecordReviewRequest::default()
    };
    let text = output::value("RecordReviewRequest", &draft)?;
    Ok(crate::pki::write_private(path, &format!("{text:#}\n"))?)
}

fn reviews(reviews: &[v1::Review]) {
    let rows = reviews.iter().map(|it| {
        let investigated = it
            .findings
            .iter()
            .filter(|finding| finding.finding() == v1::AccessFinding::ToBeInvestigated);
        let actor = it.actor.clone().unwrap_or_default();
        vec![
            instant(it.recorded_at.as_ref()),
            actor.officer_id,
            instant(it.from.as_ref()),
            instant(it.until.as_ref()),
            format!("{} of {}", it.findings.len(), it.population),
            investigated.count().to_string(),
        ]
    });
    output::table(
        &[
            "recorded",
            "reviewer",
            "from",
            "until",
            "reviewed",
            "to be investigated",
        ],
        rows.collect(),
    );
}

fn show(accesses: &[v1::Access]) {
    let rows = accesses.iter().map(|it| {
        let actor = it.actor.clone().unwrap_or_default();
        let what = if it.search_term() == v1::SearchTermKind::Unspecified {
            it.subject.clone()
        } else {
            let term = word(it.search_term().as_str_name(), "SEARCH_TERM_KIND_");
            format!("search by {term}: {}", it.found)
        };
        vec![
            instant(it.accessed_at.as_ref()),
            actor.officer_id,
            actor.function,
            actor.case_number,
            actor.purpose,
            it.method.clone(),
            what,
            match it.secrecy() {
                v1::AccessSecrecy::Unspecified | v1::AccessSecrecy::None => String::new(),
                v1::AccessSecrecy::Marked => "marked".to_owned(),
                v1::AccessSecrecy::MarkedRefused => "marked, refused".to_owned(),
            },
        ]
    });
    output::table(
        &[
            "accessed", "officer", "function", "case", "purpose", "method", "what", "secrecy",
        ],
        rows.collect(),
    );
}
