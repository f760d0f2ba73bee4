//! The mathematics of evidence, pure: the Merkle tree of RFC 6962 and the texts of C2SP around it.
//!
//! Invariant: no I/O, clock, randomness, threads, floats, hash order or logging. Stored hashes come through
//! [`tree::HashReader`], time and key seeds as values. Whatever text or size comes in from outside, the answer
//! is a value or an error, never a panic.
//!
//! | module | specification |
//! |---|---|
//! | [`tree`], [`proof`] | RFC 6962, section 2.1 |
//! | [`tile`] | c2sp.org/tlog-tiles |
//! | [`note`], [`key`] | c2sp.org/signed-note, with Ed25519 of RFC 8032 |
//! | [`checkpoint`] | c2sp.org/tlog-checkpoint |
//! | [`cosignature`] | c2sp.org/tlog-cosignature, `cosignature/v1` |
//! | [`receipt`] | c2sp.org/tlog-proof@v1 |
//! | [`policy`] | c2sp.org/tlog-policy |
//! | [`witness`] | c2sp.org/tlog-witness, `add-checkpoint` |
//!
//! Why not `tlog_tiles` and `signed_note`, which are well kept: their releases stand on base64 0.21, sha2 0.10 and
//! thiserror 1, and bring `url` with all of Unicode's tables into a crate that must be pure (62 crates, where 23
//! do); and they know no cosignature, receipt, policy or witness, which is most of what is here.
//! What is left of them is some three hundred lines, which the tests hold against published vectors and against
//! `ct-merkle`. `ed25519-dalek`, without its random numbers, does the one thing that must not be written here.
#![deny(clippy::float_arithmetic)]

pub mod checkpoint;
pub mod cosignature;
pub mod key;
pub mod limits;
pub mod note;
pub mod policy;
pub mod proof;
pub mod receipt;
pub mod tile;
pub mod tree;
pub mod witness;

#[cfg(test)]
mod sample;
mod text;

/// A text is not what its specification demands. The words say what, and repeat nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);
