//! The read tables, from hand-made entries: what is listed, in which order, and as of which position.

use std::collections::BTreeSet;
use std::path::PathBuf;

use domain::code::{AlertKind, RelocationKind};
use domain::month::Month;
use domain::subject::{NoticeNumber, Pseudonym, Version};
use jiff::Timestamp;
use jiff::civil::date;
use tempfile::TempDir;

use super::*;

const EVERYTHING: Position = Position(u64::MAX);

struct House {
    folder: TempDir,
}

impl House {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("views.db")
    }

    fn views(&self) -> Arc<SqliteViews> {
        SqliteViews::open(&self.path()).expect("views")
    }
}

fn municipality(text: &str) -> MunicipalityCode {
    MunicipalityCode::parse(text).expect("a code")
}

fn solna() -> MunicipalityCode {
    municipality("0184")
}

fn solleftea() -> MunicipalityCode {
    municipality("2283")
}

fn ale() -> MunicipalityCode {
    municipality("1440")
}

/// The id that the subjects of these tests have at a position.
fn id(position: u64) -> Uuid {
    Uuid::from_u128(u128::from(position))
}

fn entry(position: u64, subject: Subject, event: Event) -> Entry {
    Entry {
        position: Position(position),
        recorded_at: Timestamp::UNIX_EPOCH,
        subject,
        version: Version(1),
        event,
        notices: Vec::new(),
        sealed: Vec::new(),
    }
}

fn relocation(position: u64, sender: MunicipalityCode, recipient: MunicipalityCode) -> Entry {
    let event = Event::RelocationRegistered {
        sender,
        recipient,
        kind: RelocationKind::Placement,
        pseudonym: Pseudonym {
            epoch: 2026,
            value: [1; 16],
        },
        planned: Month::of(date(2026, 12, 1)),
        answer_due_on: date(2026, 12, 31),
    };
    entry(position, Subject::relocation(id(position)), event)
}

fn arrival(position: u64, municipality: MunicipalityCode) -> Entry {
    let event = Event::ArrivalReported {
        municipality,
        previous: solna(),
        pseudonyms: Vec::new(),
        arrived: Month::of(date(2026, 12, 1)),
    };
    entry(position, Subject::arrival(id(position)), event)
}

fn alert(position: u64, about: Option<u64>, asked: MunicipalityCode) -> Entry {
    let event = Event::AlertRaised {
        kind: AlertKind::UnannouncedArrival,
        key: format!("unannounced/{position}"),
        arrival: about.map(id),
        asking: solleftea(),
        asked,
        answer_due_on: date(2026, 12, 31),
        definition: 1,
    };
    entry(position, Subject::alert(id(position)), event)
}

/// Writes entries that change nothing but themselves.
async fn write(views: &SqliteViews, entries: &[Entry]) {
    let rows: Vec<_> = entries.iter().map(|entry| (entry, Vec::new())).collect();
    let valid_at = entries.last().expect("an entry").position;
    views.write(&rows, valid_at).await.expect("written");
}

/// Writes what one entry changes.
async fn change(views: &SqliteViews, entry: &Entry, change: Change) {
    let rows = [(entry, vec![change])];
    views.write(&rows, entry.position).await.expect("written");
}

fn numbers(page: &Page) -> Vec<u64> {
    page.rows.iter().map(|(_, position)| position.0).collect()
}

fn three_relocations() -> Vec<Entry> {
    vec![
        relocation(1, solna(), solleftea()),
        relocation(2, solleftea(), solna()),
        relocation(3, solna(), ale()),
    ]
}

#[tokio::test]
async fn relocations_are_listed_by_each_filter_newest_first() {
    let house = House::new();
    let views = house.views();
    write(&views, &three_relocations()).await;
    change(
        &views,
        &relocation(4, ale(), solna()),
        Change::Relocation { state: 5 },
    )
    .await;
    let none = RelocationFilter::default();
    let (solna, solleftea, ale) = (Some(solna()), Some(solleftea()), Some(ale()));
    let state = |state| RelocationFilter {
        state: Some(state),
        ..none
    };
    let party = |party, counterpart| RelocationFilter {
        party,
        counterpart,
        ..none
    };
    let sent = |sender| RelocationFilter { sender, ..none };
    let received = |recipient| RelocationFilter { recipient, ..none };
    let cases: [(RelocationFilter, &[u64]); 9] = [
        (none, &[4, 3, 2, 1]),
        (sent(solna), &[3, 1]),
        (received(solna), &[4, 2]),
        (party(solleftea, None), &[2, 1]),
        (party(solna, solleftea), &[2, 1]),
        (party(solna, ale), &[4, 3]),
        (party(solleftea, ale), &[]),
        (state(5), &[4]),
        (state(1), &[3, 2, 1]),
    ];
    for (filter, expected) in cases {
        let page = views
            .relocations(filter, EVERYTHING, 10)
            .await
            .expect("a page");
        assert_eq!(numbers(&page), expected, "{filter:?}");
        assert_eq!(page.valid_at, Position(4));
    }
}

