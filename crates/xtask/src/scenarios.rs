//! docs/scenarios.md: the catalogue of scenarios, and for each the tests that there are. Nobody writes a status: a
//! scenario runs when a test of its number exists, and the tests themselves fail when the page says anything else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

/// Number, sentence and law, one scenario a line under its heading.
const CATALOGUE: &str = "tests/scenarios/catalogue.txt";
/// Where the tests are.
const TESTS: &str = "tests/scenarios";
/// What is made of them.
const PAGE: &str = "docs/scenarios.md";

/// Writes the page.
pub(crate) fn write(root: &Path) -> Result<()> {
    std::fs::write(root.join(PAGE), fresh(root)?)?;
    println!("wrote {PAGE}");
    Ok(())
}

/// Fails when the page is not what would be written.
pub(crate) fn check(root: &Path) -> Result<()> {
    let written = std::fs::read_to_string(root.join(PAGE)).unwrap_or_default();
    ensure!(
        written == fresh(root)?,
        "{PAGE} is not what the scenarios say; run `cargo xtask scenarios`"
    );
    Ok(())
}

fn fresh(root: &Path) -> Result<String> {
    let mut sources = String::new();
    let mut paths = Vec::new();
    for file in std::fs::read_dir(root.join(TESTS)).context(TESTS)? {
        paths.push(file?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    paths.sort();
    for path in paths {
        sources += &std::fs::read_to_string(path)?;
    }
    let catalogue = std::fs::read_to_string(root.join(CATALOGUE)).context(CATALOGUE)?;
    page(&catalogue, &tests(&sources))
}

/// The tests that sources name, by their number.
fn tests(sources: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut tests: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for rest in sources.split("name: \"").skip(1) {
        let name = rest.split('"').next().unwrap_or_default();
        let number = name
            .strip_prefix("scenario_")
            .and_then(|it| it.split('_').next());
        if let Some(number) = number {
            tests.entry(number).or_default().push(name);
        }
    }
    tests
}

fn page(catalogue: &str, tests: &BTreeMap<&str, Vec<&str>>) -> Result<String> {
    let mut rows = String::new();
    let (mut all, mut running) = (0, 0);
    for line in catalogue.lines().filter(|line| !line.is_empty()) {
        if let Some(heading) = line.strip_prefix("# ") {
            write!(
                rows,
                "\n## {heading}\n\n| | scenario | law | status |\n|---|---|---|---|\n"
            )?;
            continue;
        }
        let cells: Vec<&str> = line.split(" | ").collect();
        let &[number, english, swedish, law, comes_with] = cells.as_slice() else {
            anyhow::bail!("{CATALOGUE}: five cells in a line, not \"{line}\"");
        };
        all += 1;
        let status = match tests.get(number) {
            Some(names) => {
                running += 1;
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("runs: {}", names.join(", "))
            }
            None => format!("comes with {comes_with}"),
        };
        writeln!(
            rows,
            "| {number} | {english}<br>*{swedish}* | {law} | {status} |"
        )?;
    }
    Ok(format!(
        "# Scenarios\n\n\
         Each scenario is a test in Given, When and Then (`tests/scenarios`), played before the running services, before\n\
         the pure rules, or both. `cargo xtask scenarios` writes this page: a scenario *runs* when its test exists.\n\n\
         {running} of {all} run.\n{rows}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_test_runs_and_nothing_else_does() {
        let catalogue = "# Core (Kärnan)\n\
                         01 | One. | Ett. | OSL 8:1 | -\n\
                         02 | Two. | Två. | SoL 29:2 | the clocks\n";
        let sources = "Scenario { name: \"scenario_01_a\" }, { name: \"scenario_01_b\" }, { name: \"other\" }";
        let page = page(catalogue, &tests(sources)).expect("a page");
        for expected in [
            "1 of 2 run.",
            "## Core (Kärnan)",
            "| 01 | One.<br>*Ett.* | OSL 8:1 | runs: `scenario_01_a`, `scenario_01_b` |",
            "| 02 | Two.<br>*Två.* | SoL 29:2 | comes with the clocks |",
        ] {
            assert!(page.contains(expected), "{expected} in {page}");
        }
    }

    #[test]
    fn a_line_of_another_shape_is_refused() {
        assert!(page("01 | One. | Ett.\n", &BTreeMap::new()).is_err());
    }
}
