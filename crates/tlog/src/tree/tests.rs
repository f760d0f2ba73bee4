//! Known roots, and that what is stored is the tree.

use super::memory::{Memory, Missing, leaf};
use super::*;

/// The entries of the test vectors that implementations of Certificate Transparency share.
pub(crate) const ENTRIES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

/// Their roots at the sizes 0 to 8.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// A hash as the vectors write it.
pub(crate) fn hex(text: &str) -> Hash {
    let digit = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2).unwrap(), 16).unwrap();
    Hash::from_bytes(std::array::from_fn(digit))
}

#[test]
fn the_published_roots_come_out() {
    assert_eq!(Frontier::EMPTY.head(), Head::EMPTY);
    for (size, root) in ROOTS.iter().enumerate() {
        let mut frontier = Frontier::EMPTY;
        frontier.append(ENTRIES[..size].iter().map(|entry| Hash::leaf(entry)));
        let expected = Head {
            size: Size(size.try_into().unwrap()),
            root: hex(root),
        };
        assert_eq!(frontier.head(), expected);
    }
}

#[test]
fn every_full_subtree_is_stored_once() {
    let mut memory = Memory::empty();
    for size in 1..=300_u64 {
        memory.append([leaf(size - 1)]);
        let mut expected = Vec::new();
        for level in 0..9 {
            expected.extend((0..size >> level).map(|index| Place { level, index }));
        }
        assert!(memory.hashes.keys().eq(&expected), "{size}");
    }
    for (place, hash) in &memory.hashes {
        let start = place.index << place.level;
        let mut alone = Frontier::EMPTY;
        alone.append((start..start + (1 << place.level)).map(leaf));
        assert_eq!(alone.head().root, *hash, "{place:?}");
    }
}

#[test]
fn a_frontier_is_read_back_at_every_size() {
    let mut memory = Memory::of(300);
    for size in 0..=300 {
        let frontier = Frontier::read(&memory, Size(size)).unwrap();
        assert_eq!(frontier, Memory::of(size).frontier);
    }
    memory.hashes.remove(&Place { level: 5, index: 8 });
    assert_eq!(
        Frontier::read(&memory, Size(300)),
        Err(ReadError::Reader(Missing(Place { level: 5, index: 8 })))
    );
}

#[test]
fn many_at_once_are_the_same_as_one_by_one() {
    let mut memory = Memory::of(5);
    memory.append((5..77).map(leaf));
    assert_eq!(memory.frontier, Memory::of(77).frontier);
    assert_eq!(memory.hashes, Memory::of(77).hashes);
    assert!(memory.frontier.append([]).is_empty());
}

#[test]
fn a_reader_that_breaks_its_promise_is_found_out() {
    struct Short;
    impl HashReader for Short {
        type Error = Missing;
        fn read(&self, _places: &[Place]) -> Result<Vec<Hash>, Missing> {
            Ok(vec![Hash::EMPTY])
        }
    }
    assert_eq!(
        Frontier::read(&Short, Size(7)),
        Err(ReadError::Count { asked: 3, got: 1 })
    );
}
