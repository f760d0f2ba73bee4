//! Published proofs, every pair against another implementation, and what must be refused.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;
use crate::tree::memory::{Memory, leaf};
use crate::tree::tests::{ENTRIES, hex};

/// Trees up to this size are held against the other implementation, pair by pair.
const SIZE_MAX: u64 = 200;

fn bytes(proof: &[Hash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

#[test]
fn the_published_proofs_come_out() {
    let mut memory = Memory::empty();
    memory.append(ENTRIES.map(Hash::leaf));
    let expected = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ];
    assert_eq!(
        inclusion(&memory, Index(0), Size(8)).unwrap(),
        expected.map(hex)
    );
    for (old, size, expected) in [
        (
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
            .as_slice(),
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ] {
        let expected: Vec<Hash> = expected.iter().copied().map(hex).collect();
        assert_eq!(
            consistency(&memory, Size(old), Size(size)).unwrap(),
            expected
        );
    }
}

#[test]
fn every_proof_is_that_of_another_implementation_and_verifies() {
    let memory = Memory::of(SIZE_MAX);
    let mut other = MemoryBackedTree::<Sha256, String>::new();
    let mut heads = vec![Head::EMPTY];
    for size in 1..=SIZE_MAX {
        other.push((size - 1).to_string());
        let new = Head {
            size: Size(size),
            root: root(&memory, Size(size)).unwrap(),
        };
        assert_eq!(new.root.as_bytes()[..], other.root().as_bytes()[..]);
        for index in 0..size {
            let proof = inclusion(&memory, Index(index), Size(size)).unwrap();
            assert_eq!(
                bytes(&proof),
                other.prove_inclusion(index.try_into().unwrap()).as_bytes()
            );
            assert_eq!(
                verify_inclusion(&leaf(index), Index(index), &new, &proof),
                Ok(())
            );
        }
        for old in &heads {
            let proof = consistency(&memory, old.size, Size(size)).unwrap();
            if old.size > Size(0) {
                let additions = usize::try_from(size - old.size.0).unwrap();
                assert_eq!(bytes(&proof), other.prove_consistency(additions).as_bytes());
            }
            assert_eq!(verify_consistency(old, &new, &proof), Ok(()));
        }
        heads.push(new);
        assert_eq!(consistency(&memory, Size(size), Size(size)), Ok(Vec::new()));
        assert_eq!(verify_consistency(&new, &new, &[]), Ok(()));
    }
}

#[test]
fn a_proof_is_read_at_once() {
    let memory = Memory::of(1000);
    root(&memory, Size(999)).unwrap();
    inclusion(&memory, Index(500), Size(999)).unwrap();
    consistency(&memory, Size(333), Size(999)).unwrap();
    assert_eq!(memory.reads.get(), 3);
}

#[test]
fn outside_the_tree_there_is_nothing_to_prove() {
    let memory = Memory::of(8);
    assert_eq!(
        inclusion(&memory, Index(8), Size(8)),
        Err(ReadError::Outside)
    );
    assert_eq!(
        inclusion(&memory, Index(0), Size(0)),
        Err(ReadError::Outside)
    );
    assert_eq!(
        consistency(&memory, Size(9), Size(8)),
        Err(ReadError::Outside)
    );
    // More than is stored is the reader's to say.
    assert!(matches!(root(&memory, Size(9)), Err(ReadError::Reader(_))));
}

#[test]
fn no_proof_is_for_a_leaf_outside_the_tree() {
    for size in [1, 2, 7, 8] {
        let memory = Memory::of(size);
        let proof = inclusion(&memory, Index(size - 1), Size(size)).unwrap();
        for (index, expected) in [(size - 1, Ok(())), (size, Err(Unproven))] {
            let verified = verify_inclusion(&leaf(size - 1), Index(index), &memory.head(), &proof);
            assert_eq!(verified, expected, "{index} of {size}");
        }
    }
    assert_eq!(
        verify_inclusion(&Hash::EMPTY, Index(0), &Head::EMPTY, &[]),
        Err(Unproven)
    );
}

#[test]
fn only_the_empty_proof_leads_from_the_empty_tree_or_to_the_same() {
    let [one, other] = [1, 2].map(|size| Memory::of(size).head());
    let false_empty = Head {
        root: one.root,
        ..Head::EMPTY
    };
    for (old, new, proof, expected) in [
        (Head::EMPTY, Head::EMPTY, vec![], Ok(())),
        (Head::EMPTY, one, vec![], Ok(())),
        (Head::EMPTY, one, vec![one.root], Err(Unproven)),
        (Head::EMPTY, false_empty, vec![], Err(Unproven)),
        (false_empty, one, vec![], Err(Unproven)),
        (false_empty, false_empty, vec![], Err(Unproven)),
        (one, one, vec![], Ok(())),
        (one, one, vec![one.root], Err(Unproven)),
        (
            one,
            Head {
                root: other.root,
                ..one
            },
            vec![],
            Err(Unproven),
        ),
        (one, other, vec![], Err(Unproven)),
        (other, one, vec![], Err(Unproven)),
        (other, Head::EMPTY, vec![], Err(Unproven)),
    ] {
        assert_eq!(
            verify_consistency(&old, &new, &proof),
            expected,
            "{old:?} {new:?}"
        );
    }
}

/// What is done to a proof.
#[derive(Clone, Copy, Debug)]
enum Change {
    Flip { at: usize, bit: usize },
    Drop { at: usize },
    Double { at: usize },
    Swap { at: usize },
    Add,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<usize>(), 0..256_usize).prop_map(|(at, bit)| Change::Flip { at, bit }),
        any::<usize>().prop_map(|at| Change::Drop { at }),
        any::<usize>().prop_map(|at| Change::Double { at }),
        any::<usize>().prop_map(|at| Change::Swap { at }),
        Just(Change::Add),
    ]
}

