//! The bounds on what comes in from outside. Both sides of each are tested.

/// Signature lines of a note. The specification demands 16; a policy with the 32 witnesses that c2sp.org/tlog-policy
/// recommends to support, a log that changes its key and witnesses that sign twice still fit.
pub const SIGNATURES_MAX: usize = 64;

/// Bytes of a note: every signature may be a post-quantum one of nearly 5 kB, and the text stays small.
pub const NOTE_BYTES_MAX: usize = 512 * 1024;

/// Hashes of a proof: c2sp.org/tlog-witness allows as many, and no tree of at most 2^62 leaves needs more.
pub const PROOF_HASHES_MAX: usize = 63;

/// Bytes of a receipt or of a request to a witness: a note, a proof of 45 bytes a line, and 64 KiB for the rest,
/// which is the receipt's extra data in base64.
pub const DOCUMENT_BYTES_MAX: usize = NOTE_BYTES_MAX + 45 * PROOF_HASHES_MAX + 64 * 1024;

/// Bytes of a policy: 32 logs, witnesses and groups, each group naming all others, with room for comments.
pub const POLICY_BYTES_MAX: usize = 256 * 1024;

/// Every number in a text: what fits the signed 64 bits of databases and of the other implementations.
pub const NUMBER_MAX: u64 = i64::MAX.unsigned_abs();
