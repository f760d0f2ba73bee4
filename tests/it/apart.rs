//! Services apart over PostgreSQL: two gateways share the record, one of two ledgers leads, the other takes over.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use api::generated::journal::v1 as stored;
use api::v1;
use journal::PostgresJournal;
use journal::evidence::{Evidence as _, PostgresEvidence};
use nix::sys::signal::Signal;
use prost::Message as _;
use tests::{
    Apart, OPERATOR, Party, SIGTUNA, SOLLEFTEA, SOLNA, announcement, arrival, settle, verify,
    wait_for,
};
use tlog::checkpoint::SignedCheckpoint;
use tlog::key::{Log, Signer};
use tlog::tree::{Hash, Head, Size};

use crate::access::announced;
use crate::auditing::{audit, once_more};
use crate::failover::{holds, receipted};
use crate::load::{announcements_of, register_by, retry_by, told_once};
use crate::receipts::both_believe;

const LEDGERS: [&str; 2] = ["ledger-1", "ledger-2"];
/// Seconds: a lease of four, a try each second, and what a busy machine adds.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(10);

async fn leader(world: &Apart) -> usize {
    wait_for("a ledger leads", || async { world.leader() }).await
}

/// Waits until a ledger that followed leads, which the lease of the other one alone may put off.
async fn takes_over(world: &Apart, ledger: usize, since: Instant) {
    wait_for("the other one leads", || async {
        let log = world.log(LEDGERS[ledger]);
        log.contains("this ledger leads").then_some(())
    })
    .await;
    let after = since.elapsed();
    assert!(after <= TAKEN_OVER_WITHIN, "only after {after:?}");
}

/// Arrivals from Sigtuna that nobody announced, of so many people.
pub(crate) async fn report(solleftea: &Party, people: std::ops::Range<usize>) -> i64 {
    let mut position = 0;
    for person in people {
        let reported = solleftea.report(arrival(solleftea, "0191", person)).await;
        position = reported.expect("accepted").position;
    }
    position
}

pub(crate) async fn alerts(operator: &Party, count: usize) -> Vec<v1::Alert> {
    wait_for("the alerts", || async {
        let alerts = operator.alerts().await.expect("a list").alerts;
        (alerts.len() >= count).then_some(alerts)
    })
    .await
}

