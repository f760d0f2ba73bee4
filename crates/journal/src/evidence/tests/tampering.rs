//! Every way of tampering with a stopped store is found and named: in the journal's file, and in the log's.

use std::path::Path;
use std::sync::Arc;

use domain::subject::Position;
use rusqlite::Connection;
use tlog::checkpoint::SignedCheckpoint;
use tlog::tree::{Hash, Index, Place, Size};

use super::{House as _, log_key, policy, signer};
use crate::Journal;
use crate::audit::{Logged, Rows, SqliteRows, verify_log};
use crate::conformance::given::{append, batch, new_relocation, registered};
use crate::evidence::{Alarm, Evidence, Fault, Recount, fresh_leaves, receipt, verify};

/// Entries of the journal; the newest checkpoint covers all but the last three, which are integrated.
pub(super) const ENTRIES: u64 = 43;
const SIGNED: [u64; 3] = [8, 21, 40];

/// Fills a journal and its log.
pub(super) async fn fill(journal: &Arc<dyn Journal>, evidence: &dyn Evidence) {
    for _ in 0..ENTRIES {
        append(journal, batch(vec![registered(new_relocation())])).await;
    }
    let mut recount = Recount::from(evidence, Size(0), None).await.expect("empty");
    for until in SIGNED.into_iter().chain([ENTRIES]) {
        let size = recount.head().size;
        let leaves = fresh_leaves(journal.as_ref(), size, Size(until), 100).await;
        let integrated = recount.integrate(evidence, leaves.expect("leaves")).await;
        integrated.expect("integrated");
        if until != ENTRIES {
            let checkpoint = SignedCheckpoint::sign(recount.head(), &log_key());
            let published = evidence.publish(&checkpoint).await;
            published.expect("published");
        }
    }
}

/// The bytes of an entry with a bit turned that nobody sees who reads the entry.
pub(super) fn with_a_bit_turned(bytes: &[u8]) -> Vec<u8> {
    let entry = api::record::decode(bytes).expect("readable");
    let turned = (0..bytes.len()).find_map(|place| {
        let mut bytes = bytes.to_vec();
        bytes[place] ^= 1;
        let is_unseen = api::record::decode(&bytes).is_ok_and(|read| read == entry);
        is_unseen.then_some(bytes)
    });
    turned.expect("a bit")
}

/// What a stranger does to a stopped file.
#[derive(Debug)]
enum Change {
    Sql(String),
    /// Turns a bit of an entry's bytes, which nobody sees who reads the entry.
    Bit(u64),
}

fn tamper(file: &Path, change: &Change) {
    let stranger = Connection::open(file).expect("a connection");
    // a stranger is not held back by triggers
    if file.ends_with("evidence.sqlite") {
        let triggers = "DROP TRIGGER checkpoints_stay; DROP TRIGGER checkpoints_are_kept";
        stranger.execute_batch(triggers).expect("dropped");
    }
    match change {
        Change::Sql(sql) => stranger.execute_batch(sql).expect(sql),
        Change::Bit(position) => turn_bit(&stranger, *position),
    }
}

fn turn_bit(stranger: &Connection, position: u64) {
    let position = position.cast_signed();
    let sql = "SELECT bytes FROM entries WHERE position = ?1";
    let bytes: Vec<u8> = stranger
        .query_row(sql, [position], |row| row.get(0))
        .expect("an entry");
    let sql = "UPDATE entries SET bytes = ?2 WHERE position = ?1";
    let changed = stranger.execute(sql, rusqlite::params![position, with_a_bit_turned(&bytes)]);
    assert_eq!(changed.expect("changed"), 1);
}

/// Of the same tree, in the log's name, by another key.
pub(super) async fn by_another_key(evidence: &dyn Evidence, size: u64) -> SignedCheckpoint {
    let found = evidence.checkpoints(Size(size - 1), Size(size), 1).await;
    let found = found.expect("read").pop().expect("a checkpoint");
    let name = log_key().verifier().name().to_string();
    SignedCheckpoint::sign(found.checkpoint().head, &signer(&name, 99))
}

