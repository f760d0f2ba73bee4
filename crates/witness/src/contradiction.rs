//! Contradictions: checkpoints signed by a log that another history must have led to than the one that was cosigned.
//! The two notes together show it to anybody, so they are kept; nothing here decides.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use daemon::file;
use tlog::checkpoint::SignedCheckpoint;
use tlog::tree::Head;
use tlog::witness::Refusal;

use crate::limits::CONTRADICTIONS_MAX;

/// The folder that they are in.
const FOLDER: &str = "contradictions";

/// How certain it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Two roots for one size: the log has shown two histories, and its signatures prove it.
    SplitView,
    /// The proof does not lead from what is known to what is new: another history, or a worthless proof.
    Unproven,
}

impl Kind {
    /// What a refused checkpoint shows, if anything; its signature was found good.
    pub(crate) fn of(refusal: Refusal, known: &Head, new: &Head) -> Option<Self> {
        let is_other = known.size == new.size && known.root != new.root;
        match refusal {
            Refusal::OtherRoot | Refusal::OtherSize(_) if is_other => Some(Self::SplitView),
            Refusal::Inconsistent => Some(Self::Unproven),
            Refusal::OtherRoot
            | Refusal::OtherSize(_)
            | Refusal::UnknownOrigin
            | Refusal::NotSigned
            | Refusal::Shrinking => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::SplitView => "split-view",
            Self::Unproven => "unproven",
        }
    }
}

/// Keeps both notes, unless they are kept or there is no room. Says where, if they are new.
pub(crate) fn keep(
    folder: &Path,
    kind: Kind,
    known: &SignedCheckpoint,
    refused: &SignedCheckpoint,
) -> io::Result<Option<PathBuf>> {
    let folder = folder.join(FOLDER);
    fs::create_dir_all(&folder)?;
    let Head { size, root } = refused.checkpoint().head;
    let root = root.as_bytes().first_chunk().copied().unwrap_or_default();
    let name = format!(
        "{}-{}-{:016x}",
        kind.name(),
        size.0,
        u64::from_be_bytes(root)
    );
    let mut kept = 0;
    for file in fs::read_dir(&folder)? {
        let file = file?.file_name();
        let Some(other) = file.to_str().and_then(|file| file.strip_suffix(".refused")) else {
            continue;
        };
        if other == name {
            return Ok(None);
        }
        kept += usize::from(other.starts_with(kind.name()));
    }
    if kept >= CONTRADICTIONS_MAX {
        return Ok(None);
    }
    let file = |ending| folder.join(format!("{name}.{ending}"));
    file::replace(&file("known"), &known.to_string())?;
    file::replace(&file("refused"), &refused.to_string())?;
    Ok(Some(folder.join(name)))
}
