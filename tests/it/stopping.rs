//! Every checkpoint that a log ever showed, while its leaders are stopped for longer than their lease and go on later:
//! one log, of which each checkpoint continues all that are smaller, whoever signed it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use nix::sys::signal::Signal;
use sha2::Sha256;
use tests::{ANALYST, Apart, Party, SOLLEFTEA, SOLNA, Tree, wait_for};
use tlog::checkpoint::SignedCheckpoint;
use tlog::key::{Log, Verifier};
use tlog::proof::{consistency, verify_consistency};
use tlog::tree::{Hash, Head, Size};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::access::announced;
use crate::load::{announcements_of, register_by, told_once};

/// Longer than any call takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks of who collects: so short that a checkpoint, of which there is one a second, is not missed.
const LOOK: Duration = Duration::from_millis(20);
/// How often a leader is stopped.
const CHANGES: usize = 4;
const LEDGERS: [&str; 2] = ["ledger-1", "ledger-2"];

/// Collects what is shown while it runs: at each gateway over HTTPS, and in what each ledger remembers that it signed.
struct Collector {
    tasks: JoinSet<(String, Vec<String>)>,
    until: watch::Sender<bool>,
}

/// Looks at a place again and again, and keeps what is new there.
async fn collect<F: Future<Output = Option<String>>>(
    place: String,
    mut until: watch::Receiver<bool>,
    look: impl Fn() -> F,
) -> (String, Vec<String>) {
    let mut seen: Vec<String> = Vec::new();
    loop {
        // once more after the end: what was shown last
        let is_over = *until.borrow_and_update();
        if let Some(note) = look().await.filter(|note| seen.last() != Some(note)) {
            seen.push(note);
        }
        if is_over {
            return (place, seen);
        }
        sleep(LOOK).await;
    }
}

impl Collector {
    async fn start(world: &Apart) -> Self {
        let (until, over) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for gateway in [0, 1] {
            let analyst = world.party(ANALYST, gateway).await;
            let look = move || {
                let client = analyst.client.clone();
                async move {
                    let file = client.log_file("/checkpoint").await.ok()?;
                    Some(String::from_utf8(file).expect("text"))
                }
            };
            tasks.spawn(collect(format!("gateway {gateway}"), over.clone(), look));
        }
        for ledger in LEDGERS {
            let file: PathBuf = world.folder().join(format!("{ledger}.checkpoint"));
            let look = move || {
                let read = std::fs::read_to_string(&file).ok();
                async move { read.filter(|note| !note.is_empty()) }
            };
            tasks.spawn(collect(format!("memory of {ledger}"), over.clone(), look));
        }
        Self { tasks, until }
    }

    async fn end(self) -> Vec<(String, Vec<String>)> {
        self.until.send_replace(true);
        self.tasks.join_all().await
    }
}

/// The log as the entries in the database make it: by another implementation each root, by ours what proofs need.
struct Truth {
    roots: Vec<Hash>,
    tree: Tree,
}

impl Truth {
    async fn of(world: &Apart) -> Self {
        let client = world.journal.client("postgres").await.expect("a login");
        let sql = "SELECT bytes FROM flyttbud.entries ORDER BY position";
        let rows = client.query(sql, &[]).await.expect("entries");
        let entries: Vec<Vec<u8>> = rows.iter().map(|row| row.get(0)).collect();
        let tree = Tree::of(&entries);
        let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        let mut roots = vec![Hash::EMPTY];
        for entry in entries {
            other.push(entry);
            let root = <[u8; 32]>::from(*other.root().as_bytes());
            roots.push(Hash::from_bytes(root));
        }
        Self { roots, tree }
    }

    /// Each checkpoint is signed, of the entries, and continues every smaller one. Gives their sizes.
    fn check(&self, key: &Verifier<Log>, notes: &[String]) -> Vec<Size> {
        let mut heads: BTreeMap<Size, Head> = BTreeMap::new();
        for note in notes {
            let checkpoint = SignedCheckpoint::parse(note.as_bytes()).expect("a checkpoint");
            assert_eq!(key.check(checkpoint.note()), Ok(Some(())), "{note}");
            let head = checkpoint.checkpoint().head;
            let known = *heads.entry(head.size).or_insert(head);
            assert_eq!(known, head, "one size has one root");
            let size = usize::try_from(head.size.0).expect("few");
            assert_eq!(self.roots.get(size), Some(&head.root), "{note}");
        }
        let all: Vec<Head> = heads.into_values().collect();
        for (older, newer) in all.iter().enumerate().flat_map(|(index, newer)| {
            let smaller = all.iter().take(index);
            smaller.map(move |older| (older, newer))
        }) {
            let proof = consistency(&self.tree, older.size, newer.size).expect("hashes");
            let continues = verify_consistency(older, newer, &proof);
            continues.expect("the newer one continues the older one");
        }
        all.iter().map(|head| head.size).collect()
    }
}

/// What stands in the table, in the order in which it was signed.
async fn published(world: &Apart) -> Vec<String> {
    let client = world.journal.client("postgres").await.expect("a login");
    let sql = "SELECT note, size FROM flyttbud.checkpoints ORDER BY signed_at";
    let rows = client.query(sql, &[]).await.expect("checkpoints");
    let sizes: Vec<i64> = rows.iter().map(|row| row.get(1)).collect();
    assert!(sizes.is_sorted(), "{sizes:?}");
    rows.iter().map(|row| row.get(0)).collect()
}

