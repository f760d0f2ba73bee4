//! The record in an auditor's hands: exported beside a running service, replayed and compared, stepped through, tried
//! under another definition. Everything through the command line, as auditors have it.

use std::fs;
use std::path::Path;
use std::process::Command;

use api::generated::journal::v1 as stored;
use api::v1;
use prost::Message as _;
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use tests::history::golden_folder;
use tests::{
    Apart, Canary, OPERATOR, Party, SIGTUNA, SOLLEFTEA, SOLNA, World, announcement, arrival,
    flyttbud, run, scan, settle, wait_for,
};

use crate::load::{announcements, register_all};

/// What `flyttbud` ended with and said.
pub(crate) struct Audit {
    pub(crate) code: i32,
    pub(crate) says: String,
    pub(crate) errors: String,
}

/// Runs `flyttbud journal …` in a folder.
pub(crate) fn audit(folder: &Path, words: &[&str]) -> Audit {
    said(folder, &[&["journal"], words].concat())
}

/// Runs `flyttbud` in a folder.
pub(crate) fn said(folder: &Path, words: &[&str]) -> Audit {
    let ended = Command::new(flyttbud())
        .args(words)
        .current_dir(folder)
        .env_remove("FLYTTBUD_LANGUAGE")
        .output()
        .expect("flyttbud starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Audit {
        code: ended.status.code().expect("it ended by itself"),
        says: text(ended.stdout),
        errors: text(ended.stderr),
    }
}

/// Runs it with `--json`; it must go well, and each line is an object.
fn facts(folder: &Path, words: &[&str]) -> Vec<Value> {
    let said = said(folder, &[&["--json"], words].concat());
    assert_eq!(said.code, 0, "{words:?}: {}", said.errors);
    let lines = said.says.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect()
}

/// An announced arrival, one that nobody announced, and the alert about it; gives the newest position.
async fn play(world: &World) -> i64 {
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let operator = world.party(OPERATOR).await;
    let registered = solna.register(announcement(&solna, "2283", 0)).await;
    registered.expect("accepted");
    for (from, person) in [(SOLNA, 0), (SIGTUNA, 1)] {
        let reported = solleftea
            .report(arrival(&solleftea, from.code, person))
            .await;
        reported.expect("accepted");
    }
    operator.advance(15).await.expect("moved");
    let listed = wait_for("an alert", || async {
        let listed = operator.alerts().await.expect("a list");
        (!listed.alerts.is_empty()).then_some(listed)
    })
    .await;
    listed.position
}

