//! Going through a journal entry by entry: what it says, and what the ledger makes of it.

mod words;

use std::collections::BTreeSet;

use anyhow::anyhow;
use clap::Args;
use domain::entry::{Entry, Event};
use domain::subject::{Subject, SubjectKind};
use ledger::Machine;
use ledgerd::replay::{self, Replay};
use serde::Serialize;

use super::source::{Place, ended};
use crate::failure::Failure;
use crate::output;

/// Which entries to show.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Place,
    /// Only what is about this relocation: relocations/…
    #[arg(long)]
    relocation: Option<String>,
    /// Only what is about this arrival: arrivals/…
    #[arg(long)]
    arrival: Option<String>,
    /// Only what is about this alert: alerts/…
    #[arg(long)]
    alert: Option<String>,
    /// The first entry to show
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// The last entry to show; without it, the newest
    #[arg(long)]
    to: Option<u64>,
}

/// An entry, and what it changed.
#[derive(Debug, Serialize)]
struct Step {
    position: u64,
    recorded_at: String,
    subject: String,
    version: u32,
    what: String,
    /// States that are others than before.
    changed: Vec<Changed>,
    /// Deadlines that are there since.
    deadlines_set: Vec<Deadline>,
    /// Deadlines that passed, or are of no concern any more.
    deadlines_gone: Vec<Deadline>,
    /// What must be appended because of it.
    findings: Vec<String>,
    notices: Vec<Told>,
    /// The state's digest after it.
    digest: String,
}

#[derive(Debug, Serialize)]
struct Changed {
    subject: String,
    before: Option<String>,
    after: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Deadline {
    due_at: String,
    subject: String,
}

#[derive(Debug, Serialize)]
struct Told {
    recipient: String,
    number: u64,
    kind: &'static str,
}

pub(super) async fn run(options: Options, json: bool) -> Result<(), Failure> {
    let about = options.about()?;
    let to = options.to.unwrap_or(u64::MAX);
    let mut source = options.place.open().await?.whole()?;
    let mut replay = Replay::new();
    let mut is_found = false;
    while let Some((position, bytes)) = source.next().await? {
        if position.0 > to {
            break;
        }
        let entry = replay::read(position, &bytes).map_err(ended)?;
        let machine = replay.machine();
        let touched = touched(machine, &entry);
        let is_meant = about.is_empty() || about.iter().any(|subject| touched.contains(subject));
        if position.0 < options.from || !is_meant {
            replay.apply(&entry, &bytes).map_err(ended)?;
            continue;
        }
        let before = Seen::of(machine, &touched);
        replay.apply(&entry, &bytes).map_err(ended)?;
        let after = Seen::of(replay.machine(), &touched);
        let step = Step::new(&entry, before, after, replay.machine());
        is_found = true;
        let said = if json {
            let text = serde_json::to_string(&step);
            text.map_err(|error| Failure::Failed(error.into()))?
        } else {
            step.words()
        };
        if !output::is_heard(&said) {
            return Ok(());
        }
    }
    if is_found {
        return Ok(());
    }
    Err(Failure::Failed(anyhow!("it has no such entry")))
}

impl Options {
    fn about(&self) -> Result<Vec<Subject>, Failure> {
        let named = [
            (SubjectKind::Relocation, &self.relocation),
            (SubjectKind::Arrival, &self.arrival),
            (SubjectKind::Alert, &self.alert),
        ];
        let named = named
            .into_iter()
            .filter_map(|(kind, name)| Some((kind, name.as_ref()?)));
        named
            .map(|(kind, name)| {
                Subject::parse(kind, name).ok_or_else(|| {
                    Failure::Usage(anyhow!("'{name}' is not one of {}", kind.collection()))
                })
            })
            .collect()
    }
}

/// What an entry is about, whatever else it names, and whatever is due by it.
fn touched(machine: &Machine, entry: &Entry) -> BTreeSet<Subject> {
    let mut touched = BTreeSet::from([entry.subject]);
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other kinds name nothing else"
    )]
    let named = match &entry.event {
        Event::TimePassed { now } => {
            touched.extend(machine.due(*now).map(|(_, subject)| subject));
            None
        }
        Event::ArrivalMatched { relocation } => Some(Subject::relocation(*relocation)),
        Event::RelocationArrived { arrival } => Some(Subject::arrival(*arrival)),
        Event::AlertRaised { arrival, .. } => arrival.map(Subject::arrival),
        _ => None,
    };
    touched.extend(named);
    if entry.subject.kind == SubjectKind::Alert {
        let about = machine
            .alert(entry.subject.id)
            .and_then(|alert| alert.arrival);
        touched.extend(about.map(Subject::arrival));
    }
    touched
}

