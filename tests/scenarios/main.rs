//! The scenarios of the domain as tests: Given, When, Then, in the words of `steps.rs`.
//!
//! A scenario is played before the running services (one world for all, three municipalities for each), before the pure
//! rules alone, or before both in the same words. `catalogue.txt` holds number, sentence and law; docs/scenarios.md is
//! made of it and of the tests that exist, so that nothing is called done that does not run.
//!
//! To add one: write a `Scenario` named `scenario_NN_…` into its heading's file, with the number of the catalogue. If a
//! word is missing, add an `Act` or a `Fact` to `steps.rs` and play it in `services.rs` and `rules.rs`; a check that only
//! one scenario needs is a `Shown::That`. Then `cargo xtask scenarios` writes the page, and
//! `cargo build -p flyttbud && cargo test -p tests --test scenarios scenario_NN` runs it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a scenario that does not come true fails its test; whatever it does not name is none of its business"
)]

mod asked;
mod clocks;
mod core;
mod disputes;
mod families;
mod identity;
mod later;
mod organisation;
mod play;
mod protection;
mod register;
mod request;
mod rights;
mod rules;
mod services;
mod steps;
mod texts;
mod time;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;

use rules::Rules;
use services::House;
use steps::{On, Scenario};

/// Every scenario, heading by heading. A new one goes to the end of its heading.
const SCENARIOS: [&[Scenario]; 13] = [
    core::SCENARIOS,
    clocks::SCENARIOS,
    families::SCENARIOS,
    register::SCENARIOS,
    identity::SCENARIOS,
    protection::SCENARIOS,
    later::SCENARIOS,
    texts::SCENARIOS,
    asked::SCENARIOS,
    disputes::SCENARIOS,
    organisation::SCENARIOS,
    time::SCENARIOS,
    rights::SCENARIOS,
];

/// Scenarios at once: they wait more than they work.
const AT_ONCE: usize = 8;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    let runtime = Arc::new(Runtime::new().expect("a runtime"));
    let house = Arc::new(House::default());
    let mut trials = vec![
        Trial::test("each_scenario_is_in_the_catalogue_and_named_once", || {
            names();
            Ok(())
        }),
        Trial::test("the_page_calls_done_what_runs_and_nothing_else", || {
            page();
            Ok(())
        }),
    ];
    let mut places = 0..;
    for scenario in SCENARIOS.iter().copied().flatten() {
        // whoever is played before the rules alone needs no municipalities of the services
        if scenario.on != On::Rules
            && let Some(place) = places.next()
        {
            let (runtime, house) = (runtime.clone(), house.clone());
            trials.push(Trial::test(scenario.name, move || {
                runtime.block_on(house.play(scenario, place));
                Ok(())
            }));
        }
        if scenario.on != On::Services {
            let runtime = runtime.clone();
            let name = match scenario.on {
                On::Rules => scenario.name.to_owned(),
                On::Both | On::Services => format!("{}_by_the_rules_alone", scenario.name),
            };
            trials.push(Trial::test(name, move || {
                runtime.block_on(play::play(scenario, &mut Rules::new()));
                Ok(())
            }));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    // the world ends its processes within the runtime that started them
    let _inside = runtime.enter();
    drop(house);
    conclusion.exit_code()
}

/// The numbers of the catalogue.
fn catalogue() -> BTreeSet<String> {
    let rows = include_str!("catalogue.txt").lines();
    let numbers = rows
        .filter_map(|row| row.split_once(" | "))
        .map(|row| row.0.to_owned());
    numbers.collect()
}

fn names() {
    let (known, mut seen) = (catalogue(), BTreeSet::new());
    for scenario in SCENARIOS.iter().copied().flatten() {
        let rest = scenario
            .name
            .strip_prefix("scenario_")
            .expect(scenario.name);
        let (number, words) = rest.split_once('_').expect(scenario.name);
        assert!(
            known.contains(number) && !words.is_empty(),
            "{}",
            scenario.name
        );
        assert!(seen.insert(scenario.name), "{} stands twice", scenario.name);
    }
}

/// The page was made by another program from the sources: it must name exactly what runs here.
fn page() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scenarios.md");
    let page = std::fs::read_to_string(page).expect("docs/scenarios.md: cargo xtask scenarios");
    let named: BTreeSet<&str> = page
        .split('`')
        .filter(|word| word.starts_with("scenario_") && !word.contains('…'))
        .collect();
    let runs: BTreeSet<&str> = SCENARIOS
        .iter()
        .copied()
        .flatten()
        .map(|it| it.name)
        .collect();
    assert_eq!(named, runs, "cargo xtask scenarios");
}
