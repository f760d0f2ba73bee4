//! The log beside a running service: signed within a second, one root for each size whatever is killed when, and
//! never signed over what somebody changed. What is expected is worked out by another implementation of the tree.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use domain::subject::Position;
use journal::evidence::{self, Alarm, Evidence as _, PostgresEvidence, SqliteEvidence, index_of};
use journal::{Journal as _, PostgresJournal, SqliteJournal};
use sha2::Sha256;
use tests::{Apart, SOLNA, World, announcement, wait_for};
use tlog::checkpoint::SignedCheckpoint;
use tlog::key::{Log, Verifier};
use tlog::policy::Policy;
use tlog::tree::{Hash, Size};
use tokio::time::{Instant, timeout};

use crate::auditing::audit;
use crate::load::{announcements, register_all, retry_all};

/// Between an answer and a checkpoint that covers it.
const SIGNED_WITHIN: Duration = Duration::from_secs(1);
/// Longer than any machine needs.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn log(folder: &Path) -> Arc<SqliteEvidence> {
    SqliteEvidence::open(&folder.join("data/evidence.sqlite")).expect("a log")
}

fn key(folder: &Path) -> Verifier<Log> {
    let text = std::fs::read_to_string(folder.join("log.pub")).expect("a key");
    Verifier::parse(text.trim_end()).expect("a key")
}

/// The size of the newest checkpoint, as somebody else reads it.
pub(crate) async fn signed(log: &SqliteEvidence) -> u64 {
    let newest = log.newest().await.expect("read");
    newest.map_or(0, |newest| newest.checkpoint().head.size.0)
}

/// The log of a service that has registered something, and signed it.
pub(crate) async fn registered_and_signed(world: &World) -> Arc<SqliteEvidence> {
    let solna = world.party(SOLNA).await;
    let registered = solna.register(announcement(&solna, "2283", 0)).await;
    registered.expect("accepted");
    let log = log(world.folder());
    wait_for("a checkpoint", || async {
        (signed(&log).await >= 2).then_some(())
    })
    .await;
    log
}

/// Every entry's bytes, from the file of a stopped service.
async fn entries(journal: &SqliteJournal) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    loop {
        let after = Position(u64::try_from(entries.len()).expect("few"));
        let stored = journal.read_stored(after, 1000).await.expect("read");
        if stored.is_empty() {
            return entries;
        }
        entries.extend(stored.into_iter().map(|(_, bytes)| bytes));
    }
}

