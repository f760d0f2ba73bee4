//! Writing a journal into a file, and checking such a file.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use domain::subject::Position;
use journal::export::{End, ExportError, Head, Writer};
use ledgerd::replay::{self, Replay};
use serde_json::json;
use tempfile::NamedTempFile;

use super::source::{Place, damaged, ended, open_export};
use super::{Progress, tell};
use crate::failure::Failure;

/// What to export, and where to.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Place,
    /// The file to make; one that exists is never overwritten
    file: PathBuf,
    /// The first entry
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    from: u64,
    /// The last entry; without it, the newest
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    to: Option<u64>,
    /// Whose journal it is, for instance the name of its log
    #[arg(long, default_value = "")]
    origin: String,
    /// Leave the state's digest out: then the memory that is needed does not grow with the journal
    #[arg(long)]
    no_digest: bool,
}

/// What to check.
#[derive(Debug, Args)]
pub(crate) struct Checked {
    /// An export
    file: PathBuf,
    /// Leave the rules out: entries are not replayed, only read
    #[arg(long)]
    no_digest: bool,
}

pub(super) async fn run(options: Options, json: bool) -> Result<(), Failure> {
    let mut source = options.place.open().await?;
    let head = head(&options, source.range())?;
    let file = begin(&options.file)?;
    let is_digested = head.first == Position(1) && !options.no_digest;
    let mut replay = is_digested.then(Replay::new);
    source.skip_to(Position(head.first.0 - 1));
    let mut progress = Progress::new("exporting", head.entries());
    let mut writer =
        Writer::begin(BufWriter::new(file.as_file()), head.clone()).map_err(damaged)?;
    while let Some((position, bytes)) = source.next().await? {
        if position > head.last {
            break;
        }
        if position < head.first {
            continue;
        }
        if let Some(replay) = &mut replay {
            replay.take(position, &bytes).map_err(ended)?;
        }
        writer.put(position, &bytes).map_err(damaged)?;
        progress.add(1);
    }
    let digest = replay.map(|replay| replay.machine().digest().to_string());
    let (_, end) = writer.end(digest).map_err(damaged)?;
    drop(progress);
    keep(file, &options.file)?;
    say(json, &head, &end);
    Ok(())
}

/// What is exported of a journal with these entries.
fn head(options: &Options, (first, last): (Position, Position)) -> Result<Head, Failure> {
    let head = Head {
        origin: options.origin.clone(),
        first: Position(options.from),
        last: options.to.map_or(last, Position),
    };
    // only a journal without entries is exported as none
    let is_backwards = head.first > head.last.max(Position(1));
    if head.first < first || head.last > last || is_backwards {
        let (from, to) = (first.0, last.0);
        return Err(Failure::Usage(anyhow!("it has the entries {from} to {to}")));
    }
    Ok(head)
}

/// A file beside the one that it will be, which only its owner may read.
fn begin(path: &Path) -> Result<NamedTempFile, Failure> {
    if path.exists() {
        return Err(Failure::Usage(anyhow!("'{}' exists", path.display())));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
        .with_context(|| format!("'{}' cannot be made", path.display()))
        .map_err(Failure::Usage)
}

/// Now it is whole: on the disk, and under its name.
fn keep(file: NamedTempFile, path: &Path) -> anyhow::Result<()> {
    file.as_file().sync_all()?;
    file.persist_noclobber(path)
        .with_context(|| format!("'{}' cannot be made", path.display()))?;
    Ok(())
}

pub(super) fn check(checked: &Checked, json: bool) -> Result<(), Failure> {
    let mut reader = open_export(&checked.file)?;
    let head = reader.head().clone();
    let is_digested = head.first == Position(1) && !checked.no_digest;
    let mut replay = is_digested.then(Replay::new);
    let mut progress = Progress::new("checking", head.entries());
    while let Some((position, bytes)) = reader.next().map_err(damaged)? {
        match &mut replay {
            Some(replay) => replay.take(position, &bytes),
            None => replay::read(position, &bytes),
        }
        .map_err(ended)?;
        progress.add(1);
    }
    drop(progress);
    let Some(end) = reader.end() else {
        return Err(damaged(ExportError::End));
    };
    let digest = replay.map(|replay| replay.machine().digest().to_string());
    if let (Some(digest), Some(told)) = (&digest, &end.digest)
        && digest != told
    {
        return Err(Failure::Failed(anyhow!(
            "the ledger's state after it is {digest}, and the export says {told}"
        )));
    }
    say(json, &head, end);
    Ok(())
}

fn say(json: bool, head: &Head, end: &End) {
    tell(
        json,
        &[
            ("origin", json!(head.origin)),
            ("first", json!(head.first.0)),
            ("last", json!(head.last.0)),
            ("entries", json!(end.entries)),
            ("root", json!(end.root.to_string())),
            ("digest", json!(end.digest)),
        ],
    );
}
