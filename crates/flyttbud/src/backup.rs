//! `flyttbud backup`: copies of an embedded service's files, made while it runs, checked, and there only when whole.
//! The key store goes to a place of its own: its copies must not live as long as those of the record.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, ensure};
use clap::Args;
use daemon::Config;
use daemon::config::{Kind, RootFiles, Service};
use journal::audit::{self, SqliteRows, Verified};
use journal::backup::copy_file;
use serde_json::json;
use tempfile::TempDir;
use vault::copy::Place;
use vault::{Backup, RootKeys};

use crate::failure::Failure;
use crate::journal::tell;
use crate::output;

/// What to copy, and where to.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The configuration file of `flyttbud serve`
    #[arg(long, default_value = "flyttbud-serve.toml")]
    config: PathBuf,
    /// The folder to make for the record and its log
    #[arg(long)]
    record: PathBuf,
    /// The folder to make for the key store: on another disk, and to be deleted within days
    #[arg(long)]
    keys: PathBuf,
}

pub(crate) fn run(options: &Options, json: bool) -> Result<(), Failure> {
    let config = Config::load(&options.config, Kind::Serve);
    let config = config.map_err(|error| Failure::Usage(error.into()))?;
    let Service::Serve { folder, roots, .. } = &config.service else {
        return Err(Failure::Usage(anyhow!("'serve' alone has files")));
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .context("nothing can be run")?;
    let (copied, key_faults) = runtime.block_on(copy(folder, roots, options))?;
    tell(
        json,
        &[
            ("entries", json!(copied.head.size.0)),
            ("root", json!(copied.head.root.to_string())),
            ("record", json!(options.record)),
            ("keys", json!(options.keys)),
            ("key_faults", json!(key_faults)),
        ],
    );
    if key_faults > 0 {
        // what is damaged may be lost for good: the rest must be copied all the same
        output::talk(
            "the key store does not hold, and was copied as it is: `flyttbud keys verify` tells where",
        );
    }
    Ok(())
}

/// The order is what makes the copies fit together: the log never has more entries than the journal, every entry has
/// its keys, and the key store's mark is of an entry that the journal has.
/// Returns what was seen of the journal, and how many faults of the key store.
async fn copy(
    folder: &Path,
    roots: &RootFiles,
    options: &Options,
) -> anyhow::Result<(Verified, u64)> {
    let roots = RootKeys::read(&roots.newest, &roots.earlier)?;
    let (record, keys) = (
        Unfinished::make(&options.record)?,
        Unfinished::make(&options.keys)?,
    );
    let store = folder.join("keys.sqlite");
    let backup = Backup::begin(&store, &roots)?;
    for name in ["evidence.sqlite", "journal.sqlite"] {
        copy_file(&folder.join(name), &record.file(name))?;
    }
    copy_file(&store, &keys.file("keys.sqlite"))?;
    backup.end(&keys.file("keys.sqlite"))?;
    let mut rows = SqliteRows::open(&record.file("journal.sqlite"))?;
    let seen = audit::verify(&mut rows, |_count| {}).await?;
    ensure!(
        seen.faults_count == 0,
        "the journal has {} faults, and nothing was copied: `flyttbud journal verify` tells them",
        seen.faults_count
    );
    let held = vault::verify(&Place::File(keys.file("keys.sqlite")), &roots).await?;
    record.publish()?;
    keys.publish()?;
    Ok((seen, held.faults_count))
}

/// A folder under another name until it is whole. One that is given up is removed.
struct Unfinished {
    folder: TempDir,
    path: PathBuf,
}

impl Unfinished {
    fn make(path: &Path) -> anyhow::Result<Self> {
        let given = || format!("'{}'", path.display());
        ensure!(
            !path.try_exists().with_context(given)?,
            "'{}' is there already",
            path.display()
        );
        let folder = tempfile::Builder::new()
            .prefix(".flyttbud-backup-")
            .tempdir_in(parent(path))
            .with_context(given)?;
        let path = path.to_owned();
        Ok(Self { folder, path })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn publish(self) -> anyhow::Result<()> {
        let publish = || {
            File::open(self.folder.path())?.sync_all()?;
            std::fs::rename(self.folder.keep(), &self.path)?;
            File::open(parent(&self.path))?.sync_all()
        };
        let path = self.path.clone();
        publish().with_context(|| format!("'{}'", path.display()))
    }
}

fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| *folder != Path::new(""))
        .unwrap_or(Path::new("."))
}
