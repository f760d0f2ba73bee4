//! Finding one's own by number, case number or name.

use std::fmt;

use domain::municipality::MunicipalityCode;
use domain::subject::Subject;

use crate::pseudonym::SearchTerm;
use crate::{Error, Vault};

/// Lets an authority find a subject by one term. Put together with the keys of the subject's entry.
#[derive(Clone, PartialEq, Eq)]
pub struct SearchRow {
    pub(crate) authority: MunicipalityCode,
    pub(crate) token: [u8; 16],
    pub(crate) subject: Subject,
}

impl fmt::Debug for SearchRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SearchRow({}, ..)", self.authority)
    }
}

impl Vault {
    /// The row by which an authority will find a subject.
    pub async fn search_row(
        &self,
        authority: MunicipalityCode,
        term: SearchTerm<'_>,
        subject: Subject,
    ) -> Result<SearchRow, Error> {
        Ok(SearchRow {
            authority,
            token: self.search_token(authority, term).await?,
            subject,
        })
    }

    /// The authority's subjects under any of some tokens, newest first, at most a hundred of each.
    pub async fn search(
        &self,
        authority: MunicipalityCode,
        tokens: &[[u8; 16]],
    ) -> Result<Vec<Subject>, Error> {
        self.inner.store.search(authority, tokens).await
    }
}
