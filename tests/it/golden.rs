//! Golden journals: what was once recorded leads to the same state, root and alerts for ever.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use api::record::{decode, kind};
use api::v1::EntryKind;
use domain::code::WithdrawalReason;
use domain::entry::{Entry, Event};
use domain::relocation_state::{RelocationState, Side, Step, step};
use journal::export::Reader;
use ledger::Machine;
use tests::history::{History, STORIES, expected, export, golden_folder};

use crate::auditing::audit;
use crate::oracle::{file, python};

/// Every golden journal, also of stories that nobody tells any more: its file and its entries.
pub(crate) fn golden() -> Vec<(PathBuf, Vec<Vec<u8>>)> {
    let files = fs::read_dir(golden_folder()).expect("a folder");
    let files = files.map(|file| file.expect("a file").path());
    let journals = files.filter(|file| file.extension().is_some_and(|it| it == "journal"));
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).expect("a file");
        let mut reader = Reader::open(&bytes[..]).expect("an export");
        let mut entries = Vec::new();
        while let Some((_, entry)) = reader.next().expect("whole") {
            entries.push(entry);
        }
        (path, entries)
    };
    let mut golden: Vec<_> = journals.map(read).collect();
    golden.sort();
    golden
}

#[test]
fn a_golden_journal_leads_to_what_it_always_led_to() {
    let folder = golden_folder();
    for (path, entries) in golden() {
        let text = fs::read_to_string(path.with_extension("txt")).expect("a text beside it");
        assert_eq!(expected(&entries), text, "{}", path.display());
        // the program that auditors have says so too, and one that was written from the documents alone
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.expect("a name");
        let fact = |fact: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| line.strip_prefix(fact)).expect(fact)
        };
        let (root, digest) = (fact("root: "), fact("digest: "));
        let words = ["replay", name, "--expect-root", root, "--expect-digest"];
        let replayed = audit(&folder, &[&words[..], &[digest]].concat());
        assert_eq!(replayed.code, 0, "{name}: {}", replayed.errors);
        let checked = audit(&folder, &["import-check", name]);
        assert!(checked.says.contains(root), "{name}: {}", checked.says);
        let theirs = Command::new(python())
            .arg(file("python/check_export.py"))
            .arg(&path)
            .output()
            .expect("Python starts");
        let says = format!("1 {} {root}\n", entries.len());
        assert_eq!(String::from_utf8_lossy(&theirs.stdout), says, "{name}");
    }
}

#[test]
fn a_story_told_again_is_the_same_journal() {
    for (name, tell) in STORIES {
        let mut history = History::new();
        tell(&mut history);
        let file = fs::read(golden_folder().join(format!("{name}.journal")));
        let is_same =
            export(name, &history.take()) == file.expect("cargo run -p tests --bin golden");
        assert!(is_same, "{name}");
    }
}

/// The step that an entry takes of a relocation, from which state, and whose.
fn taken(machine: &Machine, entry: &Entry) -> Option<(RelocationState, Step, Side)> {
    let fold = machine.relocation(entry.subject.id)?;
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other kind is a step")]
    let (step, side) = match &entry.event {
        Event::RelocationSupplemented => (Step::Supplement, Side::Sender),
        Event::RelocationWithdrawn {
            reason: WithdrawalReason::WrongRecipient,
        } => (Step::Recall, Side::Sender),
        Event::RelocationWithdrawn { reason } if reason.ends_reading() => {
            (Step::Revoke, Side::Sender)
        }
        Event::RelocationWithdrawn { .. } => (Step::Withdraw, Side::Sender),
        Event::RelocationRedacted { by } if *by == fold.sender => (Step::Redact, Side::Sender),
        Event::RelocationRedacted { .. } => (Step::Redact, Side::Recipient),
        Event::RelocationAcknowledged => (Step::Acknowledge, Side::Recipient),
        Event::RelocationReplied {
            objection: true, ..
        } => (Step::Object, Side::Recipient),
        Event::RelocationReplied { by, .. } if *by == fold.sender => (Step::Reply, Side::Sender),
        Event::RelocationReplied { .. } => (Step::Reply, Side::Recipient),
        Event::RelocationArrived { .. } => (Step::Arrive, Side::Ledger),
        Event::RelocationNotArrived => (Step::NotArrive, Side::Ledger),
        Event::RelocationReopened => (Step::Reopen, Side::Ledger),
        _ => return None,
    };
    Some((fold.state, step, side))
}

#[test]
fn every_kind_of_entry_and_every_allowed_step_is_in_a_golden_journal() {
    let (mut kinds, mut steps) = (BTreeSet::new(), BTreeSet::new());
    for (_, entries) in golden() {
        let mut machine = Machine::new();
        for bytes in entries {
            let entry = decode(&bytes).expect("an entry");
            kinds.insert(i32::from(kind(&entry.event)));
            steps.extend(taken(&machine, &entry));
            machine.apply(&entry).expect("a sound one");
        }
    }
    let is_known = |number: &i32| EntryKind::try_from(*number).is_ok();
    let known: BTreeSet<i32> = (1..1000).filter(is_known).collect();
    assert_eq!(kinds, known);
    let mut allowed = BTreeSet::new();
    for state in RelocationState::ALL {
        for side in Side::ALL {
            let may = |taken: &Step| step(state, *taken, side).is_some();
            let steps = Step::ALL.into_iter().filter(may);
            allowed.extend(steps.map(|step| (state, step, side)));
        }
    }
    assert_eq!(steps, allowed);
}
