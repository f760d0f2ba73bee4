//! Requests about municipalities whose code changed: Heby as it did, and an invented merger about today.

use domain::lineage::Lineage;
use domain::municipality::{self, MunicipalityCode};
use domain::reason::Reason;
use jiff::civil::{Date, date};

use super::arrival::good as arrival_of_solna;
use super::registration::good as announcement_of_solna;
use super::{TODAY, faults, municipality};
use crate::parse::{Context, arrival, registration};

/// Whom a request means, or what is at fault.
type Answered = Result<MunicipalityCode, Vec<(String, Reason)>>;

/// Solna and Sigtuna become Sollefteå's neighbour 2299 with the year 2027, of which 2284 is split off.
fn context(today: Date) -> Context {
    let mut table = municipality::all().to_vec();
    let mut new = *municipality::find(municipality("2283")).expect("Sollefteå");
    for row in &mut table {
        if ["0184", "0191"].map(municipality).contains(&row.code) {
            row.valid_to = Some(date(2026, 12, 31));
            row.successor = Some(municipality("2299"));
        } else if row.code == municipality("2284") {
            row.valid_from = Some(date(2027, 1, 1));
            row.split_from = Some(municipality("2283"));
        }
    }
    new.code = municipality("2299");
    new.name = "Nya";
    new.valid_from = Some(date(2027, 1, 1));
    table.push(new);
    Context {
        today,
        lineage: Lineage::of(table),
        ..*TODAY
    }
}

/// A report of `by` on a day that somebody came from a municipality on another day: where from, or what is at fault.
fn report(by: &str, from: &str, arrived_on: &str, today: Date) -> Answered {
    let mut request = arrival_of_solna();
    request.previous_municipality = format!("municipalities/{from}");
    request.content.as_mut().expect("content").arrived_on = arrived_on.to_owned();
    let read = arrival(&request, municipality(by), context(today));
    match read {
        Ok(read) => Ok(read.previous),
        refused => Err(faults(refused)),
    }
}

fn announce(by: &str, to: &str, month: &str, today: Date) -> Answered {
    let mut request = announcement_of_solna();
    request.receiving_municipality = format!("municipalities/{to}");
    request.content.as_mut().expect("content").expected_on = month.to_owned();
    match registration(&request, municipality(by), context(today)) {
        Ok(read) => Ok(read.recipient),
        refused => Err(faults(refused)),
    }
}

/// Rows of "by other about today => code or field and reason", each held against what is answered.
fn check(table: &str, ask: fn(&str, &str, &str, Date) -> Answered) {
    for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (asked, expect) = row.split_once("=>").expect("asked => expected");
        let words: Vec<&str> = asked.split_whitespace().collect();
        let found = ask(
            words[0],
            words[1],
            words[2],
            words[3].parse().expect("a day"),
        );
        let found = match found {
            Ok(code) => code.to_string(),
            Err(faults) => {
                let told =
                    |(field, reason): &(String, Reason)| format!("{field} {}", reason.code());
                faults.iter().map(told).collect::<Vec<_>>().join(", ")
            }
        };
        assert_eq!(found, expect.trim(), "{row}");
    }
}

#[test]
fn a_code_that_was_valid_on_the_day_of_arrival_is_whoever_goes_on_as_it() {
    check(
        "
        1440 0184 2026-12-30 2026-12-31 => 0184
        1440 0184 2026-12-30 2027-01-10 => 2299
        1440 0184 2027-01-02 2027-01-10 => previous_municipality MUNICIPALITY_CLOSED
        1440 2299 2026-12-30 2026-12-31 => previous_municipality MUNICIPALITY_CLOSED
    ",
        report,
    );
}

#[test]
fn a_change_of_code_a_merger_and_a_split_are_no_arrival() {
    check(
        "
        2299 0184 2027-01-01 2027-01-10 => previous_municipality MUNICIPALITY_CONTINUES
        2299 0191 2026-12-30 2027-01-10 => previous_municipality MUNICIPALITY_CONTINUES
        2299 2299 2027-01-01 2027-01-10 => previous_municipality RECIPIENT_IS_SENDER
        2284 2283 2027-01-01 2027-01-10 => previous_municipality MUNICIPALITY_CONTINUES
        2284 2283 2027-01-02 2027-01-10 => 2283
        0191 0184 2026-12-30 2026-12-31 => 0184
    ",
        report,
    );
}

#[test]
fn an_announcement_goes_to_whoever_is_there_and_is_made_by_whoever_is() {
    check(
        "
        1440 0184 2027-02 2026-12-31 => 0184
        1440 0184 2026-12 2027-01-10 => 2299
        1440 0184 2027-01 2027-01-10 => receiving_municipality MUNICIPALITY_CLOSED
        1440 2284 2027-01 2026-12-31 => receiving_municipality MUNICIPALITY_CLOSED
        2299 0184 2026-12 2027-01-10 => receiving_municipality RECIPIENT_IS_SENDER
        0184 1440 2027-01 2027-01-10 => municipality MUNICIPALITY_CLOSED
    ",
        announce,
    );
}
