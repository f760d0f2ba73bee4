//! Everything that is said about the source without running it, cheapest first. A failing step never
//! hides the next.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::tools::{self, Group};
use crate::{codegen, edges, process, scenarios, tidy};

/// One step: its name and what it does.
type Step = (&'static str, fn(&Path) -> Result<()>);

/// In this order.
const STEPS: [Step; 12] = [
    ("fmt", |root| cargo(root, &["fmt", "--all", "--check"])),
    ("tidy", tidy::run),
    ("edges", edges::run),
    ("typos", |root| tool(root, "typos", &[])),
    ("proto lint", |root| tool(root, "buf", &["lint"])),
    ("proto format", |root| {
        tool(root, "buf", &["format", "--diff", "--exit-code"])
    }),
    ("proto breaking", breaking),
    ("deny", |root| {
        tool(
            root,
            "cargo-deny",
            &["check", "bans", "licenses", "sources"],
        )
    }),
    ("codegen", |root| codegen::run(root, true)),
    ("scenarios", scenarios::check),
    ("clippy", |root| {
        cargo(
            root,
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ],
        )
    }),
    ("doc", |root| {
        let mut cargo = process::cargo(root);
        cargo
            .args(["doc", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings");
        process::run(&mut cargo)
    }),
];

/// Runs every step and sums up.
pub(crate) fn run(root: &Path) -> Result<()> {
    tools::ensure(root, Group::Check)?;
    let mut summary = Vec::new();
    for (name, step) in STEPS {
        println!("\n── {name}");
        let started = Instant::now();
        let outcome = step(root);
        if let Err(error) = &outcome {
            println!("{name}: {error:#}");
        }
        summary.push((name, outcome.is_ok(), started.elapsed()));
    }
    println!("\n── summary");
    for (name, passed, took) in &summary {
        println!("{}", line(name, *passed, *took));
    }
    let failed = summary.iter().filter(|(_, passed, _)| !passed).count();
    ensure!(failed == 0, "{failed} of {} steps failed", summary.len());
    Ok(())
}

/// A line of the summary.
fn line(name: &str, passed: bool, took: Duration) -> String {
    let verdict = if passed { "ok" } else { "FAILED" };
    format!("{name:<16} {verdict:<6} {:>6.1} s", took.as_secs_f64())
}

/// Runs cargo.
fn cargo(root: &Path, arguments: &[&str]) -> Result<()> {
    process::run(process::cargo(root).args(arguments))
}

/// Runs an installed tool.
fn tool(root: &Path, name: &str, arguments: &[&str]) -> Result<()> {
    let mut tool = Command::new(tools::program(root, name));
    process::run(tool.current_dir(root).args(arguments))
}

/// Compares the proto packages with those of the branch `main`, when there is something to compare.
fn breaking(root: &Path) -> Result<()> {
    let git = |arguments: &[&str]| {
        process::read(Command::new("git").current_dir(root).args(arguments))
            .map(|said| said.trim().to_owned())
    };
    if git(&["rev-parse", "--abbrev-ref", "HEAD"]).is_ok_and(|branch| branch == "main") {
        println!("on main itself: nothing to compare with");
        return Ok(());
    }
    if git(&["cat-file", "-e", "main:proto"]).is_err() {
        println!("no branch main with proto here: nothing to compare with");
        return Ok(());
    }
    // A worktree's own `.git` is a file, which buf does not read.
    let against = format!("{}#branch=main", git(&["rev-parse", "--git-common-dir"])?);
    tool(root, "buf", &["breaking", "--against", &against])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_tells_name_verdict_and_seconds() {
        let took = Duration::from_millis(1_230);
        assert_eq!(line("fmt", true, took), "fmt              ok        1.2 s");
        assert_eq!(
            line("proto breaking", false, took),
            "proto breaking   FAILED    1.2 s"
        );
    }
}
