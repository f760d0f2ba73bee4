//! The root key changes under services that go on: nobody is refused meanwhile, nothing is lost, and the old one opens
//! nothing any more but copies of before.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use api::v1;
use nix::sys::signal::Signal;
use serde_json::Value;
use tests::{Apart, Party, SOLLEFTEA, SOLNA, World, announcement, flyttbud, person, run, wait_for};
use vault::{OpenError, RootKey, RootKeys, Vault};

use crate::load::{Sent, register_by, told_once};
use crate::moving::found;

/// Longer than any call takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// Registered at once, each by a municipality that gets its first keys then.
const BATCH: usize = 16;

/// Names root keys in the configuration of a service, the newest first.
pub(crate) fn name(folder: &Path, service: &str, roots: &[&str]) {
    let file = folder.join(format!("{service}.toml"));
    let text = std::fs::read_to_string(&file).expect("a configuration");
    let [newest, earlier @ ..] = roots else {
        panic!("there is a newest one")
    };
    let path = |root: &&str| format!("\"{}/{root}\"", folder.display());
    let earlier: Vec<String> = earlier.iter().map(path).collect();
    let lines = format!(
        "root_key = {}\nearlier_root_keys = [{}]",
        path(newest),
        earlier.join(", ")
    );
    let others = text
        .lines()
        .filter(|line| !line.starts_with("earlier_root"));
    let named = others.map(|line| {
        if line.starts_with("root_key") {
            return lines.as_str();
        }
        line
    });
    let named: Vec<&str> = named.collect();
    std::fs::write(&file, named.join("\n")).expect("a configuration");
}

/// The id of a root key.
fn id(folder: &Path, root: &str) -> String {
    let root = RootKey::read(&folder.join(root)).expect("a root key");
    root.id().to_owned()
}

/// What a verb of the command line says, a line each.
pub(crate) fn said(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = run(folder, &[&["--json"], arguments].concat());
    let text = String::from_utf8(output.stdout).expect("text");
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("JSON")
}

/// The verb that moves a key store, as its owner.
fn rotate(keys: &str) -> [&str; 7] {
    [
        "keys",
        "rotate-root",
        keys,
        "--to",
        "new.key",
        "--from",
        "root.key",
    ]
}

/// The key store of a service, which goes on, is what it was, by the right root key.
fn is_sound_under(folder: &Path, right: &str, wrong: &str) {
    let verify = ["keys", "verify", "data/keys.sqlite", "--root-key"];
    let sound = said(folder, &[&verify[..], &[right]].concat());
    let counted = ["faults", "search_unproven"].map(|name| sound[0][name].as_u64());
    assert_eq!(counted, [Some(0), Some(0)], "{sound:?}");
    assert!(sound[0]["search"].as_u64() > Some(0), "{sound:?}");
    let refused = crate::auditing::said(folder, &[&verify[..], &[wrong]].concat());
    assert_eq!(refused.code, 1, "{}", refused.errors);
    let named = "its file was not given";
    assert!(refused.errors.contains(named), "{}", refused.errors);
}

/// A key store in a database is what it was, and has the keys to its journal.
fn has_its_journals_keys(folder: &Path, keys: &str, journal: &str) {
    let words = ["--root-key", "new.key", "--journal", journal];
    let sound = said(folder, &[&["keys", "verify", keys], &words[..]].concat());
    assert_eq!(sound[0]["faults"], 0, "{sound:?}");
    assert!(sound[0]["sealed_entries"].as_u64() > Some(0), "{sound:?}");
}

/// Waits until a log says so, so many times.
pub(crate) async fn logged(log: impl Fn() -> String, text: &str, times: usize) {
    wait_for(text, || async {
        (log().matches(text).count() >= times).then_some(())
    })
    .await;
}

/// How many were answered so far.
#[derive(Default)]
struct Answered(AtomicUsize);

impl Answered {
    /// Waits for a batch more.
    async fn more(&self) {
        let enough = self.0.load(Ordering::Relaxed) + BATCH;
        wait_for("more are answered", || async {
            (self.0.load(Ordering::Relaxed) >= enough).then_some(())
        })
        .await;
    }
}

