//! Every name that the glossary says is in the code, is.

use std::collections::BTreeSet;

use super::File;

/// Where the words are.
const GLOSSARY: &str = "GLOSSARY.md";

/// The names that stand in the glossary only.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let text = |file: &File| file.text.clone().unwrap_or_default();
    let ours = |file: &&File| {
        ["crates/", "proto/"]
            .iter()
            .any(|folder| file.path.starts_with(folder))
            && !file.path.starts_with("crates/xtask/")
    };
    let sources: Vec<String> = files.iter().filter(ours).map(text).collect();
    let known: BTreeSet<&str> = sources.iter().flat_map(|source| words(source)).collect();

    let glossary = files
        .iter()
        .find(|file| file.path == GLOSSARY)
        .map(text)
        .unwrap_or_default();
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(glossary.lines()) {
        for name in names(line).filter(|name| !known.contains(name)) {
            findings.push(format!(
                "{GLOSSARY}:{number}: `{name}` is nowhere in crates or proto"
            ));
        }
    }
    findings
}

/// The names between backticks in the third cell of a table's row.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let cell = line
        .strip_prefix("| ")
        .and_then(|row| row.split(" | ").nth(2))
        .unwrap_or_default();
    cell.split('`').skip(1).step_by(2).flat_map(words)
}

/// Runs of letters, digits and underscores.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|sign: char| !(sign.is_alphanumeric() || sign == '_'))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            bytes: 0,
            text: Some(text.to_owned()),
        }
    }

    #[test]
    fn names_of_the_glossary_exist() {
        let source = file(
            "crates/domain/src/notice.rs",
            "pub struct Notice { number: u64 }",
        );
        let own = file("crates/xtask/src/main.rs", "struct Inbox;");
        for (row, expected) in [
            ("| notice | avisering | `Notice` | The `Envelope`. |", 0),
            ("| notice | avisering | `Notice.number` | An envelope. |", 0),
            (
                "| notice | avisering | `Notice`, `Inbox` | An envelope. |",
                1,
            ),
            ("| purge | gallring | (verb) | Deleting keys. |", 0),
            ("No row, but `Inbox`.", 0),
        ] {
            let files = [source.clone(), own.clone(), file(GLOSSARY, row)];
            assert_eq!(check(&files).len(), expected, "{row}");
        }
    }
}
