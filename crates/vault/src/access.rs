//! The access log: who read what, when. Who it was is sealed for the authority it happened at.

use std::fmt;

use domain::municipality::MunicipalityCode;
use domain::subject::Subject;
use jiff::Timestamp;
use uuid::Uuid;

use crate::keys::Purpose;
use crate::limits::SMALL_BYTES_MAX;
use crate::store::{Change, kind_number};
use crate::{Error, Vault};

/// One access.
#[derive(PartialEq, Eq)]
pub struct Access {
    /// When, to the microsecond.
    pub at: Timestamp,
    /// Who, as recorded; none when the key to it was deleted.
    pub actor: Option<Vec<u8>>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Access({}, ..)", self.at)
    }
}

/// One access, sealed.
pub(crate) struct AccessRow {
    pub(crate) at_micros: i64,
    pub(crate) authority: MunicipalityCode,
    pub(crate) subject: Uuid,
    pub(crate) sealed: Vec<u8>,
}

impl Vault {
    /// Records durably that an authority read of a subject. `actor` says who and why; it is sealed.
    pub async fn record_access(
        &self,
        authority: MunicipalityCode,
        subject: Subject,
        at: Timestamp,
        actor: &[u8],
    ) -> Result<(), Error> {
        let at_micros = at.as_microsecond();
        let ad = associated_data(subject, at_micros);
        let sealed = self.seal_small(authority, &ad, actor).await?;
        let row = AccessRow {
            at_micros,
            authority,
            subject: subject.id,
            sealed,
        };
        self.inner.store.apply(Change::Access(row)).await?;
        Ok(())
    }

    /// The newest accesses of an authority to a subject, newest first, at most a thousand.
    pub async fn accesses(
        &self,
        authority: MunicipalityCode,
        subject: Subject,
    ) -> Result<Vec<Access>, Error> {
        let rows = self.inner.store.accesses(authority, subject.id).await?;
        let mut accesses = Vec::with_capacity(rows.len());
        for (at_micros, sealed) in rows {
            let ad = associated_data(subject, at_micros);
            accesses.push(Access {
                at: Timestamp::from_microsecond(at_micros).map_err(|_range| Error::Tampered)?,
                actor: self.open_small(authority, &ad, &sealed).await?,
            });
        }
        Ok(accesses)
    }

    /// Seals a short value for an authority: the epoch of its wrapping key, nonce, ciphertext, tag.
    async fn seal_small(
        &self,
        authority: MunicipalityCode,
        ad: &[u8],
        bytes: &[u8],
    ) -> Result<Vec<u8>, Error> {
        if bytes.len() > SMALL_BYTES_MAX {
            return Err(Error::TooLarge("bytes of an actor"));
        }
        let epoch = self.epoch();
        let mut sealed = epoch.to_be_bytes().to_vec();
        self.key(authority, epoch, Purpose::Wrap).await?.seal(
            &small_data(authority, epoch, ad),
            &[bytes],
            &mut sealed,
        )?;
        Ok(sealed)
    }

    /// Opens a short value. None when its key was deleted.
    async fn open_small(
        &self,
        authority: MunicipalityCode,
        ad: &[u8],
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        let (epoch, sealed) = sealed.split_first_chunk().ok_or(Error::Tampered)?;
        let epoch = i16::from_be_bytes(*epoch);
        let Some(key) = self.old_wrap_key(authority, epoch).await? else {
            return Ok(None);
        };
        let bytes = key.open(&small_data(authority, epoch, ad), sealed)?;
        Ok(Some(bytes.to_vec()))
    }
}

fn associated_data(subject: Subject, at_micros: i64) -> Vec<u8> {
    let mut bytes = b"access\0".to_vec();
    bytes.push(kind_number(subject.kind));
    bytes.extend_from_slice(subject.id.as_bytes());
    bytes.extend_from_slice(&at_micros.to_be_bytes());
    bytes
}

fn small_data(authority: MunicipalityCode, epoch: i16, ad: &[u8]) -> Vec<u8> {
    let mut bytes = b"flyttbud/vault/small/v1\0".to_vec();
    bytes.extend_from_slice(&authority.number().to_be_bytes());
    bytes.extend_from_slice(&epoch.to_be_bytes());
    bytes.extend_from_slice(ad);
    bytes
}