/// Registers batch after batch as long as something goes on, and once more. Everybody is answered. Returns the names.
async fn register_during(
    callers: &[Party],
    served: &[Party],
    change: impl AsyncFnOnce(&Answered),
) -> Vec<String> {
    let requests = served.iter().map(|party| announcement(party, "2283", 0));
    let mut requests: Vec<v1::RegisterRelocationRequest> = requests.collect();
    let last = requests.split_off(requests.len() - BATCH);
    let (is_over, answered) = (AtomicBool::new(false), Answered::default());
    let load = async {
        let mut sent = Vec::new();
        for batch in requests.chunks(BATCH) {
            if is_over.load(Ordering::Relaxed) {
                break;
            }
            let seen = |_: &Sent| {
                answered.0.fetch_add(1, Ordering::Relaxed);
            };
            sent.extend(register_by(callers, batch.to_vec(), PATIENCE, seen).await);
        }
        sent
    };
    let change = async {
        change(&answered).await;
        is_over.store(true, Ordering::Relaxed);
    };
    let (mut sent, ()) = tokio::join!(load, change);
    sent.extend(register_by(callers, last, PATIENCE, |_| {}).await);
    let names = sent
        .into_iter()
        .map(|one| one.answer.expect("nobody is refused"));
    names.collect()
}

