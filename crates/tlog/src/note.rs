//! Signed notes of c2sp.org/signed-note: a text and the lines of those who signed it. What a note says is worth
//! nothing before a key of [`crate::key`] has verified it.

use std::fmt;

use crate::Malformed;
use crate::key::{Log, Signer};
use crate::limits::{NOTE_BYTES_MAX, SIGNATURES_MAX};
use crate::text;

#[cfg(test)]
mod tests;

/// What a signature line begins with.
const DASH: &str = "\u{2014} ";

/// The name of a key: not empty, without spaces and plus.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let refused = |sign: char| sign.is_whitespace() || sign == '+' || is_refused(sign);
        if text.is_empty() || text.contains(refused) {
            return Err(Malformed("not the name of a key"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Tells keys of one name apart; four bytes of a hash, so no proof of anything. Shown as eight hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(pub [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

/// A signature line. Its display form is the line without its line feed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    /// The name of the key that is said to have signed.
    pub name: Name,
    /// Its id.
    pub key_id: KeyId,
    /// What it made; the form depends on the type of the key.
    pub bytes: Vec<u8>,
}

impl Signature {
    /// Reads a line without its line feed.
    pub fn parse(line: &str) -> Result<Self, Malformed> {
        let (name, base64) = line
            .strip_prefix(DASH)
            .and_then(|rest| rest.split_once(' '))
            .ok_or(Malformed("not a signature line"))?;
        let bytes = text::base64(base64).ok_or(Malformed("a signature is not base64"))?;
        let Some((key_id, bytes @ [_, ..])) = bytes.split_first_chunk() else {
            return Err(Malformed("a signature is too short"));
        };
        Ok(Self {
            name: Name::parse(name)?,
            key_id: KeyId(*key_id),
            bytes: bytes.to_vec(),
        })
    }

    /// Reads signature lines, each with its line feed: at least one.
    pub fn parse_lines(lines: &str) -> Result<Vec<Self>, Malformed> {
        let Some(lines) = lines.strip_suffix('\n') else {
            return Err(Malformed("no line feed ends the signatures"));
        };
        if lines.split('\n').count() > SIGNATURES_MAX {
            return Err(Malformed("too many signatures"));
        }
        lines.split('\n').map(Self::parse).collect()
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id.0, self.bytes.as_slice()].concat();
        write!(f, "{DASH}{} {}", self.name, text::to_base64(&bytes))
    }
}

/// A text with at least one signature line. Its display form is the note as it is stored and sent, to the byte
/// what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// Signs a text of lines.
    pub fn sign(text: &str, signer: &Signer<Log>) -> Result<Self, Malformed> {
        if !text.ends_with('\n') || text.contains(is_refused) {
            return Err(Malformed("a note is lines of text"));
        }
        Ok(Self::signed(text.to_owned(), signer))
    }

    /// Signs a text that is known to be lines.
    pub(crate) fn signed(text: String, signer: &Signer<Log>) -> Self {
        let signatures = vec![signer.sign(&text, ())];
        Self { text, signatures }
    }

    /// Reads a note. Its signatures are not verified yet.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let whole = text::read(bytes, NOTE_BYTES_MAX)?;
        if whole.contains(is_refused) {
            return Err(Malformed("a note has no control characters"));
        }
        // The last empty line ends the text; the text keeps the line feed of its own last line.
        let (text, lines) = whole
            .rsplit_once("\n\n")
            .ok_or(Malformed("no empty line before the signatures"))?;
        Ok(Self {
            text: format!("{text}\n"),
            signatures: Signature::parse_lines(lines)?,
        })
    }

    /// The text that was signed, with its last line feed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature in the place of an earlier one by the same key.
    pub fn add(&mut self, signature: Signature) {
        self.signatures
            .retain(|old| (&old.name, old.key_id) != (&signature.name, signature.key_id));
        self.signatures.push(signature);
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            writeln!(f, "{signature}")?;
        }
        Ok(())
    }
}

/// Control characters of ASCII other than the line feed.
fn is_refused(sign: char) -> bool {
    sign < ' ' && sign != '\n'
}
