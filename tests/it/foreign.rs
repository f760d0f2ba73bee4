//! Clients that are not ours: Python programs that know `proto/` and nothing else.

use std::process::Command;

use tests::{Party, SOLLEFTEA, SOLNA, World};

use crate::oracle::{file, python};

async fn run(program: &str) {
    let world = World::start().await;
    // their certificates
    let _parties: [Party; 2] = [world.party(SOLNA).await, world.party(SOLLEFTEA).await];
    let path = |name: &str| world.folder().join(name);
    let mut command = Command::new(python());
    command.arg(file(program));
    command.args(["--url", world.url()]);
    command.arg("--authority").arg(path("authority.pem"));
    command.arg("--certificate-solna").arg(path("solna.pem"));
    command.arg("--key-solna").arg(path("solna.key"));
    command
        .arg("--certificate-solleftea")
        .arg(path("solleftea.pem"));
    command.arg("--key-solleftea").arg(path("solleftea.key"));
    command.arg("--proto").arg(file("../proto"));
    let ended = tokio::task::spawn_blocking(move || command.output());
    let output = ended.await.expect("it ends").expect("Python starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{said}\n{complained}\n{}",
        world.log()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_client_registers_watches_acknowledges_and_is_refused() {
    run("python/client.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grpc_web_client_is_served_on_the_same_port() {
    run("python/grpc_web.py").await;
}
