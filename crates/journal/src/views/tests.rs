//! The read tables of both stores, from hand-made entries: what is listed, in which order, and as of which
//! position.

mod connected;
mod house;
mod migrating;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::code::{AlertKind, RelocationKind};
use domain::definition::Definition;
use domain::entry::{Entry, Event};
use domain::month::Month;
use domain::municipality::MunicipalityCode;
use domain::subject::{Position, Pseudonym, Subject, Version};
use jiff::Timestamp;
use jiff::civil::date;
use uuid::Uuid;

use connected::{
    a_municipality_is_connected_from_its_first_confirmation_on,
    the_highest_number_that_was_confirmed_is_kept,
};

use super::{AlertFilter, Change, Own, Page, RelocationFilter, Views};
use crate::limits::LIST_ROWS_MAX;

const EVERYTHING: Position = Position(u64::MAX);

/// One test for each claim and store; those behind the semicolon are told how to open the tables again.
macro_rules! both_stores {
    ($($claim:ident,)* ; $($lasting:ident,)*) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $claim() {
                    let house = super::house::Sqlite::new();
                    super::$claim(&house.views()).await;
                }
            )*
            $(
                #[tokio::test]
                async fn $lasting() {
                    let house = super::house::Sqlite::new();
                    super::$lasting(house.views(), async || house.views()).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test]
                async fn $claim() {
                    let house = super::house::Postgres::new().await;
                    super::$claim(&house.views().await).await;
                }
            )*
            $(
                #[tokio::test]
                async fn $lasting() {
                    let house = super::house::Postgres::new().await;
                    super::$lasting(house.views().await, async || house.views().await).await;
                }
            )*
        }
    };
}

both_stores! {
    relocations_are_listed_by_each_filter_newest_first,
    the_next_page_continues_below_the_last_row,
    a_page_is_capped_whatever_is_asked_for,
    arrivals_are_listed_for_their_municipality_alone,
    own_entries_are_listed_for_their_municipality_alone_oldest_first,
    alerts_are_listed_for_both_parties_and_for_operators,
    alerts_that_changed_come_in_the_order_of_their_newest_change,
    an_arrival_knows_the_alert_about_it,
    the_newest_definition_is_in_force,
    a_municipality_is_connected_from_its_first_confirmation_on,
    the_highest_number_that_was_confirmed_is_kept,
    entries_written_twice_are_there_once,
    a_run_has_the_last_word_on_what_it_made,
    ;
    whoever_follows_is_told_the_position_and_reads_it,
    a_mark_stays_where_it_was_set,
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
        function: None,
    };
    entry(position, Subject::relocation(id(position)), event)
}

