//! Something of every kind that came after the first ones: what a party does with what is its own, and what time brings.

use api::v1;
use client::request_id;
use domain::calendar::day_in_sweden;
use jiff::Timestamp;
use jiff::civil::Date;
use tests::{FEED, SHARED, World, announcement, arrival, function, granted_to, wait_for};

use super::story::{Cast, entries};
use crate::access::announced;
use crate::confirming::confirmation;
use crate::drilling::{acknowledge, drills, shown, switch_on};
use crate::functions::set;
use crate::redacting::redaction;
use crate::references::{number, replaced};
use crate::restricting::{release, restriction};
use crate::vendors::{grant, withdraw as withdraw_grant};

/// Plays it, over a record in which nobody has moved but the first five persons.
pub(super) async fn play(world: &World, cast: &Cast) {
    organisation(cast).await;
    let feed = world.party(FEED).await;
    let results = feed.import(vec![replaced(&number(1), &number(2))]).await;
    assert_eq!(results.expect("an answer to each").len(), 1);
    relocations(cast).await;
    transfer(cast).await;
    drill(cast).await;
}

async fn organisation(cast: &Cast) {
    let solleftea = &cast.solleftea;
    let described = set(solleftea, function(solleftea, "barn", &[])).await;
    described.expect("described");
    let granted = grant(solleftea, granted_to(SHARED)).await;
    granted.expect("granted");
    withdraw_grant(solleftea).await.expect("withdrawn");
}

async fn relocations(cast: &Cast) {
    let Cast {
        solna, solleftea, ..
    } = cast;
    let processing = v1::RestrictionKind::Processing;
    // nobody takes it in, and a reminder follows
    let restricted = announced(solna, 1).await;
    let request = restriction(solna, &restricted, processing);
    solna.restrict(request).await.expect("restricted");
    let released = release(solna, &restricted, processing).await;
    released.expect("released");
    let redacted = announced(solna, 2).await;
    let request = redaction(solna, &redacted);
    solna.redact(request).await.expect("redacted");
    // a registration that is reversed
    announced(solna, 3).await;
    let reported = solleftea.report(arrival(solleftea, "0184", 3)).await;
    let name = reported.expect("accepted").arrival.expect("one").name;
    recorded(cast, v1::EntryKind::ArrivalMatched, 2).await;
    let request = v1::WithdrawArrivalRequest {
        municipality: solleftea.municipality(),
        actor: solleftea.actor(),
        request_id: request_id(),
        name,
        ..v1::WithdrawArrivalRequest::default()
    };
    let withdrawn = solleftea.withdraw_arrival(request).await;
    withdrawn.expect("withdrawn");
    recorded(cast, v1::EntryKind::RelocationReopened, 1).await;
}

/// A month of silence, the inspectorate's three, and its decision.
async fn transfer(cast: &Cast) {
    use v1::EntryKind as Kind;
    let Cast {
        solna,
        solleftea,
        operator,
        ..
    } = cast;
    let request = v1::RegisterRelocationRequest {
        kind: v1::RelocationKind::Transfer2910.into(),
        ..announcement(solna, "2283", 4)
    };
    let registered = solna.register(request).await.expect("accepted");
    let name = registered.relocation.expect("one").name;
    solleftea.take_in(&name, "").await.expect("taken in");
    operator.advance(40).await.expect("moved");
    recorded(cast, Kind::TransferSilent, 1).await;
    recorded(cast, Kind::RelocationReminded, 1).await;
    let today = day(cast).await;
    let request = v1::ReferTransferRequest {
        municipality: solna.municipality(),
        actor: solna.actor(),
        request_id: request_id(),
        name: name.clone(),
        referred_on: today.to_string(),
        ..v1::ReferTransferRequest::default()
    };
    solna.refer(request).await.expect("referred");
    operator.advance(100).await.expect("moved");
    recorded(cast, Kind::TransferDecisionOverdue, 1).await;
    let today = day(cast).await;
    let request = v1::RecordTransferDecisionRequest {
        municipality: solna.municipality(),
        actor: solna.actor(),
        request_id: request_id(),
        name,
        granted: true,
        decided_on: today.to_string(),
        ..v1::RecordTransferDecisionRequest::default()
    };
    solna.record_decision(request).await.expect("recorded");
}

async fn drill(cast: &Cast) {
    let Cast {
        solleftea,
        operator,
        ..
    } = cast;
    let notices = solleftea.notices().await.expect("an inbox");
    let newest = notices.last().expect("a notice");
    let confirmed = confirmation(solleftea, newest.number, &newest.chain);
    solleftea.confirm(confirmed).await.expect("confirmed");
    switch_on(operator).await;
    // into the next month, and not into the one after
    let today = day(cast).await;
    let left = i64::from(today.days_in_month() - today.day());
    operator.advance(left + 2).await.expect("moved");
    drills(solleftea, 1).await;
    let v1::Drill { month, word, .. } = shown(solleftea, "").await.expect("shown");
    let taken = acknowledge(solleftea, &month, &word).await;
    taken.expect("taken in");
}

/// The day it is for the service, whose clock was moved: that of its newest entry.
async fn day(cast: &Cast) -> Date {
    let newest = entries(&cast.solna).await.pop().expect("an entry");
    let at = newest.recorded_at.expect("a time");
    day_in_sweden(Timestamp::from_second(at.seconds).expect("a time"))
}

/// Waits until the record has so many entries of a kind that Solna or Sollefteå sees.
async fn recorded(cast: &Cast, kind: v1::EntryKind, count: usize) {
    wait_for("the ledger finds it", || async {
        let mut seen = 0;
        for party in [&cast.solna, &cast.solleftea] {
            let all = entries(party).await;
            seen = seen.max(all.iter().filter(|entry| entry.kind() == kind).count());
        }
        (seen >= count).then_some(())
    })
    .await;
}
