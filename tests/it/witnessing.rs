//! Witnesses as processes of their own, two of three: what they cosign, what they refuse, and what stops the log.

use std::fs;
use std::path::Path;
use std::time::Duration;

use api::v1;
use client::request_id;
use tests::{Apart, OPERATOR, Party, Plan, SOLNA, Witness, World, announcement, wait_for};
use tlog::checkpoint::SignedCheckpoint;
use tlog::key::{Log, Signer, Verifier};
use tlog::tree::{Hash, Head, Size};

use crate::auditing::said;
use crate::load::{announcements, register_all};
use crate::receipts::{both_believe, write};

/// Longer than any receipt takes.
const PATIENCE: Duration = Duration::from_secs(30);

async fn three() -> World {
    World::with(Plan {
        witnesses: 3,
        ..Plan::default()
    })
    .await
}

/// Registers; a request for the receipt.
async fn register(solna: &Party, index: usize) -> v1::GetReceiptRequest {
    let request = v1::RegisterRelocationRequest {
        request_id: request_id(),
        ..announcement(solna, "2283", index)
    };
    let registered = solna.register(request).await.expect("accepted");
    v1::GetReceiptRequest {
        municipality: solna.municipality(),
        name: registered.relocation.expect("a relocation").name,
        ..v1::GetReceiptRequest::default()
    }
}

/// The receipt, as soon as it is full or, if that is not asked for, there; and its checkpoint.
async fn receipt(
    solna: &Party,
    request: &v1::GetReceiptRequest,
    is_full: bool,
) -> (v1::Receipt, v1::Checkpoint) {
    let receipt = solna
        .client
        .wait_for_receipt(request, is_full, PATIENCE)
        .await;
    let receipt = receipt.expect("a receipt");
    let checkpoint = receipt.checkpoint.clone().expect("a checkpoint");
    assert_eq!(checkpoint.quorum_met, is_full, "{}", checkpoint.note);
    (receipt, checkpoint)
}

/// Waits until the newest witnessed checkpoint has so many cosignatures.
async fn cosigned(solna: &Party, count: usize) -> v1::Checkpoint {
    wait_for("cosignatures", || async {
        let request = v1::GetCheckpointRequest { witnessed: true };
        let newest = solna.get_checkpoint(request).await.ok()?.checkpoint?;
        (newest.cosignatures.len() == count).then_some(newest)
    })
    .await
}

/// What a witness cosigned last.
fn state(witness: &Witness) -> SignedCheckpoint {
    let bytes = fs::read(witness.state()).expect("a state");
    SignedCheckpoint::parse(&bytes).expect("a checkpoint")
}

