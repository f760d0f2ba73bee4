//! A record held against the log beside it by who operates it: beside its service, over both stores; and whatever
//! somebody changed in either of them, named at the first entry where it shows.

use std::fs;
use std::path::{Path, PathBuf};

use daemon::postgres::testing::Database;
use rusqlite::Connection;
use serde_json::{Value, json};
use tests::{Apart, OPERATOR, Party, SOLNA, World, announcement};
use tlog::checkpoint::SignedCheckpoint;
use tlog::key::{Log, Signer};
use tlog::note::Name;

use crate::auditing::{audit, save_checkpoint, write_policy};

/// A stopped record with its log, and the rows that somebody changes.
enum Store<'a> {
    File(PathBuf),
    Database(&'a Database),
}

/// A column of bytes or of text: its table, its name, and what tells its rows apart.
#[derive(Clone, Copy, Debug)]
struct Column(&'static str, &'static str, &'static str);

const ENTRIES: Column = Column("entries", "bytes", "position");
const HASHES: Column = Column("hashes", "hashes", "position");
const NOTES: Column = Column("checkpoints", "note", "size");

impl Store<'_> {
    fn connection(&self, Column(table, ..): Column) -> Connection {
        let Self::File(folder) = self else {
            panic!("no file");
        };
        let file = if table == ENTRIES.0 {
            "journal.sqlite"
        } else {
            "evidence.sqlite"
        };
        Connection::open(folder.join(file)).expect("opened")
    }

    async fn get(&self, column: Column, at: i64) -> Vec<u8> {
        let Column(table, name, key) = column;
        match self {
            Self::File(_) => {
                let sql = format!("SELECT cast({name} AS BLOB) FROM {table} WHERE {key} = ?1");
                let row = self
                    .connection(column)
                    .query_row(&sql, [at], |row| row.get(0));
                row.expect("a row")
            }
            Self::Database(database) => {
                let client = database.client("postgres").await.expect("a connection");
                let name = if table == NOTES.0 {
                    "convert_to(note, 'UTF8')"
                } else {
                    name
                };
                let sql = format!("SELECT {name} FROM flyttbud.{table} WHERE {key} = $1");
                client.query_one(&sql, &[&at]).await.expect("a row").get(0)
            }
        }
    }

    async fn set(&self, column: Column, at: i64, bytes: &[u8]) {
        let Column(table, name, key) = column;
        let changed = match self {
            Self::File(_) => {
                let connection = self.connection(column);
                let kind = if table == NOTES.0 { "TEXT" } else { "BLOB" };
                let free = "DROP TRIGGER IF EXISTS checkpoints_are_kept";
                connection
                    .execute_batch(free)
                    .expect("a stranger is not held back");
                let sql =
                    format!("UPDATE {table} SET {name} = cast(?2 AS {kind}) WHERE {key} = ?1");
                let changed = connection.execute(&sql, rusqlite::params![at, bytes]);
                u64::try_from(changed.expect("changed")).expect("few")
            }
            Self::Database(database) => {
                let client = database.client("postgres").await.expect("a connection");
                let value = if table == NOTES.0 {
                    "convert_from($2, 'UTF8')"
                } else {
                    "$2::bytea"
                };
                let sql = format!("UPDATE flyttbud.{table} SET {name} = {value} WHERE {key} = $1");
                client.execute(&sql, &[&at, &bytes]).await.expect("changed")
            }
        };
        assert_eq!(changed, 1, "{column:?} at {at}");
    }
}

/// What `journal verify` says of a record and its log: its exit code, what it tells programs, what it tells persons.
fn verified(folder: &Path, source: &str) -> (i32, Value, String) {
    let words = [
        "--json", "journal", "verify", source, "--log", "--policy", "policy",
    ];
    let said = crate::auditing::said(folder, &words);
    let told = serde_json::from_str(&said.says).expect("one object");
    (said.code, told, said.errors)
}

/// Nothing differs: beside a running service, since it reads and nothing else.
fn holds(folder: &Path, source: &str) -> u64 {
    let (code, told, errors) = verified(folder, source);
    assert_eq!((code, errors.as_str()), (0, ""), "{told}");
    assert_eq!(told["agreed"], told["logged"]);
    assert_eq!(
        (&told["differs_at"], &told["difference"]),
        (&json!(null), &json!(null))
    );
    told["signed"].as_u64().expect("a number")
}

async fn register(solna: &Party, count: usize) {
    for person in 0..count {
        let registered = solna.register(announcement(solna, "2283", person)).await;
        registered.expect("accepted");
    }
}

/// A note with another sign in the base64 of its last signature.
fn forged(note: String) -> Vec<u8> {
    let mut note = note.into_bytes();
    let sign = note.iter_mut().nth_back(8).expect("a signature");
    *sign = if *sign == b'A' { b'B' } else { b'A' };
    note
}

