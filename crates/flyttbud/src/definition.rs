//! `flyttbud definition`: what counts as unannounced, as versioned data.

use api::v1;
use clap::Subcommand;
use client::Client;

use crate::cli::Write;
use crate::definitions;
use crate::failure::{Failure, untold};
use crate::output;

/// What to do with the definition.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Show the one in force
    Show,
    /// Put a new version in force; what is not named stays
    Set {
        /// Days to announce after an arrival was reported
        #[arg(long)]
        grace_days: Option<i32>,
        /// Months before the planned one that still match
        #[arg(long)]
        early_months: Option<i32>,
        /// Months after the planned one that still match
        #[arg(long)]
        late_months: Option<i32>,
        /// Months until a relocation counts as not arrived
        #[arg(long)]
        not_arrived_months: Option<i32>,
        /// Days to answer a question
        #[arg(long)]
        answer_days: Option<i32>,
        /// Days after which a question expires, from the days to answer to 730; 0: never
        #[arg(long)]
        expiry_days: Option<i32>,
        /// Whether each connected municipality gets a drill with each month: true or false
        #[arg(long)]
        drills: Option<bool>,
        #[command(flatten)]
        write: Write,
    },
    /// Replay a journal under another definition, and show what would have been flagged
    Try(definitions::Try),
}

pub(crate) async fn run(client: &Client, json: bool, verb: &Verb) -> Result<(), Failure> {
    let present = client::with_retry(|| {
        let mut service = client.administration();
        async move { service.get_definition(v1::GetDefinitionRequest {}).await }
    })
    .await?
    .definition
    .unwrap_or_default();
    let definition = match verb {
        // main tries without a service
        Verb::Show | Verb::Try(_) => present,
        Verb::Set {
            grace_days,
            early_months,
            late_months,
            not_arrived_months,
            answer_days,
            expiry_days,
            drills,
            write,
        } => {
            let definition = v1::Definition {
                version: present.version + 1,
                grace_days: grace_days.unwrap_or(present.grace_days),
                early_months: early_months.unwrap_or(present.early_months),
                late_months: late_months.unwrap_or(present.late_months),
                not_arrived_months: not_arrived_months.unwrap_or(present.not_arrived_months),
                answer_days: answer_days.unwrap_or(present.answer_days),
                expiry_days: expiry_days.unwrap_or(present.expiry_days),
                drills: drills.unwrap_or(present.drills),
            };
            let request = v1::SetDefinitionRequest {
                request_id: write.id(),
                validate_only: write.dry_run,
                definition: Some(definition),
            };
            let untold = untold(&request.request_id, request.validate_only);
            client::with_retry(|| {
                let (mut service, request) = (client.administration(), request.clone());
                async move { service.set_definition(request).await }
            })
            .await
            .map_err(untold)?
            .definition
            .unwrap_or_default()
        }
    };
    if json {
        return output::say_json("Definition", &definition);
    }
    let row = |name: &str, value: i32| vec![name.to_owned(), value.to_string()];
    output::table(
        &["definition", ""],
        vec![
            row("version", definition.version),
            row("grace days", definition.grace_days),
            row("early months", definition.early_months),
            row("late months", definition.late_months),
            row("not arrived months", definition.not_arrived_months),
            row("answer days", definition.answer_days),
            row("expiry days", definition.expiry_days),
            vec!["drills".to_owned(), definition.drills.to_string()],
        ],
    );
    Ok(())
}
