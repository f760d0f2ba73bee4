//! What a host begins on, and two that both lead.

mod doubled;

use std::sync::Arc;

use daemon::Drain;
use domain::calendar::day_in_sweden;
use domain::entry::Event;
use domain::month::Month;
use domain::subject::{Position, Subject};
use journal::conformance::double::{Double, Doubled};
use journal::conformance::given::{
    append, batch, new_relocation, pseudonym, registered, reported, system,
};
use journal::{Journal, SqliteJournal, SqliteViews, Views as _};
use tokio::sync::watch;
use uuid::Uuid;

use super::{Host, HostError};
use crate::{Leadership, begin};

/// A journal that has not yet heard what another process appended: all is there, and the edge is behind.
struct Late {
    inner: Arc<dyn Journal>,
    edge: watch::Receiver<Position>,
}

impl Double for Late {
    fn behind(&self) -> &dyn Journal {
        self.inner.as_ref()
    }

    fn edge(&self) -> watch::Receiver<Position> {
        self.edge.clone()
    }
}

#[tokio::test]
async fn read_tables_ahead_of_the_edge_are_right_and_ahead_of_the_journal_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name| folder.path().join(name);
    let inner: Arc<dyn Journal> = SqliteJournal::open(&file("journal.sqlite")).expect("a journal");
    for _ in 0..2 {
        append(&inner, batch(vec![registered(new_relocation())])).await;
    }
    let edge = watch::channel(Position(0)).1;
    let (journal, _late) = Doubled::new(Late { inner, edge });
    for (valid_at, is_right) in [(0, true), (1, true), (2, true), (3, false)] {
        let views = SqliteViews::open(&file("views.sqlite")).expect("read tables");
        let written = views.write(&[], Position(valid_at)).await;
        written.expect("written");
        let begun = Host::new(journal.clone(), views, Leadership::always()).await;
        match begun {
            Ok(_) => assert!(is_right, "{valid_at}"),
            Err(HostError::ViewsAhead) => assert!(!is_right, "{valid_at}"),
            Err(error) => panic!("{valid_at}: {error:?}"),
        }
    }
}

/// When the record says that time passed, entry by entry.
async fn passed(journal: &Arc<dyn Journal>) -> Vec<Position> {
    let stored = journal.read_after(Position(0), 100).await.expect("entries");
    let passed = stored.iter().map(|stored| &stored.entry);
    let passed = passed.filter(|entry| matches!(entry.event, Event::TimePassed { .. }));
    passed.map(|entry| entry.position).collect()
}

#[tokio::test]
async fn of_two_that_lead_at_once_one_says_that_time_passed_and_either_says_it_the_next_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name| folder.path().join(name);
    let journal: Arc<dyn Journal> =
        SqliteJournal::open(&file("journal.sqlite")).expect("a journal");
    begin(journal.as_ref()).await.expect("a definition");
    let mut hosts = Vec::new();
    for name in ["one.sqlite", "other.sqlite"] {
        let views = SqliteViews::open(&file(name)).expect("read tables");
        let host = Host::new(journal.clone(), views, Leadership::always()).await;
        hosts.push(host.expect("a host"));
    }
    let drain = Drain::new();
    // the questions' grace, their end, and whoever says it first by turns
    for (round, days) in (1..).zip([15, 200, 15]) {
        let month = Month::of(day_in_sweden(journal.now()));
        let arrival = Subject::arrival(Uuid::now_v7());
        let report = reported(arrival, &[pseudonym(2026, round)], month);
        append(&journal, report).await;
        let later = system(Event::ClockAdvanced {
            seconds: days * 24 * 3600,
        });
        append(&journal, batch(vec![later])).await;
        // both have read all, and neither reads what the other one says
        for host in &mut hosts {
            host.catch_up().await.expect("read");
        }
        let now = journal.now();
        for host in &mut hosts {
            host.lead(now, &drain).await;
        }
        assert_eq!(passed(&journal).await.len(), usize::from(round));
        hosts.reverse();
    }
}
