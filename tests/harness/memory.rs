//! What a process of ours has in its memory: all that it can write to, as a core dump would hold it. Linux alone tells.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use super::scan::{Canary, Needles};

/// Of a page.
const PAGE: u64 = 4096;
/// Pages read at once, at most.
const PAGES_MAX: usize = 4096;

/// A canary in a memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InMemory {
    /// Which.
    pub canary: Canary,
    /// In what: `[heap]`, `[stack]`, or empty for what was asked for from the system.
    pub region: String,
    /// What stands around it.
    pub around: String,
}

/// What was looked at, and what stands there.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Canaries, each once for each place.
    pub found: Vec<InMemory>,
    /// Bytes that were read.
    pub bytes: usize,
}

/// Looks through the writable memory of a process, as far as it was ever written to.
pub fn memory(process: u32, canaries: &[Canary]) -> Memory {
    let needles = Needles::of(canaries);
    let open = |name: &str| File::open(format!("/proc/{process}/{name}")).expect("ours");
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).expect("its maps");
    let (held, pages) = (open("mem"), open("pagemap"));
    let mut memory = Memory::default();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (
            words.next().expect("a range"),
            words.next().expect("rights"),
        );
        let region = words.nth(3).unwrap_or_default();
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').expect("two ends");
        let end = |text| u64::from_str_radix(text, 16).expect("hexadecimal");
        for (at, length) in written(&pages, end(from), end(to)) {
            let mut part = vec![0; length];
            // what was given back meanwhile, or is the system's own
            let Ok(read) = held.read_at(&mut part, at) else {
                continue;
            };
            part.truncate(read);
            memory.bytes += read;
            for (canary, place) in needles.found_in(&part) {
                memory.found.push(InMemory {
                    canary: canary.clone(),
                    region: region.to_owned(),
                    around: around(&part, place, canary),
                });
            }
        }
    }
    memory
}

/// Runs of pages of a region that are somewhere, in memory or swapped out: where each begins, and its length in bytes.
fn written(pages: &File, from: u64, to: u64) -> Vec<(u64, usize)> {
    let count = usize::try_from((to - from) / PAGE).expect("fits");
    let mut map = vec![0; count * 8];
    let read = pages.read_at(&mut map, from / PAGE * 8).unwrap_or_default();
    map.truncate(read);
    let (entries, _rest) = map.as_chunks();
    let mut runs: Vec<(u64, usize)> = Vec::new();
    let mut at = from;
    for entry in entries {
        let is_somewhere = u64::from_ne_bytes(*entry) >> 62 != 0;
        if is_somewhere {
            let page = usize::try_from(PAGE).expect("fits");
            match runs.last_mut() {
                Some((begin, length))
                    if *begin + u64::try_from(*length).expect("fits") == at
                        && *length < PAGES_MAX * page =>
                {
                    *length += page;
                }
                _ => runs.push((at, page)),
            }
        }
        at += PAGE;
    }
    runs
}

fn around(part: &[u8], at: usize, canary: &Canary) -> String {
    let from = at.saturating_sub(64);
    let to = (at + canary.bytes().len() + 64).min(part.len());
    let around = part.get(from..to).unwrap_or_default();
    around.escape_ascii().to_string()
}
