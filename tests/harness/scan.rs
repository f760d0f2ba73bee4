//! Looks through every byte of every file for what must not be there.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

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

    /// A name or a free text: as it is, in capitals or without, wide, as hexadecimal digits, as base64.
    pub fn text(text: &str) -> Vec<Self> {
        let bytes = text.as_bytes();
        let mut spellings = vec![
            bytes.to_vec(),
            text.to_lowercase().into_bytes(),
            text.to_uppercase().into_bytes(),
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            bytes
                .iter()
                .flat_map(|byte| format!("{byte:02x}").into_bytes())
                .collect(),
        ];
        // where a text begins within three bytes decides how its inner part looks
        for before in 0..3 {
            let shifted = [vec![0; before], bytes.to_vec()].concat();
            let encoded = STANDARD_NO_PAD.encode(shifted).into_bytes();
            let inner = encoded.get(4..encoded.len() - 2).unwrap_or_default();
            spellings.push(inner.to_vec());
        }
        spellings.into_iter().map(Self).collect()
    }

    /// An identity number of twelve digits with "-": each spelling, in each of the ways of a text.
    pub fn number(number: &str) -> Vec<Self> {
        let (date, serial) = number.split_once('-').expect("a number with a hyphen");
        let short = date.get(2..).expect("a date with its century");
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
        .collect()
    }
}

/// Reads every file below a folder.
pub fn scan(folder: &Path, canaries: &[Canary]) -> Scan {
    let mut by_first: Vec<Vec<&[u8]>> = vec![Vec::new(); 256];
    for Canary(bytes) in canaries {
        let first = bytes.first().expect("a canary is not empty");
        by_first
            .get_mut(usize::from(*first))
            .expect("a byte is below 256")
            .push(bytes);
    }
    let mut scan = Scan::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            // a store that works meanwhile may remove one
            let Ok(held) = fs::read(&path) else { continue };
            scan.bytes += held.len();
            if holds(&held, &by_first) {
                scan.found.push(path.clone());
            }
            scan.files.push(path);
        }
    }
    scan
}

fn holds(held: &[u8], by_first: &[Vec<&[u8]>]) -> bool {
    held.iter().enumerate().any(|(at, byte)| {
        let wanted = by_first
            .get(usize::from(*byte))
            .map_or(&[][..], Vec::as_slice);
        !wanted.is_empty()
            && wanted
                .iter()
                .any(|wanted| held.get(at..).is_some_and(|rest| rest.starts_with(wanted)))
    })
}
