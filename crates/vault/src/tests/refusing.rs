//! Claims about the audit table of refusals.

use jiff::Timestamp;

use super::*;
use crate::Refused;
use crate::limits::REFUSALS_MAX;

pub(super) fn refused(
    authority: MunicipalityCode,
    number: usize,
    reason: &str,
    fields: &[&str],
) -> Refused {
    let number = u128::try_from(number).expect("small");
    Refused {
        at: Timestamp::from_microsecond(1_764_000_000_000_001).expect("an instant"),
        authority,
        organisation_number: "212000-0142".to_owned(),
        method: "RegisterRelocation".to_owned(),
        reason: reason.to_owned(),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
        call_id: Uuid::from_u128(number),
    }
}

pub(super) async fn refusals_are_read_back_by_their_authority_newest_first_in_pages(house: House) {
    let vault = house.vault().await;
    let given = [
        refused(solna(), 1, "ROLE_NOT_ALLOWED", &[]),
        refused(heby(), 2, "ACTOR_REQUIRED", &["actor"]),
        refused(
            solna(),
            3,
            "CONSENT_TOO_NARROW",
            &["content.dwelling", "content.supports[3].kind"],
        ),
        refused(solna(), 4, "ACTOR_REQUIRED", &["actor"]),
    ];
    vault
        .record_refusals(given.to_vec())
        .await
        .expect("recorded");
    let page = async |authority, before, limit| {
        let read = vault.refusals(authority, before, limit).await;
        read.expect("no fault")
    };
    let first = page(solna(), u64::MAX, 2).await;
    let (numbers, found): (Vec<_>, Vec<_>) = first.into_iter().unzip();
    assert_eq!(found, [given[3].clone(), given[2].clone()]);
    let second = page(solna(), numbers[1], 2).await;
    let (numbers, found): (Vec<_>, Vec<_>) = second.into_iter().unzip();
    assert_eq!(found, [given[0].clone()]);
    assert_eq!(page(solna(), numbers[0], 2).await, []);
    let counts = vault.refusals_by_reason().await.expect("no fault");
    let counts: Vec<_> = counts
        .iter()
        .map(|(reason, count)| (reason.as_str(), *count))
        .collect();
    assert_eq!(
        counts,
        [
            ("ACTOR_REQUIRED", 2),
            ("CONSENT_TOO_NARROW", 1),
            ("ROLE_NOT_ALLOWED", 1)
        ]
    );
}

pub(super) async fn an_authority_keeps_its_newest_ten_thousand_refusals_and_takes_nobody_elses(
    house: House,
) {
    let vault = house.vault().await;
    let record = async |authority, numbers: std::ops::Range<usize>| {
        let refusals = numbers.map(|number| refused(authority, number, "ACTOR_REQUIRED", &[]));
        let recorded = vault.record_refusals(refusals.collect()).await;
        recorded.expect("recorded");
    };
    let newest_and_oldest = async || {
        let kept = vault.refusals(solna(), u64::MAX, REFUSALS_MAX + 1).await;
        let kept = kept.expect("no fault");
        let number = |end: Option<&(u64, Refused)>| end.expect("one").1.call_id.as_u128();
        (number(kept.first()), number(kept.last()), kept.len())
    };
    record(heby(), 0..1).await;
    for number in 0..10 {
        record(solna(), number * 1000..(number + 1) * 1000).await;
    }
    assert_eq!(newest_and_oldest().await, (9_999, 0, REFUSALS_MAX));
    record(solna(), 10_000..10_003).await;
    assert_eq!(newest_and_oldest().await, (10_002, 3, REFUSALS_MAX));
    let of_another = vault.refusals(heby(), u64::MAX, 10).await;
    assert_eq!(of_another.expect("no fault").len(), 1);
}