fn size_of(note: &str) -> i64 {
    let size = note.lines().nth(1).and_then(|line| line.parse().ok());
    size.unwrap_or_default()
}

/// Waits until a checkpoint of at least a size is published.
async fn covered(world: &Apart, size: i64) {
    wait_for("a checkpoint that covers it", || async {
        let newest = published(world).await.pop()?;
        (size_of(&newest) >= size).then_some(())
    })
    .await;
}

/// Stops a leader when it has signed a checkpoint, and before that is published.
async fn stop_while_it_publishes(
    world: &Apart,
    leader: usize,
    solna: &Party,
    person: usize,
) -> String {
    let mut owner = world.journal.client("owner").await.expect("a connection");
    let held = owner.transaction().await.expect("begun");
    // whoever publishes wants this row
    let row = "SELECT FROM flyttbud.alarm FOR UPDATE";
    held.query_one(row, &[]).await.expect("held");
    let name = announced(solna, person).await;
    let all = entries(world).await;
    wait_for("it is signed", || async {
        (size_of(&world.remembered(leader)) >= all).then_some(())
    })
    .await;
    assert!(size_of(&published(world).await.pop().unwrap_or_default()) < all);
    world.signal_ledger(leader, Signal::SIGSTOP);
    held.rollback().await.expect("let go");
    name
}

async fn entries(world: &Apart) -> i64 {
    let client = world.journal.client("postgres").await.expect("a login");
    let sql = "SELECT position FROM flyttbud.edge";
    client.query_one(sql, &[]).await.expect("an edge").get(0)
}

/// How often a ledger has said something.
fn said(world: &Apart, ledger: usize, what: &str) -> usize {
    world.log(LEDGERS[ledger]).matches(what).count()
}

/// Lets a leader be stopped, another take over and sign all there is, and the first go on until it knows.
async fn change_hands(world: &Apart, stop: impl AsyncFnOnce(usize)) {
    let first = wait_for("a ledger leads", || async { world.leader() }).await;
    let (leads, follows) = ("this ledger leads", "this ledger follows");
    let before = [said(world, 1 - first, leads), said(world, first, follows)];
    let led = said(world, first, leads);
    stop(first).await;
    let remembered = world.remembered(first);
    covered(world, entries(world).await).await;
    assert!(
        said(world, 1 - first, leads) > before[0],
        "by the other one"
    );
    assert_eq!(world.remembered(first), remembered, "it stands still");
    world.signal_ledger(first, Signal::SIGCONT);
    wait_for("it sees that another leads", || async {
        let knows = said(world, first, follows) > before[1];
        (knows && world.leader() == Some(1 - first)).then_some(())
    })
    .await;
    assert_eq!(said(world, first, leads), led, "it claims nothing anew");
}

/// What was shown while hands changed is part of the one log; a gateway never went back.
async fn check(world: &Apart, shown: Vec<(String, Vec<String>)>) {
    let key = std::fs::read_to_string(world.folder().join("log.pub")).expect("a key");
    let key = Verifier::parse(key.trim_end()).expect("a key");
    let truth = Truth::of(world).await;
    let table = published(world).await;
    let sizes = truth.check(&key, &table);
    assert!(sizes.len() > 2 * CHANGES, "{sizes:?}");
    let mut all = table.clone();
    for (place, notes) in shown {
        let sizes: Vec<i64> = notes.iter().map(|note| size_of(note)).collect();
        assert!(sizes.is_sorted(), "{place} went back: {sizes:?}");
        assert!(sizes.len() >= CHANGES, "{place}: {sizes:?}");
        // who signed and was stopped has signed what was never published
        let is_shown = |note: &String| table.contains(note) || place.starts_with("memory");
        assert!(notes.iter().all(is_shown), "{place}");
        all.extend(notes);
    }
    truth.check(&key, &all);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_leaders_that_were_stopped_and_went_on_ever_showed_is_one_log() {
    let world = Apart::start().await;
    let collector = Collector::start(&world).await;
    let solna = world.party(SOLNA, 0).await;
    let served = world.served(1).await;
    let mut requests = announcements_of(&served, "2283", 30 * CHANGES + 5);
    // who announces while hands change
    requests.retain(|request| request.municipality != solna.municipality());
    let mut names = BTreeSet::new();
    let mut register = async |count, answered: &mut (dyn FnMut(usize) + Send)| {
        let load = requests.split_off(requests.len() - count);
        let mut answers = 0;
        let sent = register_by(&served[..1], load, PATIENCE, |_| {
            answers += 1;
            answered(answers);
        });
        let names = sent
            .await
            .into_iter()
            .map(|one| one.answer.expect("accepted"));
        names.collect::<Vec<_>>()
    };
    for change in 0..CHANGES {
        names.extend(register(10, &mut |_| {}).await);
        covered(&world, entries(&world).await).await;
        change_hands(&world, async |leader| {
            // in the middle of a publication, and in the middle of a load
            let is_loaded = change % 2 == 0;
            if !is_loaded {
                names.insert(stop_while_it_publishes(&world, leader, &solna, change).await);
            }
            let mut stop = |answers| {
                if is_loaded && answers == 10 {
                    world.signal_ledger(leader, Signal::SIGSTOP);
                }
            };
            names.extend(register(20, &mut stop).await);
        })
        .await;
    }
    check(&world, collector.end().await).await;
    told_once(&world.party(SOLLEFTEA, 0).await, &names).await;
}
