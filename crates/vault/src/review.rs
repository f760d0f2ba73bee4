//! Reviews of the access log: which period, when, and, sealed, who found what. Rows are only added.

use std::fmt;

use domain::municipality::MunicipalityCode;
use jiff::Timestamp;
use uuid::Uuid;

use crate::limits::REVIEW_BYTES_MAX;
use crate::store::Change;
use crate::{Error, Vault};

/// A review to be recorded.
#[derive(Clone, Copy)]
pub struct NewReview<'a> {
    /// Whose log was reviewed.
    pub authority: MunicipalityCode,
    /// The caller's id of the request, unique at its authority.
    pub request_id: Uuid,
    /// A keyed hash of the request.
    pub fingerprint: [u8; 16],
    /// When it was recorded, to the microsecond.
    pub at: Timestamp,
    /// The beginning of the period that was reviewed.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// Who found what; it is sealed.
    pub content: &'a [u8],
}

impl fmt::Debug for NewReview<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewReview({}, {}, ..)", self.authority, self.at)
    }
}

/// A review.
#[derive(PartialEq, Eq)]
pub struct Review {
    /// By which a list goes on.
    pub number: u64,
    /// The caller's id of the request.
    pub request_id: Uuid,
    /// A keyed hash of the request.
    pub fingerprint: [u8; 16],
    /// When it was recorded.
    pub at: Timestamp,
    /// The beginning of the period.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// Who found what; none when the key to it was deleted.
    pub content: Option<Vec<u8>>,
}

impl fmt::Debug for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Review({}, ..)", self.at)
    }
}

/// How far an authority's log has been reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// When the last review was recorded.
    pub at: Timestamp,
    /// The latest end of a period that was reviewed.
    pub until: Timestamp,
}

/// A review as it is stored.
pub(crate) struct ReviewRow {
    /// 0 before it is stored.
    pub(crate) number: i64,
    pub(crate) authority: MunicipalityCode,
    pub(crate) request_id: Uuid,
    pub(crate) fingerprint: [u8; 16],
    pub(crate) at_micros: i64,
    pub(crate) from_micros: i64,
    pub(crate) until_micros: i64,
    pub(crate) sealed: Vec<u8>,
}

impl ReviewRow {
    /// Bound to its place and to what stands in the clear beside it.
    fn associated_data(&self) -> Vec<u8> {
        let mut bytes = b"review/v2\0".to_vec();
        bytes.extend_from_slice(&self.fingerprint);
        bytes.extend_from_slice(&self.associated_data_before());
        bytes
    }

    /// What it may be bound to: earlier programs left the fingerprint out.
    pub(crate) fn bound(&self) -> [Vec<u8>; 2] {
        [self.associated_data(), self.associated_data_before()]
    }

    fn associated_data_before(&self) -> Vec<u8> {
        let mut bytes = b"review\0".to_vec();
        bytes.extend_from_slice(self.request_id.as_bytes());
        for micros in [self.at_micros, self.from_micros, self.until_micros] {
            bytes.extend_from_slice(&micros.to_be_bytes());
        }
        bytes
    }
}

impl Vault {
    /// Records a review durably, unless there is one with its request id: the first one stands.
    pub async fn record_review(&self, review: NewReview<'_>) -> Result<(), Error> {
        let mut row = ReviewRow {
            number: 0,
            authority: review.authority,
            request_id: review.request_id,
            fingerprint: review.fingerprint,
            at_micros: review.at.as_microsecond(),
            from_micros: review.from.as_microsecond(),
            until_micros: review.until.as_microsecond(),
            sealed: Vec::new(),
        };
        let ad = row.associated_data();
        row.sealed = self
            .seal_small(row.authority, &ad, review.content, REVIEW_BYTES_MAX)
            .await?;
        self.inner.store.apply(Change::Review(row)).await?;
        Ok(())
    }

    /// An authority's review with a request id.
    pub async fn review(
        &self,
        authority: MunicipalityCode,
        request_id: Uuid,
    ) -> Result<Option<Review>, Error> {
        match self.inner.store.review(authority, request_id).await? {
            Some(row) => self.opened(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// An authority's reviews before one of them, newest first, at most `limit`.
    pub async fn reviews(
        &self,
        authority: MunicipalityCode,
        before: u64,
        limit: usize,
    ) -> Result<Vec<Review>, Error> {
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        let rows = self.inner.store.reviews(authority, before, limit).await?;
        let mut reviews = Vec::with_capacity(rows.len());
        for row in rows {
            reviews.push(self.opened(row).await?);
        }
        Ok(reviews)
    }

    /// How far an authority's log has been reviewed. None before the first review.
    pub async fn reviewed(&self, authority: MunicipalityCode) -> Result<Option<Reviewed>, Error> {
        let Some((at, until)) = self.inner.store.reviewed(authority).await? else {
            return Ok(None);
        };
        Ok(Some(Reviewed {
            at: instant(at)?,
            until: instant(until)?,
        }))
    }

    async fn opened(&self, row: ReviewRow) -> Result<Review, Error> {
        let bound = row.bound();
        let content = self.open_small_as(row.authority, &bound, &row.sealed);
        Ok(Review {
            number: row.number.cast_unsigned(),
            request_id: row.request_id,
            fingerprint: row.fingerprint,
            at: instant(row.at_micros)?,
            from: instant(row.from_micros)?,
            until: instant(row.until_micros)?,
            content: content.await?,
        })
    }
}

fn instant(micros: i64) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(micros).map_err(|_range| Error::Tampered)
}