/// The proof changed; none when that would change nothing.
fn changed(proof: &[Hash], change: Change) -> Option<Vec<Hash>> {
    let mut proof = proof.to_vec();
    let length = proof.len();
    match change {
        Change::Flip { at, bit } => {
            let hash = proof.get_mut(at.checked_rem(length)?)?;
            let mut bytes = *hash.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            *hash = Hash::from_bytes(bytes);
        }
        Change::Drop { at } => {
            proof.remove(at.checked_rem(length)?);
        }
        Change::Double { at } => {
            let at = at.checked_rem(length)?;
            proof.insert(at, proof[at]);
        }
        Change::Swap { at } => {
            let at = at.checked_rem(length.checked_sub(1)?)?;
            proof.swap(at, at + 1);
        }
        Change::Add => proof.push(Hash::EMPTY),
    }
    Some(proof)
}

proptest! {
    #[test]
    fn invariant_a_changed_proof_proves_nothing(
        size in 1..600_u64,
        seed in any::<u64>(),
        change in change(),
    ) {
        let memory = Memory::of(size);
        let head = memory.head();
        let index = seed % size;
        let proof = inclusion(&memory, Index(index), head.size).unwrap();
        if let Some(proof) = changed(&proof, change) {
            prop_assert!(verify_inclusion(&leaf(index), Index(index), &head, &proof).is_err());
        }
        let old = Memory::of(1 + seed % size).head();
        let proof = consistency(&memory, old.size, head.size).unwrap();
        if let Some(proof) = changed(&proof, change) {
            prop_assert!(verify_consistency(&old, &head, &proof).is_err());
        }
    }

    #[test]
    fn invariant_a_proof_proves_its_own_leaf_and_place_only(
        size in 1..600_u64,
        one in any::<u64>(),
        other in any::<u64>(),
    ) {
        let memory = Memory::of(size);
        let (one, other) = (one % size, other % size);
        let proof = inclusion(&memory, Index(one), Size(size)).unwrap();
        let verify = |leaf_of, index, head: &Head| {
            verify_inclusion(&leaf(leaf_of), Index(index), head, &proof).is_ok()
        };
        let head = memory.head();
        prop_assert_eq!(verify(other, one, &head), one == other);
        prop_assert_eq!(verify(one, other, &head), one == other);
        prop_assert!(!verify(one, one + size, &head));
        prop_assert!(!verify(one, one, &Memory::of(size + 1).head()));
    }

    #[test]
    fn invariant_a_rewritten_history_is_found_out(
        old in 1..300_u64,
        more in 0..300_u64,
        rewritten in any::<u64>(),
    ) {
        let mut fork = Memory::empty();
        let rewritten = rewritten % old;
        fork.append((0..old + more).map(|index| leaf(if index == rewritten { index + 1_000_000 } else { index })));
        let head = Memory::of(old).head();
        let proof = consistency(&fork, Size(old), Size(old + more)).unwrap();
        prop_assert!(verify_consistency(&head, &fork.head(), &proof).is_err());
    }

    #[test]
    fn invariant_no_input_breaks_verification(
        old in any::<u64>(),
        new in any::<u64>(),
        shift in 0..64_u32,
        proof in prop::collection::vec(any::<[u8; 32]>().prop_map(Hash::from_bytes), 0..70),
    ) {
        let head = |size| Head { size: Size(size), root: Hash::EMPTY };
        for (old, new) in [(old, new), (old >> shift, new), (old, u64::MAX), (u64::MAX, new), (u64::MAX - 1, u64::MAX)] {
            prop_assert!(verify_inclusion(&Hash::EMPTY, Index(old), &head(new), &proof).is_err());
            let proven = verify_consistency(&head(old), &head(new), &proof).is_ok();
            prop_assert_eq!(proven, proof.is_empty() && (old == new || (old == 0)));
        }
    }
}
