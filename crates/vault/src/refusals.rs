//! The audit table of refusals: who was refused what, when and why. Codes and paths alone: no value of a request
//! and no person ever stands here. Of each authority the newest are kept.

use domain::municipality::MunicipalityCode;
use jiff::Timestamp;
use uuid::Uuid;

use crate::store::Change;
use crate::{Error, Vault};

/// One call that the rules refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// When, to the microsecond.
    pub at: Timestamp,
    /// The municipality that was acted for; [`MunicipalityCode::HOUSE`] when none was proven.
    pub authority: MunicipalityCode,
    /// The organisation number in the caller's certificate.
    pub organisation_number: String,
    /// The method, for example `RegisterRelocation`.
    pub method: String,
    /// The stable reason, for example `LEGAL_GROUND_MISSING`.
    pub reason: String,
    /// The paths of the fields at fault.
    pub fields: Vec<String>,
    /// The call's id, as in its answer and in the log.
    pub call_id: Uuid,
}

impl Vault {
    /// Records refusals durably, in their order, and drops an authority's oldest beyond ten thousand.
    pub async fn record_refusals(&self, refusals: Vec<Refused>) -> Result<(), Error> {
        self.inner.store.apply(Change::Refusals(refusals)).await?;
        Ok(())
    }

    /// An authority's refusals before one of them, newest first, each with its number, at most `limit`.
    pub async fn refusals(
        &self,
        authority: MunicipalityCode,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Refused)>, Error> {
        self.inner.store.refusals(authority, before, limit).await
    }

    /// How many refusals of all authorities are kept, by reason.
    pub async fn refusals_by_reason(&self) -> Result<Vec<(String, u64)>, Error> {
        self.inner.store.refusals_by_reason().await
    }
}

/// Paths in one column: none has a space.
pub(crate) fn joined(fields: &[String]) -> String {
    fields.join(" ")
}

/// The paths of a column.
pub(crate) fn parted(fields: &str) -> Vec<String> {
    fields.split_whitespace().map(str::to_owned).collect()
}
