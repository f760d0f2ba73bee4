//! The rules of STYLE.md that a program can check. What a rule does not cover stands in the rule, with its
//! reason; there is no list of exceptions.

mod architecture;
mod contract;
mod errors;
mod files;
mod glossary;
mod manifests;
mod numbers;
mod words;

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::process;

/// A file of the repository, as the checks see it.
#[derive(Clone)]
struct File {
    /// Path from the root, with `/`.
    path: String,
    /// Size in bytes.
    bytes: u64,
    /// Its text, unless it is no text.
    text: Option<String>,
}

/// Checks every file that git knows or would add.
pub(crate) fn run(root: &Path) -> Result<()> {
    let files = read(root)?;
    let mut findings: Vec<String> = files.iter().flat_map(file).collect();
    findings.extend(manifests::clippy_files(&files));
    findings.extend(errors::check(&files));
    findings.extend(glossary::check(&files));
    findings.extend(architecture::check(&files));
    for finding in &findings {
        println!("{finding}");
    }
    ensure!(
        findings.is_empty(),
        "{} findings in {} files",
        findings.len(),
        files.len()
    );
    Ok(())
}

/// The checks that look at one file only.
fn file(file: &File) -> Vec<String> {
    let mut findings = files::place(&file.path, file.bytes);
    if let Some(text) = &file.text {
        let generated = file.path.contains("/generated/");
        if file.path.rsplit('.').next() == Some("rs") && !generated {
            findings.extend(files::source(text));
        }
        if file.path.ends_with("Cargo.toml") {
            findings.extend(manifests::manifest(&file.path, text));
        }
        if !generated {
            findings.extend(words::check(&file.path, text));
        }
        findings.extend(contract::check(&file.path, text));
        findings.extend(numbers::check(text));
    }
    findings
        .into_iter()
        .map(|finding| format!("{}:{finding}", file.path))
        .collect()
}

/// Reads what git knows and what it would add.
fn read(root: &Path) -> Result<Vec<File>> {
    let mut git = Command::new("git");
    git.current_dir(root);
    git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let mut files = Vec::new();
    for path in process::read(&mut git)?.split_terminator('\0') {
        // A file that git knows may have been deleted since.
        if let Ok(content) = std::fs::read(root.join(path)) {
            files.push(File {
                path: path.to_owned(),
                bytes: u64::try_from(content.len())?,
                text: String::from_utf8(content).ok(),
            });
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files.dedup_by(|one, other| one.path == other.path);
    Ok(files)
}
