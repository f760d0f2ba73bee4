//! Reads an export, one entry after the other, and believes nothing: place, length and check of each entry, and
//! in the end the root over all.

use std::io::{BufRead, ErrorKind, Read as _};

use domain::subject::Position;
use tlog::tree::{Frontier, Hash};

use super::{
    CHECK_BYTES, ENTRY_BYTES_MAX, End, ExportError, FRAME_BYTES, HEAD_BYTES_MAX, Head, check,
};

/// An export that is being read.
#[derive(Debug)]
pub struct Reader<R> {
    file: R,
    head: Head,
    next: Position,
    frontier: Frontier,
    end: Option<End>,
}

/// What stands before some bytes.
struct Frame {
    place: u64,
    length: usize,
    check: [u8; CHECK_BYTES],
}

impl<R: BufRead> Reader<R> {
    /// Reads the head of a file.
    pub fn open(mut file: R) -> Result<Self, ExportError> {
        let head = Head::parse(&read_head(&mut file)?)?;
        Ok(Self {
            file,
            next: head.first,
            head,
            frontier: Frontier::EMPTY,
            end: None,
        })
    }

    /// What the file says of itself. The end confirms it.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The end of the file, once it was read.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// The next entry as it was stored; none at the end, which was then held against all before it.
    #[expect(
        clippy::should_implement_trait,
        reason = "after an error there is nothing more to ask for"
    )]
    pub fn next(&mut self) -> Result<Option<(Position, Vec<u8>)>, ExportError> {
        if self.end.is_some() {
            return Ok(None);
        }
        let position = self.next;
        let is_last = position > self.head.last;
        let frame = self.frame()?;
        let expected = if is_last { 0 } else { position.0 };
        let fault = if frame.place != expected {
            Some("not in its place")
        } else if frame.length > ENTRY_BYTES_MAX {
            Some("longer than any entry")
        } else {
            None
        };
        if let Some(what) = fault {
            return Err(self.damaged(what));
        }
        let mut bytes = vec![0; frame.length];
        self.fill(&mut bytes)?;
        let leaf = Hash::leaf(&bytes);
        if check(&leaf) != frame.check {
            return Err(self.damaged("not what was written"));
        }
        if is_last {
            self.finish(&bytes)?;
            return Ok(None);
        }
        self.frontier.append([leaf]);
        self.next = Position(position.0 + 1);
        Ok(Some((position, bytes)))
    }

    fn finish(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        let tree = self.frontier.head();
        let text = std::str::from_utf8(bytes).map_err(|_foreign| ExportError::End)?;
        let end = End::parse(text, &self.head, tree.size.0, tree.root)?;
        if !self.file.fill_buf()?.is_empty() {
            return Err(ExportError::Behind);
        }
        self.end = Some(end);
        Ok(())
    }

    fn frame(&mut self) -> Result<Frame, ExportError> {
        let (mut place, mut length, mut check) = ([0; 8], [0; 4], [0; CHECK_BYTES]);
        let mut frame = [0; FRAME_BYTES];
        self.fill(&mut frame)?;
        let mut bytes = frame.into_iter();
        for byte in place.iter_mut().chain(&mut length).chain(&mut check) {
            *byte = bytes.next().unwrap_or_default();
        }
        Ok(Frame {
            place: u64::from_be_bytes(place),
            length: usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX),
            check,
        })
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ExportError> {
        let before = Position(self.next.0 - 1);
        self.file.read_exact(bytes).map_err(|error| {
            if error.kind() == ErrorKind::UnexpectedEof {
                ExportError::CutOff(before)
            } else {
                error.into()
            }
        })
    }

    /// Where the entries are over, it is the end that is damaged.
    fn damaged(&self, what: &'static str) -> ExportError {
        if self.next > self.head.last {
            return ExportError::End;
        }
        ExportError::Damaged {
            position: self.next,
            what,
        }
    }
}

/// The lines up to the empty one.
fn read_head(file: &mut impl BufRead) -> Result<String, ExportError> {
    let mut head = Vec::new();
    let mut limited = file.take(u64::try_from(HEAD_BYTES_MAX).unwrap_or(u64::MAX));
    while !head.ends_with(b"\n\n") {
        if limited.read_until(b'\n', &mut head)? == 0 {
            // cut off, or no head of ours: what there is of it tells
            break;
        }
    }
    String::from_utf8(head).map_err(|_foreign| ExportError::Foreign)
}
