//! Keys of c2sp.org/signed-note: a name and an Ed25519 key, for one role only. The role is in the type, so that no
//! witness's key can stand in for a log's. No secret leaves through `Debug`.

use std::fmt;
use std::marker::PhantomData;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::Malformed;
use crate::note::{KeyId, Name, Note, Signature};
use crate::text;

#[cfg(test)]
mod tests;

/// What the text of a secret key begins with.
const SECRET: &str = "PRIVATE+KEY+";

/// What a key signs, and in which form.
pub trait Role {
    /// The identifier byte of its signatures.
    const TYPE: u8;
    /// What a signature says beside the text. Of several by one key the greatest counts.
    type Statement: Copy + Ord;

    /// The message that Ed25519 signs.
    fn message(text: &str, statement: Self::Statement) -> String;
    /// The bytes of the signature line.
    fn encode(statement: Self::Statement, signature: [u8; 64]) -> Vec<u8>;
    /// Takes them apart again.
    fn decode(bytes: &[u8]) -> Option<(Self::Statement, [u8; 64])>;
}

/// Signs its own notes: type 0x01, Ed25519 over the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log;

impl Role for Log {
    const TYPE: u8 = 0x01;
    type Statement = ();

    fn message(text: &str, (): ()) -> String {
        text.to_owned()
    }

    fn encode((): (), signature: [u8; 64]) -> Vec<u8> {
        signature.to_vec()
    }

    fn decode(bytes: &[u8]) -> Option<((), [u8; 64])> {
        Some(((), bytes.try_into().ok()?))
    }
}

/// A note holds a line in the name of a trusted key that this key did not sign. The whole note is to be refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signature in the name of \"{0}\" is not by its key")]
pub struct Forged(pub Name);

/// Verifies what one key signed. Its display form is its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier<R> {
    name: Name,
    id: KeyId,
    key: VerifyingKey,
    role: PhantomData<R>,
}

impl<R: Role> Verifier<R> {
    /// A key with its name.
    pub fn new(name: Name, public: &[u8; 32]) -> Result<Self, Malformed> {
        let key = VerifyingKey::from_bytes(public).ok();
        let key = key.filter(|key| !key.is_weak());
        Ok(Self::of(name, key.ok_or(Malformed("not a public key"))?))
    }

    fn of(name: Name, key: VerifyingKey) -> Self {
        let hash = Sha256::new()
            .chain_update(name.as_str())
            .chain_update([b'\n', R::TYPE])
            .chain_update(key.as_bytes())
            .finalize();
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash);
        Self {
            name,
            id: KeyId([a, b, c, d]),
            key,
            role: PhantomData,
        }
    }

    /// Reads `<name>+<id>+<base64>`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let (name, id, public) = parts::<R>(text)?;
        let verifier = Self::new(name, &public)?;
        verifier.checked(id)
    }

    fn checked(self, id: &str) -> Result<Self, Malformed> {
        if self.id.to_string() == id {
            Ok(self)
        } else {
            Err(Malformed("the id is not that of the key"))
        }
    }

    /// The name of the key.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The id of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The public key itself: two names for it are still one key.
    pub fn public(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// What the key says about the note; none when it did not sign.
    pub fn check(&self, note: &Note) -> Result<Option<R::Statement>, Forged> {
        let mut greatest = None;
        for signature in note.signatures() {
            greatest = greatest.max(self.statement(note.text(), signature)?);
        }
        Ok(greatest)
    }

    /// What the key says in this line; none when it is another's.
    pub(crate) fn statement(
        &self,
        text: &str,
        signature: &Signature,
    ) -> Result<Option<R::Statement>, Forged> {
        if (&signature.name, signature.key_id) != (&self.name, self.id) {
            return Ok(None);
        }
        R::decode(&signature.bytes)
            .filter(|(statement, bytes)| {
                let message = R::message(text, *statement);
                let signature = ed25519_dalek::Signature::from_bytes(bytes);
                // Strict: nothing of small order stands in for a part of the signature.
                self.key
                    .verify_strict(message.as_bytes(), &signature)
                    .is_ok()
            })
            .map(|(statement, _)| Some(statement))
            .ok_or_else(|| Forged(self.name.clone()))
    }
}

impl<R: Role> fmt::Display for Verifier<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[R::TYPE], self.public().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, text::to_base64(&bytes))
    }
}

/// Signs with one key.
#[derive(Clone)]
pub struct Signer<R> {
    verifier: Verifier<R>,
    key: SigningKey,
}

impl<R: Role> Signer<R> {
    /// A key with its name, from 32 random bytes that serve nothing else.
    pub fn new(name: Name, seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        Self {
            verifier: Verifier::of(name, key.verifying_key()),
            key,
        }
    }

    /// Reads `PRIVATE+KEY+<name>+<id>+<base64>`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let rest = text.strip_prefix(SECRET);
        let (name, id, seed) = parts::<R>(rest.ok_or(Malformed("not a secret key"))?)?;
        let Self { verifier, key } = Self::new(name, &seed);
        Ok(Self {
            verifier: verifier.checked(id)?,
            key,
        })
    }

    /// The secret as text, to be kept where nobody else reads.
    pub fn secret(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new([&[R::TYPE], self.key.as_bytes().as_slice()].concat());
        let base64 = Zeroizing::new(text::to_base64(&bytes));
        let Verifier { name, id, .. } = &self.verifier;
        Zeroizing::new(format!("{SECRET}{name}+{id}+{}", *base64))
    }

    /// What verifies its signatures.
    pub fn verifier(&self) -> &Verifier<R> {
        &self.verifier
    }

    pub(crate) fn sign(&self, text: &str, statement: R::Statement) -> Signature {
        let signature = self.key.sign(R::message(text, statement).as_bytes());
        Signature {
            name: self.verifier.name.clone(),
            key_id: self.verifier.id,
            bytes: R::encode(statement, signature.to_bytes()),
        }
    }
}

impl<R: Role> fmt::Debug for Signer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({}, ..)", self.verifier.name)
    }
}

/// Name, id and bytes of a key's text. The base64 may have plus signs of its own.
fn parts<R: Role>(text: &str) -> Result<(Name, &str, Zeroizing<[u8; 32]>), Malformed> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(base64)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Malformed("a key has a name, an id and bytes"));
    };
    let bytes = text::base64(base64).ok_or(Malformed("a key is not base64"))?;
    let bytes = Zeroizing::new(bytes);
    match bytes.split_first() {
        Some((kind, key)) if *kind == R::TYPE => {
            let key = key
                .try_into()
                .map_err(|_length| Malformed("a key has 32 bytes"))?;
            Ok((Name::parse(name)?, id, Zeroizing::new(key)))
        }
        _ => Err(Malformed("a key of another type")),
    }
}
