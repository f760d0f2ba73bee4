//! The ledger made anew: rules, read tables, root, digest, and how they compare.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use clap::Args;
use domain::subject::Position;
use journal::SqliteViews;
use journal::views::Snapshot;
use ledger::StateDigest;
use ledgerd::replay::{Rebuild, Replay};
use serde_json::json;
use tempfile::TempDir;
use tlog::tree::{Hash, Head};

use super::source::{Place, ended, unread};
use super::{Progress, tell};
use crate::failure::Failure;
use crate::output;
use crate::verify::{read_checkpoint, read_policy};

/// What to replay, and what must come out.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Place,
    /// Keep the read tables in this new file; without it they are made and thrown away
    #[arg(long)]
    views: Option<PathBuf>,
    /// Leave the read tables out: rules, root and digest only
    #[arg(long, conflicts_with_all = ["views", "compare_views"])]
    no_views: bool,
    /// The read tables of a service, which must be the same, row by row; it may be running: views.sqlite, or
    /// postgresql://user@host/database
    #[arg(long, value_name = "PLACE")]
    compare_views: Option<String>,
    /// The root that must come out, in base64
    #[arg(long, value_parser = root)]
    expect_root: Option<Hash>,
    /// The digest of the state that must come out, in hexadecimal digits
    #[arg(long, value_parser = digest)]
    expect_digest: Option<StateDigest>,
    /// A checkpoint, or a receipt that holds one: its root must be the one at its size
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// Whose signature the checkpoint must have: a policy as in c2sp.org/tlog-policy
    #[arg(long, requires = "checkpoint")]
    policy: Option<PathBuf>,
    /// Print the digest after each so many entries too, to find where two ledgers part
    #[arg(long, value_name = "ENTRIES", value_parser = clap::value_parser!(u64).range(1..))]
    digest_every: Option<u64>,
}

fn root(text: &str) -> Result<Hash, String> {
    Hash::parse(text).ok_or_else(|| "the base64 of 32 bytes is expected".to_owned())
}

fn digest(text: &str) -> Result<StateDigest, String> {
    StateDigest::parse(text).ok_or_else(|| "64 hexadecimal digits are expected".to_owned())
}

pub(super) async fn run(options: Options, json: bool) -> Result<(), Failure> {
    let mut expected = options.expected()?;
    let tables = Tables::begin(&options).await?;
    let mut rebuild = tables.rebuild()?;
    let mut source = options.place.open().await?.whole()?;
    let mut progress = Progress::new("replaying", source.range().1.0);
    let mut replay = Replay::new();
    let started = Instant::now();
    while let Some((position, bytes)) = source.next().await? {
        let entry = replay.take(position, &bytes).map_err(ended)?;
        let every = options.digest_every;
        if every.is_some_and(|every| position.0.is_multiple_of(every)) {
            say_digest(json, position, replay.machine().digest());
        }
        expected.pass(&replay);
        if let Some(rebuild) = rebuild.as_mut().filter(|_| position <= tables.until()) {
            let changes = replay.changes(&entry);
            rebuild.take(entry, changes).await;
        }
        progress.add(1);
    }
    if let Some(rebuild) = rebuild {
        rebuild.finish().await.map_err(unread)?;
    }
    let elapsed = started.elapsed();
    drop(progress);
    expected
        .digests
        .extend(source.end().and_then(|end| end.digest.clone()));
    let mut differences = expected.differences(&replay);
    differences.extend(tables.differences(&replay)?);
    say(json, &replay, elapsed, &differences);
    if differences.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(anyhow!(
        "what came out is not what was expected"
    )))
}

/// What must come out.
struct Expected {
    root: Option<Hash>,
    digests: Vec<String>,
    checkpoint: Option<Head>,
    /// The root at the checkpoint's size, once the replay came there.
    at_checkpoint: Option<Head>,
}

impl Options {
    fn expected(&self) -> Result<Expected, Failure> {
        let checkpoint = self
            .checkpoint
            .as_deref()
            .map(read_checkpoint)
            .transpose()?;
        if let (Some(checkpoint), Some(path)) = (&checkpoint, &self.policy) {
            let policy = read_policy(path)?;
            let signed = checkpoint.verify(&policy);
            let signed = signed.map_err(|refusal| Failure::Failed(refusal.into()))?;
            if !signed.is_quorum_met {
                let few =
                    anyhow!("fewer witnesses than the policy asks for cosigned the checkpoint");
                return Err(Failure::Failed(few));
            }
        }
        Ok(Expected {
            root: self.expect_root,
            digests: self.expect_digest.iter().map(ToString::to_string).collect(),
            checkpoint: checkpoint.map(|checkpoint| checkpoint.checkpoint().head),
            at_checkpoint: None,
        })
    }
}

