//! Receipts for every kind of entry that the contract has. What no service can be brought to record, or takes months to,
//! is in the golden journals: each gets a log of its own, and both verifiers its receipts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use api::record::{decode, kind};
use api::v1::EntryKind;
use tests::Tree;
use tlog::checkpoint::SignedCheckpoint;
use tlog::key::{Log, Signer};
use tlog::note::Name;
use tlog::proof::inclusion;
use tlog::receipt::Receipt;
use tlog::tree::{Index, Size};

use super::{both_believe, trust};
use crate::golden::golden;

/// Logs entries under a key that is no secret, and writes a receipt for each; the files' names.
fn log(folder: &Path, name: &str, entries: &[Vec<u8>]) -> Vec<String> {
    let name = Name::parse(name).expect("a name");
    let signer: Signer<Log> = Signer::new(name, &[7; 32]);
    fs::write(folder.join("log.pub"), format!("{}\n", signer.verifier())).expect("written");
    let tree = Tree::of(entries);
    let size = tree.head().size;
    let mut files = Vec::new();
    for (index, entry) in (0..).map(Index).zip(entries) {
        let receipt = Receipt {
            index,
            extra: Vec::new(),
            proof: inclusion(&tree, index, size).expect("in memory"),
            checkpoint: SignedCheckpoint::sign(tree.head(), &signer),
        };
        let name = format!("receipt-{}", index.0 + 1);
        fs::write(folder.join(&name), receipt.to_string()).expect("written");
        fs::write(folder.join(format!("{name}.entry")), entry).expect("written");
        files.push(name);
    }
    assert_eq!(size, Size(files.len().try_into().expect("few")));
    files
}

#[test]
fn every_kind_of_the_contract_is_proven_by_two_verifiers_that_share_nothing() {
    let mut kinds = BTreeSet::new();
    for (path, entries) in golden() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = path.file_stem().and_then(|name| name.to_str());
        let origin = format!("{}.example/log", name.expect("a name"));
        let files = log(folder.path(), &origin, &entries);
        trust(folder.path());
        both_believe(folder.path(), &files);
        let known = entries.iter().map(|entry| decode(entry).expect("an entry"));
        kinds.extend(known.map(|entry| i32::from(kind(&entry.event))));
    }
    let is_known = |number: &i32| EntryKind::try_from(*number).is_ok();
    let all: BTreeSet<i32> = (1..1000).filter(is_known).collect();
    assert_eq!(kinds, all, "a new kind needs a golden journal");
}
