//! Finding one's own by number or case number, and erasing what an authority holds.

use std::fmt;

use domain::municipality::MunicipalityCode;
use domain::subject::Subject;
use rusqlite::params;

use crate::limits::FOUND_MAX;
use crate::pseudonym::SearchTerm;
use crate::writer::Change;
use crate::{Error, Vault, schema};

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
    pub fn search_row(
        &self,
        authority: MunicipalityCode,
        term: SearchTerm<'_>,
        subject: Subject,
    ) -> Result<SearchRow, Error> {
        Ok(SearchRow {
            authority,
            token: self.search_token(authority, term)?,
            subject,
        })
    }

    /// The authority's subjects under a token, newest first, at most a hundred.
    pub fn search(
        &self,
        authority: MunicipalityCode,
        token: [u8; 16],
    ) -> Result<Vec<Subject>, Error> {
        self.inner.store.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT kind, subject FROM search WHERE authority = ?1 AND token = ?2 \
                     ORDER BY subject DESC LIMIT ?3",
                )?
                .query_map(
                    params![
                        authority.number(),
                        token,
                        i64::try_from(FOUND_MAX).unwrap_or(0)
                    ],
                    schema::subject,
                )?
                .collect()
        })
    }

    /// Deletes the authority's keys to a subject, and what finds it there, for good; other authorities
    /// keep theirs. Returns how many rows of keys there were.
    pub async fn erase(
        &self,
        authority: MunicipalityCode,
        subject: Subject,
    ) -> Result<usize, Error> {
        self.inner
            .store
            .write(Change::Erase(authority, subject))
            .await
    }
}