/// Everything is as it was before: what was answered, what is found, who is the same person, what opens.
async fn all_is_there(
    solna: &Party,
    solleftea: &Party,
    first: &v1::RegisterRelocationRequest,
    names: &[String],
) {
    let again = solna
        .register(first.clone())
        .await
        .expect("the same answer");
    let again = again.relocation.expect("one").name;
    assert_eq!(Some(&again), names.first());
    assert_eq!(found(solna, 0).await, std::slice::from_ref(&again));
    let anew = solna.register(announcement(solna, "2283", 0)).await;
    let anew = anew.expect("accepted").relocation.expect("one").name;
    assert_eq!(anew, again, "the same person");
    for name in names {
        let content = solleftea.read(name).await.expect("read").content;
        assert_eq!(content.expect("its content").person, Some(person(0)));
    }
    told_once(solleftea, &names.iter().cloned().collect::<BTreeSet<_>>()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_key_of_one_process_changes_while_registrations_go_on() {
    let mut world = World::start().await;
    let folder = world.folder().to_owned();
    let solna = world.party(SOLNA).await;
    let first = announcement(&solna, "2283", 0);
    let answer = solna.register(first.clone()).await.expect("accepted");
    let mut names = vec![answer.relocation.expect("one").name];
    let copies = ["--record", "record-before", "--keys", "keys-before"];
    run(
        &folder,
        &[&["backup", "--config", "serve.toml"], &copies[..]].concat(),
    );

    let made = said(&folder, &["keys", "create", "new.key"]);
    let [old, new] = ["root.key", "new.key"].map(|root| id(&folder, root));
    assert_eq!(made[0]["id"], new.as_str());
    let served = world.served().await;
    let change = async |answered: &Answered| {
        answered.more().await;
        name(&folder, "serve", &["new.key", "root.key"]);
        world.ask_to_reload();
        logged(|| world.log(), "root key changed", 1).await;
        answered.more().await;
        name(&folder, "serve", &["new.key"]);
        world.ask_to_reload();
        logged(|| world.log(), "root keys read", 2).await;
    };
    names.extend(register_during(&served[..1], &served, change).await);
    assert!(
        !world.log().contains("root keys not read"),
        "{}",
        world.log()
    );
    is_sound_under(&folder, "new.key", "root.key");
    let roots = said(&folder, &["keys", "roots", "data/keys.sqlite"]);
    assert_eq!(roots.len(), 1, "{roots:?}");
    assert_eq!(
        (&roots[0]["id"], &roots[0]["newest"]),
        (&Value::from(new.as_str()), &true.into())
    );
    let solleftea = world.party(SOLLEFTEA).await;
    all_is_there(&solna, &solleftea, &first, &names).await;

    // whoever starts has nothing but what is stored
    assert!(world.terminate().await.success());
    name(&folder, "serve", &["root.key"]);
    let (code, told) = world.start_second(&[]).await;
    let refused = format!("needs root key '{new}', and only '{old}' is given");
    assert!(
        code == Some(1) && told.contains(&refused),
        "{code:?}: {told}"
    );
    name(&folder, "serve", &["new.key"]);
    world.start_again().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    all_is_there(&solna, &solleftea, &first, &names).await;
    // what this does not help against
    let copy = folder.join("keys-before/keys.sqlite");
    let unlock = |root: &str| {
        let root = RootKey::read(&folder.join(root)).expect("a root key");
        Vault::unlock(&copy, root, 2026).map(drop)
    };
    unlock("root.key").expect("a copy of before is under the root key of before");
    let refused = unlock("new.key");
    assert!(
        matches!(refused, Err(OpenError::WrongRoot { .. })),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_key_of_a_database_changes_while_two_gateways_register() {
    let mut world = Apart::start().await;
    let folder = world.folder().to_owned();
    let solna = world.party(SOLNA, 0).await;
    let first = announcement(&solna, "2283", 0);
    let answer = solna.register(first.clone()).await.expect("accepted");
    let mut names = vec![answer.relocation.expect("one").name];
    run(&folder, &["keys", "create", "new.key"]);
    let [old, new] = ["root.key", "new.key"].map(|root| id(&folder, root));
    let served = world.served(0).await;
    let callers = [served[0].clone(), world.served(1).await[0].clone()];
    let keys = world.keys.owner().url;
    let gateways = ["gateway-1", "gateway-2"];
    let tell = async |roots: &[&str], times| {
        for (gateway, nth) in gateways.into_iter().zip(0..) {
            name(&folder, gateway, roots);
            world.signal_gateway(nth, Signal::SIGHUP);
        }
        for gateway in gateways {
            logged(|| world.log(gateway), "root keys read", times).await;
        }
    };
    let change = async |answered: &Answered| {
        answered.more().await;
        tell(&["new.key", "root.key"], 1).await;
        let rotate = rotate(&keys);
        let mut child = Command::new(flyttbud())
            .args(rotate)
            .current_dir(&folder)
            .stderr(Stdio::piped())
            .spawn()
            .expect("flyttbud starts");
        let talk = BufReader::new(child.stderr.take().expect("its talk is piped"));
        let first = talk.lines().next().expect("a line").expect("text");
        child.kill().expect("it is ours");
        child.wait().expect("it ended");
        // the new one is named, and most keys are not wrapped by it yet
        assert!(first.contains(&old) && first.contains(&new), "{first}");
        answered.more().await;
        let moved = said(&folder, &rotate);
        assert_eq!(moved[0]["root_key"], new.as_str());
        assert_eq!(moved[0]["keys_left_under_others"], 0);
        let again = said(&folder, &rotate);
        assert_eq!(again[0]["keys_wrapped_anew"], 0);
        answered.more().await;
        tell(&["new.key"], 2).await;
    };
    names.extend(register_during(&callers, &served, change).await);
    for gateway in gateways {
        let log = world.log(gateway);
        assert!(!log.contains("root keys not read"), "{log}");
    }
    // beside the gateways, which go on
    has_its_journals_keys(&folder, &keys, &world.journal.owner().url);
    let roots = said(&folder, &["keys", "roots", &keys]);
    assert_eq!(roots.len(), 1, "{roots:?}");
    let solleftea = world.party(SOLLEFTEA, 1).await;
    all_is_there(&solna, &solleftea, &first, &names).await;

    world.terminate().await;
    name(&folder, "gateway-1", &["root.key"]);
    let (code, told) = world.gateway_refused().await;
    let refused = format!("needs root key '{new}', and only '{old}' is given");
    assert!(
        code == Some(1) && told.contains(&refused),
        "{code:?}: {told}"
    );
    name(&folder, "gateway-1", &["new.key"]);
    world.start_ledger(0, &[]).await;
    world.start_gateway(&[]).await;
    let solna = world.party(SOLNA, 0).await;
    let solleftea = world.party(SOLLEFTEA, 0).await;
    all_is_there(&solna, &solleftea, &first, &names).await;
}

#[test]
fn every_verb_of_keys_answers_programs_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let made = said(folder, &["keys", "create", "root.key"]);
    assert_eq!(made[0]["id"], id(folder, "root.key").as_str());
    for verb in ["log", "witness"] {
        let named = [
            "keys",
            verb,
            "--name",
            "flyttbud.example/log",
            "--out",
            verb,
        ];
        let made = said(folder, &named);
        let verifier = made[0]["verifier"].as_str().expect("a text");
        assert!(verifier.starts_with("flyttbud.example/log+"), "{verifier}");
        assert_eq!(made[0]["file"], verb);
    }
    let root = RootKey::read(&folder.join("root.key")).expect("a root key");
    drop(Vault::unlock(&folder.join("keys.sqlite"), root, 2026).expect("a vault"));
    let copied = said(folder, &["keys", "copy", "keys.sqlite", "copy.sqlite"]);
    assert_eq!(
        (&copied[0]["roots"], &copied[0]["body_keys"]),
        (&1.into(), &0.into())
    );
    let roots = said(folder, &["keys", "roots", "copy.sqlite"]);
    assert_eq!((roots.len(), &roots[0]["keys"]), (1, &0.into()));
    let refused = Command::new(flyttbud())
        .args(rotate("copy.sqlite"))
        .current_dir(folder)
        .output()
        .expect("flyttbud starts");
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(64), "{told}");
    assert!(
        told.contains("name the new root key in store.root_key"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_any_time_of_a_change_lose_nothing() {
    let mut world = World::start().await;
    let folder = world.folder().to_owned();
    let solna = world.party(SOLNA).await;
    let first = announcement(&solna, "2283", 0);
    let answer = solna.register(first.clone()).await.expect("accepted");
    let mut names = vec![answer.relocation.expect("one").name];
    // what cannot be right is told, and changes nothing
    name(&folder, "serve", &["root.key", "root.key"]);
    let checked = Command::new(flyttbud())
        .args(["config", "check", "serve.toml"])
        .current_dir(&folder)
        .output()
        .expect("flyttbud starts");
    let twice = format!("root key '{}' is named twice", id(&folder, "root.key"));
    let told = String::from_utf8_lossy(&checked.stderr);
    assert!(
        checked.status.code() == Some(64) && told.contains(&twice),
        "{told}"
    );
    world.ask_to_reload();
    logged(|| world.log(), "root keys not read, those in use stay", 1).await;
    assert!(world.log().contains(&twice), "{}", world.log());
    let mut before = "root.key".to_owned();
    // at once, when it is named, when keys are wrapped anew, when it is over
    for (lines, nth) in [0, 1, 3, 5].into_iter().zip(0..) {
        let next = format!("{lines}.key");
        run(&folder, &["keys", "create", &next]);
        name(&folder, "serve", &[&next, &before]);
        let seen = world.log().matches("root key changes").count();
        world.ask_to_reload();
        logged(|| world.log(), "root key changes", seen + lines).await;
        world.kill().await;
        world.start_again().await;
        wait_for("it goes on where it was", || async {
            let roots = said(&folder, &["keys", "roots", "data/keys.sqlite"]);
            (roots.len() == 1 && roots[0]["id"] == id(&folder, &next).as_str()).then_some(())
        })
        .await;
        let served = world.served().await;
        let party: &Party = &served[nth];
        let answer = party.register(announcement(party, "2283", 0)).await;
        names.push(answer.expect("accepted").relocation.expect("one").name);
        let (solna, solleftea) = (world.party(SOLNA).await, world.party(SOLLEFTEA).await);
        all_is_there(&solna, &solleftea, &first, &names).await;
        before = next;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_was_forgotten_is_named_before_anything_moves_and_fails_closed() {
    let world = Apart::start().await;
    let folder = world.folder().to_owned();
    run(&folder, &["keys", "create", "new.key"]);
    let new = id(&folder, "new.key");
    let callers = [world.served(0).await, world.served(1).await];
    let register = async |gateway: usize, nth: usize| {
        let party: &Party = &callers[gateway][nth];
        party.register(announcement(party, "2283", 0)).await
    };
    register(1, 0).await.expect("accepted");
    name(&folder, "gateway-1", &["new.key", "root.key"]);
    world.signal_gateway(0, Signal::SIGHUP);
    logged(|| world.log("gateway-1"), "root keys read", 1).await;
    let keys = world.keys.owner().url;
    let refused = Command::new(flyttbud())
        .args(rotate(&keys))
        .current_dir(&folder)
        .output()
        .expect("flyttbud starts");
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(64), "{told}");
    let expected = format!("root key '{new}' is not at every gateway");
    assert!(
        told.contains(&expected) && told.matches("keyholder (").count() == 1,
        "{told}"
    );
    let roots = said(&folder, &["keys", "roots", &keys]);
    assert_eq!(roots.len(), 1, "nothing moved");

    // somebody moves it all the same
    let roots = RootKeys::read(&folder.join("new.key"), &[folder.join("root.key")]);
    let mover = Vault::connect(world.keys.owner(), roots.expect("root keys"), 0).await;
    let moved = mover.expect("a vault").rotate_root(|_uses| {}).await;
    assert!(moved.expect("moved") > Some(0));
    let answer = register(0, 1).await.expect("accepted");
    let refused = register(1, 2).await.expect_err("refused");
    assert_eq!(refused.reason, "KEYS_UNAVAILABLE");
    let log = world.log("gateway-2");
    let failed = log.lines().find(|line| line.contains("key store failed"));
    assert!(failed.is_some_and(|line| line.contains(&new)), "{log}");
    name(&folder, "gateway-2", &["new.key", "root.key"]);
    world.signal_gateway(1, Signal::SIGHUP);
    logged(|| world.log("gateway-2"), "root keys read", 1).await;
    register(1, 2).await.expect("accepted");
    let name = answer.relocation.expect("one").name;
    let solleftea = world.party(SOLLEFTEA, 1).await;
    let content = solleftea.read(&name).await.expect("read").content;
    assert_eq!(content.expect("its content").person, Some(person(0)));
}
