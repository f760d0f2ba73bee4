//! Backups of running services, and what a restore brings back, must not bring back, and tells of what it lost.

mod keys;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use api::v1;
use daemon::postgres::testing::{Database, Server};
use serde_json::Value;
use tests::{Apart, Party, Plan, SOLLEFTEA, SOLNA, World, flyttbud, make_log_key, run, wait_for};
use uuid::Uuid;

use crate::access::announced;
use crate::load::{announcements, register_all};
use crate::recalling::withdraw;
use crate::receipts::{profile, write};

/// Longer than any receipt takes.
const PATIENCE: Duration = Duration::from_secs(30);

async fn receipt(solna: &Party, name: &str, is_full: bool) -> v1::Receipt {
    let request = v1::GetReceiptRequest {
        municipality: solna.municipality(),
        name: name.to_owned(),
        ..v1::GetReceiptRequest::default()
    };
    let client = &solna.client;
    let receipt = client.wait_for_receipt(&request, is_full, PATIENCE).await;
    receipt.expect("a receipt")
}

/// The name of the log that signed it.
fn origin(receipt: &v1::Receipt) -> &str {
    let checkpoint = receipt.checkpoint.as_ref().expect("a checkpoint");
    checkpoint.note.lines().next().unwrap_or_default()
}

fn size(receipt: &v1::Receipt) -> i64 {
    receipt.checkpoint.as_ref().expect("a checkpoint").size
}

/// Whether a party reads what was told, or nothing any more.
async fn reads(party: &Party, name: &str) -> bool {
    let read = party.read(name).await.expect("the envelope");
    read.content.is_some()
}

async fn reason(party: &Party, name: &str) -> String {
    party.read(name).await.expect_err("it is lost").reason
}

const ANOTHER_LOG: &str = "flyttbud.example/log-2";

/// Puts a key with another name in the place of the log's.
fn make_another_log_key(folder: &Path) {
    fs::remove_file(folder.join("log.key")).expect("it was there");
    make_log_key(folder, ANOTHER_LOG);
}

/// Copies a running service into the folders `record` and `keys`.
fn back_up(folder: &Path) -> Value {
    let words = "--json backup --config serve.toml --record record --keys keys";
    let words: Vec<&str> = words.split(' ').collect();
    let said = run(folder, &words).stdout;
    let told: Value = serde_json::from_slice(&said).expect("an object");
    assert_eq!(told["key_faults"], 0, "{told}");
    let files = fs::read_dir(folder.join("keys")).expect("a folder");
    let files: Vec<_> = files
        .map(|file| file.expect("a file").file_name())
        .collect();
    assert_eq!(files, ["keys.sqlite"], "whole, and nothing beside it");
    told
}

/// Puts a file of a backup in the place of a stopped service's.
fn restore(folder: &Path, from: &str, file: &str) {
    let data = folder.join("data");
    fs::create_dir_all(&data).expect("a folder");
    for left in fs::read_dir(&data).expect("files") {
        let left = left.expect("a file");
        // the read tables, which are newer now, are made anew
        let name = left.file_name().into_string().expect("a name");
        if name.starts_with(file) || name.starts_with("views.sqlite") {
            fs::remove_file(left.path()).expect("removed");
        }
    }
    fs::copy(folder.join(from).join(file), data.join(file)).expect("restored");
}

/// The wrapped keys that Sollefteå has to a relocation.
fn keys_of(file: &Path, name: &str) -> Vec<Vec<u8>> {
    let file = rusqlite::Connection::open(file).expect("a key store");
    let id = name.strip_prefix("relocations/").expect("a name");
    let id = Uuid::parse_str(id).expect("an id");
    let mut statement = file
        .prepare("SELECT wrapped FROM body_keys WHERE subject = ?1 AND authority = 2283")
        .expect("its table");
    let rows = statement.query_map([id.as_bytes()], |row| row.get(0));
    let rows: Result<_, _> = rows.expect("rows").collect();
    rows.expect("keys")
}

