//! Finding one's own by number, case number or name.

use std::collections::BTreeSet;
use std::fmt;

use domain::municipality::MunicipalityCode;
use domain::subject::Subject;
use ring::digest;

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

/// What tells an authority's search rows of one subject from any others: all tokens, with the kind of the subject, in
/// their order.
pub(crate) fn digest(rows: impl Iterator<Item = ([u8; 16], u8)>) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"flyttbud/vault/search-rows/v1\0");
    // the store keeps each row once
    for (token, kind) in rows.collect::<BTreeSet<_>>() {
        context.update(&token);
        context.update(&[kind]);
    }
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    bytes
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
