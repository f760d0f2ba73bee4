//! The chain over a recipient's notices, so that a gap or a change is seen by both sides.
//!
//! The bytes are plain text, so that a client in any language computes the same (docs/notices.md).

use std::fmt;

use domain::code::NoticeKind;
use domain::municipality::MunicipalityCode;
use domain::subject::{NoticeNumber, Position, Subject};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::time::from_wire;
use crate::v1;

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
    hash(
        (&recipient, number.0),
        kind.number(),
        &subject,
        position.0,
        recorded_at,
    )
}

/// The same of a notice as it came, whatever it tells of: a kind or a resource that is newer than this program too.
/// None when it has no recipient, number, position or time that there can be.
pub fn hash_of(notice: &v1::Notice) -> Option<[u8; 32]> {
    let recipient = MunicipalityCode::parse_name(&notice.recipient)?;
    Some(hash(
        (&recipient, u64::try_from(notice.number).ok()?),
        notice.kind,
        &notice.resource,
        u64::try_from(notice.position).ok()?,
        from_wire(notice.recorded_at.as_ref()?)?,
    ))
}

fn hash(
    (recipient, number): (&MunicipalityCode, u64),
    kind: i32,
    resource: &dyn fmt::Display,
    position: u64,
    recorded_at: Timestamp,
) -> [u8; 32] {
    let micros = recorded_at.as_microsecond();
    let text = format!(
        "flyttbud notice v1\n{recipient}\n{number}\n{kind}\n{resource}\n{position}\n{micros}\n"
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

    #[test]
    fn a_notice_hashes_as_it_came_whatever_it_tells_of() {
        let recorded_at = Timestamp::from_microsecond(1_764_028_800_123_456).expect("in range");
        let mut notice = v1::Notice {
            recipient: "municipalities/0184".to_owned(),
            number: 7,
            resource: format!("relocations/{}", uuid::Uuid::from_u128(7)),
            position: 42,
            recorded_at: Some(crate::time::to_wire(recorded_at)),
            ..v1::Notice::default()
        };
        for kind in NoticeKind::ALL {
            notice.kind = kind.number();
            let expect = content_hash(
                MunicipalityCode::parse("0184").expect("a code"),
                NoticeNumber(7),
                kind,
                Subject::relocation(uuid::Uuid::from_u128(7)),
                Position(42),
                recorded_at,
            );
            assert_eq!(hash_of(&notice), Some(expect), "{kind:?}");
        }
        // what a later version tells of
        notice.kind = 9999;
        notice.resource = "matters/7".to_owned();
        let text = "flyttbud notice v1\n0184\n7\n9999\nmatters/7\n42\n1764028800123456\n";
        assert_eq!(hash_of(&notice), Some(Sha256::digest(text).into()));
        notice.recipient = "municipalities/x".to_owned();
        assert_eq!(hash_of(&notice), None);
    }
}
