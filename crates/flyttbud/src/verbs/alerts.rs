//! Verbs of AlertService.

use api::v1;
use clap::Subcommand;

use super::restrict::{Redaction, say_readings};
use super::{Session, call, code, code_of, completed, instant, more, refused, submit, word};
use crate::cli::Write;
use crate::failure::Failure;
use crate::output;

/// States as they are written here.
const STATES: [&str; 4] = ["open", "acknowledged", "answered", "closed"];

/// Reasons that operators give, as they are written here.
const CLOSE_REASONS: [&str; 9] = [
    "announced-late",
    "arrival-withdrawn",
    "own-clear-wish",
    "placement-decision",
    "other-actor",
    "wrong-person",
    "confirmed-unannounced",
    "not-confirmed",
    "technical",
];

/// What to do with alerts.
#[derive(Debug, Subcommand)]
pub(crate) enum Alerts {
    /// Show alerts as they change; operators see the alarm of the log, too
    Watch {
        /// Changes after this position
        #[arg(long, default_value_t = 0)]
        after: i64,
    },
    /// List alerts, newest first; operators see the alarm of the log, too
    List {
        /// Only those in this state
        #[arg(long, value_parser = STATES)]
        state: Option<String>,
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: i32,
        /// From the answer before
        #[arg(long, default_value = "")]
        page_token: String,
    },
    /// Show one; a party sees the question
    Show {
        /// alerts/…
        name: String,
    },
    /// Answer a question to your municipality, with a JSON file for ground and text
    Answer {
        /// An `AnswerAlertRequest` as JSON, or - for standard input
        file: std::path::PathBuf,
        #[command(flatten)]
        write: Write,
    },
    /// Dispute a question to your municipality
    Dispute {
        /// alerts/…
        name: String,
        /// Why
        text: String,
        /// A `LegalGround` as JSON: the ground for telling what the text tells
        #[arg(long)]
        ground: std::path::PathBuf,
        #[command(flatten)]
        write: Write,
    },
    /// End a question to your municipality, and what you told, for whoever asked
    Redact(Redaction),
    /// Operator: you are on it
    Ack {
        /// alerts/…
        name: String,
        #[command(flatten)]
        write: Write,
    },
    /// Operator: give it to a colleague
    Assign {
        /// alerts/…
        name: String,
        /// Who takes over
        assignee: String,
        #[command(flatten)]
        write: Write,
    },
    /// Operator: comment
    Comment {
        /// alerts/…
        name: String,
        /// About the handling, never about a person
        text: String,
        #[command(flatten)]
        write: Write,
    },
    /// Operator: close it
    Close {
        /// alerts/…
        name: String,
        /// Why; `technical` is for a chain that differed or an inbox that is silent
        #[arg(long, value_parser = CLOSE_REASONS)]
        reason: String,
        #[command(flatten)]
        write: Write,
    },
}

impl Session {
    pub(super) async fn alerts(&self, verb: Alerts) -> Result<(), Failure> {
        match verb {
            Alerts::Watch { after } => self.watch_alerts(after).await,
            Alerts::List {
                state,
                limit,
                page_token,
            } => {
                let wanted = state.map(|state| code_of(&state, "ALERT_STATE_"));
                let state = wanted.and_then(|name| v1::AlertState::from_str_name(&name));
                self.list_alerts(state.unwrap_or_default(), limit, page_token)
                    .await
            }
            Alerts::Show { name } => self.show_alert(name).await,
            Alerts::Answer { file, write } => {
                let request = completed!(
                    self,
                    AnswerAlertRequest(&file, &write, "handlägga avvikelse")
                );
                self.answered(submit!(self, alerts.answer_alert(request))?.alert)
            }
            Alerts::Dispute {
                name,
                text,
                ground,
                write,
            } => {
                let request = v1::DisputeAlertRequest {
                    municipality: self.profile.municipality()?,
                    actor: Some(self.officer()),
                    request_id: write.id(),
                    validate_only: write.dry_run,
                    name,
                    etag: String::new(),
                    text,
                    legal_ground: Some(super::request("LegalGround", &ground)?),
                };
                self.answered(submit!(self, alerts.dispute_alert(request))?.alert)
            }
            Alerts::Redact(verb) => self.redact_alert(verb).await,
            operators @ (Alerts::Ack { .. }
            | Alerts::Assign { .. }
            | Alerts::Comment { .. }
            | Alerts::Close { .. }) => self.operate(operators).await,
        }
    }

