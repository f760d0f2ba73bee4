//! Erasing what an authority holds. Nothing that is erased here comes back, but from a copy that is older.

use domain::municipality::MunicipalityCode;
use domain::subject::{Subject, Version};

use crate::store::Change;
use crate::{Error, Vault};

impl Vault {
    /// Deletes the authority's keys to a subject, and what finds it there, for good; other authorities
    /// keep theirs. Returns how many rows of keys there were.
    pub async fn erase(
        &self,
        authority: MunicipalityCode,
        subject: Subject,
    ) -> Result<usize, Error> {
        let change = Change::Erase(authority, subject);
        self.inner.store.apply(change).await
    }

    /// Deletes the authority's keys to one version of a subject, for good; what finds the subject stays. Returns how
    /// many rows of keys there were.
    pub async fn erase_version(
        &self,
        authority: MunicipalityCode,
        subject: Subject,
        version: Version,
    ) -> Result<usize, Error> {
        let change = Change::EraseVersion(authority, subject, version);
        self.inner.store.apply(change).await
    }
}
