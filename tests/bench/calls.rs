//! The calls that are measured: made beforehand, and their answers read afterwards.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use api::v1;
use bytes::Bytes;
use prost::Message as _;

use crate::caller::{Caller, Framed};
use crate::load::Run;

/// What is measured.
pub(crate) const REGISTER: &str = "/flyttbud.v1.RelocationService/RegisterRelocation";

/// The bare call.
pub(crate) fn echo_request() -> anyhow::Result<Framed> {
    Framed::new(&v1::GetMunicipalityRequest {
        name: "municipalities/0184".to_owned(),
    })
}

/// A registration as it is sent, and to whom.
pub(crate) type Registration = (String, Framed);

/// Registrations as they are sent.
pub(crate) fn framed(
    requests: Vec<v1::RegisterRelocationRequest>,
) -> anyhow::Result<Vec<Registration>> {
    requests
        .into_iter()
        .map(|request| {
            let framed = Framed::new(&request)?;
            Ok((request.receiving_municipality, framed))
        })
        .collect()
}

/// One registration: to whom, and the answer as it came.
pub(crate) async fn register(
    caller: Caller,
    (recipient, framed): Registration,
) -> anyhow::Result<(String, Bytes)> {
    Ok((recipient, caller.call(framed).await?))
}

/// When each registration began, by recipient and name. Answers are read here, when the time is taken.
pub(crate) fn began(
    run: &Run<(String, Bytes)>,
) -> anyhow::Result<BTreeMap<(String, String), Instant>> {
    run.answers
        .iter()
        .map(|call| {
            let (recipient, answer) = &call.answer;
            let answer = v1::RegisterRelocationResponse::decode(answer.clone())?;
            let mut warnings = answer.warnings.iter();
            let is_new = warnings.all(|warning| warning.reason != "ALREADY_ANNOUNCED");
            ensure!(is_new, "a person was announced before");
            let relocation = answer.relocation.context("the answer is empty")?;
            Ok(((recipient.clone(), relocation.name), call.began))
        })
        .collect()
}

/// The same by name alone.
pub(crate) fn named(began: BTreeMap<(String, String), Instant>) -> BTreeMap<String, Instant> {
    let name = |((_recipient, name), began)| (name, began);
    began.into_iter().map(name).collect()
}
