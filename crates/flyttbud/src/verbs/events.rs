//! Verbs of the population register's feed.

use std::path::{Path, PathBuf};

use api::v1;
use clap::Subcommand;

use super::{Session, call, instant, more, read, refused, word};
use crate::failure::Failure;
use crate::output;

/// Events in one stream, as the service takes them.
const STREAM_EVENTS_MAX: usize = 1000;

/// What to do with events of the population register.
#[derive(Debug, Subcommand)]
pub(crate) enum Events {
    /// Tell events, as the municipality's register feed, or ask with those of your clients (`ongoingInvolvement`), as its
    /// case system with --dry-run; each is answered for itself
    Import {
        /// A file of `RegisterEvent` as JSON, one a line, or - for standard input
        file: PathBuf,
        /// Check every event, store nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// List the events that are kept because the service does not understand them yet
    Quarantine {
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: i32,
        /// From the answer before
        #[arg(long, default_value = "")]
        page_token: String,
    },
}

impl Session {
    pub(super) async fn events(&self, verb: Events) -> Result<(), Failure> {
        match verb {
            Events::Import { file, dry_run } => self.import(&file, dry_run).await,
            Events::Quarantine { limit, page_token } => {
                let request = v1::ListQuarantinedEventsRequest {
                    municipality: self.profile.municipality()?,
                    page_size: limit,
                    page_token,
                };
                let answer = call!(self, arrivals.list_quarantined_events(request))?;
                if self.json {
                    return output::say_json("ListQuarantinedEventsResponse", &answer);
                }
                let rows = answer.events.iter().map(|it| {
                    vec![
                        it.name.clone(),
                        it.source_id.clone(),
                        instant(it.received_at.as_ref()),
                        it.reason.clone(),
                        it.field.clone(),
                        it.code.clone(),
                    ]
                });
                output::table(
                    &["event", "source id", "received", "reason", "field", "code"],
                    rows.collect(),
                );
                more(&answer.next_page_token);
                Ok(())
            }
        }
    }

    async fn import(&self, file: &Path, dry_run: bool) -> Result<(), Failure> {
        let events = events(&read(file)?).map_err(Failure::Usage)?;
        let municipality = self.profile.municipality()?;
        let actor = self.profile.actor("utreda oanmäld flytt", "");
        let mut results = Vec::with_capacity(events.len());
        // an event that is told twice is nothing new: whoever is interrupted begins again
        for part in events.chunks(STREAM_EVENTS_MAX) {
            let request = |event: &v1::RegisterEvent| v1::ImportRegisterEventsRequest {
                municipality: municipality.clone(),
                validate_only: dry_run,
                event: Some(event.clone()),
                actor: event.ongoing_involvement.then(|| actor.clone()),
            };
            let requests: Vec<_> = part.iter().map(request).collect();
            let mut arrivals = self.client.arrivals();
            let answer = arrivals.import_register_events(tokio_stream::iter(requests));
            results.extend(answer.await.map_err(refused)?.into_inner().results);
        }
        if self.json {
            for result in &results {
                output::say_json("RegisterEventResult", result)?;
            }
            return Ok(());
        }
        let shown = results.iter().map(|it| {
            let outcome = word(it.outcome().as_str_name(), "REGISTER_EVENT_OUTCOME_");
            vec![
                it.source_id.clone(),
                outcome,
                it.reason.clone(),
                it.field.clone(),
            ]
        });
        output::table(
            &["source id", "outcome", "reason", "field"],
            shown.collect(),
        );
        for line in results.iter().flat_map(unannounced) {
            output::say(&line);
        }
        Ok(())
    }
}

/// What is asked of the municipality itself, and what it does about that; nothing when nothing is.
fn unannounced(result: &v1::RegisterEventResult) -> Vec<String> {
    let Some(v1::UnannouncedMove {
        registered_in,
        since,
    }) = &result.unannounced_move
    else {
        return Vec::new();
    };
    vec![
        format!(
            "{}: your client is registered in {registered_in} since {since}, and you announced no move there.",
            result.source_id
        ),
        "  Announce it (flyttbud register FILE), or note in the case why nothing has to be announced. Nobody else was told."
            .to_owned(),
    ]
}

fn events(text: &str) -> anyhow::Result<Vec<v1::RegisterEvent>> {
    let lines = (1..).zip(text.lines());
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let event = output::from_json("RegisterEvent", line);
            // the line itself is about a person
            event.map_err(|_text| anyhow::anyhow!("line {number} is no RegisterEvent as JSON"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unannounced_move_is_two_lines_and_everything_else_none() {
        let mut result = v1::RegisterEventResult {
            source_id: "navet-1".to_owned(),
            ..v1::RegisterEventResult::default()
        };
        assert_eq!(unannounced(&result), Vec::<String>::new());
        result.unannounced_move = Some(v1::UnannouncedMove {
            registered_in: "municipalities/2283".to_owned(),
            since: "2026-11-02".to_owned(),
        });
        assert_eq!(
            unannounced(&result),
            [
                "navet-1: your client is registered in municipalities/2283 since 2026-11-02, and you announced no move there.",
                "  Announce it (flyttbud register FILE), or note in the case why nothing has to be announced. Nobody else was told.",
            ]
        );
        let json = output::json("RegisterEventResult", &result).expect("JSON");
        assert!(json.contains("unannouncedMove"), "{json}");
    }
}
