//! The audit table: what the rules refused is kept for whom it was refused, and holds nothing of the request.

use api::v1;
use client::Refused;
use tests::{
    Apart, OPERATOR, Party, SIGTUNA, SOLLEFTEA, SOLNA, World, announcement, arrival, run, wait_for,
};

use crate::receipts::profile;

/// A party's refusals, all pages.
async fn refusals(party: &Party, page_size: i32) -> Vec<v1::Refusal> {
    let mut request = v1::ListRefusalsRequest {
        municipality: party.municipality(),
        page_size,
        ..v1::ListRefusalsRequest::default()
    };
    let mut all = Vec::new();
    loop {
        let page = party.list_refusals(request.clone()).await.expect("a list");
        let size = i32::try_from(page.refusals.len()).expect("small");
        assert!(size <= page_size, "{size} on a page");
        all.extend(page.refusals);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return all;
        }
    }
}

/// The same, as soon as there are so many.
async fn kept(party: &Party, count: usize) -> Vec<v1::Refusal> {
    wait_for("the refusals", || async {
        let found = refusals(party, 2).await;
        (found.len() >= count).then_some(found)
    })
    .await
}

async fn counts(operator: &Party) -> Vec<(String, i64)> {
    let counted = operator.count_refusals(v1::CountRefusalsRequest {}).await;
    let counts = counted.expect("counted").counts;
    counts.into_iter().map(|it| (it.reason, it.count)).collect()
}

async fn without_ground(solna: &Party) -> Refused {
    let mut request = announcement(solna, "2283", 0);
    request.legal_ground = None;
    solna.register(request).await.expect_err("no ground")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_kept_for_whom_it_was_refused_and_operators_see_numbers() {
    let world = World::start().await;
    let solna = world.party(SOLNA).await;
    let solleftea = world.party(SOLLEFTEA).await;
    let operator = world.party(OPERATOR).await;

    let mut refused = vec![without_ground(&solna).await];
    let mut wrong = arrival(&solna, "2283", 1);
    let content = wrong.content.as_mut().expect("content");
    content.arrived_on = "2999-01-01".to_owned();
    content.person.as_mut().expect("a person").given_name = String::new();
    refused.push(solna.report(wrong).await.expect_err("two faults"));
    let mut protected = announcement(&solna, "2283", 2);
    let content = protected.content.as_mut().expect("content");
    content.person.as_mut().expect("a person").protection =
        v1::ProtectionLevel::ProtectedRegistration.into();
    refused.push(solna.register(protected).await.expect_err("protected"));
    // whoever may not act for Solna leaves nothing in Solna's table
    let stranger = world.party(SIGTUNA).await.acting_for("0184");
    let theirs = stranger.register(announcement(&stranger, "2283", 3)).await;
    theirs.expect_err("not theirs");
    // what does not exist, and what went well, is no refusal by the rules
    let nobodys = format!("relocations/{}", client::request_id());
    solna.read(&nobodys).await.expect_err("nobody's");
    let right = solna.register(announcement(&solna, "2283", 4)).await;
    right.expect("accepted");

    let found = kept(&solna, 3).await;
    let told = |refusal: &v1::Refusal| {
        let v1::Refusal {
            method,
            reason,
            fields,
            call_id,
            ..
        } = refusal.clone();
        (method, reason, fields.join(" "), call_id)
    };
    let found: Vec<_> = found.iter().rev().map(told).collect();
    let expected: Vec<_> = refused
        .iter()
        .zip(["RegisterRelocation", "ReportArrival", "RegisterRelocation"])
        .map(|(refused, method)| {
            let fields: Vec<&str> = refused.violations.iter().map(|it| it.0.as_str()).collect();
            (
                method.to_owned(),
                refused.reason.clone(),
                fields.join(" "),
                refused.request_id.clone(),
            )
        })
        .collect();
    assert_eq!(found, expected);
    assert_eq!(expected[0].1, "LEGAL_GROUND_MISSING");
    assert_eq!(refused[1].violations.len(), 2, "{:?}", refused[1]);

    assert_eq!(refusals(&solleftea, 2).await, []);
    assert_eq!(solleftea.notices().await.expect("a list").len(), 1);
    let counted = wait_for("the stranger's", || async {
        let counted = counts(&operator).await;
        (counted.len() == 3).then_some(counted)
    })
    .await;
    let mut expected: Vec<_> = [&refused[0].reason, &refused[1].reason, "SENDER_NOT_YOURS"]
        .map(|reason| (reason.to_owned(), 1))
        .to_vec();
    expected.sort();
    assert_eq!(counted, expected, "a protected person is never counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_outlives_the_service_that_gave_it() {
    let mut world = World::start().await;
    let solna = world.party(SOLNA).await;
    // the second one waits while the writer rests, and is written before the end
    let first = without_ground(&solna).await.request_id;
    let second = without_ground(&solna).await.request_id;
    assert!(world.terminate().await.success());
    world.start_again().await;
    let found = refusals(&world.party(SOLNA).await, 2).await;
    let calls: Vec<&str> = found.iter().map(|it| it.call_id.as_str()).collect();
    assert_eq!(calls, [&second, &first]);
    let counted = counts(&world.party(OPERATOR).await).await;
    assert_eq!(counted, [("LEGAL_GROUND_MISSING".to_owned(), 2)]);

    let said = |who, words: &[&str]| {
        let profile = profile(&world, who);
        let words = [&["--profile", &profile, "refusals"], words].concat();
        String::from_utf8(run(world.folder(), &words).stdout).expect("text")
    };
    let listed = said(SOLNA, &["--limit", "1"]);
    assert!(
        listed.contains(&second) && !listed.contains(&first),
        "{listed}"
    );
    let counted = said(OPERATOR, &["--count", "--json"]);
    let expected = r#"{"counts":[{"reason":"LEGAL_GROUND_MISSING","count":"2"}]}"#;
    assert_eq!(counted.trim_end(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_gateway_refused_the_other_tells() {
    let world = Apart::start().await;
    let refused = without_ground(&world.party(SOLNA, 0).await).await;
    let found = kept(&world.party(SOLNA, 1).await, 1).await;
    assert_eq!(found[0].call_id, refused.request_id);
    let counted = counts(&world.party(OPERATOR, 1).await).await;
    assert_eq!(counted, [("LEGAL_GROUND_MISSING".to_owned(), 1)]);
}
