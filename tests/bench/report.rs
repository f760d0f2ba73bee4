//! What people and programs get to read: tables and JSON.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use serde_json::json;

use crate::figures::{Figures, label};
use crate::plan::Plan;

/// Name, what it says, and the aim.
const AIMS: [(&str, &str, Aim); 7] = [
    (
        "register_256_over_smaller_floor",
        "256 callers: registrations, as a part of the smaller floor",
        Aim::AtLeast(0.5),
    ),
    (
        "register_256_over_floor_sqlite",
        "the same, as the record is to have it",
        Aim::AtLeast(0.6),
    ),
    (
        "register_256_over_floor_postgres",
        "the same over PostgreSQL, a gateway and a ledger apart",
        Aim::AtLeast(0.6),
    ),
    (
        "register_1_added_us",
        "one caller: µs over a bare append of one, p50",
        Aim::AtMost(250.0),
    ),
    (
        "notified_over_commit_p50",
        "one caller: call to notice, in commits of one",
        Aim::AtMost(3.0),
    ),
    (
        "notified_256_over_group_commit_p50",
        "256 callers: call to notice, in commits of 256",
        Aim::AtMost(3.0),
    ),
    (
        "growth_1m_over_10k",
        "256 callers: a registration's cost in the largest store, in that in the smallest",
        Aim::AtMost(1.25),
    ),
];

/// What a run that is no full one leaves out.
pub(crate) const SCALED_DOWN: &str = "not a full run: replay_* is over a journal of 100,000 entries at most, and \
     growth_1m_over_10k compares stores of 100,000 and 10,000 relocations at most";

/// The rows of the table.
const ROWS: [(&str, &str); 11] = [
    ("echo_256", "echo, 256 callers (floor)"),
    ("append_256", "append, 256 tasks (floor)"),
    ("register_256", "register, 256 callers"),
    ("notified_256", "… call to notice"),
    ("echo_1", "echo, one caller"),
    ("append_1", "append of one (floor)"),
    ("register_1", "register, one caller"),
    ("notified_1", "… call to notice"),
    ("group_commit_256", "commit of 256, both files (floor)"),
    ("append_256_postgres", "append, PostgreSQL (floor)"),
    ("register_256_postgres", "register, PostgreSQL"),
];

/// What limits the figures, whatever machine they come from.
const NOTES: [&str; 5] = [
    "load generator, service, NATS and floors share the processors: more than half of a unary call's cost is the client",
    "only figures of the same round compare; the ratios are taken in each round, and their medians given",
    "a registration waits for two commits, one after the other: the keys, then the entry",
    "server CPU holds everything behind the answer too: ledger, relay and fan-out",
    "processor time is counted in hundredths of a second: small runs say little about it",
];

enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

impl Aim {
    fn is_met_by(&self, seen: f64) -> bool {
        match self {
            Self::AtLeast(aim) => seen >= *aim,
            Self::AtMost(aim) => seen <= *aim,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::AtLeast(aim) => format!("at least {aim}"),
            Self::AtMost(aim) => format!("at most {aim}"),
        }
    }
}