#[tokio::test]
async fn the_next_page_continues_below_the_last_row() {
    let house = House::new();
    let views = house.views();
    write(&views, &three_relocations()).await;
    let all = RelocationFilter::default();
    let cases: [(u64, usize, &[u64]); 5] = [
        (u64::MAX, 2, &[3, 2]),
        (2, 2, &[1]),
        (1, 2, &[]),
        (0, 2, &[]),
        (u64::MAX, 0, &[]),
    ];
    for (below, limit, expected) in cases {
        let page = views
            .relocations(all, Position(below), limit)
            .await
            .expect("a page");
        assert_eq!(numbers(&page), expected, "below {below}, at most {limit}");
    }
}

#[tokio::test]
async fn a_page_is_capped_whatever_is_asked_for() {
    let house = House::new();
    let views = house.views();
    let more = u64::try_from(LIST_ROWS_MAX).expect("few") + 1;
    let entries: Vec<Entry> = (1..=more).map(|at| arrival(at, solna())).collect();
    write(&views, &entries).await;
    let page = views.arrivals(solna(), None, EVERYTHING, usize::MAX).await;
    assert_eq!(page.expect("a page").rows.len(), LIST_ROWS_MAX);
}

#[tokio::test]
async fn arrivals_are_listed_for_their_municipality_alone() {
    let house = House::new();
    let views = house.views();
    write(
        &views,
        &[arrival(1, solna()), arrival(2, ale()), arrival(3, solna())],
    )
    .await;
    // a relocation's entry may change an arrival
    let other = relocation(4, solna(), ale());
    let matched = Change::Arrival {
        arrival: Subject::arrival(id(1)),
        state: 2,
    };
    change(&views, &other, matched).await;
    let cases: [(MunicipalityCode, Option<i32>, &[u64]); 4] = [
        (solna(), None, &[3, 1]),
        (solna(), Some(2), &[1]),
        (ale(), None, &[2]),
        (solleftea(), None, &[]),
    ];
    for (municipality, state, expected) in cases {
        let page = views
            .arrivals(municipality, state, EVERYTHING, 10)
            .await
            .expect("a page");
        assert_eq!(numbers(&page), expected, "{municipality} {state:?}");
    }
}