/// Waits until a log tells something.
async fn told(what: &str, log: impl Fn() -> String) {
    wait_for(what, || async { log().contains(what).then_some(()) }).await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    for file in fs::read_dir(from).expect("files") {
        let file = file.expect("a file");
        fs::copy(file.path(), to.join(file.file_name())).expect("copied");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_three_make_a_receipt_full_whoever_is_dead_or_hangs() {
    let mut world = three().await;
    let solna = world.party(SOLNA).await;
    let first = register(&solna, 0).await;
    let (full, _) = receipt(&solna, &first, true).await;
    write(world.folder(), "first", &full);
    both_believe(world.folder(), &["first".to_owned()]);
    cosigned(&solna, 3).await;
    let older = fs::read(world.witnesses[2].state()).expect("a state");

    world.witnesses[2].kill().await;
    let second = register(&solna, 1).await;
    let (_, checkpoint) = receipt(&solna, &second, true).await;
    let names: Vec<&str> = checkpoint
        .cosignatures
        .iter()
        .map(|one| one.witness.as_str())
        .collect();
    assert_eq!(names, ["w1", "w2"]);

    // one that hangs and one that is dead: registrations and receipts go on, and these are not full
    world.witnesses[1].hold();
    let mut waiting = Vec::new();
    for index in 2..5 {
        let request = register(&solna, index).await;
        receipt(&solna, &request, false).await;
        waiting.push(request);
    }
    // the ones before them are as full as ever
    receipt(&solna, &second, true).await;

    world.witnesses[1].let_go();
    for request in &waiting {
        receipt(&solna, request, true).await;
    }
    // restored from an older copy, the third one goes on by proof
    fs::write(world.witnesses[2].state(), older).expect("restored");
    world.witnesses[2].start_again().await;
    let newest = cosigned(&solna, 3).await;
    let known = state(&world.witnesses[2]).checkpoint().head;
    assert_eq!(i64::try_from(known.size.0), Ok(newest.size));
    assert_eq!(known.root.as_bytes().as_slice(), newest.root);
    assert!(!world.log().contains("another history"), "{}", world.log());
}

/// What is everywhere when the alarm is raised: nothing is signed, and registrations go on.
async fn alarmed(world: &World, index: usize) {
    for name in ["w1", "w2", "w3"] {
        told(
            &format!("witness has seen another history of the log witness=\"{name}\""),
            || world.log(),
        )
        .await;
    }
    told("nothing is signed any more", || world.log()).await;
    // the alarm says which ones are to be called, and where it is written what to do
    let log = world.log();
    let alarm = log
        .lines()
        .find(|line| line.contains("nothing is signed any more"));
    let alarm = alarm.expect("just seen");
    let names = ["w1", "w2", "w3"];
    let named = names.iter().filter(|name| alarm.contains(**name)).count();
    assert!(named >= 2 && alarm.contains("E0020"), "{alarm}");
    // and an operator sees it beside the alerts
    let listed = world.party(OPERATOR).await.alerts().await;
    let told = listed.expect("a list").log_alarm.expect("an alarm");
    assert!(told.needs_word && alarm.contains(&told.text), "{told:?}");
    let solna = world.party(SOLNA).await;
    let request = register(&solna, index).await;
    let refused = wait_for("an answer that is final", || async {
        let refused = solna.get_receipt(request.clone()).await.err()?;
        (refused.reason != "RECEIPT_NOT_READY").then_some(refused)
    })
    .await;
    assert_eq!(refused.reason, "LOG_NOT_SIGNED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_was_rolled_back_is_refused_by_every_witness_and_stops_the_log() {
    let mut world = three().await;
    let (data, older, right) = ["data", "older", "right"]
        .map(|name| world.folder().join(name))
        .into();
    let solna = world.party(SOLNA).await;
    let first = register(&solna, 0).await;
    receipt(&solna, &first, true).await;
    world.terminate().await;
    copy(&data, &older);

    world.start_again().await;
    let solna = world.party(SOLNA).await;
    let lost = register(&solna, 1).await;
    receipt(&solna, &lost, true).await;
    let known = cosigned(&solna, 3).await.size;
    world.terminate().await;
    fs::rename(&data, &right).expect("moved");
    fs::rename(&older, &data).expect("restored");

    world.start_again().await;
    alarmed(&world, 2).await;
    for witness in &world.witnesses {
        assert_eq!(
            i64::try_from(state(witness).checkpoint().head.size.0),
            Ok(known)
        );
    }
    // it stands after a start, although the store agrees with itself, until the right journal is there
    world.terminate().await;
    let stands = |world: &World| world.log().matches("an alarm stands").count();
    let before = stands(&world);
    world.start_again().await;
    wait_for("the alarm still", || async {
        (stands(&world) > before).then_some(())
    })
    .await;
    let raised = world.log().matches("the evidence does not hold").count();
    assert_eq!(raised, 1, "once, and never lifted");
    world.terminate().await;
    fs::remove_dir_all(&data).expect("removed");
    fs::rename(&right, &data).expect("restored");
    world.start_again().await;
    let solna = world.party(SOLNA).await;
    receipt(&solna, &lost, true).await;
    let next = register(&solna, 3).await;
    receipt(&solna, &next, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_log_with_the_same_key_is_refused_by_every_witness_and_convicted() {
    let mut world = three().await;
    let (data, right) = ["data", "right"]
        .map(|name| world.folder().join(name))
        .into();
    let solna = world.party(SOLNA).await;
    let first = register(&solna, 0).await;
    receipt(&solna, &first, true).await;
    let known = cosigned(&solna, 3).await;
    world.terminate().await;
    fs::rename(&data, &right).expect("moved");

    // it grows beyond the first one while nobody sees it
    for witness in &mut world.witnesses {
        witness.kill().await;
    }
    world.start_again().await;
    let solna = world.party(SOLNA).await;
    let mut size = 0;
    let mut index = 0;
    while size <= known.size {
        let request = register(&solna, index).await;
        size = receipt(&solna, &request, false).await.1.size;
        index += 1;
    }
    for witness in &mut world.witnesses {
        witness.start_again().await;
    }
    alarmed(&world, index).await;
    let key = fs::read_to_string(world.folder().join("log.pub")).expect("a key");
    let key = Verifier::<Log>::parse(key.trim_end()).expect("a key");
    for witness in &world.witnesses {
        let kept = fs::read_dir(witness.folder.join("contradictions")).expect("kept");
        let mut notes = Vec::new();
        for path in kept.map(|file| file.expect("a file").path()) {
            let note = SignedCheckpoint::parse(&fs::read(&path).expect("a note")).expect("a note");
            assert_eq!(key.check(note.note()), Ok(Some(())), "{path:?}");
            notes.push(note.checkpoint().head.size.0);
        }
        // what it knows, and what it was shown: both signed by the log
        notes.sort_unstable();
        notes.dedup();
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert_eq!(i64::try_from(notes[0]), Ok(known.size));
        told("a checkpoint contradicts what was cosigned", || {
            witness.log()
        })
        .await;
        assert_eq!(
            state(witness).to_string().lines().nth(1),
            known.note.lines().nth(1)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_witness_that_contradicts_stops_nothing_and_two_do() {
    let mut world = three().await;
    let solna = world.party(SOLNA).await;
    let first = register(&solna, 0).await;
    receipt(&solna, &first, true).await;
    cosigned(&solna, 3).await;
    // a tree that this log never had, as only somebody with its key can sign it
    let secret = fs::read_to_string(world.folder().join("log.key")).expect("a key");
    let signer = Signer::<Log>::parse(secret.trim_end()).expect("a key");
    let head = Head {
        size: Size(1_000_000),
        root: Hash::leaf(b"another history"),
    };
    let other = SignedCheckpoint::sign(head, &signer).to_string();
    let alarm = "witnesses have seen another history of the log: w1, w2";
    for (number, is_alarm) in [(0, false), (1, true)] {
        let witness = &mut world.witnesses[number];
        witness.kill().await;
        fs::write(witness.state(), &other).expect("written");
        witness.start_again().await;
        let request = register(&solna, number + 1).await;
        let name = &world.witnesses[number].name;
        told(
            &format!("another history of the log witness=\"{name}\""),
            || world.log(),
        )
        .await;
        if is_alarm {
            told(alarm, || world.log()).await;
        } else {
            receipt(&solna, &request, true).await;
            assert!(!world.log().contains(alarm));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_says_what_is_wrong_with_all_its_files_and_what_is_in_force() {
    let plan = Plan {
        witnesses: 1,
        ..Plan::default()
    };
    let world = World::with(plan).await;
    let folder = world.folder();
    let check = |file: &str| said(folder, &["config", "check", file, "--service", "witness"]);
    let good = check("w1.toml");
    assert_eq!(
        (good.code, good.says.as_str()),
        (0, "the configuration is good\n")
    );
    let print = ["witness", "--config", "w1.toml", "--print-config"];
    let printed = said(folder, &print);
    assert_eq!(printed.code, 0, "{}", printed.errors);
    let secret = fs::read_to_string(folder.join("w1.key")).expect("a key");
    assert!(
        !printed.says.contains(secret.trim_end()),
        "{}",
        printed.says
    );
    // it is itself a configuration, and the same one
    fs::write(folder.join("printed.toml"), &printed.says).expect("written");
    let again = said(
        folder,
        &["witness", "--config", "printed.toml", "--print-config"],
    );
    assert_eq!(again.says, printed.says);

    let text = fs::read_to_string(folder.join("w1.toml")).expect("a configuration");
    let wrong = text
        .replace("/w1.key", "/nowhere.key")
        .replace("/server.key", "/w1.toml");
    fs::write(folder.join("wrong.toml"), wrong).expect("written");
    // the start says the same, before it touches its folder
    for refused in [
        check("wrong.toml"),
        said(folder, &["witness", "--config", "wrong.toml"]),
    ] {
        assert_eq!(refused.code, 64, "{}", refused.errors);
        for why in [
            "2 fault(s)",
            "tls: at fault: ",
            "witness.signing_key: ",
            "nowhere.key",
        ] {
            assert!(refused.errors.contains(why), "{why}: {}", refused.errors);
        }
    }
}

/// All that cosigned count, also those that did so at the same moment, whichever ledger leads.
#[tokio::test(flavor = "multi_thread")]
async fn over_postgres_receipts_are_full_before_and_after_the_leader_is_killed() {
    let mut world = Apart::watched_by(3).await;
    for index in 0..4 {
        let solna = world.party(SOLNA, index % 2).await;
        let request = register(&solna, index).await;
        let (full, _checkpoint) = receipt(&solna, &request, true).await;
        let name = format!("receipt-{index}");
        write(world.folder(), &name, &full);
        both_believe(world.folder(), &[name]);
        cosigned(&solna, 3).await;
        if index == 1 {
            let leader = wait_for("a ledger leads", || async { world.leader() }).await;
            world.kill_ledger(leader).await;
        }
    }
}

/// What whoever asks the witnesses is told to be wrong: by the check, and by the start before it does anything.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_says_what_is_wrong_with_its_witnesses_and_its_memory_before_it_begins() {
    let plan = Plan {
        witnesses: 1,
        ..Plan::default()
    };
    let world = World::with(plan).await;
    let folder = world.folder();
    let text = fs::read_to_string(folder.join("serve.toml")).expect("a configuration");
    let policy = fs::read_to_string(folder.join("policy")).expect("a policy");
    fs::write(folder.join("http"), policy.replace("https://", "http://")).expect("written");
    fs::write(folder.join("false"), "no checkpoint").expect("written");
    let authorities = text
        .lines()
        .find(|line| line.starts_with("witness_authorities"));
    let authorities = authorities.expect("they are named");
    let signing = text.lines().find(|line| line.starts_with("signing_key"));
    let signing = signing.expect("it is named");
    let remembered = format!("{signing}\nmemory = \"{}/false\"", folder.display());
    for (from, to, why) in [
        (
            authorities,
            "",
            "evidence.witness_authorities: a path is expected, since the policy has witnesses",
        ),
        (
            "/policy\"",
            "/http\"",
            "evidence.policy: the address of the witness 'w1' is no https:// address",
        ),
        (signing, &remembered, "evidence.memory: '"),
    ] {
        let wrong = text.replace(from, to).replace("/data\"", "/nothing\"");
        fs::write(folder.join("wrong.toml"), wrong).expect("written");
        for words in [
            &["config", "check", "wrong.toml"][..],
            &["serve", "--config", "wrong.toml"],
        ] {
            let refused = said(folder, words);
            assert_eq!(refused.code, 64, "{words:?}: {}", refused.errors);
            let told = &refused.errors;
            assert!(
                told.contains(why) && told.contains("1 fault(s)"),
                "{words:?}: {told}"
            );
        }
        assert!(!folder.join("nothing").exists(), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_killed_at_any_moment_never_forgets_what_it_answered() {
    let mut world = World::with(Plan {
        witnesses: 1,
        ..Plan::default()
    })
    .await;
    let mut witness = world.witnesses.remove(0);
    let operator = world.party(OPERATOR).await;
    let mut requests = announcements(&world, "2283", 200).await;
    let mut before = 0;
    for round in 0..8 {
        // killed as soon as one more answer is seen, in the middle of the next ones
        let load = requests.split_off(requests.len() - 25);
        let load = register_all(&world, load, |_| {});
        let answer = wait_for("one more cosignature", || async {
            let request = v1::GetCheckpointRequest { witnessed: true };
            let newest = operator.get_checkpoint(request).await.ok()?.checkpoint?;
            (newest.size > before).then_some(())
        });
        let kill = async {
            answer.await;
            witness.kill().await;
        };
        tokio::join!(load, kill);
        before = cosigned(&operator, 1).await.size;
        let known = state(&witness).checkpoint().head.size;
        let known = i64::try_from(known.0).expect("a size");
        assert!(
            known >= before,
            "round {round}: of {before} it kept {known}"
        );
        witness.start_again().await;
    }
    assert!(!world.log().contains("another history"), "{}", world.log());
}
