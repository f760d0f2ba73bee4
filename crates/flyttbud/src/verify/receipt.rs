//! Receipts: each is verified by itself; what one entry says about the reading of another is told together.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::entry::Entry;
use jiff::Timestamp;
use serde::Serialize;
use tlog::cosignature::UnixTime;
use tlog::policy::Policy;
use tlog::receipt::{Receipt, Refusal, Signed};
use tlog::tree::Hash;

use super::body::{self, Opened};
use super::envelope::{Ended, Envelope, Recall, sender};
use super::{Receipts, read, tell, unusable, words};
use crate::failure::Failure;

/// What a receipt shows.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    pub(super) file: PathBuf,
    /// Whether it is evidence under the policy.
    pub(super) proven: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<Fault>,
    /// The log's name as the checkpoint says it.
    pub(super) log: String,
    pub(super) position: u64,
    /// Entries under the checkpoint.
    pub(super) size: u64,
    pub(super) root: String,
    pub(super) witnesses: Vec<Witness>,
    pub(super) quorum_met: bool,
    /// What the entry says; none when only its hash was given, or this program does not know its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) entry: Option<Envelope>,
    /// The parts that were given and are those that the entry committed to.
    pub(super) parts: Vec<Opened>,
    /// That another of the receipts obliges the service to erase somebody's keys to this entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<Ended>,
}

/// A witness that cosigned.
#[derive(Debug, Serialize)]
pub(super) struct Witness {
    pub(super) name: String,
    /// By its own clock.
    pub(super) cosigned_at: String,
}

/// Why a receipt proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fault {
    /// No log of the policy signed the checkpoint.
    UnknownLog,
    /// A signature in a trusted name is false.
    ForgedSignature,
    /// These bytes are not in the log at this place.
    NotIncluded,
    /// The entry says that it stands elsewhere.
    OtherPosition,
    /// Not enough witnesses.
    QuorumNotMet,
    /// A part is not what the entry committed to.
    OtherBody,
}

/// Verifies them all and tells each. True when all are proven.
pub(super) fn run(receipts: &Receipts, json: bool) -> Result<bool, Failure> {
    let verdicts = judge_all(receipts)?;
    for verdict in &verdicts {
        let words = words::receipt(verdict, receipts.trust.language);
        tell(verdict, &words, json)?;
    }
    Ok(verdicts.iter().all(|verdict| verdict.proven))
}

/// Verifies them all.
pub(super) fn judge_all(receipts: &Receipts) -> Result<Vec<Verdict>, Failure> {
    let is_one = receipts.files.len() == 1;
    let about_one = receipts.entry.is_some() || receipts.leaf.is_some() || receipts.parts.is_some();
    if about_one && !is_one {
        let wrong = anyhow!("--entry, --leaf and --parts belong to one receipt");
        return Err(Failure::Usage(wrong));
    }
    let policy = receipts.trust.policy()?;
    let mut verdicts = Vec::new();
    for file in &receipts.files {
        verdicts.push(judge(receipts, file, &policy)?);
    }
    // only what is proven itself says anything about another
    let proven = verdicts.iter().filter(|(verdict, _entry)| verdict.proven);
    let proven = proven.filter_map(|(_verdict, entry)| entry.as_ref());
    let recalls: Vec<Recall> = proven.clone().filter_map(Recall::of).collect();
    let senders: BTreeMap<_, _> = proven.filter_map(sender).collect();
    let sender = |subject| senders.get(&subject).copied();
    let with_recall = |(mut verdict, entry): (Verdict, Option<Entry>)| {
        let ended = |recall: &Recall| recall.ended(entry.as_ref()?, sender);
        verdict.ended = recalls.iter().find_map(ended);
        verdict
    };
    Ok(verdicts.into_iter().map(with_recall).collect())
}

/// Verifies one, with what is given beside it.
fn judge(
    receipts: &Receipts,
    file: &Path,
    policy: &Policy,
) -> Result<(Verdict, Option<Entry>), Failure> {
    let receipt = Receipt::parse(&read(file)?).map_err(|error| unusable(file, error))?;
    let (leaf, entry) = if let Some(leaf) = &receipts.leaf {
        (hash(leaf)?, None)
    } else {
        let beside = beside(file, ".entry");
        let bytes = read(receipts.entry.as_deref().unwrap_or(&beside))?;
        // of a kind that this program does not know: still in the log or not
        (Hash::leaf(&bytes), api::record::decode(&bytes).ok())
    };
    let verified = receipt.verify(&leaf, policy);
    let signed = receipt.checkpoint.verify(policy).ok();
    let parts = receipts.parts.as_deref().map(body::read).transpose()?;
    let opened = body::open(entry.as_ref(), parts.as_deref().unwrap_or_default());
    let is_elsewhere = |entry: &Entry| entry.position.0.checked_sub(1) != Some(receipt.index.0);
    let fault = match &verified {
        Err(refusal) => Some(Fault::from(refusal)),
        Ok(_) if entry.as_ref().is_some_and(is_elsewhere) => Some(Fault::OtherPosition),
        Ok(verified) if !verified.is_quorum_met => Some(Fault::QuorumNotMet),
        Ok(_) if opened.is_none() => Some(Fault::OtherBody),
        Ok(_) => None,
    };
    let checkpoint = receipt.checkpoint.checkpoint();
    let verdict = Verdict {
        file: file.to_owned(),
        proven: fault.is_none(),
        fault,
        log: checkpoint.origin.to_string(),
        position: receipt.index.0.saturating_add(1),
        size: checkpoint.head.size.0,
        root: checkpoint.head.root.to_string(),
        quorum_met: signed.as_ref().is_some_and(|signed| signed.is_quorum_met),
        witnesses: signed.as_ref().map(witnesses).unwrap_or_default(),
        entry: entry.as_ref().map(Envelope::of),
        parts: opened.unwrap_or_default(),
        ended: None,
    };
    Ok((verdict, entry))
}

impl From<&Refusal> for Fault {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::UnknownLog => Self::UnknownLog,
            Refusal::Forged(_) => Self::ForgedSignature,
            Refusal::NotIncluded(_) => Self::NotIncluded,
        }
    }
}

/// The witnesses of a checkpoint with their times.
pub(super) fn witnesses(signed: &Signed<'_>) -> Vec<Witness> {
    let each = signed.witnesses.iter();
    each.map(|(witness, at)| Witness {
        name: witness.name.clone(),
        cosigned_at: instant(*at),
    })
    .collect()
}

/// A witness's time; beyond the calendar as its number.
fn instant(at: UnixTime) -> String {
    let seconds = at.seconds();
    let instant = i64::try_from(seconds).ok();
    let instant = instant.and_then(|seconds| Timestamp::from_second(seconds).ok());
    instant.map_or_else(|| seconds.to_string(), |instant| instant.to_string())
}

/// A file's name with an ending after it.
pub(crate) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    name.into()
}

fn hash(text: &str) -> Result<Hash, Failure> {
    let bytes = STANDARD.decode(text).ok();
    let bytes: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
    let hash = bytes.map(Hash::from_bytes);
    hash.ok_or_else(|| Failure::Usage(anyhow!("--leaf is no hash in base64")))
}
