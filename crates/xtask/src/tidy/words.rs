//! Words that may not stay, each with its reason.

/// Endings of files that hold code, where a note to oneself would be forgotten.
const CODE: [&str; 7] = [".rs", ".proto", ".toml", ".sh", ".sql", ".py", ".yaml"];

/// Words banned in code, and why. In two halves, or this file would be found.
const IN_CODE: [(&str, &str); 2] = [
    (concat!("FIX", "ME"), "mend it before it is committed"),
    (concat!("db", "g!"), "left over from a search for a fault"),
];

/// A note for later; it must say where it is followed up.
const LATER: &str = concat!("TO", "DO");

/// The words of the debate, which judge; in small letters.
const JUDGING: &str = concat!("social ", "dump");

/// What is wrong with the words of a file.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let code = CODE.iter().any(|ending| path.ends_with(ending));
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if code {
            for (word, reason) in IN_CODE {
                if line.contains(word) {
                    findings.push(format!("{number}: `{word}`: {reason}"));
                }
            }
            if line.split(LATER).skip(1).any(|rest| !numbered(rest)) {
                findings.push(format!(
                    "{number}: write {LATER}(#1): the issue that follows it up"
                ));
            }
        }
        // The glossary explains why the word is not ours.
        if path != "GLOSSARY.md" && line.to_lowercase().contains(JUDGING) {
            findings.push(format!(
                "{number}: `{JUDGING}…` judges; say active involvement"
            ));
        }
    }
    findings
}

/// Whether an issue number follows.
fn numbered(rest: &str) -> bool {
    rest.strip_prefix("(#")
        .and_then(|rest| rest.split_once(')'))
        .is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_banned_where_they_harm() {
        let fix = format!("// {}: later", concat!("FIX", "ME"));
        let debug = format!("{}(x);", concat!("db", "g!"));
        let later = |number: &str| format!("// {LATER}{number}: shorter");
        let judging = concat!("Social ", "dumpning");
        for (path, text, expected) in [
            ("a.rs", "let plain = 1;", 0),
            ("a.rs", fix.as_str(), 1),
            ("a.md", fix.as_str(), 0),
            ("a.rs", debug.as_str(), 1),
            ("a.rs", later("").as_str(), 1),
            ("a.rs", later("(#)").as_str(), 1),
            ("a.rs", later("(#12)").as_str(), 0),
            ("STYLE.md", later("").as_str(), 0),
            ("a.rs", judging, 1),
            ("docs/a.md", judging, 1),
            ("GLOSSARY.md", judging, 0),
        ] {
            assert_eq!(check(path, text).len(), expected, "{path}: {text}");
        }
    }

    #[test]
    fn findings_name_their_line() {
        let text = format!("fine\n{}\n", concat!("FIX", "ME"));
        assert!(
            check("a.rs", &text)
                .iter()
                .all(|finding| finding.starts_with("2:"))
        );
    }
}
