//! What ARCHITECTURE.md names is there: its files, and the tests of its invariants.

use std::collections::BTreeSet;

use super::File;

/// The page.
const PAGE: &str = "ARCHITECTURE.md";

/// The names that stand on the page only.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let text = |path: &str| {
        let file = files.iter().find(|file| file.path == path);
        file.and_then(|file| file.text.as_deref())
            .unwrap_or_default()
    };
    let sources = paths.iter().filter(|path| is_source(path));
    let functions: BTreeSet<&str> = sources.flat_map(|path| functions(text(path))).collect();

    let mut findings = Vec::new();
    let mut last = String::new();
    for (number, line) in (1..).zip(text(PAGE).lines()) {
        let mut lacks = |name: &str, what: &str| {
            findings.push(format!("{PAGE}:{number}: `{name}` is no {what} here"));
        };
        for name in line.split('`').skip(1).step_by(2) {
            if is_invariant(line) && is_test(name) && !functions.contains(name) {
                lacks(name, "test");
            }
            if is_source(name) {
                let places = [
                    name.to_owned(),
                    format!("crates/{name}"),
                    beside(&last, name),
                ];
                let is_there = |path: &String| paths.contains(path.as_str());
                match places.into_iter().find(is_there) {
                    Some(path) => last = path,
                    None => lacks(name, "file"),
                }
            }
        }
    }
    findings
}

fn is_source(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| ending == "rs")
}

/// A row of the table of invariants begins with a number.
fn is_invariant(line: &str) -> bool {
    let cell = line.strip_prefix("| ");
    cell.is_some_and(|cell| cell.starts_with(|sign: char| sign.is_ascii_digit()))
}

/// Words with underscores between them.
fn is_test(name: &str) -> bool {
    name.contains('_') && name.chars().all(is_of_name)
}

fn is_of_name(sign: char) -> bool {
    sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_'
}

/// A file beside another one.
fn beside(other: &str, name: &str) -> String {
    let folder = other.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{name}")
}

/// The names of a source's functions.
fn functions(source: &str) -> impl Iterator<Item = &str> {
    let after = source.split("fn ").skip(1);
    after.filter_map(|rest| rest.split(|sign| !is_of_name(sign)).next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_page_names_is_there() {
        let file = |path: &str, text: &str| File {
            path: path.to_owned(),
            bytes: 0,
            text: Some(text.to_owned()),
        };
        let source = file(
            "crates/ledger/src/fold.rs",
            "fn it_holds() {}\nasync fn it_holds_again() {}",
        );
        let other = file("crates/ledger/src/fold/alert.rs", "");
        for (page, expected) in [
            ("| 1 | **True** | `x=y` | `it_holds`, `it_holds_again` |", 0),
            ("| 1 | **True** | `it_held` | `it_holds` |", 1),
            ("Not a row: `it_held`, `ledger`.", 0),
            ("`ledger/src/fold.rs`, `crates/ledger/src/fold/alert.rs`", 0),
            ("`ledger/src/fold/alert.rs`\nand `alert.rs`", 0),
            ("`ledger/src/fold.rs`, `alert.rs`", 1),
            ("`ledger/src/unfold.rs`", 1),
        ] {
            let files = [source.clone(), other.clone(), file(PAGE, page)];
            assert_eq!(check(&files).len(), expected, "{page}");
        }
    }
}