/// Whether bytes stand in any of a folder's files.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).expect("files").any(|file| {
        let held = fs::read(file.expect("a file").path()).expect("bytes");
        held.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_store_older_than_a_revoked_consent_erases_again_before_it_serves() {
    let mut world = World::start().await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    let revoked = announced(&solna, 0).await;
    let kept = announced(&solna, 1).await;
    let copied = back_up(world.folder());
    // the first entry is the definition
    assert_eq!(copied["entries"], 3, "{copied}");
    let later = announced(&solna, 2).await;
    withdraw(&solna, &revoked, v1::WithdrawalReason::ConsentRevoked).await;
    assert!(world.terminate().await.success());
    let data = world.folder().join("data");
    let wrapped = keys_of(&world.folder().join("keys/keys.sqlite"), &revoked);
    assert_eq!(wrapped.len(), 1, "the copy has what was erased since");
    assert!(!holds(&data, &wrapped[0]));
    restore(world.folder(), "keys", "keys.sqlite");
    assert!(holds(&data, &wrapped[0]));

    world.start_again().await;
    // nobody has called yet
    assert_eq!(keys_of(&data.join("keys.sqlite"), &revoked).len(), 0);
    assert!(!holds(&data, &wrapped[0]));
    assert!(
        world
            .log()
            .contains("keys erased that entries ended keys=1"),
        "{}",
        world.log()
    );
    let (solna, solleftea_again) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    drop(solleftea);
    for (name, reader, is_read) in [
        (&revoked, &solleftea_again, false),
        (&revoked, &solna, true),
        (&kept, &solleftea_again, true),
        (&kept, &solna, true),
        // its keys were younger than the copy
        (&later, &solleftea_again, false),
        (&later, &solna, false),
    ] {
        assert_eq!(reads(reader, name).await, is_read, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_lost_its_tail_is_refused_until_somebody_says_so_and_raises_the_alarm() {
    let mut world = World::start().await;
    let solna = world.party(SOLNA).await;
    let kept = announced(&solna, 0).await;
    back_up(world.folder());
    let lost = announced(&solna, 1).await;
    receipt(&solna, &lost, false).await;
    assert!(world.terminate().await.success());
    restore(world.folder(), "record", "journal.sqlite");

    let (code, said) = world.start_second(&[]).await;
    assert_eq!(code, Some(70), "{said}");
    let told = "the record has lost entry 3, which the key store knows; it ends at entry 2";
    assert!(said.contains(told), "{said}");
    assert!(said.contains("--confirm-loss"), "{said}");

    // the key has signed what is lost, and may sign nothing else in its place
    for (options, code) in [(&["--confirm-loss"][..], 64), (&[], 70)] {
        let (ended, said) = world.start_second(options).await;
        assert_eq!(ended, Some(code), "{said}");
        let told = "3 entries were signed, and the record has fewer";
        assert!(said.contains(told), "{said}");
    }
    make_another_log_key(world.folder());
    world.start_again_with(&["--confirm-loss"]).await;
    let alarm = "the journal ends before the 3 entries that were logged";
    wait_for("the alarm", || async {
        world.log().contains(alarm).then_some(())
    })
    .await;
    let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
    assert!(reads(&solleftea, &kept).await);
    assert_eq!(reason(&solna, &lost).await, "NOT_FOUND");
    let next = announced(&solna, 2).await;
    assert!(reads(&solleftea, &next).await, "registrations go on");
    // it was said once
    assert!(world.terminate().await.success());
    let data = world.folder().join("data");
    for name in [
        "evidence.sqlite",
        "evidence.sqlite-wal",
        "evidence.sqlite-shm",
    ] {
        fs::rename(data.join(name), world.folder().join(name)).ok();
    }
    world.start_again().await;
    let solna = world.party(SOLNA).await;
    let begun = receipt(&solna, &kept, false).await;
    assert_eq!(origin(&begun), ANOTHER_LOG);
}

/// What comes of asking the log to prove that it continues a receipt's: the verifier's exit code.
fn consistency(world: &World, held: &str) -> Option<i32> {
    let folder = world.folder();
    let key = fs::read_to_string(folder.join("log.pub")).expect("a key");
    let policy = format!("log {}\nquorum none\n", key.trim_end());
    fs::write(folder.join("trust"), policy).expect("a policy");
    let profile = profile(world, SOLNA);
    let words = format!("--profile {profile} checkpoint consistency --from {held} --out proof");
    run(folder, &words.split(' ').collect::<Vec<_>>());
    let verified = Command::new(flyttbud())
        .args(["verify", "consistency", held, "proof", "--policy", "trust"])
        .current_dir(folder)
        .status();
    verified.expect("flyttbud starts").code()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_restores_by_itself_and_its_lost_tail_is_found_by_receipt_and_witness()
{
    let mut world = World::with(Plan {
        witnesses: 1,
        ..Plan::default()
    })
    .await;
    let folder = world.folder().to_owned();
    let mut requests = announcements(&world, "2283", 200).await;
    let others = requests.split_off(100);
    let began = tokio::sync::Notify::new();
    let load = register_all(&world, requests, |answers| {
        if answers == 10 {
            began.notify_one();
        }
    });
    let backup = async {
        began.notified().await;
        let folder = folder.clone();
        tokio::task::spawn_blocking(move || back_up(&folder)).await
    };
    let (sent, copied) = tokio::join!(load, backup);
    let copied = copied.expect("copied")["entries"].as_i64();
    let copied = copied.expect("a count");
    let solna = world.party(SOLNA).await;
    let lost = announced(&solna, 0).await;
    let held = receipt(&solna, &lost, true).await;
    assert!((11..size(&held)).contains(&copied), "{copied}");
    write(&folder, "held", &held);
    assert_eq!(consistency(&world, "held"), Some(0), "proven");
    assert!(world.terminate().await.success());
    world.witnesses[0].kill().await;
    fs::remove_dir_all(folder.join("data")).expect("removed");
    for (from, file) in [
        ("record", "journal.sqlite"),
        ("record", "evidence.sqlite"),
        ("keys", "keys.sqlite"),
    ] {
        restore(&folder, from, file);
    }

    world.start_again().await;
    let solleftea = world.party(SOLLEFTEA).await;
    let mut found = 1;
    for name in sent.into_iter().map(|one| one.answer.expect("accepted")) {
        match solleftea.read(&name).await {
            Ok(read) => {
                assert!(read.content.is_some(), "every entry has its keys");
                found += 1;
            }
            Err(refused) => assert_eq!(refused.reason, "NOT_FOUND"),
        }
    }
    assert_eq!(found, copied, "and the definition");
    assert_eq!(reason(&solleftea, &lost).await, "NOT_FOUND");

    // it grows again beyond what was lost, and whoever holds a receipt of that sees that it is another log
    register_all(&world, others, |_| {}).await;
    wait_for("a larger log", || async {
        let request = v1::GetCheckpointRequest::default();
        let newest = solleftea.get_checkpoint(request).await.ok()?;
        (newest.checkpoint?.size > size(&held)).then_some(())
    })
    .await;
    assert_eq!(consistency(&world, "held"), Some(1), "not proven");
    // and so does the witness, as soon as it is back; one stops nothing
    world.witnesses[0].start_again().await;
    wait_for("the contradiction", || async {
        let told = "witness has seen another history of the log witness=\"w1\"";
        world.log().contains(told).then_some(())
    })
    .await;
}

/// The entries of a record, in order.
async fn entries(journal: &Database) -> Vec<Vec<u8>> {
    let client = journal.client("postgres").await.expect("a connection");
    let sql = "SELECT bytes FROM flyttbud.entries ORDER BY position";
    let rows = client.query(sql, &[]).await.expect("rows");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_recovered_to_a_point_in_time_is_whole_up_to_there_and_every_service_tells_the_loss()
 {
    let server = Server::start_archiving().await.expect("a server");
    let server = Arc::new(server);
    let mut world = Apart::over(server.clone()).await;
    let backup = server.base_backup().await.expect("a backup");
    let solna = world.party(SOLNA, 0).await;
    let kept = announced(&solna, 0).await;
    let before = entries(&world.journal).await;
    server.name_point("noon").await.expect("a name");
    let lost = announced(&solna, 1).await;
    let all = entries(&world.journal).await.len();
    for ledger in [0, 1] {
        // who leads has signed it, and who follows has seen that
        let is_known = || world.remembered(ledger).lines().nth(1) == Some(&all.to_string());
        wait_for("it remembers", || async { is_known().then_some(()) }).await;
    }
    world.terminate().await;
    let recovered = server.recovered(&backup, "noon").await.expect("recovered");
    let name = world.journal.name.clone();
    world.move_journal(Database {
        server: Arc::new(recovered),
        name,
    });

    assert_eq!(entries(&world.journal).await, before);
    let url = world.journal.owner().url;
    let said = run(world.folder(), &["--json", "journal", "verify", &url]).stdout;
    let verified: Value = serde_json::from_slice(&said).expect("an object");
    assert_eq!(verified["entries"], before.len(), "{verified}");
    assert_eq!(verified["faults"], 0, "{verified}");

    // whichever service a supervisor starts first
    for ledger in [0, 1] {
        let (code, said) = world.ledger_refused(ledger, &[]).await;
        assert_eq!(code, Some(70), "{said}");
        let told = format!("{all} entries were signed, and the record has fewer");
        assert!(said.contains(&told), "{said}");
    }
    let (code, said) = world.gateway_refused().await;
    assert_eq!(code, Some(70), "{said}");
    let told = format!(
        "has lost entry {all}, which the key store knows; it ends at entry {}",
        before.len()
    );
    assert!(said.contains(&told), "{said}");
    world.start_gateway(&["--confirm-loss"]).await;
    let solleftea = world.party(SOLLEFTEA, 0).await;
    assert!(reads(&solleftea, &kept).await);
    assert_eq!(reason(&solleftea, &lost).await, "NOT_FOUND");
    let solna = world.party(SOLNA, 0).await;
    let next = announced(&solna, 2).await;
    assert!(reads(&solleftea, &next).await);
    another_log_begins(&mut world, all, &next).await;
}

/// The record has as many entries again, and they are others: the key that signed those signs nothing any more.
async fn another_log_begins(world: &mut Apart, signed: usize, name: &str) {
    assert_eq!(entries(&world.journal).await.len(), signed);
    let told = format!("the first {signed} entries of the record are not those that were signed");
    for (options, code) in [(&[][..], 70), (&["--confirm-loss"], 64)] {
        let (ended, said) = world.ledger_refused(0, options).await;
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains(&told), "{said}");
    }
    make_another_log_key(world.folder());
    for ledger in [0, 1] {
        world.start_ledger(ledger, &["--confirm-loss"]).await;
    }
    let solna = world.party(SOLNA, 0).await;
    let begun = receipt(&solna, name, false).await;
    assert_eq!(origin(&begun), ANOTHER_LOG);
}
