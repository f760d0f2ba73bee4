//! Proofs of RFC 6962, sections 2.1.1 and 2.1.2: that a leaf is in a tree, that one tree continues another. Proving
//! reads stored hashes once; verifying needs nothing, and no input makes it fail otherwise than by saying no.

use std::ops::Range;

use crate::tree::{
    Hash, HashReader, Head, Index, Place, ReadError, Size, full_subtrees, join, read,
};

#[cfg(test)]
mod tests;

/// The proof does not prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not prove it")]
pub struct Unproven;

/// The root of a stored tree at some size.
pub fn root<R: HashReader>(reader: &R, size: Size) -> Result<Hash, ReadError<R::Error>> {
    let places: Vec<Place> = full_subtrees(0..size.0).collect();
    Ok(join(&read(reader, &places)?))
}

/// Proves that the leaf at this index is in the tree of this size. From the leaf's sibling upwards.
pub fn inclusion<R: HashReader>(
    reader: &R,
    index: Index,
    size: Size,
) -> Result<Vec<Hash>, ReadError<R::Error>> {
    if index.0 >= size.0 {
        return Err(ReadError::Outside);
    }
    let (_leaf, siblings) = climb(size, index.0, is_leaf);
    roots(reader, siblings.into_iter().map(Sibling::into_range))
}

/// Proves that the tree of one size continues the tree of a smaller one. Empty when the sizes are equal or the
/// old one is 0, since there is nothing to prove.
pub fn consistency<R: HashReader>(
    reader: &R,
    old: Size,
    size: Size,
) -> Result<Vec<Hash>, ReadError<R::Error>> {
    if old > size {
        return Err(ReadError::Outside);
    }
    let Some(last) = old.0.checked_sub(1) else {
        return Ok(Vec::new());
    };
    let (node, siblings) = climb(size, last, |node| node.end == old.0);
    // The whole old tree is known to whoever verifies; a part of it is not.
    let part = (node.start > 0).then_some(node);
    let siblings = siblings.into_iter().map(Sibling::into_range);
    roots(reader, part.into_iter().chain(siblings))
}

/// Whether the proof shows that the leaf with this hash is in the tree, at this index.
pub fn verify_inclusion(
    leaf: &Hash,
    index: Index,
    head: &Head,
    proof: &[Hash],
) -> Result<(), Unproven> {
    if index.0 >= head.size.0 {
        return Err(Unproven);
    }
    let (_leaf, siblings) = climb(head.size, index.0, is_leaf);
    if siblings.len() != proof.len() {
        return Err(Unproven);
    }
    let root = siblings
        .iter()
        .zip(proof)
        .fold(*leaf, |hash, (sibling, beside)| sibling.join(&hash, beside));
    proven(root == head.root)
}

/// Whether the proof shows that the new tree begins with all leaves of the old one.
pub fn verify_consistency(old: &Head, new: &Head, proof: &[Hash]) -> Result<(), Unproven> {
    let Some(last) = old.size.0.checked_sub(1) else {
        // Every tree continues the empty one.
        let same = new.size > old.size || new.root == old.root;
        return proven(old.root == Hash::EMPTY && proof.is_empty() && same);
    };
    if old.size > new.size {
        return Err(Unproven);
    }
    let (node, siblings) = climb(new.size, last, |node| node.end == old.size.0);
    let (start, proof) = match (node.start, proof.split_first()) {
        (0, _) => (&old.root, proof),
        (_, Some(split)) => split,
        (_, None) => return Err(Unproven),
    };
    if siblings.len() != proof.len() {
        return Err(Unproven);
    }
    let (mut old_root, mut new_root) = (*start, *start);
    for (sibling, beside) in siblings.iter().zip(proof) {
        new_root = sibling.join(&new_root, beside);
        if let Sibling::Left(_) = sibling {
            old_root = sibling.join(&old_root, beside);
        }
    }
    proven(old_root == old.root && new_root == new.root)
}

fn proven(is_so: bool) -> Result<(), Unproven> {
    if is_so { Ok(()) } else { Err(Unproven) }
}

/// A subtree beside the way from a node to the root.
enum Sibling {
    Left(Range<u64>),
    Right(Range<u64>),
}

impl Sibling {
    fn into_range(self) -> Range<u64> {
        match self {
            Self::Left(range) | Self::Right(range) => range,
        }
    }

    /// The hash over both.
    fn join(&self, hash: &Hash, beside: &Hash) -> Hash {
        match self {
            Self::Left(_) => Hash::node(beside, hash),
            Self::Right(_) => Hash::node(hash, beside),
        }
    }
}

/// The way up to the root from a node that has this leaf of the tree: the node, and what lies beside the way.
/// The node is the biggest that satisfies the condition, which the leaf alone must. At most 64 steps.
fn climb(
    size: Size,
    leaf: u64,
    is_node: impl Fn(&Range<u64>) -> bool,
) -> (Range<u64>, Vec<Sibling>) {
    let mut node = 0..size.0;
    let mut siblings = Vec::new();
    while !is_node(&node) {
        // The left subtree is the biggest full one that leaves something for the right.
        let middle = node.start + (1 << (node.end - node.start - 1).ilog2());
        if leaf < middle {
            siblings.push(Sibling::Right(middle..node.end));
            node.end = middle;
        } else {
            siblings.push(Sibling::Left(node.start..middle));
            node.start = middle;
        }
    }
    siblings.reverse();
    (node, siblings)
}

fn is_leaf(node: &Range<u64>) -> bool {
    node.end - node.start == 1
}

/// The roots over ranges of stored leaves, in one reading.
fn roots<R: HashReader>(
    reader: &R,
    ranges: impl Iterator<Item = Range<u64>>,
) -> Result<Vec<Hash>, ReadError<R::Error>> {
    let parts: Vec<Vec<Place>> = ranges.map(|range| full_subtrees(range).collect()).collect();
    let mut hashes = read(reader, &parts.concat())?.into_iter();
    let peaks = |part: &Vec<Place>| hashes.by_ref().take(part.len()).collect::<Vec<Hash>>();
    Ok(parts.iter().map(peaks).map(|peaks| join(&peaks)).collect())
}