/// Rates and times.
pub(crate) fn table(medians: &Figures) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header([
        "medians",
        "a second",
        "p50 µs",
        "p99 µs",
        "CPU µs, client",
        "server",
        "NATS",
        "disk KiB",
    ]);
    let whole = |name: String| figure(medians.get(&name), 0);
    let tenths = |name: String| figure(medians.get(&name), 1);
    for (name, title) in ROWS {
        let mut p50 = whole(format!("{name}_p50_us"));
        if p50.is_empty() {
            p50 = whole(format!("{name}_us"));
        }
        // whoever holds the stores
        let stores = match name {
            "append_256" | "append_256_postgres" => "client",
            _ => "server",
        };
        table.add_row([
            title.to_owned(),
            whole(format!("{name}_per_second")),
            p50,
            whole(format!("{name}_p99_us")),
            tenths(format!("{name}_client_cpu_us")),
            tenths(format!("{name}_server_cpu_us")),
            tenths(format!("{name}_nats_cpu_us")),
            tenths(format!("{name}_{stores}_written_kib")),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// What was seen beside what was aimed at.
pub(crate) fn aims(medians: &Figures) -> String {
    let mut table = Table::new();
    table
        .load_style(ASCII_MARKDOWN)
        .set_header(["ratios", "seen", "aim", ""]);
    for (name, title, aim) in AIMS {
        let seen = medians.get(name);
        let verdict = if seen.is_nan() {
            "not measured"
        } else if aim.is_met_by(seen) {
            "met"
        } else {
            "missed"
        };
        table.add_row([
            title.to_owned(),
            figure(seen, 2),
            aim.shown(),
            verdict.to_owned(),
        ]);
    }
    for (name, title) in [
        ("register_256_over_append", "… over append alone"),
        ("register_256_over_echo", "… over echo alone"),
        (
            "replay_over_decode",
            "replay with digests and Merkle tree, as a part of bare decoding",
        ),
    ] {
        let seen = figure(medians.get(name), 2);
        table.add_row([title.to_owned(), seen, String::new(), String::new()]);
    }
    table.to_string()
}

fn figure(value: f64, decimals: usize) -> String {
    if value.is_nan() {
        String::new()
    } else {
        format!("{value:.decimals$}")
    }
}

/// What follows from the record's size.
pub(crate) fn record(plan: &Plan, medians: &Figures) -> String {
    let mut table = Table::new();
    table
        .load_style(ASCII_MARKDOWN)
        .set_header(["record", "seen"]);
    let mut row = |title: String, name: String, decimals| {
        table.add_row([title, figure(medians.get(&name), decimals)]);
    };
    for entries in plan.record.replayed {
        let size = label(entries);
        for (what, name, decimals) in [
            ("decoded, entries a second", "decoded_entries_per_s", 0),
            ("replayed, entries a second", "entries_per_s", 0),
            ("… with read tables", "with_tables_entries_per_s", 0),
            ("… peak memory, MiB", "memory_mib", 0),
        ] {
            row(
                format!("{size} entries: {what}"),
                format!("replay_{size}_{name}"),
                decimals,
            );
        }
    }
    for relocations in plan.record.grown {
        let size = label(*relocations);
        for (what, name, decimals) in [
            ("registered a second", "per_second", 0),
            ("server CPU µs", "server_cpu_us", 1),
            ("server disk KiB", "server_written_kib", 1),
        ] {
            row(
                format!("{size} relocations: {what}"),
                format!("growth_{size}_{name}"),
                decimals,
            );
        }
    }
    for (what, name) in [
        (
            "receipts made a second, 256 callers",
            "receipts_made_per_second",
        ),
        ("receipts verified a second", "receipts_verified_per_second"),
    ] {
        row(what.to_owned(), name.to_owned(), 0);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// Everything, for programs: medians flat, rounds as they were.
pub(crate) fn json(plan: &Plan, medians: &Figures, rounds: &[Figures]) -> String {
    let size = plan.size;
    let mut value = json!(medians.all());
    let aims = AIMS.map(|(name, _, aim)| (name.to_owned(), json!(aim.shown())));
    for (name, more) in [
        ("quick", json!(plan.is_quick())),
        ("optimised", json!(!cfg!(debug_assertions))),
        ("rounds", json!(plan.rounds)),
        (
            "calls_of_a_round",
            json!({
                "echo_256": size.echo,
                "append_256": size.append,
                "register_256": size.register(),
                "group_commit_256": size.group_commit,
                "one_caller": size.one_caller,
                "growth": plan.record.registrations,
                "receipts": plan.record.receipts,
            }),
        ),
        (
            "aims",
            aims.into_iter().collect::<serde_json::Map<_, _>>().into(),
        ),
        ("notes", json!(notes(plan))),
        (
            "each_round",
            rounds.iter().map(|round| json!(round.all())).collect(),
        ),
    ] {
        if let Some(all) = value.as_object_mut() {
            all.insert(name.to_owned(), more);
        }
    }
    format!("{value:#}\n")
}

fn notes(plan: &Plan) -> Vec<&'static str> {
    let more = plan.is_quick().then_some(SCALED_DOWN);
    NOTES.into_iter().chain(more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Scale;

    #[test]
    fn aims_hold_on_their_own_side() {
        for (aim, seen, expected) in [
            (Aim::AtLeast(0.5), 0.5, true),
            (Aim::AtLeast(0.5), 0.49, false),
            (Aim::AtMost(3.0), 3.0, true),
            (Aim::AtMost(3.0), 3.1, false),
            (Aim::AtMost(3.0), f64::NAN, false),
        ] {
            assert_eq!(aim.is_met_by(seen), expected, "{seen}");
        }
    }

    #[test]
    fn json_holds_the_named_ratios() {
        let mut round = Figures::default();
        round.put("register_256_over_append", 0.5);
        let text = json(
            &Plan::of(Scale::Quick, 5, &[]),
            &Figures::medians(&[round.clone()]),
            &[round],
        );
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["register_256_over_append"], 0.5);
        assert_eq!(value["rounds"], 1);
        let notes = value["notes"].as_array().expect("notes");
        assert!(notes.iter().any(|note| note == SCALED_DOWN), "{text}");
    }
}
