//! A stopped store that somebody tampered with: named at the start, nothing signed over it, registrations go on.

use std::time::Duration;

use domain::municipality::MunicipalityCode;
use domain::subject::Position;
use journal::AppendError;
use journal::conformance::given::{
    append, batch, new_relocation, notifying, registered, solleftea, solna,
};
use journal::evidence::{self, Alarm, Ground};
use tlog::checkpoint::SignedCheckpoint;
use tlog::policy::Policy;
use tlog::tree::{Hash, Head, Index, Place, Size};
use tokio::time::timeout;

use super::troubled::{Signed, Trouble};
use super::{House, PATIENCE, Running, signer};
use crate::Leadership;
use crate::log::{Scrubber, raise};

/// Entries, all of them signed.
const ENTRIES: u64 = 40;

/// Turns the lowest bits of the last byte.
fn flip(table: &str, column: &str, position: u64) -> String {
    format!(
        "UPDATE {table} SET {column} = cast(substr({column}, 1, length({column}) - 1) || \
         CASE hex(substr({column}, -1)) WHEN '00' THEN x'01' ELSE x'00' END AS BLOB) \
         WHERE position = {position}"
    )
}

fn swap(table: &str, column: &str, one: u64, other: u64) -> String {
    format!(
        "UPDATE {table} AS a SET {column} = (SELECT {column} FROM {table} AS b \
         WHERE b.position = {one} + {other} - a.position) WHERE position IN ({one}, {other})"
    )
}

/// Each tampering, and what it is named.
fn tamperings() -> Vec<(&'static str, String, Alarm)> {
    let behind = Alarm::Behind(Size(ENTRIES));
    let place = |level, index| Place { level, index };
    let (journal, log) = ("journal.sqlite", "evidence.sqlite");
    let delete = |table: &str, which: &str| format!("DELETE FROM {table} WHERE position {which}");
    vec![
        (journal, flip("entries", "bytes", 1), Alarm::EntryDiffers(1)),
        (
            journal,
            flip("entries", "bytes", 39),
            Alarm::EntryDiffers(39),
        ),
        (
            journal,
            swap("entries", "bytes", 3, 30),
            Alarm::EntryDiffers(3),
        ),
        (journal, delete("entries", "= 17"), Alarm::EntryMissing(17)),
        (journal, delete("entries", "> 38"), behind),
        (log, flip("hashes", "hashes", 5), Alarm::EntryDiffers(5)),
        (
            log,
            flip("hashes", "hashes", 32),
            Alarm::HashDiffers(place(5, 0)),
        ),
        (log, swap("hashes", "hashes", 9, 13), Alarm::EntryDiffers(9)),
        (
            log,
            delete("hashes", "= 12"),
            Alarm::HashMissing(place(0, 11)),
        ),
    ]
}

/// Whoever asks for its health is told although the store keeps nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_cannot_be_stored_is_told_until_everything_is_in_order() {
    let house = House::signed(ENTRIES).await;
    let kept = "CREATE TABLE kept AS SELECT bytes FROM entries WHERE position = 7";
    house.tamper("journal.sqlite", kept);
    house.tamper("journal.sqlite", &flip("entries", "bytes", 7));
    let (stores, unraised) = house.open().with(Trouble::Unraised, &Signed::default());
    let mut running = Running::start(stores.log(Leadership::always()));
    unraised.met().await;
    running.alarmed().await;
    assert_eq!(stores.evidence.alarm().await.expect("read"), None);
    // put back beside it
    let back = "UPDATE entries SET bytes = (SELECT bytes FROM kept) WHERE position = 7";
    house.tamper("journal.sqlite", back);
    let holds = timeout(PATIENCE, running.holds.wait_for(|holds| *holds)).await;
    holds.expect("in time").expect("it runs");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tampered_with_is_named_at_the_start_and_not_signed_over() {
    let text = format!("log {}\nquorum none\n", signer().verifier());
    let policy = Policy::parse(text.as_bytes()).expect("a policy");
    for (file, sql, expected) in tamperings() {
        let house = House::signed(ENTRIES).await;
        let stores = house.open();
        let receipt = evidence::receipt(stores.evidence.as_ref(), Index(20), Some(&policy)).await;
        let receipt = receipt.expect("read").expect("covered");
        let stored = stores.journal.read_stored(Position(20), 1).await;
        let leaf = Hash::leaf(&stored.expect("read")[0].1);
        drop(stores);
        house.tamper(file, &sql);
        // twice: what stands is found again after a restart
        for _ in 0..2 {
            let stores = house.open();
            Running::start(stores.log(Leadership::always()))
                .stopped()
                .await;
            let alarm = stores.evidence.alarm().await.expect("read");
            assert_eq!(alarm, Some(expected.to_string()), "{sql}");
            assert_eq!(
                *stores.evidence.published().borrow(),
                Size(ENTRIES),
                "{sql}"
            );
        }
        let stores = house.open();
        let edge = stores.journal.edge().borrow().0;
        stores.append(3).await;
        assert_eq!(
            stores.journal.edge().borrow().0,
            edge + 3,
            "registrations go on"
        );
        Running::start(stores.log(Leadership::always()))
            .stopped()
            .await;
        assert_eq!(
            *stores.evidence.published().borrow(),
            Size(ENTRIES),
            "{sql}"
        );
        // a receipt that was given needs nobody
        let shown = receipt.verify(&leaf, &policy);
        assert!(shown.is_ok_and(|shown| shown.is_quorum_met), "{sql}");
    }
}