/// Waits for a checkpoint of at least a size, and writes it into a file.
pub(crate) async fn save_checkpoint(folder: &Path, operator: &Party, size: i64) {
    let checkpoint = wait_for("a checkpoint", || async {
        let request = v1::GetCheckpointRequest::default();
        let newest = operator.get_checkpoint(request).await.ok()?.checkpoint?;
        (newest.size >= size).then_some(newest)
    })
    .await;
    fs::write(folder.join("checkpoint"), checkpoint.note).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_in_the_middle_of_a_load_is_whole_and_tells_of_no_person() {
    let world = World::start().await;
    let folder = world.folder().to_owned();
    fs::create_dir(folder.join("given")).expect("a folder");
    let requests = announcements(&world, "0184", 60).await;
    register_all(&world, requests, |answers| {
        if answers == 20 {
            let words = ["journal", "export", "data/journal.sqlite", "given/during"];
            let exported = facts(&folder, &words);
            let entries = exported[0]["entries"].as_i64().expect("a number");
            assert!(entries > 20, "{entries}");
        }
    })
    .await;
    let checked = facts(&folder, &["journal", "import-check", "given/during"]);
    let replayed = facts(&folder, &["journal", "replay", "given/during"]);
    for name in ["entries", "root", "digest"] {
        assert_eq!(checked[0][name], replayed[0][name], "{name}");
    }
    let seen = scan(&folder.join("given"), &persons());
    assert_eq!((seen.found, seen.files.len()), (Vec::new(), 1));
}

/// A policy that asks for a log's signature and nothing more.
pub(crate) fn write_policy(folder: &Path, name: &str, key: &[u8]) {
    let policy = [b"log ", key, b"quorum none\n"].concat();
    fs::write(folder.join(name), policy).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_is_made_anew_to_the_same_root_state_and_tables() {
    let mut world = World::start().await;
    let folder = world.folder().to_owned();
    let live = ["replay", "data/journal.sqlite"];
    let early = facts(&folder, &["journal", "export", live[1], "early"]);
    let position = play(&world).await;
    let operator = world.party(OPERATOR).await;
    settle(&operator, position).await;
    save_checkpoint(&folder, &operator, position).await;
    let key = fs::read(folder.join("log.pub")).expect("a key");
    write_policy(&folder, "policy", &key);
    let name = "other.example/log";
    let other = run(&folder, &["keys", "log", "--name", name, "--out", "other"]);
    write_policy(&folder, "other-policy", &other.stdout);

    let expect = ["--checkpoint", "checkpoint", "--policy"];
    let views = ["--compare-views", "data/views.sqlite"];
    let compared = audit(&folder, &[&live[..], &views, &expect, &["policy"]].concat());
    assert_eq!(compared.code, 0, "{}", compared.errors);
    let says = compared.says;
    assert!(says.ends_with("as expected          true\n"), "{says}");
    let unsigned = audit(&folder, &[&live[..], &expect, &["other-policy"]].concat());
    let why = "error: no trusted log signed the checkpoint\n";
    assert_eq!((unsigned.code, &*unsigned.errors), (1, why));
    // a checkpoint of the whole is none of its beginning
    assert_eq!(early[0]["entries"], 1);
    let early = audit(&folder, &["replay", "early", "--checkpoint", "checkpoint"]);
    let why = format!("at entry {position} there are fewer entries, and the checkpoint has ");
    assert!(early.errors.starts_with(&why), "{}", early.errors);
    assert_eq!(early.code, 1);

    world.terminate().await;
    let tables = Connection::open(folder.join("data/views.sqlite")).expect("opened");
    let lose = "DELETE FROM arrivals WHERE id = (SELECT min(id) FROM arrivals)";
    assert_eq!(tables.execute(lose, []), Ok(1));
    let differs = audit(&folder, &[&live[..], &views].concat());
    assert_eq!(differs.code, 1);
    let why = differs.errors;
    assert!(why.starts_with("arrivals: a row is "), "{why}");
    assert!(differs.says.contains("false"), "{}", differs.says);
}

/// What tells of the persons in a world.
fn persons() -> Vec<Canary> {
    Canary::persons_and(["Provsson"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_exported_beside_its_services_and_replayed_to_the_signed_root() {
    let world = Apart::start().await;
    let folder = world.folder();
    let solna = world.party(SOLNA, 0).await;
    for person in 0..5 {
        let registered = solna.register(announcement(&solna, "2283", person)).await;
        registered.expect("accepted");
    }
    save_checkpoint(folder, &world.party(OPERATOR, 1).await, 6).await;
    let url = world.journal.settings("ledger").url;
    facts(folder, &["journal", "export", &url, "exported"]);
    let expect = ["--checkpoint", "checkpoint"];
    let exported = facts(
        folder,
        &[&["journal", "replay", "exported"], &expect[..]].concat(),
    );
    let live = facts(
        folder,
        &[&["journal", "replay", &url], &expect[..]].concat(),
    );
    for name in ["entries", "root", "digest", "as_expected"] {
        assert_eq!(exported[0][name], live[0][name], "{name}");
    }
    assert_eq!(exported[0]["entries"], 6);
    let verified = facts(folder, &["journal", "verify", &url]);
    assert_eq!(
        (&verified[0]["faults"], &verified[0]["claims"]),
        (&json!(0), &json!(5))
    );
}

#[test]
fn what_is_changed_in_an_export_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = fs::read(golden_folder().join("demo.journal")).expect("a file");
    // the place of the fourth entry's frame: eight bytes with its position
    let fourth = [&4u64.to_be_bytes()[..], &[0, 0]].concat();
    let mut windows = whole.windows(fourth.len());
    let fourth = windows.position(|bytes| bytes == fourth).expect("an entry");
    let flip = |at: usize| {
        let mut file = whole.clone();
        file[at] ^= 1;
        file
    };
    for (file, says) in [
        (flip(fourth + 40), "entry 4 is not what was written"),
        (flip(fourth + 7), "entry 4 is not in its place"),
        (flip(whole.len() - 3), "the end of the export is damaged"),
        (
            whole[..fourth + 40].to_vec(),
            "the export is cut off after entry 3",
        ),
        (
            [&whole[..], b"\n"].concat(),
            "there is something behind the end of the export",
        ),
    ] {
        fs::write(folder.path().join("changed"), file).expect("written");
        for verb in ["import-check", "replay"] {
            let found = audit(folder.path(), &[verb, "changed"]);
            assert_eq!((found.code, found.errors), (1, format!("error: {says}\n")));
            assert_eq!(found.says, "", "{verb}");
        }
    }
}

#[test]
fn stepping_shows_what_each_entry_changed() {
    let folder = golden_folder();
    let arrival = "arrivals/01a20c23-c6ea-7000-8522-700c3989aa32";
    let shown = audit(
        &folder,
        &["step", "demo.journal", "--arrival", arrival, "--to", "12"],
    );
    let expected = "\
8  2026-11-24T08:00:00Z  arrivals/01a20c23-c6ea-7000-8522-700c3989aa32 version 1: arrival in 2283 reported, from 0191, 2026-11
    arrivals/01a20c23-c6ea-7000-8522-700c3989aa32: new → reported
    + deadline 2026-12-08T08:00:00Z of arrivals/01a20c23-c6ea-7000-8522-700c3989aa32
10  2026-12-08T08:00:00Z  system version 3: time passed until 2026-12-08T08:00:00Z
    - deadline 2026-12-08T08:00:00Z of arrivals/01a20c23-c6ea-7000-8522-700c3989aa32
    must follow: alerts/01a20c23-c6ea-8000-8522-700c3989aa32: alert raised by definition 1: 2283 asks 0191 about arrivals/01a20c23-c6ea-7000-8522-700c3989aa32, answer wished by 2027-01-07
11  2026-12-08T08:00:00Z  alerts/01a20c23-c6ea-8000-8522-700c3989aa32 version 1: alert raised by definition 1: 2283 asks 0191 about arrivals/01a20c23-c6ea-7000-8522-700c3989aa32, answer wished by 2027-01-07
    arrivals/01a20c23-c6ea-7000-8522-700c3989aa32: reported → asked
    alerts/01a20c23-c6ea-8000-8522-700c3989aa32: new → open
    + deadline 2027-06-06T08:00:00Z of alerts/01a20c23-c6ea-8000-8522-700c3989aa32
    notice 1 to 0191: question asked
12  2026-12-09T08:00:00Z  alerts/01a20c23-c6ea-8000-8522-700c3989aa32 version 2: operator operator-1 is on it
    alerts/01a20c23-c6ea-8000-8522-700c3989aa32: open → acknowledged
";
    assert_eq!(
        (shown.code, shown.says.as_str()),
        (0, expected),
        "{}",
        shown.errors
    );

    // program and person see the same, and the last digest is that of the whole
    let steps = facts(&folder, &["journal", "step", "demo.journal"]);
    assert_eq!(steps[11]["what"], "operator operator-1 is on it");
    assert_eq!(
        steps[10]["notices"],
        json!([{"recipient": "0191", "number": 1, "kind": "question asked"}])
    );
    let replayed = facts(&folder, &["journal", "replay", "demo.journal"]);
    let last = steps.last().expect("the last one");
    assert_eq!(
        (last["position"].as_u64(), &last["digest"]),
        (Some(17), &replayed[0]["digest"])
    );
}

#[test]
fn another_definition_is_tried_in_two_languages_and_for_programs() {
    let folder = golden_folder();
    let tried = |words: &[&str]| {
        let said = said(&folder, &[&["definitions", "try"], words].concat());
        assert_eq!(said.code, 0, "{}", said.errors);
        said.says
    };
    let windows = ["definitions.journal", "--early-months", "3", "--list"];
    let english = tried(&windows);
    let swedish = tried(&[&windows[..], &["--language", "sv"]].concat());
    for (said, lines) in [
        (
            &english,
            [
                "On trial: early months 3. Everything else as the definitions of then have it.",
                "unannounced arrivals: 0 that were not flagged would have been, 1 that were would not",
                "alerts/01a20c23-c6ec-8000-8191-637f381ea25c  only in fact: unannounced arrivals",
                "relocations/01a20c23-c304-7000-b8dd-e6e5fd29f054  only in fact: relocations not arrived",
            ],
        ),
        (
            &swedish,
            [
                "I försöket: månader i förväg 3. Allt annat som i definitionerna från då.",
                "oaviserade ankomster: 0 som inte flaggades hade flaggats, 1 som flaggades hade inte flaggats",
                "alerts/01a20c23-c6ec-8000-8191-637f381ea25c  bara i verkligheten: oaviserade ankomster",
                "relocations/01a20c23-c304-7000-b8dd-e6e5fd29f054  bara i verkligheten: flyttar utan ankomst",
            ],
        ),
    ] {
        for line in lines {
            assert!(said.lines().any(|said| said == line), "{line}\n{said}");
        }
    }

    // with fewer days of grace, somebody is asked who announced on the tenth
    let figures = |words: &[&str]| -> Vec<[u64; 2]> {
        let tried = facts(
            &folder,
            &[&["definitions", "try", "deadlines.journal"], words].concat(),
        );
        let all = tried
            .iter()
            .filter(|fact| fact["month"] == Value::Null && fact["flag"].is_string());
        all.map(|fact| ["in_fact", "on_trial"].map(|name| fact[name].as_u64().expect("a number")))
            .collect()
    };
    // unannounced, not settled in time, not arrived
    assert_eq!(figures(&[]), [[4, 4], [2, 2], [1, 1]], "nothing varied");
    assert_eq!(figures(&["--grace-days", "9"]), [[4, 5], [2, 2], [1, 1]]);
    // with more, nobody is asked about one that was announced, and one that was withdrawn, on the twentieth
    assert_eq!(figures(&["--grace-days", "60"])[0], [4, 2]);
}

#[test]
fn what_cannot_be_done_is_said_and_has_its_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::copy(golden_folder().join("demo.journal"), folder.join("demo")).expect("copied");
    run(
        folder,
        &[
            "journal", "export", "demo", "part", "--from", "3", "--to", "5",
        ],
    );
    fs::write(folder.join("text"), "nothing of ours").expect("written");
    let table = "\
journal export demo part | 64 | 'part' exists
journal export demo new --from 6 --to 5 | 64 | it has the entries 1 to 17
journal export demo new --from 18 | 64 | it has the entries 1 to 17
journal export demo new --to 18 | 64 | it has the entries 1 to 17
journal export missing new | 64 | 'missing' cannot be read: No such file
journal export text new | 64 | 'text' is no journal: the file cannot be opened: file is not a database
journal import-check text | 64 | 'text' is no export of a journal
journal replay part | 64 | it begins at entry 3: what the ledger knows follows from all entries
journal replay demo --expect-root AAAA | 64 | the base64 of 32 bytes is expected
journal replay demo --expect-digest 00 | 64 | 64 hexadecimal digits are expected
journal replay demo --compare-views text | 64 | 'text' holds no read tables: the file cannot be opened
journal replay demo --checkpoint text | 64 | 'text' cannot be used
journal replay demo --views text | 64 | 'text' exists
journal step demo --from 18 | 1 | it has no such entry
journal step demo --relocation arrivals/1 | 64 | 'arrivals/1' is not one of relocations
journal step demo --alert alerts/01a20c23-c6ea-8000-8522-700c3989aa33 | 1 | it has no such entry
journal copy missing copied | 64 | 'missing' cannot be copied: the file cannot be opened: unable to open
journal copy demo copied | 64 | 'demo' cannot be copied: the file cannot be opened: file is not a database
journal copy demo text | 64 | 'demo' cannot be copied
journal verify demo | 64 | 'demo' is no journal: the file cannot be opened: file is not a database
definitions try part | 64 | it begins at entry 3: what the ledger knows follows from all entries
definitions try demo --grace-days 366 | 64 | 366 is not in 0..=365
definitions try demo --kinds moving | 64 | invalid value 'moving' for '--kinds <KINDS>'
";
    for line in table.lines() {
        let mut cells = line.split(" | ");
        let mut cell = || cells.next().expect("a cell");
        let words: Vec<&str> = cell().split(' ').collect();
        let (code, says) = (cell(), cell());
        let refused = said(folder, &words);
        assert_eq!(refused.code.to_string(), code, "{line}: {}", refused.errors);
        assert!(refused.errors.contains(says), "{line}: {}", refused.errors);
        assert_eq!(refused.says, "", "{line}");
    }
    // nothing was begun that could be taken for something
    let left = fs::read_dir(folder).expect("a folder");
    let left = left.map(|file| file.expect("a file").file_name());
    let mut left: Vec<_> = left.collect();
    left.sort();
    assert_eq!(left, ["demo", "part", "text"]);
}

/// The newest entry once more, at a position: of its own kind, or of one that was never heard of.
pub(crate) fn once_more(newest: &stored::Entry, position: i64, is_known: bool) -> Vec<u8> {
    let mut entry = stored::Entry {
        position,
        ..newest.clone()
    };
    if is_known {
        return entry.encode_to_vec();
    }
    entry.event = None;
    // field 999, an empty message
    [&entry.encode_to_vec()[..], &[0xba, 0x3e, 0]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_an_unknown_kind_ends_service_and_audit_with_70() {
    let mut world = World::start().await;
    let folder = world.folder().to_owned();
    let newest = play(&world).await;
    world.terminate().await;
    let journal = Connection::open(folder.join("data/journal.sqlite")).expect("opened");
    let read = "SELECT bytes FROM entries WHERE position = ?1";
    let bytes: Vec<u8> = journal
        .query_row(read, [newest], |row| row.get(0))
        .expect("read");
    let entry = stored::Entry::decode(&bytes[..]).expect("an entry");
    let put = |position, is_known| {
        let sql = "INSERT INTO entries (position, bytes) VALUES (?1, ?2)";
        let bytes = once_more(&entry, position, is_known);
        assert_eq!(journal.execute(sql, params![position, bytes]), Ok(1));
    };
    let named = format!("entry {} cannot be read", newest + 1);
    // as the newest entry, and with another one after it
    for (position, is_known) in [(newest + 1, false), (newest + 2, true)] {
        put(position, is_known);
        let (code, said) = world.start_second(&[]).await;
        assert_eq!(code, Some(70), "{said}");
        assert!(said.contains(&named), "{said}");
        for words in [
            &["export", "data/journal.sqlite", "new"][..],
            &["replay", "data/journal.sqlite"],
            &["step", "data/journal.sqlite"],
            &["copy", "data/journal.sqlite", "new"],
        ] {
            let halted = audit(&folder, words);
            let errors = halted.errors;
            assert_eq!(halted.code, 70, "{words:?}: {errors}");
            assert!(errors.contains(&named), "{words:?}: {errors}");
        }
        assert!(!folder.join("new").exists());
        // whoever looks for faults wants all of them
        let verified = audit(&folder, &["verify", "data/journal.sqlite"]);
        let named = format!("entry {}: cannot be read", newest + 1);
        assert!(verified.errors.contains(&named), "{}", verified.errors);
        assert_eq!(verified.code, 1);
    }
}
