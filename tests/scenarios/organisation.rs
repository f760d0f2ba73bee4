//! Organisation: municipalities that change, boards, systems and their certificates.

use super::steps::Scenario;

pub(crate) const SCENARIOS: &[Scenario] = &[];
