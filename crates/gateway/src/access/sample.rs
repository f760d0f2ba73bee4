//! Drawing a sample of a period. The period is over, so nothing comes into it any more, and the same seed draws the
//! same.

use std::collections::{BTreeMap, BTreeSet};

use api::parse::Faults;
use api::status::Refusal;
use api::v1;
use domain::reason::Reason;
use domain::sample::stratified;
use domain::subject::Subject;
use jiff::Timestamp;
use uuid::Uuid;
use vault::{Access, AccessFilter, AccessPlace};

use super::{Opening, record, shown};
use crate::call::Call;
use crate::core::{Core, no_keys};
use crate::limits::{
    ACCESSES_AT_ONCE, MARKED_ACCESSES_MAX, REVIEWED_ACCESSES_MAX, SAMPLE_DEFAULT, SAMPLE_MAX,
};
use crate::permit::Reviewer;

/// What to draw.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) size: usize,
    pub(super) seed: u64,
}

impl Plan {
    /// Reads one; none when it is at fault.
    pub(super) fn read(
        faults: &mut Faults,
        now: Timestamp,
        [from, until]: [Option<prost_types::Timestamp>; 2],
        (size, seed): (i32, i64),
    ) -> Option<Self> {
        let mut instant = |field: &str, at: Option<prost_types::Timestamp>| {
            if at.is_none() {
                faults.add(field, Reason::FieldRequired);
            }
            super::instant(faults, field, at)
        };
        let (from, until) = (instant("from", from), instant("until", until));
        if until.is_some_and(|until| until > now) {
            faults.add("until", Reason::DateInFuture);
        }
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            faults.add("until", Reason::FieldOutOfRange);
        }
        let size = match usize::try_from(size) {
            Ok(0) => Some(SAMPLE_DEFAULT),
            Ok(size) if size <= SAMPLE_MAX => Some(size),
            _ => {
                faults.add("size", Reason::FieldOutOfRange);
                None
            }
        };
        let seed = u64::try_from(seed).ok();
        if seed.is_none() {
            faults.add("seed", Reason::FieldOutOfRange);
        }
        Some(Self {
            from: from?,
            until: until?,
            size: size?,
            seed: seed?,
        })
    }
}

/// What was drawn.
pub(super) struct Sample {
    /// Where each stands in the log, by its id.
    pub(super) places: BTreeMap<Uuid, AccessPlace>,
    /// How many there were to draw from.
    pub(super) population: u64,
}

pub(super) async fn draw(
    core: &Core,
    call: &Call,
    request: v1::SampleAccessesRequest,
) -> Result<v1::SampleAccessesResponse, Refusal> {
    let reviewer = Reviewer::of(core, call, &request.municipality)?;
    let mut faults = Faults::default();
    let actor = faults.actor(request.actor.as_ref());
    let seed = match request.seed {
        0 => any_seed(),
        seed => seed,
    };
    let period = [request.from, request.until];
    let plan = Plan::read(
        &mut faults,
        core.journal.now(),
        period,
        (request.size, seed),
    );
    faults.end()?;
    let plan = plan.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let opening = Opening::of(Subject::SYSTEM, &actor);
    core.record_access(call, reviewer, opening).await?;
    let sample = core.sample(reviewer, plan).await?;
    let mut accesses = Vec::with_capacity(sample.places.len());
    let mut places: Vec<AccessPlace> = sample.places.into_values().collect();
    places.sort_unstable();
    for place in places {
        let before = AccessPlace {
            number: place.number.saturating_add(1),
            ..place
        };
        let found = core
            .log(reviewer, &AccessFilter::default(), before, 1)
            .await?;
        accesses.extend(found.iter().map(shown));
    }
    Ok(v1::SampleAccessesResponse {
        accesses,
        population: i64::try_from(sample.population).unwrap_or(i64::MAX),
        seed,
    })
}

/// A seed that nobody chose, never 0.
fn any_seed() -> i64 {
    let (_time, random) = Uuid::now_v7().as_u64_pair();
    i64::try_from(random & (u64::MAX >> 2))
        .unwrap_or(i64::MAX)
        .max(1)
}

/// Whether so many accesses to what is marked as secret can be reviewed at once: a sample has all of them.
fn reviewable(marked: usize) -> Result<(), Refusal> {
    if marked > MARKED_ACCESSES_MAX {
        let refusal = Refusal::field("until", Reason::FieldOutOfRange);
        return Err(refusal.with("limit", MARKED_ACCESSES_MAX.to_string()));
    }
    Ok(())
}

impl Core {
    /// A page of the log, for its reviewer.
    pub(super) async fn log(
        &self,
        reviewer: Reviewer,
        filter: &AccessFilter<'_>,
        before: AccessPlace,
        limit: usize,
    ) -> Result<Vec<Access>, Refusal> {
        self.vault
            .accesses(reviewer.code(), filter, before, limit)
            .await
            .map_err(no_keys)
    }

    /// Draws a sample in strata of officer and purpose, beside all that was of persons with a secrecy marking.
    pub(super) async fn sample(&self, reviewer: Reviewer, plan: Plan) -> Result<Sample, Refusal> {
        let Plan { from, until, .. } = plan;
        let population = self
            .vault
            .count_accesses(reviewer.code(), from, until)
            .await
            .map_err(no_keys)?;
        if population > REVIEWED_ACCESSES_MAX {
            return Err(Refusal::field("until", Reason::FieldOutOfRange)
                .with("limit", REVIEWED_ACCESSES_MAX.to_string()));
        }
        let filter = AccessFilter {
            from: Some(from),
            until: Some(until),
            ..AccessFilter::default()
        };
        let mut strata: BTreeMap<(String, String), Vec<u128>> = BTreeMap::new();
        let mut places = BTreeMap::new();
        let mut drawn = BTreeSet::new();
        let mut before = AccessPlace::END;
        loop {
            let page = self
                .log(reviewer, &filter, before, ACCESSES_AT_ONCE)
                .await?;
            let Some(last) = page.last() else {
                break;
            };
            before = last.place;
            for access in &page {
                let part = record::told(access).unwrap_or_default();
                places.insert(access.id, access.place);
                if record::is_marked(&part) {
                    drawn.insert(access.id.as_u128());
                    continue;
                }
                let stratum = strata.entry((part.officer_id, part.purpose));
                stratum.or_default().push(access.id.as_u128());
            }
            tokio::task::yield_now().await;
        }
        reviewable(drawn.len())?;
        drawn.extend(stratified(&strata, plan.size, plan.seed));
        places.retain(|id, _place| drawn.contains(&id.as_u128()));
        Ok(Sample { places, population })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_holds_a_thousand_of_what_is_marked_and_no_more() {
        assert_eq!(reviewable(0), Ok(()));
        assert_eq!(reviewable(1000), Ok(()));
        let refused = reviewable(1001).expect_err("too many");
        assert_eq!(refused.reason, Reason::FieldOutOfRange);
        assert_eq!(refused.metadata["limit"], "1000");
    }
}
