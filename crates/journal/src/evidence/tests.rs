//! The log in SQL: what every store of it must do, what only a file can get wrong, and every way of tampering with
//! either store.

mod database;
mod files;
mod migrating;
mod store;
mod tampering;

use std::sync::Arc;

use tlog::checkpoint::SignedCheckpoint;
use tlog::cosignature::{UnixTime, Witness};
use tlog::key::{Log, Role, Signer};
use tlog::note::{Name, Signature};
use tlog::policy::Policy;
use tlog::tree::{Frontier, Hash, Head, Size};

use super::Evidence;
use crate::Journal;

/// Where a journal and its log are, empty at first.
trait House: Sized {
    async fn build() -> Self;
    /// Opens both.
    async fn open(&self) -> (Arc<dyn Journal>, Arc<dyn Evidence>);
}

/// The suite, one test for each claim.
macro_rules! conforms {
    ($house:ty: $($claim:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $claim() {
            let house = <$house>::build().await;
            let (_journal, evidence) = house.open().await;
            $crate::evidence::tests::store::$claim(evidence).await;
        }
    )*};
    ($house:ty) => {
        $crate::evidence::tests::conforms! { $house:
            hashes_are_read_back_by_their_places
            hashes_are_added_once_in_order_and_wholly
            one_size_has_one_root
            nothing_is_published_while_an_alarm_stands
            an_alarm_is_lifted_by_who_may
            who_follows_is_woken_by_what_can_be_read
            checkpoints_are_listed_in_order
            cosignatures_join_their_checkpoint
            of_witnesses_that_cosign_at_once_all_count
            a_receipt_verifies_and_prefers_what_is_witnessed
            proofs_and_tiles_come_from_what_is_stored
        }
    };
}
use conforms;

/// A key made of one byte, which is no secret.
fn signer<R: Role>(name: &str, byte: u8) -> Signer<R> {
    Signer::new(Name::parse(name).expect("a name"), &[byte; 32])
}

fn log_key() -> Signer<Log> {
    signer("flyttbud.example/log", 1)
}

/// The witness of that number, from 1.
fn witness(number: u8) -> Signer<Witness> {
    signer(&format!("w{number}.example"), 1 + number)
}

fn cosignature(checkpoint: &SignedCheckpoint, number: u8, seconds: u64) -> Signature {
    let at = UnixTime::new(seconds).expect("a time");
    witness(number).cosign(checkpoint, at)
}

/// Knows the log and three witnesses, of which so many must cosign.
fn policy(threshold: u8) -> Policy {
    let witnesses = [1, 2, 3].map(|number| {
        let key = witness(number).verifier().to_string();
        format!("witness w{number} {key}\n")
    });
    let text = format!(
        "log {}\n{}group g {threshold} w1 w2 w3\nquorum g\n",
        log_key().verifier(),
        witnesses.concat()
    );
    Policy::parse(text.as_bytes()).expect("a policy")
}

/// The leaf at an index, from 0.
fn leaf(index: u64) -> Hash {
    Hash::leaf(&index.to_be_bytes())
}

fn frontier(size: u64) -> Frontier {
    let mut frontier = Frontier::EMPTY;
    frontier.append((0..size).map(leaf));
    frontier
}

fn head(size: u64) -> Head {
    frontier(size).head()
}

/// Integrates leaves up to a size.
async fn integrate(evidence: &dyn Evidence, size: u64) {
    let from = evidence.size().await.expect("a size");
    let full = frontier(from.0).append((from.0..size).map(leaf));
    evidence.integrate(from, &full).await.expect("integrated");
    assert_eq!(evidence.size().await.expect("a size"), Size(size));
}

/// Integrates up to a size, signs, publishes.
async fn publish(evidence: &dyn Evidence, size: u64) -> SignedCheckpoint {
    integrate(evidence, size).await;
    let checkpoint = SignedCheckpoint::sign(head(size), &log_key());
    let published = evidence.publish(&checkpoint).await;
    published.expect("published");
    checkpoint
}
