//! Tiles of c2sp.org/tlog-tiles: 256 hashes of a level as one file that never changes. Bundles of entries are no
//! tiles, and never come from here: only the parties may read entries.

use std::fmt;

use crate::Malformed;
use crate::text::decimal;
use crate::tree::{HashReader, Place, ReadError, Size, read};

/// Hashes of a full tile.
const WIDTH: u64 = 256;
/// A tile covers so many levels of the tree: 2^8 = 256.
const LEVELS: u32 = 8;
/// The highest level that a path can name.
const LEVEL_MAX: u32 = 63;

/// One tile, full or partial. Whether a tree has it is another question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    level: u32,
    index: u64,
    width: u64,
}

impl Tile {
    /// Reads the path after the log's prefix: `/tile/<L>/<N>` or `/tile/<L>/<N>.p/<W>`.
    pub fn parse(path: &str) -> Result<Self, Malformed> {
        Self::read_path(path).ok_or(Malformed("not the path of a tile"))
    }

    fn read_path(path: &str) -> Option<Self> {
        let (level, rest) = path.strip_prefix("/tile/")?.split_once('/')?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, decimal(width)?),
            None => (rest, WIDTH),
        };
        let tile = Self {
            level: decimal(level)?.try_into().ok()?,
            index: index.replace(['x', '/'], "").parse().ok()?,
            width,
        };
        let exists = tile.level <= LEVEL_MAX && (1..=WIDTH).contains(&width);
        // A path has one spelling, with its zeros, crosses and slashes.
        (exists && tile.to_string() == path).then_some(tile)
    }

    /// The tiles that hold the hashes of all leaves of a tree, in order. Only the last one may be partial.
    pub fn of_leaves(size: Size) -> impl Iterator<Item = Self> {
        let tile = move |index: u64| Self {
            level: 0,
            index,
            width: WIDTH.min(size.0 - index * WIDTH),
        };
        (0..size.0.div_ceil(WIDTH)).map(tile)
    }

    /// The file: its hashes, one after another. [`ReadError::Outside`] when the tree of this size does not have
    /// the tile; a partial tile stays readable when the tree has grown.
    pub fn data<R: HashReader>(
        &self,
        reader: &R,
        size: Size,
    ) -> Result<Vec<u8>, ReadError<R::Error>> {
        let places = self.places(size).ok_or(ReadError::Outside)?;
        let hashes = read(reader, &places)?;
        Ok(hashes.iter().flat_map(|hash| *hash.as_bytes()).collect())
    }

    fn places(&self, size: Size) -> Option<Vec<Place>> {
        let level = self.level * LEVELS;
        let start = self.index.checked_mul(WIDTH)?;
        let end = start.checked_add(self.width)?;
        let is_there = end <= size.0.checked_shr(level)?;
        is_there.then(|| (start..end).map(|index| Place { level, index }).collect())
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/tile/{}/", self.level)?;
        let thousands: Vec<u64> = std::iter::successors(Some(self.index), |rest| {
            Some(rest / 1000).filter(|left| *left > 0)
        })
        .map(|rest| rest % 1000)
        .collect();
        for (place, group) in thousands.iter().enumerate().rev() {
            if place > 0 {
                write!(f, "x{group:03}/")?;
            } else {
                write!(f, "{group:03}")?;
            }
        }
        if self.width < WIDTH {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tree::memory::Memory;
    use crate::tree::{Frontier, Hash};

    #[test]
    fn a_path_has_one_spelling() {
        for path in [
            "/tile/0/000",
            "/tile/0/000.p/1",
            "/tile/1/999.p/255",
            "/tile/0/x001/000",
            "/tile/7/x001/x234/067",
            "/tile/63/x018/x446/x744/x073/x709/x551/615.p/9",
        ] {
            assert_eq!(
                Tile::parse(path).map(|tile| tile.to_string()).as_deref(),
                Ok(path)
            );
        }
        for path in [
            "",
            "/tile/",
            "/tile/0",
            "/tile/0/",
            "tile/0/000",
            "/tile/64/000",
            "/tile/00/000",
            "/tile/-1/000",
            "/tile/0/0",
            "/tile/0/0000",
            "/tile/0/x000/000",
            "/tile/0/001/000",
            "/tile/0/x001/x000",
            "/tile/0/x001//000",
            "/tile/0/+01",
            "/tile/0/000.p/0",
            "/tile/0/000.p/256",
            "/tile/0/000.p/01",
            "/tile/0/000.p/",
            "/tile/0/000.p/1.p/1",
            "/tile/0/000/",
            "/tile/0/x018/x446/x744/x073/x709/x551/616",
            "/tile/entries/000",
        ] {
            assert!(Tile::parse(path).is_err(), "{path}");
        }
    }

    fn data(memory: &Memory, path: &str) -> Option<Vec<Hash>> {
        let data = Tile::parse(path).unwrap().data(memory, Size(70_000)).ok()?;
        let (hashes, rest) = data.as_chunks();
        assert!(rest.is_empty());
        Some(hashes.iter().copied().map(Hash::from_bytes).collect())
    }

    /// The example of the specification: a tree of size 70,000.
    #[test]
    fn a_tree_has_the_tiles_of_the_specification() {
        // More is stored than the tree of that size has.
        let memory = Memory::of(70_700);
        for (path, width) in [
            ("/tile/0/000", Some(256)),
            ("/tile/0/000.p/1", Some(1)),
            ("/tile/0/272", Some(256)),
            ("/tile/0/273.p/112", Some(112)),
            ("/tile/0/273.p/113", None),
            ("/tile/0/273", None),
            ("/tile/0/274.p/1", None),
            ("/tile/1/000", Some(256)),
            ("/tile/1/001.p/17", Some(17)),
            ("/tile/1/001.p/18", None),
            ("/tile/2/000.p/1", Some(1)),
            ("/tile/2/000.p/2", None),
            ("/tile/3/000.p/1", None),
            ("/tile/7/000.p/1", None),
            ("/tile/8/000.p/1", None),
            ("/tile/63/000.p/1", None),
        ] {
            let hashes = data(&memory, path);
            assert_eq!(hashes.map(|hashes| hashes.len()), width, "{path}");
        }
        // A full tile's root is one hash of the tile above it.
        for (path, above, place) in [
            ("/tile/0/000", "/tile/1/000", 0),
            ("/tile/0/256", "/tile/1/001.p/17", 0),
            ("/tile/0/272", "/tile/1/001.p/17", 16),
            ("/tile/1/000", "/tile/2/000.p/1", 0),
        ] {
            let mut alone = Frontier::EMPTY;
            alone.append(data(&memory, path).unwrap());
            assert_eq!(
                alone.head().root,
                data(&memory, above).unwrap()[place],
                "{path}"
            );
        }
    }

    #[test]
    fn the_tiles_of_all_leaves_give_the_root() {
        for (size, last) in [
            (0, None),
            (1, Some("/tile/0/000.p/1")),
            (256, Some("/tile/0/000")),
            (257, Some("/tile/0/001.p/1")),
            (600, Some("/tile/0/002.p/88")),
        ] {
            let memory = Memory::of(size);
            let mut alone = Frontier::EMPTY;
            for tile in Tile::of_leaves(Size(size)) {
                let bytes = tile.data(&memory, Size(size)).unwrap();
                let (hashes, []) = bytes.as_chunks() else {
                    panic!("{tile} has parts of hashes");
                };
                alone.append(hashes.iter().copied().map(Hash::from_bytes));
            }
            assert_eq!(alone.head(), memory.head(), "{size}");
            let path = Tile::of_leaves(Size(size))
                .last()
                .map(|tile| tile.to_string());
            assert_eq!(path.as_deref(), last);
        }
        assert_eq!(Tile::of_leaves(Size(u64::MAX)).next().unwrap().width, WIDTH);
    }

    proptest! {
        #[test]
        fn invariant_any_path_is_read_or_refused(path in "(/tile/)?[0-9x/.p]{0,40}|.*", size: u64) {
            if let Ok(tile) = Tile::parse(&path) {
                prop_assert_eq!(tile.to_string(), path);
                if let Some(places) = tile.places(Size(size)) {
                    let end = places.last().unwrap();
                    prop_assert!((u128::from(end.index) + 1) << end.level <= u128::from(size));
                }
            }
        }

        #[test]
        fn invariant_every_tile_is_read_back(level in 0..=LEVEL_MAX, index: u64, width in 1..=WIDTH) {
            let tile = Tile { level, index, width };
            prop_assert_eq!(Tile::parse(&tile.to_string()), Ok(tile));
        }
    }
}
