//! `flyttbud clock`: moves the record's clock, outside production.

use api::time::from_wire;
use api::v1;
use clap::Subcommand;
use client::Client;

use crate::cli::Write;
use crate::failure::{Failure, untold};
use crate::output;

/// What to do with the clock.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Move it forward
    Advance {
        /// Days
        #[arg(long, default_value_t = 0)]
        days: i64,
        /// Hours
        #[arg(long, default_value_t = 0)]
        hours: i64,
        #[command(flatten)]
        write: Write,
    },
}

pub(crate) async fn run(client: &Client, json: bool, verb: &Verb) -> Result<(), Failure> {
    let Verb::Advance { days, hours, write } = verb;
    let request = v1::AdvanceClockRequest {
        request_id: write.id(),
        validate_only: write.dry_run,
        seconds: days
            .saturating_mul(86_400)
            .saturating_add(hours.saturating_mul(3_600)),
    };
    let untold = untold(&request.request_id, request.validate_only);
    let answer = client::with_retry(|| {
        let (mut service, request) = (client.administration(), request.clone());
        async move { service.advance_clock(request).await }
    })
    .await
    .map_err(untold)?;
    if json {
        return output::say_json("AdvanceClockResponse", &answer);
    }
    let now = answer
        .now
        .as_ref()
        .and_then(from_wire)
        .map(|now| now.to_string());
    output::say(&format!("the clock is {}", now.unwrap_or_default()));
    Ok(())
}
