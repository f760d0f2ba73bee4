//! A log and its witnesses, for tests. Their keys are no secrets.

use crate::checkpoint::SignedCheckpoint;
use crate::cosignature::{UnixTime, Witness};
use crate::key::{Log, Role, Signer};
use crate::note::Name;
use crate::policy::Policy;
use crate::proof::inclusion;
use crate::receipt::Receipt;
use crate::tree::memory::Memory;
use crate::tree::{Head, Index};

/// A key made of one byte.
pub(crate) fn signer<R: Role>(name: &str, byte: u8) -> Signer<R> {
    Signer::new(Name::parse(name).unwrap(), &[byte; 32])
}

/// The log.
pub(crate) fn log() -> Signer<Log> {
    signer("log.flyttbud.example", 1)
}

/// The witness of that number, from 1.
pub(crate) fn witness(number: u8) -> Signer<Witness> {
    signer(&format!("w{number}.example/witness"), 1 + number)
}

pub(crate) fn at(seconds: u64) -> UnixTime {
    UnixTime::new(seconds).unwrap()
}

/// A policy that knows the log and the witnesses w1 to w3, and ends in these lines.
pub(crate) fn policy(end: &str) -> Policy {
    let [w1, w2, w3] = [1, 2, 3].map(|number| witness(number).verifier().to_string());
    let log = log().verifier().to_string();
    let text = format!("log {log}\nwitness w1 {w1}\nwitness w2 {w2}\nwitness w3 {w3}\n{end}");
    Policy::parse(text.as_bytes()).unwrap()
}

/// A tree, signed by the log and by witnesses.
pub(crate) fn checkpoint(head: Head, witnesses: &[u8]) -> SignedCheckpoint {
    let mut checkpoint = SignedCheckpoint::sign(head, &log());
    for number in witnesses {
        let signature = witness(*number).cosign(&checkpoint, at(1_764_028_800));
        checkpoint.add(signature);
    }
    checkpoint
}

/// A receipt for a leaf of a tree of this size.
pub(crate) fn receipt(index: u64, size: u64, witnesses: &[u8]) -> Receipt {
    let memory = Memory::of(size);
    let head = memory.head();
    Receipt {
        index: Index(index),
        extra: Vec::new(),
        proof: inclusion(&memory, Index(index), head.size).unwrap(),
        checkpoint: checkpoint(head, witnesses),
    }
}