impl Expected {
    fn pass(&mut self, replay: &Replay) {
        let position = replay.machine().position().0;
        if self
            .checkpoint
            .is_some_and(|expected| expected.size.0 == position)
        {
            self.at_checkpoint = Some(replay.head());
        }
    }

    fn differences(&self, replay: &Replay) -> Vec<String> {
        let (root, digest) = (replay.head().root, replay.machine().digest().to_string());
        let roots = self.root.iter().filter(|expected| **expected != root);
        let digests = self.digests.iter().filter(|expected| **expected != digest);
        let mut differences: Vec<String> = roots
            .map(|expected| format!("the root is {root}, and {expected} was expected"))
            .chain(digests.map(|expected| {
                format!("the state's digest is {digest}, and {expected} was expected")
            }))
            .collect();
        if let Some(expected) = self
            .checkpoint
            .filter(|_| self.at_checkpoint != self.checkpoint)
        {
            let found = self.at_checkpoint.map_or_else(
                || "there are fewer entries".to_owned(),
                |found| format!("the root is {}", found.root),
            );
            let Head { size, root } = expected;
            differences.push(format!(
                "at entry {} {found}, and the checkpoint has {root}",
                size.0
            ));
        }
        if !replay.machine().is_whole() {
            differences.push(
                "the state in memory is not what its digest says: a damaged machine".to_owned(),
            );
        }
        differences
    }
}

/// The read tables that are made, and those that they must be equal to.
struct Tables {
    path: Option<PathBuf>,
    compared: Option<Snapshot>,
    /// Removed when it is dropped.
    _folder: Option<TempDir>,
}

impl Tables {
    async fn begin(options: &Options) -> Result<Self, Failure> {
        let compared = match &options.compare_views {
            Some(place) => Some(options.place.views(place).await?),
            None => None,
        };
        let (path, folder) = match &options.views {
            _ if options.no_views => (None, None),
            Some(path) if path.exists() => {
                return Err(Failure::Usage(anyhow!("'{}' exists", path.display())));
            }
            Some(path) => (Some(path.clone()), None),
            None => {
                let folder = tempfile::tempdir().context("no temporary folder")?;
                (Some(folder.path().join("views.sqlite")), Some(folder))
            }
        };
        Ok(Self {
            path,
            compared,
            _folder: folder,
        })
    }

    /// The position that they are made up to: that of those they are compared with.
    fn until(&self) -> Position {
        self.compared
            .as_ref()
            .map_or(Position(u64::MAX), Snapshot::valid_at)
    }

    fn rebuild(&self) -> Result<Option<Rebuild>, Failure> {
        let Some(path) = &self.path else {
            return Ok(None);
        };
        let views = SqliteViews::open(path).context("read tables cannot be made")?;
        Ok(Some(Rebuild::new(views)))
    }

    fn differences(&self, replay: &Replay) -> Result<Vec<String>, Failure> {
        let (Some(path), Some(compared)) = (&self.path, &self.compared) else {
            return Ok(Vec::new());
        };
        let (ahead, last) = (compared.valid_at(), replay.machine().position());
        if ahead > last {
            let (ahead, last) = (ahead.0, last.0);
            return Ok(vec![format!(
                "the read tables are at {ahead}, the journal ends at {last}"
            )]);
        }
        let differences = compared.differences(path).map_err(unread)?;
        Ok(differences.iter().map(ToString::to_string).collect())
    }
}

fn say_digest(json: bool, position: Position, digest: StateDigest) {
    if json {
        let digest = digest.to_string();
        output::say(&json!({ "position": position.0, "digest": digest }).to_string());
    } else {
        output::say(&format!("{:<12} {digest}", position.0));
    }
}

fn say(json: bool, replay: &Replay, elapsed: Duration, differences: &[String]) {
    let entries = replay.head().size.0;
    let microseconds = elapsed.as_micros().max(1);
    let per_second = u128::from(entries) * 1_000_000 / microseconds;
    tell(
        json,
        &[
            ("entries", json!(entries)),
            ("root", json!(replay.head().root.to_string())),
            ("digest", json!(replay.machine().digest().to_string())),
            ("milliseconds", json!(elapsed.as_millis())),
            ("entries_per_second", json!(per_second)),
            ("memory_mib_max", json!(memory_mib_max())),
            ("as_expected", json!(differences.is_empty())),
        ],
    );
    for difference in differences {
        output::talk(difference);
    }
}

/// The most memory that this process had at once, in MiB; none where the system does not say. Not what `getrusage` tells,
/// which begins with what the process had that started this one.
fn memory_mib_max() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib / 1024)
}
