//! What a service must not do is refused by the server, and what the server does not refuse is found out.

use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::{House, publish, started};
use crate::stream::{NAME, ProofError, prove};
use crate::testing::{Nats, notice};
use crate::{Place, Publisher, Service, connect};

#[tokio::test]
async fn the_gateway_cannot_publish_a_notice_and_the_ledger_cannot_delete_the_stream() {
    let house = House::start().await;
    let ledger = house.nats.connect(Service::Ledger).await.expect("ledger");
    prove(&ledger).await.expect("the ledger is refused");
    prove(&house.gateway).await.expect("the gateway is refused");

    // not only the proof's subject
    let gateway = house.gateway.jetstream();
    let mut refusals = house.gateway.refusals();
    let subject = notice("2283", 1).nats_subject();
    house
        .gateway
        .client
        .publish(subject.clone(), "".into())
        .await
        .expect("sent");
    let refusal = refusals.recv().await.expect("refused");
    assert!(refusal.contains(&subject), "{refusal}");
    // and nothing of it is in the stream, which the gateway may look at
    let stream = gateway.get_stream(NAME).await.expect("the stream");
    assert_eq!(stream.cached_info().state.messages, 0);
}

#[tokio::test]
async fn services_cannot_listen_to_each_other() {
    let house = House::start().await;
    let mut refusals = house.gateway.refusals();
    for subject in ["_INBOX_ledger.>", "notices.*.*", ">"] {
        let subscribed = house.gateway.client.subscribe(subject).await;
        let _subscription = subscribed.expect("sent");
        let refusal = refusals.recv().await.expect("refused");
        assert!(refusal.contains(&format!("\"{subject}\"")), "{refusal}");
    }
}

#[tokio::test]
async fn a_key_that_the_server_does_not_know_never_connects() {
    let nats = started(Nats::start().await);
    let stranger = crate::new_nkey().expect("an identity");
    let place = Place::new(&nats.server.url(), None).expect("a place");
    let connection = connect(&place, &stranger.seed, Service::Ledger).await;
    let connection = connection.expect("at once");
    let known = nats.connect(Service::Ledger).await.expect("at once");
    known.up().await;
    assert!(!connection.is_up());
}

#[tokio::test]
async fn a_gateway_with_the_ledgers_key_is_found_out() {
    let nats = started(Nats::start().await);
    let place = Place::new(&nats.server.url(), None).expect("a place");
    let wrong = connect(&place, &nats.ledger.seed, Service::Gateway).await;
    let proof = prove(&wrong.expect("at once")).await;
    assert!(matches!(proof, Err(ProofError::NotRefused(_))));
}

#[tokio::test]
async fn a_server_that_says_nothing_proves_nothing_until_it_goes_on() {
    let nats = started(Nats::start().await);
    let gateway = nats.connect(Service::Gateway).await.expect("gateway");
    gateway.up().await;
    nats.server.pause().expect("it is ours");
    let mut proof = pin!(prove(&gateway));
    tokio::time::pause();
    // longer than a request and a refusal may take, many times
    for _turn in 0..30 {
        let ended = proof.as_mut().now_or_never();
        assert!(ended.is_none(), "silence is no answer");
        tokio::time::advance(Duration::from_secs(11)).await;
    }
    tokio::time::resume();
    nats.server.resume().expect("it is ours");
    proof.await.expect("the gateway is refused");
}

#[tokio::test]
async fn a_ledger_that_may_delete_the_stream_is_found_out_and_has_deleted_nothing() {
    let update = "\"$JS.API.STREAM.UPDATE.NOTICES\"";
    let permissive = format!("{update}, \"$JS.API.STREAM.DELETE.NOTICES\"");
    let nats = Nats::start_with(|config| config.replace(update, &permissive)).await;
    let nats = started(nats);
    let ledger = nats.connect(Service::Ledger).await.expect("ledger");
    publish(&Publisher::new(ledger.clone(), 1), &[notice("2283", 1)]).await;

    let proof = prove(&ledger).await;
    assert!(matches!(proof, Err(ProofError::NotRefused(_))));
    let stream = ledger
        .jetstream()
        .get_stream(NAME)
        .await
        .expect("still there");
    assert_eq!(stream.cached_info().state.messages, 1);
}
