//! Claims about reviews of the access log.

use jiff::Timestamp;

use super::*;
use crate::limits::REVIEW_BYTES_MAX;
use crate::{NewReview, Reviewed};

fn at(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).expect("an instant")
}

fn review(id: u128, period: (i64, i64), content: &[u8]) -> NewReview<'_> {
    NewReview {
        authority: solna(),
        request_id: Uuid::from_u128(id),
        fingerprint: [7; 16],
        at: at(1000 + period.1),
        from: at(period.0),
        until: at(period.1),
        content,
    }
}

pub(super) async fn reviews_are_read_back_by_their_authority_newest_first_and_once_for_a_request(
    house: House,
) {
    let vault = house.vault().await;
    assert_eq!(vault.reviewed(solna()).await.expect("no fault"), None);
    let longest = vec![7; REVIEW_BYTES_MAX];
    for new in [
        review(1, (100, 300), b"one"),
        review(2, (0, 100), &longest),
        // the same request again changes nothing
        review(1, (500, 600), b"another"),
    ] {
        vault.record_review(new).await.expect("recorded");
    }
    let too_long = vec![7; REVIEW_BYTES_MAX + 1];
    let refused = vault.record_review(review(3, (0, 1), &too_long)).await;
    assert!(matches!(refused, Err(Error::TooLarge(_))));
    let page = async |who, before, limit| {
        let read = vault.reviews(who, before, limit).await;
        read.expect("no fault")
    };
    let all = page(solna(), u64::MAX, 10).await;
    let told: Vec<_> = all
        .iter()
        .map(|it| (it.request_id.as_u128(), it.until, it.content.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (2, at(100), Some(longest.as_slice())),
            (1, at(300), Some(b"one".as_slice()))
        ]
    );
    assert_eq!(page(solna(), all[0].number, 10).await, all[1..]);
    assert_eq!(page(heby(), u64::MAX, 10).await, []);
    let one = vault.review(solna(), Uuid::from_u128(1)).await;
    assert_eq!(one.expect("no fault").as_ref(), all.last());
    let of_another = vault.review(heby(), Uuid::from_u128(1)).await;
    assert_eq!(of_another.expect("no fault"), None);
    let expected = Reviewed {
        at: at(1300),
        until: at(300),
    };
    let reviewed = vault.reviewed(solna()).await.expect("no fault");
    assert_eq!(reviewed, Some(expected));
}

pub(super) async fn a_review_that_was_moved_is_a_fault(house: House) {
    let vault = house.vault().await;
    vault
        .record_review(review(1, (0, 100), b"one"))
        .await
        .expect("recorded");
    house.alter("UPDATE reviews SET until_micros = 200;").await;
    let read = vault.reviews(solna(), u64::MAX, 1).await;
    assert!(matches!(read, Err(Error::Tampered)));
}
