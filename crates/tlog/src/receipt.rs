//! Receipts of c2sp.org/tlog-proof@v1: one file that shows, without asking anybody, that an entry is in the log.

use std::collections::BTreeSet;
use std::fmt;

use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::cosignature::UnixTime;
use crate::key::Forged;
use crate::limits::DOCUMENT_BYTES_MAX;
use crate::policy::{self, Policy};
use crate::proof::{Unproven, verify_inclusion};
use crate::tree::{Hash, Index};
use crate::{Malformed, text};

#[cfg(test)]
mod tests;

/// The first line.
const HEADING: &str = "c2sp.org/tlog-proof@v1";

/// A receipt. Its display form is the file, to the byte what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Where the entry stands in the log.
    pub index: Index,
    /// Anything; nobody vouches for it. Empty when there is none.
    pub extra: Vec<u8>,
    /// From the leaf's sibling upwards.
    pub proof: Vec<Hash>,
    /// The tree that the proof leads to.
    pub checkpoint: SignedCheckpoint,
}

/// What a receipt shows under a policy. It is evidence only when the quorum is met.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Verified<'a> {
    /// Where the entry stands in the log.
    pub index: Index,
    /// The log and its tree.
    pub checkpoint: &'a Checkpoint,
    /// By whose key the checkpoint is signed.
    pub log: &'a policy::Log,
    /// The witnesses that cosigned it, and when.
    pub witnesses: Vec<(&'a policy::Witness, UnixTime)>,
    /// Whether these are enough.
    pub is_quorum_met: bool,
}

/// Who signed a checkpoint, under a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Signed<'a> {
    /// By whose key it is signed.
    pub log: &'a policy::Log,
    /// The witnesses that cosigned it, and when.
    pub witnesses: Vec<(&'a policy::Witness, UnixTime)>,
    /// Whether these are enough.
    pub is_quorum_met: bool,
}

/// Why a receipt or a checkpoint shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No log of the policy has that name and signed the checkpoint.
    #[error("no trusted log signed the checkpoint")]
    UnknownLog,
    /// A signature is not what it says it is.
    #[error("the checkpoint has a false signature")]
    Forged(#[source] Forged),
    /// The entry is another, or stands elsewhere, or is not in the tree.
    #[error("the entry is not shown to be in the tree")]
    NotIncluded(#[source] Unproven),
}

impl Receipt {
    /// Reads a receipt. Nothing is verified yet.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut rest = text::read(bytes, DOCUMENT_BYTES_MAX)?;
        if text::line(&mut rest) != Some(HEADING) {
            return Err(Malformed("not a tlog-proof of version 1"));
        }
        let mut line = text::line(&mut rest).unwrap_or_default();
        let mut extra = Vec::new();
        if let Some(base64) = line.strip_prefix("extra ") {
            let bytes = text::base64(base64).filter(|bytes| !bytes.is_empty());
            extra = bytes.ok_or(Malformed("the extra data is not base64"))?;
            line = text::line(&mut rest).unwrap_or_default();
        }
        let index = line.strip_prefix("index ").and_then(text::decimal);
        Ok(Self {
            index: Index(index.ok_or(Malformed("no index"))?),
            extra,
            proof: text::proof(&mut rest)?,
            checkpoint: SignedCheckpoint::parse(rest.as_bytes())?,
        })
    }

    /// Verifies that the entry with this hash is in a log of the policy, and which witnesses have cosigned. The
    /// times are theirs; how old is too old is for the caller to say.
    pub fn verify<'a>(&'a self, leaf: &Hash, policy: &'a Policy) -> Result<Verified<'a>, Refusal> {
        let checkpoint = self.checkpoint.checkpoint();
        let signed = self.checkpoint.verify(policy)?;
        verify_inclusion(leaf, self.index, &checkpoint.head, &self.proof)
            .map_err(Refusal::NotIncluded)?;
        Ok(Verified {
            index: self.index,
            checkpoint,
            log: signed.log,
            witnesses: signed.witnesses,
            is_quorum_met: signed.is_quorum_met,
        })
    }
}

impl SignedCheckpoint {
    /// Verifies that a log of the policy signed it, and which witnesses have cosigned. The times are theirs.
    pub fn verify<'a>(&self, policy: &'a Policy) -> Result<Signed<'a>, Refusal> {
        let (note, checkpoint) = (self.note(), self.checkpoint());
        let mut log = None;
        for trusted in policy.logs() {
            let signed = trusted.key.check(note).map_err(Refusal::Forged)?.is_some();
            if signed && trusted.key.name().as_str() == checkpoint.origin.as_str() {
                log = Some(trusted);
            }
        }
        let mut witnesses = Vec::new();
        for witness in policy.witnesses() {
            if let Some(at) = witness.key.check(note).map_err(Refusal::Forged)? {
                witnesses.push((witness, at));
            }
        }
        let log = log.ok_or(Refusal::UnknownLog)?;
        let names: BTreeSet<&str> = witnesses.iter().map(|(one, _)| one.name.as_str()).collect();
        Ok(Signed {
            log,
            is_quorum_met: policy.is_met(&names),
            witnesses,
        })
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADING}")?;
        if !self.extra.is_empty() {
            writeln!(f, "extra {}", text::to_base64(&self.extra))?;
        }
        writeln!(f, "index {}", self.index.0)?;
        for hash in &self.proof {
            writeln!(f, "{hash}")?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}
