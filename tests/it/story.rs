//! The demo, as a newcomer starts it: it plays its story to the end, and touches no folder but its own.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tests::flyttbud;

fn play(folder: &Path, options: &[&str]) -> Output {
    Command::new(flyttbud())
        .args(["demo", "--exit", "--folder"])
        .arg(folder)
        .args(options)
        .output()
        .expect("flyttbud starts")
}

fn told(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    for sentence in [
        "Solna registers a move to Sollefteå",
        "Sollefteå's inbox has it, as number 1",
        "Sollefteå acknowledges and replies",
        "It matches",
        "An alert appears at the operator",
        "Sigtuna answers",
        "GENERAL_CLAUSE_REFUSED",
    ] {
        assert!(said.contains(sentence), "'{sentence}' is missing: {said}");
    }
    said
}

#[test]
fn the_demo_plays_its_story_twice_and_keeps_what_is_not_its_own() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("demo");
    for _time in 0..2 {
        told(&play(&folder, &[]));
    }
    let letters = place.path().join("letters");
    fs::create_dir(&letters).expect("a folder");
    fs::write(letters.join("authority.pem"), "mine").expect("written");
    assert!(!play(&letters, &[]).status.success());
    let kept = fs::read_to_string(letters.join("authority.pem"));
    assert_eq!(kept.expect("kept"), "mine");
}

#[test]
fn the_demo_apart_plays_it_although_the_leading_ledger_is_killed() {
    let place = tempfile::tempdir().expect("a folder");
    let said = told(&play(&place.path().join("demo"), &["--apart"]));
    assert!(said.contains("was killed; the other one leads"), "{said}");
}
