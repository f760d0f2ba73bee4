//! Read tables that an earlier version of the program left: what they held is there, or is made anew from the journal.

use std::sync::Arc;

use domain::definition::Definition;
use domain::entry::{Entry, Event};
use domain::subject::{NoticeNumber, Position, Subject};

use super::house::{Postgres, Sqlite};
use super::{
    AlertFilter, Change, EVERYTHING, RelocationFilter, alert, arrival, entry, id, relocation,
    solleftea, solna,
};
use crate::Views;

/// The versions that brought days to expire, and drills.
type Since = [usize; 2];

/// Something in every table, as far as a version had a place for it.
fn entries(version: usize, [expiring, drills]: Since) -> Vec<(Entry, Vec<Change>)> {
    let definition = Definition {
        expiry_days: if version < expiring { 0 } else { 90 },
        drills: version >= drills,
        ..Definition::FIRST
    };
    let confirmed = Event::NoticesConfirmed {
        recipient: solna(),
        number: NoticeNumber(3),
        agrees: true,
    };
    let taken = Entry {
        position: Position(6),
        ..relocation(2, solna(), solleftea())
    };
    vec![
        (
            entry(1, Subject::SYSTEM, Event::DefinitionSet(definition)),
            Vec::new(),
        ),
        (
            relocation(2, solna(), solleftea()),
            vec![Change::Own(solna())],
        ),
        (arrival(3, solleftea()), Vec::new()),
        (alert(4, Some(3), solna()), Vec::new()),
        (entry(5, Subject::SYSTEM, confirmed), Vec::new()),
        (taken, vec![Change::Relocation { state: 5 }]),
    ]
}

async fn write(views: &Arc<dyn Views>, entries: &[(Entry, Vec<Change>)]) {
    let rows: Vec<_> = entries
        .iter()
        .map(|(entry, changes)| (entry, changes.clone()))
        .collect();
    let written = views.write(&rows, Position(6)).await;
    written.expect("written");
}

/// All that the tables tell.
async fn told(views: &Arc<dyn Views>) -> String {
    let relocations = views
        .relocations(RelocationFilter::default(), EVERYTHING, 9)
        .await;
    let arrivals = views.arrivals(solleftea(), None, EVERYTHING, 9).await;
    let alerts = views.alerts(AlertFilter::default(), EVERYTHING, 9).await;
    let own = views.own(solna(), Position(0), 9).await;
    let about = views.alert_about(Subject::arrival(id(3))).await;
    let confirmed = views.confirmed(solna()).await;
    let definition = views.definition(EVERYTHING).await;
    format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        relocations.expect("read"),
        arrivals.expect("read"),
        alerts.expect("read"),
        own.expect("read"),
        about.expect("read"),
        confirmed.expect("read"),
        definition.expect("read"),
    )
}

/// A version whose tables are made anew has nothing that counts until that is done.
async fn check(version: usize, remade: usize, views: &Arc<dyn Views>, whole: &str, since: Since) {
    let valid_at = views.valid_at().await.expect("read");
    let is_kept = version >= remade;
    for part in [
        "Position(6)",
        "positions: [Position(2)]",
        "NoticeNumber(3)",
        "Alert",
    ] {
        assert!(whole.contains(part), "{part}: {whole}");
    }
    assert_eq!(valid_at, Position(if is_kept { 6 } else { 0 }), "{version}");
    if !is_kept {
        // as a ledger does, from where they are valid
        write(views, &entries(version, since)).await;
    }
    assert_eq!(told(views).await, whole, "{version}");
}

#[tokio::test]
async fn a_file_of_any_earlier_version_tells_the_same() {
    let since = [3, 5];
    for version in (1..=Sqlite::NEWEST).rev() {
        let house = Sqlite::new();
        let views = house.views();
        write(&views, &entries(version, since)).await;
        let whole = told(&views).await;
        drop(views);
        house.take_back(version);
        check(version, 4, &house.views(), &whole, since).await;
    }
}

#[tokio::test]
async fn a_database_of_any_earlier_version_tells_the_same() {
    let since = [5, 8];
    for version in (1..=Postgres::NEWEST).rev() {
        let house = Postgres::new().await;
        let views = house.views().await;
        write(&views, &entries(version, since)).await;
        let whole = told(&views).await;
        drop(views);
        house.take_back(version).await;
        check(version, 6, &house.views().await, &whole, since).await;
    }
}
