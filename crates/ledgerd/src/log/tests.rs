//! The log over real files: interrupted between every two steps, tampered with, led by one, by two, by another.

mod apart;
mod crashing;
mod leading;
mod remembering;
mod tampered;
mod troubled;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use daemon::Drain;
use domain::subject::Position;
use journal::conformance::given::{append, batch, new_relocation, registered};
use journal::evidence::{Evidence, SqliteEvidence};
use journal::{Journal, SqliteJournal, SqliteViews, Views};
use tempfile::TempDir;
use tlog::checkpoint::SignedCheckpoint;
use tlog::key::{self, Signer};
use tlog::note::Name;
use tlog::tree::{Frontier, Hash, Head, Size};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Forgotten, Log};
use crate::Leadership;

/// Longer than any machine needs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A key that is no secret.
fn signer() -> Signer<key::Log> {
    let name = Name::parse("flyttbud.example/log").expect("a name");
    Signer::new(name, &[7; 32])
}

/// A folder with the files of a journal, its log and its read tables.
struct House {
    folder: TempDir,
}

/// They are open.
#[derive(Clone)]
struct Stores {
    journal: Arc<dyn Journal>,
    evidence: Arc<dyn Evidence>,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self) -> Stores {
        Stores {
            journal: SqliteJournal::open(&self.file("journal.sqlite")).expect("a journal"),
            evidence: SqliteEvidence::open(&self.file("evidence.sqlite")).expect("a log"),
        }
    }

    fn views(&self) -> Arc<dyn Views> {
        SqliteViews::open(&self.file("views.sqlite")).expect("read tables")
    }

    /// What somebody else does to a file of a stopped service.
    fn tamper(&self, file: &str, sql: &str) {
        let stranger = rusqlite::Connection::open(self.file(file)).expect("a connection");
        stranger.execute_batch(sql).expect(sql);
    }

    /// So many entries, all of them signed, and the service stopped.
    async fn signed(entries: u64) -> Self {
        let house = Self::new();
        let stores = house.open();
        stores.append(entries).await;
        let running = Running::start(stores.log(Leadership::always()));
        stores.published(entries).await;
        running.end().await;
        house
    }
}

impl Stores {
    fn log(&self, leadership: Leadership) -> Log {
        let (journal, evidence) = (self.journal.clone(), self.evidence.clone());
        Log::new(journal, evidence, Some(signer()), leadership)
    }

    async fn append(&self, entries: u64) {
        for _ in 0..entries {
            append(&self.journal, batch(vec![registered(new_relocation())])).await;
        }
    }

    /// Waits until so many entries are covered by a checkpoint, and gives the newest.
    async fn published(&self, entries: u64) -> SignedCheckpoint {
        let mut published = self.evidence.published();
        timeout(PATIENCE, published.wait_for(|size| size.0 >= entries))
            .await
            .expect("published in time")
            .expect("the log is there");
        let newest = self.evidence.newest().await.expect("read");
        newest.expect("a checkpoint")
    }

    /// The tree as the journal makes it now.
    async fn computed(&self, size: Size) -> Head {
        let mut frontier = Frontier::EMPTY;
        while frontier.head().size < size {
            let at = frontier.head().size.0;
            let stored = self.journal.read_stored(Position(at), 1000).await;
            let stored = stored.expect("read");
            let rest = usize::try_from(size.0 - at).expect("small");
            frontier.append(stored.iter().take(rest).map(|(_, bytes)| Hash::leaf(bytes)));
        }
        frontier.head()
    }

    /// Every checkpoint is of the journal's tree, signed, and greater than the one before. Gives their sizes.
    async fn check(&self) -> Vec<u64> {
        let checkpoints = self
            .evidence
            .checkpoints(Size(0), Size(u64::MAX), 1000)
            .await;
        let mut sizes = Vec::new();
        for checkpoint in checkpoints.expect("a list") {
            let head = checkpoint.checkpoint().head;
            assert_eq!(head, self.computed(head.size).await);
            let signed = signer().verifier().check(checkpoint.note());
            assert_eq!(signed, Ok(Some(())));
            assert_eq!(
                checkpoint.checkpoint().origin.as_str(),
                "flyttbud.example/log"
            );
            assert!(sizes.last() < Some(&head.size.0), "{sizes:?} {head:?}");
            sizes.push(head.size.0);
        }
        sizes
    }
}

/// A log that runs.
struct Running {
    drain: Drain,
    task: JoinSet<Result<(), Forgotten>>,
    holds: watch::Receiver<bool>,
}

impl Running {
    fn start(log: Log) -> Self {
        let (drain, mut task) = (Drain::new(), JoinSet::new());
        let holds = log.holds();
        task.spawn(log.run(drain.clone()));
        Self { drain, task, holds }
    }

    /// As the drain ends it.
    async fn end(self) {
        self.drain.cancel();
        let ended = timeout(PATIENCE, self.task.join_all()).await;
        let ended = ended.expect("it ends in time");
        assert_eq!(ended, [Ok(())]);
    }

    /// Waits until it ends by itself, and says why.
    async fn forgotten(self) -> String {
        let ended = timeout(PATIENCE, self.task.join_all()).await;
        let ended = ended.expect("it ends in time").swap_remove(0);
        ended.expect_err("it ends by itself").to_string()
    }

    /// Waits until it does not hold, and nothing is signed.
    async fn alarmed(&mut self) {
        let alarmed = timeout(PATIENCE, self.holds.wait_for(|holds| !*holds)).await;
        alarmed.expect("in time").expect("it runs");
    }

    /// Waits until it does not hold, and ends it.
    async fn stopped(mut self) {
        self.alarmed().await;
        self.end().await;
    }

    /// As a crash ends it.
    async fn crash(mut self) {
        let ended = timeout(PATIENCE, self.task.shutdown()).await;
        ended.expect("it is gone in time");
    }
}
