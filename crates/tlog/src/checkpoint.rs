//! Checkpoints of c2sp.org/tlog-checkpoint: a log's name, its size and its root, as a signed note.

use std::fmt;

use crate::key::{Log, Signer};
use crate::note::{Note, Signature};
use crate::tree::{Head, Size};
use crate::{Malformed, text};

#[cfg(test)]
mod tests;

/// The name of a log for ever: one line, not empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin(String);

impl Origin {
    /// Reads the name.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.is_empty() || text.contains(|sign| sign < ' ') {
            return Err(Malformed("an origin is a line of text"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a checkpoint says. Its display form is the text that is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: Origin,
    /// Its tree.
    pub head: Head,
}

impl Checkpoint {
    /// Reads the text of a note. Lines after the third say nothing about the tree: they are tolerated, never
    /// written.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut lines = text.split_terminator('\n');
        let mut next = || {
            lines
                .next()
                .ok_or(Malformed("a checkpoint has three lines"))
        };
        let (origin, size, root) = (next()?, next()?, next()?);
        if lines.any(str::is_empty) {
            return Err(Malformed("a checkpoint has no empty lines"));
        }
        Ok(Self {
            origin: Origin::parse(origin)?,
            head: Head {
                size: Size(text::decimal(size).ok_or(Malformed("not the size of a tree"))?),
                root: text::hash(root).ok_or(Malformed("not the root of a tree"))?,
            },
        })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Head { size, root } = self.head;
        write!(f, "{}\n{}\n{root}\n", self.origin, size.0)
    }
}

/// A checkpoint as a signed note: by its log, and by witnesses. Its display form is the note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
}

impl SignedCheckpoint {
    /// Signs a tree; the key has the name of the log. The tree must continue every tree that the log signed before.
    pub fn sign(head: Head, signer: &Signer<Log>) -> Self {
        let origin = Origin(signer.verifier().name().to_string());
        let checkpoint = Checkpoint { origin, head };
        let note = Note::signed(checkpoint.to_string(), signer);
        Self { note, checkpoint }
    }

    /// Reads the note. Nothing is verified yet.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let note = Note::parse(bytes)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self { note, checkpoint })
    }

    /// What it says.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Adds a signature in the place of an earlier one by the same key.
    pub fn add(&mut self, signature: Signature) {
        self.note.add(signature);
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.note, f)
    }
}
