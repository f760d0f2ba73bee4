//! What is said to one witness, `add-checkpoint` of c2sp.org/tlog-witness, and what its answers mean. How they
//! travel and what follows from them is for others.

use journal::evidence::{self, Evidence, EvidenceError};
use tlog::checkpoint::SignedCheckpoint;
use tlog::cosignature::Witness;
use tlog::key::Verifier;
use tlog::note::Signature;
use tlog::proof::verify_consistency;
use tlog::tree::{Hash, Head, Size};
use tlog::witness::{AnswerFault, Request, accept, known_size};

use super::post::{Post, PostError};

/// Requests about one checkpoint: one that may be told the size, one that begins there, one more if the witness
/// was asked by somebody else in between.
const TRIES: u32 = 3;

/// What a witness said.
#[derive(Debug)]
pub(super) enum Said {
    /// It cosigned; the line was verified.
    Cosigned(Signature),
    /// It has cosigned a tree of this log that ours does not continue.
    Otherwise,
}

/// Why a witness said neither.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// It was not reached.
    #[error(transparent)]
    Post(#[from] PostError),
    /// It did not answer in time.
    #[error("no answer in time")]
    Silent,
    /// It answered with a status that says nothing about the tree.
    #[error("status {0}")]
    Status(u16),
    /// Its cosignature is none.
    #[error("its answer is not to be used")]
    Cosignature(#[from] AnswerFault),
    /// The size it told is none.
    #[error("its answer is not to be used")]
    Size(#[source] tlog::Malformed),
    /// It knows a newer tree of ours, or another size each time.
    #[error("it goes on from another tree each time")]
    Overtaken,
    /// It contradicts.
    #[error("it has cosigned another history")]
    Contradicts,
    /// Our own log could not be read or written.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

/// Asks a witness to cosign a published checkpoint. `known` is the size that it is thought to have cosigned last,
/// and is set to what it says.
pub(super) async fn ask(
    evidence: &dyn Evidence,
    key: &Verifier<Witness>,
    checkpoint: &SignedCheckpoint,
    known: &mut Size,
    way: &impl Post,
) -> Result<Said, Failed> {
    let head = checkpoint.checkpoint().head;
    for _ in 0..TRIES {
        let old = *known;
        if old > head.size {
            return beyond(evidence, old).await;
        }
        let proof = evidence::consistency(evidence, old, head.size).await?;
        let request = Request {
            old,
            proof,
            checkpoint: checkpoint.clone(),
        };
        let reply = way.post(request.to_string()).await?;
        let told = reply.is_size.then(|| known_size(&reply.body));
        match (reply.status, told.transpose().map_err(Failed::Size)?) {
            (200, None) => {
                let mut cosigned = checkpoint.clone();
                accept(&mut cosigned, key, &reply.body)?;
                *known = head.size;
                let is_its =
                    |line: &&Signature| (&line.name, line.key_id) == (key.name(), key.id());
                let line = cosigned.note().signatures().iter().find(is_its);
                return line
                    .cloned()
                    .map(Said::Cosigned)
                    .ok_or(Failed::Cosignature(AnswerFault::Missing));
            }
            (409, Some(told)) if told != old => *known = told,
            // what it knows has this very size, so it has another root
            (409, _) if old == head.size => return Ok(Said::Otherwise),
            (422, None) if old > Size(0) => {
                proves(evidence, old, &head, &request.proof).await?;
                return Ok(Said::Otherwise);
            }
            (status, _) => return Err(Failed::Status(status)),
        }
    }
    Err(Failed::Overtaken)
}

/// It knows a tree that is greater than the one it is asked about. If it is greater than all that was published, it
/// is none of ours.
async fn beyond(evidence: &dyn Evidence, known: Size) -> Result<Said, Failed> {
    let newest = evidence.newest().await?;
    if newest.is_some_and(|newest| newest.checkpoint().head.size >= known) {
        return Err(Failed::Overtaken);
    }
    Ok(Said::Otherwise)
}

/// That our own proof holds, so that a refusal of it says something about the witness's tree.
async fn proves(
    evidence: &dyn Evidence,
    old: Size,
    head: &Head,
    proof: &[Hash],
) -> Result<(), EvidenceError> {
    let root = evidence::root(evidence, old).await?;
    let old = Head { size: old, root };
    verify_consistency(&old, head, proof).map_err(|_unproven| EvidenceError::Unsound)
}
