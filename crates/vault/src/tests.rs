//! The claims of the whole, over a store in a folder of its own.

mod keeping;
mod naming;
mod sealing;
mod storing;

use std::fs;
use std::path::PathBuf;

use domain::entry::SealedPart;
use domain::identity::IdentityNumber;
use domain::municipality::MunicipalityCode;
use domain::subject::{Subject, Version};
use jiff::civil::Date;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{Error, KeyRows, RootKey, Vault};

const YEAR: i16 = 2026;

/// A folder with a root key and a store.
struct House {
    folder: TempDir,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        RootKey::create(&folder.path().join("root.key")).expect("a root key");
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("vault.db")
    }

    fn root(&self) -> RootKey {
        RootKey::read(&self.folder.path().join("root.key")).expect("a root key")
    }

    fn vault(&self) -> Vault {
        Vault::unlock(&self.path(), self.root(), YEAR).expect("a vault")
    }

    /// Whether the bytes stand in any file of the store, its log included.
    fn holds(&self, bytes: &[u8]) -> bool {
        fs::read_dir(self.folder.path())
            .expect("a folder")
            .map(|file| fs::read(file.expect("a file").path()).expect("bytes"))
            .any(|content| content.windows(bytes.len()).any(|window| window == bytes))
    }
}

fn solna() -> MunicipalityCode {
    code("0184")
}

fn heby() -> MunicipalityCode {
    code("0331")
}

fn kiruna() -> MunicipalityCode {
    code("2584")
}

fn code(text: &str) -> MunicipalityCode {
    MunicipalityCode::parse(text).expect("four digits")
}

fn number(text: &str) -> IdentityNumber {
    IdentityNumber::parse(text, Date::constant(2026, 11, 24)).expect("a number")
}

fn subject(id: u128) -> Subject {
    Subject::relocation(Uuid::from_u128(id))
}

/// What Solna sends to Heby, with a part of its own.
fn seal(vault: &Vault, subject: Subject) -> Result<(SealedPart, SealedPart, KeyRows), Error> {
    let (parts, keys) = vault.seal(
        subject,
        Version(1),
        (solna(), heby()),
        Some((b"what both may read", &[solna(), heby()])),
        Some((b"what one may read", solna())),
    )?;
    let [shared, own] = <[SealedPart; 2]>::try_from(parts).expect("two parts");
    Ok((shared, own, keys))
}

fn open(
    vault: &Vault,
    who: MunicipalityCode,
    subject: Subject,
    part: &SealedPart,
) -> Result<Option<Vec<u8>>, Error> {
    vault.open(who, subject, Version(1), (solna(), heby()), part)
}

fn key_rows(vault: &Vault) -> i64 {
    vault
        .inner
        .store
        .read(|connection| {
            connection.query_row("SELECT count(*) FROM body_keys", [], |row| row.get(0))
        })
        .expect("a count")
}
