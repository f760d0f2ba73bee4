//! Writes an export, one entry after the other: what is kept in memory does not grow.

use std::io::Write;

use domain::subject::Position;
use tlog::tree::{Frontier, Hash};

use super::{ENTRY_BYTES_MAX, End, ExportError, FRAME_BYTES, Head, check};

/// An export that is being written.
#[derive(Debug)]
pub struct Writer<W> {
    file: W,
    head: Head,
    next: Position,
    frontier: Frontier,
}

impl<W: Write> Writer<W> {
    /// Begins a file.
    pub fn begin(mut file: W, head: Head) -> Result<Self, ExportError> {
        head.is_sound()?;
        file.write_all(head.lines().as_bytes())?;
        Ok(Self {
            file,
            next: head.first,
            head,
            frontier: Frontier::EMPTY,
        })
    }

    /// Writes the next entry, as it is stored. It must be the next one, and one that the head promises.
    pub fn put(&mut self, position: Position, bytes: &[u8]) -> Result<(), ExportError> {
        let damaged = |what| ExportError::Damaged { position, what };
        if position != self.next || position > self.head.last {
            return Err(damaged("not the next one"));
        }
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(damaged("too large"));
        }
        let leaf = Hash::leaf(bytes);
        self.write(position, bytes, &leaf)?;
        self.frontier.append([leaf]);
        self.next = Position(position.0 + 1);
        Ok(())
    }

    /// Ends the file, with the digest of the state if it was taken.
    pub fn end(mut self, digest: Option<String>) -> Result<(W, End), ExportError> {
        if self.next <= self.head.last {
            return Err(ExportError::CutOff(Position(self.next.0 - 1)));
        }
        let tree = self.frontier.head();
        let end = End {
            entries: tree.size.0,
            root: tree.root,
            digest,
        };
        let lines = end.lines(&self.head);
        self.write(Position(0), lines.as_bytes(), &Hash::leaf(lines.as_bytes()))?;
        self.file.flush()?;
        Ok((self.file, end))
    }

    fn write(&mut self, place: Position, bytes: &[u8], leaf: &Hash) -> Result<(), ExportError> {
        let mut frame = Vec::with_capacity(FRAME_BYTES);
        frame.extend(place.0.to_be_bytes());
        frame.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        frame.extend(check(leaf));
        self.file.write_all(&frame)?;
        self.file.write_all(bytes)?;
        Ok(())
    }
}