/// Every checkpoint of a stopped service is signed and has the root that another implementation computes from the
/// journal's file. Gives their notes by size.
async fn check(folder: &Path) -> BTreeMap<u64, String> {
    let journal = SqliteJournal::open(&folder.join("data/journal.sqlite")).expect("a journal");
    let entries = entries(&journal).await;
    let (log, key) = (log(folder), key(folder));
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut roots = vec![Hash::EMPTY];
    for entry in entries {
        tree.push(entry);
        let root = <[u8; 32]>::from(*tree.root().as_bytes());
        roots.push(Hash::from_bytes(root));
    }
    let mut notes = BTreeMap::new();
    let mut after = Size(0);
    loop {
        let page = log
            .checkpoints(after, Size(u64::MAX), 100)
            .await
            .expect("a page");
        let Some(last) = page.last() else {
            break;
        };
        after = last.checkpoint().head.size;
        for checkpoint in page {
            let head = checkpoint.checkpoint().head;
            let size = usize::try_from(head.size.0).expect("few");
            assert_eq!(Some(&head.root), roots.get(size), "size {size}");
            assert_eq!(key.check(checkpoint.note()), Ok(Some(())));
            notes.insert(head.size.0, checkpoint.to_string());
        }
    }
    let verified = evidence::verify(&*journal, &*log, Some(key)).await;
    verified.expect("it holds");
    notes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_is_covered_by_a_checkpoint_within_a_second() {
    let mut world = World::start().await;
    let solna = world.party(SOLNA).await;
    let log = log(world.folder());
    let mut covered = 0;
    for index in 0..5 {
        let registered = solna.register(announcement(&solna, "2283", index)).await;
        registered.expect("accepted");
        let answered = Instant::now();
        let mut newest = covered;
        while newest <= covered {
            let waited = answered.elapsed();
            assert!(waited <= SIGNED_WITHIN, "{index}: nothing after {waited:?}");
            newest = signed(&log).await;
            tokio::task::yield_now().await;
        }
        covered = newest;
    }
    assert!(world.terminate().await.success());
    let notes = check(world.folder()).await;
    assert!(notes.len() >= 5, "{notes:?}");
}

/// Between processes and over a database too: in the median, since a busy machine holds one up now and then.
#[tokio::test(flavor = "multi_thread")]
async fn apart_a_registration_is_covered_by_a_checkpoint_within_a_second() {
    let apart = Apart::start().await;
    let journal = PostgresJournal::connect(apart.journal.settings("gateway")).await;
    let log = PostgresEvidence::new(journal.expect("the record"));
    let mut published = log.published();
    let mut waits = Vec::new();
    for index in 0..5 {
        let solna = apart.party(SOLNA, index % 2).await;
        let registered = solna.register(announcement(&solna, "2283", index)).await;
        let edge = registered.expect("accepted").position.cast_unsigned();
        let answered = Instant::now();
        timeout(PATIENCE, published.wait_for(|size| size.0 >= edge))
            .await
            .expect("signed in time")
            .expect("the record is there");
        waits.push(answered.elapsed());
    }
    waits.sort();
    assert!(waits[waits.len() / 2] <= SIGNED_WITHIN, "{waits:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_verifies_with_what_everybody_has() {
    let mut world = World::start().await;
    let log = registered_and_signed(&world).await;
    world.kill().await;
    let journal = SqliteJournal::open(&world.folder().join("data/journal.sqlite"));
    let entries = entries(&journal.expect("a journal")).await;
    let text = format!("log {}\nquorum none\n", key(world.folder()));
    let policy = Policy::parse(text.as_bytes()).expect("a policy");
    for (position, entry) in (1..=signed(&log).await).zip(&entries) {
        let index = index_of(Position(position)).expect("from 1");
        let receipt = evidence::receipt(&*log, index, Some(&policy)).await;
        let receipt = receipt.expect("read").expect("covered");
        let shown = receipt.verify(&Hash::leaf(entry), &policy);
        assert!(shown.expect("verifies").is_quorum_met);
        let other = receipt.verify(&Hash::leaf(b"another"), &policy);
        assert!(other.is_err());
    }
}

/// When a service is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// At so many answers.
    Answers(usize),
    /// As soon as so many new checkpoints were seen.
    Checkpoints(usize),
}

/// Looks at the newest checkpoint until there were enough new ones.
async fn watch(
    log: &SqliteEvidence,
    seen: &mut BTreeMap<u64, String>,
    is_enough: impl Fn(usize) -> bool,
) {
    let before = seen.len();
    while !is_enough(seen.len() - before) {
        if let Some(newest) = log.newest().await.expect("read") {
            see(seen, &newest);
        }
        tokio::task::yield_now().await;
    }
}

/// One size, one note, for ever.
fn see(seen: &mut BTreeMap<u64, String>, checkpoint: &SignedCheckpoint) {
    let size = checkpoint.checkpoint().head.size.0;
    let note = checkpoint.to_string();
    let before = seen.entry(size).or_insert_with(|| note.clone());
    assert_eq!(*before, note, "two checkpoints of size {size}");
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_any_time_lead_to_one_root_for_each_size() {
    let mut world = World::start().await;
    let mut requests = announcements(&world, "2283", 300).await;
    let mut seen = BTreeMap::new();
    for moment in [
        Moment::Answers(1),
        Moment::Checkpoints(1),
        Moment::Answers(30),
        Moment::Checkpoints(2),
        Moment::Answers(45),
        Moment::Checkpoints(2),
    ] {
        let round: Vec<_> = requests.drain(..50).collect();
        let answered = AtomicUsize::new(0);
        let load = register_all(&world, round, |answers| {
            answered.store(answers, Ordering::Relaxed);
        });
        let kill = async {
            let answers = || answered.load(Ordering::Relaxed);
            let is_enough = |checkpoints| match moment {
                Moment::Answers(count) => answers() >= count,
                // the callers are connected by then
                Moment::Checkpoints(count) => checkpoints >= count && answers() > 0,
            };
            let log = log(world.folder());
            let watched = timeout(PATIENCE, watch(&log, &mut seen, is_enough)).await;
            watched.expect("the moment comes");
            world.send_kill();
        };
        let (sent, ()) = tokio::join!(load, kill);
        world.ended().await;
        let notes = check(world.folder()).await;
        for (size, note) in &seen {
            assert_eq!(notes.get(size), Some(note), "{size} was seen");
        }
        seen.extend(notes);
        world.start_again().await;
        retry_all(&world, sent).await;
    }
    let log = log(world.folder());
    wait_for("everything is signed", || async {
        let size = log.size().await.expect("a size").0;
        (size > 300 && signed(&log).await == size).then_some(())
    })
    .await;
    world.kill().await;
    let notes = check(world.folder()).await;
    assert!(
        seen.iter()
            .all(|(size, note)| notes.get(size) == Some(note))
    );
}

/// Turns a bit of an entry that nobody sees who reads it.
pub(crate) fn turn_bit(folder: &Path, position: u64) {
    let file = rusqlite::Connection::open(folder.join("data/journal.sqlite")).expect("a file");
    let position = i64::try_from(position).expect("small");
    let bytes: Vec<u8> = file
        .query_row(
            "SELECT bytes FROM entries WHERE position = ?1",
            [position],
            |row| row.get(0),
        )
        .expect("an entry");
    let entry = api::record::decode(&bytes).expect("readable");
    let turned = (0..bytes.len()).find_map(|place| {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1;
        let is_unseen = api::record::decode(&bytes).is_ok_and(|read| read == entry);
        is_unseen.then_some(bytes)
    });
    let sql = "UPDATE entries SET bytes = ?2 WHERE position = ?1";
    let changed = file.execute(sql, rusqlite::params![position, turned.expect("a bit")]);
    assert_eq!(changed.expect("changed"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turned_bit_is_named_not_signed_over_and_stops_no_registration() {
    let mut world = World::start().await;
    let log = registered_and_signed(&world).await;
    assert!(world.terminate().await.success());
    let before = signed(&log).await;
    turn_bit(world.folder(), 2);
    world.start_again().await;
    let alarm = wait_for("an alarm", || async { log.alarm().await.expect("read") }).await;
    let named = "entry 2 of the journal does not have the hash that was logged";
    assert_eq!(alarm, named);
    let solna = world.party(SOLNA).await;
    let registered = solna.register(announcement(&solna, "2283", 1)).await;
    registered.expect("registrations go on");
    assert!(world.terminate().await.success());
    assert_eq!(signed(&log).await, before);
    assert!(world.log().contains(named), "the log says so");
}

/// No restart lifts it: a store that was rolled back agrees with itself.
#[tokio::test(flavor = "multi_thread")]
async fn what_witnesses_saw_stands_until_an_operator_says_why_not() {
    let mut world = World::start().await;
    let log = log(world.folder());
    let contradicted = Alarm::Contradicted(vec!["länet".into(), "solna".into()]);
    log.raise(&contradicted).await.expect("raised");
    let before = signed(&log).await;
    for index in 0..2 {
        let solna = world.party(SOLNA).await;
        let registered = solna.register(announcement(&solna, "2283", index)).await;
        registered.expect("registrations go on");
        assert!(world.terminate().await.success());
        world.start_again().await;
    }
    assert_eq!(signed(&log).await, before);
    let place = "data/evidence.sqlite";
    let shown = audit(world.folder(), &["alarm", "show", place]);
    assert_eq!(shown.code, 0, "{}", shown.errors);
    assert!(
        shown
            .says
            .contains("another history of the log: länet, solna")
    );
    assert!(shown.says.contains("an operator's word"), "{}", shown.says);
    let unfounded = audit(world.folder(), &["alarm", "lift", place, "--reason", " "]);
    assert_eq!(unfounded.code, 64, "{}", unfounded.says);
    let reason = "länet and solna had restored an old folder";
    let lift = ["alarm", "lift", place, "--reason", reason];
    let lifted = audit(world.folder(), &lift);
    assert_eq!(lifted.code, 0, "{}", lifted.errors);
    wait_for("it is signed without a restart", || async {
        (signed(&log).await >= before + 2).then_some(())
    })
    .await;
    let again = audit(world.folder(), &lift);
    assert_eq!(again.code, 1, "no alarm stands: {}", again.says);
    let shown = audit(world.folder(), &["alarm", "show", place, "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown.says).expect("one object");
    assert!(shown["alarm"].is_null(), "{shown}");
    assert_eq!(shown["lifted"][0]["reason"], reason, "{shown}");
    assert!(world.terminate().await.success());
    assert!(world.log().contains(reason), "the log says so");
    let other = audit(world.folder(), &["alarm", "show", "data/journal.sqlite"]);
    assert_ne!(other.code, 0, "no log: {}", other.says);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_ledger_signs_on_where_one_was_killed() {
    let mut apart = Apart::start().await;
    let journal = PostgresJournal::connect(apart.journal.settings("gateway")).await;
    let journal = journal.expect("the record");
    let log = PostgresEvidence::new(journal.clone());
    let mut published = log.published();
    let mut edge = 0;
    for index in 0..3 {
        let solna = apart.party(SOLNA, index % 2).await;
        let registered = solna.register(announcement(&solna, "2283", index)).await;
        edge = registered.expect("accepted").position.cast_unsigned();
        timeout(PATIENCE, published.wait_for(|size| size.0 >= edge))
            .await
            .expect("signed in time")
            .expect("the record is there");
        if index == 1 {
            let leader = wait_for("a leader", || async { apart.leader() }).await;
            apart.kill_ledger(leader).await;
        }
    }
    let key = Some(key(apart.folder()));
    let verified = evidence::verify(&*journal, &*log, key).await;
    verified.expect("it holds");
    let newest = log.newest().await.expect("read").expect("one");
    assert_eq!(newest.checkpoint().head.size.0, edge);
    assert_eq!(log.alarm().await.expect("read"), None);
}
