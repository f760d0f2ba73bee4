//! The chain over a recipient's notices, so that a gap or a change is seen by both sides.
//!
//! The bytes are plain text, so that a client in any language computes the same (docs/notices.md).

use domain::code::NoticeKind;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Subject};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// The chain value before the first notice.
pub const START: [u8; 32] = [0; 32];

/// SHA-256 of a notice's content: seven lines of text, each ended by a line feed.
pub fn content_hash(
    recipient: MunicipalityCode,
    number: NoticeNumber,
    kind: NoticeKind,
    subject: Subject,
    position: Position,
    recorded_at: Timestamp,
) -> [u8; 32] {
    let text = format!(
        "flyttbud notice v1\n{recipient}\n{}\n{}\n{subject}\n{}\n{}\n",
        number.0,
        kind.number(),
        position.0,
        recorded_at.as_microsecond(),
    );
    Sha256::digest(text.as_bytes()).into()
}

/// The chain value after a notice: SHA-256 of the value before it and its content hash.
pub fn link(before: &[u8; 32], content_hash: &[u8; 32]) -> [u8; 32] {
    Sha256::new()
        .chain_update(before)
        .chain_update(content_hash)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with another implementation of SHA-256, as docs/notices.md describes it.
    #[test]
    fn a_client_in_another_language_computes_the_same() {
        let hash = content_hash(
            MunicipalityCode::parse("0184").expect("a code"),
            NoticeNumber(7),
            NoticeKind::RelocationRegistered,
            Subject::relocation(uuid::Uuid::from_u128(7)),
            Position(42),
            Timestamp::from_microsecond(1_764_028_800_123_456).expect("in range"),
        );
        let expect = [
            0x8e, 0xd1, 0xc8, 0xda, 0x17, 0x65, 0x69, 0xb3, 0x4a, 0xdb, 0x8f, 0x48, 0x59, 0x58,
            0xa7, 0xc0, 0x0b, 0x4d, 0x8c, 0xd4, 0xd8, 0xb3, 0x67, 0xd6, 0x3b, 0xef, 0xc9, 0xbe,
            0xc1, 0x0c, 0xa4, 0x2a,
        ];
        assert_eq!(hash, expect);
        let expect = [
            0x12, 0xb4, 0x34, 0xf0, 0x08, 0xfd, 0xfa, 0xd6, 0xc7, 0x43, 0x20, 0x5e, 0x00, 0x3a,
            0xf8, 0xb6, 0xe5, 0x8b, 0x71, 0xd7, 0x8b, 0x28, 0x6b, 0xba, 0xea, 0xfd, 0xe9, 0xe4,
            0x34, 0xf0, 0xd2, 0x50,
        ];
        assert_eq!(link(&START, &hash), expect);
    }
}
