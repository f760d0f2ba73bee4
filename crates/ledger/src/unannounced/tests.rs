//! Where a client is, what was announced, and whether that is a question. Today is 24 November 2026.

use std::collections::BTreeSet;

use domain::code::RelocationKind;
use domain::municipality;
use domain::register::Told;
use domain::relocation_state::RelocationState;
use domain::subject::{Pseudonym, Version};
use jiff::civil::date;

use super::*;
use crate::fold::Transfer;

const TODAY: Date = date(2026, 11, 24);

fn code(text: &str) -> MunicipalityCode {
    MunicipalityCode::parse(text).expect("a code")
}

/// `2020-01-01 0184, 2026-11-02 2283`
fn timeline(text: &str) -> Timeline {
    let registration = |text: &str| {
        let (since, at) = text.trim().split_once(' ').expect("a day and a code");
        Registration {
            since: since.parse().expect("a day"),
            municipality: code(at),
            is_without_address: false,
        }
    };
    let registrations = text.split(',').map(registration).collect();
    Timeline::new(vec![Told {
        changed_at: "2026-11-20T08:00:00Z".parse().expect("an instant"),
        mark: [0; 16],
        registrations,
    }])
}

/// `0184>2283 2026-11`, behind which a state or `placement` may stand.
fn announced(text: &str) -> RelocationFold {
    let mut words = text.split_whitespace();
    let (sender, recipient) = words.next().and_then(|it| it.split_once('>')).expect("two");
    let planned = words.next().and_then(Month::parse).expect("a month");
    let what = words.next().unwrap_or_default();
    RelocationFold {
        sender: code(sender),
        recipient: code(recipient),
        kind: match what {
            "placement" => RelocationKind::Placement,
            _ => RelocationKind::ActiveInvolvement,
        },
        pseudonym: Pseudonym {
            epoch: 2026,
            value: [1; 16],
        },
        planned,
        answer_due_on: TODAY,
        recorded_at: "2026-10-01T08:00:00Z".parse().expect("an instant"),
        state: match what {
            "withdrawn" | "redacted" => RelocationState::Withdrawn,
            "not-arrived" => RelocationState::NotArrived,
            _ => RelocationState::Registered,
        },
        version: Version(1),
        taken_in: false,
        arrival: None,
        function: None,
        reminded: None,
        restrictions: BTreeSet::new(),
        redacted_by: (what == "redacted")
            .then(|| code(recipient))
            .into_iter()
            .collect(),
        transfer: Transfer::Asked,
    }
}

/// Lines of `what | whose client | where registered | what was announced | where asked for, since when`.
fn check(lineage: Lineage, table: &str) {
    for line in table.lines().filter(|line| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let &[what, home, lived, told, expected] = cells.as_slice() else {
            panic!("five cells, not {line}")
        };
        let told = told.split(',').filter(|it| !it.trim().is_empty());
        let folds: Vec<_> = told.map(announced).collect();
        let home = (code(home), folds.as_slice());
        let place = (lineage, TODAY);
        let found = unannounced(&timeline(lived), home, &Definition::FIRST, place);
        let found = found.map(|it| format!("{} {}", it.since, it.municipality));
        assert_eq!(found.unwrap_or_default(), expected, "{what}");
    }
}