#[tokio::test]
async fn alerts_are_listed_for_both_parties_and_for_operators() {
    let house = House::new();
    let views = house.views();
    write(&views, &[alert(1, None, solna()), alert(2, None, ale())]).await;
    change(&views, &alert(2, None, ale()), Change::Alert { state: 3 }).await;
    let cases: [(Option<MunicipalityCode>, Option<i32>, &[u64]); 5] = [
        (None, None, &[2, 1]),
        (Some(solleftea()), None, &[2, 1]),
        (Some(solna()), None, &[1]),
        (None, Some(3), &[2]),
        (Some(solna()), Some(3), &[]),
    ];
    for (party, state, expected) in cases {
        let filter = AlertFilter { party, state };
        let page = views.alerts(filter, EVERYTHING, 10).await.expect("a page");
        assert_eq!(numbers(&page), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn alerts_that_changed_come_in_the_order_of_their_newest_change() {
    let house = House::new();
    let views = house.views();
    write(&views, &[alert(1, None, solna()), alert(2, None, ale())]).await;
    let mut answered = alert(1, None, solna());
    answered.position = Position(3);
    answered.event = Event::AlertDisputed;
    change(&views, &answered, Change::Alert { state: 2 }).await;
    let cases: [(Option<MunicipalityCode>, u64, usize, &[u64]); 6] = [
        (None, 0, 10, &[2, 3]),
        (None, 0, 1, &[2]),
        (None, 2, 10, &[3]),
        (None, 3, 10, &[]),
        (Some(solna()), 0, 10, &[3]),
        (Some(solna()), u64::MAX, 10, &[]),
    ];
    for (party, after, limit, expected) in cases {
        let page = views
            .alerts_changed(party, Position(after), limit)
            .await
            .expect("a page");
        assert_eq!(numbers(&page), expected, "{party:?} after {after}");
    }
    let first = views
        .alerts_changed(None, Position(2), 1)
        .await
        .expect("a page");
    assert_eq!(first.rows, [(Subject::alert(id(1)), Position(3))]);
}

#[tokio::test]
async fn an_arrival_knows_the_alert_about_it() {
    let house = House::new();
    let views = house.views();
    write(
        &views,
        &[
            arrival(1, solleftea()),
            arrival(2, solleftea()),
            alert(3, Some(2), solna()),
        ],
    )
    .await;
    let cases = [(1, None), (2, Some(Subject::alert(id(3)))), (9, None)];
    for (about, expected) in cases {
        let found = views.alert_about(Subject::arrival(id(about))).await;
        assert_eq!(found.expect("read"), expected, "about {about}");
    }
}

#[tokio::test]
async fn the_newest_definition_is_in_force() {
    let house = House::new();
    let views = house.views();
    assert_eq!(
        views
            .definition(Position(u64::MAX >> 1))
            .await
            .expect("read"),
        Definition::FIRST
    );
    let second = Definition {
        version: 2,
        grace_days: 21,
        early_months: 1,
        late_months: 2,
        not_arrived_months: 3,
        answer_days: 45,
    };
    let set =
        |position, definition| entry(position, Subject::SYSTEM, Event::DefinitionSet(definition));
    write(&views, &[set(1, Definition::FIRST), set(2, second)]).await;
    assert_eq!(
        views
            .definition(Position(u64::MAX >> 1))
            .await
            .expect("read"),
        second
    );
}

#[tokio::test]
async fn a_municipality_is_connected_from_its_first_confirmation_on() {
    let house = House::new();
    let views = house.views();
    assert!(!views.is_connected(solna()).await.expect("read"));
    let confirmed = Event::NoticesConfirmed {
        recipient: solna(),
        number: NoticeNumber(1),
        agrees: true,
    };
    write(
        &views,
        &[
            entry(1, Subject::SYSTEM, confirmed.clone()),
            entry(2, Subject::SYSTEM, confirmed),
        ],
    )
    .await;
    assert!(views.is_connected(solna()).await.expect("read"));
    assert!(!views.is_connected(ale()).await.expect("read"));
}

#[tokio::test]
async fn whoever_follows_is_told_the_position_and_reads_it() {
    let house = House::new();
    let views = house.views();
    let mut changes = views.changes();
    assert_eq!(*changes.borrow_and_update(), Position(0));
    assert_eq!(views.valid_at().await.expect("read"), Position(0));
    write(&views, &three_relocations()).await;
    assert!(changes.has_changed().expect("alive"));
    assert_eq!(*changes.borrow_and_update(), Position(3));
    assert_eq!(views.valid_at().await.expect("read"), Position(3));
    // entries that change nothing move the position too
    views.write(&[], Position(7)).await.expect("written");
    assert_eq!(*changes.borrow_and_update(), Position(7));
    drop((views, changes));
    assert_eq!(*house.views().changes().borrow(), Position(7), "again");
}

#[tokio::test]
async fn entries_written_twice_are_there_once() {
    let house = House::new();
    let views = house.views();
    let entries = three_relocations();
    write(&views, &entries).await;
    change(&views, &entries[0], Change::Relocation { state: 4 }).await;
    write(&views, &entries).await;
    let page = views
        .relocations(RelocationFilter::default(), EVERYTHING, 10)
        .await;
    let page = page.expect("a page");
    let subjects: BTreeSet<_> = page.rows.iter().map(|(subject, _)| *subject).collect();
    assert_eq!((page.rows.len(), subjects.len()), (3, 3));
}

#[tokio::test]
async fn a_mark_stays_where_it_was_set() {
    let house = House::new();
    let views = house.views();
    assert_eq!(views.mark("relay").await.expect("read"), Position(0));
    for position in [5, 9, 2] {
        views
            .set_mark("relay", Position(position))
            .await
            .expect("set");
    }
    assert_eq!(views.mark("relay").await.expect("read"), Position(2));
    assert_eq!(views.mark("other").await.expect("read"), Position(0));
    drop(views);
    assert_eq!(
        house.views().mark("relay").await.expect("read"),
        Position(2)
    );
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let house = House::new();
    drop(house.views());
    let connection = Connection::open(house.path()).expect("a connection");
    connection
        .pragma_update(None, "user_version", 999)
        .expect("set");
    let refused = SqliteViews::open(&house.path());
    assert!(matches!(refused, Err(OpenError::Newer(999))), "{refused:?}");
}
