//! Holding a journal against itself, and against the log that stands beside it. Nothing is changed; what is wrong is
//! said, and no alarm is raised.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use journal::audit::{self, Logged, Table};
use journal::evidence::Fault;
use serde_json::{Value, json};

use super::source::{Login, open_log, open_store, unread};
use super::{Progress, tell};
use crate::failure::Failure;
use crate::output;
use crate::verify::read_policy;

/// A log's file, beside the journal's.
const LOG: &str = "evidence.sqlite";

/// What to verify.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A journal.sqlite, or postgresql://user@host/database
    source: String,
    #[command(flatten)]
    login: Login,
    /// Hold it against its log too, every hash and every checkpoint. A file's log is the evidence.sqlite in the same
    /// folder; a database's is in it
    #[arg(long, requires = "policy")]
    log: bool,
    /// The log's file, when it lies elsewhere
    #[arg(long, value_name = "FILE", requires = "log")]
    log_file: Option<PathBuf>,
    /// Who may have signed the checkpoints: a policy as in c2sp.org/tlog-policy, with every key that the log has had
    #[arg(long, env = "FLYTTBUD_POLICY")]
    policy: Option<PathBuf>,
}

pub(super) async fn run(options: Options, json: bool) -> Result<(), Failure> {
    let trust = options.policy.as_deref().filter(|_| options.log);
    let trust = trust.map(read_policy).transpose()?;
    let mut rows = open_store(&options.source, &options.login).await?;
    let log = match trust {
        Some(policy) => Some((open_log(&options.log()?, &options.login).await?, policy)),
        None => None,
    };
    let edge = rows.edge().await.map_err(unread)?;
    let mut progress = Progress::new("verifying", edge.0);
    let seen = audit::verify(rows.as_mut(), |count| progress.add(count)).await;
    drop(progress);
    let seen = seen.map_err(unread)?;
    let mut facts = facts(&seen);
    let mut wrong: Vec<String> = seen.faults.iter().map(ToString::to_string).collect();
    let mut wrong_count = seen.faults_count;
    if let Some((log, policy)) = log {
        let mut progress = Progress::new("comparing", edge.0);
        let add = |count| progress.add(count);
        let logged = audit::verify_log(rows.as_mut(), log.as_ref(), policy, add).await;
        drop(progress);
        let logged = logged.map_err(unlogged)?;
        let standing = log
            .standing()
            .await
            .map_err(|error| unlogged(error.into()))?;
        facts.extend(facts_of_log(&logged));
        facts.push(("alarm", json!(standing.map(|alarm| alarm.text))));
        if let Some((at, what)) = logged.differs_at().zip(logged.difference) {
            wrong.push(format!("log, entry {}: {what}", at.0));
            wrong_count += 1;
        }
    }
    tell(json, &facts);
    for what in wrong {
        output::talk(&what);
    }
    match wrong_count {
        0 => Ok(()),
        count => Err(Failure::Failed(anyhow!("{count} faults"))),
    }
}

impl Options {
    /// Where the log is.
    fn log(&self) -> Result<String, Failure> {
        let path = match (self.login.database(&self.source), &self.log_file) {
            (Some(_), None) => return Ok(self.source.clone()),
            (Some(_), Some(_)) => {
                let wrong = anyhow!("the log of a database is in it, and in no file");
                return Err(Failure::Usage(wrong));
            }
            (None, Some(given)) => given.clone(),
            (None, None) => Path::new(&self.source).with_file_name(LOG),
        };
        let path = path.into_os_string().into_string();
        path.map_err(|path| Failure::Usage(anyhow!("'{}' is not text", path.display())))
    }
}

/// What was seen of a journal.
pub(super) fn facts(seen: &audit::Verified) -> Vec<(&'static str, Value)> {
    let rows = Table::ALL.into_iter().zip(seen.rows);
    let rows = rows.map(|(table, count)| (table.name(), json!(count)));
    let mut facts = vec![("entries", json!(seen.head.size.0))];
    facts.extend(rows);
    facts.push(("root", json!(seen.head.root.to_string())));
    facts.push(("faults", json!(seen.faults_count)));
    facts
}

fn facts_of_log(seen: &Logged) -> Vec<(&'static str, Value)> {
    let difference = seen.difference.as_ref().map(ToString::to_string);
    vec![
        ("logged", json!(seen.reached.0)),
        ("signed", json!(seen.signed.0)),
        ("agreed", json!(seen.agreed.size.0)),
        ("differs_at", json!(seen.differs_at().map(|at| at.0))),
        ("difference", json!(difference)),
    ]
}

fn unlogged(fault: Fault) -> Failure {
    match fault {
        Fault::Journal(error) => unread(error),
        Fault::Alarm(_) | Fault::Evidence(_) | Fault::Publish(_) => Failure::Failed(fault.into()),
    }
}
