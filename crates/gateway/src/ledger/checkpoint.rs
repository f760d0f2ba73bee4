//! Checkpoints and what connects them. They say nothing about an entry: every certificate may read them.

use api::status::Refusal;
use api::v1;
use domain::reason::Reason;
use journal::evidence;
use tlog::tree::Size;
use tlog::witness;

use super::{checkpoint, unproven};
use crate::call::Call;
use crate::core::Core;

pub(super) async fn get(
    core: &Core,
    _call: &Call,
    request: v1::GetCheckpointRequest,
) -> Result<v1::GetCheckpointResponse, Refusal> {
    let log = core.evidence.as_ref();
    let newest = if request.witnessed {
        log.newest_witnessed(Size(1)).await
    } else {
        log.newest().await
    };
    match newest.map_err(unproven)? {
        Some(newest) => Ok(v1::GetCheckpointResponse {
            checkpoint: Some(checkpoint(core, &newest)),
        }),
        None => Err(core.not_signed().await?),
    }
}

pub(super) async fn prove(
    core: &Core,
    _call: &Call,
    request: v1::GetConsistencyProofRequest,
) -> Result<v1::GetConsistencyProofResponse, Refusal> {
    let log = core.evidence.as_ref();
    let beyond = |field| Refusal::field(field, Reason::FieldOutOfRange);
    let size = u64::try_from(request.size).map_err(|_negative| beyond("size"))?;
    let newer = match size.checked_sub(1) {
        Some(before) => {
            let found = log.checkpoints(Size(before), Size(size), 1).await;
            found.map(|mut found| found.pop())
        }
        None => log.newest().await,
    };
    let newer = match newer.map_err(unproven)? {
        Some(newer) => newer,
        None if size > 0 => return Err(Refusal::new(Reason::NotFound)),
        None => return Err(core.not_signed().await?),
    };
    let old = u64::try_from(request.old_size).map_err(|_negative| beyond("old_size"))?;
    let (old, size) = (Size(old), newer.checkpoint().head.size);
    if old == Size(0) || old > size {
        return Err(beyond("old_size"));
    }
    let proof = evidence::consistency(log, old, size).await;
    let shown = checkpoint(core, &newer);
    let text = witness::Request {
        old,
        proof: proof.map_err(unproven)?,
        checkpoint: newer,
    };
    Ok(v1::GetConsistencyProofResponse {
        proof: text.to_string(),
        checkpoint: Some(shown),
    })
}
