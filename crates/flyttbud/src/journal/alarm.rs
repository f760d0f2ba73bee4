//! The alarm of the log: what it says, and the word of an operator that lifts it. It works beside a running service.

use std::sync::Arc;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use journal::Evidence;
use journal::evidence::{EvidenceError, Ground, Lifted, Standing};
use serde_json::{Value, json};

use super::source::{Login, open_log};
use super::tell;
use crate::failure::Failure;

/// Alarms of the past that are shown.
const LIFTED_SHOWN: usize = 20;

/// What to do with the alarm.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Show the alarm that stands, and those that were lifted
    Show(Where),
    /// Lift the alarm that stands: whoever signs goes on, and the reason is kept
    Lift {
        #[command(flatten)]
        place: Where,
        /// Why nothing is wrong any more, for whoever asks later
        #[arg(long)]
        reason: String,
    },
}

/// Where the log is.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// An evidence.sqlite, or postgresql://owner@host/database
    log: String,
    #[command(flatten)]
    login: Login,
}

pub(super) async fn run(verb: Verb, json: bool) -> Result<(), Failure> {
    match verb {
        Verb::Show(place) => show(place.open().await?.as_ref(), json).await,
        Verb::Lift { place, reason } => {
            let reason = reason.trim();
            if reason.is_empty() {
                return Err(Failure::Usage(anyhow!("a reason is expected")));
            }
            lift(place.open().await?.as_ref(), reason, json).await
        }
    }
}

impl Where {
    async fn open(&self) -> Result<Arc<dyn Evidence>, Failure> {
        open_log(&self.log, &self.login).await
    }
}

async fn show(log: &dyn Evidence, json: bool) -> Result<(), Failure> {
    let standing = log.standing().await.map_err(failed)?;
    let lifted = log.lifted(LIFTED_SHOWN).await.map_err(failed)?;
    if json {
        let lifted: Vec<Value> = lifted.iter().map(past).collect();
        let standing = standing.as_ref().map(present);
        tell(
            json,
            &[("alarm", json!(standing)), ("lifted", json!(lifted))],
        );
        return Ok(());
    }
    match standing {
        Some(standing) => tell(json, &facts(&standing)),
        None => tell(json, &[("alarm", json!("none"))]),
    }
    for Lifted {
        text,
        ended_at,
        reason,
        ..
    } in lifted
    {
        let reason = reason.unwrap_or_else(|| "everything agreed again".to_owned());
        tell(
            json,
            &[("lifted", json!(format!("{ended_at}  {text} ({reason})")))],
        );
    }
    Ok(())
}

async fn lift(log: &dyn Evidence, reason: &str, json: bool) -> Result<(), Failure> {
    let standing = log.standing().await.map_err(failed)?;
    let Some(standing) = standing else {
        return Err(Failure::Failed(anyhow!("no alarm stands")));
    };
    let word = Ground::Word(reason);
    if !log.lift(&standing, word).await.map_err(failed)? {
        let other = anyhow!("another alarm was raised meanwhile: look at that one first");
        return Err(Failure::Failed(other));
    }
    tell(
        json,
        &[("lifted", json!(standing.text)), ("reason", json!(reason))],
    );
    Ok(())
}

fn facts(standing: &Standing) -> [(&'static str, Value); 3] {
    let by = if standing.needs_word {
        "an operator's word"
    } else {
        "a start that finds everything in order, or an operator's word"
    };
    [
        ("alarm", json!(standing.text)),
        ("raised_at", json!(standing.raised_at.to_string())),
        ("lifted_by", json!(by)),
    ]
}

fn present(standing: &Standing) -> Value {
    json!({
        "text": standing.text,
        "raised_at": standing.raised_at.to_string(),
        "needs_word": standing.needs_word,
    })
}

fn past(lifted: &Lifted) -> Value {
    json!({
        "text": lifted.text,
        "raised_at": lifted.raised_at.to_string(),
        "lifted_at": lifted.ended_at.to_string(),
        "reason": lifted.reason,
    })
}

fn failed(error: EvidenceError) -> Failure {
    Failure::Failed(error.into())
}