/// What is said to differ, at which entry, by who holds the record's rows against the log.
pub(super) async fn difference(
    rows: &mut dyn Rows,
    evidence: &dyn Evidence,
) -> Option<(Alarm, u64)> {
    let mut seen = 0;
    let logged = verify_log(rows, evidence, policy(1), |count| seen += count).await;
    let logged = logged.expect("read");
    let at = logged.differs_at();
    let Logged {
        agreed, difference, ..
    } = logged;
    let agreed = usize::try_from(agreed.size.0).expect("few");
    assert!(agreed <= seen, "{agreed} of {seen}");
    difference.zip(at.map(|at| at.0))
}

/// The entry at which a tampering shows first.
pub(super) fn shows_at(alarm: &Alarm, newest: u64) -> u64 {
    match alarm {
        Alarm::EntryMissing(position) | Alarm::EntryDiffers(position) => *position,
        Alarm::HashDiffers(place) | Alarm::HashMissing(place) => (place.index + 1) << place.level,
        Alarm::RootDiffers(size)
        | Alarm::CheckpointDamaged(size)
        | Alarm::CheckpointUnsigned(size) => size.0,
        Alarm::Behind(_) => newest + 1,
        Alarm::NotAsWritten(_)
        | Alarm::InboxDiffers(_)
        | Alarm::HashesDiffer(_)
        | Alarm::Contradicted(_) => {
            panic!("{alarm:?} is no tampering with what a log is made of")
        }
    }
}

/// What one tampering with one file is named.
async fn check(file: &str, change: Change, expected: Option<Alarm>) {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, evidence) = folder.open().await;
    fill(&journal, evidence.as_ref()).await;
    drop((journal, evidence));
    tamper(&folder.path().join(file), &change);
    let (journal, evidence) = folder.open().await;
    let key = Some(log_key().verifier().clone());
    let verdict = verify(journal.as_ref(), evidence.as_ref(), key).await;
    let mut rows = SqliteRows::open(&folder.path().join("journal.sqlite")).expect("rows");
    let newest = rows.edge().await.expect("an edge").0;
    let told = expected.clone().map(|alarm| {
        let at = shows_at(&alarm, newest);
        (alarm, at)
    });
    let seen = difference(&mut rows, evidence.as_ref()).await;
    assert_eq!(seen, told, "{change:?}");
    match (verdict, expected) {
        (Ok(head), None) => assert_eq!(head.size, Size(ENTRIES), "{change:?}"),
        (Err(Fault::Alarm(alarm)), Some(expected)) => assert_eq!(alarm, expected, "{change:?}"),
        (verdict, expected) => panic!("{change:?}: {verdict:?}, expected {expected:?}"),
    }
}

/// Turns bits of the last byte of a row of hashes.
fn flipped(position: u64) -> Change {
    Change::Sql(format!(
        "UPDATE hashes SET hashes = cast(substr(hashes, 1, length(hashes) - 1) || \
         CASE hex(substr(hashes, -1)) WHEN '00' THEN x'01' ELSE x'00' END AS BLOB) \
         WHERE position = {position}"
    ))
}

fn swapped(table: &str, column: &str, one: u64, other: u64) -> Change {
    Change::Sql(format!(
        "UPDATE {table} AS a SET {column} = (SELECT {column} FROM {table} AS b \
         WHERE b.position = {one} + {other} - a.position) WHERE position IN ({one}, {other})"
    ))
}

fn deleted(table: &str, which: &str) -> Change {
    Change::Sql(format!("DELETE FROM {table} WHERE position {which}"))
}

fn note(change: &str, size: u64) -> Change {
    Change::Sql(format!(
        "UPDATE checkpoints SET note = {change} WHERE size = {size}"
    ))
}

fn place(level: u32, index: u64) -> Place {
    Place { level, index }
}

#[tokio::test]
async fn a_journal_that_was_tampered_with_is_found_out() {
    let behind = Some(Alarm::Behind(Size(ENTRIES)));
    let entries = |which| deleted("entries", which);
    let swapped = |one, other| swapped("entries", "bytes", one, other);
    for (change, expected) in [
        (Change::Sql("SELECT 1".to_owned()), None),
        (Change::Bit(1), Some(Alarm::EntryDiffers(1))),
        (Change::Bit(8), Some(Alarm::EntryDiffers(8))),
        (Change::Bit(17), Some(Alarm::EntryDiffers(17))),
        // covered by no checkpoint yet
        (Change::Bit(42), Some(Alarm::EntryDiffers(42))),
        (Change::Bit(ENTRIES), Some(Alarm::EntryDiffers(ENTRIES))),
        (swapped(3, 30), Some(Alarm::EntryDiffers(3))),
        (swapped(41, 42), Some(Alarm::EntryDiffers(41))),
        (entries("= 1"), Some(Alarm::EntryMissing(1))),
        (entries("= 25"), Some(Alarm::EntryMissing(25))),
        // cut: from what was signed, and from what was integrated only
        (entries(">= 40"), behind.clone()),
        (entries("= 43"), behind.clone()),
        (entries("> 0"), behind.clone()),
    ] {
        check("journal.sqlite", change, expected).await;
    }
}

