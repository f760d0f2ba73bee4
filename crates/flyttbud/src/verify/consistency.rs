//! Two checkpoints: the newer one continues the older one, or the log has changed what it said before.

use std::path::Path;

use serde::Serialize;
use tlog::checkpoint::SignedCheckpoint;
use tlog::proof::verify_consistency;
use tlog::receipt::{Receipt, Refusal};
use tlog::witness::Request;

use super::receipt::{Witness, witnesses};
use super::{Consistency, read, tell, unusable, words};
use crate::failure::Failure;

/// What two checkpoints and a proof show.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    pub(super) proven: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<Fault>,
    pub(super) log: String,
    pub(super) old_size: u64,
    pub(super) size: u64,
    pub(super) root: String,
    /// Those that cosigned the newer one.
    pub(super) witnesses: Vec<Witness>,
    pub(super) quorum_met: bool,
}

/// Why nothing is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fault {
    /// No log of the policy signed one of them.
    UnknownLog,
    /// A signature in a trusted name is false.
    ForgedSignature,
    /// They are of two logs.
    OtherLog,
    /// The proof is for another older checkpoint.
    OtherSize,
    /// The newer one does not continue the older one.
    Inconsistent,
    /// Not enough witnesses for the newer one.
    QuorumNotMet,
}

pub(super) fn run(two: &Consistency, json: bool) -> Result<bool, Failure> {
    let verdict = judge(two)?;
    let words = words::consistency(&verdict, two.trust.language);
    tell(&verdict, &words, json)?;
    Ok(verdict.proven)
}

pub(super) fn judge(two: &Consistency) -> Result<Verdict, Failure> {
    let policy = two.trust.policy()?;
    let old = checkpoint(&two.old)?;
    let proof = Request::parse(&read(&two.proof)?).map_err(|error| unusable(&two.proof, error))?;
    let (older, newer) = (old.checkpoint(), proof.checkpoint.checkpoint());
    let signed = proof.checkpoint.verify(&policy);
    let fault = match old
        .verify(&policy)
        .and(signed.as_ref().map_err(Clone::clone))
    {
        Err(Refusal::UnknownLog) => Some(Fault::UnknownLog),
        Err(_) => Some(Fault::ForgedSignature),
        Ok(_) if older.origin != newer.origin => Some(Fault::OtherLog),
        Ok(_) if proof.old != older.head.size => Some(Fault::OtherSize),
        Ok(signed) => verify_consistency(&older.head, &newer.head, &proof.proof)
            .err()
            .map(|_unproven| Fault::Inconsistent)
            // of the newer one only: what continues the older one holds it as well
            .or_else(|| (!signed.is_quorum_met).then_some(Fault::QuorumNotMet)),
    };
    Ok(Verdict {
        proven: fault.is_none(),
        fault,
        log: newer.origin.to_string(),
        old_size: older.head.size.0,
        size: newer.head.size.0,
        root: newer.head.root.to_string(),
        quorum_met: signed.as_ref().is_ok_and(|signed| signed.is_quorum_met),
        witnesses: signed.as_ref().map(witnesses).unwrap_or_default(),
    })
}

/// Reads a checkpoint, or the one in a receipt.
pub(crate) fn checkpoint(path: &Path) -> Result<SignedCheckpoint, Failure> {
    let bytes = read(path)?;
    match Receipt::parse(&bytes) {
        Ok(receipt) => Ok(receipt.checkpoint),
        Err(_no_receipt) => SignedCheckpoint::parse(&bytes).map_err(|error| unusable(path, error)),
    }
}
