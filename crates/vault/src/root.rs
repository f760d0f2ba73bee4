//! The root key, which wraps every authority's keys. It is read from a file that nobody else may read.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::Error;
use crate::limits::{ROOT_FILE_BYTES_MAX, ROOT_ID_SIGNS_MAX};
use crate::secret::{SECRET_BYTES, Secret, random};

/// Why there is no root key.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    /// The file could not be read or made.
    #[error("root key file '{}' cannot be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others may read it, or it may be run.
    #[error("root key file '{}' has mode {mode:04o}; set it to 0600", path.display())]
    Mode {
        /// Which.
        path: PathBuf,
        /// The mode it has.
        mode: u32,
    },
    /// It is not two lines, `id <id>` and 32 bytes in base64.
    #[error("root key file '{}' must hold a line 'id <id>' and a line of base64", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
    },
    /// Two files hold keys with one id.
    #[error("root key '{id}' is named twice")]
    Twice {
        /// Which.
        id: String,
    },
    /// The system gave no random bytes.
    #[error("no root key could be made")]
    Random(#[source] Error),
}

/// The root key: 32 random bytes and an id. Wiped from memory when dropped.
pub struct RootKey {
    id: String,
    secret: Secret,
}

impl RootKey {
    /// Reads it from a file. The file's mode must be 0600, or 0400 as systemd gives credentials.
    pub fn read(path: &Path) -> Result<Self, RootKeyError> {
        let fault = |source| RootKeyError::File {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(fault)?;
        // asked of the open file, so that nobody can put another one in its place
        let mode = file.metadata().map_err(fault)?.permissions().mode() & 0o7777;
        if mode != 0o600 && mode != 0o400 {
            return Err(RootKeyError::Mode {
                path: path.to_owned(),
                mode,
            });
        }
        // room for all of it at once: a string that grows would leave copies behind
        let room = usize::try_from(ROOT_FILE_BYTES_MAX).unwrap_or(usize::MAX);
        let mut text = Zeroizing::new(String::with_capacity(room));
        file.take(ROOT_FILE_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(fault)?;
        Self::parse(&text).ok_or_else(|| RootKeyError::Malformed {
            path: path.to_owned(),
        })
    }

    /// Makes a root key and writes it to a file, which must not exist yet, with mode 0600. Keep a copy
    /// of the file apart from the key store: without it every body is lost.
    pub fn create(path: &Path) -> Result<Self, RootKeyError> {
        let fault = |source| RootKeyError::File {
            path: path.to_owned(),
            source,
        };
        let id = u64::from_be_bytes(random().map_err(RootKeyError::Random)?);
        let root = Self {
            id: format!("{id:016x}"),
            secret: Secret::random().map_err(RootKeyError::Random)?,
        };
        let encoded = Zeroizing::new(STANDARD.encode(root.secret.bytes()));
        let text = Zeroizing::new(format!("id {}\n{}\n", root.id, *encoded));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(fault)?;
        file.write_all(text.as_bytes()).map_err(fault)?;
        file.sync_all().map_err(fault)?;
        daemon::file::sync_folder(path).map_err(fault)?;
        Ok(root)
    }

    /// Its id, which may be shown.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// What a root key leaves in a store that it wraps keys of, and [`Self::verify`] reads.
    pub(crate) fn proof(&self) -> Result<Vec<u8>, Error> {
        let mut proof = Vec::new();
        self.secret.seal(&self.proof_data(), &[], &mut proof)?;
        Ok(proof)
    }

    /// Whether a proof in a store is of this key, and not of one that has its id and other bytes.
    pub(crate) fn verify(&self, proof: &[u8]) -> Result<(), Error> {
        match self.secret.open(&self.proof_data(), proof) {
            Ok(_empty) => Ok(()),
            Err(Error::Tampered) => Err(Error::FalseRoot(self.id.clone())),
            Err(error) => Err(error),
        }
    }

    /// What stands for it where others see it, and for no key that has its id and other bytes. It tells nothing of
    /// them.
    pub(crate) fn held_as(&self) -> [u8; 16] {
        self.secret
            .mac(&[b"flyttbud/vault/root-held/v1\0", self.id.as_bytes()])
    }

    fn proof_data(&self) -> Vec<u8> {
        [b"flyttbud/vault/root/v1\0", self.id.as_bytes()].concat()
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let id = lines.next()?.strip_prefix("id ")?;
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if id.is_empty() || id.len() > ROOT_ID_SIGNS_MAX || !id.bytes().all(sound) {
            return None;
        }
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        let length = STANDARD
            .decode_slice(lines.next()?, bytes.as_mut_slice())
            .ok()?;
        (length == SECRET_BYTES && lines.next().is_none()).then_some(())?;
        Some(Self {
            id: id.to_owned(),
            secret: Secret::from_slice(bytes.as_slice())?,
        })
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootKey({}, ..)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, read_to_string, set_permissions, write};

    use super::*;

    #[test]
    fn what_was_created_is_read_back_and_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("root.key");
        let made = RootKey::create(&path).expect("made");
        let read = RootKey::read(&path).expect("read");
        assert_eq!(made.id(), read.id());
        assert_eq!(made.secret().bytes(), read.secret().bytes());
        assert!(matches!(
            RootKey::create(&path),
            Err(RootKeyError::File { .. })
        ));
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_its_mode() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("root.key");
        RootKey::create(&path).expect("made");
        for mode in [0o640, 0o604, 0o644, 0o700, 0o601] {
            set_permissions(&path, Permissions::from_mode(mode)).expect("a mode");
            let error = RootKey::read(&path).expect_err("refused").to_string();
            assert!(error.contains(&format!("mode {mode:04o}")), "{error}");
            assert!(error.ends_with("set it to 0600"), "{error}");
        }
        for mode in [0o600, 0o400] {
            set_permissions(&path, Permissions::from_mode(mode)).expect("a mode");
            RootKey::read(&path).expect("read");
        }
    }

    #[test]
    fn every_other_form_is_refused_without_telling_its_content() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("root.key");
        RootKey::create(&path).expect("made");
        let text = read_to_string(&path).expect("text");
        let key = text.lines().nth(1).expect("a second line");
        let long = "a".repeat(ROOT_ID_SIGNS_MAX);
        write(&path, format!("id {long}\n{key}")).expect("written");
        RootKey::read(&path).expect("the longest id, no last newline");
        for wrong in [
            String::new(),
            key.to_owned(),
            "id a\n".to_owned(),
            format!("id \n{key}\n"),
            format!("id {long}a\n{key}\n"),
            format!("id a b\n{key}\n"),
            format!("id a\n{key}A\n"),
            format!("id a\n{}\n", key.replacen(|_: char| true, "", 4)),
            format!("id a\n{key}\nmore\n"),
            format!("id a\n{key}{}", " ".repeat(2000)),
        ] {
            write(&path, &wrong).expect("written");
            let error = RootKey::read(&path).expect_err(&wrong);
            assert!(
                matches!(error, RootKeyError::Malformed { .. }),
                "{error:?} {wrong}"
            );
            assert!(!format!("{error:?} {error}").contains(key));
        }
    }

    #[test]
    fn debug_of_a_root_key_shows_its_id_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = RootKey::create(&folder.path().join("root.key")).expect("made");
        assert_eq!(format!("{root:?}"), format!("RootKey({}, ..)", root.id()));
    }
}