/// What a machine knows of some subjects, and what it finds.
struct Seen {
    states: Vec<(Subject, Option<String>)>,
    deadlines: BTreeSet<Deadline>,
    findings: BTreeSet<String>,
}

impl Seen {
    fn of(machine: &Machine, subjects: &BTreeSet<Subject>) -> Self {
        let states = subjects
            .iter()
            .map(|subject| (*subject, words::state(machine, *subject)));
        let deadline = |subject: &Subject| {
            let due_at = machine.deadline(*subject)?;
            Some(Deadline {
                due_at: due_at.to_string(),
                subject: subject.to_string(),
            })
        };
        Self {
            states: states.collect(),
            deadlines: subjects.iter().filter_map(deadline).collect(),
            findings: machine.findings().iter().map(words::finding).collect(),
        }
    }
}

impl Step {
    fn new(entry: &Entry, before: Seen, after: Seen, machine: &Machine) -> Self {
        let states = before.states.into_iter().zip(after.states);
        let changed = states.filter(|((_, before), (_, after))| before != after);
        let told = entry.notices.iter().map(|notice| Told {
            recipient: notice.recipient.to_string(),
            number: notice.number.0,
            kind: words::notice(notice.kind),
        });
        Self {
            position: entry.position.0,
            recorded_at: entry.recorded_at.to_string(),
            subject: words::subject(entry.subject),
            version: entry.version.0,
            what: words::event(&entry.event),
            changed: changed
                .map(|((subject, before), (_, after))| Changed {
                    subject: subject.to_string(),
                    before,
                    after: after.unwrap_or_default(),
                })
                .collect(),
            deadlines_set: after
                .deadlines
                .difference(&before.deadlines)
                .cloned()
                .collect(),
            deadlines_gone: before
                .deadlines
                .difference(&after.deadlines)
                .cloned()
                .collect(),
            findings: after
                .findings
                .difference(&before.findings)
                .cloned()
                .collect(),
            notices: told.collect(),
            digest: machine.digest().to_string(),
        }
    }

    /// The entry in one line, then each change in its own.
    fn words(&self) -> String {
        let mut lines = vec![format!(
            "{}  {}  {} version {}: {}",
            self.position, self.recorded_at, self.subject, self.version, self.what
        )];
        for Changed {
            subject,
            before,
            after,
        } in &self.changed
        {
            let before = before.as_deref().unwrap_or("new");
            lines.push(format!("    {subject}: {before} → {after}"));
        }
        for Deadline { due_at, subject } in &self.deadlines_gone {
            lines.push(format!("    - deadline {due_at} of {subject}"));
        }
        for Deadline { due_at, subject } in &self.deadlines_set {
            lines.push(format!("    + deadline {due_at} of {subject}"));
        }
        for finding in &self.findings {
            lines.push(format!("    must follow: {finding}"));
        }
        for Told {
            recipient,
            number,
            kind,
        } in &self.notices
        {
            lines.push(format!("    notice {number} to {recipient}: {kind}"));
        }
        lines.join("\n")
    }
}