#[tokio::test]
async fn a_log_that_was_tampered_with_is_found_out() {
    let hashes = |which| deleted("hashes", which);
    let swapped = |one, other| swapped("hashes", "hashes", one, other);
    let damaged = |size| Some(Alarm::CheckpointDamaged(Size(size)));
    // another root, which the log did sign: of another tree of the same size
    let another = SignedCheckpoint::sign(super::head(21), &log_key());
    let (before, after) = (
        "char(10) || '21' || char(10)",
        "char(10) || '22' || char(10)",
    );
    for (change, expected) in [
        // a leaf, and the highest subtree of a row
        (flipped(5), Some(Alarm::EntryDiffers(5))),
        (flipped(6), Some(Alarm::HashDiffers(place(1, 2)))),
        (flipped(32), Some(Alarm::HashDiffers(place(5, 0)))),
        (swapped(9, 13), Some(Alarm::EntryDiffers(9))),
        (swapped(9, 12), Some(Alarm::EntryDiffers(9))),
        (hashes("= 5"), Some(Alarm::HashMissing(place(0, 4)))),
        (hashes("= 32"), Some(Alarm::HashMissing(place(0, 31)))),
        // lost from what was signed
        (hashes("> 39"), Some(Alarm::HashMissing(place(0, 39)))),
        (
            note(&format!("'{another}'"), 21),
            Some(Alarm::RootDiffers(Size(21))),
        ),
        (
            note(&format!("replace(note, {before}, {after})"), 21),
            damaged(21),
        ),
        (note("substr(note, 1, 40)", 8), damaged(8)),
        (
            note("(SELECT note FROM checkpoints WHERE size = 21)", 40),
            damaged(40),
        ),
    ] {
        check("evidence.sqlite", change, expected).await;
    }
}

#[tokio::test]
async fn a_checkpoint_by_another_key_is_found_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, evidence) = folder.open().await;
    fill(&journal, evidence.as_ref()).await;
    let another = by_another_key(evidence.as_ref(), 21).await;
    drop((journal, evidence));
    let change = note(&format!("'{another}'"), 21);
    tamper(&folder.path().join("evidence.sqlite"), &change);
    let (journal, evidence) = folder.open().await;
    let unsigned = Alarm::CheckpointUnsigned(Size(21));
    let mut rows = SqliteRows::open(&folder.path().join("journal.sqlite")).expect("rows");
    let seen = difference(&mut rows, evidence.as_ref()).await;
    assert_eq!(seen, Some((unsigned.clone(), 21)));
    // a log that began anew has another name, and what was signed before it is no fault
    let anew = signer("flyttbud.example/log-2", 1).verifier().clone();
    for (key, is_found) in [(log_key().verifier().clone(), true), (anew, false)] {
        let verdict = verify(journal.as_ref(), evidence.as_ref(), Some(key)).await;
        match verdict {
            Err(Fault::Alarm(alarm)) if is_found => assert_eq!(alarm, unsigned),
            verdict => assert!(verdict.is_ok() && !is_found, "{verdict:?}"),
        }
    }
}