    async fn redact_alert(&self, verb: Redaction) -> Result<(), Failure> {
        let request = v1::RedactAlertRequest {
            municipality: self.profile.municipality()?,
            actor: Some(self.profile.actor("avsluta för den andra parten", "")),
            request_id: verb.write.id(),
            validate_only: verb.write.dry_run,
            name: verb.name,
            etag: String::new(),
            text: verb.text,
            whole_person: verb.whole_person,
        };
        let answer = submit!(self, alerts.redact_alert(request))?;
        if self.json {
            return output::say_json("RedactAlertResponse", &answer);
        }
        say_readings(&answer.readings, answer.more_readings);
        self.answered(answer.alert)
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the parties' verbs are handled before"
    )]
    async fn operate(&self, verb: Alerts) -> Result<(), Failure> {
        let actor = Some(self.officer());
        let etag = String::new();
        let alert = match verb {
            Alerts::Ack { name, write } => {
                let (request_id, validate_only) = (write.id(), write.dry_run);
                let request = v1::AcknowledgeAlertRequest {
                    actor,
                    request_id,
                    validate_only,
                    name,
                    etag,
                };
                submit!(self, alerts.acknowledge_alert(request))?.alert
            }
            Alerts::Assign {
                name,
                assignee,
                write,
            } => {
                let (request_id, validate_only) = (write.id(), write.dry_run);
                let request = v1::AssignAlertRequest {
                    actor,
                    request_id,
                    validate_only,
                    name,
                    etag,
                    assignee,
                };
                submit!(self, alerts.assign_alert(request))?.alert
            }
            Alerts::Comment { name, text, write } => {
                let (request_id, validate_only) = (write.id(), write.dry_run);
                let request = v1::CommentOnAlertRequest {
                    actor,
                    request_id,
                    validate_only,
                    name,
                    etag,
                    text,
                };
                submit!(self, alerts.comment_on_alert(request))?.alert
            }
            Alerts::Close {
                name,
                reason,
                write,
            } => {
                let (request_id, validate_only) = (write.id(), write.dry_run);
                let known = v1::CloseReason::from_str_name(&code_of(&reason, "CLOSE_REASON_"));
                let reason = known.unwrap_or_default().into();
                let request = v1::CloseAlertRequest {
                    actor,
                    request_id,
                    validate_only,
                    name,
                    etag,
                    reason,
                };
                submit!(self, alerts.close_alert(request))?.alert
            }
            _ => None,
        };
        self.answered(alert)
    }

    fn officer(&self) -> v1::Actor {
        self.profile.actor("handlägga avvikelse", "")
    }

    fn answered(&self, alert: Option<v1::Alert>) -> Result<(), Failure> {
        let alert = alert.unwrap_or_default();
        if self.json {
            return output::say_json("Alert", &alert);
        }
        show(&[alert]);
        Ok(())
    }

    async fn list_alerts(
        &self,
        state: v1::AlertState,
        limit: i32,
        page_token: String,
    ) -> Result<(), Failure> {
        let request = v1::ListAlertsRequest {
            municipality: self.profile.viewer(),
            page_size: limit,
            page_token,
            state: state.into(),
        };
        let answer = call!(self, alerts.list_alerts(request))?;
        if self.json {
            return output::say_json("ListAlertsResponse", &answer);
        }
        if let Some(alarm) = &answer.log_alarm {
            output::say(&alarmed(alarm));
        }
        show(&answer.alerts);
        more(&answer.next_page_token);
        Ok(())
    }

    async fn show_alert(&self, name: String) -> Result<(), Failure> {
        let request = v1::GetAlertRequest {
            known_at: None,
            municipality: self.profile.viewer(),
            actor: Some(self.officer()),
            name,
            view: v1::View::Full.into(),
        };
        let answer = call!(self, alerts.get_alert(request))?;
        let alert = answer.alert.unwrap_or_default();
        if self.json {
            return output::say_json("Alert", &alert);
        }
        say_readings(&answer.readings, answer.more_readings);
        show(std::slice::from_ref(&alert));
        for comment in &alert.comments {
            output::say(&format!(
                "{}  {}: {}",
                instant(comment.recorded_at.as_ref()),
                comment.officer_id,
                comment.text
            ));
        }
        for (what, text) in [
            ("answer", &alert.answer_text),
            ("dispute", &alert.dispute_text),
        ] {
            if !text.is_empty() {
                output::say(&format!("{what}: {text}"));
            }
        }
        if let Some(question) = &alert.question {
            output::say_content("ArrivalContent", question)?;
        }
        Ok(())
    }

    async fn watch_alerts(&self, mut after: i64) -> Result<(), Failure> {
        let mut alarm = String::new();
        loop {
            let request = v1::WatchAlertsRequest {
                municipality: self.profile.viewer(),
                after_position: after,
            };
            let stream = match self.client.alerts().watch_alerts(request).await {
                Ok(stream) => stream,
                // a server that restarts is back soon
                Err(status) if status.code() == client::tonic::Code::Unavailable => {
                    output::talk("the service is not reachable; trying again");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    continue;
                }
                Err(status) => return Err(refused(status)),
            };
            let mut stream = stream.into_inner();
            loop {
                match stream.message().await {
                    Ok(Some(message)) => {
                        after = message.position;
                        for line in self.changes(&message, &mut alarm)? {
                            if !output::is_heard(&line) {
                                return Ok(());
                            }
                        }
                    }
                    Ok(None) => break,
                    Err(status) if status.code() == client::tonic::Code::Unavailable => break,
                    Err(status) => return Err(refused(status)),
                }
            }
            output::talk(&format!("the stream ended; continuing after {after}"));
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }

    /// What a message of the stream tells that was not told before. `alarm` is what the alarm says that was told last.
    fn changes(
        &self,
        message: &v1::WatchAlertsResponse,
        alarm: &mut String,
    ) -> Result<Vec<String>, Failure> {
        let mut lines = Vec::new();
        let standing = message.log_alarm.as_ref();
        let said = standing.map_or("", |standing| standing.text.as_str());
        if said != alarm {
            said.clone_into(alarm);
            lines.push(match standing {
                _ if self.json => {
                    let value = standing.map(|alarm| output::value("LogAlarm", alarm));
                    serde_json::json!({ "logAlarm": value.transpose()? }).to_string()
                }
                Some(standing) => alarmed(standing),
                None => "the alarm is lifted".to_owned(),
            });
        }
        if let Some(alert) = &message.alert {
            lines.push(if self.json {
                output::json("Alert", alert)?
            } else {
                row(alert).join("  ")
            });
        }
        Ok(lines)
    }
}

