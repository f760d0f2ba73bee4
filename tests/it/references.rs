//! Events of the register: their bounds. Numbers that were replaced: the bound, and what the record gets of it.

use api::v1;
use jiff::Timestamp;
use tests::{FEED, Party, SIGTUNA, SOLNA, World, checked, outcome, wait_for};

/// Numbers of one person at most.
const NUMBERS_MAX: usize = 16;
/// Events in one stream at most.
const EVENTS_MAX: usize = 1000;
/// Signs of an event's own id at most.
const SOURCE_ID_SIGNS_MAX: usize = 64;

/// A test number of that day in January 1990.
pub(crate) fn number(day: usize) -> String {
    checked(&format!("199001{day:02}-238"))
}

/// The record of a number that was replaced by another.
pub(crate) fn replaced(number: &str, by: &str) -> v1::RegisterEvent {
    let changed_at = Timestamp::from_second(1_767_225_600).expect("an instant");
    v1::RegisterEvent {
        source_id: format!("from {}", number.get(6..8).expect("a day")),
        changed_at: Some(api::time::to_wire(changed_at)),
        identity_number: number.to_owned(),
        protection: v1::ProtectionLevel::None.into(),
        deregistration: Some(v1::Deregistration {
            code: "GN".to_owned(),
            deregistered_on: String::new(),
        }),
        referred_identity_number: by.to_owned(),
        ..v1::RegisterEvent::default()
    }
}

/// What became of events, and why.
async fn told(feed: &Party, events: Vec<v1::RegisterEvent>) -> Vec<String> {
    let results = feed.import(events).await.expect("an answer to each");
    let shown = |it: v1::RegisterEventResult| {
        let text = format!("{} {}", outcome(&it), it.field);
        text.trim_end().to_owned()
    };
    results.into_iter().map(shown).collect()
}

/// The references in the record that a party sees.
async fn references(party: &Party) -> usize {
    let request = v1::ListEntriesRequest {
        municipality: party.municipality(),
        page_size: 500,
        ..v1::ListEntriesRequest::default()
    };
    let entries = party.list_entries(request).await.expect("a list").entries;
    let is_one = |it: &&v1::LogEntry| it.kind() == v1::EntryKind::IdentityReferred;
    entries.iter().filter(is_one).count()
}

/// Waits until there are so many, and no more.
async fn recorded(party: &Party, expected: usize) {
    let look = || async {
        let count = references(party).await;
        (count >= expected).then_some(count)
    };
    assert_eq!(wait_for("references in the record", look).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_numbers_are_one_person_and_the_seventeenth_is_refused() {
    let world = World::start().await;
    let feed = world.party(FEED).await;
    let numbers: Vec<String> = (1..=NUMBERS_MAX + 1).map(number).collect();
    let events: Vec<_> = numbers
        .windows(2)
        .map(|pair| replaced(&pair[0], &pair[1]))
        .collect();
    let mut expected = vec!["ACCEPTED".to_owned(); NUMBERS_MAX - 1];
    expected.push("REFUSED REFERENCES_TOO_MANY referred_identity_number".to_owned());
    assert_eq!(told(&feed, events.clone()).await, expected);
    let solna = world.party(SOLNA).await;
    recorded(&solna, NUMBERS_MAX - 1).await;

    // all of it once more is nothing new, in the record either
    let mut expected = vec!["REPEATED".to_owned(); NUMBERS_MAX - 1];
    expected.push("REFUSED REFERENCES_TOO_MANY referred_identity_number".to_owned());
    assert_eq!(told(&feed, events).await, expected);
    // what is new comes after whatever would have come twice
    let another = told(&feed, vec![replaced(&number(20), &number(21))]).await;
    assert_eq!(another, ["ACCEPTED"]);
    recorded(&solna, NUMBERS_MAX).await;
    let sigtuna = world.party(SIGTUNA).await;
    assert_eq!(references(&sigtuna).await, 0, "another's is not seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_of_a_cycle_or_of_a_person_who_is_protected() {
    let world = World::start().await;
    let feed = world.party(FEED).await;
    let [one, two, three] = [1, 2, 3].map(number);
    let mut protected = replaced(&two, &three);
    protected.protection = v1::ProtectionLevel::SecrecyMarking.into();
    let events = vec![replaced(&one, &two), replaced(&two, &one), protected];
    let cycle = "REFUSED REFERENCE_CYCLE referred_identity_number";
    // a refused event may come again under its id, mended
    assert_eq!(told(&feed, events).await, ["ACCEPTED", cycle, "ACCEPTED"]);
    let solna = world.party(SOLNA).await;
    recorded(&solna, 1).await;
    // had the protected person's been kept, this would be a cycle
    let mut back = replaced(&three, &two);
    back.source_id = "back".to_owned();
    // as old as the marking, it lifts nothing
    assert_eq!(told(&feed, vec![back.clone()]).await, ["ACCEPTED"]);
    assert_eq!(references(&solna).await, 1);
    back.source_id = "lifted".to_owned();
    back.changed_at.as_mut().expect("an instant").seconds += 1;
    assert_eq!(told(&feed, vec![back]).await, ["ACCEPTED"]);
    recorded(&solna, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_events_are_answered_and_one_more_ends_the_stream() {
    let world = World::start().await;
    let feed = world.party(FEED).await;
    let named = |length| v1::RegisterEvent {
        source_id: "å".repeat(length),
        ..replaced(&number(1), &number(2))
    };
    let mut events = vec![named(SOURCE_ID_SIGNS_MAX); EVENTS_MAX - 1];
    events.push(named(SOURCE_ID_SIGNS_MAX + 1));
    let results = feed
        .import(events.clone())
        .await
        .expect("as many as may be");
    assert_eq!(results.len(), EVENTS_MAX);
    let [first, .., last] = results.as_slice() else {
        panic!("{results:?}")
    };
    assert_eq!(first.outcome(), v1::RegisterEventOutcome::Accepted);
    let refused = (last.outcome(), last.reason.as_str(), last.field.as_str());
    let too_long = v1::RegisterEventOutcome::Refused;
    assert_eq!(refused, (too_long, "FIELD_TOO_LONG", "source_id"));
    // no longer than what is taken in
    assert_eq!(last.source_id, first.source_id);
    events.push(named(SOURCE_ID_SIGNS_MAX));
    let refused = feed.import(events).await.expect_err("one more");
    assert_eq!(refused.reason, "TOO_MANY_EVENTS");
}
