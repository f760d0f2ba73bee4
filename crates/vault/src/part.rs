//! The form of a sealed part: what it is bound to, and what its commitment says.
//!
//! A sealed part is a format byte, the id of its sealing (16 bytes), a nonce, AES-256-GCM of a random salt
//! and the body. Nothing here touches the store.

use std::fmt;

use domain::entry::{Part, SealedPart};
use domain::municipality::MunicipalityCode;
use domain::subject::{Subject, Version};
use jiff::Timestamp;
use ring::digest;
use uuid::{Builder, Uuid};

use crate::Error;
use crate::limits::PART_BYTES_MAX;
use crate::secret::{Secret, random};
use crate::store::kind_number;

/// AES-256-GCM, data key in the key store. Another algorithm gets another number.
const FORMAT: u8 = 1;
/// Bytes of the salt before the body.
const SALT_BYTES: usize = 32;

/// One sealing: the version of a subject that it was made for, and an id of its own, since two callers may try
/// to make the same version. The id begins with when it was made (UUIDv7); those of earlier programs are random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeysId {
    pub(crate) subject: Subject,
    pub(crate) version: Version,
    pub(crate) sealing: [u8; 16],
}

/// An opened part. The salt and the body prove the commitment, see [`verify_commitment`].
#[derive(PartialEq, Eq)]
pub struct Opened {
    /// What the body was salted with.
    pub salt: [u8; SALT_BYTES],
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened(..)")
    }
}

/// What a sealed part is bound to.
#[derive(Clone, Copy)]
pub(crate) struct Binding {
    pub(crate) id: KeysId,
    pub(crate) parties: (MunicipalityCode, MunicipalityCode),
    pub(crate) part: Part,
}

impl Binding {
    fn associated_data(&self) -> Vec<u8> {
        let mut bytes = b"flyttbud/part/v1\0".to_vec();
        push_id(&mut bytes, &self.id);
        bytes.extend_from_slice(&self.parties.0.number().to_be_bytes());
        bytes.extend_from_slice(&self.parties.1.number().to_be_bytes());
        bytes.push(part_number(self.part));
        bytes
    }

    /// Seals a body with a fresh key.
    pub(crate) fn seal(&self, body: &[u8]) -> Result<(SealedPart, Secret), Error> {
        if body.len() > PART_BYTES_MAX {
            return Err(Error::TooLarge("bytes of a part"));
        }
        let salt: [u8; SALT_BYTES] = random()?;
        let key = Secret::random()?;
        let mut ciphertext = vec![FORMAT];
        ciphertext.extend_from_slice(&self.id.sealing);
        key.seal(&self.associated_data(), &[&salt, body], &mut ciphertext)?;
        let sealed = SealedPart {
            part: self.part,
            ciphertext,
            commitment: commit(self.part, &salt, body),
        };
        Ok((sealed, key))
    }

    /// Opens a part with its key. A part that is bound to anything else does not open.
    pub(crate) fn open(&self, key: &Secret, sealed: &SealedPart) -> Result<Opened, Error> {
        let (sealing, ciphertext) = split(sealed)?;
        if sealing != self.id.sealing {
            return Err(Error::Tampered);
        }
        let plain = key.open(&self.associated_data(), ciphertext)?;
        let (salt, body) = plain
            .split_first_chunk::<SALT_BYTES>()
            .ok_or(Error::Tampered)?;
        if !verify_commitment(self.part, salt, body, &sealed.commitment) {
            return Err(Error::Tampered);
        }
        Ok(Opened {
            salt: *salt,
            body: body.to_vec(),
        })
    }
}

/// The id of the sealing, and the rest.
pub(crate) fn split(sealed: &SealedPart) -> Result<([u8; 16], &[u8]), Error> {
    sealed
        .ciphertext
        .split_first()
        .filter(|(format, _rest)| **format == FORMAT)
        .and_then(|(_format, rest)| rest.split_first_chunk())
        .map(|(sealing, ciphertext)| (*sealing, ciphertext))
        .ok_or(Error::Tampered)
}

/// An id for a sealing that is made now.
pub(crate) fn new_sealing() -> Result<[u8; 16], Error> {
    let millis = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
    let id = Builder::from_unix_timestamp_millis(millis, &random()?);
    Ok(id.into_uuid().into_bytes())
}

/// Whether a sealing was made before an id. None of an earlier program is known to be.
pub(crate) fn was_made_before(sealing: [u8; 16], id: Uuid) -> bool {
    let made = Uuid::from_bytes(sealing);
    made.get_version_num() == 7 && made < id
}

/// The sealing that a part belongs to; none when it cannot be told.
pub(crate) fn sealing_of(sealed: &SealedPart) -> Option<[u8; 16]> {
    split(sealed).ok().map(|(sealing, _ciphertext)| sealing)
}

