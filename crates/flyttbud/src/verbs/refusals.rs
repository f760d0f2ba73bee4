//! The refusals of DirectoryService.

use api::v1;
use clap::Args;

use super::{Session, call, instant, more};
use crate::failure::Failure;
use crate::output;

/// Which refusals to show.
#[derive(Debug, Args)]
pub(crate) struct Refusals {
    /// Count those of all by reason, as operator
    #[arg(long)]
    count: bool,
    /// At most this many
    #[arg(long, default_value_t = 50, conflicts_with = "count")]
    limit: i32,
    /// From the answer before
    #[arg(long, default_value = "", conflicts_with = "count")]
    page_token: String,
}

impl Session {
    pub(super) async fn refusals(&self, verb: Refusals) -> Result<(), Failure> {
        if verb.count {
            return self.count_refusals().await;
        }
        let request = v1::ListRefusalsRequest {
            municipality: self.profile.municipality()?,
            page_size: verb.limit,
            page_token: verb.page_token,
        };
        let answer = call!(self, directory.list_refusals(request))?;
        if self.json {
            return output::say_json("ListRefusalsResponse", &answer);
        }
        let rows = answer.refusals.iter().map(|it| {
            vec![
                instant(it.refused_at.as_ref()),
                it.method.clone(),
                it.reason.clone(),
                it.fields.join(" "),
                it.call_id.clone(),
            ]
        });
        output::table(
            &["refused", "method", "reason", "fields", "call"],
            rows.collect(),
        );
        more(&answer.next_page_token);
        Ok(())
    }

    async fn count_refusals(&self) -> Result<(), Failure> {
        let request = v1::CountRefusalsRequest {};
        let answer = call!(self, directory.count_refusals(request))?;
        if self.json {
            return output::say_json("CountRefusalsResponse", &answer);
        }
        let rows = answer
            .counts
            .iter()
            .map(|it| vec![it.reason.clone(), it.count.to_string()]);
        output::table(&["reason", "refusals"], rows.collect());
        Ok(())
    }
}
