//! Health and reflection: what stands beside the services on the same port.

use std::collections::BTreeSet;
use std::sync::Arc;

use daemon::postgres::testing::Server;
use tests::{Apart, SOLNA, World, eventually};
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

fn named(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

pub(crate) async fn asked(endpoint: Endpoint) -> HealthClient<Channel> {
    HealthClient::new(endpoint.connect().await.expect("a connection"))
}

/// What a service says of itself under a name.
pub(crate) async fn status(health: &HealthClient<Channel>, name: &str) -> ServingStatus {
    let answer = health.clone().check(named(name)).await;
    answer.expect("answered").into_inner().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_is_told_from_alive_and_ends_with_the_drain() {
    let mut world = World::start().await;
    let mut health = asked(world.endpoint(Some(SOLNA))).await;
    for name in ["", "alive", "ready"] {
        let told = || status(&health, name);
        eventually(name, told, &ServingStatus::Serving).await;
    }
    let unknown = health.check(named("nothing")).await.expect_err("unknown");
    assert_eq!(unknown.code(), tonic::Code::NotFound);

    let mut watch = Vec::new();
    for name in ["ready", "alive"] {
        let stream = health.watch(named(name)).await.expect("a stream");
        watch.push(stream.into_inner());
    }
    for stream in &mut watch {
        let first = stream.message().await.expect("alive").expect("a status");
        assert_eq!(first.status(), ServingStatus::Serving);
    }
    world.ask_to_end();
    let ready = watch[0].message().await.expect("alive").expect("a status");
    assert_eq!(ready.status(), ServingStatus::NotServing);
    drop(watch);
    drop(health);
    assert_eq!(world.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_ends_readiness_until_it_is_back_and_the_process_lives() {
    use ServingStatus::{NotServing, Serving};
    let server = async || Arc::new(Server::start().await.expect("a server"));
    let [record, keys] = [server().await, server().await];
    let world = Apart::on_two([record.clone(), keys.clone()]).await;
    let [gateway, ledger] = world.endpoints(SOLNA);
    let (gateway, ledger) = (asked(gateway).await, asked(ledger).await);
    let told = async |name| [status(&gateway, name).await, status(&ledger, name).await];
    eventually("all are ready", || told("ready"), &[Serving; 2]).await;
    assert_eq!(status(&ledger, "log").await, Serving);
    let unknown = gateway.clone().check(named("log")).await;
    let unknown = unknown.expect_err("it keeps no log");
    assert_eq!(unknown.code(), tonic::Code::NotFound);
    // a ledger has no keys
    for (store, what, expected) in [
        (&keys, "without keys", [NotServing, Serving]),
        (&record, "without a record", [NotServing, NotServing]),
    ] {
        store.stop().await.expect("it is ours");
        for name in ["ready", ""] {
            eventually(what, || told(name), &expected).await;
        }
        assert_eq!(told("alive").await, [Serving; 2], "{what}");
        store.restart().await.expect("it starts");
        for name in ["ready", ""] {
            eventually("it is back", || told(name), &[Serving; 2]).await;
        }
    }
}

/// Asks a reflection service which services there are, and for a file.
macro_rules! reflect {
    ($world:expr, $version:ident) => {{
        use tonic_reflection::pb::$version::ServerReflectionRequest;
        use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
        use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
        use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;
        let channel = $world
            .endpoint(Some(SOLNA))
            .connect()
            .await
            .expect("a connection");
        let ask = |message_request| ServerReflectionRequest {
            host: String::new(),
            message_request: Some(message_request),
        };
        let symbol = "flyttbud.v1.RelocationService.RegisterRelocation";
        let questions = tokio_stream::iter([
            ask(MessageRequest::ListServices(String::new())),
            ask(MessageRequest::FileContainingSymbol(symbol.to_owned())),
        ]);
        let mut client = ServerReflectionClient::new(channel);
        let answers = client
            .server_reflection_info(questions)
            .await
            .expect("answered");
        let mut answers = answers.into_inner();
        let mut services = BTreeSet::new();
        let mut files = 0;
        while let Some(answer) = answers.message().await.expect("an answer") {
            match answer.message_response {
                Some(MessageResponse::ListServicesResponse(list)) => {
                    services.extend(list.service.into_iter().map(|service| service.name));
                }
                Some(MessageResponse::FileDescriptorResponse(found)) => {
                    files = found.file_descriptor_proto.len();
                }
                other => panic!("{other:?}"),
            }
        }
        (services, files)
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_of_both_versions_knows_every_service() {
    let world = World::start().await;
    for (services, files) in [reflect!(world, v1), reflect!(world, v1alpha)] {
        for expected in [
            "RelocationService",
            "ArrivalService",
            "InboxService",
            "AlertService",
            "DirectoryService",
            "AdministrationService",
        ] {
            assert!(
                services.contains(&format!("flyttbud.v1.{expected}")),
                "{services:?}"
            );
        }
        assert!(files > 0, "the file of a method is found");
    }
}
