//! The log computed anew from the journal, and held against what is stored of it. Whoever signs, whoever follows
//! and whoever only checks do it the same way.

use domain::subject::Position;
use tlog::checkpoint::SignedCheckpoint;
use tlog::key::{Log, Verifier};
use tlog::policy::Policy;
use tlog::receipt::Refusal;
use tlog::tree::{Frontier, Hash, Head, Place, Size};

use super::{Alarm, Evidence, Fault, frontier, stored_leaves};
use crate::Journal;
use crate::limits::READ_ENTRIES_MAX;

/// The log as the journal makes it.
#[derive(Clone, Debug)]
pub struct Recount {
    frontier: Frontier,
    trust: Trust,
}

/// Who must have signed the checkpoints.
#[derive(Clone, Debug)]
enum Trust {
    /// Anybody: roots alone are compared.
    Anybody,
    /// The key, those that are in its name. A log before it had another name.
    Key(Verifier<Log>),
    /// A log of the policy, and nobody falsely.
    Policy(Policy),
}

/// What some leaves lead to.
struct Step {
    frontier: Frontier,
    full: Vec<(Place, Hash)>,
    /// The first checkpoint among them that is not what it should be.
    fault: Option<Alarm>,
}

impl Recount {
    /// From a size on: the hashes before it are taken as they are stored. Checkpoints must be signed by the key if
    /// they say so.
    pub async fn from(
        evidence: &dyn Evidence,
        size: Size,
        key: Option<Verifier<Log>>,
    ) -> Result<Self, Fault> {
        let frontier = frontier(evidence, size).await?;
        let trust = key.map_or(Trust::Anybody, Trust::Key);
        Ok(Self { frontier, trust })
    }

    /// From the beginning. A log of the policy must have signed every checkpoint, and none of its keys falsely.
    #[must_use]
    pub fn under(policy: Policy) -> Self {
        Self {
            frontier: Frontier::EMPTY,
            trust: Trust::Policy(policy),
        }
    }

    /// Size and root so far.
    pub fn head(&self) -> Head {
        self.frontier.head()
    }

    /// Takes in the next leaves, at most one read of the journal, which must be integrated: every hash that they
    /// complete and every checkpoint among them must be what is stored. When something is not, all before the first
    /// entry at which it is not was taken in.
    pub async fn compare(
        &mut self,
        evidence: &dyn Evidence,
        leaves: Vec<Hash>,
    ) -> Result<(), Fault> {
        let one_by_one = leaves.clone();
        match self.compare_at_once(evidence, leaves).await {
            Err(Fault::Alarm(_somewhere)) => {}
            compared => return compared,
        }
        for leaf in one_by_one {
            self.compare_at_once(evidence, vec![leaf]).await?;
        }
        Ok(())
    }

    async fn compare_at_once(
        &mut self,
        evidence: &dyn Evidence,
        leaves: Vec<Hash>,
    ) -> Result<(), Fault> {
        let step = self.step(evidence, leaves).await?;
        let places: Vec<Place> = step.full.iter().map(|(place, _hash)| *place).collect();
        let stored = evidence.hashes(&places).await?;
        for ((place, hash), stored) in step.full.iter().zip(stored) {
            if *hash != stored {
                return Err(match place.level {
                    0 => Alarm::EntryDiffers(place.index + 1),
                    _ => Alarm::HashDiffers(*place),
                }
                .into());
            }
        }
        step.fault.map_or(Ok(()), Err)?;
        self.frontier = step.frontier;
        Ok(())
    }

    /// Takes in the next leaves, at most one read of the journal, and stores what they complete.
    pub async fn integrate(
        &mut self,
        evidence: &dyn Evidence,
        leaves: Vec<Hash>,
    ) -> Result<(), Fault> {
        let from = self.head().size;
        let step = self.step(evidence, leaves).await?;
        step.fault.map_or(Ok(()), Err)?;
        evidence.integrate(from, &step.full).await?;
        self.frontier = step.frontier;
        Ok(())
    }

