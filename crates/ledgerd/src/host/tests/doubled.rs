//! Two ledgers over one record that both believe that they lead, and that no lease keeps from it: the record's
//! constraints alone see to it that nothing is found, told or signed twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::record::kind;
use api::v1::EntryKind;
use daemon::Drain;
use daemon::postgres::testing::Database;
use domain::calendar::day_in_sweden;
use domain::code::NoticeKind;
use domain::entry::{Entry, Event};
use domain::month::Month;
use domain::subject::{Position, Subject};
use journal::conformance::given::{
    append, batch, new_relocation, notifying, pseudonym, registered, reported, solleftea, system,
};
use journal::conformance::whole;
use journal::postgres::{Lease, testing};
use journal::views::AlertFilter;
use journal::{
    Evidence, Journal, PostgresEvidence, PostgresJournal, PostgresViews, SqliteEvidence,
    SqliteJournal, SqliteViews, Views,
};
use ledger::Machine;
use tlog::checkpoint::SignedCheckpoint;
use tlog::key::{self, Signer};
use tlog::note::Name;
use tlog::tree::{Frontier, Hash, Size};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use uuid::Uuid;

use crate::{Host, Leadership, Log, begin};

/// Longer than any machine needs.
const PATIENCE: Duration = Duration::from_mins(1);
/// People who moved as they were announced, and as many whom nobody announced.
const PEOPLE: u8 = 30;
/// Longer than the days of grace.
const GRACE: i64 = 15 * 24 * 3600;

/// What a ledger works with.
struct Ledger {
    journal: Arc<dyn Journal>,
    views: Arc<dyn Views>,
    evidence: Arc<dyn Evidence>,
}

/// A key that is no secret.
fn signer() -> Signer<key::Log> {
    let name = Name::parse("flyttbud.example/log").expect("a name");
    Signer::new(name, &[7; 32])
}

impl Ledger {
    /// As one that leads, whatever anybody says.
    async fn start(&self, drain: &Drain, tasks: &mut JoinSet<()>) {
        begin(self.journal.as_ref()).await.expect("a definition");
        let (journal, views) = (self.journal.clone(), self.views.clone());
        let host = Host::new(journal, views, Leadership::always()).await;
        let host = host
            .expect("a host")
            .run(drain.clone(), watch::Sender::new(false));
        tasks.spawn(async move { host.await.expect("it goes on until the drain") });
        let (journal, evidence) = (self.journal.clone(), self.evidence.clone());
        let log = Log::new(journal, evidence, Some(signer()), Leadership::always());
        let log = log.run(drain.clone());
        tasks.spawn(async move { log.await.expect("it goes on until the drain") });
    }

    /// Waits until the entries are as they should be.
    async fn until(&self, is_so: impl Fn(&[Entry]) -> bool) {
        let mut edge = self.journal.edge();
        let waited = timeout(PATIENCE, async {
            loop {
                edge.borrow_and_update();
                let all = whole::read(&self.journal).await;
                let all: Vec<Entry> = all.into_iter().map(|stored| stored.entry).collect();
                if is_so(&all) {
                    return;
                }
                edge.changed().await.expect("the journal is there");
            }
        });
        waited.await.expect("in time");
    }

    /// Whoever arrives was announced, or was not.
    async fn arrive(&self, person: u8, is_announced: bool) {
        let month = Month::of(day_in_sweden(self.journal.now()));
        if is_announced {
            let mut draft = notifying(registered(new_relocation()), &[solleftea()]);
            if let Event::RelocationRegistered {
                pseudonym, planned, ..
            } = &mut draft.event
            {
                (pseudonym.value, *planned) = ([person; 16], month);
            }
            append(&self.journal, batch(vec![draft])).await;
        }
        let arrival = Subject::arrival(Uuid::now_v7());
        let report = reported(arrival, &[pseudonym(2026, person)], month);
        append(&self.journal, report).await;
    }
}

fn count(entries: &[Entry], of: EntryKind) -> usize {
    let is_one = |entry: &&Entry| kind(&entry.event) == of;
    entries.iter().filter(is_one).count()
}

/// Both ledgers, while people arrive and time passes.
async fn play([one, other]: &[Ledger; 2]) {
    let (drain, mut tasks) = (Drain::new(), JoinSet::new());
    one.start(&drain, &mut tasks).await;
    other.start(&drain, &mut tasks).await;
    let people = usize::from(PEOPLE);
    for person in 0..PEOPLE {
        // by turns beside one and the other
        let beside = if person % 2 == 0 { one } else { other };
        beside.arrive(person, true).await;
        beside.arrive(100 + person, false).await;
    }
    one.until(|all| count(all, EntryKind::ArrivalMatched) >= people)
        .await;
    let later = system(Event::ClockAdvanced { seconds: GRACE });
    append(&one.journal, batch(vec![later])).await;
    other
        .until(|all| count(all, EntryKind::AlertRaised) >= people)
        .await;
    // what both do after that, they do when they have seen all of it
    one.arrive(99, true).await;
    one.until(|all| count(all, EntryKind::ArrivalMatched) > people)
        .await;
    let edge = one.journal.edge().borrow().0;
    for ledger in [one, other] {
        let mut published = ledger.evidence.published();
        let signed = timeout(PATIENCE, published.wait_for(|size| size.0 >= edge)).await;
        signed.expect("in time").expect("the log is there");
    }
    drain.cancel();
    let ended = timeout(PATIENCE, tasks.join_all()).await;
    ended.expect("they end in time");
}

