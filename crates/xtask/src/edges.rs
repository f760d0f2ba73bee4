//! Who may depend on whom: every edge goes down, only `fanout` knows NATS, and the pure crates stay pure.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::process;

/// The storeys of the house; see ARCHITECTURE.md.
const LEVELS: [&[&str]; 6] = [
    &["domain", "tlog"],
    &["api", "ledger"],
    &["daemon"],
    &["client", "journal", "vault", "fanout"],
    &["gateway", "ledgerd", "witness", "console"],
    &["flyttbud"],
];

/// Outside the house: nothing stands on them.
const OUTSIDE: [&str; 2] = ["tests", "xtask"];

/// The crate that speaks to NATS, and how it does.
const NATS: (&str, &str) = ("fanout", "async-nats");

/// The crates without I/O, clock, randomness or logging.
const PURE: [&str; 3] = ["domain", "ledger", "tlog"];

/// What would bring these in, however indirectly.
const IMPURE: [&str; 8] = [
    "tokio",
    "prost",
    "tonic",
    "tracing",
    "rusqlite",
    "rand",
    "getrandom",
    "async-nats",
];

/// Checks the workspace as cargo sees it.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut cargo = process::cargo(root);
    cargo.args(["metadata", "--format-version", "1", "--no-deps"]);
    let house = edges(&serde_json::from_str(&process::read(&mut cargo)?)?)
        .context("cargo metadata has another shape than expected")?;
    let mut findings = judge(&house);
    for pure in PURE.iter().filter(|pure| house.contains_key(**pure)) {
        // Not from the metadata: there, the features that other crates ask for are counted too.
        let mut tree = process::cargo(root);
        tree.args([
            "tree",
            "--package",
            pure,
            "--edges",
            "normal",
            "--prefix",
            "none",
        ]);
        tree.args(["--format", "{p}"]);
        findings.extend(
            impurities(&process::read(&mut tree)?)
                .map(|found| format!("{pure} is pure, but has {found} below it")),
        );
    }
    for finding in &findings {
        println!("{finding}");
    }
    ensure!(
        findings.is_empty(),
        "{} edges that should not be",
        findings.len()
    );
    Ok(())
}

/// Every member with the names of its normal dependencies.
fn edges(metadata: &Value) -> Option<BTreeMap<String, Vec<String>>> {
    let name = |value: &Value| Some(value.get("name")?.as_str()?.to_owned());
    let mut house = BTreeMap::new();
    for package in metadata.get("packages")?.as_array()? {
        let dependencies = package.get("dependencies")?.as_array()?;
        let normal = dependencies
            .iter()
            .filter(|one| one.get("kind").is_none_or(Value::is_null));
        house.insert(name(package)?, normal.map(name).collect::<Option<_>>()?);
    }
    Some(house)
}

/// What is wrong with the edges.
fn judge(house: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut findings = Vec::new();
    for (upper, dependencies) in house {
        let outside = OUTSIDE.contains(&upper.as_str());
        let storey = level(upper);
        if storey.is_none() && !outside {
            findings.push(format!(
                "{upper} has no storey: give it one in ARCHITECTURE.md and here"
            ));
        }
        for lower in dependencies {
            if lower == NATS.1 && upper != NATS.0 {
                findings.push(format!("{upper} uses {lower}; only {} may", NATS.0));
            }
            if house.contains_key(lower) && !outside && level(lower) >= storey {
                findings.push(format!("{upper} uses {lower}, which is not below it"));
            }
            if OUTSIDE.contains(&lower.as_str()) {
                findings.push(format!("{upper} uses {lower}, which is outside the house"));
            }
        }
    }
    findings
}

/// The storey of a crate, counted from the ground.
fn level(name: &str) -> Option<usize> {
    LEVELS.iter().position(|names| names.contains(&name))
}

/// The impure crates in what `cargo tree` printed.
fn impurities(tree: &str) -> impl Iterator<Item = &str> {
    tree.lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| IMPURE.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_go_down_and_only_fanout_knows_nats() {
        for (upper, lower, expected) in [
            ("gateway", "journal", 0),
            ("flyttbud", "domain", 0),
            ("api", "domain", 0),
            ("journal", "vault", 1),
            ("domain", "api", 1),
            ("ledger", "ledger", 1),
            ("fanout", "async-nats", 0),
            ("gateway", "async-nats", 1),
            ("tests", "async-nats", 1),
            ("tests", "flyttbud", 0),
            ("flyttbud", "tests", 1),
            ("attic", "domain", 2),
            ("gateway", "serde", 0),
        ] {
            let mut house = BTreeMap::new();
            for known in LEVELS.iter().copied().flatten().chain(&OUTSIDE) {
                house.insert((*known).to_owned(), Vec::new());
            }
            house.insert(upper.to_owned(), vec![lower.to_owned()]);
            assert_eq!(
                judge(&house).len(),
                expected,
                "{upper} -> {lower}: {:?}",
                judge(&house)
            );
        }
    }

    #[test]
    fn only_normal_dependencies_count() {
        let metadata = serde_json::json!({ "packages": [{ "name": "domain", "dependencies": [
            { "name": "jiff", "kind": null },
            { "name": "proptest", "kind": "dev" },
            { "name": "cc", "kind": "build" },
        ]}]});
        let house = edges(&metadata).unwrap();
        assert_eq!(house["domain"], ["jiff"]);
        assert!(edges(&serde_json::json!({})).is_none());
    }

    #[test]
    fn impurities_are_found_by_whole_names() {
        let tree = "domain v0.1.0 (/x)\njiff v1.0.2\nrand_core v0.10.0\ngetrandom v0.4.3 (*)\n";
        assert_eq!(impurities(tree).collect::<Vec<_>>(), ["getrandom"]);
    }
}
