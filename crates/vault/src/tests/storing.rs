//! Claims about the file: whose it is, what it keeps, what it never holds.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::{Context, Waker};

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::*;
use crate::limits::{GROUP_CHANGES_MAX, QUEUE_CHANGES_MAX};
use crate::store::held;
use crate::{OpenError, SearchTerm};

/// Set in a child process: the folder of the house it works in.
const CHILD: &str = "FLYTTBUD_VAULT_TEST_FOLDER";

/// Runs one of these tests again as another process, in this house.
fn child(house: &House, test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", &format!("tests::storing::{test}"), "--nocapture"])
        .env(CHILD, house.folder.path());
    command
}

fn unlock(folder: &Path) -> Result<Vault, OpenError> {
    let root = RootKey::read(&folder.join("root.key")).expect("a root key");
    Vault::unlock(&folder.join("vault.db"), root, YEAR)
}

#[test]
fn a_second_process_is_refused_until_the_first_one_lets_go() {
    let test = "a_second_process_is_refused_until_the_first_one_lets_go";
    if let Some(folder) = std::env::var_os(CHILD) {
        let verdict = match unlock(Path::new(&folder)) {
            Ok(_vault) => "opened".to_owned(),
            Err(error) => error.to_string(),
        };
        writeln!(std::io::stdout(), "verdict: {verdict}").expect("told");
        return;
    }
    let house = House::new();
    let vault = house.vault();
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
    let house = House::new();
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
    assert_eq!(key_rows(&house.vault()), 512);
}

async fn put_256(vault: &Vault) {
    let mut callers = JoinSet::new();
    for id in 1..=256 {
        let vault = vault.clone();
        callers.spawn(async move {
            let (shared, _own, keys) = seal(&vault, subject(id)).expect("sealed");
            vault.put(keys, Vec::new()).await.expect("put");
            // readable at once by whoever was answered
            assert!(
                open(&vault, heby(), subject(id), &shared)
                    .expect("no fault")
                    .is_some()
            );
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller.expect("a caller");
    }
}

#[test]
fn closing_writes_what_waits_though_nobody_waits_for_it() {
    let house = House::new();
    let vault = house.vault();
    for id in 1..=300 {
        let (_shared, _own, keys) = seal(&vault, subject(id)).expect("sealed");
        // handed over, then given up
        let mut put = pin!(vault.put(keys, Vec::new()));
        let _pending = put.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    drop(vault);
    assert_eq!(key_rows(&house.vault()), 600);
}

#[test]
fn a_full_queue_makes_further_callers_wait() {
    let house = House::new();
    let vault = house.vault();
    let wanted = QUEUE_CHANGES_MAX + GROUP_CHANGES_MAX + 1;
    let keys: Vec<_> = (1..=wanted)
        .map(|_| {
            let own = Some((b"own".as_slice(), solna()));
            vault.seal(subject(1), Version(1), (solna(), heby()), None, own)
        })
        .map(|sealed| sealed.expect("sealed").1)
        .collect();
    let busy = held(&vault.inner.store.writing);
    for keys in keys {
        // whoever finds the queue full and gives up leaves nothing behind
        let mut put = pin!(vault.put(keys, Vec::new()));
        assert!(
            put.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
    }
    drop(busy);
    drop(vault);
    let stored = usize::try_from(key_rows(&house.vault())).expect("a count");
    assert!((QUEUE_CHANGES_MAX..wanted).contains(&stored), "{stored}");
}

#[test]
fn another_root_key_is_refused_by_name_and_a_false_one_by_proof() {
    let house = House::new();
    drop(house.vault());
    let path = house.folder.path().join("other.key");
    let other = RootKey::create(&path).expect("a root key");
    let error = Vault::unlock(&house.path(), other, YEAR).expect_err("refused");
    assert!(matches!(&error, OpenError::WrongRoot { wanted, .. } if wanted == house.root().id()));
    let text = fs::read_to_string(&path).expect("text");
    let key = text.lines().nth(1).expect("a second line");
    fs::write(&path, format!("id {}\n{key}\n", house.root().id())).expect("written");
    let other = RootKey::read(&path).expect("a root key");
    let error = Vault::unlock(&house.path(), other, YEAR).expect_err("refused");
    assert!(matches!(error, OpenError::Root(Error::Tampered)));
    drop(house.vault());
}

#[tokio::test]
async fn no_person_stands_in_the_files_and_nobody_else_may_read_them() {
    let house = House::new();
    let vault = house.vault();
    let person = number("19900101-2385");
    vault
        .pseudonym(solna(), YEAR, &person, solna())
        .expect("a pseudonym");
    let (_shared, _own, keys) = seal(&vault, subject(1)).expect("sealed");
    let terms = [
        SearchTerm::Number(&person),
        SearchTerm::CaseNumber("SOC 2026-1"),
    ];
    let rows = terms.map(|term| vault.search_row(solna(), term, subject(1)).expect("a row"));
    vault.put(keys, rows.to_vec()).await.expect("put");
    vault
        .record_access(solna(), subject(1), Timestamp::UNIX_EPOCH, b"officer k1234")
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