/// An alarm, for people.
fn alarmed(alarm: &v1::LogAlarm) -> String {
    let lifted = if alarm.needs_word {
        "an operator lifts it"
    } else {
        "a start that finds everything in order lifts it, or an operator"
    };
    format!(
        "ALARM since {}: {}; nothing is signed; {lifted} (docs/errors/E0020.md)",
        instant(alarm.raised_at.as_ref()),
        alarm.text
    )
}

fn row(it: &v1::Alert) -> Vec<String> {
    let mut state = word(it.state().as_str_name(), "ALERT_STATE_");
    if it.disputed {
        state.push_str(", disputed");
    }
    let reason = match (it.close_reason(), it.answer()) {
        (v1::CloseReason::Unspecified, v1::AnswerCode::Unspecified) => String::new(),
        (v1::CloseReason::Unspecified, answer) => word(answer.as_str_name(), "ANSWER_CODE_"),
        (v1::CloseReason::AnnouncedLate, _) => format!("announced {} days late", it.late_days),
        (reason, _) => word(reason.as_str_name(), "CLOSE_REASON_"),
    };
    vec![
        it.name.clone(),
        word(it.kind().as_str_name(), "ALERT_KIND_"),
        state,
        format!(
            "{} asks {}",
            code(&it.asking_municipality),
            code(&it.asked_municipality)
        ),
        it.answer_due_on.clone(),
        reason,
        it.assignee.clone(),
    ]
}

fn show(alerts: &[v1::Alert]) {
    output::table(
        &[
            "alert",
            "question",
            "state",
            "who",
            "answer by",
            "reason",
            "assignee",
        ],
        alerts.iter().map(row).collect(),
    );
}