    async fn step(&self, evidence: &dyn Evidence, leaves: Vec<Hash>) -> Result<Step, Fault> {
        let mut frontier = self.frontier.clone();
        let (mut full, mut fault) = (Vec::with_capacity(2 * leaves.len()), None);
        let mut size = self.head().size.0;
        let count = leaves.len();
        let until = Size(size.saturating_add(u64::try_from(count).unwrap_or(u64::MAX)));
        let checkpoints = evidence.checkpoints(Size(size), until, count).await?;
        let mut leaves = leaves.into_iter();
        for checkpoint in checkpoints {
            let head = checkpoint.checkpoint().head;
            let before = usize::try_from(head.size.0 - size).unwrap_or(usize::MAX);
            if before > leaves.len() {
                break;
            }
            full.extend(frontier.append(leaves.by_ref().take(before)));
            size = head.size.0;
            fault = fault.or_else(|| self.judge(&checkpoint, frontier.head()));
        }
        full.extend(frontier.append(leaves));
        Ok(Step {
            frontier,
            full,
            fault,
        })
    }

    fn judge(&self, checkpoint: &SignedCheckpoint, head: Head) -> Option<Alarm> {
        if checkpoint.checkpoint().head != head {
            return Some(Alarm::RootDiffers(head.size));
        }
        let (damaged, unsigned) = (
            Alarm::CheckpointDamaged(head.size),
            Alarm::CheckpointUnsigned(head.size),
        );
        match &self.trust {
            Trust::Anybody => None,
            Trust::Key(key) => match key.check(checkpoint.note()) {
                Err(_forged) => Some(damaged),
                Ok(Some(())) => None,
                Ok(None) => {
                    let is_its_own = checkpoint.checkpoint().origin.as_str() == key.name().as_str();
                    is_its_own.then_some(unsigned)
                }
            },
            Trust::Policy(policy) => match checkpoint.verify(policy) {
                Ok(_signed) => None,
                Err(Refusal::UnknownLog) => Some(unsigned),
                Err(Refusal::Forged(_) | Refusal::NotIncluded(_)) => Some(damaged),
            },
        }
    }
}

/// How far a log reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// What is integrated. Smaller than what is signed only when hashes were lost.
    pub integrated: Size,
    /// What the newest checkpoint covers.
    pub signed: Size,
}

/// How far the log reaches. The journal must reach as far.
pub async fn reach(journal: &dyn Journal, evidence: &dyn Evidence) -> Result<Reach, Fault> {
    // in this order: whoever leads integrates first
    let newest = evidence.newest().await?;
    let signed = newest.map_or(Size(0), |newest| newest.checkpoint().head.size);
    let integrated = evidence.size().await?;
    let logged = integrated.max(signed);
    if !journal.reaches(Position(logged.0)).await? {
        return Err(Alarm::Behind(logged).into());
    }
    Ok(Reach { integrated, signed })
}

/// The tree of the journal's first entries: from stored hashes up to one size, from the journal's bytes after it.
/// None when the journal ends before.
pub async fn tree_of(
    journal: &dyn Journal,
    evidence: &dyn Evidence,
    hashed: Size,
    size: Size,
) -> Result<Option<Head>, Fault> {
    if !journal.reaches(Position(size.0)).await? {
        return Ok(None);
    }
    let mut frontier = frontier(evidence, hashed.min(size)).await?;
    while frontier.head().size < size {
        let at = frontier.head().size;
        let leaves = stored_leaves(journal, at, size, READ_ENTRIES_MAX).await?;
        frontier.append(leaves);
    }
    Ok(Some(frontier.head()))
}

/// Reads the whole journal and holds it against the log: every entry, every hash, every checkpoint. Gives what was
/// verified; entries after it are not logged yet.
pub async fn verify(
    journal: &dyn Journal,
    evidence: &dyn Evidence,
    key: Option<Verifier<Log>>,
) -> Result<Head, Fault> {
    let Reach { integrated, signed } = reach(journal, evidence).await?;
    let mut recount = Recount::from(evidence, Size(0), key).await?;
    while recount.head().size < integrated {
        let size = recount.head().size;
        let leaves = stored_leaves(journal, size, integrated, READ_ENTRIES_MAX).await?;
        recount.compare(evidence, leaves).await?;
    }
    if signed > integrated {
        let (level, index) = (0, integrated.0);
        return Err(Alarm::HashMissing(Place { level, index }).into());
    }
    Ok(recount.head())
}
