//! Health and reflection: what stands beside the services on the same port.

use std::collections::BTreeSet;

use tests::{SOLNA, World};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

#[tokio::test(flavor = "multi_thread")]
async fn ready_is_told_from_alive_and_ends_with_the_drain() {
    let mut world = World::start().await;
    let channel = world
        .endpoint(Some(SOLNA))
        .connect()
        .await
        .expect("a connection");
    let mut health = HealthClient::new(channel);
    let named = |service: &str| HealthCheckRequest {
        service: service.to_owned(),
    };
    for name in ["", "alive", "ready"] {
        let answer = health
            .check(named(name))
            .await
            .expect("answered")
            .into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "'{name}'");
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
