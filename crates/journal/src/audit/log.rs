//! Holds the record against the log that stands beside it: each leaf and hash, each checkpoint's root and signatures.
//! Nothing is written, and no alarm raised: who asks is told.

use domain::subject::Position;
use tlog::policy::Policy;
use tlog::tree::{Hash, Head, Place, Size};

use super::{PAGE, Rows};
use crate::evidence::{Alarm, Evidence, EvidenceError, Fault, Recount};

/// What was seen of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// How far record and log agree, and to which root.
    pub agreed: Head,
    /// How many entries were logged.
    pub reached: Size,
    /// How many entries the newest checkpoint covers.
    pub signed: Size,
    /// What is wrong at the first entry at which they do not agree.
    pub difference: Option<Alarm>,
}

impl Logged {
    /// The first entry at which record and log do not agree.
    #[must_use]
    pub fn differs_at(&self) -> Option<Position> {
        let next = self.agreed.size.0.saturating_add(1);
        self.difference.as_ref().map(|_alarm| Position(next))
    }
}

/// Holds a record against its log, up to what was logged when it began. Logs of the policy must have signed all
/// checkpoints. `seen` is told how many entries were looked at.
pub async fn verify_log(
    rows: &mut dyn Rows,
    log: &dyn Evidence,
    policy: Policy,
    seen: impl FnMut(usize) + Send,
) -> Result<Logged, Fault> {
    // in this order: whoever leads integrates first
    let signed = match log.newest().await {
        Ok(newest) => newest.map_or(Size(0), |newest| newest.checkpoint().head.size),
        // named where it stands, if nothing is wrong before it
        Err(EvidenceError::Malformed { size, .. }) => size,
        Err(error) => return Err(error.into()),
    };
    let integrated = log.size().await?;
    let mut recount = Recount::under(policy);
    let difference = match compare(&mut recount, rows, log, [integrated, signed], seen).await {
        Ok(()) => None,
        Err(Fault::Alarm(alarm)) => Some(alarm),
        Err(error) => return Err(error),
    };
    Ok(Logged {
        agreed: recount.head(),
        reached: integrated.max(signed),
        signed,
        difference,
    })
}

async fn compare(
    recount: &mut Recount,
    rows: &mut dyn Rows,
    log: &dyn Evidence,
    [integrated, signed]: [Size; 2],
    mut seen: impl FnMut(usize) + Send,
) -> Result<(), Fault> {
    let logged = integrated.max(signed);
    while recount.head().size < logged {
        let Size(at) = recount.head().size;
        let ahead = usize::try_from(integrated.0.saturating_sub(at)).unwrap_or(usize::MAX);
        // behind what is integrated one more: whether the entry is lost, or its hash
        let page = rows.entries(Position(at), ahead.clamp(1, PAGE)).await?;
        if page.is_empty() {
            return Err(Alarm::Behind(logged).into());
        }
        if ahead == 0 {
            let place = Place {
                level: 0,
                index: at,
            };
            return Err(Alarm::HashMissing(place).into());
        }
        let in_place = page.iter().zip(at + 1..);
        let in_place = in_place.take_while(|((position, _), expected)| position.0 == *expected);
        let leaves: Vec<Hash> = in_place.map(|((_, bytes), _)| Hash::leaf(bytes)).collect();
        let is_whole = leaves.len() == page.len();
        seen(leaves.len());
        if !leaves.is_empty() {
            recount.compare(log, leaves).await?;
        }
        if !is_whole {
            return Err(Alarm::EntryMissing(recount.head().size.0 + 1).into());
        }
    }
    Ok(())
}
