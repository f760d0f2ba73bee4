//! The log as a whole: its files, what connects its checkpoints, and what is said when nobody signs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use api::v1;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::LogError;
use client::tonic::Code;
use tests::{ANALYST, Plan, SOLNA, World, run, wait_for};
use tlog::checkpoint::SignedCheckpoint;

use super::{PATIENCE, by_name, ours, profile, receipt, theirs, write, write_policy};
use crate::access::announced;
use crate::load::{announcements, register_all};
use crate::oracle::{file, python};

#[tokio::test(flavor = "multi_thread")]
async fn the_tiles_make_the_root_for_whoever_has_a_certificate() {
    let world = World::start().await;
    let sent = register_all(&world, announcements(&world, "2283", 290).await, |_| {}).await;
    assert!(sent.iter().all(|one| one.answer.is_ok()));
    let analyst = world.party(ANALYST).await;
    let checkpoint = wait_for("all is signed", || async {
        let newest = analyst
            .get_checkpoint(v1::GetCheckpointRequest::default())
            .await;
        // the first entry is the definition
        newest.ok()?.checkpoint.filter(|newest| newest.size > 290)
    })
    .await;
    let root = STANDARD.encode(&checkpoint.root);
    let path = |name: &str| world.folder().join(name);
    let output = Command::new(python())
        .arg(file("python/read_tiles.py"))
        .args(["--url", world.url()])
        .arg("--authority")
        .arg(path("authority.pem"))
        .arg("--certificate")
        .arg(path("analyst.pem"))
        .arg("--key")
        .arg(path("analyst.key"))
        .output()
        .expect("Python starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        said.trim_end(),
        format!("{} {root}", checkpoint.size),
        "{complained}"
    );

    let note = analyst
        .client
        .log_file("/checkpoint")
        .await
        .expect("a file");
    assert_eq!(note, checkpoint.note.as_bytes());
    let head = SignedCheckpoint::parse(&note)
        .expect("a checkpoint")
        .checkpoint()
        .head;
    let tree = analyst.client.tree_of_tiles(head.size).await;
    assert_eq!(tree.expect("read"), head);
    let profile = profile(&world, ANALYST);
    let audit = ["--profile", &profile, "checkpoint"];
    run(
        world.folder(),
        &[&audit, ["get", "--out", "checkpoint"].as_slice()].concat(),
    );
    run(
        world.folder(),
        &[&audit, ["audit", "checkpoint"].as_slice()].concat(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_log_counts_as_a_call() {
    let plan = Plan {
        calls: 1,
        ..Plan::default()
    };
    let world = World::with(plan).await;
    let solna = world.party(SOLNA).await;
    let mut statuses = BTreeSet::new();
    for _ in 0..12 {
        if let Err(LogError::Refused { status, .. }) = solna.client.log_file("/tile/0").await {
            statuses.insert(status);
        }
    }
    assert_eq!(statuses, BTreeSet::from([404, 429]));
    let refused = solna
        .get_checkpoint(v1::GetCheckpointRequest::default())
        .await;
    assert_eq!(refused.expect_err("too often").reason, "RATE_LIMITED");
}

/// The same proof to whoever asks for a witness, and there is none.
fn who_asks_for_a_witness_is_shown_nothing(folder: &Path) {
    let lenient = fs::read_to_string(folder.join("policy")).expect("a policy");
    let made = [
        "keys",
        "witness",
        "--name",
        "w.example/witness",
        "--out",
        "w.key",
    ];
    let witness = String::from_utf8(run(folder, &made).stdout).expect("a key");
    let strict = format!("witness w {}\nquorum w\n", witness.trim_end());
    let strict = lenient.replace("quorum none\n", &strict);
    fs::write(folder.join("policy"), strict).expect("written");
    let (code, verdicts) = ours(folder, &["consistency", "old", "proof"]);
    assert_eq!(code, Some(1), "{verdicts:?}");
    assert_eq!(verdicts[0]["fault"], "quorum_not_met");
    let (code, verdicts) = theirs(folder, &["--consistency", "old", "proof"]);
    assert_eq!(code, Some(1), "{verdicts:?}");
    assert_eq!(verdicts[0]["fault"], "not enough witnesses");
    fs::write(folder.join("policy"), lenient).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_continues_the_one_before_a_kill() {
    let mut world = World::start().await;
    let solna = world.party(SOLNA).await;
    write_policy(&world);
    let name = announced(&solna, 0).await;
    let old = receipt(&solna, &by_name(&solna, &name))
        .await
        .expect("a receipt");
    write(world.folder(), "receipt", &old);
    let old = old.checkpoint.expect("a checkpoint");
    fs::write(world.folder().join("old"), &old.note).expect("written");
    world.kill().await;
    world.start_again().await;
    let solna = world.party(SOLNA).await;
    for person in 1..5 {
        let name = announced(&solna, person).await;
        receipt(&solna, &by_name(&solna, &name))
            .await
            .expect("a receipt");
    }
    let profile = profile(&world, SOLNA);
    let folder = world.folder();
    for from in ["old", "receipt"] {
        let words = [
            "--profile",
            &profile,
            "checkpoint",
            "consistency",
            "--from",
            from,
        ];
        run(folder, &[words.as_slice(), &["--out", "proof"]].concat());
        let (code, verdicts) = ours(folder, &["consistency", from, "proof"]);
        assert_eq!(
            (code, &verdicts[0]["old_size"]),
            (Some(0), &old.size.into()),
            "{verdicts:?}"
        );
        assert!(verdicts[0]["size"].as_i64().expect("a size") > old.size + 3);
    }
    let (code, verdicts) = theirs(folder, &["--consistency", "old", "proof"]);
    assert_eq!(
        (code, &verdicts[0]["proven"]),
        (Some(0), &true.into()),
        "{verdicts:?}"
    );
    who_asks_for_a_witness_is_shown_nothing(folder);
    // the proof is for that checkpoint and no other
    let other = solna
        .get_checkpoint(v1::GetCheckpointRequest::default())
        .await;
    let other = other.expect("the newest").checkpoint.expect("a checkpoint");
    fs::write(folder.join("other"), other.note).expect("written");
    assert_eq!(ours(folder, &["consistency", "other", "proof"]).0, Some(1));
    assert_eq!(
        theirs(folder, &["--consistency", "other", "proof"]).0,
        Some(1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_lies_between_two_sizes_of_the_log_is_proven() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let name = announced(&solna, 0).await;
    let signed = receipt(&solna, &by_name(&solna, &name)).await;
    let size = signed.expect("a receipt").checkpoint.expect("one").size;
    let prove = async |old_size, size| {
        let request = v1::GetConsistencyProofRequest { old_size, size };
        let refused = solna.get_consistency_proof(request).await;
        refused.map(|_| ()).map_err(|refused| refused.reason)
    };
    assert_eq!(prove(1, size).await, Ok(()));
    for (old_size, newer, reason) in [
        (0, 0, "FIELD_OUT_OF_RANGE"),
        (-1, 0, "FIELD_OUT_OF_RANGE"),
        (size + 1, size, "FIELD_OUT_OF_RANGE"),
        (1, -1, "FIELD_OUT_OF_RANGE"),
        (1, i64::MAX, "NOT_FOUND"),
    ] {
        assert_eq!(
            prove(old_size, newer).await,
            Err(reason.to_owned()),
            "{old_size} {newer}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_signature_there_is_no_receipt_and_the_reason_says_why() {
    let mut world = World::start().await;
    let solna = world.party(SOLNA).await;
    let before = announced(&solna, 0).await;
    let shown = receipt(&solna, &by_name(&solna, &before))
        .await
        .expect("a receipt");
    assert!(
        !shown.checkpoint.expect("a checkpoint").quorum_met,
        "no policy, no quorum"
    );
    // nobody has cosigned, and may yet
    let witnessed = v1::GetCheckpointRequest { witnessed: true };
    let refused = solna
        .get_checkpoint(witnessed)
        .await
        .expect_err("not witnessed");
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (Code::Unavailable, "RECEIPT_NOT_READY")
    );
    let asked = by_name(&solna, &before);
    let waited = solna
        .client
        .wait_for_receipt(&asked, true, Duration::ZERO)
        .await;
    waited.expect("as good as it is");

    assert!(world.terminate().await.success());
    let file = world.folder().join("serve.toml");
    let text = fs::read_to_string(&file).expect("a configuration");
    let (without, _key) = text.split_once("[evidence]").expect("a section of its own");
    let (_key, rest) = text.split_once("log.key\"\n").expect("its key");
    fs::write(&file, format!("{without}{rest}")).expect("written");
    world.start_again().await;
    let solna = world.party(SOLNA).await;
    let after = announced(&solna, 1).await;
    let asked = by_name(&solna, &after);
    let refused = solna.client.wait_for_receipt(&asked, false, PATIENCE).await;
    let refused = refused.expect_err("nobody signs");
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (Code::FailedPrecondition, "LOG_NOT_SIGNED")
    );
    let kept = receipt(&solna, &by_name(&solna, &before)).await;
    kept.expect("what was signed stays proven");
}
