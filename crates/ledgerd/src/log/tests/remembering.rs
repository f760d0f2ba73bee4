//! What was signed is remembered beside the stores, and no record that was restored to an earlier moment is signed.

use std::fs;

use tlog::checkpoint::SignedCheckpoint;
use tlog::tree::Size;
use tokio::sync::watch;

use super::troubled::{Signed, Step, Trouble};
use super::{House, Running, Stores, signer};
use crate::Leadership;
use crate::log::{Log, Memory};

const FILES: [&str; 2] = ["journal.sqlite", "evidence.sqlite"];

impl House {
    fn memory(&self, name: &str) -> Memory {
        Memory::open(&self.file(name)).expect("a memory")
    }

    /// The log of the stores, with a memory.
    fn log(&self, stores: &Stores, leadership: Leadership, memory: &str) -> Log {
        stores.log(leadership).remembering(self.memory(memory))
    }

    /// Copies the files of a stopped service.
    fn copy(&self, ending: &str) {
        for file in FILES {
            let connection = rusqlite::Connection::open(self.file(file)).expect("a connection");
            let copy = self.file(&format!("{file}.{ending}"));
            let into = format!("VACUUM INTO '{}'", copy.display());
            connection.execute_batch(&into).expect("copied");
        }
    }

    fn restore(&self, ending: &str) {
        for file in FILES {
            for left in ["", "-wal", "-shm"] {
                fs::remove_file(self.file(&format!("{file}{left}"))).ok();
            }
            fs::copy(self.file(&format!("{file}.{ending}")), self.file(file)).expect("restored");
        }
    }

    /// Signs what there is and more entries, with a memory.
    async fn sign(&self, more: u64) {
        let stores = self.open();
        let running = Running::start(self.log(&stores, Leadership::always(), "signed"));
        stores.append(more).await;
        let edge = stores.journal.edge().borrow().0;
        stores.published(edge).await;
        running.end().await;
        stores.check().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_restored_with_its_log_is_not_signed_again() {
    let house = House::new();
    house.sign(30).await;
    house.copy("older");
    house.sign(10).await;
    house.copy("newer");
    house.restore("older");
    let below = "40 entries were signed, and the record has fewer";
    let beside = "the first 40 entries of the record are not those that were signed";
    for (more, expected) in [(0, below), (9, below), (1, beside), (20, beside)] {
        let stores = house.open();
        stores.append(more).await;
        let running = Running::start(house.log(&stores, Leadership::always(), "signed"));
        assert_eq!(running.forgotten().await, expected);
        assert_eq!(*stores.evidence.published().borrow(), Size(30));
    }
    // the newer one is found again
    house.restore("newer");
    house.sign(1).await;
    // or another log begins, with another key
    house.restore("older");
    let mut memory = house.memory("signed");
    assert!(memory.is_by(signer().verifier()));
    memory.put_aside().expect("put aside");
    let aside = fs::read(house.file("signed.41")).expect("kept");
    let aside = SignedCheckpoint::parse(&aside).expect("a checkpoint");
    assert_eq!(aside.checkpoint().head.size, Size(41));
    house.sign(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_followed_knows_what_the_leader_signed() {
    let house = House::new();
    house.sign(3).await;
    house.copy("older");
    let stores = house.open();
    let (_decide, leads) = watch::channel(false);
    let leadership = Leadership::decided_by(leads);
    let follower = Running::start(house.log(&stores, leadership, "seen"));
    let leader = Running::start(house.log(&stores, Leadership::always(), "signed"));
    stores.append(4).await;
    let newest = stores.published(7).await.to_string();
    let seen = || fs::read_to_string(house.file("seen")).unwrap_or_default();
    while seen() != newest {
        tokio::task::yield_now().await;
    }
    leader.end().await;
    follower.end().await;
    drop(stores);
    house.restore("older");
    let stores = house.open();
    let running = Running::start(house.log(&stores, Leadership::always(), "seen"));
    let expected = "7 entries were signed, and the record has fewer";
    assert_eq!(running.forgotten().await, expected);
}

/// What was signed and remembered, and not published, is signed the same again; lost or damaged hashes are no loss.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_and_lost_hashes_are_no_loss() {
    let house = House::new();
    let signed = Signed::default();
    for step in Step::ALL {
        let (stores, troubled) = house.open().with(Trouble::Stop(step), &signed);
        let running = Running::start(house.log(&stores, Leadership::always(), "signed"));
        stores.append(2).await;
        troubled.met().await;
        running.crash().await;
    }
    house.sign(1).await;
    house.tamper("evidence.sqlite", "DELETE FROM hashes WHERE position > 3");
    house.sign(1).await;
    let damage = "UPDATE hashes SET hashes = zeroblob(length(hashes)) WHERE position = 8";
    house.tamper("evidence.sqlite", damage);
    let stores = house.open();
    let running = Running::start(house.log(&stores, Leadership::always(), "signed"));
    running.stopped().await;
    let alarm = stores.evidence.alarm().await.expect("read").expect("one");
    assert!(alarm.contains("entry 8"), "an alarm, and no end: {alarm}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_that_cannot_be_kept_or_read_is_said() {
    let house = House::new();
    fs::write(house.file("signed"), "no checkpoint").expect("written");
    let refused = Memory::open(&house.file("signed")).expect_err("refused");
    assert!(refused.to_string().ends_with("signed' is no checkpoint"));
    // nothing is published that was not remembered
    let stores = house.open();
    let running = Running::start(house.log(&stores, Leadership::always(), "missing/signed"));
    stores.append(1).await;
    while stores.evidence.size().await.expect("a size") < Size(1) {
        tokio::task::yield_now().await;
    }
    fs::create_dir(house.file("missing")).expect("a folder");
    stores.published(1).await;
    let kept = fs::read(house.file("missing/signed")).expect("remembered");
    assert!(SignedCheckpoint::parse(&kept).is_ok());
    running.end().await;
}