/// Nothing is there twice, not even that time has passed.
async fn check(ledger: &Ledger) {
    let entries = whole::check(&ledger.journal).await;
    let people = usize::from(PEOPLE);
    for (of, expected) in [
        (EntryKind::DefinitionSet, 1),
        (EntryKind::TimePassed, 1),
        (EntryKind::RelocationArrived, people + 1),
        (EntryKind::ArrivalMatched, people + 1),
        (EntryKind::AlertRaised, people),
    ] {
        assert_eq!(count(&entries, of), expected, "{of:?}");
    }
    let mut told: BTreeMap<(Subject, NoticeKind), usize> = BTreeMap::new();
    for entry in &entries {
        for notice in &entry.notices {
            *told.entry((entry.subject, notice.kind)).or_default() += 1;
        }
    }
    let questions = told
        .keys()
        .filter(|(_, kind)| *kind == NoticeKind::QuestionAsked);
    assert_eq!(questions.count(), people);
    assert!(told.values().all(|times| *times == 1), "{told:?}");
    let mut machine = Machine::new();
    for entry in &entries {
        machine.apply(entry).expect("a sound record");
    }
    assert_eq!(machine.findings().len(), 0, "nothing is left to be found");
    let listed = ledger
        .views
        .alerts(AlertFilter::default(), Position(u64::MAX), 100)
        .await;
    assert_eq!(listed.expect("a list").rows.len(), people);
    signed_once(ledger).await;
}

/// Each checkpoint is of the record's tree and greater than the one before.
async fn signed_once(ledger: &Ledger) {
    let stored = ledger.journal.read_stored(Position(0), 1000).await;
    let mut frontier = Frontier::EMPTY;
    let mut heads = vec![frontier.head()];
    for (_, bytes) in stored.expect("read") {
        frontier.append([Hash::leaf(&bytes)]);
        heads.push(frontier.head());
    }
    let all = ledger
        .evidence
        .checkpoints(Size(0), Size(u64::MAX), 1000)
        .await;
    let all: Vec<SignedCheckpoint> = all.expect("a list");
    let sizes: Vec<u64> = all.iter().map(|one| one.checkpoint().head.size.0).collect();
    assert!(sizes.is_sorted_by(|one, next| one < next), "{sizes:?}");
    assert!(sizes.len() > 1, "{sizes:?}");
    for checkpoint in &all {
        assert!(
            heads.contains(&checkpoint.checkpoint().head),
            "{checkpoint}"
        );
        let signed = signer().verifier().check(checkpoint.note());
        assert_eq!(signed, Ok(Some(())), "{checkpoint}");
    }
    assert_eq!(ledger.evidence.standing().await.expect("read"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_both_believe_to_lead_a_file_double_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name| folder.path().join(name);
    let journal = SqliteJournal::open(&file("journal.sqlite")).expect("a journal");
    let views = SqliteViews::open(&file("views.sqlite")).expect("read tables");
    let evidence = SqliteEvidence::open(&file("evidence.sqlite")).expect("a log");
    let both = [0, 1].map(|_| Ledger {
        journal: journal.clone(),
        views: views.clone(),
        evidence: evidence.clone(),
    });
    play(&both).await;
    check(&both[0]).await;
}

async fn connected(database: &Database) -> Arc<PostgresJournal> {
    let journal = PostgresJournal::connect(database.settings("ledger")).await;
    journal.expect("a journal")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_both_believe_to_lead_a_database_double_nothing() {
    let database = testing::database().await.expect("a database");
    // a lease that says yes to both
    let lease = Lease::new(connected(&database).await);
    let (drain, mut claim) = (Drain::new(), JoinSet::new());
    let (claimed, until) = (lease.clone(), drain.clone());
    claim.spawn(async move { claimed.run(until).await });
    let mut leads = lease.leads();
    let led = timeout(PATIENCE, leads.wait_for(|leads| *leads)).await;
    led.expect("in time").expect("the lease lives");
    let ledger = async || Ledger {
        journal: connected(&database).await,
        views: PostgresViews::written_under(lease.clone()),
        evidence: PostgresEvidence::written_under(lease.clone()),
    };
    let both = [ledger().await, ledger().await];
    play(&both).await;
    for ledger in &both {
        check(ledger).await;
    }
    drain.cancel();
    claim.join_all().await;
}