#[tokio::test]
async fn of_several_differences_the_first_is_named() {
    let cut = || deleted("entries", ">= 40");
    let journal = "journal.sqlite";
    let log = "evidence.sqlite";
    let damaged = |size| (log, note("substr(note, 1, 40)", size));
    let entry = |position| (journal, Change::Bit(position));
    for (changes, expected, at) in [
        (
            [entry(17), damaged(8)],
            Alarm::CheckpointDamaged(Size(8)),
            8,
        ),
        ([entry(17), damaged(21)], Alarm::EntryDiffers(17), 17),
        ([entry(17), damaged(40)], Alarm::EntryDiffers(17), 17),
        (
            [entry(3), (log, deleted("hashes", "= 5"))],
            Alarm::EntryDiffers(3),
            3,
        ),
        (
            [entry(17), (journal, deleted("entries", "= 30"))],
            Alarm::EntryDiffers(17),
            17,
        ),
        (
            [(log, flipped(6)), (journal, cut())],
            Alarm::HashDiffers(place(1, 2)),
            6,
        ),
        (
            [damaged(40), (journal, cut())],
            Alarm::Behind(Size(ENTRIES)),
            40,
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let (journal, evidence) = folder.open().await;
        fill(&journal, evidence.as_ref()).await;
        drop((journal, evidence));
        for (file, change) in &changes {
            tamper(&folder.path().join(file), change);
        }
        let (_journal, evidence) = folder.open().await;
        let mut rows = SqliteRows::open(&folder.path().join("journal.sqlite")).expect("rows");
        let seen = difference(&mut rows, evidence.as_ref()).await;
        assert_eq!(seen, Some((expected, at)), "{changes:?}");
    }
}

#[tokio::test]
async fn a_false_signature_is_found_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, evidence) = folder.open().await;
    fill(&journal, evidence.as_ref()).await;
    drop((journal, evidence));
    // another sign in the base64: another signature
    let false_one = "substr(note, 1, length(note) - 10) || \
                     CASE substr(note, -10, 1) WHEN 'A' THEN 'B' ELSE 'A' END || substr(note, -9)";
    tamper(&folder.path().join("evidence.sqlite"), &note(false_one, 40));
    let (journal, evidence) = folder.open().await;
    let key = log_key().verifier().clone();
    for (key, expected) in [(Some(key), true), (None, false)] {
        let verdict = verify(journal.as_ref(), evidence.as_ref(), key).await;
        let is_found = matches!(
            verdict,
            Err(Fault::Alarm(Alarm::CheckpointDamaged(Size(40))))
        );
        assert_eq!(is_found, expected, "{verdict:?}");
    }
}

#[tokio::test]
async fn no_receipt_is_given_that_does_not_verify() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, evidence) = folder.open().await;
    fill(&journal, evidence.as_ref()).await;
    drop((journal, evidence));
    tamper(&folder.path().join("evidence.sqlite"), &flipped(6));
    let (_journal, evidence) = folder.open().await;
    for (index, is_given) in [(3, true), (5, true), (6, false), (7, false), (39, true)] {
        let receipt = receipt(evidence.as_ref(), Index(index), None).await;
        assert_eq!(receipt.is_ok(), is_given, "{index}: {receipt:?}");
    }
}

#[tokio::test]
async fn what_the_store_has_must_be_what_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, _evidence) = folder.open().await;
    for _ in 0..3 {
        append(&journal, batch(vec![registered(new_relocation())])).await;
    }
    let stranger = Connection::open(folder.path().join("journal.sqlite")).expect("a connection");
    turn_bit(&stranger, 2);
    let written = journal.read_after(Position(0), 10).await.expect("read");
    assert_eq!(written.len(), 3, "the writer still has them");
    let fresh = fresh_leaves(journal.as_ref(), Size(0), Size(3), 10).await;
    let named = matches!(fresh, Err(Fault::Alarm(Alarm::NotAsWritten(2))));
    assert!(named, "{fresh:?}");
    let before = fresh_leaves(journal.as_ref(), Size(0), Size(1), 10).await;
    assert_eq!(before.expect("sound").len(), 1);
}

/// The ledger halts at what it cannot read. The log is about bytes.
#[tokio::test]
async fn an_entry_that_cannot_be_read_is_a_leaf_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, _evidence) = folder.open().await;
    for _ in 0..3 {
        append(&journal, batch(vec![registered(new_relocation())])).await;
    }
    drop(journal);
    let stranger = Connection::open(folder.path().join("journal.sqlite")).expect("a connection");
    let unknown = "UPDATE entries SET bytes = x'ff' WHERE position = 2";
    stranger.execute_batch(unknown).expect("changed");
    let (journal, _evidence) = folder.open().await;
    let fresh = fresh_leaves(journal.as_ref(), Size(0), Size(3), 10).await;
    assert_eq!(fresh.expect("leaves")[1], Hash::leaf(b"\xff"));
}
