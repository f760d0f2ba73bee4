//! Looks through every byte of files, wires and memories for what must not be there.

use std::fs;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::request::PERSONS;

/// One spelling of something that must not be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary(Vec<u8>);

/// What was looked at, and where a canary stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Files with a canary.
    pub found: Vec<PathBuf>,
    /// Files that were read.
    pub files: Vec<PathBuf>,
    /// Bytes that were read.
    pub bytes: usize,
}

impl Canary {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// These bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// A text as it is, and in no other spelling.
    pub fn plain(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }

    /// A name or a free text: as it is, in capitals or without, in other alphabets' encodings, escaped as in JSON, as in
    /// Rust and as in a URL, as hexadecimal digits, as base64.
    pub fn text(text: &str) -> Vec<Self> {
        let bytes = text.as_bytes();
        let hexadecimal = |format: fn(&u8) -> String| -> Vec<u8> {
            bytes
                .iter()
                .flat_map(|byte| format(byte).into_bytes())
                .collect()
        };
        let mut spellings = vec![
            bytes.to_vec(),
            text.to_lowercase().into_bytes(),
            text.to_uppercase().into_bytes(),
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            hexadecimal(|byte| format!("{byte:02x}")),
            hexadecimal(|byte| format!("{byte:02X}")),
        ];
        if !text.is_ascii() {
            spellings.extend([
                // ISO 8859-1
                text.chars()
                    .filter_map(|sign| u8::try_from(sign).ok())
                    .collect(),
                escaped(text, |sign| format!("\\u{:04x}", u32::from(sign))),
                escaped(text, |sign| format!("\\u{{{:x}}}", u32::from(sign))),
                escaped(text, |sign| octets(sign, |byte| format!("\\x{byte:02x}"))),
                escaped(text, |sign| octets(sign, |byte| format!("%{byte:02X}"))),
            ]);
        }
        // where a text begins within three bytes decides how its inner part looks
        for before in 0..3 {
            let shifted = [vec![0; before], bytes.to_vec()].concat();
            let encoded = STANDARD_NO_PAD.encode(shifted).into_bytes();
            let inner = encoded.get(4..encoded.len() - 2).unwrap_or_default();
            let for_urls = inner.iter().map(|sign| match sign {
                b'+' => b'-',
                b'/' => b'_',
                sign => *sign,
            });
            spellings.push(for_urls.collect());
            spellings.push(inner.to_vec());
        }
        spellings.sort_unstable();
        spellings.dedup();
        spellings.into_iter().map(Self).collect()
    }

    /// An identity number of twelve digits with "-": each spelling, in each of the ways of a text, and as a binary number.
    pub fn number(number: &str) -> Vec<Self> {
        let (date, serial) = number.split_once('-').expect("a number with a hyphen");
        let short = date.get(2..).expect("a date with its century");
        let value: u64 = format!("{date}{serial}").parse().expect("digits");
        let binary = [value.to_le_bytes().to_vec(), value.to_be_bytes().to_vec()];
        [
            format!("{date}-{serial}"),
            format!("{date}{serial}"),
            format!("{date} {serial}"),
            format!("{short}-{serial}"),
            format!("{short}+{serial}"),
            format!("{short}{serial}"),
            format!("{short} {serial}"),
        ]
        .iter()
        .flat_map(|spelling| Self::text(spelling))
        .chain(binary.map(Self))
        .collect()
    }

    /// The numbers of all test persons, and texts.
    pub fn persons_and<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Self> {
        let numbers = PERSONS.iter().flat_map(|(number, _)| Self::number(number));
        let texts = texts.into_iter().flat_map(Self::text);
        numbers.chain(texts).collect()
    }
}

/// A text whose signs beyond ASCII are written in another way.
fn escaped(text: &str, escape: impl Fn(char) -> String) -> Vec<u8> {
    let sign = |sign: char| {
        if sign.is_ascii() {
            sign.to_string()
        } else {
            escape(sign)
        }
    };
    text.chars().map(sign).collect::<String>().into_bytes()
}

/// Each byte of a sign, in a form.
fn octets(sign: char, form: fn(u8) -> String) -> String {
    sign.to_string().bytes().map(form).collect()
}

/// Canaries, ready to be looked for.
#[derive(Debug)]
pub struct Needles<'a> {
    canaries: &'a [Canary],
    automaton: AhoCorasick,
}

impl<'a> Needles<'a> {
    /// Of these canaries.
    pub fn of(canaries: &'a [Canary]) -> Self {
        let automaton = AhoCorasick::new(canaries.iter().map(Canary::bytes));
        Self {
            canaries,
            automaton: automaton.expect("canaries are few and short"),
        }
    }

    /// Whether one of them stands in bytes.
    pub fn stands_in(&self, held: &[u8]) -> bool {
        self.automaton.is_match(held)
    }

    /// Those that stand in bytes, with where each does first.
    pub fn found_in(&self, held: &[u8]) -> Vec<(&'a Canary, usize)> {
        let mut found: Vec<(&'a Canary, usize)> = Vec::new();
        for place in self.automaton.find_overlapping_iter(held) {
            let canary = self.canaries.get(place.pattern().as_usize());
            let canary = canary.expect("one of them");
            if found.iter().all(|(known, _at)| *known != canary) {
                found.push((canary, place.start()));
            }
        }
        found
    }
}

/// Reads every file below a folder.
pub fn scan(folder: &Path, canaries: &[Canary]) -> Scan {
    assert!(folder.is_dir(), "no folder: {}", folder.display());
    let needles = Needles::of(canaries);
    let mut scan = Scan::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        // a store that works meanwhile may remove one
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(held) = fs::read(&path) else { continue };
            scan.bytes += held.len();
            if needles.stands_in(&held) {
                scan.found.push(path.clone());
            }
            scan.files.push(path);
        }
    }
    scan
}
