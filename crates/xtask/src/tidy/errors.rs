//! Every error code has a page, and every page a code.

use std::collections::BTreeSet;

use super::File;

/// Where the codes are given out.
const CODES: &str = "crates/domain/src/reason";
/// Where the pages lie.
const PAGES: &str = "docs/errors/";

/// What codes and pages lack of each other.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut codes = BTreeSet::new();
    let mut pages = BTreeSet::new();
    let mut findings = Vec::new();
    for file in files {
        let text = file.text.as_deref().unwrap_or_default();
        if file.path.starts_with(CODES) {
            codes.extend(quoted_codes(text));
        }
        if let Some(page) = page(&file.path) {
            if !text.starts_with(&format!("# {page}: ")) {
                findings.push(format!("{}:1: the title is `# {page}: …`", file.path));
            }
            pages.insert(page);
        }
    }
    let unwritten = codes
        .difference(&pages)
        .map(|code| format!("{code} has no page in {PAGES}"));
    let orphaned = pages
        .difference(&codes)
        .map(|code| format!("{PAGES}{code}.md: no such code"));
    findings.extend(unwritten.chain(orphaned));
    findings
}

/// The code whose page a path is.
fn page(path: &str) -> Option<&str> {
    path.strip_prefix(PAGES)?
        .strip_suffix(".md")
        .filter(|name| is_code(name))
}

/// The codes that stand between quotes.
fn quoted_codes(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').filter(|quoted| is_code(quoted))
}

/// `E` and four digits.
fn is_code(word: &str) -> bool {
    word.strip_prefix('E')
        .is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|sign| sign.is_ascii_digit()))
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
    fn codes_and_pages_belong_together() {
        let code = file(
            "crates/domain/src/reason/catalogue.rs",
            "(\"E0001\", \"E00012\", E0002)",
        );
        let page = file("docs/errors/E0001.md", "# E0001: Not found\n");
        let untitled = file("docs/errors/E0001.md", "# Not found\n");
        let orphan = file("docs/errors/E0009.md", "# E0009: Gone\n");
        let index = file("docs/errors/README.md", "# Errors\n");
        for (files, expected) in [
            (vec![&code, &page, &index], 0),
            (vec![&code], 1),
            (vec![&code, &untitled], 1),
            (vec![&code, &page, &orphan], 1),
            (vec![], 0),
        ] {
            let files: Vec<File> = files.into_iter().cloned().collect();
            assert_eq!(check(&files).len(), expected, "{:?}", check(&files));
        }
    }
}
