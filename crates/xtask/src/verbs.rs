//! The verbs that build the system and hand over to it: demo, test, bench.
//!
//! Each ends by becoming the program it starts, so that signals and the exit code are that program's own.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process;
use crate::tools::{self, Group};

/// Where a child finds the NATS server to start.
const NATS_SERVER: &str = "FLYTTBUD_NATS_SERVER";
/// Where whoever starts a PostgreSQL finds its programs.
const POSTGRES: &str = "FLYTTBUD_POSTGRES_BIN";
/// Says that no PostgreSQL with TLS is to be had.
const WITHOUT_POSTGRES_TLS: &str = "FLYTTBUD_WITHOUT_POSTGRES_TLS";
/// Where a test finds the Python that has the gRPC packages.
const PYTHON: &str = "FLYTTBUD_PYTHON";

/// Builds the executable and becomes `flyttbud demo`.
pub(crate) fn demo(root: &Path, arguments: &[OsString]) -> Result<()> {
    let nats_server = tools::nats_server(root)?;
    process::run(process::cargo(root).args(["build", "--package", "flyttbud"]))?;
    let mut flyttbud = Command::new(process::target_dir(root).join("debug/flyttbud"));
    flyttbud.arg("demo").args(arguments);
    if arguments.iter().any(|argument| argument == "--apart") {
        flyttbud.env(POSTGRES, tools::postgres(root)?);
    }
    become_it(flyttbud.env(NATS_SERVER, nats_server))
}

/// Builds the executable and becomes `cargo test` over the whole workspace.
pub(crate) fn test(root: &Path, filter: Option<&str>) -> Result<()> {
    let nats_server = tools::nats_server(root)?;
    let postgres = tools::postgres(root)?;
    tools::ensure(root, Group::Test)?;
    // The integration tests start it as a process, which cargo does not know.
    process::run(process::cargo(root).args(["build", "--package", "flyttbud"]))?;
    let mut cargo = process::cargo(root);
    cargo
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(filter);
    if tools::is_ours(root, &postgres) {
        eprintln!(
            "tools: no PostgreSQL is installed, and ours has no TLS: a door before it stands in for that in tests"
        );
        cargo.env(WITHOUT_POSTGRES_TLS, "1");
    }
    become_it(
        cargo
            .env(NATS_SERVER, nats_server)
            .env(POSTGRES, postgres)
            .env(PYTHON, tools::python(root)),
    )
}

/// Builds everything for release and becomes the load test.
pub(crate) fn bench(root: &Path, arguments: &[OsString]) -> Result<()> {
    let nats_server = tools::nats_server(root)?;
    let postgres = tools::postgres(root)?;
    let mut cargo = process::cargo(root);
    cargo.args([
        "build",
        "--release",
        "--package",
        "flyttbud",
        "--package",
        "tests",
        "--bins",
    ]);
    process::run(&mut cargo)?;
    let mut bench = Command::new(process::target_dir(root).join("release/bench"));
    become_it(
        bench
            .args(arguments)
            .env(NATS_SERVER, nats_server)
            .env(POSTGRES, postgres),
    )
}

/// Replaces this process. Comes back only with a failure.
fn become_it(command: &mut Command) -> Result<()> {
    let failure = command.exec();
    Err(failure).with_context(|| format!("cannot start {}", process::shown(command)))
}