fn arrival(position: u64, municipality: MunicipalityCode) -> Entry {
    let event = Event::ArrivalReported {
        municipality,
        previous: solna(),
        pseudonyms: Vec::new(),
        arrived: Month::of(date(2026, 12, 1)),
        is_exempt: false,
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
async fn write(views: &Arc<dyn Views>, entries: &[Entry]) {
    let rows: Vec<_> = entries.iter().map(|entry| (entry, Vec::new())).collect();
    let valid_at = entries.last().expect("an entry").position;
    views.write(&rows, valid_at).await.expect("written");
}

/// Writes what one entry changes.
async fn change(views: &Arc<dyn Views>, entry: &Entry, change: Change) {
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

async fn relocations_are_listed_by_each_filter_newest_first(views: &Arc<dyn Views>) {
    write(views, &three_relocations()).await;
    change(
        views,
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

async fn the_next_page_continues_below_the_last_row(views: &Arc<dyn Views>) {
    write(views, &three_relocations()).await;
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

async fn a_page_is_capped_whatever_is_asked_for(views: &Arc<dyn Views>) {
    let more = u64::try_from(LIST_ROWS_MAX).expect("few") + 1;
    let entries: Vec<Entry> = (1..=more).map(|at| arrival(at, solna())).collect();
    write(views, &entries).await;
    let page = views.arrivals(solna(), None, EVERYTHING, usize::MAX).await;
    assert_eq!(page.expect("a page").rows.len(), LIST_ROWS_MAX);
}

async fn arrivals_are_listed_for_their_municipality_alone(views: &Arc<dyn Views>) {
    write(
        views,
        &[arrival(1, solna()), arrival(2, ale()), arrival(3, solna())],
    )
    .await;
    // a relocation's entry may change an arrival
    let other = relocation(4, solna(), ale());
    let matched = Change::Arrival {
        arrival: Subject::arrival(id(1)),
        state: 2,
    };
    change(views, &other, matched).await;
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

async fn own_entries_are_listed_for_their_municipality_alone_oldest_first(views: &Arc<dyn Views>) {
    let [first, second, third] = [1, 2, 3].map(|at| relocation(at, solna(), ale()));
    let rows = [
        (&first, vec![Change::Own(solna()), Change::Own(ale())]),
        (&second, vec![Change::Own(ale())]),
        (&third, vec![Change::Own(solna())]),
    ];
    for _twice in 0..2 {
        views.write(&rows, Position(4)).await.expect("written");
    }
    let cases: [(MunicipalityCode, u64, usize, &[u64]); 6] = [
        (solna(), 0, 10, &[1, 3]),
        (solna(), 0, 1, &[1]),
        (solna(), 1, 10, &[3]),
        (solna(), 3, 10, &[]),
        (ale(), 0, 10, &[1, 2]),
        (solleftea(), 0, 10, &[]),
    ];
    for (whose, after, limit, expected) in cases {
        let found = views.own(whose, Position(after), limit).await;
        let expected = Own {
            positions: expected.iter().copied().map(Position).collect(),
            valid_at: Position(4),
        };
        assert_eq!(found.expect("a list"), expected, "{whose} after {after}");
    }
}

async fn alerts_are_listed_for_both_parties_and_for_operators(views: &Arc<dyn Views>) {
    write(views, &[alert(1, None, solna()), alert(2, None, ale())]).await;
    change(views, &alert(2, None, ale()), Change::Alert { state: 3 }).await;
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

async fn alerts_that_changed_come_in_the_order_of_their_newest_change(views: &Arc<dyn Views>) {
    write(views, &[alert(1, None, solna()), alert(2, None, ale())]).await;
    let mut answered = alert(1, None, solna());
    answered.position = Position(3);
    answered.event = Event::AlertDisputed;
    change(views, &answered, Change::Alert { state: 2 }).await;
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

async fn an_arrival_knows_the_alert_about_it(views: &Arc<dyn Views>) {
    write(
        views,
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

async fn the_newest_definition_is_in_force(views: &Arc<dyn Views>) {
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
        expiry_days: 90,
        drills: true,
    };
    let set =
        |position, definition| entry(position, Subject::SYSTEM, Event::DefinitionSet(definition));
    write(views, &[set(1, Definition::FIRST), set(2, second)]).await;
    assert_eq!(
        views
            .definition(Position(u64::MAX >> 1))
            .await
            .expect("read"),
        second
    );
}

async fn whoever_follows_is_told_the_position_and_reads_it(
    views: Arc<dyn Views>,
    reopen: impl AsyncFnOnce() -> Arc<dyn Views>,
) {
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
    assert_eq!(*reopen().await.changes().borrow(), Position(7), "again");
}

async fn entries_written_twice_are_there_once(views: &Arc<dyn Views>) {
    let entries = three_relocations();
    write(views, &entries).await;
    change(views, &entries[0], Change::Relocation { state: 4 }).await;
    write(views, &entries).await;
    let page = views
        .relocations(RelocationFilter::default(), EVERYTHING, 10)
        .await;
    let page = page.expect("a page");
    let subjects: BTreeSet<_> = page.rows.iter().map(|(subject, _)| *subject).collect();
    assert_eq!((page.rows.len(), subjects.len()), (3, 3));
}

async fn a_mark_stays_where_it_was_set(
    views: Arc<dyn Views>,
    reopen: impl AsyncFnOnce() -> Arc<dyn Views>,
) {
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
        reopen().await.mark("relay").await.expect("read"),
        Position(2)
    );
}

async fn a_run_has_the_last_word_on_what_it_made(views: &Arc<dyn Views>) {
    let mut replied = relocation(2, solna(), ale());
    replied.subject = Subject::relocation(id(1));
    replied.event = Event::RelocationAcknowledged;
    let mut withdrawn = replied.clone();
    withdrawn.position = Position(3);
    let run = [
        (&relocation(1, solna(), ale()), Vec::new()),
        (&replied, vec![Change::Relocation { state: 2 }]),
        (&withdrawn, vec![Change::Relocation { state: 5 }]),
    ];
    views.write(&run, Position(3)).await.expect("written");
    for (state, expected) in [(1, &[][..]), (2, &[]), (5, &[1])] {
        let filter = RelocationFilter {
            state: Some(state),
            ..RelocationFilter::default()
        };
        let page = views.relocations(filter, EVERYTHING, 10).await;
        assert_eq!(
            numbers(&page.expect("a page")),
            expected,
            "in state {state}"
        );
    }
}
