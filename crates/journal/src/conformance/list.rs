//! The whole suite as one test for each of its functions, for the tests of an implementation:
//!
//! ```text
//! crate::conformance::list::conforms!(MyHouse);
//! ```

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{ProptestConfig, Strategy};
use proptest::test_runner::TestRunner;

use super::model::{self, Step};
use crate::Journal;

/// Where a journal is at home while no process has it open.
pub(crate) trait House: Sized {
    /// One with an empty journal that nobody else uses.
    async fn build() -> Self;
    /// Opens the journal, or opens it again.
    async fn journal(&self) -> Arc<dyn Journal>;
    /// Makes the journal empty, while nobody has it open.
    async fn empty(&self);
}

/// Each function of the suite, by its name; those behind the semicolon are told how to open the journal again.
macro_rules! conforms {
    ($house:ty) => {
        $crate::conformance::list::conforms! {
            $house:
            order::appends_at_once_stand_in_one_order_without_gaps,
            order::writes_are_read_at_once,
            order::a_stale_version_takes_no_position_and_fails_nobody_else,
            order::a_version_is_made_once,
            order::a_batch_is_appended_wholly_or_not_at_all,
            order::limits_hold_on_both_sides,
            order::the_edge_wakes_whoever_tails,
            requests::an_answer_is_found_by_its_request_id,
            requests::an_id_is_unique_within_its_scope,
            requests::a_request_sent_many_times_at_once_is_appended_once,
            requests::a_refused_batch_consumes_no_request_id,
            claims::a_claim_of_an_earlier_epoch_holds,
            claims::of_several_epochs_the_first_named_answers,
            claims::claims_of_others_do_not_meet,
            claims::of_announcements_at_once_one_stands,
            inbox::an_entry_may_notify_the_same_recipient_twice,
            inbox::a_refused_batch_uses_up_no_number,
            inbox::notices_are_read_page_by_page,
            reading::a_subject_is_read_as_it_was,
            reading::of_many_who_read_at_once_each_is_answered_its_own,
            reading::entries_are_read_page_by_page,
            clock::an_instant_is_read_back_as_answered,
            ;
            order::what_is_answered_is_durable,
            order::the_system_has_dense_versions,
            requests::a_request_is_answered_the_same_for_ever,
            claims::a_second_announcement_is_answered_with_the_first,
            claims::a_second_report_is_answered_with_the_first,
            claims::a_claim_is_held_until_it_is_released,
            claims::a_unique_key_is_used_once,
            inbox::numbers_are_dense_and_chained,
            clock::the_clock_is_advanced_by_an_entry,
            clock::recorded_time_never_runs_back,
        }

        #[test]
        fn invariant_random_steps_have_the_outcomes_of_the_model() {
            $crate::conformance::list::check_random_steps::<$house>();
        }
    };
    ($house:ty: $($room:ident::$claim:ident,)* ; $($lasting_room:ident::$lasting:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $claim() {
                let house = <$house as $crate::conformance::list::House>::build().await;
                $crate::conformance::$room::$claim(house.journal().await).await;
            }
        )*
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $lasting() {
                let house = <$house as $crate::conformance::list::House>::build().await;
                let journal = house.journal().await;
                $crate::conformance::$lasting_room::$lasting(journal, async || {
                    house.journal().await
                })
                .await;
            }
        )*
    };
}

pub(crate) use conforms;

/// Random batches, one after the other, have the outcomes of the model.
pub(crate) fn check_random_steps<H: House>() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let house = runtime.block_on(H::build());
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 48,
        ..ProptestConfig::default()
    });
    let checked = runner.run(&vec(step(), 1..40), |steps| {
        runtime.block_on(async {
            house.empty().await;
            model::steps_have_the_outcomes_of_the_model(house.journal().await, steps).await;
        });
        Ok(())
    });
    if let Err(failure) = checked {
        panic!("{failure}");
    }
}

fn step() -> impl Strategy<Value = Step> {
    (
        vec((0..4u8, 1..4u32), 0..4),
        vec(0..3u16, 0..4),
        option::of((0..6u8, 0..2u8)),
        option::weighted(0.3, 0..3u8),
        option::weighted(0.3, 0..3u8),
        option::weighted(0.2, 0..3u8),
    )
        .prop_map(|(drafts, told, request, claim, release, key)| Step {
            drafts,
            told,
            request,
            claim,
            release,
            key,
        })
}