/// A bit turned on its way to the disk.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_stored_as_it_was_written_is_never_signed() {
    let house = House::signed(ENTRIES).await;
    let stores = house.open();
    stores.append(3).await;
    house.tamper("journal.sqlite", &flip("entries", "bytes", ENTRIES + 2));
    Running::start(stores.log(Leadership::always()))
        .stopped()
        .await;
    drop(stores);
    // nor after a restart, which has nothing to hold it against: only an operator can say what is right
    for _ in 0..2 {
        let stores = house.open();
        Running::start(stores.log(Leadership::always()))
            .stopped()
            .await;
        let alarm = stores.evidence.alarm().await.expect("read");
        assert_eq!(alarm, Some(Alarm::NotAsWritten(ENTRIES + 2).to_string()));
        assert_eq!(*stores.evidence.published().borrow(), Size(ENTRIES));
    }
    let stores = house.open();
    let standing = stores.evidence.standing().await.expect("read");
    let standing = standing.expect("one");
    let word = Ground::Word("compared with the sender's copy");
    assert!(stores.evidence.lift(&standing, word).await.expect("lifted"));
    let running = Running::start(stores.log(Leadership::always()));
    stores.published(ENTRIES + 3).await;
    running.end().await;
}

/// A bit that turned beside the entries, in what the next notice goes on from.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_appended_or_signed_after_a_notice_that_is_not_as_its_entry_says() {
    let told = |who: MunicipalityCode| batch(vec![notifying(registered(new_relocation()), &[who])]);
    for change in [
        flip("notices", "chain", 2),
        "UPDATE notices SET number = number + 4 WHERE position = 2".into(),
        "UPDATE notices SET position = 1 WHERE position = 2".into(),
        "UPDATE notices SET position = 258 WHERE position = 2".into(),
    ] {
        let house = House::new();
        let stores = house.open();
        for _ in 0..2 {
            append(&stores.journal, told(solna())).await;
        }
        let running = Running::start(stores.log(Leadership::always()));
        stores.published(2).await;
        running.end().await;
        drop(stores);
        house.tamper("journal.sqlite", &change);
        for _ in 0..2 {
            let stores = house.open();
            let refused = stores.journal.append(told(solna())).await;
            assert!(matches!(refused, Err(AppendError::Damaged)), "{refused:?}");
            Running::start(stores.log(Leadership::always()))
                .stopped()
                .await;
            let alarm = stores.evidence.alarm().await.expect("read");
            assert_eq!(
                alarm,
                Some(Alarm::InboxDiffers(solna()).to_string()),
                "{change}"
            );
            assert_eq!(*stores.evidence.published().borrow(), Size(2), "{change}");
        }
        // the others' inboxes go on
        append(&house.open().journal, told(solleftea())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_in_the_log_while_it_is_kept_is_not_signed_over() {
    let head = Head {
        size: Size(ENTRIES + 1),
        root: Hash::leaf(b"another"),
    };
    let another = SignedCheckpoint::sign(head, &signer());
    let replaced = format!(
        "DROP TRIGGER checkpoints_are_kept; \
         UPDATE checkpoints SET note = '{another}' WHERE size = {}",
        ENTRIES + 1
    );
    for (sql, expected) in [
        (replaced, Alarm::RootDiffers(Size(ENTRIES + 1))),
        (
            flip("hashes", "hashes", 32),
            Alarm::HashesDiffer(Size(ENTRIES + 2)),
        ),
    ] {
        let house = House::signed(ENTRIES).await;
        let stores = house.open();
        let running = Running::start(stores.log(Leadership::always()));
        stores.append(1).await;
        stores.published(ENTRIES + 1).await;
        house.tamper("evidence.sqlite", &sql);
        stores.append(1).await;
        running.stopped().await;
        let alarm = stores.evidence.alarm().await.expect("read");
        assert_eq!(alarm, Some(expected.to_string()));
        assert_eq!(*stores.evidence.published().borrow(), Size(ENTRIES + 1));
    }
}

/// The journal was cut, and grew again beyond what was signed, before anybody looked.
#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_was_cut_and_grew_again_is_found_out() {
    let house = House::signed(ENTRIES).await;
    house.tamper(
        "journal.sqlite",
        "DELETE FROM entries WHERE position > 30; DELETE FROM versions WHERE position > 30",
    );
    let stores = house.open();
    stores.append(20).await;
    Running::start(stores.log(Leadership::always()))
        .stopped()
        .await;
    let alarm = stores.evidence.alarm().await.expect("read");
    assert_eq!(alarm, Some(Alarm::EntryDiffers(31).to_string()));
    assert_eq!(*stores.evidence.published().borrow(), Size(ENTRIES));
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_hashes_are_made_anew_and_must_lead_to_what_was_signed() {
    for lost in ["> 0", "> 17", "> 39"] {
        let house = House::signed(ENTRIES).await;
        house.tamper(
            "evidence.sqlite",
            &format!("DELETE FROM hashes WHERE position {lost}"),
        );
        let stores = house.open();
        stores.append(2).await;
        let running = Running::start(stores.log(Leadership::always()));
        stores.published(ENTRIES + 2).await;
        running.end().await;
        stores.check().await;
    }
    // not when an entry has changed meanwhile
    for position in [1, 20, 39] {
        let house = House::signed(ENTRIES).await;
        house.tamper("evidence.sqlite", "DELETE FROM hashes");
        house.tamper("journal.sqlite", &flip("entries", "bytes", position));
        let stores = house.open();
        stores.append(2).await;
        Running::start(stores.log(Leadership::always()))
            .stopped()
            .await;
        let alarm = stores.evidence.alarm().await.expect("read").expect("one");
        assert!(
            alarm.ends_with("has another root than the journal"),
            "{alarm}"
        );
        assert_eq!(*stores.evidence.published().borrow(), Size(ENTRIES));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_is_lifted_by_a_start_that_finds_everything_in_order() {
    let house = House::signed(ENTRIES).await;
    let flipped = flip("hashes", "hashes", 5);
    house.tamper(
        "evidence.sqlite",
        &format!("CREATE TABLE kept AS SELECT * FROM hashes; {flipped}"),
    );
    let stores = house.open();
    Running::start(stores.log(Leadership::always()))
        .stopped()
        .await;
    drop(stores);
    house.tamper(
        "evidence.sqlite",
        "UPDATE hashes SET hashes = kept.hashes FROM kept WHERE hashes.position = kept.position",
    );
    let stores = house.open();
    assert!(stores.evidence.alarm().await.expect("read").is_some());
    stores.append(1).await;
    let running = Running::start(stores.log(Leadership::always()));
    stores.published(ENTRIES + 1).await;
    running.end().await;
    assert_eq!(stores.evidence.alarm().await.expect("read"), None);
    stores.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_another_raised_stops_who_signs() {
    let house = House::signed(ENTRIES).await;
    let stores = house.open();
    let running = Running::start(stores.log(Leadership::always()));
    stores.append(1).await;
    stores.published(ENTRIES + 1).await;
    raise(stores.evidence.as_ref(), &Alarm::EntryDiffers(3)).await;
    stores.append(1).await;
    running.stopped().await;
    assert_eq!(*stores.evidence.published().borrow(), Size(ENTRIES + 1));
}

/// A store that was rolled back agrees with itself: what witnesses have seen is not in it.
#[tokio::test(flavor = "multi_thread")]
async fn what_witnesses_saw_is_lifted_by_a_word_and_by_no_start() {
    let house = House::signed(ENTRIES).await;
    let contradicted = Alarm::Contradicted(vec!["w1".into(), "w2".into()]);
    raise(house.open().evidence.as_ref(), &contradicted).await;
    for _ in 0..2 {
        let stores = house.open();
        stores.append(1).await;
        let running = Running::start(stores.log(Leadership::always()));
        running.stopped().await;
        assert_eq!(*stores.evidence.published().borrow(), Size(ENTRIES));
        let alarm = stores.evidence.alarm().await.expect("read");
        assert_eq!(alarm, Some(contradicted.to_string()));
    }
    // nor does one that a start may lift take its place
    let stores = house.open();
    raise(stores.evidence.as_ref(), &Alarm::EntryDiffers(3)).await;
    let mut running = Running::start(stores.log(Leadership::always()));
    running.alarmed().await;
    let standing = stores.evidence.standing().await.expect("read");
    let standing = standing.expect("one");
    assert_eq!(standing.text, contradicted.to_string());
    let word = Ground::Word("the witnesses were restored from an old copy");
    let lifted = stores.evidence.lift(&standing, word).await;
    assert!(lifted.expect("lifted"));
    // without a restart
    stores.published(ENTRIES + 2).await;
    running.end().await;
    stores.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_is_raised_while_another_is_looked_into_stays() {
    let house = House::signed(ENTRIES).await;
    let stores = house.open();
    let evidence = stores.evidence.as_ref();
    for later in [Alarm::EntryDiffers(3), Alarm::EntryDiffers(4)] {
        raise(evidence, &Alarm::EntryDiffers(3)).await;
        let read = evidence.standing().await.expect("read").expect("one");
        raise(evidence, &later).await;
        let lifted = evidence.lift(&read, Ground::Recount).await;
        assert!(!lifted.expect("asked"), "{later}");
        let alarm = evidence.alarm().await.expect("read");
        assert_eq!(alarm, Some(later.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scrubber_reads_everything_from_where_it_was() {
    // where it was, what it finds, and how far it came when it found it
    for (mark, position) in [(0, 1), (0, 39), (20, 30), (20, 5), (99, 7)] {
        let house = House::signed(ENTRIES).await;
        house.tamper("journal.sqlite", &flip("entries", "bytes", position));
        let stores = house.open();
        let views = house.views();
        views
            .set_mark("scrubber", Position(mark))
            .await
            .expect("set");
        let key = signer().verifier().clone();
        let scrubber = Scrubber::new(
            stores.journal.clone(),
            stores.evidence.clone(),
            views,
            Some(key),
        );
        let drain = daemon::Drain::new();
        let mut task = tokio::task::JoinSet::new();
        task.spawn(scrubber.run(drain.clone()));
        let found = async {
            loop {
                if let Some(alarm) = stores.evidence.alarm().await.expect("read") {
                    return alarm;
                }
                tokio::task::yield_now().await;
            }
        };
        let found = timeout(Duration::from_mins(1), found).await;
        let alarm = found.expect("it finds something");
        assert_eq!(alarm, Alarm::EntryDiffers(position).to_string());
        drain.cancel();
        task.join_all().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrubber_that_finds_nothing_says_nothing_and_begins_anew() {
    let house = House::signed(ENTRIES).await;
    let stores = house.open();
    let views = house.views();
    views.set_mark("scrubber", Position(12)).await.expect("set");
    let scrubber = Scrubber::new(
        stores.journal.clone(),
        stores.evidence.clone(),
        views.clone(),
        None,
    );
    let drain = daemon::Drain::new();
    let mut task = tokio::task::JoinSet::new();
    task.spawn(scrubber.run(drain.clone()));
    while views.mark("scrubber").await.expect("read") != Position(0) {
        tokio::task::yield_now().await;
    }
    drain.cancel();
    task.join_all().await;
    assert_eq!(stores.evidence.alarm().await.expect("read"), None);
}
