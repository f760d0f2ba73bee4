//! Cosignatures of c2sp.org/tlog-cosignature, `cosignature/v1`: a witness's word that at some time this was the
//! greatest tree of the log that it had seen, and that it continues all trees it saw before.

use crate::checkpoint::SignedCheckpoint;
use crate::key::{Role, Signer};
use crate::limits::NUMBER_MAX;
use crate::note::Signature;

#[cfg(test)]
mod tests;

/// Whole seconds since 1970-01-01 00:00 UTC, from 1 to 2^63 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(u64);

impl UnixTime {
    /// None outside the range: 0 stands for no time, and a cosignature without a time says nothing.
    pub fn new(seconds: u64) -> Option<Self> {
        (1..=NUMBER_MAX).contains(&seconds).then_some(Self(seconds))
    }

    /// Seconds.
    pub fn seconds(self) -> u64 {
        self.0
    }
}

/// Cosigns the checkpoints of others: type 0x04, Ed25519 over a heading, the time and the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness;

impl Role for Witness {
    const TYPE: u8 = 0x04;
    type Statement = UnixTime;

    fn message(text: &str, at: UnixTime) -> String {
        format!("cosignature/v1\ntime {}\n{text}", at.0)
    }

    fn encode(at: UnixTime, signature: [u8; 64]) -> Vec<u8> {
        [at.0.to_be_bytes().as_slice(), &signature].concat()
    }

    fn decode(bytes: &[u8]) -> Option<(UnixTime, [u8; 64])> {
        let (seconds, signature) = bytes.split_first_chunk()?;
        let at = UnixTime::new(u64::from_be_bytes(*seconds))?;
        Some((at, signature.try_into().ok()?))
    }
}

impl Signer<Witness> {
    /// Cosigns a checkpoint: only after [`crate::witness::consider`] said so and its head is stored.
    pub fn cosign(&self, checkpoint: &SignedCheckpoint, at: UnixTime) -> Signature {
        self.sign(checkpoint.note().text(), at)
    }
}
