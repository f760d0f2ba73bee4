//! Codes are read back, and stand in the published tables.

use super::*;

/// The rows of a published table whose first cell is a code.
fn published(page: &'static str, heading: &str) -> Vec<Vec<&'static str>> {
    let (_before, rest) = page.split_once(heading).expect("the heading");
    rest.lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn operators_close_for_the_reasons_that_are_published_as_theirs() {
    let page = include_str!("../../../../docs/alerts.md");
    let rows = published(page, "## Why an alert is closed");
    assert_eq!(rows.len(), CloseReason::ALL.len());
    for reason in CloseReason::ALL {
        let name = format!("{reason:?}");
        let row = rows
            .iter()
            .find(|row| row[0].replace(['`', '_'], "") == name.to_uppercase());
        let by = row.unwrap_or_else(|| panic!("{name} is not published"))[2];
        let technical = by.contains("technical alert");
        let question = by.contains("operators") && (!technical || by.contains("question"));
        for kind in AlertKind::ALL {
            let expected = if kind == AlertKind::UnannouncedArrival {
                question
            } else {
                technical
            };
            assert_eq!(reason.is_operators(kind), expected, "{name} for {kind:?}");
        }
    }
}

#[test]
fn every_kind_of_notice_is_published_with_its_number() {
    let page = include_str!("../../../../docs/notices.md");
    let rows = published(page, "The kinds have these numbers");
    let published: Vec<(String, String)> = rows
        .iter()
        .map(|row| (row[0].to_owned(), row[1].replace(['`', '_'], "")))
        .collect();
    let known = NoticeKind::ALL.map(|kind| {
        (
            kind.number().to_string(),
            format!("{kind:?}").to_uppercase(),
        )
    });
    assert_eq!(published, known);
}

#[test]
fn numbers_are_read_back() {
    for kind in NoticeKind::ALL {
        assert_eq!(NoticeKind::from_number(kind.number()), Some(kind));
    }
    assert_eq!(NoticeKind::from_number(0), None);
    assert_eq!(CloseReason::from_number(12), None);
}
