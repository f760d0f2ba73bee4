//! Manifests and the lint files beside them.

use super::File;

/// The crates that do no I/O; each has a clippy file of its own, which clippy reads instead of the root's.
const PURE: [&str; 3] = ["domain", "ledger", "tlog"];

/// What is wrong with a `Cargo.toml`.
pub(super) fn manifest(path: &str, text: &str) -> Vec<String> {
    if path == "Cargo.toml" {
        root(text)
    } else {
        member(text)
    }
}

/// In the root every dependency says why it is there.
fn root(text: &str) -> Vec<String> {
    dependencies(text)
        .filter(|(_, line)| !line.contains("path = \"crates/") && !line.contains("# "))
        .map(|(number, _)| format!("{number}: say behind it why we do not write it ourselves"))
        .collect()
}

/// A member takes its lints and its dependencies from the root.
fn member(text: &str) -> Vec<String> {
    let mut findings: Vec<String> = dependencies(text)
        .filter(|(_, line)| !line.contains("workspace = true"))
        .map(|(number, _)| format!("{number}: versions and reasons stand in the root manifest"))
        .collect();
    if !text.contains("[lints]\nworkspace = true") {
        findings.push(" add `[lints]`, `workspace = true`".to_owned());
    }
    findings
}

/// The lines of a manifest that name a dependency, numbered.
fn dependencies(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
            return false;
        }
        inside
            && line
                .split_once('=')
                .is_some_and(|(name, _)| !name.starts_with(['#', ' ']))
    })
}

/// What the clippy files of the pure crates lack of the root's.
pub(super) fn clippy_files(files: &[File]) -> Vec<String> {
    let text = |path: &str| {
        files
            .iter()
            .find(|file| file.path == path)
            .and_then(|file| file.text.as_deref())
    };
    let root = text("clippy.toml").unwrap_or_default();
    let mut findings = Vec::new();
    for pure in PURE {
        if text(&format!("crates/{pure}/Cargo.toml")).is_none() {
            continue;
        }
        let path = format!("crates/{pure}/clippy.toml");
        for line in missing(root, text(&path).unwrap_or_default()) {
            findings.push(format!("{path}: lacks the root's line `{line}`"));
        }
    }
    findings
}

/// The root's lines that the other does not have.
fn missing<'a>(root: &'a str, pure: &str) -> Vec<&'a str> {
    root.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter(|wanted| pure.lines().all(|line| line.trim() != *wanted))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_gives_a_reason_for_every_dependency() {
        for (text, expected) in [
            ("[workspace.dependencies]\ntokio = \"1\" # the runtime\n", 0),
            ("[workspace.dependencies]\ntokio = \"1\"\n", 1),
            (
                "[workspace.dependencies]\ndomain = { path = \"crates/domain\" }\n",
                0,
            ),
            ("[workspace.dependencies]\n# tokio = \"1\"\n", 0),
            ("[workspace.package]\nversion = \"1\"\n", 0),
            ("[workspace.dependencies]\n[profile.dev]\ndebug = 1\n", 0),
        ] {
            assert_eq!(manifest("Cargo.toml", text).len(), expected, "{text}");
        }
    }

    #[test]
    fn members_take_lints_and_versions_from_the_root() {
        let lints = "[lints]\nworkspace = true\n";
        for (text, expected) in [
            ("[dependencies]\ntokio.workspace = true\n", 0),
            (
                "[dependencies]\ntokio = { workspace = true, features = [\"rt\"] }\n",
                0,
            ),
            ("[dependencies]\ntokio = \"1\"\n", 1),
            ("[dev-dependencies]\ntokio = { version = \"1\" }\n", 1),
            ("[features]\ncodegen = [\"dep:protox\"]\n", 0),
        ] {
            let text = format!("{text}{lints}");
            assert_eq!(
                manifest("crates/a/Cargo.toml", &text).len(),
                expected,
                "{text}"
            );
        }
        assert_eq!(manifest("crates/a/Cargo.toml", "[dependencies]\n").len(), 1);
    }

    #[test]
    fn a_pure_clippy_file_has_every_line_of_the_root() {
        let root = "# why\nlimit = 70\nlist = [\n    \"a\",\n]\n";
        assert!(missing(root, "list = [\n  \"a\",\n  \"b\",\n]\nlimit = 70\n").is_empty());
        assert_eq!(
            missing(root, "list = [\n]\nlimit = 80\n"),
            ["limit = 70", "\"a\","]
        );
        assert_eq!(missing(root, "").len(), 4);
    }
}