pub(crate) fn about(alerts: &[v1::Alert]) -> BTreeSet<&str> {
    alerts.iter().map(|alert| alert.name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_gateway_records_the_other_delivers() {
    let world = Apart::start().await;
    let (solna, other) = (world.party(SOLNA, 0).await, world.party(SOLNA, 1).await);
    let solleftea = world.party(SOLLEFTEA, 1).await;
    let mut inbox = solleftea.watch("").await.expect("a stream");
    let request = announcement(&solna, "2283", 0);
    let answer = solna.register(request.clone()).await.expect("accepted");
    let name = answer.relocation.expect("one").name;
    let notice = inbox.notice().await;
    assert_eq!(notice.resource, name);
    verify("2283", &[notice]);
    // a retry through the other gateway is the same answer, and its body opens there
    let again = other.register(request).await.expect("the same");
    assert_eq!(again.relocation.expect("one").name, name);
    let read = solleftea.read(&name).await.expect("read");
    let content = read.content.expect("its content");
    assert_eq!(content.person, Some(tests::person(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_dies_is_followed_and_nothing_is_doubled() {
    let mut world = Apart::start().await;
    let solleftea = world.party(SOLLEFTEA, 0).await;
    let sigtuna = world.party(SIGTUNA, 1).await;
    let operator = world.party(OPERATOR, 1).await;
    let first = leader(&world).await;
    let position = report(&solleftea, 0..3).await;
    settle(&operator, position).await;
    // it dies while it raises alerts
    operator.advance(15).await.expect("moved");
    let killed = Instant::now();
    world.kill_ledger(first).await;
    takes_over(&world, 1 - first, killed).await;
    let flagged = alerts(&operator, 3).await;
    assert_eq!(about(&flagged).len(), 3);
    // and the new one leads on
    report(&solleftea, 3..5).await;
    operator.advance(15).await.expect("moved");
    let flagged = alerts(&operator, 5).await;
    assert_eq!((flagged.len(), about(&flagged).len()), (5, 5));
    let asked = wait_for("the questions", || async {
        let notices = sigtuna.notices().await.expect("a list");
        (notices.len() >= 5).then_some(notices)
    })
    .await;
    assert_eq!(asked.len(), 5);
    verify("0191", &asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_was_stopped_follows_when_it_goes_on() {
    let world = Apart::start().await;
    let solleftea = world.party(SOLLEFTEA, 0).await;
    let operator = world.party(OPERATOR, 0).await;
    let first = leader(&world).await;
    let stopped = Instant::now();
    world.signal_ledger(first, Signal::SIGSTOP);
    let second = 1 - first;
    takes_over(&world, second, stopped).await;
    report(&solleftea, 0..2).await;
    operator.advance(15).await.expect("moved");
    // only the other one can raise them
    assert_eq!(alerts(&operator, 2).await.len(), 2);
    world.signal_ledger(first, Signal::SIGCONT);
    let stopped = format!("ledger-{}", first + 1);
    wait_for("it sees that another leads", || async {
        world
            .log(&stopped)
            .contains("this ledger follows")
            .then_some(())
    })
    .await;
    report(&solleftea, 2..4).await;
    operator.advance(15).await.expect("moved");
    let flagged = alerts(&operator, 4).await;
    assert_eq!((flagged.len(), about(&flagged).len()), (4, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_read_tables_of_a_database_are_held_against_those_made_anew() {
    let world = Apart::start().await;
    let (solna, solleftea) = (world.party(SOLNA, 0).await, world.party(SOLLEFTEA, 1).await);
    let operator = world.party(OPERATOR, 0).await;
    announced(&solna, 4).await;
    report(&solleftea, 0..2).await;
    operator.advance(15).await.expect("moved");
    let flagged = alerts(&operator, 2).await;
    let position = flagged.iter().map(|alert| alert.position).max();
    settle(&operator, position.expect("an alert")).await;
    let url = world.journal.settings("gateway").url;
    let compare = ["replay", &url, "--compare-views", &url];
    let same = audit(world.folder(), &compare);
    assert_eq!(same.code, 0, "{}{}", same.says, same.errors);
    let owner = world.journal.client("owner").await.expect("a login");
    for (table, sql) in [
        (
            "relocations",
            "UPDATE flyttbud.relocations SET state = state + 1",
        ),
        ("arrivals", "UPDATE flyttbud.arrivals SET alert = NULL"),
        ("alerts", "UPDATE flyttbud.alerts SET asked = asked + 1"),
        (
            "own",
            "DELETE FROM flyttbud.own WHERE position = (SELECT min(position) FROM flyttbud.own)",
        ),
        (
            "definitions",
            "UPDATE flyttbud.definitions SET drills = NOT drills",
        ),
    ] {
        owner.batch_execute(sql).await.expect(sql);
        let differs = audit(world.folder(), &compare);
        assert_eq!(differs.code, 1, "{}", differs.says);
        let named = format!("{table}: a row is (");
        assert!(differs.errors.contains(&named), "{}", differs.errors);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_drains_hands_over_and_a_gateway_that_dies_loses_nothing() {
    let mut world = Apart::start().await;
    let solna = world.party(SOLNA, 0).await;
    let first = leader(&world).await;
    let mut names = BTreeSet::new();
    for person in 0..3 {
        let answer = solna.register(announcement(&solna, "2283", person)).await;
        names.insert(answer.expect("accepted").relocation.expect("one").name);
    }
    world.kill_gateway(0).await;
    assert!(world.terminate_ledger(first).await.success());
    let solna = world.party(SOLNA, 1).await;
    let answer = solna.register(announcement(&solna, "2283", 3)).await;
    names.insert(answer.expect("accepted").relocation.expect("one").name);
    let solleftea = world.party(SOLLEFTEA, 1).await;
    let mut inbox = solleftea.watch("").await.expect("a stream");
    let mut notices = Vec::new();
    for _ in 0..4 {
        notices.push(inbox.notice().await);
    }
    verify("2283", &notices);
    let told: BTreeSet<String> = notices.into_iter().map(|notice| notice.resource).collect();
    assert_eq!(told, names);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_and_the_leader_killed_under_load_lose_nothing_and_double_nothing() {
    let world = Apart::start().await;
    let first = leader(&world).await;
    let (one, other) = (world.served(0).await, world.served(1).await);
    let requests = announcements_of(&other, "2283", 200);
    let callers = [one[0].clone(), other[0].clone()];
    let mut acknowledged = 0;
    let sent = register_by(&callers, requests, Duration::from_secs(30), |one| {
        acknowledged += usize::from(one.answer.is_ok());
        match acknowledged {
            40 => world.signal_gateway(0, Signal::SIGKILL),
            80 => world.signal_ledger(first, Signal::SIGKILL),
            _ => {}
        }
    })
    .await;
    assert!(acknowledged >= 100, "the other gateway went on");
    assert!(acknowledged < 200, "calls were cut off");
    let names = retry_by(&callers[1..], sent).await;
    let solleftea = world.party(SOLLEFTEA, 1).await;
    let mut inbox = solleftea.watch("").await.expect("a stream");
    for number in 1..=200 {
        assert_eq!(inbox.notice().await.number, number, "none lost, none twice");
    }
    told_once(&solleftea, &names).await;
    // who follows leads on, and tells what comes
    let sigtuna = world.party(SIGTUNA, 1).await;
    let mut inbox = sigtuna.watch("").await.expect("a stream");
    let more = announcement(&callers[1], "0191", 0);
    callers[1].register(more).await.expect("accepted");
    assert_eq!(inbox.notice().await.number, 1);
    let second = format!("ledger-{}", 2 - first);
    wait_for("the other one leads", || async {
        let leads = world.log(&second).contains("this ledger leads");
        leads.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_gateway_shows_the_log_that_the_leader_signs_and_the_follower_signs_on() {
    let mut world = Apart::start().await;
    let (solna, other) = (world.party(SOLNA, 0).await, world.party(SOLNA, 1).await);
    let first = solna.register(announcement(&solna, "2283", 0)).await;
    let first = first.expect("accepted");
    let name = first.relocation.expect("one").name;
    // recorded by one gateway, shown by the other
    let old = receipted(world.folder(), &other, &name).await;
    assert!(old.size >= first.position);
    holds(world.folder(), &solna, &old, first.position).await;
    both_believe(world.folder(), &["receipt".to_owned()]);
    let leader = leader(&world).await;
    world.kill_ledger(leader).await;
    let next = solna.register(announcement(&solna, "2283", 1)).await;
    let next = next.expect("accepted").position;
    holds(world.folder(), &other, &old, next).await;
    let log = world.log(LEDGERS[1 - leader]);
    assert!(!log.contains("evidence does not hold"), "{log}");
}

/// As a ledger would whose memory is not to be trusted: signs a root that is not the record's, for one more entry.
async fn sign_falsely(world: &Apart, solna: &Party) -> u64 {
    let mut owner = world.journal.client("owner").await.expect("a connection");
    let publishing = owner.transaction().await.expect("begun");
    // whoever publishes holds this row
    let held = publishing.query_one("SELECT FROM flyttbud.alarm FOR UPDATE", &[]);
    held.await.expect("held");
    let registered = solna.register(announcement(solna, "2283", 1)).await;
    let position = registered.expect("accepted").position;
    wait_for("the leader is about to sign it", || async {
        let sql = "SELECT max(position) FROM flyttbud.hashes";
        let integrated: Option<i64> = publishing.query_one(sql, &[]).await.expect("read").get(0);
        (integrated >= Some(position)).then_some(())
    })
    .await;
    let size = position.cast_unsigned();
    let head = Head {
        size: Size(size),
        root: Hash::leaf(b"another"),
    };
    let key = std::fs::read_to_string(world.folder().join("log.key")).expect("a key");
    let signer = Signer::<Log>::parse(key.trim_end()).expect("a key");
    let note = SignedCheckpoint::sign(head, &signer).to_string();
    let sql = "INSERT INTO flyttbud.checkpoints (size, note) VALUES ($1, $2)";
    let inserted = publishing.execute(sql, &[&position, &note]).await;
    inserted.expect("the database cannot know");
    let told = "SELECT pg_notify('flyttbud_log', $1)";
    let told = publishing.query_one(told, &[&size.to_string()]).await;
    told.expect("told");
    publishing.commit().await.expect("published");
    size
}

#[tokio::test(flavor = "multi_thread")]
async fn a_false_root_in_the_database_is_seen_by_leader_and_follower_and_nothing_more_is_signed() {
    let world = Apart::start().await;
    let solna = world.party(SOLNA, 0).await;
    let name = announced(&solna, 0).await;
    receipted(world.folder(), &solna, &name).await;
    let size = sign_falsely(&world, &solna).await;
    let alarm = format!("the checkpoint of size {size} has another root than the journal");
    for ledger in LEDGERS {
        wait_for("each of them says so", || async {
            world.log(ledger).contains(&alarm).then_some(())
        })
        .await;
    }
    for gateway in [0, 1] {
        let listed = world.party(OPERATOR, gateway).await.alerts().await;
        let told = listed.expect("a list").log_alarm.expect("an alarm");
        assert_eq!(told.text, alarm, "{gateway}");
    }
    let more = solna.register(announcement(&solna, "2283", 2)).await;
    more.expect("registrations go on");
    let journal = PostgresJournal::connect(world.journal.settings("gateway")).await;
    let log = PostgresEvidence::new(journal.expect("the record"));
    assert_eq!(log.alarm().await.expect("read"), Some(alarm));
    let newest = log.newest().await.expect("read").expect("one");
    assert_eq!(newest.checkpoint().head.size, Size(size));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_an_unknown_kind_ends_gateway_and_ledger_with_70() {
    let mut world = Apart::start().await;
    let solna = world.party(SOLNA, 0).await;
    let registered = solna.register(announcement(&solna, "2283", 0)).await;
    let newest = registered.expect("accepted").position;
    settle(&world.party(OPERATOR, 0).await, newest).await;
    let superuser = world.journal.client("postgres").await.expect("a login");
    let read = "SELECT bytes FROM flyttbud.entries WHERE position = $1";
    let bytes: Vec<u8> = superuser
        .query_one_scalar(read, &[&newest])
        .await
        .expect("read");
    let entry = stored::Entry::decode(&bytes[..]).expect("an entry");
    let put = async |position: i64, is_known| {
        let insert = "INSERT INTO flyttbud.entries (position, subject, version, bytes) \
                      SELECT $1, subject, $1::bigint::int, $2 FROM flyttbud.entries WHERE position = $3";
        let bytes = once_more(&entry, position, is_known);
        let put = superuser
            .execute(insert, &[&position, &bytes, &newest])
            .await;
        assert_eq!(put.expect("inserted"), 1);
        let edge = "UPDATE flyttbud.edge SET position = $1";
        superuser.execute(edge, &[&position]).await.expect("moved");
    };
    put(newest + 1, false).await;
    // those that run: the leader and the one that follows
    for ledger in [0, 1] {
        assert_eq!(
            world.ledger_ended(ledger).await.code(),
            Some(70),
            "{ledger}"
        );
    }
    let named = format!("entry {} cannot be read", newest + 1);
    // those that start: when it is the newest entry, and with another one after it
    for after in [false, true] {
        if after {
            put(newest + 2, true).await;
        }
        for (code, said) in [
            world.gateway_refused().await,
            world.ledger_refused(0, &[]).await,
        ] {
            assert_eq!(code, Some(70), "{said}");
            assert!(said.contains(&named), "{said}");
        }
    }
}
