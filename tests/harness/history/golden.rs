//! Golden journals: exports of stories as they were once written, each beside a text that says what it leads to. No
//! test writes one; `cargo run -p tests --bin golden` does, and never over one that is there.

use std::path::PathBuf;

use domain::entry::{Entry, Event};
use domain::subject::Position;
use journal::export::{Head, Writer};
use ledgerd::replay::Replay;

/// Where they lie.
pub fn golden_folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "golden"].iter().collect()
}

/// A story as the file that `flyttbud journal export` would write.
pub fn export(name: &str, entries: &[Vec<u8>]) -> Vec<u8> {
    let head = Head {
        origin: format!("golden/{name}"),
        first: Position(1),
        last: Position(entries.len().try_into().expect("few")),
    };
    let mut writer = Writer::begin(Vec::new(), head).expect("a file in memory");
    let mut replay = Replay::new();
    for (position, bytes) in (1..).map(Position).zip(entries) {
        writer.put(position, bytes).expect("is next");
        replay.take(position, bytes).expect("an entry");
    }
    let digest = replay.machine().digest().to_string();
    writer.end(Some(digest)).expect("ends").0
}

/// What entries lead to: their number, the root, the digest of the state, how many entries the rules found before they
/// were appended, and each alert among these.
pub fn expected(entries: &[Vec<u8>]) -> String {
    let mut replay = Replay::new();
    let (mut known, mut found, mut alerts) = (Vec::new(), 0, String::new());
    for (position, bytes) in (1..).map(Position).zip(entries) {
        let findings = replay.machine().findings().into_iter();
        let drafts = findings.flat_map(|finding| finding.drafts);
        known.extend(drafts.map(|draft| (draft.subject, draft.event)));
        let entry = replay.take(position, bytes).expect("a sound entry");
        if known.contains(&(entry.subject, entry.event.clone())) {
            found += 1;
            alerts += &alert(&entry).unwrap_or_default();
        }
    }
    let (machine, head) = (replay.machine(), replay.head());
    format!(
        "entries: {}\nroot: {}\ndigest: {}\nfound: {found}\nstill to be found: {}\n{alerts}",
        head.size.0,
        head.root,
        machine.digest(),
        machine.findings().len()
    )
}

fn alert(entry: &Entry) -> Option<String> {
    let Event::AlertRaised {
        kind,
        asking,
        asked,
        answer_due_on,
        definition,
        ..
    } = &entry.event
    else {
        return None;
    };
    let (position, subject) = (entry.position.0, entry.subject);
    Some(format!(
        "alert: at {position}, {subject}, {kind:?}, {asking} asks {asked} until {answer_due_on}, definition \
         {definition}\n"
    ))
}
