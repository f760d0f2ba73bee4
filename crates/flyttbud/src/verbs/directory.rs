//! Verbs of DirectoryService.

use api::v1;
use clap::{Args, Subcommand};
use domain::municipality::MunicipalityCode;

use super::{Session, call, code, instant, submit};
use crate::cli::Write;
use crate::failure::Failure;
use crate::output;

/// Which municipalities to list.
#[derive(Debug, Args)]
pub(crate) struct Municipalities {
    /// Only those whose name contains this, or the one with this code of four digits
    #[arg(default_value = "")]
    name: String,
    /// Only of this county, two digits
    #[arg(long, default_value = "")]
    county: String,
    /// Also codes that are no longer valid
    #[arg(long)]
    closed: bool,
}

const COLUMNS: [&str; 6] = [
    "code",
    "municipality",
    "county",
    "connected",
    "reached",
    "valid to",
];

fn row(municipality: &v1::Municipality) -> Vec<String> {
    vec![
        code(&municipality.name),
        municipality.display_name.clone(),
        municipality.county.clone(),
        if municipality.connected { "yes" } else { "" }.to_owned(),
        municipality.last_reached_on.clone(),
        municipality.valid_to.clone(),
    ]
}

/// What to do with drills.
#[derive(Debug, Subcommand)]
pub(crate) enum Drills {
    /// Show how a month's drill stands, with the word that was sealed for you
    Show {
        /// The drill's month, YYYY-MM; without it the newest
        #[arg(default_value = "")]
        month: String,
    },
    /// Take a month's drill in by its word: the notice reached you, and you could open it
    Acknowledge {
        /// The drill's month, YYYY-MM
        month: String,
        /// The word that `drill show` shows; capitals, blanks and dashes do not matter
        word: String,
        #[command(flatten)]
        write: Write,
    },
}

impl Session {
    pub(super) async fn drills(&self, verb: Drills) -> Result<(), Failure> {
        match verb {
            Drills::Show { month } => self.drill(month).await,
            Drills::Acknowledge { month, word, write } => {
                self.acknowledge_drill(month, word, &write).await
            }
        }
    }

    async fn drill(&self, month: String) -> Result<(), Failure> {
        let request = v1::GetDrillRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("läsa övning", "")),
            month,
        };
        let answer = call!(self, directory.get_drill(request))?;
        if self.json {
            return output::say_json("GetDrillResponse", &answer);
        }
        let drill = answer.drill.unwrap_or_default();
        let state = super::word(drill.state().as_str_name(), "DRILL_STATE_");
        output::table(
            &["month", "state", "word", "reached"],
            vec![vec![drill.month, state, drill.word, answer.last_reached_on]],
        );
        Ok(())
    }

    async fn acknowledge_drill(
        &self,
        month: String,
        word: String,
        write: &Write,
    ) -> Result<(), Failure> {
        let request = v1::AcknowledgeDrillRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("kvittera övning", "")),
            request_id: write.id(),
            validate_only: write.dry_run,
            month,
            word,
        };
        let answer = submit!(self, directory.acknowledge_drill(request))?;
        if self.json {
            return output::say_json("AcknowledgeDrillResponse", &answer);
        }
        let row = vec!["reached".to_owned(), answer.last_reached_on];
        output::table(&["drill", ""], vec![row]);
        Ok(())
    }

    pub(super) async fn municipalities(&self, verb: Municipalities) -> Result<(), Failure> {
        if MunicipalityCode::parse(&verb.name).is_some() {
            return self.municipality(&verb.name).await;
        }
        let mut request = v1::ListMunicipalitiesRequest {
            page_size: 500,
            page_token: String::new(),
            name_contains: verb.name,
            county_code: verb.county,
            include_closed: verb.closed,
        };
        let mut rows = Vec::new();
        loop {
            let answer = call!(self, directory.list_municipalities(request.clone()))?;
            if self.json {
                for municipality in &answer.municipalities {
                    output::say_json("Municipality", municipality)?;
                }
            }
            rows.extend(answer.municipalities.iter().map(row));
            request.page_token = answer.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        if !self.json {
            output::table(&COLUMNS, rows);
        }
        Ok(())
    }

    async fn municipality(&self, code: &str) -> Result<(), Failure> {
        let request = v1::GetMunicipalityRequest {
            name: format!("municipalities/{code}"),
        };
        let answer = call!(self, directory.get_municipality(request))?;
        let municipality = answer.municipality.unwrap_or_default();
        if self.json {
            return output::say_json("Municipality", &municipality);
        }
        output::table(&COLUMNS, vec![row(&municipality)]);
        Ok(())
    }

    pub(super) async fn whoami(&self) -> Result<(), Failure> {
        let answer = call!(self, directory.who_am_i(v1::WhoAmIRequest {}))?;
        if self.json {
            return output::say_json("WhoAmIResponse", &answer);
        }
        let row = |name: &str, value: String| vec![name.to_owned(), value];
        let municipalities: Vec<String> = answer
            .municipalities
            .iter()
            .map(|name| code(name))
            .collect();
        output::table(
            &["you", ""],
            vec![
                row("organisation", answer.organisation.clone()),
                row("organisation number", answer.organisation_number.clone()),
                row("roles", answer.roles.join(", ")),
                row("may act for", municipalities.join(", ")),
                row("valid until", instant(answer.valid_until.as_ref())),
                row("environment", answer.environment.clone()),
                row("clock", instant(answer.now.as_ref())),
            ],
        );
        super::vendors::show(&answer.grants);
        Ok(())
    }
}