#[test]
fn a_client_who_left_unannounced_is_a_question_until_it_is_announced() {
    check(
        Lineage::default(),
        "
        unannounced            | 0184 | 2020-01-01 0184, 2026-11-02 2283 |                               | 2026-11-02 2283
        announced              | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>2283 2026-11             |
        placed long ago        | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>2283 2020-01 placement   |
        withdrawn              | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>2283 2026-11 withdrawn   | 2026-11-02 2283
        ended by the other     | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>2283 2026-11 redacted    |
        given up               | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>2283 2026-10 not-arrived |
        one of two             | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>0191 2026-11, 0184>2283 2026-12 |
        to another             | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>0191 2026-11             | 2026-11-02 2283
        by another             | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0186>2283 2026-11             | 2026-11-02 2283
        within                 | 0184 | 2020-01-01 0184, 2026-11-02 0184 |                               |
        within, there          | 0184 | 2020-01-01 0184, 2026-10-01 2283, 2026-11-02 2283 |              | 2026-10-01 2283
        never here             | 0184 | 2020-01-01 0191, 2026-11-02 2283 |                               |
        nothing before         | 0184 | 2026-11-02 2283                  |                               |
        moved in               | 0184 | 2020-01-01 2283, 2026-11-02 0184 |                               |
        there and back         | 0184 | 2020-01-01 0184, 2026-09-01 2283, 2026-11-02 0184 |              |
        left again             | 0184 | 2020-01-01 0184, 2023-01-01 2283, 2024-01-01 0184, 2026-11-02 2283 | | 2026-11-02 2283
        not yet                | 0184 | 2020-01-01 0184, 2026-11-25 2283 |                               |
        moved on               | 0184 | 2020-01-01 0184, 2026-09-01 2283, 2026-11-02 0191 |              | 2026-11-02 0191
        on, announced first    | 0184 | 2020-01-01 0184, 2026-09-01 2283, 2026-11-02 0191 | 0184>2283 2026-09 |
        on, announced then     | 0184 | 2020-01-01 0184, 2026-09-01 2283, 2026-11-02 0191 | 0184>0191 2026-11 |
        on, long away          | 0184 | 2020-01-01 0184, 2026-04-01 2283, 2026-11-02 0191 |              |
        ",
    );
}

/// Three months early and six late, by the first definition.
#[test]
fn both_sides_of_each_window() {
    check(
        Lineage::default(),
        "
        early         | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>2283 2027-02 |
        too early     | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>2283 2027-03 | 2026-11-02 2283
        late          | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>2283 2026-05 |
        too late      | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>2283 2026-04 | 2026-11-02 2283
        ended, early  | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>2283 2027-02 redacted |
        ended, sooner | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>2283 2027-03 redacted | 2026-11-02 2283
        ended, late   | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>2283 2026-05 redacted |
        ended, later  | 0184 | 2020-01-01 0184, 2026-11-02 2283 | 0184>2283 2026-04 redacted | 2026-11-02 2283
        half a year   | 0184 | 2020-01-01 0184, 2026-05-01 2283 |                   | 2026-05-01 2283
        longer ago    | 0184 | 2020-01-01 0184, 2026-04-30 2283 |                   |
        ",
    );
}

/// Heby went from 1917 to 0331.
#[test]
fn a_code_that_goes_on_as_another_is_the_same_municipality() {
    check(
        Lineage::default(),
        "
        stayed               | 0331 | 2006-01-01 1917, 2026-11-02 0331 |                   |
        stayed, by the old   | 1917 | 2006-01-01 1917, 2026-11-02 0331 |                   |
        left                 | 0331 | 2006-01-01 1917, 2026-11-02 2283 |                   | 2026-11-02 2283
        told by the old code | 0331 | 2006-01-01 1917, 2026-11-02 2283 | 1917>2283 2026-11 |
        came                 | 0184 | 2020-01-01 0184, 2026-11-02 1917 |                   | 2026-11-02 0331
        told to the old code | 0184 | 2020-01-01 0184, 2026-11-02 0331 | 0184>1917 2026-11 |
        ",
    );
}

#[test]
fn whoever_was_split_off_with_the_place_where_they_live_did_not_move() {
    let mut table = municipality::all().to_vec();
    for row in table.iter_mut().filter(|row| row.code == code("2284")) {
        row.valid_from = Some(date(2026, 11, 1));
        row.split_from = Some(code("2283"));
    }
    check(
        Lineage::of(table),
        "
        split off           | 2283 | 2020-01-01 2283, 2026-11-01 2284 |                   |
        moved from the part | 2283 | 2020-01-01 2283, 2026-11-01 2284, 2026-11-02 0184 |  |
        moved to the part   | 2283 | 2020-01-01 2283, 2026-11-02 2284 |                   | 2026-11-02 2284
        split off there     | 0184 | 2020-01-01 0184, 2026-09-01 2283, 2026-11-01 2284 |  | 2026-09-01 2284
        told to the whole   | 0184 | 2020-01-01 0184, 2026-09-01 2283, 2026-11-01 2284 | 0184>2283 2026-09 |
        ",
    );
}