/// Changes one thing after another in a stopped store, and looks at what is said of each.
async fn tamper(folder: &Path, source: &str, store: &Store<'_>) {
    let signed = holds(folder, source);
    assert!(signed >= 6, "{signed}");
    let size = i64::try_from(signed).expect("few");
    let note = String::from_utf8(store.get(NOTES, size).await).expect("text");
    let head = SignedCheckpoint::parse(note.as_bytes()).expect("a checkpoint");
    let name = Name::parse(head.checkpoint().origin.as_str()).expect("a name");
    let another: Signer<Log> = Signer::new(name, &[99; 32]);
    let another = SignedCheckpoint::sign(head.checkpoint().head, &another);
    let flipped = async |column, at, from_end: usize| {
        let mut bytes = store.get(column, at).await;
        let index = bytes.len() - from_end;
        bytes[index] ^= 1;
        vec![(column, at, bytes)]
    };
    let swapped = async |column, one, other| {
        vec![
            (column, one, store.get(column, other).await),
            (column, other, store.get(column, one).await),
        ]
    };
    let differs =
        |at: i64| format!("entry {at} of the journal does not have the hash that was logged");
    for (changes, at, says) in [
        (flipped(ENTRIES, 3, 1).await, 3, differs(3)),
        (flipped(ENTRIES, 1, 40).await, 1, differs(1)),
        (swapped(ENTRIES, 2, 5).await, 2, differs(2)),
        (flipped(HASHES, 5, 1).await, 5, differs(5)),
        (
            flipped(HASHES, 4, 1).await,
            4,
            "the hash at level 2 index 0 does not follow from those below".to_owned(),
        ),
        (swapped(HASHES, 3, 5).await, 3, differs(3)),
        (
            vec![(NOTES, size, another.to_string().into_bytes())],
            size,
            format!("the checkpoint of size {size} is not signed by the log's key"),
        ),
        (
            vec![(NOTES, size, forged(note))],
            size,
            format!("the checkpoint of size {size} is damaged"),
        ),
    ] {
        let mut before = Vec::new();
        for (column, at, bytes) in &changes {
            before.push((*column, *at, store.get(*column, *at).await));
            store.set(*column, *at, bytes).await;
        }
        let (code, told, errors) = verified(folder, source);
        assert_eq!(
            (&told["differs_at"], &told["difference"]),
            (&json!(at), &json!(says))
        );
        assert_eq!(told["agreed"], json!(at - 1), "{says}");
        let line = format!("log, entry {at}: {says}");
        assert!(errors.lines().any(|said| said == line), "{line}\n{errors}");
        assert_eq!(code, 1, "{says}");
        for (column, at, bytes) in before {
            store.set(column, at, &bytes).await;
        }
    }
    assert_eq!(holds(folder, source), signed, "all was put back");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_changed_in_a_file_is_named_where_it_shows_first() {
    let mut world = World::start().await;
    let folder = world.folder().to_owned();
    write_policy(
        &folder,
        "policy",
        &fs::read(folder.join("log.pub")).expect("a key"),
    );
    register(&world.party(SOLNA).await, 5).await;
    save_checkpoint(&folder, &world.party(OPERATOR).await, 6).await;
    let source = "data/journal.sqlite";
    holds(&folder, source);
    assert!(world.terminate().await.success());
    tamper(&folder, source, &Store::File(folder.join("data"))).await;

    // what cannot be done, and why
    let refused = |words: &[&str], why: &str| {
        let said = audit(&folder, &[&["verify", source], words].concat());
        assert!(said.errors.contains(why), "{words:?}: {}", said.errors);
        assert_eq!((said.code, said.says.as_str()), (64, ""), "{words:?}");
    };
    refused(&["--log"], "--policy <POLICY>");
    refused(&["--log", "--policy", "none"], "'none' cannot be read");
    refused(
        &["--log", "--policy", "log.pub"],
        "'log.pub' cannot be used",
    );
    let elsewhere = ["--log", "--log-file", "none", "--policy", "policy"];
    refused(&elsewhere, "'none' is no log");
    let elsewhere = audit(
        &folder,
        &[
            "verify",
            source,
            "--log",
            "--log-file",
            "data/evidence.sqlite",
            "--policy",
            "policy",
        ],
    );
    assert_eq!(elsewhere.code, 0, "{}", elsewhere.errors);
    for line in ["agreed               ", "signed               "] {
        assert!(elsewhere.says.contains(line), "{}", elsewhere.says);
    }
    // a log that its policy does not know
    let other = tests::run(
        &folder,
        &[
            "keys",
            "log",
            "--name",
            "other.example/log",
            "--out",
            "other",
        ],
    );
    write_policy(&folder, "policy", &other.stdout);
    let (code, told, _) = verified(&folder, source);
    let first = told["differs_at"].as_i64().expect("a number");
    let says = format!("the checkpoint of size {first} is not signed by the log's key");
    assert_eq!((code, &told["difference"]), (1, &json!(says)));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_changed_in_a_database_is_named_where_it_shows_first() {
    let mut world = Apart::start().await;
    let folder = world.folder().to_owned();
    write_policy(
        &folder,
        "policy",
        &fs::read(folder.join("log.pub")).expect("a key"),
    );
    register(&world.party(SOLNA, 0).await, 5).await;
    save_checkpoint(&folder, &world.party(OPERATOR, 1).await, 6).await;
    // as a login that reads and no more
    let source = world.journal.settings("ledger").url;
    holds(&folder, &source);
    world.terminate().await;
    tamper(&folder, &source, &Store::Database(&world.journal)).await;
    let words = [
        "verify",
        &source,
        "--log",
        "--log-file",
        "data/evidence.sqlite",
        "--policy",
        "policy",
    ];
    let refused = audit(&folder, &words);
    assert_eq!(refused.code, 64, "{}", refused.errors);
}
