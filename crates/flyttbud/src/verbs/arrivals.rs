//! Verbs of ArrivalService.

use std::path::{Path, PathBuf};

use api::v1;
use clap::Subcommand;

use super::restrict::say_readings;
use super::{Session, call, code, completed, more, submit, warn, word};
use crate::cli::Write;
use crate::failure::Failure;
use crate::output;

/// What to do with arrivals.
#[derive(Debug, Subcommand)]
pub(crate) enum Arrival {
    /// Report one from a JSON file
    Report {
        /// A `ReportArrivalRequest` as JSON, or - for standard input
        file: PathBuf,
        #[command(flatten)]
        write: Write,
    },
    /// Read one, with its content
    Get {
        /// arrivals/…
        name: String,
    },
    /// List what you reported
    List {
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: i32,
        /// From the answer before
        #[arg(long, default_value = "")]
        page_token: String,
    },
    /// Withdraw a report
    Withdraw {
        /// arrivals/…
        name: String,
        #[command(flatten)]
        write: Write,
    },
}

impl Session {
    pub(super) async fn arrival(&self, verb: Arrival) -> Result<(), Failure> {
        match verb {
            Arrival::Report { file, write } => self.report(&file, &write).await,
            Arrival::Get { name } => {
                let request = v1::GetArrivalRequest {
                    known_at: None,
                    municipality: self.profile.municipality()?,
                    actor: Some(self.profile.actor("läsa ankomst", "")),
                    name,
                    view: v1::View::Full.into(),
                };
                let answer = call!(self, arrivals.get_arrival(request))?;
                self.show_arrival(answer.arrival)?;
                if !self.json {
                    say_readings(&answer.readings, answer.more_readings);
                }
                Ok(())
            }
            Arrival::List { limit, page_token } => {
                let request = v1::ListArrivalsRequest {
                    municipality: self.profile.municipality()?,
                    page_size: limit,
                    page_token,
                    state: 0,
                };
                let answer = call!(self, arrivals.list_arrivals(request))?;
                if self.json {
                    return output::say_json("ListArrivalsResponse", &answer);
                }
                show(&answer.arrivals);
                more(&answer.next_page_token);
                Ok(())
            }
            Arrival::Withdraw { name, write } => {
                let request = v1::WithdrawArrivalRequest {
                    municipality: self.profile.municipality()?,
                    actor: Some(self.profile.actor("återta ankomst", "")),
                    request_id: write.id(),
                    validate_only: write.dry_run,
                    name,
                    etag: String::new(),
                };
                let answer = submit!(self, arrivals.withdraw_arrival(request))?;
                self.show_arrival(answer.arrival)
            }
        }
    }

    async fn report(&self, file: &Path, write: &Write) -> Result<(), Failure> {
        let request = completed!(self, ReportArrivalRequest(file, write, "anmäla ankomst"));
        let answer = submit!(self, arrivals.report_arrival(request))?;
        if self.json {
            return output::say_json("ReportArrivalResponse", &answer);
        }
        warn(&answer.warnings);
        if let Some(dry_run) = &answer.dry_run {
            output::say(&format!(
                "The ground carries. Without an announcement a question would be asked after {}.",
                dry_run.answer_due_on
            ));
            return Ok(());
        }
        show(answer.arrival.as_slice());
        Ok(())
    }

    fn show_arrival(&self, arrival: Option<v1::Arrival>) -> Result<(), Failure> {
        let arrival = arrival.unwrap_or_default();
        if self.json {
            return output::say_json("Arrival", &arrival);
        }
        show(std::slice::from_ref(&arrival));
        if let Some(content) = &arrival.content {
            output::say_content("ArrivalContent", content)?;
        }
        if arrival.exempt {
            output::say("nobody is asked about it");
        }
        Ok(())
    }
}

fn show(arrivals: &[v1::Arrival]) {
    let rows = arrivals
        .iter()
        .map(|it| {
            vec![
                it.name.clone(),
                code(&it.previous_municipality),
                word(it.state().as_str_name(), "ARRIVAL_STATE_"),
                it.arrived_month.clone(),
                it.grace_until.clone(),
                it.relocation.clone(),
            ]
        })
        .collect();
    output::table(
        &[
            "arrival",
            "from",
            "state",
            "arrived",
            "grace until",
            "relocation",
        ],
        rows,
    );
}
