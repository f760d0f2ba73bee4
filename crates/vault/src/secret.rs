//! A random key of 32 bytes and what is done with it. Wiped when dropped, never shown.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::Error;

/// Bytes of a key.
pub(crate) const SECRET_BYTES: usize = 32;

/// A key. Random nonces are safe up to about 2^32 sealings with one key: data keys seal once, and an
/// authority's yearly wrapping key some ten thousands of times.
pub(crate) struct Secret(Zeroizing<[u8; SECRET_BYTES]>);

impl Secret {
    pub(crate) fn random() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// The key with these bytes; none when they are not 32.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; SECRET_BYTES] = bytes.try_into().ok()?;
        Some(Self(Zeroizing::new(*bytes)))
    }

    /// Its bytes, to be wrapped by another key.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Appends nonce, ciphertext and tag to `out` (AES-256-GCM).
    pub(crate) fn seal(&self, ad: &[u8], plain: &[&[u8]], out: &mut Vec<u8>) -> Result<(), Error> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let length: usize = plain.iter().map(|piece| piece.len()).sum();
        out.reserve_exact(NONCE_LEN + length + AES_256_GCM.tag_len());
        out.extend_from_slice(&nonce);
        let start = out.len();
        for piece in plain {
            out.extend_from_slice(piece);
        }
        let sealed = out.get_mut(start..).ok_or(Error::Crypto)?;
        let tag = self
            .cipher()?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(ad), sealed)
            .map_err(|_refused| Error::Crypto)?;
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Opens what [`Secret::seal`] appended.
    pub(crate) fn open(&self, ad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(Error::Tampered)?;
        let mut bytes = Zeroizing::new(sealed.to_vec());
        let length = self
            .cipher()?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(ad),
                &mut bytes,
            )
            .map_err(|_refused| Error::Tampered)?
            .len();
        bytes.truncate(length);
        Ok(bytes)
    }

    /// The first 16 bytes of HMAC-SHA-256 over the pieces. Each piece but the last must have a fixed
    /// length or end in a sign that it cannot hold.
    pub(crate) fn mac(&self, pieces: &[&[u8]]) -> [u8; 16] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.bytes());
        let mut context = hmac::Context::with_key(&key);
        for piece in pieces {
            context.update(piece);
        }
        let tag = context.sign();
        let mut short = [0; 16];
        for (to, from) in short.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        short
    }

    fn cipher(&self) -> Result<LessSafeKey, Error> {
        UnboundKey::new(&AES_256_GCM, self.bytes())
            .map(LessSafeKey::new)
            .map_err(|_refused| Error::Crypto)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Fresh random bytes, from where keys are from.
pub fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    SystemRandom::new()
        .fill(bytes)
        .map_err(|_refused| Error::Crypto)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn debug_of_a_secret_shows_nothing() {
        let secret = Secret::from_slice(&[7; 32]).expect("32 bytes");
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }

    #[test]
    fn only_32_bytes_are_a_key() {
        assert!(Secret::from_slice(&[7; 31]).is_none());
        assert!(Secret::from_slice(&[7; 33]).is_none());
    }

    /// The expected bytes come from another implementation: `openssl dgst -sha256 -mac HMAC`.
    #[test]
    fn the_mac_is_hmac_sha_256_over_all_pieces_cut_to_16_bytes() {
        let secret = Secret::from_slice(&[0x0b; 32]).expect("32 bytes");
        let expected = [
            0x19, 0x8a, 0x60, 0x7e, 0xb4, 0x4b, 0xfb, 0xc6, 0x99, 0x03, 0xa0, 0xf1, 0xcf, 0x2b,
            0xbd, 0xc5,
        ];
        assert_eq!(secret.mac(&[b"Hi ", b"There"]), expected);
    }

    proptest! {
        #[test]
        fn invariant_what_was_sealed_opens_again_and_nothing_else_does(
            plain in proptest::collection::vec(any::<u8>(), 0..300),
            ad in proptest::collection::vec(any::<u8>(), 0..60),
            at in any::<proptest::sample::Index>(),
            bit in 0u8..8,
        ) {
            let secret = Secret::random().expect("random");
            let mut sealed = Vec::new();
            secret.seal(&ad, &[&plain], &mut sealed).expect("sealed");
            let opened = secret.open(&ad, &sealed).expect("opens");
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
            let mut other = ad.clone();
            other.push(0);
            prop_assert!(matches!(secret.open(&other, &sealed), Err(Error::Tampered)));
            let index = at.index(sealed.len());
            sealed[index] ^= 1 << bit;
            prop_assert!(matches!(secret.open(&ad, &sealed), Err(Error::Tampered)));
        }
    }
}
