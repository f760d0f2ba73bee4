//! Writes the golden journal of each story that has none. What is there stays: a golden file records what was once
//! answered.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for whoever added a story; it says what it wrote"
)]

use std::fs;

use tests::history::{History, STORIES, expected, export, golden_folder};

fn main() {
    for (name, tell) in STORIES {
        let file = golden_folder().join(format!("{name}.journal"));
        if file.exists() {
            continue;
        }
        let mut history = History::new();
        tell(&mut history);
        let entries = history.take();
        fs::write(file.with_extension("txt"), expected(&entries)).expect("a text is written");
        fs::write(&file, export(name, &entries)).expect("a journal is written");
        println!("{}", file.display());
    }
}
