//! What witnesses and logs say to each other: `add-checkpoint` of c2sp.org/tlog-witness, version 1. The decision is
//! made here; to store, to sign and to answer is for the process around it.

use std::fmt;

use crate::checkpoint::SignedCheckpoint;
use crate::cosignature::{UnixTime, Witness};
use crate::key::{Forged, Log, Verifier};
use crate::limits::{DOCUMENT_BYTES_MAX, NOTE_BYTES_MAX};
use crate::note::Signature;
use crate::proof::verify_consistency;
use crate::tree::{Hash, Head, Size};
use crate::{Malformed, text};

#[cfg(test)]
mod tests;

/// The content type of the body of [`Refusal::OtherSize`].
pub const SIZE_CONTENT_TYPE: &str = "text/x.tlog.size";

/// Asks a witness to cosign. Its display form is the request's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The size of the tree that the witness is thought to have cosigned last.
    pub old: Size,
    /// That the new tree continues that one.
    pub proof: Vec<Hash>,
    /// The new tree.
    pub checkpoint: SignedCheckpoint,
}

impl Request {
    /// Reads the body; what cannot be read is answered with status 400.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut rest = text::read(bytes, DOCUMENT_BYTES_MAX)?;
        let old = text::line(&mut rest)
            .and_then(|line| line.strip_prefix("old "))
            .and_then(text::decimal);
        Ok(Self {
            old: Size(old.ok_or(Malformed("no old size"))?),
            proof: text::proof(&mut rest)?,
            checkpoint: SignedCheckpoint::parse(rest.as_bytes())?,
        })
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old.0)?;
        for hash in &self.proof {
            writeln!(f, "{hash}")?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

/// What a witness knows of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The keys that it trusts for the log's origin.
    pub keys: Vec<Verifier<Log>>,
    /// What it cosigned last; [`Head::EMPTY`] before the first time.
    pub head: Head,
}

/// What a witness does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Replace the known head by this one, unless it was replaced meanwhile; then cosign; then answer 200 with
    /// the signature line.
    Cosign(Head),
    /// Answer so, and change nothing.
    Refuse(Refusal),
}

/// Why a witness does not cosign. Its display form is the answer's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 404: the witness knows no log of that origin.
    UnknownOrigin,
    /// 403: no trusted key signed it, or a signature in its name is false.
    NotSigned,
    /// 400: the old tree is bigger than the new one.
    Shrinking,
    /// 409: this is what the witness cosigned last, and the proof must begin there. The body has
    /// [`SIZE_CONTENT_TYPE`].
    OtherSize(Size),
    /// 409: another tree of the same size. The log is false.
    OtherRoot,
    /// 422: the proof does not show that the new tree continues the old one.
    Inconsistent,
}

impl Refusal {
    /// The HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Self::Shrinking => 400,
            Self::NotSigned => 403,
            Self::UnknownOrigin => 404,
            Self::OtherSize(_) | Self::OtherRoot => 409,
            Self::Inconsistent => 422,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownOrigin => writeln!(f, "unknown origin"),
            Self::NotSigned => writeln!(f, "not signed by a trusted key"),
            Self::Shrinking => writeln!(f, "the old size is above the new one"),
            Self::OtherSize(known) => writeln!(f, "{}", known.0),
            Self::OtherRoot => writeln!(f, "another root was cosigned for this size"),
            Self::Inconsistent => writeln!(f, "the consistency proof does not verify"),
        }
    }
}

/// Decides about a request, with what is known of the log that its checkpoint names.
pub fn consider(known: Option<&Known>, request: &Request) -> Decision {
    match refusal(known, request) {
        Some(refusal) => Decision::Refuse(refusal),
        None => Decision::Cosign(request.checkpoint.checkpoint().head),
    }
}

/// In the order of the specification.
fn refusal(known: Option<&Known>, request: &Request) -> Option<Refusal> {
    let Some(known) = known else {
        return Some(Refusal::UnknownOrigin);
    };
    let new = request.checkpoint.checkpoint().head;
    let note = request.checkpoint.note();
    let checked: Result<Vec<_>, Forged> = known.keys.iter().map(|key| key.check(note)).collect();
    if !checked.is_ok_and(|signed| signed.contains(&Some(()))) {
        return Some(Refusal::NotSigned);
    }
    if request.old > new.size {
        return Some(Refusal::Shrinking);
    }
    if request.old != known.head.size {
        return Some(Refusal::OtherSize(known.head.size));
    }
    if known.head.size == new.size && known.head.root != new.root {
        return Some(Refusal::OtherRoot);
    }
    verify_consistency(&known.head, &new, &request.proof)
        .is_err()
        .then_some(Refusal::Inconsistent)
}

/// Why an answer brought no cosignature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerFault {
    /// It is no list of signatures.
    #[error("the answer cannot be read")]
    Malformed(#[source] Malformed),
    /// The witness's line is not by its key, or not for this checkpoint.
    #[error("the cosignature is false")]
    Forged(#[source] Forged),
    /// The witness's line is missing.
    #[error("the answer has no cosignature by this witness")]
    Missing,
}

/// Takes a witness's cosignature from its answer with status 200 into the checkpoint, and gives its time. Lines of
/// others are left out.
pub fn accept(
    checkpoint: &mut SignedCheckpoint,
    witness: &Verifier<Witness>,
    answer: &[u8],
) -> Result<UnixTime, AnswerFault> {
    let lines = text::read(answer, NOTE_BYTES_MAX).and_then(Signature::parse_lines);
    let mut latest = None;
    for line in lines.map_err(AnswerFault::Malformed)? {
        let at = witness
            .statement(checkpoint.note().text(), &line)
            .map_err(AnswerFault::Forged)?;
        latest = latest.max(at.map(|at| (at, line)));
    }
    let (at, line) = latest.ok_or(AnswerFault::Missing)?;
    checkpoint.add(line);
    Ok(at)
}

/// Reads the body of an answer with status 409 and [`SIZE_CONTENT_TYPE`]: where the proof must begin.
pub fn known_size(answer: &[u8]) -> Result<Size, Malformed> {
    let size = str::from_utf8(answer).ok();
    let size = size.and_then(|size| text::decimal(size.strip_suffix('\n')?));
    size.map(Size).ok_or(Malformed("not the size of a tree"))
}
