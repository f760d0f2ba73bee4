//! Where a file lies, how big it is, how it begins.

/// Lines a source file may have before its tests.
const LINES_MAX: usize = 500;
/// Bytes a file may have: the contract's generated code is the longest. The lock file is the one that cannot choose.
const BYTES_MAX: u64 = 600 * 1024;
/// Names that say nothing about what a file holds.
const EMPTY_NAMES: [&str; 8] = [
    "util", "utils", "common", "helper", "helpers", "misc", "types", "manager",
];

/// What is wrong with a file's name and size.
pub(super) fn place(path: &str, bytes: u64) -> Vec<String> {
    let mut findings = Vec::new();
    let name = path.rsplit('/').next().unwrap_or(path);
    if name == "mod.rs" {
        findings.push(" put `thing.rs` beside `thing/`, not mod.rs in it".to_owned());
    }
    if let Some(stem) = name.strip_suffix(".rs")
        && EMPTY_NAMES.contains(&stem)
    {
        findings.push(format!(
            " \"{stem}\" names nothing: name the file for its noun"
        ));
    }
    if bytes > BYTES_MAX && name != "Cargo.lock" {
        findings.push(format!(" {bytes} bytes; nothing here is over {BYTES_MAX}"));
    }
    findings
}

/// What is wrong with a source file's head and length.
pub(super) fn source(text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    if !text.starts_with("//!") {
        findings
            .push("1: open with `//!`: what the file holds and what it must never do".to_owned());
    }
    let lines = text
        .lines()
        .take_while(|line| *line != "#[cfg(test)]")
        .count();
    if lines > LINES_MAX {
        findings.push(format!(
            " {lines} lines before its tests; stop at {LINES_MAX}"
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_judged_by_name_and_size() {
        for (path, bytes, expected) in [
            ("crates/ledger/src/alert.rs", 100, 0),
            ("crates/ledger/src/alert/mod.rs", 100, 1),
            ("crates/ledger/src/util.rs", 100, 1),
            ("crates/ledger/src/helpers.rs", BYTES_MAX + 1, 2),
            ("proto/flyttbud/v1/common.proto", 100, 0),
            ("Cargo.lock", BYTES_MAX + 1, 0),
            ("docs/film.bin", BYTES_MAX + 1, 1),
            ("docs/film.bin", BYTES_MAX, 0),
        ] {
            assert_eq!(place(path, bytes).len(), expected, "{path}");
        }
    }

    #[test]
    fn sources_open_with_their_purpose() {
        assert!(source("//! What it holds.\n").is_empty());
        assert_eq!(source("use std::fs;\n").len(), 1);
        assert_eq!(source("").len(), 1);
    }

    #[test]
    fn sources_stop_at_five_hundred_lines_their_tests_apart() {
        let body = "//!\n".repeat(LINES_MAX);
        assert!(source(&body).is_empty());
        assert!(source(&format!("{body}#[cfg(test)]\n{body}")).is_empty());
        assert_eq!(source(&format!("{body}\n")).len(), 1);
    }
}