/// Whether a commitment was made to this body under this salt.
pub fn verify_commitment(
    part: Part,
    salt: &[u8; SALT_BYTES],
    body: &[u8],
    commitment: &[u8; 32],
) -> bool {
    commit(part, salt, body) == *commitment
}

/// SHA-256 over label, part, salt, body.
fn commit(part: Part, salt: &[u8; SALT_BYTES], body: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"flyttbud/commitment/v1\0");
    context.update(&[part_number(part)]);
    context.update(salt);
    context.update(body);
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    bytes
}

/// The number of a part, for ever.
pub(crate) fn part_number(part: Part) -> u8 {
    match part {
        Part::Shared => 1,
        Part::Own => 2,
    }
}

pub(crate) fn push_id(bytes: &mut Vec<u8>, id: &KeysId) {
    bytes.push(kind_number(id.subject.kind));
    bytes.extend_from_slice(id.subject.id.as_bytes());
    bytes.extend_from_slice(&id.version.0.to_be_bytes());
    bytes.extend_from_slice(&id.sealing);
}

#[cfg(test)]
mod tests {
    use domain::subject::SubjectKind;
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> MunicipalityCode {
        MunicipalityCode::parse(text).expect("four digits")
    }

    fn binding(id: u128, version: u32, part: Part) -> Binding {
        Binding {
            id: KeysId {
                subject: Subject::relocation(Uuid::from_u128(id)),
                version: Version(version),
                sealing: [9; 16],
            },
            parties: (code("0180"), code("0184")),
            part,
        }
    }

    proptest! {
        #[test]
        fn invariant_a_part_opens_at_its_place_and_nowhere_else(
            body in proptest::collection::vec(any::<u8>(), 0..500),
            id in any::<u128>(),
            version in 1u32..,
        ) {
            let right = binding(id, version, Part::Shared);
            let (sealed, key) = right.seal(&body).expect("sealed");
            let opened = right.open(&key, &sealed).expect("opens");
            prop_assert_eq!(&opened.body, &body);

            let mut elsewhere = [right; 8];
            elsewhere[0].id.subject.id = Uuid::from_u128(id ^ 1);
            elsewhere[1].id.subject.kind = SubjectKind::Arrival;
            elsewhere[2].id.version = Version(version - 1);
            elsewhere[3].id.sealing = [8; 16];
            elsewhere[4].parties.0 = code("0126");
            elsewhere[5].parties.1 = code("0126");
            elsewhere[6].parties = (right.parties.1, right.parties.0);
            elsewhere[7].part = Part::Own;
            for (index, wrong) in elsewhere.iter().enumerate() {
                let result = wrong.open(&key, &sealed);
                prop_assert!(matches!(result, Err(Error::Tampered)), "{}", index);
            }
            let other = Secret::random().expect("random");
            prop_assert!(matches!(right.open(&other, &sealed), Err(Error::Tampered)));
        }

        #[test]
        fn invariant_a_changed_part_never_opens(at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let right = binding(1, 1, Part::Own);
            let (mut sealed, key) = right.seal(b"a body").expect("sealed");
            let index = at.index(sealed.ciphertext.len());
            sealed.ciphertext[index] ^= 1 << bit;
            prop_assert!(matches!(right.open(&key, &sealed), Err(Error::Tampered)));
            sealed.ciphertext.truncate(index);
            prop_assert!(matches!(right.open(&key, &sealed), Err(Error::Tampered)));
        }
    }

    #[test]
    fn the_commitment_verifies_for_its_body_salt_and_part_only() {
        let right = binding(1, 1, Part::Shared);
        let (mut sealed, key) = right.seal(b"a body").expect("sealed");
        let Opened { salt, body } = right.open(&key, &sealed).expect("opens");
        let verify =
            |part, salt, body: &[u8]| verify_commitment(part, salt, body, &sealed.commitment);
        assert!(verify(Part::Shared, &salt, &body));
        assert!(!verify(Part::Own, &salt, &body));
        assert!(!verify(Part::Shared, &[0; 32], &body));
        assert!(!verify(Part::Shared, &salt, b"another body"));
        // a commitment to something else is found out when the part is opened
        sealed.commitment[0] ^= 1;
        assert!(matches!(right.open(&key, &sealed), Err(Error::Tampered)));
    }

    #[test]
    fn the_same_body_is_never_sealed_alike() {
        let right = binding(1, 1, Part::Shared);
        let (one, _key) = right.seal(b"a body").expect("sealed");
        let (two, _key) = right.seal(b"a body").expect("sealed");
        assert_ne!(one.ciphertext, two.ciphertext);
        assert_ne!(one.commitment, two.commitment);
    }

    #[test]
    fn the_longest_body_is_sealed_and_a_longer_one_refused() {
        let right = binding(1, 1, Part::Shared);
        right.seal(&vec![0; PART_BYTES_MAX]).expect("sealed");
        assert!(matches!(
            right.seal(&vec![0; PART_BYTES_MAX + 1]),
            Err(Error::TooLarge(_))
        ));
    }
}
