//! Erasing what an authority holds, and the mark that says how far that was done.
//!
//! The mark never runs ahead of what it stands for: a store that loses the newest of what it was told, or is restored
//! from an older copy, has an older mark, and whoever goes on from there erases again.

use domain::municipality::MunicipalityCode;
use domain::subject::{Position, Subject, Version};

use crate::store::Change;
use crate::{Error, Vault};

/// How far a journal was gone over: what its entries end is erased here, up to this one and with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where the entry stands.
    pub position: Position,
    /// The hash of the entry as stored. Another one at this place is of another history.
    pub leaf: [u8; 32],
}

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

    /// The newest mark. None when nothing was gone over yet.
    pub async fn mark(&self) -> Result<Option<Mark>, Error> {
        self.inner.store.mark().await
    }

    /// Sets a newer mark, once everything up to it is erased. An older one changes nothing: several processes may go
    /// over a journal at once.
    pub async fn set_mark(&self, mark: Mark) -> Result<(), Error> {
        self.inner.store.apply(Change::Mark(mark)).await?;
        Ok(())
    }

    /// Forgets the mark: the journal that it stands for is lost, and the one there is now is gone over from its
    /// beginning.
    pub async fn forget_mark(&self) -> Result<(), Error> {
        self.inner.store.apply(Change::ForgetMark).await?;
        Ok(())
    }
}
