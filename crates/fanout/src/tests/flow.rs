//! When all is well: notices arrive once, in order, each in its lane.

use std::time::Instant;

use super::{House, next, number, publish, recheck};
use crate::lanes::Wake;
use crate::testing::notice;

#[tokio::test]
async fn each_notice_comes_once_in_its_lane_and_in_no_other_however_often_it_is_published() {
    let mut house = House::start().await;
    let mut solna = house.lanes.subscribe(notice("0184", 1).recipient);
    let mut solleftea = house.lanes.subscribe(notice("2283", 1).recipient);
    house
        .dispatching(async |house: &mut House| {
            recheck(&mut solna).await;
            let of = |code: &'static str| (1..=100).map(move |number| notice(code, number));
            let all: Vec<_> = of("0184").chain(of("2283")).chain(of("1480")).collect();
            publish(&house.publisher, &all).await;
            publish(&house.publisher, &all).await;
            publish(
                &house.publisher,
                &[notice("0184", 101), notice("2283", 101)],
            )
            .await;
            recheck(&mut solleftea).await;
            for expected in 1..=101 {
                for (lane, code) in [(&mut solna, "0184"), (&mut solleftea, "2283")] {
                    let Wake::Notice(found) = next(lane).await else {
                        panic!("nothing was lost, so that nothing is to be rechecked");
                    };
                    assert_eq!(*found, notice(code, expected));
                }
            }
        })
        .await;
}

#[tokio::test]
async fn a_watcher_that_hangs_delays_no_other() {
    const NOTICES: u64 = 2_000;
    let mut house = House::start().await;
    let mut hanging = house.lanes.subscribe(notice("2283", 1).recipient);
    let mut quick = house.lanes.subscribe(notice("0184", 1).recipient);
    house
        .dispatching(async |house: &mut House| {
            recheck(&mut quick).await;
            let begun = Instant::now();
            for first in (1..=NOTICES).step_by(100) {
                let of = |code: &'static str| (first..first + 100).map(move |n| notice(code, n));
                let batch: Vec<_> = of("2283").chain(of("0184")).collect();
                publish(&house.publisher, &batch).await;
                for expected in first..first + 100 {
                    assert_eq!(number(&mut quick).await, expected);
                }
            }
            println!(
                "{NOTICES} notices beside a hanging watcher: {:?}",
                begun.elapsed()
            );
            // what it finds at last is that it must read the journal
            assert_eq!(next(&mut hanging).await, Wake::Recheck);
        })
        .await;
}
