//! What the texts of C2SP have in common: lines, decimals, base64. One spelling for each value; no other is read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Malformed;
use crate::limits::{NUMBER_MAX, PROOF_HASHES_MAX};
use crate::tree::Hash;

/// Bytes as a text of at most so many bytes.
pub(crate) fn read(bytes: &[u8], bytes_max: usize) -> Result<&str, Malformed> {
    if bytes.len() > bytes_max {
        return Err(Malformed("the text is too long"));
    }
    str::from_utf8(bytes).map_err(|_fault| Malformed("the text is not UTF-8"))
}

/// Takes the next line, which a line feed ends.
pub(crate) fn line<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let (line, after) = rest.split_once('\n')?;
    *rest = after;
    Some(line)
}

/// A decimal without leading zeros, sign or anything else.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number <= NUMBER_MAX && number.to_string() == text).then_some(number)
}

/// Base64 with its padding and without stray bits.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// As base64.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A hash in base64.
pub(crate) fn hash(text: &str) -> Option<Hash> {
    let bytes: [u8; 32] = base64(text)?.try_into().ok()?;
    Some(Hash::from_bytes(bytes))
}

/// Takes the lines of a proof and the empty line after them.
pub(crate) fn proof(rest: &mut &str) -> Result<Vec<Hash>, Malformed> {
    let mut hashes = Vec::new();
    loop {
        match line(rest) {
            None => return Err(Malformed("no empty line ends the proof")),
            Some("") => return Ok(hashes),
            Some(_) if hashes.len() == PROOF_HASHES_MAX => {
                return Err(Malformed("the proof has too many lines"));
            }
            Some(text) => {
                hashes.push(hash(text).ok_or(Malformed("a line of the proof is no hash"))?);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1", Some(1)),
            ("9223372036854775807", Some(NUMBER_MAX)),
            ("9223372036854775808", None),
            ("99999999999999999999", None),
            ("", None),
            ("00", None),
            ("01", None),
            ("+1", None),
            ("-1", None),
            (" 1", None),
            ("1 ", None),
            ("1_0", None),
            ("0x1", None),
            ("١", None),
        ] {
            assert_eq!(decimal(text), expected, "{text:?}");
        }
    }

    #[test]
    fn base64_has_one_spelling() {
        for (text, expected) in [
            ("", Some(&b""[..])),
            ("AQI=", Some(&[1, 2])),
            ("AQJ=", None),
            ("AQI", None),
            ("AQI==", None),
            ("AQI=\n", None),
            ("A QI=", None),
            ("-_8=", None),
        ] {
            assert_eq!(base64(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_proof_has_a_bound_and_an_end() {
        let lines = |count: usize| format!("{}\n", Hash::EMPTY).repeat(count);
        for (text, expected) in [
            (lines(0) + "\nrest", Some((0, "rest"))),
            (
                lines(PROOF_HASHES_MAX) + "\nrest",
                Some((PROOF_HASHES_MAX, "rest")),
            ),
            (lines(PROOF_HASHES_MAX + 1) + "\nrest", None),
            (lines(2), None),
            ("AAAA\n\n".to_owned(), None),
        ] {
            let mut rest = text.as_str();
            let got = proof(&mut rest).ok().map(|hashes| (hashes.len(), rest));
            assert_eq!(got, expected, "{text:?}");
        }
    }

    #[test]
    fn a_text_has_a_bound() {
        assert_eq!(read(b"four", 4), Ok("four"));
        assert!(read(b"fives", 4).is_err());
        assert!(read(b"\xff", 4).is_err());
    }
}
