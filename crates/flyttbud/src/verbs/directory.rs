//! Verbs of DirectoryService.

use api::v1;
use clap::Args;

use super::{Session, call, code, instant};
use crate::failure::Failure;
use crate::output;

/// Which municipalities to list.
#[derive(Debug, Args)]
pub(crate) struct Municipalities {
    /// Only those whose name contains this
    #[arg(default_value = "")]
    name: String,
    /// Only of this county, two digits
    #[arg(long, default_value = "")]
    county: String,
    /// Also codes that are no longer valid
    #[arg(long)]
    closed: bool,
}

impl Session {
    pub(super) async fn municipalities(&self, verb: Municipalities) -> Result<(), Failure> {
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
            rows.extend(answer.municipalities.iter().map(|it| {
                vec![
                    code(&it.name),
                    it.display_name.clone(),
                    it.county.clone(),
                    if it.connected { "yes" } else { "" }.to_owned(),
                    it.valid_to.clone(),
                ]
            }));
            request.page_token = answer.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        if !self.json {
            output::table(
                &["code", "municipality", "county", "connected", "valid to"],
                rows,
            );
        }
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
