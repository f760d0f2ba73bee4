//! Claims about the file: whose it is, what it keeps, what it never holds.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::{Context, Waker};

use jiff::Timestamp;
use rusqlite::TransactionBehavior;
use tokio::task::{JoinSet, yield_now};

use super::*;
use crate::limits::{FOUND_MAX, GROUP_CHANGES_MAX, QUEUE_CHANGES_MAX};
use crate::{OpenError, SearchTerm};

/// Set in a child process: the folder of the house it works in.
const CHILD: &str = "FLYTTBUD_VAULT_TEST_FOLDER";

/// Runs one of these tests again as another process, in this house.
fn child(house: &House, test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", &format!("tests::file::{test}"), "--nocapture"])
        .env(CHILD, house.folder.path());
    command
}

fn unlock(folder: &Path) -> Result<Vault, OpenError> {
    let root = RootKey::read(&folder.join("root.key")).expect("a root key");
    Vault::unlock(&folder.join("vault.db"), root, YEAR)
}

#[tokio::test]
async fn a_second_process_is_refused_until_the_first_one_lets_go() {
    let test = "a_second_process_is_refused_until_the_first_one_lets_go";
    if let Some(folder) = std::env::var_os(CHILD) {
        let verdict = match unlock(Path::new(&folder)) {
            Ok(_vault) => "opened".to_owned(),
            Err(error) => error.to_string(),
        };
        writeln!(std::io::stdout(), "verdict: {verdict}").expect("told");
        return;
    }
    let house = House::over_sqlite();
    let vault = house.vault().await;
    let verdict = || {
        let output = child(&house, test).output().expect("a child");
        let text = String::from_utf8(output.stdout).expect("text");
        let line = text.lines().find(|line| line.contains("verdict: "));
        line.expect("a verdict").to_owned()
    };
    let refused = verdict();
    assert!(
        refused.ends_with("is held by another process; stop that one first"),
        "{refused}"
    );
    // nor does this process open it twice
    assert!(matches!(
        unlock(house.folder.path()),
        Err(OpenError::InUse { .. })
    ));
    drop(vault);
    assert!(verdict().ends_with("verdict: opened"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_256_callers_were_answered_survives_a_kill() {
    let test = "what_256_callers_were_answered_survives_a_kill";
    if let Some(folder) = std::env::var_os(CHILD) {
        let vault = unlock(Path::new(&folder)).expect("a vault");
        put_256(&vault).await;
        writeln!(std::io::stdout(), "answered").expect("told");
        // killed while it waits here, nothing closed
        std::io::stdin()
            .read_to_end(&mut Vec::new())
            .expect("the end");
        return;
    }
    let house = House::over_sqlite();
    let mut child = child(&house, test)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let answered = output
        .lines()
        .any(|line| line.expect("a line").ends_with("answered"));
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert!(answered);
    let vault = house.vault().await;
    assert_eq!(house.count("body_keys").await, 512);
    assert_eq!(found(&vault, solna(), "SOC 2026-1").await.len(), FOUND_MAX);
}

async fn put_256(vault: &Vault) {
    let mut callers = JoinSet::new();
    for id in 1..=256 {
        let vault = vault.clone();
        callers.spawn(async move {
            let (shared, _own) = put(&vault, subject(id), "SOC 2026-1").await;
            // readable at once by whoever was answered
            assert!(read(&vault, heby(), subject(id), &shared).await.is_some());
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller.expect("a caller");
    }
}

#[tokio::test]
async fn closing_writes_what_waits_though_nobody_waits_for_it() {
    let house = House::over_sqlite();
    let vault = house.vault().await;
    for id in 1..=300 {
        let (_shared, _own, keys) = seal(&vault, subject(id)).await;
        // handed over, then given up
        let mut put = pin!(vault.put(keys, Vec::new()));
        let _pending = put.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        yield_now().await;
    }
    drop(vault);
    assert_eq!(house.count("body_keys").await, 600);
}

#[tokio::test]
async fn a_full_queue_makes_further_callers_wait() {
    let house = House::over_sqlite();
    let vault = house.vault().await;
    let wanted = QUEUE_CHANGES_MAX + GROUP_CHANGES_MAX + 1;
    let mut waiting = Vec::new();
    for id in 1..=wanted {
        let id = u128::try_from(id).expect("small");
        waiting.push(seal(&vault, subject(id)).await.2);
    }
    let mut other = Connection::open(house.path()).expect("a file");
    let busy = other.transaction_with_behavior(TransactionBehavior::Immediate);
    let busy = busy.expect("the writer kept out");
    for keys in waiting {
        // whoever finds the queue full and gives up leaves nothing behind
        let mut put = pin!(vault.put(keys, Vec::new()));
        let poll = put.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending());
        yield_now().await;
    }
    drop(busy);
    drop(vault);
    let stored = usize::try_from(house.count("body_keys").await / 2).expect("a count");
    assert!((QUEUE_CHANGES_MAX..wanted).contains(&stored), "{stored}");
}

#[tokio::test]
async fn what_is_deleted_for_good_is_in_no_file() {
    let house = House::over_sqlite();
    let vault = house.vault().await;
    let (_shared, _own, keys) = seal(&vault, subject(1)).await;
    let term = SearchTerm::CaseNumber("SOC 2026-1");
    let row = vault.search_row(solna(), term, subject(1)).await;
    let row = row.expect("a row");
    let token = row.token;
    vault.put(keys, vec![row]).await.expect("put");
    let wrapped = house.wrapped_for(subject(1)).await;
    vault.erase(solna(), subject(1)).await.expect("erased");
    // rows stand in the order of authorities
    assert!(!house.holds(&wrapped[0]) && !house.holds(&token));
    assert!(house.holds(&wrapped[1]));

    let person = number("19900101-2385");
    let pseudonym = vault.pseudonym(solna(), YEAR - 1, &person, solna()).await;
    pseudonym.expect("a pseudonym");
    let wrapped: Vec<u8> = Connection::open(house.path())
        .and_then(|file| {
            let sql = "SELECT wrapped FROM authority_keys WHERE purpose = 1";
            file.query_row(sql, [], |row| row.get(0))
        })
        .expect("a row");
    assert!(house.holds(&wrapped));
    vault.drop_pseudonym_keys(YEAR - 1).await.expect("dropped");
    assert!(!house.holds(&wrapped));
}

#[tokio::test]
async fn what_is_wrapped_anew_leaves_the_file_and_its_log_at_once() {
    let house = House::over_sqlite();
    let vault = house.mover(house.keys(["root.key"])).await;
    put(&vault, subject(1), "SOC 2026-1").await;
    let wraps = house.wraps().await;
    assert!(wraps.len() > 1 && wraps.iter().all(|wrap| house.holds(wrap)));
    let both = house.keys(["new.key", "root.key"]);
    vault.use_roots(both).await.expect("all of it");
    vault.rotate_root(|_uses| {}).await.expect("moved");
    // nothing is closed
    for wrap in &wraps {
        assert!(!house.holds(wrap));
    }
    assert!(house.wraps().await.iter().all(|wrap| house.holds(wrap)));
}

#[tokio::test]
async fn no_person_stands_in_the_files_and_nobody_else_may_read_them() {
    let house = House::over_sqlite();
    let vault = house.vault().await;
    let person = number("19900101-2385");
    vault
        .pseudonym(solna(), YEAR, &person, solna())
        .await
        .expect("a pseudonym");
    let (_shared, _own, keys) = seal(&vault, subject(1)).await;
    let terms = [
        SearchTerm::Number(&person),
        SearchTerm::CaseNumber("SOC 2026-1"),
    ];
    let mut rows = Vec::new();
    for term in terms {
        let row = vault.search_row(solna(), term, subject(1)).await;
        rows.push(row.expect("a row"));
    }
    vault.put(keys, rows).await.expect("put");
    vault
        .record_access(access(subject(1), Timestamp::UNIX_EPOCH, b"officer k1234"))
        .await
        .expect("recorded");
    let check = || {
        for canary in [
            "what both may read",
            "what one may read",
            "199001012385",
            "19900101-2385",
            "SOC 2026-1",
            "k1234",
        ] {
            assert!(!house.holds(canary.as_bytes()), "{canary}");
        }
        // the search itself works: this stands there in the clear
        assert!(house.holds(subject(1).id.as_bytes()));
        for file in fs::read_dir(house.folder.path()).expect("a folder") {
            let file = file.expect("a file");
            let mode = file.metadata().expect("metadata").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", file.file_name());
        }
    };
    check();
    drop(vault);
    check();
}
