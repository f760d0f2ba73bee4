//! When NATS is down, was killed, or has lost everything: late, never lost.

use super::{House, number, publish, recheck, started};
use crate::testing::{Nats, notice};
use crate::{PublishError, Publisher, Service};

#[tokio::test]
async fn after_a_kill_publisher_and_dispatcher_go_on_and_watchers_are_told_to_recheck() {
    let mut house = House::start().await;
    let mut lane = house.lanes.subscribe(notice("2283", 1).recipient);
    house
        .dispatching(async |house: &mut House| {
            recheck(&mut lane).await;
            publish(&house.publisher, &[notice("2283", 1)]).await;
            assert_eq!(number(&mut lane).await, 1);

            house.nats.server.kill().expect("killed");
            let refused = house.publisher.publish(&[notice("2283", 2)]).await;
            assert!(matches!(refused, Err(PublishError::Disconnected)));
            house.nats.server.restart().await.expect("again");

            publish(&house.publisher, &[notice("2283", 2)]).await;
            recheck(&mut lane).await;
            // whether the second came by NATS depends on who was back first; the journal has it
            publish(&house.publisher, &[notice("2283", 3)]).await;
            while number(&mut lane).await != 3 {}
        })
        .await;
}

#[tokio::test]
async fn an_emptied_nats_gets_its_stream_back_and_watchers_are_told_to_recheck() {
    let mut house = House::start().await;
    let mut lane = house.lanes.subscribe(notice("2283", 1).recipient);
    house
        .dispatching(async |house: &mut House| {
            recheck(&mut lane).await;
            let before: Vec<_> = (1..=50).map(|number| notice("2283", number)).collect();
            publish(&house.publisher, &before).await;
            while number(&mut lane).await != 50 {}

            let life = house.publisher.connection.up().await;
            house.nats.empty().await.expect("emptied");
            life.ended().await;
            house.publisher.connection.up().await;
            // the publisher mends it by itself: the relay sees no failure
            assert_eq!(publish(&house.publisher, &[notice("2283", 51)]).await, 0);
            recheck(&mut lane).await;
            // the stream counts from one again, which nobody must mistake for what was
            publish(&house.publisher, &[notice("2283", 52)]).await;
            while number(&mut lane).await != 52 {}
        })
        .await;
}

#[tokio::test]
async fn a_service_starts_while_nats_is_down_and_finds_it_later() {
    let mut nats = started(Nats::start().await);
    nats.server.stop().await.expect("stopped");
    let ledger = nats.connect(Service::Ledger).await.expect("at once");
    let publisher = Publisher::new(ledger.clone(), 1);
    assert!(!*ledger.connected().borrow());
    let early = publisher.publish(&[notice("2283", 1)]).await;
    assert!(matches!(early, Err(PublishError::Disconnected)));

    nats.server.restart().await.expect("started");
    let connected = ledger.connected().wait_for(|up| *up).await.map(|_up| ());
    connected.expect("connected");
    assert_eq!(publish(&publisher, &[notice("2283", 1)]).await, 0);
}

#[tokio::test]
async fn a_server_is_ended_with_its_handle() {
    let nats = started(Nats::start().await);
    let process = format!("/proc/{}", nats.server.id());
    assert!(std::fs::exists(&process).expect("readable"));
    drop(nats);
    assert!(!std::fs::exists(&process).expect("readable"));
}
