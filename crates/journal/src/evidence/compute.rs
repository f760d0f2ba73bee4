//! What is computed from stored hashes: roots, proofs, tiles, receipts. The mathematics is `tlog`'s; here the
//! hashes that it asks for are fetched from the store.

use std::collections::{BTreeMap, BTreeSet};

use tlog::checkpoint::SignedCheckpoint;
use tlog::policy::Policy;
use tlog::proof::{self, verify_inclusion};
use tlog::receipt::Receipt;
use tlog::tile::Tile;
use tlog::tree::{Frontier, Hash, HashReader, Index, Place, ReadError, Size};

use super::{Evidence, EvidenceError};

/// The growing edge of the log at some size.
pub async fn frontier(evidence: &dyn Evidence, size: Size) -> Result<Frontier, EvidenceError> {
    compute(evidence, |hashes| Frontier::read(hashes, size)).await
}

/// The root of the log at some size, from the stored hashes.
pub async fn root(evidence: &dyn Evidence, size: Size) -> Result<Hash, EvidenceError> {
    compute(evidence, |hashes| proof::root(hashes, size)).await
}

/// Proves that the log of one size continues the log of a smaller one.
pub async fn consistency(
    evidence: &dyn Evidence,
    old: Size,
    size: Size,
) -> Result<Vec<Hash>, EvidenceError> {
    compute(evidence, |hashes| proof::consistency(hashes, old, size)).await
}

/// The file of a tile that the log of this size has.
pub async fn tile(
    evidence: &dyn Evidence,
    tile: Tile,
    size: Size,
) -> Result<Vec<u8>, EvidenceError> {
    compute(evidence, |hashes| tile.data(hashes, size)).await
}

/// A receipt for the entry at this index: over the newest checkpoint that meets the policy, otherwise over the
/// newest one. None before a checkpoint covers the entry.
pub async fn receipt(
    evidence: &dyn Evidence,
    index: Index,
    policy: Option<&Policy>,
) -> Result<Option<Receipt>, EvidenceError> {
    let at_least = Size(index.0.saturating_add(1));
    let witnessed = evidence.newest_witnessed(at_least).await?;
    let chosen = match witnessed.filter(|one| policy.is_none_or(|policy| is_met(policy, one))) {
        Some(witnessed) => Some(witnessed),
        None => evidence.newest().await?,
    };
    let Some(checkpoint) = chosen.filter(|one| one.checkpoint().head.size >= at_least) else {
        return Ok(None);
    };
    let head = checkpoint.checkpoint().head;
    let proof = compute(evidence, |hashes| {
        proof::inclusion(hashes, index, head.size)
    })
    .await?;
    let leaf = Place {
        level: 0,
        index: index.0,
    };
    let leaf = evidence.hashes(&[leaf]).await?;
    let holds = |leaf| verify_inclusion(leaf, index, &head, &proof).is_ok();
    if !leaf.iter().all(holds) {
        // a damaged hash: no receipt is better than one that does not verify
        return Err(EvidenceError::Unsound);
    }
    Ok(Some(Receipt {
        index,
        extra: Vec::new(),
        proof,
        checkpoint,
    }))
}

/// Whether enough witnesses of the policy have cosigned, and none falsely.
pub(super) fn is_met(policy: &Policy, checkpoint: &SignedCheckpoint) -> bool {
    let mut cosigned = BTreeSet::new();
    for witness in policy.witnesses() {
        match witness.key.check(checkpoint.note()) {
            Ok(Some(_at)) => _ = cosigned.insert(witness.name.as_str()),
            Ok(None) => {}
            Err(_forged) => return false,
        }
    }
    policy.is_met(&cosigned)
}

/// A note that was stored under a size.
pub(super) fn parsed(size: Size, note: &str) -> Result<SignedCheckpoint, EvidenceError> {
    let malformed = |source| EvidenceError::Malformed { size, source };
    let checkpoint = SignedCheckpoint::parse(note.as_bytes()).map_err(malformed)?;
    if checkpoint.checkpoint().head.size != size {
        return Err(malformed(tlog::Malformed(
            "not the size that it is stored under",
        )));
    }
    Ok(checkpoint)
}

/// The hashes that were fetched so far.
#[derive(Default)]
struct Fetched(BTreeMap<Place, Hash>);

/// These places are to be fetched first.
#[derive(Debug, thiserror::Error)]
#[error("hashes are to be fetched first")]
struct Unfetched(Vec<Place>);

impl HashReader for Fetched {
    type Error = Unfetched;

    fn read(&self, places: &[Place]) -> Result<Vec<Hash>, Unfetched> {
        let known = places.iter().map(|place| self.0.get(place).copied());
        known
            .collect::<Option<_>>()
            .ok_or_else(|| Unfetched(places.to_vec()))
    }
}

/// Computes with the hashes that the computation asks for. It asks once: `tlog` reads at once.
async fn compute<T>(
    evidence: &dyn Evidence,
    computation: impl Fn(&Fetched) -> Result<T, ReadError<Unfetched>>,
) -> Result<T, EvidenceError> {
    let places = match computation(&Fetched::default()) {
        Ok(result) => return Ok(result),
        Err(ReadError::Reader(Unfetched(places))) => places,
        Err(ReadError::Outside | ReadError::Count { .. }) => return Err(EvidenceError::Outside),
    };
    let hashes = evidence.hashes(&places).await?;
    let fetched = Fetched(places.into_iter().zip(hashes).collect());
    computation(&fetched).map_err(|_unsound| EvidenceError::Unsound)
}
